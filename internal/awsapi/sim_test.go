// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/simtest"
)

const (
	sourceAccount = simtest.SourceAccount
	target        = simtest.Target
	otherTarget   = simtest.OtherTarget
	closedTarget  = simtest.ClosedTarget

	frankfurt = simtest.Frankfurt
	virginia  = simtest.Virginia

	keyARN    = "arn:aws:kms:eu-central-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	roleARN   = simtest.RoleARN
	granteeID = simtest.GranteeARN

	keyFrankfurt = simtest.KeyFrankfurt
	keyVirginia  = simtest.KeyVirginia

	allowAll    = simtest.AllowAll
	sourceTrust = simtest.SourceTrust
	sharedKey   = simtest.SharedKey
)

var (
	imageFrankfurt  = simtest.ImageFrankfurt()
	imageVirginia   = simtest.ImageVirginia()
	autoscalingRole = simtest.AutoScalingRole()
)

// someRequest shares both AMIs with both targets.
func someRequest() sharing.Request { return simtest.Request() }

// sim is a running local AWS.
type sim struct{ *simtest.Sim }

func start(t testing.TB, change ...func(*awssim.World)) *sim {
	t.Helper()
	return &sim{simtest.Start(t, change...)}
}

// client acts as the source account, and in both targets.
func (s *sim) client(o Options, calls ...clients.Options) *Client {
	return New(s.Clients(append(calls, clients.Options{})[0]), o)
}

func contains(t *testing.T, what, text string, parts []string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("the %s lacks %q:\n%s", what, part, text)
		}
	}
}

// doAll makes changes, and returns what is there then.
func doAll(t *testing.T, c *Client, changes ...plan.Change) []plan.Present {
	t.Helper()
	var made []plan.Present
	for _, change := range changes {
		effect, err := c.Do(t.Context(), change)
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, plan.Present{Change: change, GrantID: effect.GrantID})
	}
	return made
}

// narrowedTo returns the policy with which the role in an account was assumed last, "" for none.
func (s *sim) narrowedTo(account sharing.AccountID) string {
	var policy string
	for _, entry := range s.Of("sts:AssumeRole") {
		if strings.Contains(entry.Parameters["RoleArn"], string(account)) {
			policy = entry.Parameters["Policy"]
		}
	}
	return policy
}
