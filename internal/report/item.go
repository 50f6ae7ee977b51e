// SPDX-License-Identifier: MPL-2.0

package report

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
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
	proved  status = "proved"  // it was to be proved, and was
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
		{proved, "="},
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
	canary
	keyUse
	parameter
	parameterLabels
	sharedTags
	watermark
	launchTemplate
	templateDefault
)

func (k kind) String() string {
	return [...]string{"launch permission", "snapshot permission", "grant", "service-linked role", "tags", "Auto Scaling group", "canary", "use of key", "parameter", "parameter labels", "shared tags", "watermark", "launch template", "default version of launch template"}[k]
}

// plural names several items of a kind.
func (k kind) plural(n int) string {
	switch {
	case k.set() && n != 1:
		return "sets of " + k.String()
	case k.set():
		return "set of " + k.String()
	case k == canary && n != 1:
		return "canaries"
	case k == keyUse && n != 1:
		return "uses of keys"
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
	Resource  string         // AMI, snapshot, key's ARN, role's ARN or group; of a canary its AMI
	Grantee   string         // of a grant: the role's ARN
	GrantID   string
	Value     string // what it is to be, and what it was, where that is more than to be there
	Previous  string
	Also      []aspect // what else of it changes
	Removal   bool     // it is to go
	Status    status
	Verified  bool   // it was seen from inside the target after the run
	Reason    string // why it is not there, or goes
}

// aspect is something of an item that changes besides its value.
type aspect struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Previous string `json:"previous"`
}

// also notes an aspect, if it differs from what there was.
func (i *item) also(name, previous, value string) {
	if i.Previous != "" && previous != value {
		i.Also = append(i.Also, aspect{name, value, previous})
	}
}

// aspects are those of an item, in words: "data type: text -> aws:ec2:image".
func (i item) aspects() string {
	return strings.Join(mapped(i.Also, func(a aspect) string { return a.Name + ": " + arrow(a.Previous, a.Value) }), "; ")
}

// arrow writes what something was and is to be.
func arrow(previous, value string) string {
	return cmp.Or(previous, "none") + " -> " + cmp.Or(value, "none")
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
	if told := i.told(); told != "" {
		return i.Resource + " (" + told + ")"
	}
	return i.Resource
}

// told is what an item is to be and was: "ami-1 -> ami-2; data type: text -> aws:ec2:image".
func (i item) told() string {
	value := i.Value
	if i.Previous != "" && i.Previous != i.Value {
		value = arrow(i.Previous, i.Value)
	}
	return joined("; ", value, i.aspects())
}

// versionWords names a version, 0 for one that is made.
func versionWords(number int64) string {
	if number == 0 {
		return "new version"
	}
	return "version " + strconv.FormatInt(number, 10)
}

// labelWords tell which versions have labels: "live: version 3, next: version 2".
func labelWords(versions map[string]int64) string {
	return strings.Join(mapped(slices.Sorted(maps.Keys(versions)), func(label string) string { return label + ": " + versionWords(versions[label]) }), ", ")
}
