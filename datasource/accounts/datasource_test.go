// SPDX-License-Identifier: MPL-2.0

package accounts_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/amishare/packer-plugin-ami-share/datasource/accounts"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

const (
	management = "111111111111"
	outer      = "ou-abcd-11111111"
	inner      = "ou-abcd-22222222"
	other      = "ou-abcd-33333333"
)

// tree is an organization: two accounts in "outer", one of them suspended, two in "inner" below it, one in "other".
func tree() awssim.World {
	everything := json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	return awssim.World{
		Accounts: []awssim.WorldAccount{
			{
				ID: management, Name: "management", Users: []awssim.WorldUser{{Name: "packer", AccessKeyID: "AKIAPACKER", SecretAccessKey: "s", Policies: []json.RawMessage{everything}}},
				Roles: []awssim.WorldRole{{
					Name: "list-accounts", Policies: []json.RawMessage{everything},
					TrustPolicy: json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"sts:AssumeRole"}]}`),
				}},
			},
			{
				ID: "222222222222", Name: "prod-web", Tags: map[string]string{"stage": "production"},
				Users: []awssim.WorldUser{{Name: "packer", AccessKeyID: "AKIAMEMBER", SecretAccessKey: "s", Policies: []json.RawMessage{everything}}, {Name: "nobody", AccessKeyID: "AKIANOBODY", SecretAccessKey: "s"}},
			},
			{ID: "333333333333", Name: "prod-old", State: "SUSPENDED"},
			{ID: "444444444444", Name: "test-web", Tags: map[string]string{"stage": "test"}},
			{ID: "555555555555", Name: "prod-batch", Tags: map[string]string{"stage": "production"}},
			{ID: "666666666666", Name: "prod-data"},
		},
		Organizations: []awssim.WorldOrganization{{
			ID: "o-exampleorg", ManagementAccount: management, Root: "r-abcd", Accounts: []string{management},
			Units: []awssim.WorldUnit{
				{ID: outer, Accounts: []string{"222222222222", "333333333333"}, Units: []awssim.WorldUnit{{ID: inner, Accounts: []string{"444444444444", "555555555555"}}}},
				{ID: other, Accounts: []string{"666666666666"}},
			},
		}},
	}
}

// serve runs the local AWS for the length of a test, and points the environment at it, with an access key.
func serve(t *testing.T, world awssim.World, accessKey string) *awssim.Server {
	t.Helper()
	server, err := awssim.New(world)
	if err != nil {
		t.Fatal(err)
	}
	listening := httptest.NewServer(server)
	t.Cleanup(listening.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": listening.URL, "AWS_ACCESS_KEY_ID": accessKey, "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_REGION": "", "AWS_DEFAULT_REGION": "", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": filepath.Join(t.TempDir(), "none"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(t.TempDir(), "none"),
	} {
		t.Setenv(name, value)
	}
	return server
}

// options are what a data block says.
type options = map[string]any

func execute(o options) (map[string]cty.Value, error) {
	var d accounts.Datasource
	if err := d.Configure(o); err != nil {
		return nil, err
	}
	value, err := d.Execute()
	if err != nil {
		return nil, err
	}
	return value.AsValueMap(), nil
}

func list(v cty.Value) []string {
	all := []string{}
	for _, element := range v.AsValueSlice() {
		all = append(all, element.AsString())
	}
	return all
}

func stringMap(v cty.Value) map[string]string {
	all := map[string]string{}
	for name, element := range v.AsValueMap() {
		all[name] = element.AsString()
	}
	return all
}

func TestWhoIsListed(t *testing.T) {
	suspended := map[string]string{"333333333333": "its state is SUSPENDED"}
	for name, test := range map[string]struct {
		block   options
		ids     []string
		skipped map[string]string
	}{
		"a unit and the units below it": {
			options{"organizational_units": []string{outer}}, []string{"222222222222", "444444444444", "555555555555"}, suspended,
		},
		"a unit by its ARN, and another": {
			options{"organizational_units": []string{"arn:aws:organizations::111111111111:ou/o-exampleorg/" + inner, other}},
			[]string{"444444444444", "555555555555", "666666666666"},
			map[string]string{},
		},
		"the organization without its management account": {
			options{"organization": true},
			[]string{"222222222222", "444444444444", "555555555555", "666666666666"},
			map[string]string{"333333333333": "its state is SUSPENDED", management: "it is the management account"},
		},
		"the management account too": {
			options{"organization": true, "include_management_account": true},
			[]string{management, "222222222222", "444444444444", "555555555555", "666666666666"},
			suspended,
		},
		"without accounts and units that are excluded": {
			options{"organizational_units": []string{outer, other}, "exclude_accounts": []string{"666666666666"}, "exclude_organizational_units": []string{inner}},
			[]string{"222222222222"},
			map[string]string{
				"333333333333": "its state is SUSPENDED", "444444444444": "it is in a unit of exclude_organizational_units",
				"555555555555": "it is in a unit of exclude_organizational_units", "666666666666": "it is in exclude_accounts",
			},
		},
		"without an account that is none of the organization's": {
			options{"organizational_units": []string{other}, "exclude_accounts": []string{"999999999999", "222222222222"}},
			[]string{"666666666666"},
			map[string]string{"999999999999": "it is in exclude_accounts, and the organization has no such account"},
		},
		"by name and by tag": {
			options{"organization": true, "names": []string{"prod-*", "t?st"}, "account_tags": map[string]string{"stage": "production"}},
			[]string{"222222222222", "555555555555"},
			map[string]string{
				"333333333333": "its state is SUSPENDED", management: "it is the management account", "444444444444": `its name "test-web" matches none of names`,
				"666666666666": `it lacks the tag stage = "production"`,
			},
		},
		"nobody, where that is right": {
			options{"organizational_units": []string{other}, "exclude_accounts": []string{"666666666666"}, "allow_empty": true},
			[]string{},
			map[string]string{"666666666666": "it is in exclude_accounts"},
		},
	} {
		for _, old := range []bool{false, true} {
			for _, pages := range []int{0, 1} {
				t.Run(name+map[bool]string{true: ", by Status and the tree"}[old]+map[int]string{1: ", in small pages and empty ones"}[pages], func(t *testing.T) {
					world := tree()
					world.Hostility = awssim.Hostility{OrganizationsWithoutPaths: old, PageSize: pages, EmptyPages: pages > 0}
					serve(t, world, "AKIAPACKER")
					got, err := execute(test.block)
					if err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(test.ids, list(got["account_ids"])); diff != "" {
						t.Errorf("account_ids (-want +got):\n%s", diff)
					}
					if diff := cmp.Diff(test.skipped, stringMap(got["skipped"])); diff != "" {
						t.Errorf("skipped (-want +got):\n%s", diff)
					}
				})
			}
		}
	}
}

func TestWhatElseIsHandedOut(t *testing.T) {
	server := serve(t, tree(), "AKIAPACKER")
	got, err := execute(options{"organizational_units": []string{inner}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"444444444444": "test-web", "555555555555": "prod-batch"}, stringMap(got["names"])); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"arn:aws:organizations::111111111111:ou/o-exampleorg/" + inner}, list(got["ou_arns"])); diff != "" {
		t.Errorf("ou_arns (-want +got):\n%s", diff)
	}
	if id, arn := got["organization_id"].AsString(), got["organization_arn"].AsString(); id != "o-exampleorg" || arn != "arn:aws:organizations::111111111111:organization/o-exampleorg" {
		t.Errorf("the organization is %s, %s", id, arn)
	}
	calls := map[string]int{}
	for _, entry := range server.Journal() {
		calls[entry.Action]++
	}
	if diff := cmp.Diff(map[string]int{"organizations:DescribeOrganization": 1, "organizations:ListAccounts": 1}, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestARoleOfAnAccountThatMayList(t *testing.T) {
	serve(t, tree(), "AKIAMEMBER")
	got, err := execute(options{"organizational_units": []string{other}, "assume_role": options{"role_arn": "arn:aws:iam::111111111111:role/list-accounts"}})
	if err != nil || len(list(got["account_ids"])) != 1 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestWhatStandsInTheWay(t *testing.T) {
	units := options{"organizational_units": []string{outer}}
	for name, test := range map[string]struct {
		change func(*awssim.World)
		as     string
		block  options
		want   []string
	}{
		"an account that may not list": {
			nil, "AKIAMEMBER", units,
			[]string{"listing the accounts of the organization: AccessDeniedException: only the management account", "register-delegated-administrator", "assume_role"},
		},
		"a user without permission": {
			nil, "AKIANOBODY", units, []string{"user/nobody does not allow organizations:DescribeOrganization", `"Action": "organizations:DescribeOrganization"`},
		},
		"an account of no organization": {
			func(w *awssim.World) { w.Organizations = nil }, "AKIAPACKER", units,
			[]string{"AWSOrganizationsNotInUseException: the account belongs to no organization", "account_ids"},
		},
		"a unit that does not exist": {
			nil, "AKIAPACKER",
			options{"organizational_units": []string{outer, "ou-abcd-99999999"}, "exclude_organizational_units": []string{"ou-abcd-88888888"}},
			[]string{"unit ou-abcd-99999999: ParentNotFoundException: the organization has no such unit", "unit ou-abcd-88888888: ParentNotFoundException"},
		},
		"a unit of another organization": {
			nil, "AKIAPACKER",
			options{"organizational_units": []string{"arn:aws:organizations::999999999999:ou/o-anotherorg/" + inner}},
			[]string{"the credentials belong to another organization, arn:aws:organizations::111111111111:organization/o-exampleorg"},
		},
		"nobody left": {
			nil, "AKIAPACKER",
			options{"organizational_units": []string{outer}, "names": []string{"live-*"}},
			[]string{"all of its 4 accounts are left out: its name matches none of names (3); its state is SUSPENDED (1)", "allow_empty = true"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			world := tree()
			if test.change != nil {
				test.change(&world)
			}
			serve(t, world, test.as)
			_, err := execute(test.block)
			if err == nil {
				t.Fatal("there is no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is missing in\n%v", want, err)
				}
			}
		})
	}
}

// TestTheTimeoutIsTold wherever it ends the listing: before the first answer, and among the calls for tags.
func TestTheTimeoutIsTold(t *testing.T) {
	for name, action := range map[string]string{"at the first call": "organizations:DescribeOrganization", "at the tags": "organizations:ListTagsForResource"} {
		t.Run(name, func(t *testing.T) {
			world := tree()
			world.Faults = []awssim.Fault{{Action: action, DelayMillis: 60_000}}
			serve(t, world, "AKIAPACKER")
			_, err := execute(options{"organization": true, "timeout": "1s", "account_tags": map[string]string{"stage": "production"}})
			if err == nil || !strings.Contains(err.Error(), "it was not done after 1s, which is the timeout") {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestConfigureTellsEverythingAtOnce(t *testing.T) {
	for name, test := range map[string]struct {
		block options
		want  []string
	}{
		"nothing": {options{}, []string{"it is not said whose accounts to list"}},
		"both":    {options{"organization": true, "organizational_units": []string{outer}}, []string{"are both set: give one of them"}},
		"wrong values": {
			options{
				"organizational_units": []string{"production", "r-abcd", "arn:aws:organizations::111111111111:root/o-exampleorg/r-abcd", outer, "arn:aws:organizations::111111111111:ou/o-exampleorg/" + outer},
				"exclude_accounts":     []string{"22222222222"}, "exclude_organizational_units": []string{"ou-x"}, "names": []string{""}, "timeout": "-1s", "region": "Frankfurt",
			},
			[]string{
				`"production" is neither the id of an organizational unit`, `"r-abcd" is the organization's root: write organization = true`, `/r-abcd" is the organization's root: write organization = true`, "is named twice",
				`exclude_accounts: "22222222222" has 11 digits`, `exclude_organizational_units: "ou-x"`, "names: an empty pattern", "timeout: -1s", `region: "Frankfurt"`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := new(accounts.Datasource).Configure(test.block)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is missing in\n%v", want, err)
				}
			}
		})
	}
}

func TestValidateToleratesWhatIsNotKnownYet(t *testing.T) {
	for name, block := range map[string]options{
		"strings": {"organizational_units": []string{"<unknown>"}, "exclude_accounts": []string{"<unknown>"}, "exclude_organizational_units": []string{"<unknown>"}},
		"lists":   {"organizational_units": []string{}, "names": []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := new(accounts.Datasource).Configure(block); err != nil {
				t.Error(err)
			}
		})
	}
	if _, err := execute(options{"organizational_units": []string{}}); err == nil {
		t.Error("a list that is empty once it is known is taken")
	}
}

// TestFiveThousandAccounts are listed in as many calls as there are pages of 20, whatever the tree looks like.
func TestFiveThousandAccounts(t *testing.T) {
	world := tree()
	var units []string
	for u := range 60 {
		unit := awssim.WorldUnit{ID: fmt.Sprintf("ou-abcd-%08d", u)}
		for n := range 83 {
			unit.Accounts = append(unit.Accounts, fmt.Sprintf("7%011d", u*100+n))
		}
		units = append(units, unit.ID)
		world.Organizations[0].Units = append(world.Organizations[0].Units, unit)
	}
	server := serve(t, world, "AKIAPACKER")
	got, err := execute(options{"organizational_units": units})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(list(got["account_ids"])); n != 60*83 {
		t.Errorf("%d accounts are listed", n)
	}
	calls := 0
	for _, entry := range server.Journal() {
		if strings.HasPrefix(entry.Action, "organizations:List") {
			calls++
		}
	}
	if calls != 250 {
		t.Errorf("%d calls", calls)
	}
}
