// SPDX-License-Identifier: MPL-2.0

package clients

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Pages reads all pages of a list: call asks for the page of a token, and read takes from an answer what is listed, and the
// token of the next page. A page may be empty and not be the last one. A token that comes twice would lead round in circles:
// then the list is not complete, and that is an error. With an error comes what was read before.
func Pages[Out, T any](action string, call func(token *string) (Out, error), read func(Out) (items []T, next *string)) ([]T, error) {
	var all []T
	seen := map[string]bool{}
	for token := (*string)(nil); ; {
		out, err := call(token)
		if err != nil {
			return all, err
		}
		items, next := read(out)
		all = append(all, items...)
		switch {
		case aws.ToString(next) == "":
			return all, nil
		case seen[*next]:
			return all, fmt.Errorf("%s leads back to a page that was read already, so that the list is not complete", action)
		}
		seen[*next] = true
		token = next
	}
}
