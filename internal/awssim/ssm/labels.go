// SPDX-License-Identifier: MPL-2.0

package ssm

import (
	"regexp"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

const mostLabels = 10

var (
	label         = regexp.MustCompile(`^[a-zA-Z_.-][a-zA-Z0-9_.-]{0,99}$`)
	reservedLabel = regexp.MustCompile(`^(?i)(aws|ssm)`)
)

// labelling is what labels of a parameter are put or taken by.
type labelling struct {
	Name             string
	ParameterVersion int64 // 0 for the latest
	Labels           []string
}

// labelled reads the labels of a call, and finds the parameter and the version that they are for.
func (c *call) labelled() (labelling, *parameter, *version, error) {
	var in labelling
	if err := c.Decode(&in); err != nil {
		return in, nil, nil, err
	}
	if len(in.Labels) < 1 || len(in.Labels) > mostLabels {
		return in, nil, nil, invalid("1 validation error detected: Value '%v' at 'labels' failed to satisfy constraint: "+
			"Member must have length less than or equal to 10, and greater than or equal to 1", in.Labels)
	}
	p := c.own().stored[in.Name]
	if p == nil {
		return in, nil, nil, notFound()
	}
	v := p.latest()
	if in.ParameterVersion != 0 || c.Action == "UnlabelParameterVersion" { // which has to name it
		v = p.numbered(in.ParameterVersion)
	}
	if v == nil {
		return in, nil, nil, wire.BadRequest("ParameterVersionNotFound", "Systems Manager could not find version %d of %s. Verify the version and try again.", in.ParameterVersion, in.Name)
	}
	return in, p, v, nil
}

// labelVersion puts labels on a version. A label that another version has moves. Labels that can be none are returned, and
// the others put. https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html
func (c *call) labelVersion() (cloud.Effect, error) {
	in, p, to, err := c.labelled()
	if err != nil {
		return nil, err
	}
	good, bad := []string{}, []string{}
	for _, name := range in.Labels {
		if label.MatchString(name) && !reservedLabel.MatchString(name) {
			good = append(good, name)
		} else {
			bad = append(bad, name)
		}
	}
	together := slices.Compact(slices.Sorted(slices.Values(slices.Concat(to.labels, good))))
	if len(together) > mostLabels {
		return nil, wire.BadRequest("ParameterVersionLabelLimitExceeded", "A parameter version can have a maximum of ten labels. Move one or more labels to another version and try again.")
	}
	return func() (any, error) {
		for _, v := range p.versions {
			v.labels = slices.DeleteFunc(v.labels, func(name string) bool { return slices.Contains(good, name) })
		}
		to.labels = together
		return map[string]any{"InvalidLabels": bad, "ParameterVersion": to.number}, nil
	}, nil
}

// unlabelVersion takes labels from a version. Labels that it does not have are returned.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UnlabelParameterVersion.html
func (c *call) unlabelVersion() (cloud.Effect, error) {
	in, _, from, err := c.labelled()
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		removed, bad := []string{}, []string{}
		for _, name := range in.Labels {
			if slices.Contains(from.labels, name) {
				removed = append(removed, name)
			} else {
				bad = append(bad, name)
			}
		}
		from.labels = slices.DeleteFunc(from.labels, func(name string) bool { return slices.Contains(removed, name) })
		return map[string]any{"RemovedLabels": removed, "InvalidLabels": bad}, nil
	}, nil
}
