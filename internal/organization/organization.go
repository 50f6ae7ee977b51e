// SPDX-License-Identifier: MPL-2.0

// Package organization lists the accounts of the source account's organization: in which units they are, in which state,
// and with which tags.
package organization

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/parallel"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Organization is the organization that the source account belongs to.
type Organization struct {
	ID         string // "o-…"
	ARN        string
	Management sharing.AccountID
}

// UnitARN returns the ARN of one of its organizational units.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_OrganizationalUnit.html
func (o Organization) UnitARN(id string) string {
	arn, _ := sharing.ParseARN(o.ARN) // AWS wrote it
	arn.Resource = "ou/" + o.ID + "/" + id
	return arn.String()
}

// Member is an account of an organization.
type Member struct {
	ID   sharing.AccountID
	Name string
	// State is "ACTIVE", or why the account can't be used: "PENDING_ACTIVATION", "SUSPENDED", "PENDING_CLOSURE", "CLOSED".
	// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html
	State string
	// Units are those organizational units above the account that were asked about; all of them where AWS tells.
	Units []string
}

// In tells whether the account is in one of the units, at any depth.
func (m Member) In(units []string) bool {
	return slices.ContainsFunc(units, func(unit string) bool { return slices.Contains(m.Units, unit) })
}

// Of asks for the source account's organization. Every account of one is allowed to.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeOrganization.html
func Of(ctx context.Context, c *clients.Clients) (Organization, error) {
	out, err := c.Organizations().DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	if err != nil {
		return Organization{}, organizationsError(err, "looking for the account's organization", "organizations:DescribeOrganization")
	}
	return Organization{
		ID: aws.ToString(out.Organization.Id), ARN: aws.ToString(out.Organization.Arn),
		Management: sharing.AccountID(aws.ToString(out.Organization.MasterAccountId)),
	}, nil
}

// Members lists the accounts of the organization, sorted, and in which of the units they are. It takes one call for some
// 20 accounts; where AWS does not tell the accounts' paths, each of the units is walked down as well. A unit that does not
// exist is an error, an empty one is none.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html
func Members(ctx context.Context, c *clients.Clients, units []string) ([]Member, error) {
	listed, err := clients.Pages("organizations:ListAccounts", func(token *string) (*organizations.ListAccountsOutput, error) {
		return c.Organizations().ListAccounts(ctx, &organizations.ListAccountsInput{NextToken: token})
	}, func(out *organizations.ListAccountsOutput) ([]types.Account, *string) {
		return out.Accounts, out.NextToken
	})
	if err != nil {
		return nil, organizationsError(err, "listing the accounts of the organization", "organizations:ListAccounts")
	}
	members := make([]Member, len(listed))
	pathless := false
	for i, account := range listed {
		members[i] = member(account)
		pathless = pathless || len(account.Paths) == 0
	}
	slices.SortStableFunc(members, func(a, b Member) int { return cmp.Compare(a.ID, b.ID) })
	return members, placeInUnits(ctx, c, members, units, pathless)
}

// member reads an account. AWS has given up its status for its state; whoever does not know that yet shows the status only.
// The ids of the units above it are elements of its paths.
func member(account types.Account) Member {
	m := Member{
		ID: sharing.AccountID(aws.ToString(account.Id)), Name: aws.ToString(account.Name),
		State: cmp.Or(string(account.State), string(account.Status)),
	}
	for _, path := range account.Paths {
		for element := range strings.SplitSeq(path, "/") {
			if strings.HasPrefix(element, "ou-") {
				m.Units = append(m.Units, element)
			}
		}
	}
	return m
}

// placeInUnits walks down the units that the paths say nothing about: all of them where there are accounts without paths,
// else those that no account is in. A list without paths is not taken for empty units, and a misspelt unit not for an
// empty one.
func placeInUnits(ctx context.Context, c *clients.Clients, members []Member, units []string, pathless bool) error {
	units = slices.DeleteFunc(slices.Clone(units), func(unit string) bool {
		return !pathless && slices.ContainsFunc(members, func(m Member) bool { return slices.Contains(m.Units, unit) })
	})
	var problems parallel.List[error]
	found := make([]map[sharing.AccountID]bool, len(units))
	parallel.Each(units, func(i int, unit string) {
		accounts, err := accountsUnder(ctx, c, unit)
		if err != nil {
			problems.Add(err)
		}
		found[i] = accounts
	})
	for i, unit := range units {
		for j := range members {
			if m := &members[j]; found[i][m.ID] && !slices.Contains(m.Units, unit) {
				m.Units = append(m.Units, unit)
			}
		}
	}
	slices.SortStableFunc(problems.Items, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return errors.Join(problems.Items...)
}

// accountsUnder walks a unit down to its last account.
func accountsUnder(ctx context.Context, c *clients.Clients, unit string) (map[sharing.AccountID]bool, error) {
	accounts := map[sharing.AccountID]bool{}
	for parents := []string{unit}; len(parents) > 0; {
		level := make([]children, len(parents))
		errs := make([]error, len(parents))
		parallel.Each(parents, func(i int, parent string) { level[i], errs[i] = childrenOf(ctx, c, parent) })
		if err := errors.Join(errs...); err != nil {
			return nil, err
		}
		parents = nil
		for _, below := range level {
			parents = append(parents, below.units...)
			for _, account := range below.accounts {
				accounts[account] = true
			}
		}
	}
	return accounts, nil
}

// children are what is directly below a unit.
type children struct {
	accounts []sharing.AccountID
	units    []string
}

func childrenOf(ctx context.Context, c *clients.Clients, parent string) (children, error) {
	accounts, err := clients.Pages("organizations:ListAccountsForParent", func(token *string) (*organizations.ListAccountsForParentOutput, error) {
		return c.Organizations().ListAccountsForParent(ctx, &organizations.ListAccountsForParentInput{ParentId: &parent, NextToken: token})
	}, func(out *organizations.ListAccountsForParentOutput) ([]types.Account, *string) {
		return out.Accounts, out.NextToken
	})
	if err != nil {
		return children{}, organizationsError(err, "listing the accounts of the organizational unit "+parent, "organizations:ListAccountsForParent")
	}
	units, err := clients.Pages("organizations:ListOrganizationalUnitsForParent", func(token *string) (*organizations.ListOrganizationalUnitsForParentOutput, error) {
		return c.Organizations().ListOrganizationalUnitsForParent(ctx, &organizations.ListOrganizationalUnitsForParentInput{ParentId: &parent, NextToken: token})
	}, func(out *organizations.ListOrganizationalUnitsForParentOutput) ([]types.OrganizationalUnit, *string) {
		return out.OrganizationalUnits, out.NextToken
	})
	if err != nil {
		return children{}, organizationsError(err, "listing the units below the organizational unit "+parent, "organizations:ListOrganizationalUnitsForParent")
	}
	var below children
	for _, account := range accounts {
		below.accounts = append(below.accounts, sharing.AccountID(aws.ToString(account.Id)))
	}
	for _, unit := range units {
		below.units = append(below.units, aws.ToString(unit.Id))
	}
	return below, nil
}

// Tags reads the tags of accounts, with a call for each: AWS takes about ten a second.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListTagsForResource.html
func Tags(ctx context.Context, c *clients.Clients, accounts []sharing.AccountID) (map[sharing.AccountID]map[string]string, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	tags := make([]map[string]string, len(accounts))
	var failures parallel.List[error]
	parallel.Each(accounts, func(i int, account sharing.AccountID) {
		var err error
		if tags[i], err = accountTags(ctx, c, account); err != nil {
			failures.Add(err)
			stop() // what fails for one account fails for all
		}
	})
	if len(failures.Items) > 0 {
		return nil, failures.Items[0]
	}
	byAccount := map[sharing.AccountID]map[string]string{}
	for i, account := range accounts {
		byAccount[account] = tags[i]
	}
	return byAccount, nil
}

func accountTags(ctx context.Context, c *clients.Clients, account sharing.AccountID) (map[string]string, error) {
	listed, err := clients.Pages("organizations:ListTagsForResource", func(token *string) (*organizations.ListTagsForResourceOutput, error) {
		return c.Organizations().ListTagsForResource(ctx, &organizations.ListTagsForResourceInput{ResourceId: aws.String(string(account)), NextToken: token})
	}, func(out *organizations.ListTagsForResourceOutput) ([]types.Tag, *string) {
		return out.Tags, out.NextToken
	})
	if err != nil {
		return nil, organizationsError(err, "reading the tags of account "+string(account), "organizations:ListTagsForResource")
	}
	tags := map[string]string{}
	for _, tag := range listed {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return tags, nil
}

func organizationsError(err error, doing, action string) error {
	return diagnose.Error(err, diagnose.Act{Doing: doing, Action: action, Resource: "*"})
}
