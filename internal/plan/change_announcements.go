// SPDX-License-Identifier: MPL-2.0

package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Where is the account in which something is announced.
type Where struct {
	Account sharing.AccountID
	// Source says that the account is that of the AMIs, and that the source's credentials act in it.
	Source bool
	Image  sharing.ImageRef
}

// Scopes are the account and Region.
func (w Where) Scopes() []sharing.Scope { return one(w.Account, w.Image.Region) }

// Announcement is a change of the second act.
type Announcement interface {
	Change
	// Announced says where it is made, and of which AMI.
	Announced() Where
}

// Announced implements Announcement.
func (w Where) Announced() Where { return w }

// PutParameter stores an AMI's id in a parameter.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
type PutParameter struct {
	Where
	Parameter sharing.Parameter
	Previous  sharing.StoredParameter
}

// LabelParameter puts labels on the version of a parameter that holds the AMI's id. A label that another version has moves.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_LabelParameterVersion.html
type LabelParameter struct {
	Where
	Name   string
	Labels []string
	// Version is the one that gets the labels, 0 for one that the run makes. Previous are the versions that have some of them.
	Version  int64
	Previous map[string]int64
}

// Description is what the parameter is to have: that of the request, or the one that it has.
func (c PutParameter) Description() string {
	return cmp.Or(c.Parameter.Description, c.Previous.Description)
}

// RestoreParameter undoes a PutParameter: it writes what was there, or deletes what was made. No plan holds it. Something
// that others have written in the meantime stays.
type RestoreParameter struct {
	Where
	Parameter sharing.Parameter // that was written
	Previous  sharing.StoredParameter
}

// RestoreLabels undoes a LabelParameter. No plan holds it. Labels that others have moved in the meantime stay.
type RestoreLabels struct {
	Where
	Name   string
	Remove []string         // labels that no version had
	Move   map[string]int64 // the versions that had the others
}

func (PutParameter) change()     {}
func (LabelParameter) change()   {}
func (RestoreParameter) change() {}
func (RestoreLabels) change()    {}

func (PutParameter) Stage() Stage     { return Announcements }
func (LabelParameter) Stage() Stage   { return Sequels }
func (RestoreParameter) Stage() Stage { return Announcements }
func (RestoreLabels) Stage() Stage    { return Sequels }

func (c PutParameter) Without(drop func(sharing.Scope) bool) Change     { return unless(c, drop) }
func (c LabelParameter) Without(drop func(sharing.Scope) bool) Change   { return unless(c, drop) }
func (c RestoreParameter) Without(drop func(sharing.Scope) bool) Change { return unless(c, drop) }
func (c RestoreLabels) Without(drop func(sharing.Scope) bool) Change    { return unless(c, drop) }

func (c PutParameter) String() string {
	if !c.Previous.Exists() {
		return fmt.Sprintf("store %s in the new parameter %s of account %s", c.Image.ID, c.Parameter.Name, c.Account)
	}
	return fmt.Sprintf("store %s in the parameter %s of account %s in place of %s", c.Image.ID, c.Parameter.Name, c.Account, c.Previous.Value)
}

func (c LabelParameter) String() string {
	return fmt.Sprintf("label the version with %s of the parameter %s of account %s: %s", c.Image.ID, c.Name, c.Account, strings.Join(c.Labels, ", "))
}

func (c RestoreParameter) String() string {
	if !c.Previous.Exists() {
		return fmt.Sprintf("delete the parameter %s of account %s", c.Parameter.Name, c.Account)
	}
	return fmt.Sprintf("put %s back into the parameter %s of account %s", c.Previous.Value, c.Parameter.Name, c.Account)
}

func (c RestoreLabels) String() string {
	labels := append(slices.Sorted(maps.Keys(c.Move)), c.Remove...)
	return fmt.Sprintf("take back the labels %s of the parameter %s of account %s", strings.Join(labels, ", "), c.Name, c.Account)
}

// StoredAt is a parameter of an account.
type StoredAt struct {
	Where
	Name string
}

// Deleted returns the parameter that an undo deletes.
func Deleted(undo Change) (StoredAt, bool) {
	c, ok := undo.(RestoreParameter)
	return StoredAt{c.Where, c.Parameter.Name}, ok && !c.Previous.Exists()
}

// PartOf returns the parameter whose deletion makes an undo needless: it takes its labels along.
func PartOf(undo Change) (StoredAt, bool) {
	c, ok := undo.(RestoreLabels)
	return StoredAt{c.Where, c.Name}, ok
}
