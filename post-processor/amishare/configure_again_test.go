// SPDX-License-Identifier: MPL-2.0

package amishare

import "testing"

func TestConfigureAgain(t *testing.T) {
	p, err := configured(t, target+` on_failure = "continue"`)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Configure(block(t, target)); err != nil {
		t.Fatal(err)
	}
	if p.config.onFailure() != "fail" || len(p.config.Targets) != 1 {
		t.Errorf("the second configuration has something of the first: %+v", p.config)
	}
}
