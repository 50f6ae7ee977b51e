// SPDX-License-Identifier: MPL-2.0

package autoscaling

import (
	"fmt"
	"maps"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/world"
)

// Load makes the groups of a world. Their templates and roles must be there already.
func (s *Service) Load(w world.World) []error {
	return s.LoadRegions(w, func(a *cloud.Account, name string, region world.Region) []error {
		var problems []error
		for _, group := range region.AutoScalingGroups {
			if err := s.loadGroup(a, name, group); err != nil {
				problems = append(problems, fmt.Errorf("auto scaling group %q: %w", group.Name, err))
			}
		}
		return problems
	})
}

func (s *Service) loadGroup(a *cloud.Account, region string, w world.AutoScalingGroup) error {
	template, err := s.ec2.Template(a, region, "", w.LaunchTemplate)
	there := s.regions.Of(a, region)
	if err != nil || w.Name == "" || there.groups[w.Name] != nil {
		return fmt.Errorf("it needs a name of its own and a launch template of this region, and has %q", w.LaunchTemplate)
	}
	group := &Group{
		name: w.Name, account: a, region: region, base: &source{template: template, version: "$Latest"}, operator: w.Operator,
		role: w.ServiceLinkedRole, least: w.MinSize, most: max(w.MaxSize, w.DesiredCapacity, w.MinSize),
		desired: max(w.DesiredCapacity, w.MinSize), zones: []string{region + "a"}, created: s.Now(),
		arn: arn(s.Partition, region, a.ID, "autoScalingGroup", w.Name),
	}
	for _, key := range slices.Sorted(maps.Keys(w.Tags)) {
		group.tags = append(group.tags, groupTag{group.name, groupKind, key, w.Tags[key], false})
	}
	if err := s.loadOverrides(group, w.Overrides); err != nil {
		return err
	}
	if group.role == "" {
		group.role, _ = s.roles.ServiceLinkedRole(a, servicePrincipal, "", true)
	}
	there.groups[group.name] = group
	if _, problem := s.ServicePrincipal(group.role); problem != nil {
		return fmt.Errorf("service_linked_role %q: %s", group.role, problem.Message)
	}
	return nil
}

// loadOverrides gives the group a mixed instances policy where it has overrides.
func (s *Service) loadOverrides(group *Group, all []world.TemplateOverride) error {
	if len(all) == 0 {
		return nil
	}
	group.mixed = &mixed{}
	for _, w := range all {
		over := override{kind: w.InstanceType, image: w.Image}
		if w.LaunchTemplate != "" {
			template, err := s.ec2.Template(group.account, group.region, "", w.LaunchTemplate)
			if err != nil {
				return fmt.Errorf("overrides: there is no launch template %q", w.LaunchTemplate)
			}
			over.template = &source{template: template, version: "$Latest"}
		}
		group.mixed.overrides = append(group.mixed.overrides, over)
	}
	return nil
}

// groupDump is a group in the state.
type groupDump struct {
	Role    string `json:"service_linked_role"`
	Desired int    `json:"desired_capacity"`
}

// Dump is the part of Auto Scaling in the state.
func (s *Service) Dump(d *cloud.Dump) {
	for at, r := range s.regions.Each() {
		d.Count(len(r.configurations), at.Account, at.Region, "configurations")
		for name, group := range r.groups {
			d.Put(groupDump{group.role, group.desired}, "accounts", at.Account, "regions", at.Region, "auto_scaling_groups", name)
		}
	}
}
