package awsapi

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Do carries out one change. The undo that it returns takes back what this call did, and nothing else: it is nil when
// what was asked for was there already. With an error, an undo that is not nil means that nobody knows whether the
// change was made: it is safe to carry out either way. The error is a sharing.Problem, or wraps one; when AWS refused a
// whole batch because of some accounts in it, it has a method Rejected() []sharing.AccountID.
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
func settle(undo plan.Change, err error, a act) (plan.Change, error) {
	switch {
	case err == nil:
		return undo, nil
	case unknown(err):
		return undo, diagnose(err, a)
	default:
		return nil, diagnose(err, a)
	}
}

// rejection is a batch that AWS refused because of some accounts in it: nothing was done for any of them.
type rejection struct {
	problem  sharing.Problem
	accounts []sharing.AccountID
}

func (r *rejection) Error() string { return r.problem.Error() }

// Unwrap returns the problem.
func (r *rejection) Unwrap() error { return r.problem }

// Rejected returns the accounts that AWS did not accept.
func (r *rejection) Rejected() []sharing.AccountID { return r.accounts }

// rejected tells whether a batch was refused because of accounts that AWS's message names, whatever its code: there are
// several for accounts that don't exist any more. A message for want of permission names the caller's account.
func rejected(err error, a act, accounts []sharing.AccountID) (*rejection, bool) {
	if err == nil || unknown(err) || denied(err) {
		return nil, false
	}
	named := slices.DeleteFunc(slices.Clone(accounts), func(account sharing.AccountID) bool { return !strings.Contains(message(err), string(account)) })
	return &rejection{problem: diagnose(err, a), accounts: named}, len(named) > 0
}
