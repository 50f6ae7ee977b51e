// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// refusable are calls of each service, with the resource that AWS names.
var refusable = map[string]struct {
	call     func(context.Context, aws.Config) error
	resource string
}{
	"autoscaling:DescribeAutoScalingGroups": {func(ctx context.Context, c aws.Config) error {
		return only(autoscaling.NewFromConfig(c).DescribeAutoScalingGroups(ctx, nil))
	}, ""},
	"ec2:DescribeImages": {func(ctx context.Context, c aws.Config) error {
		return only(ec2.NewFromConfig(c).DescribeImages(ctx, nil))
	}, ""},
	"iam:GetRole": {func(ctx context.Context, c aws.Config) error {
		return only(iam.NewFromConfig(c).GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("caller")}))
	}, callerARN},
	"kms:DescribeKey": {func(ctx context.Context, c aws.Config) error { return describe2(ctx, c, *shared) }, keyARN(sharedKey)},
	"organizations:DescribeOrganization": {func(ctx context.Context, c aws.Config) error {
		return only(organizations.NewFromConfig(c).DescribeOrganization(ctx, nil))
	}, ""},
	"ssm:GetParameter": {func(ctx context.Context, c aws.Config) error {
		return only(ssm.NewFromConfig(c).GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/golden")}))
	}, "arn:aws:ssm:" + home + ":" + source + ":parameter/golden"},
	"sts:AssumeRole": {func(ctx context.Context, c aws.Config) error {
		return only(sts.NewFromConfig(c).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String(workerARN), RoleSessionName: aws.String("x2"), ExternalId: aws.String("secret")}))
	}, workerARN},
	"tag:GetResources": {func(ctx context.Context, c aws.Config) error {
		return only(resourcegroupstaggingapi.NewFromConfig(c).GetResources(ctx, nil))
	}, ""},
}

// refusals are worlds that refuse an action, with AWS's words for it. The session policy is the caller's.
type refusals struct {
	change  func(w *awssim.World, action string)
	session func(action string) string
	words   string // after the resource; ACTION stands for the action
	only    string // services that it reaches, "" for all
}

const callerARN = "arn:aws:iam::" + source + ":role/caller"

// callerOf is the role that calls.
func callerOf(w *awssim.World) *awssim.WorldRole {
	return &w.Accounts[0].Roles[len(w.Accounts[0].Roles)-1]
}

func inCompany(w *awssim.World) *awssim.WorldOrganization { return &w.Organizations[0] }

// TestRefusalsAreInAWSsWords has each kind of policy refuse a call of each service.
//
//   - https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
//   - https://aws.amazon.com/blogs/security/enhanced-access-denied-error-messages-with-policy-arns
func TestRefusalsAreInAWSsWords(t *testing.T) {
	const itself, others = `"Condition":{"ArnEquals":{"aws:PrincipalArn":"` + callerARN + `"}},`, `"Condition":{"ArnNotEquals":{"aws:PrincipalArn":"` + callerARN + `"}},`
	deny := func(action string) json.RawMessage { return controlStatement("Deny", action, itself) }
	everything := json.RawMessage(allowEverything)
	allBut := func(action string) json.RawMessage {
		return json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"` + action + `","Resource":"*"},{"Effect":"Allow",` + others + `"Action":"*","Resource":"*"}]}`)
	}
	denyOnResources := func(action string) json.RawMessage {
		return controlStatement("Deny", action, itself+`"Principal":"*",`)
	}
	const policies = "arn:aws:organizations::999999999998:policy/o-golden0000/"
	managed := func(w *awssim.World, document json.RawMessage) string {
		w.Accounts[0].ManagedPolicies = []awssim.WorldPolicy{{Name: "p", Document: document}}
		return "arn:aws:iam::" + source + ":policy/p"
	}
	for sentence, refusing := range map[string]refusals{
		"an identity policy denies": {change: func(w *awssim.World, action string) {
			callerOf(w).Policies = []json.RawMessage{everything, deny(action)}
		}, words: "with an explicit deny in an identity-based policy"},
		"a managed policy denies": {change: func(w *awssim.World, action string) {
			callerOf(w).ManagedPolicies = []string{managed(w, deny(action))}
		}, words: "with an explicit deny in an identity-based policy: arn:aws:iam::" + source + ":policy/p"},
		"a session policy denies": {session: func(action string) string {
			return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"` + action + `","Resource":"*"}]}`
		}, words: "with an explicit deny in a session policy"},
		"no session policy allows": {session: func(action string) string { return string(allBut(action)) }, words: "because no session policy allows the ACTION action"},
		"a boundary denies": {change: func(w *awssim.World, action string) {
			callerOf(w).PermissionsBoundary = managed(w, deny(action))
		}, words: "with an explicit deny in a permissions boundary: arn:aws:iam::" + source + ":policy/p"},
		"no boundary allows": {change: func(w *awssim.World, action string) {
			callerOf(w).PermissionsBoundary = managed(w, allBut(action))
		}, words: "because no permissions boundary allows the ACTION action"},
		"a service control policy denies": {change: func(w *awssim.World, action string) {
			inCompany(w).ServiceControlPolicies = []awssim.WorldControlPolicy{{ID: "p-golden01", Targets: []string{"r-gold"}, Document: deny(action)}}
		}, words: "with an explicit deny in a service control policy: " + policies + "service_control_policy/p-golden01"},
		"no service control policy allows": {change: func(w *awssim.World, action string) {
			inCompany(w).ServiceControlPolicies = []awssim.WorldControlPolicy{{ID: "p-golden01", Targets: []string{"r-gold"}, Document: allBut(action)}}
			inCompany(w).WithoutFullAccess = []string{"r-gold"}
		}, words: "because no service control policy allows the ACTION action"},
		"a resource control policy denies": {change: func(w *awssim.World, action string) {
			inCompany(w).ResourceControlPolicies = []awssim.WorldControlPolicy{{ID: "p-golden02", Targets: []string{"r-gold"}, Document: denyOnResources(action)}}
		}, words: "with an explicit deny in a resource control policy: " + policies + "resource_control_policy/p-golden02", only: "kms sts"},
		"a resource control policy of another organization denies": {change: func(w *awssim.World, action string) {
			inCompany(w).Accounts = []string{source}
			w.Organizations = append(w.Organizations, awssim.WorldOrganization{
				ID: "o-other00000", ManagementAccount: "999999999997", Root: "r-othr", Accounts: []string{target}, ResourceControlPolicies: []awssim.WorldControlPolicy{
					{ID: "p-golden02", Targets: []string{"r-othr"}, Document: denyOnResources(action)},
				},
			})
		}, words: "with an explicit deny in a resource control policy", only: "sts"},
		"the role's trust policy denies": {change: func(w *awssim.World, action string) {
			w.Accounts[1].Roles[0].TrustPolicy = json.RawMessage(strings.Replace(string(w.Accounts[1].Roles[0].TrustPolicy), `"Statement":[`,
				`"Statement":[{"Effect":"Deny","Principal":"*","Action":"`+action+`"},`, 1))
		}, words: "with an explicit deny in the role trust policy", only: "sts"},
		"the role's trust policy does not allow": {change: func(w *awssim.World, _ string) {
			w.Accounts[1].Roles[0].TrustPolicy = json.RawMessage(trust("arn:aws:iam::" + target + ":root"))
		}, only: "sts"},
		"the role does not exist":          {change: func(w *awssim.World, _ string) { w.Accounts[1].Roles = nil }, only: "sts"},
		"no identity policy allows a role": {change: func(w *awssim.World, action string) { callerOf(w).Policies = []json.RawMessage{allBut(action)} }, only: "sts"},
		"no identity policy allows": {change: func(w *awssim.World, action string) {
			callerOf(w).Policies = []json.RawMessage{allBut(action)}
		}, words: "because no identity-based policy allows the ACTION action", only: "autoscaling ec2 iam organizations ssm tag"},
		"the key's policy denies": {change: func(w *awssim.World, action string) {
			w.Accounts[0].Keys[0].Policy = json.RawMessage(keyPolicy(`{"Effect":"Deny","Principal":"*","Action":"` + action + `","Resource":"*"}`))
		}, words: "with an explicit deny in a resource-based policy", only: "kms"},
		"the key's policy does not allow": {change: func(w *awssim.World, _ string) {
			w.Accounts[0].Keys[0].Policy = json.RawMessage(`{"Version":"2012-10-17","Statement":[` + to("arn:aws:iam::"+source+":user/"+administrator, "kms:*", "") + `]}`)
		}, words: "because no resource-based policy allows the ACTION action", only: "kms"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			for action := range refusable {
				if service, _, _ := strings.Cut(action, ":"); refusing.only == "" || strings.Contains(refusing.only, service) {
					refusing.check(t, action)
				}
			}
		})
	}
}

func (r refusals) check(t *testing.T, action string) {
	t.Helper()
	world := authorityWorld(t, "", "")
	world.Organizations = []awssim.WorldOrganization{{ID: "o-golden0000", ManagementAccount: "999999999998", Root: "r-gold", Accounts: []string{source, target}}}
	world.Accounts[0].Roles = append(world.Accounts[0].Roles, awssim.WorldRole{
		Name: "caller", TrustPolicy: json.RawMessage(trust("arn:aws:iam::" + source + ":root")), Policies: []json.RawMessage{json.RawMessage(allowEverything)},
	})
	if r.change != nil {
		r.change(&world, action)
	}
	config := start(t, world).config(t, administrator, home)
	config.Credentials = stscreds.NewAssumeRoleProvider(sts.NewFromConfig(config), callerARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = "session"
		if r.session != nil {
			o.Policy = aws.String(r.session(action))
		}
	})
	want := "User: arn:aws:sts::" + source + ":assumed-role/caller/session is not authorized to perform: " + action
	if resource := refusable[action].resource; resource != "" {
		want += " on resource: " + resource
	}
	want = strings.TrimSpace(want + " " + strings.ReplaceAll(r.words, "ACTION", action))
	if strings.HasPrefix(action, "ec2:") {
		want = "You are not authorized to perform this operation. " + want + ". Encoded authorization failure message: none"
	}
	err := refusable[action].call(t.Context(), config)
	if got := message(err); got != want {
		t.Errorf("%s says\n%q, want\n%q (%v)", action, got, want, err)
	}
}

// message is what AWS says, "" for nothing.
func message(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorMessage()
	}
	return ""
}
