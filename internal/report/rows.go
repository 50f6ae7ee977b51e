package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// row is one line of the table: an image and a recipient, or several recipients of whom the same is to be told.
type row struct {
	Image      sharing.ImageRef
	Recipients []sharing.Recipient
	Cells      [3]string // launch permission, snapshots, grants
	bad        bool      // something of it failed
}

// manyRecipients is from how many recipients of an image on those of whom the same is to be told share a line.
const manyRecipients = 20

// none stands in a cell where nothing was asked for.
const none = "-"

// rows returns the table's lines, sorted by image and recipient.
func (r Run) rows() []row {
	cells := r.cells()
	failed := scopesOf(r.failures())
	var rows []row
	for _, image := range r.images() {
		var ofImage []row
		for _, to := range r.recipients(image.Ref, cells) {
			line := row{Image: image.Ref, Recipients: []sharing.Recipient{to}}
			for column := range line.Cells {
				found := cells[cellKey{image.Ref, to, column}]
				line.Cells[column] = r.cell(found, failed.covers(to, image.Ref.Region) && r.wanted(to, column))
				line.bad = line.bad || slices.ContainsFunc(found, func(i item) bool { return i.Status != added && i.Status != present })
			}
			line.bad = line.bad || failed.covers(to, image.Ref.Region)
			ofImage = append(ofImage, line)
		}
		rows = append(rows, joined(ofImage)...)
	}
	return rows
}

// images are the plan's; of a run that was refused before there was one, the request's.
func (r Run) images() []sharing.Image {
	if len(r.Plan.Images) > 0 {
		return r.Plan.Images
	}
	var images []sharing.Image
	for _, ref := range r.Request.Images {
		images = append(images, sharing.Image{Ref: ref})
	}
	return images
}

type cellKey struct {
	image  sharing.ImageRef
	to     sharing.Recipient
	column int
}

// cells sorts the items into the table. A grant belongs to every image that has a snapshot under its key.
func (r Run) cells() map[cellKey][]item {
	byImage, bySnapshot, byKey := r.imagesOf()
	cells := map[cellKey][]item{}
	for _, i := range r.items() {
		column, at := 0, []sharing.ImageRef(nil)
		switch i.Kind {
		case launchPermission:
			at = byImage[resourceIn{i.Region, i.Resource}]
		case snapshotPermission:
			column, at = 1, bySnapshot[resourceIn{i.Region, i.Resource}]
		case grant:
			column, at = 2, byKey[resourceIn{i.Region, i.Resource}]
		case serviceLinkedRole, tags, groupRole: // not in the table
		}
		for _, image := range at {
			key := cellKey{image, i.Recipient, column}
			cells[key] = append(cells[key], i)
		}
	}
	return cells
}

type resourceIn struct {
	region sharing.Region
	id     string
}

// imagesOf tells which images an image id, a snapshot and a key stand for.
func (r Run) imagesOf() (byImage, bySnapshot, byKey map[resourceIn][]sharing.ImageRef) {
	byImage, bySnapshot, byKey = map[resourceIn][]sharing.ImageRef{}, map[resourceIn][]sharing.ImageRef{}, map[resourceIn][]sharing.ImageRef{}
	put := func(index map[resourceIn][]sharing.ImageRef, id string, ref sharing.ImageRef) {
		key := resourceIn{ref.Region, id}
		if !slices.Contains(index[key], ref) {
			index[key] = append(index[key], ref)
		}
	}
	for _, image := range r.images() {
		put(byImage, image.Ref.ID, image.Ref)
		for _, snapshot := range image.Snapshots {
			put(bySnapshot, snapshot.ID, image.Ref)
			put(byKey, snapshot.KeyARN, image.Ref)
		}
	}
	return byImage, bySnapshot, byKey
}

// recipients are those that the request names, less the image's owner unless there are items of it, and those that lose
// something.
func (r Run) recipients(image sharing.ImageRef, cells map[cellKey][]item) []sharing.Recipient {
	var recipients []sharing.Recipient
	for key := range cells {
		if key.image == image {
			recipients = append(recipients, key.to)
		}
	}
	for _, target := range r.Plan.Targets {
		recipients = append(recipients, sharing.Account(target.Account))
	}
	slices.SortFunc(recipients, sharing.CompareRecipients)
	return slices.Compact(recipients)
}

// cell writes the items of a place in a few words: "added", "2 present, 1 failed". Without items it tells whether there
// would have been some, had the account not failed.
func (r Run) cell(items []item, prevented bool) string {
	if len(items) == 0 {
		if prevented {
			return string(failed)
		}
		return none
	}
	var words []string
	for _, s := range []status{added, present, planned, removed, failed, unknown, skipped, undone, left} {
		gives, takes := count(items, s, false), count(items, s, true)
		if gives > 0 {
			words = append(words, counted(gives, len(items), string(s)))
		}
		if takes > 0 {
			words = append(words, counted(takes, len(items), removalWord(s)))
		}
	}
	return strings.Join(words, ", ")
}

// wanted tells whether a recipient was to get something in a column.
func (r Run) wanted(to sharing.Recipient, column int) bool {
	i := slices.IndexFunc(r.Plan.Targets, func(t sharing.Target) bool { return sharing.Account(t.Account) == to })
	switch column {
	case 0:
		return true
	case 1:
		return i >= 0 && r.Request.ShareSnapshots
	default:
		return i >= 0 && len(r.Plan.Targets[i].Grantees) > 0
	}
}

func count(items []item, s status, removal bool) int {
	n := 0
	for _, i := range items {
		if i.Status == s && i.Removal == removal {
			n++
		}
	}
	return n
}

func counted(n, all int, word string) string {
	if all == 1 {
		return word
	}
	return fmt.Sprintf("%d %s", n, word)
}

func removalWord(s status) string {
	if s == removed {
		return string(s)
	}
	return "removal " + string(s)
}

// places are scopes by account.
type places map[sharing.AccountID][]sharing.Scope

func scopesOf(problems []sharing.Problem) places {
	all := places{}
	for _, p := range problems {
		all[p.Scope.Account] = append(all[p.Scope.Account], p.Scope)
	}
	return all
}

// covers tells whether a recipient is an account among the places, in a Region.
func (p places) covers(to sharing.Recipient, region sharing.Region) bool {
	account := sharing.AccountID(to.ID)
	return slices.ContainsFunc(p[account], func(s sharing.Scope) bool { return s.Covers(sharing.Scope{Account: account, Region: region}) })
}

// joined puts recipients of whom the same is to be told on one line, when there are many. Where something failed each
// has its own.
func joined(rows []row) []row {
	if len(rows) <= manyRecipients {
		return rows
	}
	var lines []row
	at := map[[3]string]int{}
	for _, line := range rows {
		first, seen := at[line.Cells]
		switch {
		case line.bad || line.Recipients[0].Kind != sharing.ToAccount:
			lines = append(lines, line)
		case seen:
			lines[first].Recipients = append(lines[first].Recipients, line.Recipients...)
		default:
			at[line.Cells] = len(lines)
			lines = append(lines, line)
		}
	}
	return lines
}

// who names a line's recipients.
func (l row) who() string {
	if len(l.Recipients) > 1 {
		return fmt.Sprintf("%d accounts", len(l.Recipients))
	}
	return shortRecipient(l.Recipients[0])
}

// shortRecipient names an organization or OU by its id instead of by its ARN.
func shortRecipient(to sharing.Recipient) string {
	return to.ID[strings.LastIndexByte(to.ID, '/')+1:]
}
