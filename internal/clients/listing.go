// SPDX-License-Identifier: MPL-2.0

package clients

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Markers are those of the pages of a listing. A marker that comes twice would lead in a circle without end.
type Markers map[string]bool

// Follow notes the marker of the next page; it is an error when the listing has been there.
func (m Markers) Follow(action string, marker *string) error {
	at := aws.ToString(marker)
	if at == "" {
		return nil
	}
	if m[at] {
		return fmt.Errorf("%s leads back to a page that was read already: the listing has no end", action)
	}
	m[at] = true
	return nil
}

// ErrRepeatedToken says that a list is not complete.
var ErrRepeatedToken = errors.New("the token of a page came twice, so that the list is not complete")

// Pages reads all pages of a list. Organizations may answer with an empty page and still have more. A token that comes
// twice would lead round in circles: then the list is not complete, and that is an error.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html
func Pages[T any](ctx context.Context, page func(ctx context.Context, token *string) (items []T, next *string, err error)) ([]T, error) {
	var all []T
	seen := map[string]bool{}
	var token *string
	for {
		items, next, err := page(ctx, token)
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
		if aws.ToString(next) == "" {
			return all, nil
		}
		if seen[*next] {
			return nil, ErrRepeatedToken
		}
		seen[*next] = true
		token = next
	}
}
