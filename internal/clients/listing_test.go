// SPDX-License-Identifier: MPL-2.0

package clients

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

func TestAListIsReadToItsEnd(t *testing.T) {
	for name, test := range map[string]struct {
		pages map[string]struct {
			items []int
			next  string
		}
		want    int
		endless bool
	}{
		"an empty page in the middle": {pages: map[string]struct {
			items []int
			next  string
		}{"": {[]int{1}, "a"}, "a": {nil, "b"}, "b": {[]int{2, 3}, ""}}, want: 3},
		"a token that comes twice": {pages: map[string]struct {
			items []int
			next  string
		}{"": {[]int{1}, "a"}, "a": {[]int{2}, "b"}, "b": {[]int{3}, "a"}}, want: 3, endless: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Pages("x:List", func(token *string) (string, error) { return aws.ToString(token), nil }, func(token string) ([]int, *string) {
				page := test.pages[token]
				return page.items, &page.next
			})
			if len(got) != test.want || (err != nil) != test.endless {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}
