// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// markers are those of the pages of a listing. A marker that comes twice would lead in a circle without end.
type markers map[string]bool

// follow notes the marker of the next page; it is an error when the listing has been there.
func (m markers) follow(action string, marker *string) error {
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
