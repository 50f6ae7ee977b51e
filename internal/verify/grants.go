// SPDX-License-Identifier: MPL-2.0

package verify

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

// grant waits until a grant is listed with a living grantee. KMS shows the unique id instead of the ARN when the role is
// gone, and for a while when it is new.
// https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
func (v *verification) grant(ctx context.Context, scope sharing.Scope, g expectedGrant) {
	subject := sharing.Subject{Key: g.key, Grantee: g.grantee}
	in := &kms.ListGrantsInput{KeyId: &g.key, GrantId: &g.id}
	if g.id == "" {
		in.GrantId, in.GranteePrincipal = nil, &g.grantee
	}
	var listed []sharing.Grant
	err := traffic.PollFor(ctx, v.options.Timeout, func(ctx context.Context) (finished bool, err error) {
		listed, err = v.ListGrants(ctx, clients.At(scope), in)
		return err != nil || slices.ContainsFunc(listed, g.alive), err
	})
	a := diagnose.Act{Scope: scope, Doing: "looking for the grant of key " + g.key + " to " + g.grantee + " from inside the account", Action: "kms:ListGrants", Resource: g.key}
	problem := sharing.Problem{Scope: scope, Doing: a.Doing}
	switch {
	case err != nil:
		v.blind(subject, err, a)
	case len(listed) == 0:
		problem.Cause = fmt.Sprintf("KMS does not list the grant after %s", v.options.Timeout)
		problem.Remedy = "Run again: if somebody has retired or revoked it, it is made anew."
		v.checks.Add(sharing.Check{Scope: scope, Subject: subject, Problem: &problem, Gone: true})
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
