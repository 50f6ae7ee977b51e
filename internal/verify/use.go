// SPDX-License-Identifier: MPL-2.0

package verify

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/parallel"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Use is a use of a key, from inside a target or as the source account, that KMS would not take, or gives no answer about.
type Use struct {
	act     diagnose.Act
	Err     error
	Refused bool // KMS does not allow it; any other error says nothing of that
}

// Uses asks KMS, by dry runs without ciphertext, whether who acts in a target could use a key as EC2 does for whoever starts
// an instance, or, without an account, the source as EBS does for whoever builds, and returns what KMS would not take. kms:CreateGrant
// can't be proved so: key policies allow it for AWS resources only, which no direct call is for.
// https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/share-amis-with-organizations-and-OUs.html
func Uses(ctx context.Context, c *clients.Clients, scope sharing.Scope, key string) []Use {
	dry, ignore := aws.Bool(true), []types.DryRunModifierType{types.DryRunModifierTypeIgnoreCiphertext}
	asked := []Use{{act: useAct(c, scope, key, "kms:Decrypt")}, {act: useAct(c, scope, key, "kms:ReEncryptFrom")}}
	parallel.Together(
		func() {
			_, asked[0].Err = c.KMS(clients.At(scope)).Decrypt(ctx, &kms.DecryptInput{KeyId: &key, DryRun: dry, DryRunModifiers: ignore})
		},
		func() {
			_, asked[1].Err = c.KMS(clients.At(scope)).ReEncrypt(ctx, &kms.ReEncryptInput{SourceKeyId: &key, DestinationKeyId: &key, DryRun: dry, DryRunModifiers: ignore})
		},
	)
	asked = slices.DeleteFunc(asked, func(u Use) bool { return u.Err == nil || diagnose.Proven(u.Err) })
	for i := range asked {
		asked[i].Refused = diagnose.Has(asked[i].Err, "AccessDeniedException")
	}
	if len(asked) == 2 && asked[0].Refused && asked[1].Refused && asked[0].Problem().Remedy == asked[1].Problem().Remedy {
		asked[0].act.Doing = useDoing(scope, key, asked[0].act.Action+", "+asked[1].act.Action) // the same helps against both
		return asked[:1]
	}
	return asked
}

func useAct(c *clients.Clients, scope sharing.Scope, key, action string) diagnose.Act {
	return diagnose.Act{
		Scope: scope, Doing: useDoing(scope, key, action),
		Action: action, Resource: key, Principal: c.Principal(scope.Account),
	}
}

func useDoing(scope sharing.Scope, key, actions string) string {
	from := ""
	if scope.Account != "" {
		from = "from inside the account "
	}
	return "proving " + from + "that key " + key + " can be used (" + actions + ")"
}

// Problem says what a refused use means, and what it does not.
func (u Use) Problem() sharing.Problem {
	problem := diagnose.Error(u.Err, u.act)
	if u.Refused {
		cause, remedy := u.unless()
		problem.Cause += "; " + cause
		problem.Remedy += "\n" + remedy
	}
	return problem
}

// unless tells when a refusal says nothing about those who use the key in earnest.
func (u Use) unless() (cause, remedy string) {
	if u.act.Scope.Account == "" {
		return "a builder that has other credentials, or is let in only through EC2 (kms:ViaService), may use it all the same",
			"If that is so, leave out prove_use of the data source."
	}
	return "a role that is let in otherwise, or only through EC2 (kms:ViaService), may use it all the same",
		"If others than this role launch, set prove_use = false in the target."
}

// use verifies that who acts in a target could use a key.
func (v *verification) use(ctx context.Context, scope sharing.Scope, key string, must bool) {
	subject := sharing.Subject{Proof: sharing.UseProof, Key: key}
	uses := Uses(ctx, v.Clients, scope, key)
	for _, u := range uses {
		if u.Refused && must {
			v.fail(subject, u.Problem())
		} else {
			v.warn(subject, u.Problem())
		}
	}
	if len(uses) == 0 {
		v.ok(scope, subject)
	}
}

// ProveUses asks KMS for all targets of a plan that want it whether they could use the keys, before anything is shared: that
// depends on no permission of an AMI. The checks are sorted by account and Region.
func ProveUses(ctx context.Context, c *clients.Clients, p plan.Plan, o Options) []sharing.Check {
	v := &verification{Clients: c, options: o, plan: p}
	expected := v.expectations(nil)
	maps.DeleteFunc(expected, func(_ sharing.Scope, e *expectation) bool {
		*e = expectation{scope: e.scope, uses: e.uses, mustUse: e.mustUse}
		return len(e.uses) == 0
	})
	return v.run(ctx, expected)
}
