package awsapi

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/policy"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// grant waits until a grant is listed with a living grantee. KMS shows the unique id instead of the ARN when the role is
// gone, and for a while when it is new.
// https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
func (v *verification) grant(ctx context.Context, scope sharing.Scope, g expectedGrant) {
	subject := "grant for " + g.grantee + " on key " + g.key
	in := &kms.ListGrantsInput{KeyId: &g.key, GrantId: &g.id}
	if g.id == "" {
		in.GrantId, in.GranteePrincipal = nil, &g.grantee
	}
	var listed []sharing.Grant
	err := poll(ctx, func(ctx context.Context) (finished bool, err error) {
		listed, err = v.listGrants(ctx, at(scope), in)
		return err != nil || slices.ContainsFunc(listed, g.alive), err
	})
	a := diagnose.Act{Scope: scope, Doing: "looking for the grant of key " + g.key + " to " + g.grantee + " from inside the account", Action: "kms:ListGrants", Resource: g.key}
	problem := sharing.Problem{Scope: scope, Doing: a.Doing}
	switch {
	case err != nil:
		v.blind(subject, err, a)
	case len(listed) == 0:
		problem.Cause = fmt.Sprintf("KMS does not list the grant after %s", v.options.VerifyTimeout)
		problem.Remedy = "Run again: if somebody has retired or revoked it, it is made anew."
		v.fail(subject, problem)
	case !slices.ContainsFunc(listed, g.alive):
		problem.Cause = "KMS shows the grantee as " + listed[0].Grantee + ": the role is new, or was deleted after the grant was made, and then the grant is dead even if a role of that name is made again"
		problem.Remedy = "Run again in a few minutes: a dead grant is replaced."
		v.warn(subject, problem)
	default:
		v.ok(scope, subject)
	}
}

// alive tells whether a grant's grantee is the role that it was made for.
func (g expectedGrant) alive(listed sharing.Grant) bool {
	return listed.Grantee == g.grantee || g.granteeID != "" && listed.Grantee == g.granteeID
}

// defaultKey warns when a target's volumes end up under a customer key that a grantee may not be able to use: AWS
// encrypts the volumes of a shared image under the default EBS key of the account that launches it.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/AMIEncryption.html
func (v *verification) defaultKey(ctx context.Context, e *expectation) {
	if len(e.grants) == 0 {
		return
	}
	out, err := v.ec2(at(e.scope)).GetEbsDefaultKmsKeyId(ctx, &ec2.GetEbsDefaultKmsKeyIdInput{})
	a := diagnose.Act{Scope: e.scope, Doing: "reading the account's default EBS key", Action: "ec2:GetEbsDefaultKmsKeyId", Resource: "*"}
	if err != nil {
		v.blind("default EBS key", err, a)
		return
	}
	key := aws.ToString(out.KmsKeyId)
	if key == "" || strings.HasSuffix(key, "alias/aws/ebs") || slices.Contains(v.plan.Keys, key) || v.awsManaged(ctx, e.scope, key) {
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

func (v *verification) awsManaged(ctx context.Context, scope sharing.Scope, key string) bool {
	out, err := v.kms(at(scope)).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &key})
	return err == nil && out.KeyMetadata.KeyManager == "AWS"
}

func (v *verification) defaultKeyFor(ctx context.Context, scope sharing.Scope, key, grantee string) {
	subject := "default EBS key " + key
	grants, listErr := v.listGrants(ctx, at(scope), &kms.ListGrantsInput{KeyId: &key, GranteePrincipal: &grantee})
	keyPolicy, policyErr := v.kms(at(scope)).GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &key})
	if len(grants) > 0 || policyErr == nil && names(aws.ToString(keyPolicy.Policy), grantee) {
		v.ok(scope, subject)
		return
	}
	problem := sharing.Problem{
		Scope: scope, Doing: "looking at the account's default EBS key " + key,
		Cause: "volumes of the shared image will be encrypted under this customer managed key, and neither its grants nor its policy name " + grantee,
		Remedy: "let the role use it too, or its instances end with Client.InternalError; the policy of the key needs\n" +
			policy.DefaultKeyStatements(grantee),
	}
	if listErr != nil || policyErr != nil {
		problem.Cause = "volumes of the shared image will be encrypted under this customer managed key; whether " + grantee +
			" can use it could not be read (kms:ListGrants, kms:GetKeyPolicy)"
	}
	v.warn(subject, problem)
}

// names tells whether a key policy speaks of a principal.
func names(policy, principal string) bool { return strings.Contains(policy, `"`+principal+`"`) }
