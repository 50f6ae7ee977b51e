// SPDX-License-Identifier: MPL-2.0

package amishare

import (
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

func TestAccountsThatAreNoTargetsAreNotCountedAmongThem(t *testing.T) {
	for name, test := range map[string]struct {
		failed []sharing.AccountID
		want   string
	}{
		"accounts that lose the AMI":       {[]sharing.AccountID{"444444444444", "555555555555", "666666666666"}, "sharing the AMIs failed:"},
		"one of them and a target":         {[]sharing.AccountID{"444444444444", "222222222222"}, "sharing the AMIs failed for 1 of 2 target accounts:"},
		"a target that fails in two ways":  {[]sharing.AccountID{"222222222222", "222222222222"}, "sharing the AMIs failed for 1 of 2 target accounts:"},
		"the source account, all of a run": {[]sharing.AccountID{""}, "sharing the AMIs failed:"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRun(&Config{}, newRecorder())
			r.told.Request.Targets = []sharing.Target{{Account: "222222222222"}, {Account: "333333333333"}}
			for _, account := range test.failed {
				r.told.Result.Failures = append(r.told.Result.Failures, sharing.Problem{Scope: sharing.Scope{Account: account}, Doing: "removing", Cause: "denied"})
			}
			if err := r.failure(); err == nil || !strings.HasPrefix(err.Error(), test.want+"\n") {
				t.Errorf("the error is %v, want %q", err, test.want)
			}
		})
	}
}
