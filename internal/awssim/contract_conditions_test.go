// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/reference"
)

const (
	globalKeys = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html"
	keysOfKMS  = "https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html"
	keysOfEC2  = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html"
	keysOfIAM  = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html"
)

// narrowWorld has a user "narrow" with one policy, and tags on a key and a role.
func narrowWorld(t *testing.T, policy string) awssim.World {
	t.Helper()
	world := computeWorld(t)
	source := &world.Accounts[0]
	source.Users = append(source.Users, awssim.WorldUser{
		Name: "narrow", AccessKeyID: "narrow", SecretAccessKey: "secret", Policies: []json.RawMessage{json.RawMessage(policy)},
	})
	source.Keys[0].Tags = map[string]string{"team": "a"}
	source.Roles = append(source.Roles, awssim.WorldRole{
		Name: "tagged", Tags: map[string]string{"team": "a"}, TrustPolicy: json.RawMessage(trust("arn:aws:iam::" + source.ID + ":root")),
	})
	return world
}

// TestConditionKeys has one row for each key that policies ask for: the policy allows everything under a condition.
func TestConditionKeys(t *testing.T) {
	describeImages := func(ctx context.Context, config aws.Config) error {
		return only(ec2.NewFromConfig(config).DescribeImages(ctx, &ec2.DescribeImagesInput{Owners: []string{"self"}}))
	}
	describeKey := func(ctx context.Context, config aws.Config) error { return describe2(ctx, config, *shared) }
	createKey := func(in *kms.CreateKeyInput) func(context.Context, aws.Config) error {
		return func(ctx context.Context, config aws.Config) error {
			return only(kms.NewFromConfig(config).CreateKey(ctx, in))
		}
	}
	putPolicy := func(bypass bool) func(context.Context, aws.Config) error {
		return func(ctx context.Context, config aws.Config) error {
			policy := keyPolicy()
			return only(kms.NewFromConfig(config).PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: shared, Policy: &policy, BypassPolicyLockoutSafetyCheck: bypass}))
		}
	}
	stop := func(ctx context.Context, config aws.Config) error {
		return only(ec2.NewFromConfig(config).DisableImage(ctx, &ec2.DisableImageInput{ImageId: aws.String("ami-cmk")}))
	}
	role := func(ctx context.Context, config aws.Config) error {
		return only(iam.NewFromConfig(config).GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("tagged")}))
	}
	assume := func(ctx context.Context, config aws.Config) error {
		return only(sts.NewFromConfig(config).AssumeRole(ctx, &sts.AssumeRoleInput{
			RoleArn: aws.String("arn:aws:iam::" + source + ":role/tagged"), RoleSessionName: aws.String("s2"),
		}))
	}
	alias := func(ctx context.Context, config aws.Config) error {
		return only(kms.NewFromConfig(config).CreateAlias(ctx, &kms.CreateAliasInput{AliasName: aws.String("alias/new"), TargetKeyId: shared}))
	}
	for sentence, test := range map[string]struct {
		page      string
		condition string
		call      func(context.Context, aws.Config) error
		want      string
	}{
		"a call comes from an address":       {globalKeys, `"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}`, describeImages, ""},
		"and from no other":                  {globalKeys, `"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}`, describeImages, "UnauthorizedOperation"},
		"a use of a key does too":            {globalKeys, `"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}`, describeKey, ""},
		"a user has no token":                {globalKeys, `"Null":{"aws:TokenIssueTime":"true"}`, describeImages, ""},
		"nor MFA":                            {globalKeys, `"NumericLessThan":{"aws:MultiFactorAuthAge":"3600"}`, describeImages, "UnauthorizedOperation"},
		"a key has its tags":                 {keysOfKMS, `"StringEquals":{"aws:ResourceTag/team":"a"}`, describeKey, ""},
		"and no others":                      {keysOfKMS, `"StringEquals":{"aws:ResourceTag/team":"b"}`, describeKey, "AccessDeniedException"},
		"an AMI has its tags":                {keysOfEC2, `"StringEquals":{"aws:ResourceTag/team":"images"}`, stop, ""},
		"by EC2's own key as well":           {keysOfEC2, `"StringEquals":{"ec2:ResourceTag/team":"images"}`, stop, ""},
		"and no other value":                 {keysOfEC2, `"StringEquals":{"ec2:ResourceTag/team":"b"}`, stop, "UnauthorizedOperation"},
		"all AMIs together have none":        {keysOfEC2, `"StringEquals":{"aws:ResourceTag/team":"a"}`, describeImages, "UnauthorizedOperation"},
		"a role has its tags":                {keysOfIAM, `"StringEquals":{"iam:ResourceTag/team":"a"}`, role, ""},
		"and has them to be assumed":         {keysOfIAM, `"StringEquals":{"aws:ResourceTag/team":"a"}`, assume, ""},
		"a new alias knows the caller":       {keysOfKMS, `"StringEquals":{"kms:CallerAccount":"` + source + `"}`, alias, ""},
		"a new key has its spec":             {keysOfKMS, `"StringEquals":{"kms:KeySpec":"RSA_2048"}`, createKey(&kms.CreateKeyInput{}), "AccessDeniedException"},
		"which is symmetric if none is said": {keysOfKMS, `"StringEquals":{"kms:KeySpec":"SYMMETRIC_DEFAULT","kms:KeyUsage":"ENCRYPT_DECRYPT","kms:KeyOrigin":"AWS_KMS"}`, createKey(&kms.CreateKeyInput{}), ""},
		"and whether it has several Regions": {keysOfKMS, `"Bool":{"kms:MultiRegion":"false"}`, createKey(&kms.CreateKeyInput{MultiRegion: aws.Bool(true)}), "AccessDeniedException"},
		"and skips the check":                {keysOfKMS, `"Bool":{"kms:BypassPolicyLockoutSafetyCheck":"false"}`, createKey(&kms.CreateKeyInput{BypassPolicyLockoutSafetyCheck: true}), "AccessDeniedException"},
		"a new policy skips the check":       {keysOfKMS, `"Bool":{"kms:BypassPolicyLockoutSafetyCheck":"false"}`, putPolicy(true), "AccessDeniedException"},
		"or does not":                        {keysOfKMS, `"Bool":{"kms:BypassPolicyLockoutSafetyCheck":"false"}`, putPolicy(false), ""},
		"keys of grants to services": {
			keysOfKMS, `"Null":{"kms:GranteeServicePrincipal":"true","kms:RetiringServicePrincipal":"true","kms:GrantConstraintSourceArn":"true"}`, describeKey, "",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			f := start(t, narrowWorld(t, allow(`"*"`, `,"Condition":{`+test.condition+`}`)))
			if got := code(test.call(t.Context(), f.config(t, "narrow", home))); got != test.want {
				t.Errorf("%s: code %q, want %q", test.page, got, test.want)
			}
		})
	}
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-tokenissuetime
func TestASessionHasTheTimeOfItsToken(t *testing.T) {
	for condition, want := range map[string]string{
		`"DateGreaterThan":{"aws:TokenIssueTime":"2020-01-01T00:00:00Z"}`: "",
		`"Null":{"aws:TokenIssueTime":"true"}`:                            "UnauthorizedOperation",
	} {
		world := narrowWorld(t, allow(`"*"`, ""))
		roles := world.Accounts[0].Roles
		roles[len(roles)-1].Policies = []json.RawMessage{json.RawMessage(allow(`"*"`, `,"Condition":{`+condition+`}`))}
		config := start(t, world).config(t, administrator, home)
		config.Credentials = stscreds.NewAssumeRoleProvider(sts.NewFromConfig(config), "arn:aws:iam::"+source+":role/tagged")
		if got := code(only(ec2.NewFromConfig(config).DescribeImages(t.Context(), &ec2.DescribeImagesInput{}))); got != want {
			t.Errorf("%s: code %q, want %q", condition, got, want)
		}
	}
}

// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html
func TestRetiringHasTheKeysOfItsGrant(t *testing.T) {
	for condition, want := range map[string]string{
		`"StringEquals":{"kms:GrantConstraintType":"EncryptionContextSubset"}`: "AccessDeniedException",
		`"StringEquals":{"kms:EncryptionContext:app":"x"}`:                     "AccessDeniedException",
		`"StringEquals":{"kms:CallerAccount":"` + source + `"}`:                "AccessDeniedException",
		`"StringEquals":{"kms:GranteePrincipal":"anybody"}`:                    "",
	} {
		deny := strings.TrimSuffix(allow(`"*"`, ""), "]}") + `,{"Effect":"Deny","Action":"kms:RetireGrant","Resource":"*","Condition":{` + condition + `}}]}`
		client := kms.NewFromConfig(start(t, narrowWorld(t, deny)).config(t, "narrow", home))
		grant, err := client.CreateGrant(t.Context(), &kms.CreateGrantInput{
			KeyId: shared, GranteePrincipal: aws.String("arn:aws:iam::" + source + ":user/narrow"), RetiringPrincipal: aws.String("arn:aws:iam::" + source + ":user/narrow"),
			Operations:  []kmstypes.GrantOperation{kmstypes.GrantOperationDecrypt},
			Constraints: &kmstypes.GrantConstraints{EncryptionContextSubset: map[string]string{"app": "x"}},
		})
		must(t, err)
		if got := code(only(client.RetireGrant(t.Context(), &kms.RetireGrantInput{KeyId: shared, GrantId: grant.GrantId}))); got != want {
			t.Errorf("%s: code %q, want %q", condition, got, want)
		}
	}
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func TestAnExplicitDenyIsTold(t *testing.T) {
	deny := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`
	world := narrowWorld(t, deny)
	world.Accounts[0].Keys[0].Policy = json.RawMessage(keyPolicy(strings.Replace(to("arn:aws:iam::"+source+":user/"+administrator, "kms:DescribeKey", ""), "Allow", "Deny", 1)))
	f, ctx := start(t, world), t.Context()
	session := f.config(t, administrator, home)
	session.Credentials = stscreds.NewAssumeRoleProvider(sts.NewFromConfig(session), "arn:aws:iam::"+source+":role/tagged", func(o *stscreds.AssumeRoleOptions) {
		o.Policy = &deny
	})
	images := func(config aws.Config) error {
		return only(ec2.NewFromConfig(config).DescribeImages(ctx, &ec2.DescribeImagesInput{}))
	}
	for want, err := range map[string]error{
		"is not authorized to perform: ec2:DescribeImages with an explicit deny in an identity-based policy": images(f.config(t, "narrow", home)),
		"is not authorized to perform: ec2:DescribeImages with an explicit deny in a session policy":         images(session),
		"on resource: " + *shared + " with an explicit deny in a resource-based policy":                      describe2(ctx, f.config(t, administrator, home), *shared),
		"because no identity-based policy allows the ec2:DescribeImages action":                              images(f.config(t, nobody, home)),
	} {
		refused, ok := errors.AsType[smithy.APIError](err)
		if !ok || !strings.Contains(refused.ErrorMessage(), want) {
			t.Errorf("the refusal lacks %q: %v", want, err)
		}
	}
}

// TestPoliciesThatAKeyTakes: https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
func TestPoliciesThatAKeyTakes(t *testing.T) {
	use := to("arn:aws:iam::"+target+":root", "kms:Encrypt", "")
	under := func(condition string) string {
		return strings.TrimSuffix(use, "}") + `,"Condition":{` + condition + `}}`
	}
	client := kms.NewFromConfig(start(t, computeWorld(t)).config(t, administrator, home))
	for statement, want := range map[string]string{
		use: "",
		strings.Replace(use, `,"Resource":"*"`, "", 1):                               "", // the statement is about nothing
		under(`"StringEquals":{"kms:EncryptionContext:app":"x"}`):                    "",
		under(`"ForAllValues:StringEquals":{"kms:EncryptionContext:app":"x"}`):       "MalformedPolicyDocumentException",
		under(`"ForAllValues:StringEquals":{"kms:EncryptionContextKeys":["a","b"]}`): "",
	} {
		policy := keyPolicy(statement)
		if got := code(only(client.PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{KeyId: shared, Policy: &policy}))); got != want {
			t.Errorf("%s: code %q, want %q", statement, got, want)
		}
	}
}

// TestTheReferenceHasEveryAction holds the table of condition keys against the actions that are answered here, and the keys
// that the services declare against those that some action has.
func TestTheReferenceHasEveryAction(t *testing.T) {
	server, err := awssim.New(awssim.World{})
	must(t, err)
	known := reference.Actions()
	for _, action := range server.Actions() {
		// https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html: two permissions, of other names
		if action == "kms:ReEncrypt" {
			action = "kms:ReEncryptFrom"
		}
		if !slices.Contains(known, action) {
			t.Errorf("internal/awssim/reference/reference.json has no %s: add it there and run make judge-reference", action)
		}
	}
	var keys []string
	for _, action := range known {
		keys = append(keys, reference.Keys(action)...)
	}
	for _, key := range awssim.ConditionKeys() {
		if !slices.ContainsFunc(keys, func(known string) bool { return strings.HasPrefix(strings.ToLower(known), key) }) {
			t.Errorf("no action has the condition key %s", key)
		}
	}
}
