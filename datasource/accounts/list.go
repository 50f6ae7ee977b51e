// SPDX-License-Identifier: MPL-2.0

package accounts

import (
	"context"
	"fmt"
	"log"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/access"
	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/organization"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/version"
)

// list asks AWS Organizations for the accounts and chooses among them.
func (c *Config) list(ctx context.Context) (DatasourceOutput, error) {
	if errs := c.check(true); len(errs) > 0 {
		return DatasourceOutput{}, access.Joined(errs)
	}
	calls, err := c.connect(ctx)
	if err != nil {
		return DatasourceOutput{}, err
	}
	own, err := organization.Of(ctx, calls)
	if err != nil {
		return DatasourceOutput{}, err
	}
	if err := access.Joined(c.checkOrganization(own)); err != nil {
		return DatasourceOutput{}, err
	}
	members, err := organization.Members(ctx, calls, slices.Concat(unitIDs(c.OrganizationalUnits), unitIDs(c.ExcludeOrganizationalUnits)))
	if err != nil {
		return DatasourceOutput{}, err
	}
	choice := c.choose(members, own.Management)
	if len(c.AccountTags) > 0 {
		tags, err := organization.Tags(ctx, calls, choice.ids())
		if err != nil {
			return DatasourceOutput{}, err
		}
		choice.tagged(c.AccountTags, tags)
	}
	if len(choice.members) == 0 && !c.AllowEmpty {
		return DatasourceOutput{}, choice.empty()
	}
	c.misspelt(members, choice)
	return c.output(own, choice), nil
}

// late tells that the time was not enough. What was asked last says nothing: the time went by before.
func (c *Config) late() error {
	return sharing.Problem{
		Doing: "listing accounts to share with", Cause: fmt.Sprintf("it was not done after %s, which is the timeout", c.timeout()),
		Remedy: "Set timeout higher: 5,000 accounts take half a minute, and with account_tags eight minutes and a half. If there are few, look at the way " +
			"to AWS from here: proxy, VPC endpoint, firewall.",
	}
}

// misspelt tells of accounts to leave out that the organization does not have: with a wrong id, an account is listed that should not be.
func (c *Config) misspelt(members []organization.Member, choice choice) {
	for _, id := range c.ExcludeAccounts {
		if !slices.ContainsFunc(members, func(m organization.Member) bool { return string(m.ID) == id }) {
			choice.skipped[id] = "it is in exclude_accounts, and the organization has no such account"
			log.Printf("[WARN] ami-share-accounts: exclude_accounts: the organization has no account %s", id)
		}
	}
}

// connect gets the credentials. That they are wrong is told by the first call.
func (c *Config) connect(ctx context.Context) (*clients.Clients, error) {
	unchecked := c.Config
	unchecked.SkipCredsValidation = true
	source, err := unchecked.AWSConfig(ctx, access.Options{PluginVersion: version.PluginVersion.FormattedVersion(), Region: anyRegion})
	if err != nil {
		return nil, err
	}
	return clients.New(source, nil, clients.Options{MaxRetries: c.Retries()}), nil
}

// anyRegion is where STS is asked when nothing names a Region: Organizations itself has an endpoint for each partition only.
const anyRegion = "us-east-1"

// checkOrganization finds units of another organization.
func (c *Config) checkOrganization(own organization.Organization) []error {
	var errs []error
	for _, unit := range slices.Concat(c.OrganizationalUnits, c.ExcludeOrganizationalUnits) {
		if id := unitID(unit); id != unit && unit != own.UnitARN(id) {
			errs = append(errs, sharing.Problem{
				Doing: "looking for the organizational unit " + unit, Cause: "the credentials belong to another organization, " + own.ARN,
				Remedy: "Correct the ARN (" + own.UnitARN(id) + "?), or set assume_role to a role of an account of its organization.",
			})
		}
	}
	return errs
}

func (c *Config) output(own organization.Organization, choice choice) DatasourceOutput {
	output := DatasourceOutput{
		AccountIDs: []string{}, Names: map[string]string{}, Skipped: choice.skipped,
		OrganizationID: own.ID, OrganizationARN: own.ARN, OUARNs: []string{},
	}
	for _, member := range choice.members {
		output.AccountIDs = append(output.AccountIDs, string(member.ID))
		output.Names[string(member.ID)] = member.Name
	}
	for _, id := range unitIDs(c.OrganizationalUnits) {
		output.OUARNs = append(output.OUARNs, own.UnitARN(id))
	}
	return output
}

// empty tells why nobody is left.
func (c choice) empty() error {
	cause := "it has none"
	if len(c.skipped) > 0 {
		cause = fmt.Sprintf("all of its %s are left out: %s", sharing.Counted(len(c.skipped), "account"), c.summary())
	}
	return sharing.Problem{Doing: "listing accounts to share with", Cause: cause, Remedy: "Correct what is excluded and asked for, or set allow_empty = true if nobody is a right answer."}
}
