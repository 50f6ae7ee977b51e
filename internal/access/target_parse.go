// SPDX-License-Identifier: MPL-2.0

package access

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// TargetSource says where the credentials of a target come from. One of both is set.
type TargetSource struct {
	Role    *clients.AssumeRole
	Profile string
}

// Targets are the accounts that target blocks name.
type Targets struct {
	Accounts []sharing.Target                   // sorted by account
	Sources  map[sharing.AccountID]TargetSource // one for each account that there is access to
}

// ParseTargets reads target blocks. The errors are every problem of every block. Unless all values are known, those that
// Packer has put placeholders for are passed over, as while it validates a template whose values come from data sources
// or from the build.
func ParseTargets(blocks []TargetConfig, known bool) (Targets, []error) {
	targets := Targets{Sources: map[sharing.AccountID]TargetSource{}}
	all := newFindings("", known)
	named := map[sharing.AccountID]int{}
	for i, block := range blocks {
		f := all.within(fmt.Sprintf("target %d", i+1))
		accounts := block.accounts(f)
		grantees := block.grantees(f, accounts)
		block.checkAccess(f, accounts, grantees)
		block.checkRegions(f)
		announcements := sharing.Announcements{Parameters: parseParameters(f, block.Parameters), Templates: block.templates(f)}
		for _, account := range accounts {
			if before, ok := named[account]; ok {
				f.addf("account_ids: account %s is in target %d already: name each account once", account, before)
				continue
			}
			named[account] = i + 1
			targets.Accounts = append(targets.Accounts, block.target(account, grantees, announcements))
			if source, ok := block.source(account); ok {
				targets.Sources[account] = source
			}
		}
	}
	slices.SortStableFunc(targets.Accounts, func(a, b sharing.Target) int { return cmp.Compare(a.Account, b.Account) })
	return targets, *all.errs
}

func (t TargetConfig) accounts(f findings) []sharing.AccountID {
	if len(t.AccountIDs) == 0 && !f.openList(t.AccountIDs) {
		f.addf("account_ids: it names no account: give the ids of the accounts to share with")
	}
	var accounts []sharing.AccountID
	for _, id := range t.AccountIDs {
		if f.open(id) {
			continue
		}
		account, err := sharing.ParseAccountID(id)
		if err != nil {
			f.add("account_ids", err)
			continue
		}
		accounts = append(accounts, account)
	}
	return accounts
}

func (t TargetConfig) checkRegions(f findings) {
	if f.known && t.Regions != nil && len(t.Regions) == 0 {
		f.addf("regions: it names no Region: leave it out for all of the AMIs'")
	}
	f.addRegions("regions", t.Regions)
}

func (t TargetConfig) grantees(f findings, accounts []sharing.AccountID) []sharing.Grantee {
	services := t.ServiceLinkedRoles
	if services == nil {
		services = []string{"autoscaling"}
	}
	var grantees []sharing.Grantee
	for _, service := range services {
		grantees = t.grantee(f.within("service_linked_roles"), grantees, service, sharing.ParseServiceLinkedRole)
	}
	for _, role := range t.GranteeRoles {
		grantees = t.grantee(f.within("grantee_roles"), grantees, role, func(s string) (sharing.Grantee, error) {
			return parseGranteeRole(s, accounts)
		})
	}
	return grantees
}

func (t TargetConfig) grantee(f findings, before []sharing.Grantee, s string, parse func(string) (sharing.Grantee, error)) []sharing.Grantee {
	if f.open(s) {
		return before
	}
	grantee, err := parse(s)
	if err != nil {
		f.addf("%v", err)
		return before
	}
	if slices.ContainsFunc(before, func(g sharing.Grantee) bool { return g.Path+g.Name == grantee.Path+grantee.Name }) {
		f.addf("%q is named twice: a role gets one grant on each key", s)
		return before
	}
	return append(before, grantee)
}

// parseGranteeRole reads a role of one of the accounts. An ARN names one account, so that it fits no target of several.
func parseGranteeRole(s string, accounts []sharing.AccountID) (sharing.Grantee, error) {
	grantee, err := sharing.ParseGranteeRole(s)
	if err != nil {
		return sharing.Grantee{}, err
	}
	for _, account := range accounts {
		if grantee.Account != "" && grantee.Account != account {
			return sharing.Grantee{}, fmt.Errorf("%q is a role of account %s and the target has account %s: give the name %q, "+
				"which is looked up in each account, or put the account into a target of its own", s, grantee.Account, account, grantee)
		}
	}
	return grantee, nil
}

// checkAccess finds what can't be done for want of access to the accounts, and what contradicts it.
func (t TargetConfig) checkAccess(f findings, accounts []sharing.AccountID, grantees []sharing.Grantee) {
	role, profile := !t.AssumeRole.empty(), t.Profile != ""
	if role {
		t.AssumeRole.check(f.within("assume_role"), accounts)
	}
	if role && profile {
		f.addf("it has both assume_role and profile: give one of them")
	}
	if profile && len(accounts) > 1 {
		f.addf("profile: %q gives access to one account and the target has %d: give each account a target of its own, or use assume_role", t.Profile, len(accounts))
	}
	if !role && !profile {
		t.checkNoAccess(f, grantees)
	}
	t.checkServiceLinked(f, grantees)
	t.checkCanaries(f, grantees)
}

func (t TargetConfig) checkNoAccess(f findings, grantees []sharing.Grantee) {
	if len(grantees) > 0 {
		f.addf("there are grants to make for %s, and a grant must be issued from inside the account: add an assume_role block with role_name or role_arn, "+
			"or share without grants by service_linked_roles = []", names(grantees))
	}
	for _, option := range []struct {
		name string
		set  bool
	}{
		{"create_service_linked_roles", t.CreateServiceLinkedRoles},
		{"auto_scaling_groups", len(t.AutoScalingGroups) > 0},
		{"copy_tags", t.CopyTags},
		{"prove_use", t.ProveUse.True()},
		{"ssm_parameter", len(t.Parameters) > 0},
		{"launch_templates", len(t.LaunchTemplates) > 0},
		{"canary", len(t.Canaries) > 0},
	} {
		if option.set {
			f.addf("%s: it needs access to the account: add an assume_role block with role_name or role_arn", option.name)
		}
	}
}

func (t TargetConfig) checkServiceLinked(f findings, grantees []sharing.Grantee) {
	if f.openList(t.ServiceLinkedRoles) || slices.ContainsFunc(t.ServiceLinkedRoles, f.open) {
		return
	}
	linked := func(service string) bool {
		return slices.ContainsFunc(grantees, func(g sharing.Grantee) bool {
			return g.Service == service || service == "" && g.Service != ""
		})
	}
	if t.CreateServiceLinkedRoles && !linked("") {
		f.addf("create_service_linked_roles: service_linked_roles names no role to create")
	}
	if len(t.AutoScalingGroups) > 0 && !linked("autoscaling.amazonaws.com") {
		f.addf(`auto_scaling_groups: service_linked_roles names no role for groups: add "autoscaling" or "autoscaling/<suffix>"`)
	}
	for i, group := range t.AutoScalingGroups {
		switch {
		case strings.TrimSpace(group) == "":
			f.addf("auto_scaling_groups: element %d is empty: give the name of a group", i+1)
		case slices.Contains(t.AutoScalingGroups[:i], group):
			f.addf("auto_scaling_groups: %q is named twice", group)
		}
	}
}

func (t TargetConfig) target(account sharing.AccountID, grantees []sharing.Grantee, announcements sharing.Announcements) sharing.Target {
	_, credentials := t.source(account)
	target := sharing.Target{
		Account: account, Credentials: credentials, Grantees: grantees, CopyTags: t.CopyTags,
		CreateServiceLinkedRoles: t.CreateServiceLinkedRoles, AutoScalingGroups: t.AutoScalingGroups,
		ThroughOrganization: t.LaunchPermission.False(), MustUse: t.ProveUse.True(), Announcements: announcements, Canaries: t.canaries(),
	}
	unproven := len(grantees) == 0 && !t.ProveUse.False() // no grant says that somebody there can use the keys
	target.ProveUse = credentials && (t.ProveUse.True() || unproven)
	for _, region := range t.Regions {
		target.Regions = append(target.Regions, sharing.Region(region))
	}
	return target
}

func (t TargetConfig) source(account sharing.AccountID) (TargetSource, bool) {
	switch {
	case t.Profile != "":
		return TargetSource{Profile: t.Profile}, true
	case !t.AssumeRole.empty():
		return TargetSource{Role: t.AssumeRole.roleIn(account)}, true
	default:
		return TargetSource{}, false
	}
}

func names(grantees []sharing.Grantee) string {
	list := make([]string, len(grantees))
	for i, grantee := range grantees {
		list[i] = grantee.String()
	}
	return strings.Join(list, ", ")
}
