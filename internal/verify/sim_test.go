// SPDX-License-Identifier: MPL-2.0

package verify_test

import (
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/awsapi"
	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/simtest"
)

const (
	target    = simtest.Target
	virginia  = simtest.Virginia
	granteeID = simtest.GranteeARN

	keyFrankfurt = simtest.KeyFrankfurt
	keyVirginia  = simtest.KeyVirginia
)

var autoscalingRole = simtest.AutoScalingRole()

// client acts as the source account, and in both targets.
func client(s *simtest.Sim) *awsapi.Client {
	return awsapi.New(s.Clients(clients.Options{}), awsapi.Options{})
}

// doAll makes changes, and returns what is there then.
func doAll(t *testing.T, c *awsapi.Client, changes ...plan.Change) []plan.Present {
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

func grantIn(account sharing.AccountID, key string) plan.CreateGrant {
	return plan.CreateGrant{
		Account: account, Region: sharing.RegionOf(key), KeyARN: key, GranteeARN: autoscalingRole.ARN("aws", account),
		Operations: sharing.DefaultGrantOperations(), Name: sharing.GrantName(account, autoscalingRole.ARN("aws", account)),
	}
}

func share(accounts ...sharing.AccountID) plan.ModifyLaunchPermission {
	change := plan.ModifyLaunchPermission{Image: simtest.ImageVirginia()}
	for _, account := range accounts {
		change.Recipients = append(change.Recipients, sharing.Account(account))
	}
	return change
}

func unshare(accounts ...sharing.AccountID) plan.ModifyLaunchPermission {
	change := share(accounts...)
	change.Operation = plan.Remove
	return change
}

// withRoles is someRequest with the permission to create roles.
func withRoles() sharing.Request {
	request := simtest.Request()
	for i := range request.Targets {
		request.Targets[i].CreateServiceLinkedRoles = true
	}
	return request
}
