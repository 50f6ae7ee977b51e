// SPDX-License-Identifier: MPL-2.0

package bench

import "fmt"

// Size is how much there is to share.
type Size struct {
	Regions   int
	AMIs      int // in each Region
	Snapshots int // of each AMI
	Accounts  int // to share with
	Grantees  int // roles in each of them that get a grant
}

// Of returns a size of one AMI with one snapshot in each Region.
func Of(regions, accounts, grantees int) Size {
	return Size{Regions: regions, AMIs: 1, Snapshots: 1, Accounts: accounts, Grantees: grantees}
}

// String implements fmt.Stringer: Regions x accounts x grantees, and AMIs x snapshots where there are several.
func (s Size) String() string {
	text := fmt.Sprintf("%dx%dx%d", s.Regions, s.Accounts, s.Grantees)
	if s.AMIs > 1 || s.Snapshots > 1 {
		text += fmt.Sprintf(", %d AMIs x %d snapshots", s.AMIs, s.Snapshots)
	}
	return text
}
