// SPDX-License-Identifier: MPL-2.0

package wire

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Form holds the parameters of the query protocol. An empty value counts as absent, as on AWS.
type Form map[string]string

// Get returns the parameter, or "".
func (f Form) Get(name string) string { return f[name] }

// Flag tells whether the parameter is "true".
func (f Form) Flag(name string) bool { return strings.EqualFold(f[name], "true") }

// List returns prefix.1, prefix.2, … up to the first gap.
func (f Form) List(prefix string) []string {
	var values []string
	for i := 1; ; i++ {
		value, ok := f[prefix+"."+strconv.Itoa(i)]
		if !ok {
			return values
		}
		values = append(values, value)
	}
}

// Structs returns the members prefix.1.*, prefix.2.*, … with the prefix taken off, up to the first gap.
func (f Form) Structs(prefix string) []Form {
	var members []Form
	for i := 1; ; i++ {
		member := f.Sub(prefix + "." + strconv.Itoa(i))
		if len(member) == 0 {
			return members
		}
		members = append(members, member)
	}
}

// Sub returns the parameters below prefix, with the prefix taken off.
func (f Form) Sub(prefix string) Form {
	below := Form{}
	for name, value := range f {
		if rest, ok := strings.CutPrefix(name, prefix+"."); ok {
			below[rest] = value
		}
	}
	return below
}

// flags are the parameters that are true or false, by their last part.
var flags = strings.Fields("AllRegions AssociatePublicIpAddress CopyImageTags DeleteAssociatedSnapshots DeleteOnTermination DisableApiStop" +
	" DisableApiTermination DryRun EbsOptimized EnaSupport Encrypted Force ForceDelete Hibernate IncludeAllInstances IncludeAllResourceTypes IncludeDeprecated" +
	" IncludeDisabled NoReboot ResolveAlias WithCooldown")

// Check refuses a flag that is neither true nor false, and an entry of a list that comes after a gap.
func (f Form) Check(name, generic string) error {
	last := generic[strings.LastIndex(generic, ".")+1:]
	if value := f[name]; slices.Contains(flags, last) && !strings.EqualFold(value, "true") && !strings.EqualFold(value, "false") {
		return Errorf(http.StatusBadRequest, "InvalidParameterValue", "Invalid value '%s' for boolean parameter %s", value, name)
	}
	parts := strings.Split(name, ".")
	for i, part := range parts {
		n, err := strconv.Atoi(part)
		if err != nil {
			continue
		}
		before := strings.Join(append(slices.Clone(parts[:i]), strconv.Itoa(n-1)), ".")
		if n < 1 || part != strconv.Itoa(n) || n > 1 && f[before] == "" && len(f.Sub(before)) == 0 {
			return Errorf(http.StatusBadRequest, "InvalidParameterValue", "The parameter %s does not continue a list that begins with 1", name)
		}
	}
	return nil
}
