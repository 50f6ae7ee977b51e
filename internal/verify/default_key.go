// SPDX-License-Identifier: MPL-2.0

package verify

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/keypolicy"
	"github.com/amishare/packer-plugin-ami-share/internal/policy"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// defaultKey warns when a target's volumes end up under a customer key that a grantee can't use, or may not be able to:
// AWS encrypts the volumes of a shared AMI under the default EBS key of the account that launches it.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/AMIEncryption.html
func (v *verification) defaultKey(ctx context.Context, e *expectation) {
	if len(e.grants) == 0 {
		return
	}
	out, err := v.EC2(clients.At(e.scope)).GetEbsDefaultKmsKeyId(ctx, &ec2.GetEbsDefaultKmsKeyIdInput{})
	a := diagnose.Act{Scope: e.scope, Doing: "reading the account's default EBS key", Action: "ec2:GetEbsDefaultKmsKeyId", Resource: "*"}
	if err != nil {
		v.blind(sharing.Subject{Setting: "default EBS key"}, err, a)
		return
	}
	key := aws.ToString(out.KmsKeyId)
	if key == "" || strings.HasSuffix(key, "alias/aws/ebs") || slices.Contains(v.plan.Keys, key) {
		return
	}
	about := v.described(ctx, e.scope, key)
	if about.KeyManager == types.KeyManagerTypeAws {
		return
	}
	if about.KeyState != "" && about.KeyState != types.KeyStateEnabled {
		v.unusable(e.scope, key, about)
		return
	}
	var checked []string
	for _, g := range e.grants {
		if !slices.Contains(checked, g.grantee) {
			checked = append(checked, g.grantee)
			v.defaultKeyFor(ctx, e.scope, key, g.grantee)
		}
	}
}

// described is what the target may see of a key; nothing where it may see nothing.
func (v *verification) described(ctx context.Context, scope sharing.Scope, key string) types.KeyMetadata {
	out, err := v.KMS(clients.At(scope)).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &key})
	if err != nil || out.KeyMetadata == nil {
		return types.KeyMetadata{}
	}
	return *out.KeyMetadata
}

// unusable warns of a default EBS key that nobody can use at present.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
func (v *verification) unusable(scope sharing.Scope, key string, about types.KeyMetadata) {
	cause, remedy := sharing.KeyTrouble(string(about.KeyState), key, aws.ToString(about.CustomKeyStoreId))
	v.warn(sharing.Subject{Setting: "default EBS key " + key}, sharing.Problem{
		Scope: scope, Doing: "looking at the account's default EBS key " + key,
		Cause:  "the volumes of the shared AMI are encrypted under it, and instances don't start without it: " + cause,
		Remedy: remedy + "\nOr give the account another default key, from inside it, with aws ec2 modify-ebs-default-kms-key-id.",
	})
}

// defaultKeyFor looks whether the key's grants or its policy let a grantee use it for volumes. A grant is enough unless
// the policy denies.
func (v *verification) defaultKeyFor(ctx context.Context, scope sharing.Scope, key, grantee string) {
	act := func(doing, action string) diagnose.Act {
		return diagnose.Act{Scope: scope, Doing: doing, Action: action, Resource: key, Principal: v.Principal(scope.Account)}
	}
	grants, err := v.ListGrants(ctx, clients.At(scope), &kms.ListGrantsInput{KeyId: &key, GranteePrincipal: &grantee})
	granted := err == nil && enough(grants)
	subject := sharing.Subject{Setting: "default EBS key " + key}
	opinion, reason, policyErr := v.policyOf(ctx, scope, key, grantee)
	problem := sharing.Problem{Scope: scope, Doing: "looking at the account's default EBS key " + key}
	const under = "the volumes of the shared AMI are encrypted under this customer managed key, and "
	cantTell := under + "it can't be told whether " + grantee + " can use it: "
	needs := "let the role use the key. The policy of the key needs\n" + policy.DefaultKeyStatements(grantee)
	switch {
	case opinion == keypolicy.LetsIn, granted && opinion != keypolicy.Denies:
		v.ok(scope, subject)
		return
	case opinion == keypolicy.Denies:
		problem.Cause = under + reason
		problem.Remedy = "Make an exception for the role in that statement, or its instances end with Client.InternalError."
	case policyErr != nil:
		problem = diagnose.Error(policyErr, act("reading the policy of the account's default EBS key "+key, "kms:GetKeyPolicy"))
		problem.Cause, problem.Remedy = cantTell+problem.Cause, problem.Remedy+"\nIf its instances end with Client.InternalError, "+needs
	case opinion == keypolicy.Silent && err != nil:
		problem = diagnose.Error(err, act("listing the grants of the account's default EBS key "+key, "kms:ListGrants"))
		problem.Cause, problem.Remedy = cantTell+reason+", and its grants could not be listed: "+problem.Cause, problem.Remedy+"\nIf its instances end with Client.InternalError, "+needs
	case opinion == keypolicy.Silent:
		problem.Cause = under + reason + ", and no grant does"
		problem.Remedy = "Its instances end with Client.InternalError unless you " + needs
	default:
		problem.Cause = cantTell + reason
		problem.Remedy = "If its instances end with Client.InternalError, " + needs
	}
	v.warn(subject, problem)
}

// policyOf tells what the key's policy does to a launch. The error says that it could not be read.
func (v *verification) policyOf(ctx context.Context, scope sharing.Scope, key, grantee string) (keypolicy.Opinion, string, error) {
	out, err := v.KMS(clients.At(scope)).GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &key})
	if err != nil {
		return keypolicy.CantTell, "", err
	}
	opinion, reason := keypolicy.Judge(aws.ToString(out.Policy), keypolicy.Launch(key, scope.Account, grantee))
	return opinion, reason, nil
}

// enough tells whether grants together allow what a volume takes.
func enough(grants []sharing.Grant) bool {
	var operations []string
	for _, grant := range grants {
		if !grant.Constrained {
			operations = append(operations, grant.Operations...)
		}
	}
	return !slices.ContainsFunc(keypolicy.LaunchOperations(), func(needed string) bool { return !slices.Contains(operations, needed) })
}
