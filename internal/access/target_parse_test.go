// SPDX-License-Identifier: MPL-2.0

package access

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/packer-plugin-sdk/template/config"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

const (
	one = "222222222222"
	two = "333333333333"
)

func named(name string) TargetRoleConfig { return TargetRoleConfig{RoleName: name} }

func byARN(arn string) TargetRoleConfig {
	return TargetRoleConfig{AssumeRoleConfig: AssumeRoleConfig{RoleARN: arn}}
}

func TestParseTargets(t *testing.T) {
	autoscaling := sharing.Grantee{
		Service: "autoscaling.amazonaws.com", Path: "/aws-service-role/autoscaling.amazonaws.com/", Name: "AWSServiceRoleForAutoScaling",
	}
	role := &clients.AssumeRole{RoleName: "ami-share", SessionName: "packer-plugin-ami-share", Duration: time.Hour}
	for name, test := range map[string]struct {
		blocks  []TargetConfig
		targets []sharing.Target
		sources map[sharing.AccountID]TargetSource
	}{
		"accounts of several blocks are sorted, and get autoscaling unless told otherwise": {
			blocks: []TargetConfig{
				{AccountIDs: []string{two}, AssumeRole: named("ami-share")},
				{AccountIDs: []string{one}, AssumeRole: named("ami-share")},
			},
			targets: []sharing.Target{
				{Account: one, Credentials: true, Grantees: []sharing.Grantee{autoscaling}},
				{Account: two, Credentials: true, Grantees: []sharing.Grantee{autoscaling}},
			},
			sources: map[sharing.AccountID]TargetSource{one: {Role: role}, two: {Role: role}},
		},
		"an empty list of service-linked roles needs no access": {
			blocks:  []TargetConfig{{AccountIDs: []string{one}, ServiceLinkedRoles: []string{}}},
			targets: []sharing.Target{{Account: one}},
			sources: map[sharing.AccountID]TargetSource{},
		},
		"a profile gives access to one account": {
			blocks:  []TargetConfig{{AccountIDs: []string{one}, Profile: "test", ServiceLinkedRoles: []string{}, CopyTags: true}},
			targets: []sharing.Target{{Account: one, Credentials: true, ProveUse: true, CopyTags: true}},
			sources: map[sharing.AccountID]TargetSource{one: {Profile: "test"}},
		},
		"external IDs that differ, Regions, and launch permission through an organization": {
			blocks: []TargetConfig{{
				AccountIDs: []string{one, two}, Regions: []string{"eu-west-1"}, LaunchPermission: config.TriFalse, ServiceLinkedRoles: []string{},
				AssumeRole: TargetRoleConfig{
					RoleName: "ami-share", AssumeRoleConfig: AssumeRoleConfig{ExternalID: "everybody"},
					ExternalIDs: map[string]string{two: "team-b", "999999999999": "others"},
				},
			}},
			targets: []sharing.Target{
				{Account: one, Credentials: true, Regions: []sharing.Region{"eu-west-1"}, ThroughOrganization: true, ProveUse: true},
				{Account: two, Credentials: true, Regions: []sharing.Region{"eu-west-1"}, ThroughOrganization: true, ProveUse: true},
			},
			sources: map[sharing.AccountID]TargetSource{
				one: {Role: &clients.AssumeRole{RoleName: "ami-share", SessionName: "packer-plugin-ami-share", Duration: time.Hour, ExternalID: "everybody"}},
				two: {Role: &clients.AssumeRole{RoleName: "ami-share", SessionName: "packer-plugin-ami-share", Duration: time.Hour, ExternalID: "team-b"}},
			},
		},
		"an external ID that is empty is none": {
			blocks: []TargetConfig{{
				AccountIDs: []string{one}, ServiceLinkedRoles: []string{},
				AssumeRole: TargetRoleConfig{RoleName: "ami-share", AssumeRoleConfig: AssumeRoleConfig{ExternalID: "everybody"}, ExternalIDs: map[string]string{one: ""}},
			}},
			targets: []sharing.Target{{Account: one, Credentials: true, ProveUse: true}},
			sources: map[sharing.AccountID]TargetSource{one: {Role: role}},
		},
		"all that a role takes goes on": {
			blocks: []TargetConfig{{
				AccountIDs: []string{one}, ServiceLinkedRoles: []string{}, GranteeRoles: []string{"karpenter/controller"},
				AssumeRole: TargetRoleConfig{AssumeRoleConfig: AssumeRoleConfig{
					RoleARN: "arn:aws:iam::222222222222:role/x/ami-share", DurationSeconds: 900, ExternalID: "id:1/2", SessionName: "me",
					Policy: "{}", PolicyARNs: []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"},
					Tags: map[string]string{"team": "images"}, TransitiveTagKeys: []string{"team"},
				}},
			}},
			targets: []sharing.Target{{Account: one, Credentials: true, Grantees: []sharing.Grantee{{Path: "/karpenter/", Name: "controller"}}}},
			sources: map[sharing.AccountID]TargetSource{one: {Role: &clients.AssumeRole{
				RoleARN: "arn:aws:iam::222222222222:role/x/ami-share", Duration: 15 * time.Minute, ExternalID: "id:1/2", SessionName: "me",
				Policy: "{}", PolicyARNs: []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"},
				Tags: map[string]string{"team": "images"}, TransitiveTagKeys: []string{"team"},
			}}},
		},
		"groups, suffixes and new roles": {
			blocks: []TargetConfig{{
				AccountIDs: []string{one}, AssumeRole: named("ami-share"), ServiceLinkedRoles: []string{"autoscaling/web"},
				CreateServiceLinkedRoles: true, AutoScalingGroups: []string{"web"},
			}},
			targets: []sharing.Target{{
				Account: one, Credentials: true, CreateServiceLinkedRoles: true, AutoScalingGroups: []string{"web"},
				Grantees: []sharing.Grantee{{
					Service: "autoscaling.amazonaws.com", Suffix: "web", Path: autoscaling.Path, Name: "AWSServiceRoleForAutoScaling_web",
				}},
			}},
			sources: map[sharing.AccountID]TargetSource{one: {Role: role}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			targets, errs := ParseTargets(test.blocks, true)
			if len(errs) > 0 {
				t.Fatalf("errors: %v", errs)
			}
			if diff := cmp.Diff(test.targets, targets.Accounts); diff != "" {
				t.Errorf("targets (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.sources, targets.Sources); diff != "" {
				t.Errorf("sources (-want +got):\n%s", diff)
			}
			if _, errs := ParseTargets(test.blocks, false); len(errs) > 0 {
				t.Errorf("while validating: %v", errs)
			}
		})
	}
}

func TestWrongTargets(t *testing.T) {
	plain := func(change func(*TargetConfig)) []TargetConfig {
		block := TargetConfig{AccountIDs: []string{one}, AssumeRole: named("ami-share")}
		change(&block)
		return []TargetConfig{block}
	}
	roles := func(change func(*TargetRoleConfig)) []TargetConfig {
		return plain(func(c *TargetConfig) { change(&c.AssumeRole) })
	}
	for name, test := range map[string]struct {
		blocks []TargetConfig
		want   []string // each in one error, in this order
	}{
		"no accounts":                 {plain(func(c *TargetConfig) { c.AccountIDs = nil }), []string{"target 1: account_ids: it names no account"}},
		"a number that lost its zero": {plain(func(c *TargetConfig) { c.AccountIDs = []string{"22222222222"} }), []string{`target 1: account_ids: "22222222222" has 11 digits and an account id has 12: quote it`}},
		"an account twice in a block": {plain(func(c *TargetConfig) { c.AccountIDs = []string{one, one} }), []string{"account 222222222222 is in target 1 already"}},
		"an account in two blocks": {
			append(plain(func(*TargetConfig) {}), plain(func(*TargetConfig) {})...),
			[]string{"target 2: account_ids: account 222222222222 is in target 1 already"},
		},
		"grants without access": {
			plain(func(c *TargetConfig) { c.AssumeRole = TargetRoleConfig{} }),
			[]string{"target 1: there are grants to make for autoscaling.amazonaws.com, and a grant must be issued from inside the account: add an assume_role block with role_name or role_arn, or share without grants by service_linked_roles = []"},
		},
		"what needs access without any, while a list may yet be filled": {
			[]TargetConfig{{AccountIDs: []string{one}, ServiceLinkedRoles: []string{}, CreateServiceLinkedRoles: true, AutoScalingGroups: []string{"a"}, CopyTags: true}},
			[]string{"create_service_linked_roles: it needs access", "auto_scaling_groups: it needs access", "copy_tags: it needs access"},
		},
		"a role and a profile": {plain(func(c *TargetConfig) { c.Profile = "p" }), []string{"it has both assume_role and profile"}},
		"a profile for several accounts": {
			[]TargetConfig{{AccountIDs: []string{one, two}, Profile: "p"}},
			[]string{`profile: "p" gives access to one account and the target has 2`},
		},
		"an ARN for several accounts": {
			[]TargetConfig{{AccountIDs: []string{one, two}, AssumeRole: byARN("arn:aws:iam::222222222222:role/x")}},
			[]string{"assume_role: role_arn: one role can't be in 2 accounts: give role_name"},
		},
		"an ARN of another account": {roles(func(c *TargetRoleConfig) { *c = byARN("arn:aws:iam::333333333333:role/x") }), []string{"is a role of account 333333333333 and the target is account 222222222222"}},
		"a name and an ARN":         {roles(func(c *TargetRoleConfig) { c.RoleARN = "arn:aws:iam::222222222222:role/x" }), []string{"it has both role_name and role_arn"}},
		"a block without a role":    {roles(func(c *TargetRoleConfig) { c.RoleName, c.ExternalID = "", "abc" }), []string{"assume_role: it names no role: give role_name"}},
		"an ARN as a name":          {roles(func(c *TargetRoleConfig) { c.RoleName = "arn:aws:iam::222222222222:role/x" }), []string{"is an ARN: put it into role_arn"}},
		"a bad name":                {roles(func(c *TargetRoleConfig) { c.RoleName = "no spaces" }), []string{`role_name: "no spaces" is not the name of a role`}},
		"no role's ARN":             {roles(func(c *TargetRoleConfig) { *c = byARN("arn:aws:iam::222222222222:user/x") }), []string{"is not the ARN of a role"}},
		"no ARN":                    {roles(func(c *TargetRoleConfig) { *c = byARN("ami-share") }), []string{"is not an ARN"}},
		"a session that is too short": {
			roles(func(c *TargetRoleConfig) { c.DurationSeconds = 60 }), []string{"duration_seconds: 60 is not from 900"},
		},
		"a session that is too long": {roles(func(c *TargetRoleConfig) { c.DurationSeconds = 43201 }), []string{"duration_seconds: 43201"}},
		"an external ID of one letter": {
			roles(func(c *TargetRoleConfig) { c.ExternalID = "x" }), []string{"external_id: an external ID is 2 to 1224"},
		},
		"an external ID with spaces": {roles(func(c *TargetRoleConfig) { c.ExternalID = "a b" }), []string{"external_id"}},
		"external IDs of what is no account, of no shape, and not of everybody": {
			[]TargetConfig{{AccountIDs: []string{one, two}, AssumeRole: TargetRoleConfig{RoleName: "x", ExternalIDs: map[string]string{"team": "abc", two: "a b"}}}},
			[]string{
				"external_ids: account 333333333333: an external ID is 2 to 1224", `external_ids: "team" is not an account id`,
				"external_ids: account 222222222222 is missing: add it",
			},
		},
		"Regions that are none, and one twice": {
			plain(func(c *TargetConfig) { c.Regions = []string{"Ireland", "eu-west-1", "eu-west-1"} }),
			[]string{`target 1: regions: "Ireland" is not the code`, `target 1: regions: "eu-west-1" is named twice`},
		},
		"a session name with spaces": {roles(func(c *TargetRoleConfig) { c.SessionName = "a b" }), []string{`session_name: "a b"`}},
		"a policy that is no JSON":   {roles(func(c *TargetRoleConfig) { c.Policy = "allow all" }), []string{"policy: it is not JSON"}},
		"a policy that is too long": {
			roles(func(c *TargetRoleConfig) { c.Policy = `"` + strings.Repeat("x", 2100) + `"` }), []string{"have 2102 characters together"},
		},
		"a policy's ARN that is none": {roles(func(c *TargetRoleConfig) { c.PolicyARNs = []string{"ReadOnlyAccess"} }), []string{`policy_arns: "ReadOnlyAccess" is not the ARN`}},
		"eleven policies": {
			roles(func(c *TargetRoleConfig) {
				c.PolicyARNs = slicesOf(11, "arn:aws:iam::aws:policy/ReadOnlyAccess")
			}), []string{"policy_arns: there are 11"},
		},
		"a tag without a key":            {roles(func(c *TargetRoleConfig) { c.Tags = map[string]string{"": "x"} }), []string{`tags: ""`}},
		"a transitive key without a tag": {roles(func(c *TargetRoleConfig) { c.TransitiveTagKeys = []string{"a"} }), []string{`transitive_tag_keys: "a"`}},
		"a service without such a role":  {plain(func(c *TargetConfig) { c.ServiceLinkedRoles = []string{"lambda"} }), []string{`service_linked_roles: "lambda"`}},
		"a suffix that AWS refuses":      {plain(func(c *TargetConfig) { c.ServiceLinkedRoles = []string{"spot/x"} }), []string{`service_linked_roles: "spot/x" has a suffix`}},
		"a role twice":                   {plain(func(c *TargetConfig) { c.ServiceLinkedRoles = []string{"spot", "spot.amazonaws.com"} }), []string{`"spot.amazonaws.com" is named twice`}},
		"a grantee of another account": {
			plain(func(c *TargetConfig) { c.GranteeRoles = []string{"arn:aws:iam::333333333333:role/x"} }),
			[]string{`grantee_roles: "arn:aws:iam::333333333333:role/x" is a role of account 333333333333 and the target has account 222222222222: give the name "x"`},
		},
		"groups without an autoscaling role": {
			plain(func(c *TargetConfig) {
				c.ServiceLinkedRoles, c.AutoScalingGroups = []string{"spot"}, []string{"a", "a", " "}
			}),
			[]string{"auto_scaling_groups: service_linked_roles names no role for groups", `"a" is named twice`, "element 3 is empty"},
		},
		"everything at once": {
			[]TargetConfig{
				{AccountIDs: []string{"1"}},
				{AccountIDs: []string{one}, AssumeRole: byARN("x"), ServiceLinkedRoles: []string{"nothing"}},
			},
			[]string{"target 1: account_ids", "target 1: there are grants", "target 2: service_linked_roles", "target 2: assume_role: role_arn"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, errs := ParseTargets(test.blocks, false)
			wantErrors(t, errs, test.want)
		})
	}
}

func TestTargetsThatAreNotKnownYet(t *testing.T) {
	const unknown = "<unknown>"
	for name, block := range map[string]TargetConfig{
		"strings": {
			AccountIDs: []string{unknown}, ServiceLinkedRoles: []string{unknown}, GranteeRoles: []string{unknown}, AutoScalingGroups: []string{unknown},
			AssumeRole: TargetRoleConfig{RoleName: unknown, AssumeRoleConfig: AssumeRoleConfig{
				ExternalID: unknown, SessionName: unknown, Policy: unknown, PolicyARNs: []string{unknown}, TransitiveTagKeys: []string{unknown},
			}},
		},
		"lists": {AccountIDs: []string{}, ServiceLinkedRoles: []string{}, GranteeRoles: []string{}, CreateServiceLinkedRoles: true, AutoScalingGroups: []string{"a"}, AssumeRole: named("x")},
		"maps":  {AccountIDs: []string{one}, AssumeRole: TargetRoleConfig{RoleName: "x", AssumeRoleConfig: AssumeRoleConfig{Tags: map[string]string{}, TransitiveTagKeys: []string{"team"}}}},
		"Regions and external IDs": {
			AccountIDs: []string{one}, Regions: []string{}, AssumeRole: TargetRoleConfig{RoleName: "x", ExternalIDs: map[string]string{}},
		},
		"an ARN":                {AccountIDs: []string{one}, AssumeRole: byARN(unknown)},
		"a build's placeholder": {AccountIDs: []string{one}, AssumeRole: named("Build_ID. not known")},
		"a profile":             {AccountIDs: []string{one}, Profile: unknown},
	} {
		t.Run(name, func(t *testing.T) {
			_, errs := ParseTargets([]TargetConfig{block}, false)
			wantErrors(t, errs, nil)
		})
	}
	t.Run("are wrong once they should be known", func(t *testing.T) {
		_, errs := ParseTargets([]TargetConfig{{
			AccountIDs: []string{}, AssumeRole: named("x"), Regions: []string{}, ServiceLinkedRoles: []string{}, CreateServiceLinkedRoles: true, AutoScalingGroups: []string{"a"},
		}}, true)
		wantErrors(t, errs, []string{
			"it names no account", "create_service_linked_roles: service_linked_roles names no role to create",
			"auto_scaling_groups: service_linked_roles names no role for groups", "regions: it names no Region",
		})
	})
}

func TestCheckPartition(t *testing.T) {
	block := TargetConfig{
		AccountIDs: []string{one}, GranteeRoles: []string{"arn:aws-cn:iam::222222222222:role/x", "y"},
		AssumeRole: TargetRoleConfig{AssumeRoleConfig: AssumeRoleConfig{RoleARN: "arn:aws:iam::222222222222:role/x"}},
	}
	errs := CheckPartition("aws", &Config{}, []TargetConfig{block})
	wantErrors(t, errs, []string{`target 1: grantee_roles: "arn:aws-cn:iam::222222222222:role/x" is in partition aws-cn and the AMIs are in aws`})
	source := &Config{AssumeRole: AssumeRoleConfig{RoleARN: "arn:aws:iam::111111111111:role/x", PolicyARNs: []string{"arn:aws:iam::aws:policy/x"}}}
	errs = CheckPartition("aws-us-gov", source, nil)
	wantErrors(t, errs, []string{"assume_role: role_arn:", "assume_role: policy_arns:"})
}

func slicesOf(n int, s string) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = s
	}
	return list
}

// wantErrors checks that there are exactly as many errors as parts, and that each holds its part.
func wantErrors(t *testing.T, errs []error, parts []string) {
	t.Helper()
	for i, part := range parts {
		if i < len(errs) && !strings.Contains(errs[i].Error(), part) {
			t.Errorf("error %d is %q, want it to hold %q", i+1, errs[i], part)
		}
	}
	if len(errs) != len(parts) {
		t.Errorf("there are %d errors, want %d: %q", len(errs), len(parts), errs)
	}
}
