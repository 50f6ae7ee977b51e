// SPDX-License-Identifier: MPL-2.0

package verify

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/parallel"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Use is what KMS said to a use of a key, from inside a target or as the source account.
type Use struct {
	act     diagnose.Act
	Err     error // nil when KMS would take the call
	Refused bool  // KMS does not allow it; any other error says nothing of that
}

// Uses asks KMS, by dry runs without ciphertext, whether who acts in a target could use a key as EC2 does for whoever starts
// an instance, or, without an account, the source as EBS does for whoever builds. kms:CreateGrant can't be proved so: key policies allow it for AWS resources only, which no direct call is for.
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
	for i := range asked {
		if diagnose.Proven(asked[i].Err) {
			asked[i].Err = nil
		}
		asked[i].Refused = diagnose.Has(asked[i].Err, "AccessDeniedException")
	}
	return asked
}

func useAct(c *clients.Clients, scope sharing.Scope, key, action string) diagnose.Act {
	from := ""
	if scope.Account != "" {
		from = "from inside the account "
	}
	return diagnose.Act{
		Scope: scope, Doing: "proving " + from + "that key " + key + " can be used (" + action + ")",
		Action: action, Resource: key, Principal: c.Principal(scope.Account),
	}
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
	for _, u := range Uses(ctx, v.Clients, scope, key) {
		subject := sharing.Subject{Setting: "use of key " + key + " (" + u.act.Action + ")"}
		switch {
		case u.Err == nil:
			v.ok(scope, subject)
		case u.Refused && must:
			v.fail(subject, u.Problem())
		default:
			v.warn(subject, u.Problem())
		}
	}
}
