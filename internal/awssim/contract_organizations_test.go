// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

const (
	outer = "ou-abcd-11111111"
	inner = "ou-abcd-22222222"
)

// treeWorld is computeWorld with an organization: the source manages it, the target is two units down.
func treeWorld(t *testing.T) awssim.World {
	t.Helper()
	world := computeWorld(t)
	world.Accounts[1].Tags = map[string]string{"stage": "production", "team": "web"}
	world.Accounts = append(world.Accounts, awssim.WorldAccount{ID: "444444444444", Name: "old", State: "CLOSED"})
	world.Organizations = []awssim.WorldOrganization{{
		ID: "o-exampleorg", ManagementAccount: source, Root: "r-abcd", Accounts: []string{source, "444444444444"},
		Units: []awssim.WorldUnit{{ID: outer, Accounts: []string{"555555555555"}, Units: []awssim.WorldUnit{{ID: inner, Accounts: []string{target}}}}},
	}}
	return world
}

// organizationsCall makes a call of Organizations.
func organizationsCall[In, Out any](of func(*organizations.Client, context.Context, *In, ...func(*organizations.Options)) (*Out, error), in *In) call {
	return func(ctx context.Context, config aws.Config, _ *bool) error {
		return only(of(organizations.NewFromConfig(config), ctx, in))
	}
}

// organizationRows: who may call, and what is refused, by
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_Operations.html.
func organizationRows() map[string]row {
	const invalid, noParent = "InvalidInputException", "ParentNotFoundException"
	type client = organizations.Client
	none := aws.String("ou-abcd-99999999")
	return map[string]row{
		"organizations:DescribeOrganization": {good: organizationsCall((*client).DescribeOrganization, &organizations.DescribeOrganizationInput{})},
		"organizations:ListAccounts": {
			good: organizationsCall((*client).ListAccounts, &organizations.ListAccountsInput{}),
			bad:  organizationsCall((*client).ListAccounts, &organizations.ListAccountsInput{NextToken: aws.String("20")}), code: invalid,
		},
		"organizations:ListAccountsForParent": {
			good: organizationsCall((*client).ListAccountsForParent, &organizations.ListAccountsForParentInput{ParentId: aws.String(outer)}),
			bad:  organizationsCall((*client).ListAccountsForParent, &organizations.ListAccountsForParentInput{ParentId: none}), code: noParent,
		},
		"organizations:ListOrganizationalUnitsForParent": {
			good: organizationsCall((*client).ListOrganizationalUnitsForParent, &organizations.ListOrganizationalUnitsForParentInput{ParentId: aws.String("r-abcd")}),
			bad:  organizationsCall((*client).ListOrganizationalUnitsForParent, &organizations.ListOrganizationalUnitsForParentInput{ParentId: aws.String(target)}), code: invalid,
		},
		"organizations:ListRoots": {
			good: organizationsCall((*client).ListRoots, &organizations.ListRootsInput{}),
			bad:  organizationsCall((*client).ListRoots, &organizations.ListRootsInput{MaxResults: aws.Int32(21)}), code: invalid,
		},
		"organizations:ListTagsForResource": {
			good: organizationsCall((*client).ListTagsForResource, &organizations.ListTagsForResourceInput{ResourceId: aws.String(target)}),
			bad:  organizationsCall((*client).ListTagsForResource, &organizations.ListTagsForResourceInput{ResourceId: aws.String("666666666666")}), code: "TargetNotFoundException",
		},
	}
}

func TestContractOfOrganizations(t *testing.T) {
	if onAWS() {
		t.Skip("it needs an organization")
	}
	rows := organizationRows()
	for action, r := range rows {
		t.Run(action, func(t *testing.T) {
			f := start(t, treeWorld(t))
			administrators, nobodys := f.config(t, administrator, home), f.config(t, nobody, home)
			must(t, r.good(t.Context(), administrators, nil))
			if got := code(r.good(t.Context(), nobodys, nil)); got != "AccessDeniedException" {
				t.Errorf("without permission: %q", got)
			}
			if r.bad == nil {
				return
			}
			if got := code(r.bad(t.Context(), administrators, nil)); got != r.code {
				t.Errorf("the bad call: %q, want %q", got, r.code)
			}
		})
	}
	for _, name := range awssim.OrganizationsActions() {
		if rows["organizations:"+name].good == nil {
			t.Errorf("%s has no row", name)
		}
	}
}

// TestWhoMayListAccounts: https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html and
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeOrganization.html
func TestWhoMayListAccounts(t *testing.T) {
	list := organizationsCall((*organizations.Client).ListAccounts, &organizations.ListAccountsInput{})
	describe := organizationsCall((*organizations.Client).DescribeOrganization, &organizations.DescribeOrganizationInput{})
	for name, test := range map[string]struct {
		change         func(*awssim.WorldOrganization)
		list, describe string
	}{
		"a member":                  {func(*awssim.WorldOrganization) {}, "AccessDeniedException", ""},
		"a delegated administrator": {func(o *awssim.WorldOrganization) { o.DelegatedAdministrators = []string{target} }, "", ""},
		"an account of no organization": {
			func(o *awssim.WorldOrganization) { o.Units = nil }, "AWSOrganizationsNotInUseException", "AWSOrganizationsNotInUseException",
		},
	} {
		t.Run(name, func(t *testing.T) {
			world := treeWorld(t)
			test.change(&world.Organizations[0])
			config := start(t, world).config(t, targetAdmin, home)
			if got := code(list(t.Context(), config, nil)); got != test.list {
				t.Errorf("ListAccounts: %q, want %q", got, test.list)
			}
			if got := code(describe(t.Context(), config, nil)); got != test.describe {
				t.Errorf("DescribeOrganization: %q, want %q", got, test.describe)
			}
		})
	}
}

// TestWhatAccountsLookLike: https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html
func TestWhatAccountsLookLike(t *testing.T) {
	for name, test := range map[string]struct {
		old  bool
		want []string
	}{
		"with State and Paths": {false, []string{
			"111111111111 source ACTIVE  o-exampleorg/r-abcd/", "222222222222 target ACTIVE  o-exampleorg/r-abcd/" + outer + "/" + inner + "/",
			"444444444444 old CLOSED  o-exampleorg/r-abcd/", "555555555555 555555555555 ACTIVE  o-exampleorg/r-abcd/" + outer + "/",
		}},
		"with Status alone": {true, []string{
			"111111111111 source  ACTIVE ", "222222222222 target  ACTIVE ", "444444444444 old  SUSPENDED ", "555555555555 555555555555  ACTIVE ",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			world := treeWorld(t)
			world.Hostility.OrganizationsWithoutPaths, world.Hostility.PageSize, world.Hostility.EmptyPages = test.old, 3, true
			client := organizations.NewFromConfig(start(t, world).config(t, administrator, home))
			var got []string
			var sizes []int
			pages := organizations.NewListAccountsPaginator(client, &organizations.ListAccountsInput{})
			for pages.HasMorePages() {
				page, err := pages.NextPage(t.Context())
				must(t, err)
				sizes = append(sizes, len(page.Accounts))
				for _, a := range page.Accounts {
					got = append(got, strings.Join([]string{*a.Id, *a.Name, string(a.State), string(a.Status), strings.Join(a.Paths, ",")}, " "))
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("accounts (-want +got):\n%s", diff)
			}
			if !slices.Equal(sizes, []int{0, 3, 1}) {
				t.Errorf("the pages have %v accounts", sizes)
			}
		})
	}
}

func TestTheTreeOfAnOrganization(t *testing.T) {
	client := organizations.NewFromConfig(start(t, treeWorld(t)).config(t, administrator, home))
	var lines []string
	for _, parent := range []string{"r-abcd", outer, inner} {
		accounts, err := client.ListAccountsForParent(t.Context(), &organizations.ListAccountsForParentInput{ParentId: &parent})
		must(t, err)
		units, err := client.ListOrganizationalUnitsForParent(t.Context(), &organizations.ListOrganizationalUnitsForParentInput{ParentId: &parent})
		must(t, err)
		line := parent + ":"
		for _, account := range accounts.Accounts {
			line += " " + *account.Id
		}
		for _, unit := range units.OrganizationalUnits {
			line += " " + *unit.Id + " " + *unit.Path
		}
		lines = append(lines, line)
	}
	want := []string{
		"r-abcd: 111111111111 444444444444 " + outer + " o-exampleorg/r-abcd/" + outer + "/",
		outer + ": 555555555555 " + inner + " o-exampleorg/r-abcd/" + outer + "/" + inner + "/", inner + ": 222222222222",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("the tree (-want +got):\n%s", diff)
	}
	tags, err := client.ListTagsForResource(t.Context(), &organizations.ListTagsForResourceInput{ResourceId: aws.String(target)})
	must(t, err)
	if got := tags.Tags; len(got) != 2 || *got[0].Key != "stage" || *got[0].Value != "production" {
		t.Errorf("tags %+v", got)
	}
	roots, err := client.ListRoots(t.Context(), nil)
	must(t, err)
	if want := "arn:aws:organizations::111111111111:root/o-exampleorg/r-abcd"; len(roots.Roots) != 1 || *roots.Roots[0].Arn != want {
		t.Errorf("roots %+v", roots.Roots)
	}
	described, err := client.DescribeOrganization(t.Context(), nil)
	must(t, err)
	if o := described.Organization; *o.Arn != "arn:aws:organizations::111111111111:organization/o-exampleorg" || *o.MasterAccountId != source || o.FeatureSet != types.OrganizationFeatureSetAll {
		t.Errorf("organization %+v", o)
	}
}
