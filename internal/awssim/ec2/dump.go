// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"fmt"
	"maps"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
)

// sharedDump is an AMI or a snapshot in the state.
type sharedDump struct {
	Name        string   `json:"name,omitempty"`
	State       string   `json:"state"`
	Description string   `json:"description,omitempty"`
	Key         string   `json:"kms_key,omitempty"`
	SharedWith  []string `json:"shared_with"`
	Watermarks  []string `json:"watermarks,omitempty"`
}

// Dump is the part of EC2 in the state.
func (s *Service) Dump(d *cloud.Dump) {
	s.tags.Dump(d)
	s.network.Dump(d)
	for at, r := range s.regions.Each() {
		r.dump(func(value any, path ...string) {
			d.Put(value, append([]string{"accounts", at.Account, "regions", at.Region}, path...)...)
		})
		r.count(func(n int, what ...string) { d.Count(n, append([]string{at.Account, at.Region}, what...)...) })
	}
}

func (r *inventory) dump(put func(value any, path ...string)) {
	for id, img := range r.images {
		shown := sharedDump{Name: img.name, State: img.state, Description: img.description, SharedWith: img.launch.values()}
		for _, mark := range img.watermarks {
			shown.Watermarks = append(shown.Watermarks, mark.key)
		}
		put(shown, "images", id)
	}
	for id, snap := range r.snapshots {
		shared := sharedDump{State: snap.state, Description: snap.description, SharedWith: snap.createVolume.values()}
		if snap.key != nil {
			shared.Key = snap.key.ARN
		}
		put(shared, "snapshots", id)
	}
	for _, template := range r.templates {
		put(template.dump(), "launch_templates", template.Name)
	}
	if r.allowed.state != settingDisabled {
		put(r.allowed.state, "allowed_images")
	}
}

// templateDump has the versions of a launch template without their numbers, which come and go.
type templateDump struct {
	Default  templateVersionDump   `json:"default_version"`
	Versions []templateVersionDump `json:"versions"` // the oldest first
}

type templateVersionDump struct {
	Description  string   `json:"description,omitempty"`
	Image        string   `json:"image,omitempty"`
	InstanceType string   `json:"instance_type,omitempty"`
	Devices      []string `json:"block_devices,omitempty"`
}

func (t *LaunchTemplate) dump() templateDump {
	shown := templateDump{Default: t.versions[t.defaultVersion].dump()}
	for _, number := range slices.Sorted(maps.Keys(t.versions)) {
		shown.Versions = append(shown.Versions, t.versions[number].dump())
	}
	return shown
}

func (v *TemplateVersion) dump() templateVersionDump {
	shown := templateVersionDump{Description: v.description, Image: v.Image, InstanceType: v.InstanceType}
	for _, device := range v.Devices {
		shown.Devices = append(shown.Devices, fmt.Sprint(device.name, " ", device.snapshot, " ", device.size, " ", device.volumeType, " ", device.key, " ", device.deletes))
	}
	return shown
}

func (r *inventory) count(count func(n int, what ...string)) {
	count(len(r.volumes), "volumes")
	count(len(r.instances), "instances")
	running := 0
	for _, inst := range r.instances {
		if !inst.Ended() {
			running++
		}
	}
	count(running, "instances that nobody terminated")
	count(len(r.templates), "templates")
	for _, t := range r.templates {
		count(len(t.versions), "versions of", t.Name)
		count(t.defaultVersion, "default version of", t.Name)
		count(t.made, "versions ever of", t.Name)
	}
}

// values are the entries' values in order; their kind shows in their form.
func (p permissions) values() []string {
	values := make([]string, 0, len(p))
	for entry := range p {
		values = append(values, entry.value)
	}
	slices.Sort(values)
	return values
}
