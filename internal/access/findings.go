// SPDX-License-Identifier: MPL-2.0

package access

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"
)

// Joined returns errors as Packer shows them, one bullet each, or nil.
func Joined(errs []error) error {
	if len(errs) == 0 {
		return nil
	}
	return packersdk.MultiErrorAppend(nil, errs...)
}

// Undecoded are the mistakes that were found while the configuration was decoded, each on its own, if everything else of it could be
// decoded and can be checked too.
func Undecoded(err error) (errs []error, checkable bool) {
	several, ok := err.(interface{ WrappedErrors() []error })
	switch {
	case err == nil:
		return nil, true
	case !ok:
		return []error{err}, false
	}
	for _, one := range several.WrappedErrors() {
		text := undecoded.ReplaceAllString(one.Error(), "$1: ")
		if strings.Contains(text, "time: ") {
			text += `: write a number and its unit, as in "5m"`
		}
		errs = append(errs, errors.New(text))
	}
	return errs, true
}

// undecoded is how an error about one option begins.
var undecoded = regexp.MustCompile(`^error decoding '([^']+)': `)

// findings collects what is wrong with a part of the configuration.
type findings struct {
	where string // "target 2: assume_role: "
	known bool   // whether all values are known; else placeholders are passed over
	errs  *[]error
}

func newFindings(where string, known bool) findings {
	return findings{where, known, new([]error)}
}

// within returns findings of a part, collected together with f's.
func (f findings) within(part string) findings {
	return findings{f.where + part + ": ", f.known, f.errs}
}

func (f findings) addf(format string, args ...any) {
	*f.errs = append(*f.errs, fmt.Errorf("%s%s", f.where, fmt.Sprintf(format, args...)))
}

// add collects err under the name of an option, unless it is nil.
func (f findings) add(option string, err error) {
	if err != nil {
		f.addf("%s: %v", option, err)
	}
}

// addRegions checks the Regions of an option.
func (f findings) addRegions(option string, regions []string) {
	for i, region := range regions {
		switch {
		case f.open(region):
		case slices.Contains(regions[:i], region):
			f.addf("%s: %q is named twice", option, region)
		case !IsRegion(region):
			f.addf("%s: %q is not the code of a Region, as in eu-central-1", option, region)
		}
	}
}

// CheckRegions checks an option that is a list of Regions.
func CheckRegions(option string, regions []string, known bool) []error {
	f := newFindings("", known)
	f.addRegions(option, regions)
	return *f.errs
}

// open tells whether s is there only later, and can't be checked.
func (f findings) open(s string) bool { return !f.known && Placeholder(s) }

// openList tells whether a list may be there only later: Packer shows a list that it doesn't know as an empty one, and
// one that is not set as nil.
func (f findings) openList(list []string) bool { return !f.known && list != nil && len(list) == 0 }
