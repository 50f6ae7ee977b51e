// SPDX-License-Identifier: MPL-2.0

package policy_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/policy"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

var update = flag.Bool("update", false, "write the golden files of docs/policies")

const (
	source   = sharing.AccountID("111111111111")
	keyOwner = sharing.AccountID("999999999999")
)

func key(region string, account sharing.AccountID) string {
	return fmt.Sprintf("arn:aws:kms:%s:%s:key/1234abcd-12ab-34cd-56ef-1234567890ab", region, account)
}

func target(t *testing.T, account sharing.AccountID, roles ...string) policy.Target {
	t.Helper()
	result := policy.Target{
		Target:     sharing.Target{Account: account, Credentials: true},
		RoleARN:    fmt.Sprintf("arn:aws:iam::%s:role/ami-share", account),
		ExternalID: "golden-images",
	}
	for _, role := range roles {
		grantee, err := sharing.ParseServiceLinkedRole(role)
		if err != nil {
			t.Fatal(err)
		}
		result.Grantees = append(result.Grantees, grantee)
	}
	return result
}

func oneTarget(t *testing.T) policy.Config {
	return policy.Config{
		SourceAccount:   source,
		SourcePrincipal: "arn:aws:iam::111111111111:role/packer",
		Keys:            []string{key("eu-central-1", source), key("us-east-1", source)},
		Targets:         []policy.Target{target(t, "222222222222", "autoscaling")},
		Operations:      sharing.DefaultGrantOperations(),
		ShareSnapshots:  true, Verify: true, Explain: true, Build: true,
	}
}

func everyOption(t *testing.T) policy.Config {
	c := oneTarget(t)
	first := target(t, "222222222222", "autoscaling/golden", "spot")
	first.CreateServiceLinkedRoles, first.CopyTags, first.SessionTags = true, true, true
	first.AutoScalingGroups = []string{"web"}
	second := target(t, "333333333333", "autoscaling")
	second.RoleARN, second.ExternalID = "arn:aws:iam::333333333333:role/pipelines/ami-share", "golden-images-3"
	second.ProveUse, second.MustUse, second.Regions = true, true, []sharing.Region{"eu-central-1"}
	second.Canaries = []sharing.Canary{{Region: "eu-central-1", Subnet: "subnet-0123456789abcdef0", InstanceType: "t3.micro"}}
	second.Grantees = append(second.Grantees, sharing.Grantee{Path: "/", Name: "karpenter"})
	profile := target(t, "444444444444", "autoscaling")
	profile.RoleARN, profile.ExternalID = "", ""
	c.Targets = []policy.Target{first, second, profile, {Target: sharing.Target{Account: "555555555555"}}}
	c.FindByTags, c.EndGrants, c.Exact = true, true, true
	parameter := sharing.Parameter{Name: "/golden/web/ami", DataType: sharing.ImageParameter, Labels: []string{"live"}, Tags: map[string]string{"team": "images"}}
	c.Announcements = sharing.Announcements{Parameters: []sharing.Parameter{parameter}, SharedTags: sharing.SharedTags(map[string]string{"status": "approved"}), Watermark: "approved"}
	c.Targets[1].Announcements = sharing.Announcements{
		Parameters: []sharing.Parameter{parameter}, Templates: []sharing.LaunchTemplate{{Named: "web"}, {Named: "lt-0123456789abcdef0", Default: true}},
	}
	return c
}

func thirdAccount(t *testing.T) policy.Config {
	c := oneTarget(t)
	c.Keys = []string{key("eu-central-1", keyOwner)}
	return c
}

func many(t *testing.T, n int) policy.Config {
	c := oneTarget(t)
	c.Targets = nil
	for i := range n {
		c.Targets = append(c.Targets, target(t, sharing.AccountID(fmt.Sprintf("2%011d", i)), "autoscaling"))
	}
	return c
}

func organization(t *testing.T) policy.Config {
	c := many(t, 300)
	c.OrganizationID = "o-exampleorgid"
	return c
}

// govCloud is in another partition, and is run by a role of which only the session is known.
func govCloud(t *testing.T) policy.Config {
	c := oneTarget(t)
	c.Partition, c.SourcePrincipal, c.SourceRole = "aws-us-gov", "", "ci"
	c.Keys = []string{"arn:aws-us-gov:kms:us-gov-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"}
	c.Targets[0].RoleARN = "arn:aws-us-gov:iam::222222222222:role/ami-share"
	return c
}

func TestDocumentsAreThoseInDocs(t *testing.T) {
	for name, c := range map[string]policy.Config{
		"one-target": oneTarget(t), "every-option": everyOption(t), "third-account-key": thirdAccount(t), "organization": organization(t),
		"govcloud": govCloud(t),
	} {
		for kind, got := range map[string]string{
			"key-policy-statements": policy.KeyPolicyStatements(c),
			"target-role-policy":    policy.TargetRolePolicy(c),
			"target-role-trust":     policy.TargetRoleTrustPolicy(c),
			"source-policy":         policy.SourcePolicy(c),
		} {
			t.Run(name+"."+kind, func(t *testing.T) { golden(t, name+"."+kind+".json", got+"\n") })
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("..", "..", "docs", "policies", name)
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
		t.Errorf("%s (-file +now), go test ./internal/policy -update writes it:\n%s", path, diff)
	}
}

// statements reads what was written, as somebody else would.
type statement struct {
	Sid       string
	Principal map[string]any
	Action    any
	Resource  any
	Condition map[string]map[string]any
}

func keyStatements(t *testing.T, c policy.Config) map[string]statement {
	t.Helper()
	var list []statement
	if err := json.Unmarshal([]byte(policy.KeyPolicyStatements(c)), &list); err != nil {
		t.Fatal(err)
	}
	return bySid(list)
}

func documentStatements(t *testing.T, text string) map[string]statement {
	t.Helper()
	var doc struct{ Statement []statement }
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	return bySid(doc.Statement)
}

func bySid(list []statement) map[string]statement {
	statements := map[string]statement{}
	for _, s := range list {
		statements[s.Sid] = s
	}
	return statements
}

func TestNoConditionOfGrantsIsInTheWayOfLooking(t *testing.T) {
	for name, c := range map[string]policy.Config{"named": oneTarget(t), "organization": organization(t)} {
		t.Run(name, func(t *testing.T) {
			for _, keys := range keyStatements(t, c)["AmiShareLook"].Condition {
				for conditionKey := range keys {
					if strings.HasPrefix(conditionKey, "kms:") {
						t.Errorf("looking depends on %s", conditionKey)
					}
				}
			}
		})
	}
}

// TestAnAccountInAKeyPolicyStandsForItsRole in every statement: nobody else of the account may use the key.
func TestAnAccountInAKeyPolicyStandsForItsRole(t *testing.T) {
	c := everyOption(t)
	c.AccountsInKeyPolicies = true
	var statements []struct {
		Sid       string
		Principal struct{ AWS any }
		Condition map[string]map[string]any
	}
	if err := json.Unmarshal([]byte(policy.KeyPolicyStatements(c)), &statements); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, s := range statements {
		names[s.Sid] = true
		if !strings.HasSuffix(s.Sid, "InAccounts") {
			continue
		}
		roles := fmt.Sprint(s.Condition["StringEquals"]["aws:PrincipalArn"], s.Condition["StringLike"]["aws:PrincipalArn"])
		if !strings.Contains(roles, "arn:aws:iam::333333333333:role/pipelines/ami-share") {
			t.Errorf("%s is for %v under the condition %v", s.Sid, s.Principal.AWS, s.Condition)
		}
	}
	for _, want := range []string{"AmiShareCreateGrantsInAccounts", "AmiShareLookInAccounts", "AmiShareUseInAccounts"} {
		if !names[want] {
			t.Errorf("there is no statement %s: %v", want, names)
		}
	}
}

func TestKeyPolicyStatementsFit(t *testing.T) {
	for name, test := range map[string]struct {
		config  policy.Config
		fits    bool
		orgOnly bool
	}{
		"a hundred targets are named":                                     {many(t, 100), true, false},
		"three hundred are given by their organization":                   {organization(t), true, true},
		"two hundred of no organization have their grantees by a pattern": {many(t, 200), true, false},
		"a thousand of no organization don't fit":                         {many(t, 1000), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			text := policy.KeyPolicyStatements(test.config)
			if fits := !policy.TooLong(text); fits != test.fits {
				t.Errorf("fits %v with %d bytes, want %v", fits, len(text), test.fits)
			}
			if org := strings.Contains(text, "aws:PrincipalOrgID"); org != test.orgOnly {
				t.Errorf("organization %v, want %v", org, test.orgOnly)
			}
			if strings.Contains(text, "222222222222") {
				t.Error("names an account that is no target")
			}
		})
	}
}

func TestNothingIsWiderThanWhatIsKnown(t *testing.T) {
	c := oneTarget(t)
	c.Resources = []string{"arn:aws:ec2:eu-central-1::image/ami-1", "arn:aws:ec2:eu-central-1::snapshot/snap-1"}
	// These actions know no resources, or the plugin looks for what it doesn't know yet.
	anything := map[string]bool{"AmiShareFind": true, "AmiShareVerify": true, "AmiShareDefaultKeys": true}
	for _, text := range []string{policy.SourcePolicy(c), policy.TargetRolePolicy(c)} {
		for sid, s := range documentStatements(t, text) {
			if strings.Contains(fmt.Sprint(s.Resource), "*") && !anything[sid] {
				t.Errorf("%s is about %v", sid, s.Resource)
			}
			if strings.Contains(fmt.Sprint(s.Action), "*") {
				t.Errorf("%s allows %v", sid, s.Action)
			}
		}
	}
}

// TestAnnouncementsTakeNothingUnlessTheyAreAskedFor: nor does a canary.
func TestAnnouncementsTakeNothingUnlessTheyAreAskedFor(t *testing.T) {
	for name, document := range map[string]string{"source": policy.SourcePolicy(oneTarget(t)), "target role": policy.TargetRolePolicy(oneTarget(t))} {
		for _, action := range []string{"ssm:", "Tags", "Watermark", "LaunchTemplate", "RunInstances"} {
			if strings.Contains(document, action) {
				t.Errorf("the policy of the %s allows %s:\n%s", name, action, document)
			}
		}
	}
}

func TestTargetsWithoutCredentialsNeedNothing(t *testing.T) {
	c := oneTarget(t)
	c.Targets = []policy.Target{{Target: sharing.Target{Account: "555555555555"}}}
	if got := policy.KeyPolicyStatements(c); got != "[]" {
		t.Errorf("key policy statements: %s", got)
	}
	for name, text := range map[string]string{
		"key": policy.KeyPolicyStatements(c), "target": policy.TargetRolePolicy(c), "source": policy.SourcePolicy(c),
	} {
		if strings.Contains(text, "555555555555") {
			t.Errorf("%s names the account:\n%s", name, text)
		}
	}
}

func TestOtherPartitions(t *testing.T) {
	c := oneTarget(t)
	c.Partition, c.SourcePrincipal = "aws-cn", ""
	c.Keys = []string{"arn:aws-cn:kms:cn-north-1:111111111111:key/1"}
	c.Targets[0].RoleARN = "arn:aws-cn:iam::222222222222:role/ami-share"
	for _, text := range []string{
		policy.KeyPolicyStatements(c), policy.TargetRolePolicy(c), policy.TargetRoleTrustPolicy(c), policy.SourcePolicy(c),
	} {
		if strings.Contains(text, "arn:aws:") {
			t.Errorf("an ARN is of another partition:\n%s", text)
		}
	}
}

func TestPoliciesOfManyTargetsFitAManagedPolicy(t *testing.T) {
	for name, test := range map[string]struct{ text, role string }{
		"of the targets' role": {policy.TargetRolePolicy(many(t, 200)), "arn:aws:iam::*:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"},
		"of the source":        {policy.SourcePolicy(many(t, 200)), "arn:aws:iam::*:role/ami-share"},
	} {
		t.Run(name, func(t *testing.T) {
			if n := len(strings.Join(strings.Fields(test.text), "")); n > 6144 {
				t.Errorf("%d characters", n)
			}
			if !strings.Contains(test.text, `"`+test.role+`"`) {
				t.Errorf("the roles are not given by their names:\n%s", test.text)
			}
		})
	}
}

func TestTheSourcesPolicyIsSplitWhereItIsTooLong(t *testing.T) {
	short := oneTarget(t)
	if got := policy.SourcePolicies(short); len(got) != 1 || got[0] != policy.SourcePolicy(short)+"\n" {
		t.Errorf("a policy that fits is split into %d", len(got))
	}
	long := many(t, 300)
	for i := range long.Targets {
		long.Targets[i].RoleARN = fmt.Sprintf("%s-of-team-number-%d", long.Targets[i].RoleARN, i)
	}
	long.Keys = nil
	for i := range 30 {
		long.Keys = append(long.Keys, fmt.Sprintf("arn:aws:kms:eu-central-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890%02d", i))
	}
	documents := policy.SourcePolicies(long)
	allowed := map[string]bool{}
	for i, text := range documents {
		if n := policy.Length(text); n > policy.ManagedPolicyLimit {
			t.Errorf("part %d has %d characters", i+1, n)
		}
		var doc struct{ Statement []statement }
		if err := json.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatal(err)
		}
		if len(bySid(doc.Statement)) != len(doc.Statement) {
			t.Errorf("part %d has a name twice", i+1)
		}
		for _, s := range doc.Statement {
			for _, resource := range list(s.Resource) {
				for _, action := range list(s.Action) {
					allowed[action+" "+resource] = true
				}
			}
		}
	}
	for _, target := range long.Targets {
		if !allowed["sts:AssumeRole "+target.RoleARN] {
			t.Errorf("%s can't be assumed", target.RoleARN)
		}
	}
	for _, key := range long.Keys {
		if !allowed["kms:ListGrants "+key] || !allowed["kms:Decrypt "+key] {
			t.Errorf("%s can't be used", key)
		}
	}
	if len(documents) < 3 || len(documents) > policy.ManagedPolicies {
		t.Errorf("there are %d parts", len(documents))
	}
}

// list is a value of a document, which stands alone where there is one.
func list(v any) []string {
	if one, ok := v.(string); ok {
		return []string{one}
	}
	var all []string
	for _, element := range v.([]any) {
		all = append(all, element.(string))
	}
	return all
}
