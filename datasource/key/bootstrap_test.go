// SPDX-License-Identifier: MPL-2.0

package key_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// bootstrapped runs the data source as an administrator would before there is anything, and returns the files that it wrote.
func bootstrapped(t *testing.T, data options) map[string]string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "bootstrap")
	data["bootstrap_directory"], data["check_grants"], data["trusted_principals"] = folder, false, []string{sourceUser}
	mustExecute(t, data)
	files := map[string]string{}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name()] = string(text)
	}
	return files
}

// bareWorld has the AMIs and their keys, and nothing that sharing needs: no role in the target, and keys whose policies let
// in nobody else. What packer may do, the file says.
func bareWorld(packers string) awssim.World {
	w := jobWorld(administrators(), source)
	w.Accounts[0].ManagedPolicies[0].Document = json.RawMessage(packers)
	w.Accounts[0].Users = append(w.Accounts[0].Users, awssim.WorldUser{Name: "admin", AccessKeyID: "AKIAADMIN0000000000", SecretAccessKey: "secret", Policies: policies(anything)})
	for i := range w.Accounts[0].Keys {
		w.Accounts[0].Keys[i].Policy = delegating(source)
	}
	w.Accounts[1].Roles = nil
	return w
}

// deployment is the role as one of the tools makes it.
type deployment struct{ name, path, trust, policy string }

func (d deployment) deploy(t *testing.T) {
	t.Helper()
	client := iam.NewFromConfig(sdk("AKIATARGET0000000000", virginia))
	if _, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &d.name, Path: &d.path, AssumeRolePolicyDocument: &d.trust}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &d.name, PolicyName: aws.String("ami-share"), PolicyDocument: &d.policy}); err != nil {
		t.Fatal(err)
	}
}

// ofStack reads the role out of a CloudFormation template, as CloudFormation would make it in an account.
func ofStack(t *testing.T, text, account string) deployment {
	t.Helper()
	var template struct {
		Parameters map[string]struct{ Default string }
		Mappings   map[string]map[string]map[string]string
		Resources  map[string]struct {
			Type       string
			Properties map[string]any
		}
	}
	if err := json.Unmarshal([]byte(text), &template); err != nil {
		t.Fatal(err)
	}
	var resolve func(v any) any
	resolve = func(v any) any {
		switch v := v.(type) {
		case []any:
			all := []any{}
			for _, element := range v {
				all = append(all, resolve(element))
			}
			return all
		case map[string]any:
			if name, ok := v["Ref"].(string); ok {
				if name == "AWS::AccountId" {
					return account
				}
				return template.Parameters[name].Default
			}
			if text, ok := v["Fn::Sub"].(string); ok {
				return strings.ReplaceAll(text, "${AWS::AccountId}", account)
			}
			if in, ok := v["Fn::FindInMap"].([]any); ok {
				return template.Mappings[in[0].(string)][resolve(in[1]).(string)][in[2].(string)]
			}
			all := map[string]any{}
			for key, element := range v {
				if key == "Fn::If" {
					return nil // there is no boundary
				}
				all[key] = resolve(element)
			}
			return all
		default:
			return v
		}
	}
	role := template.Resources["Role"]
	if role.Type != "AWS::IAM::Role" {
		t.Fatalf("the resource is %q", role.Type)
	}
	properties := resolve(role.Properties).(map[string]any)
	inline := properties["Policies"].([]any)[0].(map[string]any)
	return deployment{
		name: properties["RoleName"].(string), path: properties["Path"].(string),
		trust: string(marshal(t, properties["AssumeRolePolicyDocument"])), policy: string(marshal(t, inline["PolicyDocument"])),
	}
}

// attribute evaluates an attribute of a Terraform file, in an account.
func attribute(t *testing.T, text, account, kind, label, name string) string {
	t.Helper()
	file, diags := hclsyntax.ParseConfig([]byte(text), "x.tf", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	context := &hcl.EvalContext{
		Functions: map[string]function.Function{"jsonencode": stdlib.JSONEncodeFunc},
		Variables: map[string]cty.Value{
			"data": cty.ObjectVal(map[string]cty.Value{"aws_caller_identity": cty.ObjectVal(map[string]cty.Value{
				"current": cty.ObjectVal(map[string]cty.Value{"account_id": cty.StringVal(account)}),
			})}),
			"var": cty.ObjectVal(map[string]cty.Value{"role_path": cty.StringVal("/"), "permissions_boundary": cty.NullVal(cty.String)}),
		},
	}
	var found hcl.Expression
	for _, block := range file.Body.(*hclsyntax.Body).Blocks {
		if block.Type == "locals" {
			ids, diags := block.Body.Attributes["external_ids"].Expr.Value(nil)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			context.Variables["local"] = cty.ObjectVal(map[string]cty.Value{"external_ids": ids})
		}
		if slices.Equal(append([]string{block.Type}, block.Labels...), []string{"resource", kind, label}) {
			found = block.Body.Attributes[name].Expr
		}
	}
	value, diags := found.Value(context)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return value.AsString()
}

func putKeyPolicies(t *testing.T, policyOf func(region string) string) {
	t.Helper()
	for _, region := range []string{frankfurt, virginia} {
		_, err := kms.NewFromConfig(sdk("AKIAADMIN0000000000", region)).PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{
			KeyId: aws.String(keyARN(region)), PolicyName: aws.String("default"), Policy: aws.String(policyOf(region)),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestWhatIsBootstrappedIsEnough deploys the files into accounts that have nothing, in the order of the README, and does the job.
func TestWhatIsBootstrappedIsEnough(t *testing.T) {
	serve(t, bareWorld(anything))
	files := bootstrapped(t, dataBlock())
	roles, keys := strings.Index(files["README.md"], "## 1. The role in each target account"), strings.Index(files["README.md"], "## 2. The policy of each key")
	if roles < 0 || keys < roles {
		t.Errorf("the README's order is another:\n%s", files["README.md"])
	}
	terraform, keyTerraform := files["target-role.tf"], files["key-policy.tf"]
	for name, test := range map[string]struct {
		role deployment
		key  func(region string) string
	}{
		"CloudFormation and bare documents": {ofStack(t, files["target-role.stack.json"], targetID), func(region string) string { return files["key-policy."+region+".json"] }},
		"Terraform": {
			deployment{
				attribute(t, terraform, targetID, "aws_iam_role", "ami_share", "name"), attribute(t, terraform, targetID, "aws_iam_role", "ami_share", "path"),
				attribute(t, terraform, targetID, "aws_iam_role", "ami_share", "assume_role_policy"), attribute(t, terraform, targetID, "aws_iam_role_policy", "ami_share", "policy"),
			},
			func(region string) string {
				return attribute(t, keyTerraform, source, "aws_kms_key_policy", "key_policy_"+strings.ReplaceAll(region, "-", "_"), "policy")
			},
		},
		"the AWS CLI": {
			deployment{"ami-share", "/", files["target-role-trust-policy.json"], files["target-role-policy.json"]},
			func(region string) string { return files["key-policy."+region+".json"] },
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, bareWorld(files["packer-policy.json"]))
			test.role.deploy(t)
			putKeyPolicies(t, test.key)
			if complaint := findAndProve(t, server, dataBlock()); complaint != "" {
				t.Fatal(complaint)
			}
			if complaint := shareEverything(t, server, nil); complaint != "" {
				t.Error(complaint)
			}
		})
	}
}

// TestWhatIsBootstrappedIsWhatIsHandedOut: so every statement of it is as necessary as TestThePoliciesHandedOutAreNecessary says.
func TestWhatIsBootstrappedIsWhatIsHandedOut(t *testing.T) {
	serve(t, bareWorld(anything))
	files := bootstrapped(t, dataBlock())
	data := dataBlock()
	data["check_grants"] = false
	handed := handedOut(t, data)
	role := ofStack(t, files["target-role.stack.json"], targetID)
	for name, documents := range map[string][2]string{
		"the role's policy":       {string(handed.targetRole), role.policy},
		"the role's trust policy": {string(handed.targetTrust), role.trust},
		"packer's policy":         {string(handed.source), files["packer-policy.json"]},
		"the bare policy":         {string(handed.targetRole), files["target-role-policy.json"]},
	} {
		if diff := cmp.Diff(unmarshalled(t, documents[0]), unmarshalled(t, documents[1])); diff != "" {
			t.Errorf("%s (-handed out +bootstrapped):\n%s", name, diff)
		}
	}
}

func unmarshalled(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestExternalIDsThatDifferAreBootstrapped(t *testing.T) {
	serve(t, bareWorld(anything))
	data := block(options{"target": []options{target(options{
		"account_ids": []string{targetID, "333333333333"},
		"assume_role": options{"role_name": "sharing/ami-share", "external_ids": map[string]string{targetID: "team-a", "333333333333": "team-b"}},
	})}})
	files := bootstrapped(t, data)
	for account, id := range map[string]string{targetID: "team-a", "333333333333": "team-b"} {
		role := ofStack(t, files["target-role.stack.json"], account)
		if role.path != "/sharing/" || !strings.Contains(role.trust, `"sts:ExternalId":"`+id+`"`) || !strings.Contains(role.policy, "arn:aws:iam::"+account+":role/aws-service-role/") {
			t.Errorf("the stack in account %s is %+v", account, role)
		}
		if trust := attribute(t, files["target-role.tf"], account, "aws_iam_role", "ami_share", "assume_role_policy"); !strings.Contains(trust, `"sts:ExternalId":"`+id+`"`) {
			t.Errorf("Terraform's trust policy in account %s is %s", account, trust)
		}
	}
	if !strings.Contains(files["target-role-trust-policy.333333333333.json"], "team-b") || strings.Contains(files["target-role-trust-policy.333333333333.json"], "team-a") {
		t.Errorf("the files are %q", slices.Sorted(maps.Keys(files)))
	}
}

func TestBootstrappingAgainReplacesWhatItWrote(t *testing.T) {
	w := bareWorld(anything)
	serve(t, w)
	files := bootstrapped(t, dataBlock())
	for i, region := range []string{frankfurt, virginia} {
		w.Accounts[0].Keys[i].Policy = json.RawMessage(files["key-policy."+region+".json"])
	}
	w.Accounts[1].Roles = []awssim.WorldRole{{Name: "ami-share", TrustPolicy: json.RawMessage(files["target-role-trust-policy.json"])}}
	serve(t, w)
	again := bootstrapped(t, dataBlock())
	if diff := cmp.Diff(files, again); diff != "" {
		t.Errorf("the files (-first +second):\n%s", diff)
	}
}

// TestFilesOfAnEarlierConfigurationGo: those that the first run wrote, and nothing else that lies in the folder.
func TestFilesOfAnEarlierConfigurationGo(t *testing.T) {
	serve(t, bareWorld(anything))
	folder := filepath.Join(t.TempDir(), "bootstrap")
	run := func(region string) []string {
		data := block(options{"bootstrap_directory": folder, "check_grants": false, "regions": []string{region}, "target": []options{target(nil)}})
		mustExecute(t, data)
		names, err := filepath.Glob(filepath.Join(folder, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range names {
			names[i] = filepath.Base(names[i])
		}
		return names
	}
	first := run(frankfurt)
	for _, name := range []string{"notes.txt", "key-policy-of-mine.json"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	second := run(virginia)
	gone := slices.DeleteFunc(slices.Clone(first), func(name string) bool { return slices.Contains(second, name) })
	if want := []string{"key-policy." + frankfurt + ".json"}; !slices.Equal(gone, want) {
		t.Errorf("gone are %q, want %q", gone, want)
	}
	if want := []string{"key-policy-of-mine.json", "key-policy." + virginia + ".json", "notes.txt"}; !slices.Equal(want, slices.DeleteFunc(second, func(name string) bool { return slices.Contains(first, name) })) {
		t.Errorf("the files are %q", second)
	}
}

func TestWhatCanNotBeBootstrapped(t *testing.T) {
	serve(t, bareWorld(anything))
	occupied := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(occupied, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var groups []string
	for i := range 200 {
		groups = append(groups, strings.Repeat("g", 60)+string(rune('a'+i%26))+strings.Repeat("x", i/26))
	}
	for name, test := range map[string]struct {
		change options
		want   string
	}{
		"a folder that is a file": {options{"bootstrap_directory": occupied}, "Name a folder that can be written to"},
		"a role with too much to do": {
			options{"bootstrap_directory": filepath.Join(t.TempDir(), "x"), "target": []options{target(options{"auto_scaling_groups": groups})}}, "and AWS takes 10240",
		},
		"an account without an external ID beside one with": {
			options{"bootstrap_directory": filepath.Join(t.TempDir(), "x"), "target": []options{target(options{
				"account_ids": []string{targetID, "333333333333"}, "assume_role": options{"role_name": "x", "external_ids": map[string]string{targetID: "team-a", "333333333333": ""}},
			})}}, "account 333333333333 has no external ID",
		},
	} {
		t.Run(name, func(t *testing.T) {
			change := test.change
			change["check_grants"] = false
			if _, err := execute(block(change)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
