// SPDX-License-Identifier: MPL-2.0

package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// status tells what has become of an item. Each item has exactly one.
type status string

// The statuses, as the JSON report has them.
const (
	planned status = "planned" // a dry run would do it, and AWS would allow it as far as AWS can say beforehand
	refused status = "refused" // AWS would refuse it, or it was not begun because its target can't be entered
	added   status = "added"   // this run made it
	present status = "present" // it was there
	removed status = "removed" // this run took it away
	failed  status = "failed"  // AWS refused it, or it was made and verification did not find it
	unknown status = "unknown" // AWS's answer was lost, and so was whether it was done
	skipped status = "skipped" // it was not begun, because something before it failed or the run was interrupted; in a dry run, would not be
	undone  status = "undone"  // this run did it and took it back
	left    status = "left"    // this run did it, and a rollback left it
)

// statuses are all statuses with the signs that stand for them in a table, those first that most need to be seen: where a cell stands for
// items of several statuses, it shows the first.
func statuses() []signed {
	return []signed{
		{failed, "!"},
		{unknown, "?"},
		{refused, "x"},
		{skipped, "."},
		{undone, "<"},
		{left, "#"},
		{added, "+"},
		{planned, "+"},
		{removed, "-"},
		{present, "="},
	}
}

// signed is a status and its sign.
type signed struct {
	status status
	sign   string
}

// kind tells what an item is.
type kind int

const (
	launchPermission kind = iota
	snapshotPermission
	grant
	serviceLinkedRole
	tags
	groupRole
	parameter
	parameterLabels
	sharedTags
	watermark
	launchTemplate
	templateDefault
)

func (k kind) String() string {
	return [...]string{"launch permission", "snapshot permission", "grant", "service-linked role", "tags", "Auto Scaling group", "parameter", "parameter labels", "shared tags", "watermark", "launch template", "default version of launch template"}[k]
}

// plural names several items of a kind.
func (k kind) plural(n int) string {
	switch {
	case k.set() && n != 1:
		return "sets of " + k.String()
	case k.set():
		return "set of " + k.String()
	case k == templateDefault && n != 1:
		return "default versions of launch templates"
	case n == 1:
		return k.String()
	default:
		return k.String() + "s"
	}
}

// set tells whether an item of the kind stands for several things of one call.
func (k kind) set() bool { return k == tags || k == parameterLabels || k == sharedTags }

// item is one thing that one recipient gets, has, or loses.
type item struct {
	Kind      kind
	Recipient sharing.Recipient
	Region    sharing.Region // "" for roles
	Resource  string         // AMI, snapshot, key's ARN, role's ARN or group
	Grantee   string         // of a grant: the role's ARN
	GrantID   string
	Value     string // of an announcement: what it is to be, and what it was
	Previous  string
	Removal   bool // it is to go
	Status    status
	Verified  bool   // it was seen from inside the target after the run
	Reason    string // why it is not there, or goes
}

func compareItems(a, b item) int {
	return cmp.Or(cmp.Compare(a.Region, b.Region), cmp.Compare(a.Kind, b.Kind), strings.Compare(a.Resource, b.Resource),
		sharing.CompareRecipients(a.Recipient, b.Recipient), strings.Compare(a.Grantee, b.Grantee), strings.Compare(a.GrantID, b.GrantID))
}

// removal makes of an item one that goes. One that was gone already is removed too.
func (i item) removal() item {
	i.Removal = true
	if i.Status == added || i.Status == present {
		i.Status = removed
	}
	return i
}

// word is the status of an item that is looked at without its other fields: "removal failed".
func (i item) word() string {
	if i.Removal && i.Status != removed {
		return "removal " + string(i.Status)
	}
	return string(i.Status)
}

// count returns how many items have one of the statuses.
func count(items []item, which ...status) int {
	n := 0
	for _, i := range items {
		if slices.Contains(which, i.Status) {
			n++
		}
	}
	return n
}

// announces tells whether an item is of the second act.
func (i item) announces() bool { return i.Kind >= parameter }

// announced names an announcement, what it is and, if that differs, what it was: "/golden/web/ami (ami-1 -> ami-2)".
func (i item) announced() string {
	switch {
	case i.Previous != "" && i.Previous != i.Value:
		return i.Resource + " (" + i.Previous + " -> " + i.Value + ")"
	case i.Value == "":
		return i.Resource
	default:
		return i.Resource + " (" + i.Value + ")"
	}
}
