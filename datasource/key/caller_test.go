// SPDX-License-Identifier: MPL-2.0

package key

import (
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

func TestCallerOf(t *testing.T) {
	for name, test := range map[string]struct {
		who, assumed    string
		principal, role string
	}{
		"a user, with its path":               {"arn:aws:iam::111111111111:user/ci/packer", "", "arn:aws:iam::111111111111:user/ci/packer", ""},
		"a role's session":                    {"arn:aws:sts::111111111111:assumed-role/ci/build-7", "", "", "ci"},
		"a role that the configuration names": {"arn:aws:sts::111111111111:assumed-role/ci/build-7", "arn:aws:iam::111111111111:role/jobs/ci", "arn:aws:iam::111111111111:role/jobs/ci", ""},
		"the account's root":                  {"arn:aws-cn:iam::111111111111:root", "", "", ""},
		"a federated user":                    {"arn:aws:sts::111111111111:federated-user/alice", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			who, err := sharing.ParseARN(test.who)
			if err != nil {
				t.Fatal(err)
			}
			want := caller{"111111111111", who.Partition, test.principal, test.role}
			if got := callerOf(who, test.assumed); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}
