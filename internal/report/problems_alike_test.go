// SPDX-License-Identifier: MPL-2.0

package report_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/report"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// EC2 encodes its reasons differently each time, and every answer has an id of its own: that does not make problems of
// different kinds.
func TestProblemsThatDifferInAWSsIDsOnly(t *testing.T) {
	problems := func(n int) []sharing.Problem {
		all := make([]sharing.Problem, n)
		for i := range all {
			all[i] = sharing.Problem{
				Scope: sharing.Scope{Region: "eu-central-1"}, Doing: "sharing AMI ami-1", Code: "UnauthorizedOperation", Cause: "the caller is not allowed",
				Remedy: "Ask.", RequestID: fmt.Sprintf("id-%d", i), Encoded: fmt.Sprintf("encoded-%d", i),
			}
			if n > 3 {
				all[i].Scope.Account = sharing.AccountID(fmt.Sprintf("%012d", i))
			}
		}
		return all
	}
	for _, n := range []int{1, 2, 200} {
		got := report.Problems(problems(n))
		text := strings.Join(got, "\n")
		if len(got) != 1 {
			t.Errorf("%d problems are told as %d:\n%s", n, len(got), text)
		}
		if count := strings.Count(text, "decode-authorization-message"); count != 1 || !strings.Contains(text, "--encoded-message encoded-0") {
			t.Errorf("the command that decodes is told %d times:\n%s", count, text)
		}
		if !strings.Contains(text, "(request id id-0)") {
			t.Errorf("there is no request id:\n%s", text)
		}
	}
}
