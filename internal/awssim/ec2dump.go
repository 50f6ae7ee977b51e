package awssim

import (
	"maps"
	"slices"
)

// Everything in EC2 and Auto Scaling that sharing can change, without ids and dates of what comes and goes by itself.
type (
	regionDump struct {
		Images         map[string]sharedDump        `json:"images,omitempty"`
		Snapshots      map[string]sharedDump        `json:"snapshots,omitempty"`
		Tags           map[string]map[string]string `json:"tags,omitempty"`
		Groups         map[string]groupDump         `json:"auto_scaling_groups,omitempty"`
		DefaultKey     string                       `json:"default_ebs_key,omitempty"`
		EncryptDefault bool                         `json:"ebs_encryption_by_default,omitempty"`
		Allowed        string                       `json:"allowed_images,omitempty"`
	}
	sharedDump struct {
		Name        string   `json:"name,omitempty"`
		State       string   `json:"state"`
		Description string   `json:"description,omitempty"`
		Key         string   `json:"kms_key,omitempty"`
		SharedWith  []string `json:"shared_with"`
	}
	groupDump struct {
		Role    string `json:"service_linked_role"`
		Desired int    `json:"desired_capacity"`
	}
)

// dumpCompute is compute's part of State for one account and region, nil if there is nothing.
func (s *Server) dumpCompute(a *account, region string) any {
	r := a.regions[region]
	if r == nil {
		return nil
	}
	dump := regionDump{
		Images: map[string]sharedDump{}, Snapshots: map[string]sharedDump{}, Groups: map[string]groupDump{},
		Tags: map[string]map[string]string{}, DefaultKey: r.defaultKey, EncryptDefault: r.encryptDefault,
	}
	if r.allowed.state != settingDisabled {
		dump.Allowed = r.allowed.state
	}
	for id, img := range r.images {
		dump.Images[id] = sharedDump{Name: img.name, State: img.state, Description: img.description, SharedWith: img.launch.values()}
	}
	for id, snap := range r.snapshots {
		shared := sharedDump{State: snap.state, Description: snap.description, SharedWith: snap.createVolume.values()}
		if snap.key != nil {
			shared.Key = snap.key.arn
		}
		dump.Snapshots[id] = shared
	}
	for id, tags := range r.tags {
		if kind := resourceKind(id); len(tags) > 0 && (kind == "image" || kind == "snapshot") {
			dump.Tags[id] = maps.Clone(tags)
		}
	}
	for name, group := range r.groups {
		dump.Groups[name] = groupDump{group.role, group.desired}
	}
	if len(dump.Images)+len(dump.Snapshots)+len(dump.Tags)+len(dump.Groups) == 0 && dump.DefaultKey == "" && !dump.EncryptDefault && dump.Allowed == "" {
		return nil
	}
	return dump
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
