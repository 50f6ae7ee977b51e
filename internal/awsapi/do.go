package awsapi

import (
	"context"

	"github.com/amishare/packer-plugin-ami-share/internal/plan"
)

// Do carries out one change. The undo that it returns takes back what this call did, and nothing else: it is nil when
// what was asked for was there already. With an error, an undo that is not nil means that nobody knows whether the
// change was made: it is safe to carry out either way. The error is a sharing.Problem, or wraps one; when AWS refused a
// whole batch because of some accounts in it, it has a method Rejected() []sharing.AccountID.
func (c *Client) Do(ctx context.Context, change plan.Change) (undo plan.Change, err error) {
	return nil, nil
}
