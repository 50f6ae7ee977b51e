// SPDX-License-Identifier: MPL-2.0

package sharing

import "slices"

// Leaving returns who loses an AMI with exact: those whom it is shared with and whom the request does not name, sorted by
// kind. A public AMI stays public.
func (r Request) Leaving(image Image) []Recipient {
	if !r.Exact {
		return nil
	}
	named := map[Recipient]bool{}
	for _, recipient := range r.Named(image.Ref.Region) {
		named[recipient] = true
	}
	leaving := slices.DeleteFunc(slices.Clone(image.LaunchPermissions), func(recipient Recipient) bool {
		return recipient.Kind == ToGroup || named[recipient]
	})
	slices.SortStableFunc(leaving, CompareRecipients)
	return leaving
}

// Shrunk tells whether so many are leaving that the list of those who stay is likely to be broken: nobody is named for the
// Region any more, or more than half of the recipients leave, of whom there are several. That one account follows
// another is nothing unusual.
func (r Request) Shrunk(image Image, leaving []Recipient) bool {
	nobody := len(leaving) > 0 && len(r.Named(image.Ref.Region)) == 0
	return !r.ForceRemoval && (nobody || len(leaving) > 1 && 2*len(leaving) > image.Recipients())
}

// Recipients counts whom an AMI is shared with by name.
func (i Image) Recipients() int {
	n := 0
	for _, recipient := range i.LaunchPermissions {
		if recipient.Kind != ToGroup {
			n++
		}
	}
	return n
}
