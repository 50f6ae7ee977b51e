// SPDX-License-Identifier: MPL-2.0

package clients

import (
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

func TestAnIssuerIsReadInEveryForm(t *testing.T) {
	for text, want := range map[string]sharing.AccountID{
		"arn:aws:iam::222222222222:root": "222222222222", "222222222222": "222222222222", "": "", "somebody": "",
	} {
		if got := issuerIn(text); got != want {
			t.Errorf("%q is account %q, want %q", text, got, want)
		}
	}
}
