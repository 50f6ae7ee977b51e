// SPDX-License-Identifier: MPL-2.0

package ssm

import (
	"cmp"
	"fmt"
	"maps"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/world"
)

// Load makes the parameters of a world. They count as validated.
func (s *Service) Load(w world.World) []error {
	return s.LoadRegions(w, func(a *cloud.Account, name string, region world.Region) []error {
		var problems []error
		for _, p := range region.Parameters {
			if err := s.load(a, name, p); err != nil {
				problems = append(problems, fmt.Errorf("parameter %q: %w", p.Name, err))
			}
		}
		return problems
	})
}

func (s *Service) load(a *cloud.Account, region string, w world.Parameter) error {
	c := s.bind(s.NewCall(""))
	c.Account, c.Region = a, region
	var given []tag
	for key, value := range w.Tags {
		given = append(given, tag{key, value})
	}
	in := putInput{Name: w.Name, Value: w.Value, DataType: w.DataType, Description: w.Description, AllowedPattern: w.AllowedPattern, Tier: w.Tier, Tags: given}
	tags, err := c.checkPut(in)
	switch {
	case err != nil:
		return err
	case c.own().stored[w.Name] != nil:
		return fmt.Errorf("the name is taken")
	}
	made := &version{number: 1, value: w.Value, dataType: cmp.Or(w.DataType, textData), labels: w.Labels, modified: s.Now()}
	made.described(in, "arn:"+s.Partition+":iam::"+a.ID+":root")
	s.store(a, region, w.Name, made, tags)
	return nil
}

// parameterDump is a parameter in the state: not its version, which no rollback takes back.
type parameterDump struct {
	Value       string            `json:"value"`
	DataType    string            `json:"data_type"`
	Description string            `json:"description,omitempty"`
	Pattern     string            `json:"allowed_pattern,omitempty"`
	Tier        string            `json:"tier"`
	Labels      map[string]string `json:"labels,omitempty"` // to the values of their versions
	Tags        map[string]string `json:"tags,omitempty"`
}

// Dump puts the parameters that can be read into the state.
func (s *Service) Dump(d *cloud.Dump) {
	for at, r := range s.regions.Each() {
		for name, p := range r.stored {
			latest := p.latest()
			shown := parameterDump{Value: latest.value, DataType: latest.dataType, Description: latest.description, Labels: map[string]string{}, Tags: maps.Clone(p.tags)}
			shown.Pattern, shown.Tier = latest.pattern, latest.tier
			for _, v := range p.versions {
				for _, label := range v.labels {
					shown.Labels[label] = v.value
				}
			}
			d.Put(shown, "accounts", at.Account, "regions", at.Region, "parameters", name)
			d.Count(len(p.versions), at.Account, at.Region, "versions of", name)
		}
	}
}
