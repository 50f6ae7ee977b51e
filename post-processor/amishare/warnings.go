// SPDX-License-Identifier: MPL-2.0

package amishare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// warnings are what is allowed and seldom meant.
func (c *Config) warnings(request sharing.Request) []string {
	warnings := slices.Concat(missed(request), c.unshared(request))
	if len(c.OrganizationARNs)+len(c.OUARNs) > 0 && len(request.Targets) == 0 {
		warnings = append(warnings, "Sharing with organizations only: no target is named, so that no grants are made. "+
			"Auto Scaling groups of their accounts can't start encrypted AMIs until the accounts are named in a target.")
	}
	var missing []string
	for _, operation := range sharing.DefaultGrantOperations() {
		if c.GrantOperations != nil && !slices.Contains(c.GrantOperations, operation) {
			missing = append(missing, operation)
		}
	}
	if len(missing) > 0 {
		warnings = append(warnings, fmt.Sprintf("grant_operations lacks %s: AWS documents them for Auto Scaling, "+
			"and without them instances may end with Client.InternalError.", strings.Join(missing, ", ")))
	}
	return warnings
}

// missed tells of targets that get nothing, because no AMI is in their Regions.
func missed(request sharing.Request) []string {
	var accounts []string
	for _, target := range request.Targets {
		if !slices.ContainsFunc(request.Images, func(ref sharing.ImageRef) bool { return target.In(ref.Region) }) {
			accounts = append(accounts, string(target.Account))
		}
	}
	if len(accounts) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("Nothing is shared with %s: no AMI is in the regions of the target.", strings.Join(accounts, ", "))}
}

// unshared tells of targets that see the AMIs only if somebody else has shared them with their organization.
func (c *Config) unshared(request sharing.Request) []string {
	if len(c.OrganizationARNs)+len(c.OUARNs) > 0 || !slices.ContainsFunc(request.Targets, func(t sharing.Target) bool { return t.ThroughOrganization }) {
		return nil
	}
	return []string{"launch_permission = false, and neither organization_arns nor ou_arns names anybody: " +
		"the accounts see the AMIs only if they are shared with their organization already."}
}
