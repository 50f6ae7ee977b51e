// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"strings"
	"sync"

	"github.com/amishare/packer-plugin-ami-share/internal/policy"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// narrow limits the sessions of the targets to what the run is going to do in them. It has to come before the roles are
// assumed. A target that exact_grants may take grants from, while it gets none, keeps all that its role may do.
func (c *Client) narrow(request sharing.Request, images []sharing.Image, keys []string) {
	config := policy.Config{
		Partition: c.Partition(), Keys: keys, Regions: regionsOf(request.Images), Operations: request.GrantOperations,
		ShareSnapshots: request.ShareSnapshots, Verify: !c.options.WithoutVerify, Exact: request.Exact && !request.ForceRemoval,
	}
	for _, image := range images {
		config.SourceAccount = image.Owner
		config.Resources = append(config.Resources, c.imageARN(image.Ref.Region, image.Ref.ID))
		for _, snapshot := range image.Snapshots {
			config.Resources = append(config.Resources, c.snapshotARN(image.Ref.Region, snapshot.ID))
		}
	}
	for _, target := range request.Targets {
		if !c.Enters(target.Account) || request.ExactGrants && len(target.Grantees) == 0 {
			continue
		}
		if c.options.WithoutVerify {
			target.Canaries = nil
		}
		c.narrowSession(config, target)
	}
}

// narrowToProof limits the sessions of the targets to proving grants.
func (c *Client) narrowToProof(keys []ResolvedKey, targets []sharing.Target, operations []string) {
	config := policy.Config{Partition: c.Partition(), Operations: operations}
	for _, key := range keys {
		config.SourceAccount = key.Account
		config.Keys = append(config.Keys, key.ARN)
	}
	for _, target := range targets {
		if !c.Enters(target.Account) || len(target.Grantees) == 0 && !target.ProveUse {
			continue
		}
		target.CreateServiceLinkedRoles, target.AutoScalingGroups, target.CopyTags, target.Announcements = false, nil, false, sharing.Announcements{}
		target.Canaries = nil
		c.narrowSession(config, target)
	}
}

// narrowSession gives a session its policies, the narrowest first: what fits in AWS's limit of characters need not fit in
// its limit of the packed form, which nobody can compute. It leaves a session alone that needs nothing: AWS takes no
// policy without statements.
func (c *Client) narrowSession(config policy.Config, target sharing.Target) {
	at := func(limit int) func() string {
		return sync.OnceValue(func() string {
			text := policy.Session(config, policy.Target{Target: target, RoleARN: c.RoleARN(target.Account), ExternalID: c.ExternalID(target.Account)}, limit)
			if strings.Contains(text, `"Statement":[]`) {
				return ""
			}
			return text
		})
	}
	c.Narrow(target.Account, at(policy.SessionLimit), at(policy.SessionLimit/2), at(0))
}
