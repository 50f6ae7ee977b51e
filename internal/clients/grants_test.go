// SPDX-License-Identifier: MPL-2.0

package clients

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

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

func TestAConstraintIsReadInEveryForm(t *testing.T) {
	context := map[string]string{"aws:ebs:id": "vol-0123456789abcdef0"}
	for name, test := range map[string]struct {
		constraints *types.GrantConstraints
		want        bool
	}{
		"none":                            {nil, false},
		"one that holds nothing":          {&types.GrantConstraints{}, false},
		"an encryption context":           {&types.GrantConstraints{EncryptionContextEquals: context}, true},
		"a part of an encryption context": {&types.GrantConstraints{EncryptionContextSubset: context}, true},
		"the resource that is acted for":  {&types.GrantConstraints{SourceArn: aws.String("arn:aws:ec2:eu-central-1:222222222222:volume/*")}, true},
	} {
		if got := grant(types.GrantListEntry{Constraints: test.constraints}).Constrained; got != test.want {
			t.Errorf("%s: constrained %t, want %t", name, got, test.want)
		}
	}
}
