package awsapi

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Do carries out one change. The undo that it returns takes back what this call did, and nothing else: it is nil when
// what was asked for was there already. With an error, an undo that is not nil means that nobody knows whether the
// change was made: it is safe to carry out either way. The error is a sharing.Problem, or wraps one; when AWS refused a
// whole batch because of some recipients in it, it has a method Parts() (refused, rest plan.Change).
func (c *Client) Do(ctx context.Context, change plan.Change) (undo plan.Change, err error) {
	switch change := change.(type) {
	case plan.CreateServiceLinkedRole:
		return c.createServiceLinkedRole(ctx, change)
	case plan.DeleteServiceLinkedRole:
		return nil, c.deleteServiceLinkedRole(ctx, change)
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
	case plan.RemoveTags:
		return nil, c.removeTags(ctx, change)
	case plan.SetGroupRole:
		return c.setGroupRole(ctx, change)
	}
	return nil, fmt.Errorf("carrying out %T: the change is not known here", change)
}

// settle says what an attempt means: the undo of what was done or may have been done, and the error in words.
func settle(undo plan.Change, err error, a diagnose.Act) (plan.Change, error) {
	switch {
	case err == nil:
		return undo, nil
	case diagnose.Unknown(err):
		return undo, diagnose.Error(err, a)
	default:
		return nil, diagnose.Error(err, a)
	}
}

// rejection is a batch that AWS refused because of some recipients in it: nothing was done for any of them.
type rejection struct {
	problem       sharing.Problem
	refused, rest plan.Change
}

func (r *rejection) Error() string { return r.problem.Error() }

// Unwrap returns the problem.
func (r *rejection) Unwrap() error { return r.problem }

// Parts returns the part of the batch that AWS did not accept, and the rest.
func (r *rejection) Parts() (refused, rest plan.Change) { return r.refused, r.rest }

// rejected tells whether a batch was refused because of recipients that AWS's message names, whatever its code: there are
// several for accounts that don't exist any more. A message for want of permission names the caller's account.
func rejected(err error, a diagnose.Act, batch plan.Change) (*rejection, bool) {
	if err == nil || diagnose.Unknown(err) || diagnose.Denied(err) {
		return nil, false
	}
	refused, rest := plan.Divide(batch, namedIn(diagnose.Message(err)))
	return &rejection{diagnose.Error(err, a), refused, rest}, refused != nil
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
