// SPDX-License-Identifier: MPL-2.0

package access

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// mostConcurrency is how many calls to AWS may be in flight at most.
const mostConcurrency = 1000

// CheckConcurrency checks the option max_concurrency of both components. 0 is an option that is not set.
func CheckConcurrency(n int) []error {
	if n < 0 || n > mostConcurrency {
		return []error{fmt.Errorf("max_concurrency: %d is not from 1 to %d", n, mostConcurrency)}
	}
	return nil
}

// GrantOperations returns the operations of each grant: those of the option grant_operations, or else AWS's own.
func GrantOperations(option []string) []string {
	if len(option) == 0 {
		return sharing.DefaultGrantOperations()
	}
	return option
}

// CheckGrantOperations checks the option grant_operations of both components. An empty list is refused, once all values
// are known: a grant without operations does not exist.
func CheckGrantOperations(operations []string, known bool) []error {
	f := newFindings("grant_operations: ", known)
	if known && operations != nil && len(operations) == 0 {
		f.addf("the list is empty: leave the option out for AWS's defaults, or make no grants by service_linked_roles = [] in the targets")
	}
	for i, operation := range operations {
		switch {
		case f.open(operation):
		case slices.Contains(operations[:i], operation):
			f.addf("%q is named twice", operation)
		case !slices.Contains(sharing.GrantOperations(), operation):
			f.addf("%q is no operation of a grant on a symmetric key: use %s", operation, strings.Join(sharing.GrantOperations(), ", "))
		}
	}
	return *f.errs
}
