// SPDX-License-Identifier: MPL-2.0

package clients

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

func TestAListIsReadToItsEnd(t *testing.T) {
	for name, test := range map[string]struct {
		pages map[string]struct {
			items []int
			next  string
		}
		want int
		err  error
	}{
		"an empty page in the middle": {pages: map[string]struct {
			items []int
			next  string
		}{"": {[]int{1}, "a"}, "a": {nil, "b"}, "b": {[]int{2, 3}, ""}}, want: 3},
		"a token that comes twice": {pages: map[string]struct {
			items []int
			next  string
		}{"": {[]int{1}, "a"}, "a": {[]int{2}, "b"}, "b": {[]int{3}, "a"}}, err: ErrRepeatedToken},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Pages(t.Context(), func(_ context.Context, token *string) ([]int, *string, error) {
				page := test.pages[aws.ToString(token)]
				return page.items, &page.next, nil
			})
			if len(got) != test.want || !errors.Is(err, test.err) {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}
