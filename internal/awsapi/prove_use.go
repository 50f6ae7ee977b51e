// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// use is what KMS said to a use of a key from inside a target.
type use struct {
	act     diagnose.Act
	err     error // nil when KMS would take the call
	refused bool  // KMS does not allow it; any other error says nothing of that
}

// uses asks KMS, by dry runs without ciphertext, whether who acts in a target could use a key as EC2 does for whoever starts
// an instance. kms:CreateGrant can't be proved so: key policies allow it for AWS resources only, which no direct call is for.
// https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/share-amis-with-organizations-and-OUs.html
func (c *Client) uses(ctx context.Context, scope sharing.Scope, key string) []use {
	dry, ignore := aws.Bool(true), []types.DryRunModifierType{types.DryRunModifierTypeIgnoreCiphertext}
	asked := []use{{act: c.useAct(scope, key, "kms:Decrypt")}, {act: c.useAct(scope, key, "kms:ReEncryptFrom")}}
	together(
		func() {
			_, asked[0].err = c.kms(at(scope)).Decrypt(ctx, &kms.DecryptInput{KeyId: &key, DryRun: dry, DryRunModifiers: ignore})
		},
		func() {
			_, asked[1].err = c.kms(at(scope)).ReEncrypt(ctx, &kms.ReEncryptInput{SourceKeyId: &key, DestinationKeyId: &key, DryRun: dry, DryRunModifiers: ignore})
		},
	)
	for i := range asked {
		if diagnose.Proven(asked[i].err) {
			asked[i].err = nil
		}
		asked[i].refused = diagnose.Has(asked[i].err, "AccessDeniedException")
	}
	return asked
}

func (c *Client) useAct(scope sharing.Scope, key, action string) diagnose.Act {
	return diagnose.Act{
		Scope: scope, Doing: "proving from inside the account that key " + key + " can be used (" + action + ")",
		Action: action, Resource: key, Principal: c.principal(scope.Account),
	}
}

// problem says what a refused use means, and what it does not.
func (u use) problem() sharing.Problem {
	problem := diagnose.Error(u.err, u.act)
	if u.refused {
		problem.Cause += "; a role that is let in otherwise, or only through EC2 (kms:ViaService), may use it all the same"
		problem.Remedy += "\nIf others than this role launch, set prove_use = false in the target."
	}
	return problem
}

// use verifies that who acts in a target could use a key.
func (v *verification) use(ctx context.Context, scope sharing.Scope, key string, must bool) {
	for _, u := range v.uses(ctx, scope, key) {
		subject := sharing.Subject{Setting: "use of key " + key + " (" + u.act.Action + ")"}
		switch {
		case u.err == nil:
			v.ok(scope, subject)
		case u.refused && must:
			v.fail(subject, u.problem())
		default:
			v.warn(subject, u.problem())
		}
	}
}

// use proves before the build that who acts in a target could use a key.
func (g *grantsProof) use(ctx context.Context, scope sharing.Scope, key string, must bool) {
	for _, u := range g.uses(ctx, scope, key) {
		switch {
		case u.err == nil:
		case u.refused && must:
			g.problems.add(u.problem())
		default:
			g.warnings.add(u.problem().Error())
		}
	}
}
