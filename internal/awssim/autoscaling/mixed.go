// SPDX-License-Identifier: MPL-2.0

package autoscaling

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// mixedParams are those of a mixed instances policy. Groups that are to launch Spot Instances launch as others do here.
const mixedParams = " MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification.LaunchTemplateId" +
	" MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification.LaunchTemplateName" +
	" MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification.Version" +
	" MixedInstancesPolicy.LaunchTemplate.Overrides.member.N.InstanceType MixedInstancesPolicy.LaunchTemplate.Overrides.member.N.ImageId" +
	" MixedInstancesPolicy.LaunchTemplate.Overrides.member.N.WeightedCapacity" +
	" MixedInstancesPolicy.LaunchTemplate.Overrides.member.N.LaunchTemplateSpecification.LaunchTemplateId" +
	" MixedInstancesPolicy.LaunchTemplate.Overrides.member.N.LaunchTemplateSpecification.LaunchTemplateName" +
	" MixedInstancesPolicy.LaunchTemplate.Overrides.member.N.LaunchTemplateSpecification.Version" +
	" MixedInstancesPolicy.InstancesDistribution.OnDemandAllocationStrategy MixedInstancesPolicy.InstancesDistribution.OnDemandBaseCapacity" +
	" MixedInstancesPolicy.InstancesDistribution.OnDemandPercentageAboveBaseCapacity MixedInstancesPolicy.InstancesDistribution.SpotAllocationStrategy"

// mixed is a mixed instances policy, besides its launch template. The overrides are in the order in which instances are launched from
// them: the strategy "prioritized" takes the first.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-mixed-instances-groups.html
type mixed struct {
	overrides    []override
	distribution wire.Form
}

// override takes the place of parts of the launch template.
type override struct {
	kind, image, weight string
	template            *source // nil for the policy's
}

const mostOverrides = 40 // https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-quotas.html

// on is what is launched from a base by an override.
func (o override) on(base source) source {
	if o.template != nil {
		base = *o.template
	}
	base.image, base.kind = o.image, o.kind
	return base
}

// setMixed reads a mixed instances policy. One that names no launch template keeps that of the policy before.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_MixedInstancesPolicy.html
func (c *call) setMixed(group *Group, policy wire.Form) error {
	base, made := group.base, &mixed{distribution: policy.Sub("InstancesDistribution")}
	if err := checkDistribution(made.distribution); err != nil {
		return err
	}
	if group.mixed == nil {
		base = nil
	} else {
		made.overrides = group.mixed.overrides
	}
	if named := policy.Sub("LaunchTemplate").Sub("LaunchTemplateSpecification"); len(named) > 0 {
		var err error
		if base, err = c.namedTemplate(named); err != nil {
			return err
		}
	}
	if base == nil {
		return wire.ValidationError("The MixedInstancesPolicy must specify a LaunchTemplate with a LaunchTemplateSpecification.")
	}
	if given := policy.Sub("LaunchTemplate").Structs("Overrides.member"); len(given) > 0 {
		made.overrides = nil
		if len(given) > mostOverrides {
			return wire.ValidationError("The number of overrides cannot be more than %d", mostOverrides)
		}
		for _, one := range given {
			over, err := c.override(one)
			if err != nil {
				return err
			}
			made.overrides = append(made.overrides, over)
		}
	}
	group.base, group.mixed, group.configuration = base, made, nil
	return nil
}

// checkDistribution: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstancesDistribution.html
func checkDistribution(given wire.Form) error {
	strategies := map[string]string{
		"OnDemandAllocationStrategy": "prioritized lowest-price",
		"SpotAllocationStrategy":     "lowest-price capacity-optimized capacity-optimized-prioritized price-capacity-optimized",
	}
	most := map[string]int{"OnDemandBaseCapacity": math.MaxInt32, "OnDemandPercentageAboveBaseCapacity": 100}
	for name, value := range given {
		n, err := strconv.Atoi(value)
		if known := strategies[name]; known != "" && !slices.Contains(strings.Fields(known), value) || known == "" && (err != nil || n < 0 || n > most[name]) {
			return wire.ValidationError("Value (%s) for parameter InstancesDistribution.%s is invalid", value, name)
		}
	}
	return nil
}

func (c *call) override(given wire.Form) (override, error) {
	over := override{kind: given.Get("InstanceType"), image: given.Get("ImageId"), weight: given.Get("WeightedCapacity")}
	if weight, err := strconv.Atoi(over.weight); over.weight != "" && (err != nil || weight < 1 || weight > 999) {
		return over, wire.ValidationError("WeightedCapacity must be between 1 and 999: %s", over.weight)
	}
	if named := given.Sub("LaunchTemplateSpecification"); len(named) > 0 {
		var err error
		if over.template, err = c.namedTemplate(named); err != nil {
			return over, err
		}
	}
	return over, nil
}

type mixedItem struct {
	Template struct {
		Base      *templateRef          `xml:"LaunchTemplateSpecification"`
		Overrides members[overrideItem] `xml:"Overrides"`
	} `xml:"LaunchTemplate"`
	Distribution distributionItem `xml:"InstancesDistribution"`
}

type overrideItem struct {
	Kind     string       `xml:"InstanceType,omitempty"`
	Image    string       `xml:"ImageId,omitempty"`
	Weight   string       `xml:"WeightedCapacity,omitempty"`
	Template *templateRef `xml:"LaunchTemplateSpecification"`
}

type distributionItem struct {
	OnDemand   string `xml:"OnDemandAllocationStrategy"`
	Base       string `xml:"OnDemandBaseCapacity"`
	Percentage string `xml:"OnDemandPercentageAboveBaseCapacity"`
	Spot       string `xml:"SpotAllocationStrategy"`
}

// describe shows the policy with the values that AWS has for what was left out.
func (m *mixed) describe(base *source) *mixedItem {
	item := &mixedItem{}
	item.Template.Base = base.ref()
	for _, over := range m.overrides {
		item.Template.Overrides.Items = append(item.Template.Overrides.Items, overrideItem{over.kind, over.image, over.weight, over.template.ref()})
	}
	value := func(name, unless string) string {
		if given := m.distribution.Get(name); given != "" {
			return given
		}
		return unless
	}
	item.Distribution = distributionItem{
		value("OnDemandAllocationStrategy", "prioritized"), value("OnDemandBaseCapacity", "0"),
		value("OnDemandPercentageAboveBaseCapacity", "100"), value("SpotAllocationStrategy", "lowest-price"),
	}
	return item
}
