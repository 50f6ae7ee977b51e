// SPDX-License-Identifier: MPL-2.0

package key_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/amishare/packer-plugin-ami-share/datasource/key"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

func TestEverythingIsAsItShouldBe(t *testing.T) {
	server := serve(t, theWorld())
	before := string(server.State())
	output := mustExecute(t, block())
	for name, want := range map[string]string{"arn": keyARN(frankfurt), "key_id": keyID, "account_id": source, "region": frankfurt} {
		if got := output[name].AsString(); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	wantKeys := map[string]string{frankfurt: keyARN(frankfurt), virginia: keyARN(virginia)}
	if diff := cmp.Diff(wantKeys, keysOf(t, output)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{scaling}, list(output["grantee_arns"])); diff != "" {
		t.Error(diff)
	}
	if warnings := list(output["warnings"]); len(warnings) > 0 {
		t.Errorf("warnings %q", warnings)
	}
	if after := string(server.State()); after != before {
		t.Errorf("the proof changed something (-before +after):\n%s", cmp.Diff(before, after))
	}
	calls := map[string]int{}
	for _, entry := range server.Journal() {
		calls[entry.Action]++
		if entry.Write && !entry.DryRun && entry.Action != "sts:AssumeRole" {
			t.Errorf("a write: %+v", entry)
		}
	}
	want := map[string]int{
		"sts:GetCallerIdentity": 1, "kms:DescribeKey": 2, "kms:GetKeyPolicy": 2, "sts:AssumeRole": 1, "iam:GetRole": 1, "kms:CreateGrant": 2,
	}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestARegionThatOnlyTargetsNameIsAWarning(t *testing.T) {
	serve(t, theWorld())
	output := mustExecute(t, block(options{"target": []options{target(options{"regions": []string{frankfurt, "eu-west-1"}})}}))
	want := []string{"nothing is proved in eu-west-1, which the regions of account " + targetID + " name: the regions of this data source leave it out"}
	if diff := cmp.Diff(want, list(output["warnings"])); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

func TestWrongCredentialsAreToldOnce(t *testing.T) {
	serve(t, theWorld())
	t.Setenv("AWS_SECRET_ACCESS_KEY", "another")
	_, err := execute(block())
	if err == nil || !strings.Contains(err.Error(), "asking whose credentials these are: SignatureDoesNotMatch") || strings.Contains(err.Error(), "DescribeKey") {
		t.Error(err)
	}
}

func TestWaysToNameAKey(t *testing.T) {
	const mrk, thirdAccount = "mrk-1234abcd12ab34cd56ef1234567890ab", "999999999999"
	foreign := "arn:aws:kms:" + frankfurt + ":" + thirdAccount + ":"
	world := theWorld()
	world.Accounts[0].Keys = append(world.Accounts[0].Keys,
		awssim.WorldKey{Region: frankfurt, ID: mrk, MultiRegion: "PRIMARY"}, awssim.WorldKey{Region: virginia, ID: mrk, MultiRegion: "REPLICA"},
		awssim.WorldKey{Region: frankfurt, Tags: map[string]string{"purpose": "ami-sharing"}, State: "Disabled"})
	world.Accounts = append(world.Accounts, awssim.WorldAccount{ID: thirdAccount, Keys: []awssim.WorldKey{{
		Region: frankfurt, ID: keyID, Aliases: []string{"alias/theirs"},
		Policy: delegating(thirdAccount, `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::`+source+`:root"},"Action":"kms:DescribeKey","Resource":"*"}`),
	}}})
	both := map[string]string{frankfurt: keyARN(frankfurt), virginia: keyARN(virginia)}
	replicas := map[string]string{
		frankfurt: "arn:aws:kms:" + frankfurt + ":" + source + ":key/" + mrk, virginia: "arn:aws:kms:" + virginia + ":" + source + ":key/" + mrk,
	}
	one := []string{frankfurt}
	for name, test := range map[string]struct {
		options options
		want    map[string]string
	}{
		"by alias":                        {options{}, both},
		"by id":                           {options{"key_id": keyID, "alias": nil}, both},
		"by ARN, in its Region":           {options{"key_id": keyARN(virginia), "alias": nil, "regions": []string{virginia}}, map[string]string{virginia: keyARN(virginia)}},
		"by an alias's ARN":               {options{"alias": "arn:aws:kms:" + frankfurt + ":" + source + ":alias/ami-sharing", "regions": one}, map[string]string{frankfurt: keyARN(frankfurt)}},
		"by an alias's ARN in each":       {options{"alias": "arn:aws:kms:" + virginia + ":" + source + ":alias/ami-sharing"}, both},
		"by tags, of which one is enough": {options{"tags": options{"purpose": "ami-sharing"}, "alias": nil}, both},
		"by a multi-Region id":            {options{"key_id": mrk, "alias": nil}, replicas},
		"by one replica's ARN":            {options{"key_id": replicas[virginia], "alias": nil}, replicas},
		"of a third account, by ARN":      {options{"key_id": foreign + "key/" + keyID, "alias": nil, "regions": one}, map[string]string{frankfurt: foreign + "key/" + keyID}},
		"of a third account, by alias":    {options{"alias": foreign + "alias/theirs", "regions": one}, map[string]string{frankfurt: foreign + "key/" + keyID}},
		"in the environment's Region":     {options{"regions": nil}, map[string]string{frankfurt: keyARN(frankfurt)}},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, world)
			output := mustExecute(t, block(test.options, options{"check_grants": false}))
			if diff := cmp.Diff(test.want, keysOf(t, output)); diff != "" {
				t.Error(diff)
			}
			if multi := output["multi_region"].True(); multi != strings.Contains(name, "multi") && !strings.Contains(name, "replica") {
				t.Errorf("multi_region is %v", multi)
			}
			if looked := len(server.Journal()); looked > 10 {
				t.Errorf("%d calls to find a key", looked)
			}
		})
	}
}

func TestOutputsAreNeverNull(t *testing.T) {
	serve(t, theWorld())
	for name, value := range mustExecute(t, block(options{"target": nil})) {
		if value.IsNull() {
			t.Errorf("%s is null", name)
		}
	}
}

func TestAnErrorComesWithAValueThatPackerCanCarry(t *testing.T) {
	serve(t, theWorld())
	var d key.Datasource
	if err := d.Configure(map[string]any(block(options{"alias": "alias/nowhere"}))); err != nil {
		t.Fatal(err)
	}
	value, err := d.Execute()
	if err == nil || !value.RawEquals(cty.NullVal(cty.EmptyObject)) {
		t.Errorf("%#v, %v", value, err)
	}
}

func TestWithoutTheProofNoTargetIsEntered(t *testing.T) {
	server := serve(t, theWorld())
	output := mustExecute(t, block(options{"check_grants": false}))
	if diff := cmp.Diff([]string{scaling}, list(output["grantee_arns"])); diff != "" {
		t.Error(diff)
	}
	for _, entry := range server.Journal() {
		if entry.Action == "sts:AssumeRole" {
			t.Error("a role is assumed")
		}
	}
}

func TestConfigureTellsEverythingAtOnce(t *testing.T) {
	serve(t, theWorld())
	_, err := execute(options{
		"key_id": "alias/x", "alias": "ami-sharing", "regions": []string{"Frankfurt", frankfurt, frankfurt},
		"trusted_principals": []string{"arn:aws:sts::111111111111:assumed-role/ci/build", "ci"}, "key_policy_principals": "users",
		"grant_operations": []string{"Sign"}, "organization_id": "abc", "max_concurrency": 2000, "timeout": "-1s",
		"target": []options{{"account_ids": []string{"22"}}},
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"key_id and alias", `write alias = "alias/x"`, `write "alias/ami-sharing"`, `"Frankfurt" is not the code`, `"eu-central-1" is named twice`, `"Sign" is no operation`,
		`"abc" is not the id of an organization`, `"arn:aws:sts::111111111111:assumed-role/ci/build" is a session: name its role`, `"ci" is not the ARN of a role or user`,
		`key_policy_principals: "users" is neither roles nor accounts`, "2000 is not from 1 to 1000", "less than nothing", `"22" has 2 digits`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in\n%v", want, err)
		}
	}
}

func TestNothingIsSharedBetweenPartitions(t *testing.T) {
	serve(t, theWorld())
	_, err := execute(options{
		"key_id": "arn:aws-cn:kms:cn-north-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab", "region": frankfurt, "regions": []string{frankfurt, "us-gov-west-1"},
		"trusted_principals": []string{"arn:aws-cn:iam::111111111111:role/ci"}, "timeout": "90",
		"target": []options{{"account_ids": []string{"222222222222"}, "assume_role": options{"role_arn": "arn:aws-us-gov:iam::222222222222:role/x"}}},
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"regions: us-gov-west-1 is in partition aws-us-gov", "key_id: \"arn:aws-cn:kms:cn-north-1", "trusted_principals: \"arn:aws-cn:iam::111111111111:role/ci\" is in partition aws-cn",
		"target 1: assume_role: role_arn: \"arn:aws-us-gov:iam", `timeout: time: missing unit in duration "90": write a number and its unit`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in\n%v", want, err)
		}
	}
}

func TestValidateToleratesWhatIsNotKnownYet(t *testing.T) {
	var d key.Datasource
	err := d.Configure(map[string]any{
		"alias": "<unknown>", "regions": []string{}, "organization_id": "<unknown>", "grant_operations": []string{"<unknown>"},
		"trusted_principals": []string{"<unknown>"}, "key_policy_principals": "<unknown>",
		"target": []options{{"account_ids": []string{"<unknown>"}, "assume_role": options{"role_name": "<unknown>"}}},
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAnEmptyListOfOperationsIsRefusedOnceItIsKnown(t *testing.T) {
	serve(t, theWorld())
	empty := block(options{"grant_operations": []string{}})
	if err := new(key.Datasource).Configure(empty); err != nil {
		t.Errorf("while Packer validates it may be a list that is not known yet: %v", err)
	}
	if _, err := execute(empty); err == nil || !strings.Contains(err.Error(), "grant_operations: the list is empty") {
		t.Errorf("the error is %v", err)
	}
}

// keysOf returns the key's ARN in each Region: arn in region, region_kms_key_ids in the others.
func keysOf(t *testing.T, output map[string]cty.Value) map[string]string {
	t.Helper()
	keys, region := stringMap(output["region_kms_key_ids"]), output["region"].AsString()
	if _, ok := keys[region]; ok {
		t.Errorf("region_kms_key_ids holds %s, which the builder refuses unless it is in ami_regions", region)
	}
	if keys == nil {
		keys = map[string]string{}
	}
	keys[region] = output["arn"].AsString()
	if diff := cmp.Diff(keys, stringMap(output["kms_key_ids"])); diff != "" {
		t.Errorf("kms_key_ids (-arn and region_kms_key_ids +got):\n%s", diff)
	}
	return keys
}
