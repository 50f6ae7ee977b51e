// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/parallel"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

// Do carries out one change. Its effect says what is known of it; its error is a sharing.Problem, or a *plan.Rejection when
// AWS refused a whole batch because of some recipients in it. When an answer was lost on the way, what is there is read
// back before anything is said.
func (c *Client) Do(ctx context.Context, change plan.Change) (effect plan.Effect, err error) {
	var scope sharing.Scope
	if scopes := change.Scopes(); len(scopes) == 1 {
		scope = scopes[0]
	}
	if problem := parallel.Guard(scope, change.String(), func() { effect, err = c.carryOut(ctx, change) }); problem != nil {
		return plan.Effect{Unknown: true}, *problem
	}
	return effect, err
}

func (c *Client) carryOut(ctx context.Context, change plan.Change) (plan.Effect, error) {
	switch change := change.(type) {
	case plan.CreateServiceLinkedRole:
		return c.createServiceLinkedRole(ctx, change)
	case plan.CreateGrant:
		return c.createGrant(ctx, change)
	case plan.RetireGrant:
		return c.retireGrant(ctx, change)
	case plan.ModifySnapshotPermission:
		return c.modifySnapshotPermission(ctx, change)
	case plan.ModifyLaunchPermission:
		return c.modifyLaunchPermission(ctx, change)
	case plan.PutTags:
		return c.putTags(ctx, change)
	case plan.RestoreTags:
		return c.restoreTags(ctx, change)
	case plan.SetGroupRole:
		return c.setGroupRole(ctx, change)
	case plan.PutParameter:
		return c.putParameter(ctx, change)
	case plan.LabelParameter:
		return c.labelParameter(ctx, change)
	case plan.RestoreParameter:
		return c.restoreParameter(ctx, change)
	case plan.RestoreLabels:
		return c.restoreLabels(ctx, change)
	case plan.PutSharedTags:
		return c.putSharedTags(ctx, change.Where, change.All())
	case plan.RemoveSharedTags:
		return c.removeSharedTags(ctx, change.Where, change.Keys())
	case plan.AttachWatermark:
		return c.attachWatermark(ctx, change)
	case plan.DetachWatermark:
		return c.detachWatermark(ctx, change)
	case plan.AddTemplateVersion:
		return c.addTemplateVersion(ctx, change)
	case plan.SetDefaultVersion:
		return c.setDefaultVersion(ctx, change)
	case plan.RemoveTemplateVersion:
		return c.removeTemplateVersion(ctx, change)
	case plan.RestoreDefaultVersion:
		return c.restoreDefaultVersion(ctx, change)
	case plan.RestoreSharedTags:
		return c.restoreSharedTags(ctx, change)
	}
	return plan.Effect{}, fmt.Errorf("carrying out %T: the change is not known here", change)
}

// readBackLimit is how long reading back may take in all.
const readBackLimit = 2 * time.Second

// readBackTime is how long a change is looked for whose answer was lost: EC2 and KMS show a change some moments later.
func (c *Client) readBackTime() time.Duration { return c.options.LookAgain / 15 }

// settle says what is known of a change whose last answer was err. Where an answer was lost on the way, there looks whether
// the change was made.
func (c *Client) settle(ctx context.Context, err error, a diagnose.Act, tries *clients.Attempts, there func(context.Context) (bool, error)) (plan.Effect, error) {
	switch {
	case err == nil:
		return plan.Effect{}, nil
	case !tries.Lost():
		return plan.Effect{}, diagnose.Error(err, a)
	}
	ctx, cancel := context.WithTimeout(ctx, readBackLimit)
	defer cancel()
	seen := false
	lookErr := traffic.PollFor(ctx, c.readBackTime(), func(ctx context.Context) (bool, error) {
		is, err := there(ctx)
		seen = is && err == nil
		return seen || err != nil, err
	})
	problem := diagnose.Error(err, a)
	switch {
	case seen:
		return plan.Effect{}, nil
	case lookErr != nil:
		return plan.Effect{Unknown: true}, unread(problem)
	default:
		return plan.Effect{Lost: true}, problem
	}
}

// unread says that nobody knows what became of a change.
func unread(problem sharing.Problem) sharing.Problem {
	problem.Cause = "AWS's answer was lost, and whether the change was made could not be read: " + problem.Cause
	return problem
}

// rejected tells whether a batch was refused because of recipients that AWS's message names, whatever its code: there are
// several for accounts that don't exist any more. A message for want of permission names the caller's account.
func rejected(err error, a diagnose.Act, batch plan.Change, tries *clients.Attempts) (*plan.Rejection, bool) {
	if err == nil || tries.Lost() || diagnose.Denied(err) {
		return nil, false
	}
	refused, rest := plan.Divide(batch, namedIn(diagnose.Message(err)))
	return &plan.Rejection{Problem: diagnose.Error(err, a), Refused: refused, Rest: rest}, refused != nil
}

var arnInMessage = regexp.MustCompile(`arn:[\w:/+=,.@-]*\w`)

// namedIn tells which recipients a message names. An account that only an ARN in it names is not meant: the ARN of an
// organization holds that of its management account.
func namedIn(message string) func(sharing.Recipient) bool {
	arns := arnInMessage.FindAllString(message, -1)
	plain := arnInMessage.ReplaceAllString(message, "")
	return func(r sharing.Recipient) bool {
		switch r.Kind {
		case sharing.ToAccount:
			return strings.Contains(plain, r.ID)
		case sharing.ToOrganization, sharing.ToOrganizationalUnit:
			return slices.Contains(arns, r.ID)
		default:
			return false
		}
	}
}
