// SPDX-License-Identifier: MPL-2.0

package clients

import (
	"context"
	"math"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// GrantsPerPage is how many ListGrants returns at once.
const GrantsPerPage = 100

// ListGrants reads all pages of ListGrants.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html
func (c *Clients) ListGrants(ctx context.Context, p Place, in *kms.ListGrantsInput) ([]sharing.Grant, error) {
	grants, _, err := c.ListSome(ctx, p, in, math.MaxInt)
	return grants, err
}

// ListSome is ListGrants until there are so many; next is the marker of the page after them, nil when there is none.
func (c *Clients) ListSome(ctx context.Context, p Place, in *kms.ListGrantsInput, most int) (grants []sharing.Grant, next *string, err error) {
	in.Limit = aws.Int32(GrantsPerPage)
	grants, err = Pages("kms:ListGrants", func(token *string) (*kms.ListGrantsOutput, error) {
		if token != nil {
			in.Marker = token
		}
		return c.KMS(p).ListGrants(ctx, in)
	}, func(out *kms.ListGrantsOutput) ([]sharing.Grant, *string) {
		page := make([]sharing.Grant, len(out.Grants))
		for i, entry := range out.Grants {
			page[i] = grant(entry)
		}
		next = out.NextMarker
		if most -= len(page); most <= 0 {
			return page, nil
		}
		return page, next
	})
	if err != nil {
		return nil, nil, err
	}
	return grants, next, nil
}

func grant(entry types.GrantListEntry) sharing.Grant {
	g := sharing.Grant{
		ID: aws.ToString(entry.GrantId), Name: aws.ToString(entry.Name), Grantee: aws.ToString(entry.GranteePrincipal),
		Issuer: issuerIn(aws.ToString(entry.IssuingAccount)), Created: aws.ToTime(entry.CreationDate),
	}
	for _, operation := range entry.Operations {
		g.Operations = append(g.Operations, string(operation))
	}
	if constraints := entry.Constraints; constraints != nil {
		g.Constrained = len(constraints.EncryptionContextEquals)+len(constraints.EncryptionContextSubset) > 0 || constraints.SourceArn != nil
	}
	return g
}

// issuerIn reads an issuing account: its ARN or its id, "" when it is neither.
func issuerIn(text string) sharing.AccountID {
	if id, err := sharing.ParseAccountID(text); err == nil {
		return id
	}
	return sharing.AccountOf(text)
}
