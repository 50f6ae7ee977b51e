// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

func controlStatement(effect, action, more string) json.RawMessage {
	return json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `",` + more + `"Action":"` + action + `","Resource":"*"}]}`)
}

// TestWhatAnOrganizationAllows has policies of the organization, which no policy of an account or a key makes up for.
//
//   - https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
//   - https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_evaluation.html
//   - https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
//   - https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html for the words
func TestWhatAnOrganizationAllows(t *testing.T) {
	const unit, arn = "ou-gold-12345678", "arn:aws:organizations::999999999998:policy/o-golden0000/"
	scp := func(target string, document json.RawMessage, without ...string) func(*awssim.World) {
		return func(w *awssim.World) {
			w.Organizations[0].ServiceControlPolicies = []awssim.WorldControlPolicy{{ID: "p-golden01", Targets: []string{target}, Document: document}}
			w.Organizations[0].WithoutFullAccess = without
		}
	}
	rcp := func(target string, document json.RawMessage) func(*awssim.World) {
		return func(w *awssim.World) {
			w.Organizations[0].ResourceControlPolicies = []awssim.WorldControlPolicy{{ID: "p-golden02", Targets: []string{target}, Document: document}}
		}
	}
	manages := func(account string, change func(*awssim.World)) func(*awssim.World) {
		return func(w *awssim.World) { w.Organizations[0].ManagementAccount = account; change(w) }
	}
	noKeys, onlyEC2 := controlStatement("Deny", "kms:*", ""), controlStatement("Allow", "ec2:*", "")
	everybody := `"Principal":"*",`
	for sentence, test := range map[string]struct {
		change func(*awssim.World)
		want   string
		words  string
	}{
		"nothing":                                {func(*awssim.World) {}, "", ""},
		"a deny at the root":                     {scp("r-gold", noKeys), deniedKMS, "with an explicit deny in a service control policy: " + arn + "service_control_policy/p-golden01"},
		"a deny at the account's unit":           {scp(unit, noKeys), deniedKMS, "with an explicit deny in a service control policy"},
		"a deny at the account":                  {scp(target, noKeys), deniedKMS, "with an explicit deny in a service control policy"},
		"a deny at another account":              {scp(source, noKeys), "", ""},
		"a deny, in the management account":      {manages(target, scp("r-gold", noKeys)), "", ""},
		"an allow in place of FullAWSAccess":     {scp(unit, onlyEC2, unit), deniedKMS, "because no service control policy allows the kms:DescribeKey action"},
		"an allow besides FullAWSAccess":         {scp(unit, onlyEC2), "", ""},
		"a deny of the key's account":            {rcp(source, controlStatement("Deny", "kms:*", everybody)), deniedKMS, "no resource-based policies allow access"},
		"a deny of the caller's, for its own":    {rcp(target, controlStatement("Deny", "kms:*", everybody)), "", ""},
		"a deny of the key's, which manages all": {manages(source, rcp("r-gold", controlStatement("Deny", "kms:*", everybody))), "", ""},
		"a boundary that does not allow it": {func(w *awssim.World) {
			w.Accounts[1].ManagedPolicies = []awssim.WorldPolicy{{Name: "bounds", Document: onlyEC2}}
			w.Accounts[1].Roles[0].PermissionsBoundary = "arn:aws:iam::" + target + ":policy/bounds"
		}, deniedKMS, "no resource-based policies allow access"},
		"a boundary that does": {func(w *awssim.World) {
			w.Accounts[1].ManagedPolicies = []awssim.WorldPolicy{{Name: "bounds", Document: controlStatement("Allow", "kms:*", "")}}
			w.Accounts[1].Roles[0].PermissionsBoundary = "arn:aws:iam::" + target + ":policy/bounds"
		}, "", ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			world := authorityWorld(t, keyPolicy(to("arn:aws:iam::"+target+":root", "kms:*", "")), allow(`"kms:*"`, ""))
			world.Organizations = []awssim.WorldOrganization{{
				ID: "o-golden0000", ManagementAccount: "999999999998", Root: "r-gold", Accounts: []string{source}, Units: []awssim.WorldUnit{{ID: unit, Accounts: []string{target}}},
			}}
			test.change(&world)
			if world.Organizations[0].ManagementAccount != "999999999998" {
				test.words = strings.ReplaceAll(test.words, "999999999998", world.Organizations[0].ManagementAccount)
			}
			err := describe2(t.Context(), start(t, world).worker(t, home), *shared)
			if got := code(err); got != test.want || err != nil && !strings.Contains(err.Error(), test.words) {
				t.Errorf("%v, want %q: %s", err, test.want, test.words)
			}
		})
	}
}

// TestServiceLinkedRolesAreNotControlled has a group in an account whose principals may not use a key at all.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
func TestServiceLinkedRolesAreNotControlled(t *testing.T) {
	world := computeWorld(t)
	grants := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["kms:Decrypt","kms:ReEncrypt*"],"Resource":"*"}]}`
	world.Organizations = []awssim.WorldOrganization{{
		ID: "o-golden0000", ManagementAccount: source, Root: "r-gold", Accounts: []string{target},
		ServiceControlPolicies: []awssim.WorldControlPolicy{{ID: "p-golden01", Targets: []string{target}, Document: json.RawMessage(grants)}},
	}}
	f := start(t, world)
	groups := autoscaling.NewFromConfig(f.config(t, targetAdmin, home))
	must(t, only(groups.CreateAutoScalingGroup(t.Context(), newScalingGroup("g", "cmk", 1))))
	must(t, only(ec2.NewFromConfig(f.config(t, administrator, home)).ModifyImageAttribute(t.Context(),
		launchWith("ami-cmk", types.LaunchPermission{UserId: aws.String(target)}, nil))))
	grantToGroups(t, f, targetAdmin, sharedKey)
	if got := newest(t.Context(), t, groups, "g"); got.StatusCode != astypes.ScalingActivityStatusCodeSuccessful {
		t.Errorf("the launch: %s", aws.ToString(got.StatusMessage))
	}
}

func TestPoliciesOfAnOrganizationAreChecked(t *testing.T) {
	for sentence, policy := range map[string]awssim.WorldControlPolicy{
		"a target that is none":             {ID: "p-golden01", Targets: []string{"ou-none-00000000"}, Document: controlStatement("Deny", "kms:*", "")},
		"a document that names a principal": {ID: "p-golden01", Targets: []string{source}, Document: controlStatement("Deny", "kms:*", `"Principal":"*",`)},
	} {
		world := computeWorld(t)
		world.Organizations = []awssim.WorldOrganization{{ID: "o-golden0000", ManagementAccount: target, Accounts: []string{source}, ServiceControlPolicies: []awssim.WorldControlPolicy{policy}}}
		if _, err := awssim.New(world); err == nil || !strings.Contains(err.Error(), "p-golden01") {
			t.Errorf("%s: %v", sentence, err)
		}
	}
}
