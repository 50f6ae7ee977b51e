package awssim_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	tagging "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	taggingtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// coreCall makes one call with the clients of a configuration. dry is nil, or asks for a dry run where there is one.
type coreCall func(ctx context.Context, config aws.Config, dry *bool) error

// coreRow is an action of STS, IAM, KMS or the tagging API: how it works, and how it is refused.
type coreRow struct {
	good   coreCall
	bad    coreCall
	code   string // of the bad call
	denied string // code for a caller without permission; "" where everybody may
	dry    string // code of the dry run, "" where there is none
}

const trustTarget = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":"sts:AssumeRole"}]}`

func kmsCall[In, Out any](call func(*kms.Client, context.Context, *In, ...func(*kms.Options)) (*Out, error), in func(dry *bool) *In) coreCall {
	return func(ctx context.Context, config aws.Config, dry *bool) error {
		return only(call(kms.NewFromConfig(config), ctx, in(dry)))
	}
}

func iamCall[In, Out any](call func(*iam.Client, context.Context, *In, ...func(*iam.Options)) (*Out, error), in *In) coreCall {
	return func(ctx context.Context, config aws.Config, _ *bool) error {
		return only(call(iam.NewFromConfig(config), ctx, in))
	}
}

// after makes calls before the one that is meant.
func after(first, then coreCall) coreCall {
	return func(ctx context.Context, config aws.Config, dry *bool) error {
		if err := first(ctx, config, nil); err != nil {
			return err
		}
		return then(ctx, config, dry)
	}
}

var (
	shared = aws.String(keyARN(sharedKey))
	noKey  = aws.String(keyARN("00000000-0000-0000-0000-000000000000"))
)

func newGrant(key *string, dry *bool) *kms.CreateGrantInput {
	return &kms.CreateGrantInput{KeyId: key, GranteePrincipal: aws.String("arn:aws:iam::" + target + ":root"), Operations: []types.GrantOperation{"Decrypt"}, DryRun: dry}
}

// withGrant makes a grant and hands its id on.
func withGrant(then func(ctx context.Context, client *kms.Client, id *string, dry *bool) error) coreCall {
	return func(ctx context.Context, config aws.Config, dry *bool) error {
		client := kms.NewFromConfig(config)
		out, err := client.CreateGrant(ctx, newGrant(shared, nil))
		if err != nil {
			return err
		}
		return then(ctx, client, out.GrantId, dry)
	}
}

var createRole = iamCall((*iam.Client).CreateRole, &iam.CreateRoleInput{RoleName: aws.String("worker"), AssumeRolePolicyDocument: aws.String(trustTarget)})

var putRolePolicy = iamCall((*iam.Client).PutRolePolicy, &iam.PutRolePolicyInput{
	RoleName: aws.String("worker"), PolicyName: aws.String("p"), PolicyDocument: aws.String(allowEverything),
})

var (
	createPolicy = iamCall((*iam.Client).CreatePolicy, &iam.CreatePolicyInput{PolicyName: aws.String("p"), PolicyDocument: aws.String(allowEverything)})
	managed      = aws.String("arn:aws:iam::" + source + ":policy/p")
	attachPolicy = iamCall((*iam.Client).AttachRolePolicy, &iam.AttachRolePolicyInput{RoleName: aws.String("worker"), PolicyArn: managed})
	detachPolicy = iamCall((*iam.Client).DetachRolePolicy, &iam.DetachRolePolicyInput{RoleName: aws.String("worker"), PolicyArn: managed})
)

const denied, deniedKMS, gone = "AccessDenied", "AccessDeniedException", "NotFoundException"

const allowEverything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

var coreRows = map[string]coreRow{
	"sts:GetCallerIdentity": {good: func(ctx context.Context, config aws.Config, _ *bool) error {
		return only(sts.NewFromConfig(config).GetCallerIdentity(ctx, nil))
	}},
	"sts:AssumeRole": {
		good: after(iamCall((*iam.Client).CreateRole, &iam.CreateRoleInput{
			RoleName: aws.String("worker"), AssumeRolePolicyDocument: aws.String(strings.ReplaceAll(trustTarget, target, source)),
		}), assume("worker", 3600)),
		bad: assume("worker", 10), code: "ValidationError", denied: denied,
	},
	"iam:CreateRole":    {good: createRole, bad: after(createRole, createRole), code: "EntityAlreadyExists", denied: denied},
	"iam:GetRole":       {good: after(createRole, getRole("worker")), bad: getRole("none"), code: "NoSuchEntity", denied: denied},
	"iam:ListRoles":     {good: iamCall((*iam.Client).ListRoles, &iam.ListRolesInput{PathPrefix: aws.String("/")}), denied: denied},
	"iam:PutRolePolicy": {good: after(createRole, putRolePolicy), bad: putRolePolicy, code: "NoSuchEntity", denied: denied},
	"iam:GetRolePolicy": {
		good: after(createRole, after(putRolePolicy, iamCall((*iam.Client).GetRolePolicy, &iam.GetRolePolicyInput{RoleName: aws.String("worker"), PolicyName: aws.String("p")}))),
		bad:  after(createRole, iamCall((*iam.Client).GetRolePolicy, &iam.GetRolePolicyInput{RoleName: aws.String("worker"), PolicyName: aws.String("p")})), code: "NoSuchEntity", denied: denied,
	},
	"iam:DeleteRolePolicy": {
		good: after(createRole, after(putRolePolicy, iamCall((*iam.Client).DeleteRolePolicy, &iam.DeleteRolePolicyInput{RoleName: aws.String("worker"), PolicyName: aws.String("p")}))),
		bad:  after(createRole, iamCall((*iam.Client).DeleteRolePolicy, &iam.DeleteRolePolicyInput{RoleName: aws.String("worker"), PolicyName: aws.String("p")})), code: "NoSuchEntity", denied: denied,
	},
	"iam:DeleteRole": {
		good: after(createRole, iamCall((*iam.Client).DeleteRole, &iam.DeleteRoleInput{RoleName: aws.String("worker")})),
		bad:  after(createRole, after(putRolePolicy, iamCall((*iam.Client).DeleteRole, &iam.DeleteRoleInput{RoleName: aws.String("worker")}))), code: "DeleteConflict", denied: denied,
	},
	"iam:UpdateAssumeRolePolicy": {
		good: after(createRole, iamCall((*iam.Client).UpdateAssumeRolePolicy, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("worker"), PolicyDocument: aws.String(trustTarget)})),
		bad: after(createRole, iamCall((*iam.Client).UpdateAssumeRolePolicy, &iam.UpdateAssumeRolePolicyInput{
			RoleName: aws.String("worker"), PolicyDocument: aws.String(strings.ReplaceAll(trustTarget, ":root", ":role/none")),
		})), code: "MalformedPolicyDocument", denied: denied,
	},
	"iam:CreatePolicy": {
		good: createPolicy,
		bad:  iamCall((*iam.Client).CreatePolicy, &iam.CreatePolicyInput{PolicyName: aws.String("p"), PolicyDocument: aws.String(`{}`)}), code: "MalformedPolicyDocument", denied: denied,
	},
	"iam:AttachRolePolicy": {
		good: after(createRole, after(createPolicy, attachPolicy)), bad: after(createRole, attachPolicy), code: "NoSuchEntity", denied: denied,
	},
	"iam:DetachRolePolicy": {
		good: after(createRole, after(createPolicy, after(attachPolicy, detachPolicy))), bad: after(createRole, detachPolicy), code: "NoSuchEntity", denied: denied,
	},
	"iam:CreateServiceLinkedRole": {
		good: serviceRole("spot.amazonaws.com", nil), bad: serviceRole("spot.amazonaws.com", aws.String("blue")), code: "InvalidInput", denied: denied,
	},
	"iam:DeleteServiceLinkedRole": {
		good: after(serviceRole("spot.amazonaws.com", nil), iamCall((*iam.Client).DeleteServiceLinkedRole, &iam.DeleteServiceLinkedRoleInput{RoleName: aws.String("AWSServiceRoleForEC2Spot")})),
		bad:  after(createRole, iamCall((*iam.Client).DeleteServiceLinkedRole, &iam.DeleteServiceLinkedRoleInput{RoleName: aws.String("worker")})), code: "InvalidInput", denied: denied,
	},
	"iam:GetServiceLinkedRoleDeletionStatus": {
		good: iamCall((*iam.Client).GetServiceLinkedRoleDeletionStatus, &iam.GetServiceLinkedRoleDeletionStatusInput{
			DeletionTaskId: aws.String("task/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot/AROA"),
		}),
		bad: iamCall((*iam.Client).GetServiceLinkedRoleDeletionStatus, &iam.GetServiceLinkedRoleDeletionStatusInput{DeletionTaskId: aws.String("none")}), code: "NoSuchEntity", denied: denied,
	},
	"kms:DescribeKey":         {good: describe(shared), bad: describe(noKey), code: gone, denied: deniedKMS},
	"kms:ListKeys":            {good: kmsCall((*kms.Client).ListKeys, func(*bool) *kms.ListKeysInput { return nil }), denied: deniedKMS},
	"kms:ListAliases":         {good: kmsCall((*kms.Client).ListAliases, func(*bool) *kms.ListAliasesInput { return nil }), bad: kmsCall((*kms.Client).ListAliases, func(*bool) *kms.ListAliasesInput { return &kms.ListAliasesInput{KeyId: noKey} }), code: gone, denied: deniedKMS},
	"kms:CreateKey":           {good: kmsCall((*kms.Client).CreateKey, func(*bool) *kms.CreateKeyInput { return nil }), bad: kmsCall((*kms.Client).CreateKey, func(*bool) *kms.CreateKeyInput { return &kms.CreateKeyInput{Policy: aws.String(`{}`)} }), code: "MalformedPolicyDocumentException", denied: deniedKMS},
	"kms:CreateAlias":         {good: alias("alias/new"), bad: alias("alias/aws/new"), code: "InvalidAliasNameException", denied: deniedKMS},
	"kms:GetKeyPolicy":        {good: policyOf(shared), bad: policyOf(aws.String("alias/ami")), code: gone, denied: deniedKMS},
	"kms:PutKeyPolicy":        {good: putPolicy(delegating), bad: putPolicy(strings.ReplaceAll(delegating, ":root", ":role/none")), code: "MalformedPolicyDocumentException", denied: deniedKMS},
	"kms:ListResourceTags":    {good: kmsCall((*kms.Client).ListResourceTags, func(*bool) *kms.ListResourceTagsInput { return &kms.ListResourceTagsInput{KeyId: shared} }), bad: kmsCall((*kms.Client).ListResourceTags, func(*bool) *kms.ListResourceTagsInput { return &kms.ListResourceTagsInput{KeyId: noKey} }), code: gone, denied: deniedKMS},
	"kms:EnableKey":           {good: enable(keyARN(disabledKey)), bad: enable(*noKey), code: gone, denied: deniedKMS},
	"kms:DisableKey":          {good: disable(*shared), bad: disable(*noKey), code: gone, denied: deniedKMS},
	"kms:ScheduleKeyDeletion": {good: schedule(7), bad: schedule(3), code: "ValidationException", denied: deniedKMS},
	"kms:CancelKeyDeletion":   {good: after(schedule(7), cancelDeletion), bad: cancelDeletion, code: "KMSInvalidStateException", denied: deniedKMS},
	"kms:CreateGrant": {
		good: kmsCall((*kms.Client).CreateGrant, func(dry *bool) *kms.CreateGrantInput { return newGrant(shared, dry) }),
		bad:  kmsCall((*kms.Client).CreateGrant, func(*bool) *kms.CreateGrantInput { return newGrant(aws.String("alias/ami"), nil) }), code: gone, denied: deniedKMS, dry: "DryRunOperationException",
	},
	"kms:ListGrants": {
		good: kmsCall((*kms.Client).ListGrants, func(*bool) *kms.ListGrantsInput { return &kms.ListGrantsInput{KeyId: shared} }),
		bad:  kmsCall((*kms.Client).ListGrants, func(*bool) *kms.ListGrantsInput { return &kms.ListGrantsInput{KeyId: shared, Limit: aws.Int32(1000)} }), code: "ValidationException", denied: deniedKMS,
	},
	"kms:ListRetirableGrants": {
		good: kmsCall((*kms.Client).ListRetirableGrants, func(*bool) *kms.ListRetirableGrantsInput {
			return &kms.ListRetirableGrantsInput{RetiringPrincipal: aws.String("arn:aws:iam::" + source + ":root")}
		}),
		bad: kmsCall((*kms.Client).ListRetirableGrants, func(*bool) *kms.ListRetirableGrantsInput {
			return &kms.ListRetirableGrantsInput{RetiringPrincipal: aws.String("arn:aws:iam::" + target + ":root")}
		}), code: deniedKMS, denied: deniedKMS,
	},
	"kms:RevokeGrant": {
		good: withGrant(func(ctx context.Context, client *kms.Client, id *string, dry *bool) error {
			return only(client.RevokeGrant(ctx, &kms.RevokeGrantInput{KeyId: shared, GrantId: id, DryRun: dry}))
		}),
		bad: kmsCall((*kms.Client).RevokeGrant, func(*bool) *kms.RevokeGrantInput {
			return &kms.RevokeGrantInput{KeyId: shared, GrantId: aws.String("none")}
		}),
		code: "InvalidGrantIdException", denied: deniedKMS, dry: "DryRunOperationException",
	},
	"kms:RetireGrant": {
		good: withGrant(func(ctx context.Context, client *kms.Client, id *string, dry *bool) error {
			return only(client.RetireGrant(ctx, &kms.RetireGrantInput{KeyId: shared, GrantId: id, DryRun: dry}))
		}),
		bad: kmsCall((*kms.Client).RetireGrant, func(*bool) *kms.RetireGrantInput {
			return &kms.RetireGrantInput{KeyId: aws.String(sharedKey), GrantId: aws.String("none")}
		}),
		code: gone, denied: deniedKMS, dry: "DryRunOperationException",
	},
	"kms:Encrypt": {good: encryptWith(shared), bad: encryptWith(aws.String(keyARN(disabledKey))), code: "DisabledException", denied: deniedKMS, dry: "DryRunOperationException"},
	"kms:Decrypt": {
		good: roundTrip, bad: kmsCall((*kms.Client).Decrypt, func(*bool) *kms.DecryptInput { return &kms.DecryptInput{KeyId: shared, CiphertextBlob: []byte("x")} }),
		code: "InvalidCiphertextException", denied: deniedKMS, dry: "DryRunOperationException",
	},
	"kms:GenerateDataKey": {
		good: kmsCall((*kms.Client).GenerateDataKey, func(dry *bool) *kms.GenerateDataKeyInput {
			return &kms.GenerateDataKeyInput{KeyId: shared, KeySpec: "AES_256", DryRun: dry}
		}),
		bad: kmsCall((*kms.Client).GenerateDataKey, func(*bool) *kms.GenerateDataKeyInput { return &kms.GenerateDataKeyInput{KeyId: shared} }), code: "ValidationException", denied: deniedKMS, dry: "DryRunOperationException",
	},
	"kms:GenerateDataKeyWithoutPlaintext": {
		good: kmsCall((*kms.Client).GenerateDataKeyWithoutPlaintext, func(dry *bool) *kms.GenerateDataKeyWithoutPlaintextInput {
			return &kms.GenerateDataKeyWithoutPlaintextInput{KeyId: shared, NumberOfBytes: aws.Int32(8), DryRun: dry}
		}),
		bad: kmsCall((*kms.Client).GenerateDataKeyWithoutPlaintext, func(*bool) *kms.GenerateDataKeyWithoutPlaintextInput {
			return &kms.GenerateDataKeyWithoutPlaintextInput{KeyId: shared, NumberOfBytes: aws.Int32(2000)}
		}), code: "ValidationException", denied: deniedKMS, dry: "DryRunOperationException",
	},
	"tag:GetResources": {good: resources("kms:key"), bad: resources("s3"), code: "InvalidParameterException", denied: deniedKMS},
}

func assume(role string, seconds int32) coreCall {
	return func(ctx context.Context, config aws.Config, _ *bool) error {
		return only(sts.NewFromConfig(config).AssumeRole(ctx, &sts.AssumeRoleInput{
			RoleArn: aws.String("arn:aws:iam::" + source + ":role/" + role), RoleSessionName: aws.String("test"), DurationSeconds: &seconds,
		}))
	}
}

func getRole(name string) coreCall {
	return iamCall((*iam.Client).GetRole, &iam.GetRoleInput{RoleName: &name})
}

func serviceRole(service string, suffix *string) coreCall {
	return iamCall((*iam.Client).CreateServiceLinkedRole, &iam.CreateServiceLinkedRoleInput{AWSServiceName: &service, CustomSuffix: suffix})
}

func describe(key *string) coreCall {
	return kmsCall((*kms.Client).DescribeKey, func(*bool) *kms.DescribeKeyInput { return &kms.DescribeKeyInput{KeyId: key} })
}

func alias(name string) coreCall {
	return kmsCall((*kms.Client).CreateAlias, func(*bool) *kms.CreateAliasInput {
		return &kms.CreateAliasInput{AliasName: &name, TargetKeyId: shared}
	})
}

func policyOf(key *string) coreCall {
	return kmsCall((*kms.Client).GetKeyPolicy, func(*bool) *kms.GetKeyPolicyInput { return &kms.GetKeyPolicyInput{KeyId: key} })
}

const delegating = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"kms:*","Resource":"*"}]}`

func putPolicy(document string) coreCall {
	return kmsCall((*kms.Client).PutKeyPolicy, func(*bool) *kms.PutKeyPolicyInput { return &kms.PutKeyPolicyInput{KeyId: shared, Policy: &document} })
}

func enable(key string) coreCall {
	return kmsCall((*kms.Client).EnableKey, func(*bool) *kms.EnableKeyInput { return &kms.EnableKeyInput{KeyId: &key} })
}

func disable(key string) coreCall {
	return kmsCall((*kms.Client).DisableKey, func(*bool) *kms.DisableKeyInput { return &kms.DisableKeyInput{KeyId: &key} })
}

func schedule(days int32) coreCall {
	return kmsCall((*kms.Client).ScheduleKeyDeletion, func(*bool) *kms.ScheduleKeyDeletionInput {
		return &kms.ScheduleKeyDeletionInput{KeyId: shared, PendingWindowInDays: &days}
	})
}

var cancelDeletion = kmsCall((*kms.Client).CancelKeyDeletion, func(*bool) *kms.CancelKeyDeletionInput { return &kms.CancelKeyDeletionInput{KeyId: shared} })

func encryptWith(key *string) coreCall {
	return kmsCall((*kms.Client).Encrypt, func(dry *bool) *kms.EncryptInput {
		return &kms.EncryptInput{KeyId: key, Plaintext: []byte("x"), DryRun: dry}
	})
}

// roundTrip encrypts under a context, and decrypts with it.
func roundTrip(ctx context.Context, config aws.Config, dry *bool) error {
	client := kms.NewFromConfig(config)
	under := map[string]string{"a": "b"}
	sealed, err := client.Encrypt(ctx, &kms.EncryptInput{KeyId: shared, Plaintext: []byte("x"), EncryptionContext: under})
	if err != nil {
		return err
	}
	return only(client.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob, EncryptionContext: under, DryRun: dry}))
}

func resources(kind string) coreCall {
	return func(ctx context.Context, config aws.Config, _ *bool) error {
		return only(tagging.NewFromConfig(config).GetResources(ctx, &tagging.GetResourcesInput{
			ResourceTypeFilters: []string{kind}, TagFilters: []taggingtypes.TagFilter{{Key: aws.String("team")}},
		}))
	}
}

func TestEveryCoreActionHasARow(t *testing.T) {
	for _, action := range awssim.CoreActions() {
		if coreRows[action].good == nil {
			t.Errorf("%s has no row", action)
		}
	}
	if len(coreRows) != len(awssim.CoreActions()) {
		t.Errorf("%d rows for %d actions", len(coreRows), len(awssim.CoreActions()))
	}
}

func TestCoreActions(t *testing.T) {
	for action, row := range coreRows {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			check := func(what, profile string, call coreCall, dry *bool, want string) {
				t.Helper()
				f := start(t, computeWorld(t))
				if got := code(call(t.Context(), f.config(t, profile, home), dry)); got != want {
					t.Errorf("%s: error code %q, want %q", what, got, want)
				}
			}
			check("success", sourceAdmin, row.good, nil, "")
			if row.denied != "" {
				check("no permission", sourceNobody, row.good, nil, row.denied)
			}
			if row.bad != nil {
				check("bad input", sourceAdmin, row.bad, nil, row.code)
			}
			if row.dry != "" {
				check("dry run", sourceAdmin, row.good, aws.Bool(true), row.dry)
			}
		})
	}
}
