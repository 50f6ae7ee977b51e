// SPDX-License-Identifier: MPL-2.0

package bootstrap_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/amishare/packer-plugin-ami-share/internal/bootstrap"
	"github.com/amishare/packer-plugin-ami-share/internal/policy"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

var update = flag.Bool("update", false, "write the golden files of testdata")

const (
	frankfurt = "arn:aws:kms:eu-central-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	oregon    = "arn:aws:kms:us-west-2:111111111111:key/0987dcba-09fe-87dc-65ba-ab0987654321"
	// own is the policy of a key that has a statement of an administrator, with a variable, and four of the plugin: of a role that
	// was deleted, of an account that the new ones let in as well, of another template, and one that was kept before.
	own = `{"Version": "2012-10-17", "Id": "own", "Statement": [
  {"Sid": "Own", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}, "Action": "kms:*", "Resource": "*",
   "Condition": {"StringEquals": {"aws:PrincipalTag/team": "${aws:ResourceTag/team}"}}},
  {"Sid": "AmiShareLook", "Effect": "Allow", "Principal": {"AWS": "AROAEXAMPLEOFAROLETHA"}, "Action": "kms:ListGrants", "Resource": "*"},
  {"Sid": "AmiShareLook2", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::222222222222:role/ami-share"}, "Action": "kms:ListGrants", "Resource": "*"},
  {"Sid": "AmiShareCreateGrants", "Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::555555555555:role/other", "AROAEXAMPLEOFAROLETHA"]}, "Action": "kms:CreateGrant",
   "Resource": "*", "Condition": {"StringEquals": {"kms:GranteePrincipal": "arn:aws:iam::555555555555:role/Karpenter"}}},
  {"Sid": "AmiShareCreateGrantsKept", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::666666666666:role/other"}, "Action": "kms:CreateGrant", "Resource": "*"}]}`
)

func target(account sharing.AccountID, role, externalID string) policy.Target {
	return policy.Target{
		Target:     sharing.Target{Account: account, Credentials: true, Grantees: []sharing.Grantee{{Service: sharing.AutoScalingService, Path: "/aws-service-role/autoscaling.amazonaws.com/", Name: "AWSServiceRoleForAutoScaling"}}},
		RoleARN:    fmt.Sprintf("arn:aws:iam::%s:role/%s", account, role),
		ExternalID: externalID,
	}
}

func config(targets ...policy.Target) bootstrap.Config {
	return bootstrap.Config{
		Config: policy.Config{
			SourceAccount: "111111111111", SourcePrincipal: "arn:aws:iam::111111111111:role/packer", Keys: []string{frankfurt, oregon},
			Targets: targets, Operations: sharing.DefaultGrantOperations(), ShareSnapshots: true, Verify: true,
		},
		Keys: []bootstrap.Key{{ARN: oregon}, {ARN: frankfurt, Policy: own}}, // the one in Oregon can't be read
	}
}

func TestFiles(t *testing.T) {
	unread := config(target("222222222222", "ami-share", "golden"))
	unread.Keys = unread.Keys[:1]
	for name, c := range map[string]bootstrap.Config{
		"no-policy-can-be-read": unread,
		"one-role":              config(target("222222222222", "ami-share", "golden"), target("333333333333", "ami-share", "golden")),
		"external-ids-differ":   config(target("222222222222", "sharing/ami-share", "two"), target("333333333333", "sharing/ami-share", "three")),
		"several-roles":         config(target("222222222222", "ami.share", ""), target("333333333333", "team/ami.share", "three")),
		"no-role":               config(policy.Target{Target: sharing.Target{Account: "222222222222"}}),
	} {
		t.Run(name, func(t *testing.T) {
			files, problems := bootstrap.Files(c)
			if len(problems) > 0 {
				t.Fatalf("problems: %v", problems)
			}
			others := slices.DeleteFunc(slices.Sorted(maps.Keys(files)), func(name string) bool { return name == bootstrap.Readme })
			if diff := cmp.Diff(others, bootstrap.Listed(files[bootstrap.Readme])); diff != "" {
				t.Errorf("the README lists (-want +got):\n%s", diff)
			}
			archive := new(txtar.Archive)
			for _, file := range slices.Sorted(maps.Keys(files)) {
				checkSyntax(t, file, files[file])
				archive.Files = append(archive.Files, txtar.File{Name: file, Data: []byte(files[file])})
			}
			golden(t, filepath.Join("testdata", name+".txtar"), string(txtar.Format(archive)))
		})
	}
}

func TestNothingIsListedThatIsNotWrittenHere(t *testing.T) {
	readme := "## The files\n\n- `../key-policy.json`\n- `key-policy/x.json`\n- `id_rsa`\n- `target-role.sh`\n- `key-policy.eu-west-1.json`\n"
	if got, want := bootstrap.Listed(readme), []string{"key-policy.eu-west-1.json"}; !slices.Equal(got, want) {
		t.Errorf("listed are %q, want %q", got, want)
	}
	if got := bootstrap.Listed("- `key-policy.tf`\n"); len(got) > 0 {
		t.Errorf("without the heading, listed are %q", got)
	}
}

// checkSyntax fails for a file that its tool could not read.
func checkSyntax(t *testing.T, name, text string) {
	t.Helper()
	switch filepath.Ext(name) {
	case ".json":
		if !json.Valid([]byte(text)) {
			t.Errorf("%s is no JSON:\n%s", name, text)
		}
	case ".tf":
		if _, diagnostics := hclsyntax.ParseConfig([]byte(text), name, hcl.InitialPos); diagnostics.HasErrors() {
			t.Errorf("%s is no HCL: %v\n%s", name, diagnostics, text)
		}
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-file +now), go test ./internal/bootstrap -update writes it:\n%s", path, diff)
	}
}

func TestWhatAWSWouldRefuseIsAProblem(t *testing.T) {
	many := func(n int, externalID func(int) string) []policy.Target {
		var targets []policy.Target
		for i := range n {
			targets = append(targets, target(sharing.AccountID(fmt.Sprintf("%012d", 222000000000+i)), "ami-share", externalID(i)))
		}
		return targets
	}
	differing := func(i int) string { return fmt.Sprintf("id-%d", i) }
	principals := config(target("222222222222", "ami-share", "golden"), target("333333333333", "ami-share", strings.Repeat("x", 1200)))
	for i := range 20 {
		principals.TrustedPrincipals = append(principals.TrustedPrincipals, fmt.Sprintf("arn:aws:iam::111111111111:role/packer-%02d", i))
	}
	full := config(target("222222222222", "ami-share", ""))
	full.Keys[1].Policy = fmt.Sprintf(`{"Statement": {"Sid": "%s"}}`, strings.Repeat("x", policy.KeyPolicyLimit))
	organization := config(many(1000, func(int) string { return "golden" })...)
	organization.OrganizationID = "o-exampleorgid"
	for name, test := range map[string]struct {
		config bootstrap.Config
		want   string
	}{
		"as many external IDs as a mapping holds": {config(many(200, differing)...), ""},
		"more external IDs than a mapping holds": {config(many(201, differing)...), "writing target-role.stack.json for bootstrap_directory: " +
			"the external IDs of 201 accounts differ, and a mapping of CloudFormation holds 200"},
		"one external ID of more accounts": {organization, ""},
		"an account without external ID among others": {
			config(target("222222222222", "ami-share", ""), target("333333333333", "ami-share", "three")),
			"writing target-role for bootstrap_directory: account 222222222222 has no external ID, and other accounts have one",
		},
		"a trust policy too long in the second account only": {principals, "writing target-role for bootstrap_directory: the trust policy has 2"},
		"a key's own policy that leaves no room":             {full, "writing key-policy.eu-central-1 for bootstrap_directory: it has 3"},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := bootstrap.Files(test.config)
			if test.want == "" {
				if len(problems) > 0 {
					t.Errorf("problems: %v", problems)
				}
				return
			}
			if len(problems) != 1 || !strings.HasPrefix(problems[0].Error(), test.want) || problems[0].Remedy == "" {
				t.Errorf("problems: %v, want one that begins with %q and has a remedy", problems, test.want)
			}
		})
	}
}

func TestAKeysOwnStatementsStay(t *testing.T) {
	files, _ := bootstrap.Files(config(target("222222222222", "ami-share", "golden")))
	text := files["key-policy.eu-central-1.json"]
	for _, want := range []string{`"Sid": "Own"`, `"Id": "own"`, "${aws:ResourceTag/team}", "arn:aws:iam::222222222222:role/ami-share"} {
		if !strings.Contains(text, want) {
			t.Errorf("the new policy of the key lacks %s:\n%s", want, text)
		}
	}
	if strings.Contains(text, "AROA") {
		t.Errorf("the new policy of the key names a role that was deleted:\n%s", text)
	}
	if !strings.Contains(files["key-policy.tf"], "$${aws:ResourceTag/team}") {
		t.Errorf("Terraform would evaluate the policy's variable:\n%s", files["key-policy.tf"])
	}
}
