// SPDX-License-Identifier: MPL-2.0

package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// announcements plans the second act: what consumers react to.
func (c *computation) announcements() {
	for _, image := range c.plan.Images {
		c.parameters(Where{c.owner, true, image.Ref}, c.request.Announcements.Parameters, c.facts.Parameters)
		c.sharedTags(image)
		c.watermark(image)
		for _, target := range c.plan.Targets {
			if c.announcesIn(target, image.Ref.Region) {
				c.parameters(Where{target.Account, false, image.Ref}, target.Announcements.Parameters, c.facts.Targets[target.Account].Parameters)
				c.templates(target, image.Ref)
			}
		}
	}
}

func (c *computation) announcesIn(target sharing.Target, region sharing.Region) bool {
	return target.In(region) && !c.blocked(at(target.Account, region))
}

// parameters plans what is to hold an AMI's id.
func (c *computation) parameters(where Where, wanted []sharing.Parameter, stored sharing.StoredParameters) {
	for _, parameter := range wanted {
		there := stored[where.Image.Region][parameter.Name]
		put := PutParameter{Where: where, Parameter: parameter, Previous: there}
		same := there.Holds(where.Image.ID, parameter)
		if same {
			c.keep(Present{Change: put})
		} else {
			c.change(put)
		}
		c.labels(where, parameter, there, same)
	}
}

// labels plans those of a parameter. They are to be on the newest version, which holds the AMI's id then.
func (c *computation) labels(where Where, parameter sharing.Parameter, there sharing.StoredParameter, same bool) {
	label := LabelParameter{Where: where, Name: parameter.Name}
	if same {
		label.Version = there.Version
	}
	var missing, kept []string
	for _, name := range parameter.Labels {
		if same && there.Labels[name] == there.Version {
			kept = append(kept, name)
		} else {
			missing = append(missing, name)
		}
	}
	if len(kept) > 0 {
		present := label
		present.Labels = kept
		c.keep(Present{Change: present})
	}
	if len(missing) > 0 {
		label.Labels, label.Previous = missing, versionsOf(missing, there.Labels)
		c.change(label)
	}
}

// versionsOf returns the versions that have labels, of those labels that some version has.
func versionsOf(labels []string, versions map[string]int64) map[string]int64 {
	some := map[string]int64{}
	for _, label := range labels {
		if number, there := versions[label]; there {
			some[label] = number
		}
	}
	return some
}

// parametersTwice blocks the AMIs' own account as a target with a parameter that the source has too: it would be written twice.
func (c *computation) parametersTwice(target sharing.Target) {
	if target.Account != c.owner {
		return
	}
	for _, parameter := range target.Announcements.Parameters {
		if slices.ContainsFunc(c.request.Announcements.Parameters, func(p sharing.Parameter) bool { return p.Name == parameter.Name }) {
			c.block(sharing.Problem{
				Scope: at(target.Account, ""), Doing: "storing AMIs in the parameter " + parameter.Name,
				Cause:  "the post-processor names it, and so does the target, which is the AMIs' own account",
				Remedy: "Leave out one of the two ssm_parameter blocks.",
			})
		}
	}
}

// several refuses to announce one of several AMIs of a Region: a parameter holds one.
func (c *computation) several() {
	byRegion := map[sharing.Region][]string{}
	for _, image := range c.plan.Images {
		byRegion[image.Ref.Region] = append(byRegion[image.Ref.Region], image.Ref.ID)
	}
	for _, region := range c.regions() {
		if images := byRegion[region]; len(images) > 1 {
			if names := c.announcedIn(region); len(names) > 0 {
				c.refuse(sharing.Problem{
					Scope: sharing.Scope{Region: region}, Doing: "announcing " + strings.Join(images, ", ") + " in " + strings.Join(names, ", "),
					Cause:  fmt.Sprintf("there are %d AMIs in this Region, and each of these holds one", len(images)),
					Remedy: "Share the AMIs by a post-processor for each, with names of their own.",
				})
			}
		}
	}
}

// announcedIn names what announces an AMI in a Region and can hold only one.
func (c *computation) announcedIn(region sharing.Region) []string {
	var names []string
	add := func(a sharing.Announcements) {
		for _, parameter := range a.Parameters {
			names = append(names, "the parameter "+parameter.Name)
		}
		for _, template := range a.Templates {
			names = append(names, "the launch template "+template.Named)
		}
	}
	add(c.request.Announcements)
	for _, target := range c.request.Targets {
		if target.In(region) {
			add(target.Announcements)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
