// SPDX-License-Identifier: MPL-2.0

package campaign

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// facts are what the local AWS has, by name. What is not there has no value. Those of what sharing changes have the names that
// items have (see fact); all others are named after their place in the state, and no run may change them.
type facts map[string]string

type shared struct {
	SharedWith []string `json:"shared_with"`
	Watermarks []string `json:"watermarks"`
}

type template struct {
	Default  version   `json:"default_version"`
	Versions []version `json:"versions"`
}

// version is one of a launch template. What describes it ends with which run has made it.
type version struct {
	Description  string   `json:"description"`
	Image        string   `json:"image"`
	InstanceType string   `json:"instance_type"`
	Devices      []string `json:"block_devices"`
}

func (v version) String() string {
	if note := sharing.TemplateNote + v.Image; strings.HasPrefix(v.Description, note) {
		v.Description = note
	}
	return strings.Join(append([]string{v.Description, v.Image, v.InstanceType}, v.Devices...), ", ")
}

type regionState struct {
	Images    map[string]shared            `json:"images"`
	Snapshots map[string]shared            `json:"snapshots"`
	Tags      map[string]map[string]string `json:"tags"`
	Groups    map[string]struct {
		Role string `json:"service_linked_role"`
	} `json:"auto_scaling_groups"`
	Templates  map[string]template `json:"launch_templates"`
	Parameters map[string]struct {
		Value       string            `json:"value"`
		DataType    string            `json:"data_type"`
		Description string            `json:"description"`
		Pattern     string            `json:"allowed_pattern"`
		Tier        string            `json:"tier"`
		Labels      map[string]string `json:"labels"`
		Tags        map[string]string `json:"tags"`
	} `json:"parameters"`
}

type state struct {
	Accounts map[string]struct {
		Regions map[string]regionState `json:"regions"`
		Roles   []string               `json:"roles"`
	} `json:"accounts"`
	Keys map[string]struct {
		Grants []grantState `json:"grants"`
	} `json:"keys"`
}

type grantState struct {
	Name       string          `json:"name"`
	Issuer     string          `json:"issuer"`
	Grantee    string          `json:"grantee"`
	Operations []string        `json:"operations"`
	Retiring   string          `json:"retiring"`
	Within     json.RawMessage `json:"constraints"`
}

func factsOf(t *testing.T, server *awssim.Server) facts {
	t.Helper()
	f, err := factsIn(server.State(), server.Numbers())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// factsIn are those of a state, and of the numbers of what it leaves out.
func factsIn(text json.RawMessage, numbers map[string]int) (facts, error) {
	var s state
	var all any
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	f := facts{}
	f.others(all)
	for id, account := range s.Accounts {
		for region, has := range account.Regions {
			f.region(id, region, has)
		}
		for _, role := range account.Roles {
			f["service-linked role "+role] = "there"
		}
	}
	for key, has := range s.Keys {
		for _, g := range has.Grants { // a second one for the same role makes another value
			kind := "grant "
			if g.Issuer == ready && len(g.Operations) == len(fewer) {
				kind = oldGrant
			}
			f[kind+key+" "+g.Grantee] += fmt.Sprint(g.Name, g.Issuer, g.Operations, g.Retiring, string(g.Within))
		}
	}
	f.numbers(numbers)
	return f, nil
}

// others are what the state has besides, each by its place in it.
func (f facts) others(at any, path ...string) {
	if hasOwnName(path) || len(path) == 2 && path[0] == "keys" && !strings.Contains(path[1], keyID("")[:8]) { // AWS makes its own keys when they are first used
		return
	}
	if below, ok := at.(map[string]any); ok {
		for name, one := range below {
			f.others(one, append(slices.Clone(path), name)...)
		}
		return
	}
	f["state "+strings.Join(path, " ")] = fmt.Sprint(at)
}

// hasOwnName tells whether a place in the state has facts with names of their own.
func hasOwnName(path []string) bool {
	return slices.ContainsFunc([]string{
		"accounts * roles", "accounts * regions * images * shared_with", "accounts * regions * images * watermarks",
		"accounts * regions * snapshots * shared_with", "accounts * regions * tags", "accounts * regions * launch_templates",
		"accounts * regions * parameters", "accounts * regions * auto_scaling_groups * service_linked_role",
		"accounts * regions * auto_scaling_groups " + sharing.CanaryPrefix + "*", "keys * grants",
	}, func(pattern string) bool {
		return slices.EqualFunc(path, strings.Fields(pattern), func(name, like string) bool {
			prefix, open := strings.CutSuffix(like, "*")
			return name == like || open && strings.HasPrefix(name, prefix)
		})
	})
}

// numbers are those of what has an id of its own each time. How often something was made is nobody's business.
func (f facts) numbers(all map[string]int) {
	for name, n := range all {
		words := strings.Fields(name)
		switch {
		case strings.HasSuffix(name, " image usage reports"), strings.HasSuffix(name, runningInstances) && f.hasCanary(words[0], words[1]):
			f[canary+" "+name] = fmt.Sprint(n)
		case strings.HasSuffix(name, runningInstances), strings.HasSuffix(name, " key pairs"), strings.HasSuffix(name, " security groups"):
			f["number "+name] = fmt.Sprint(n)
		}
	}
}

// runningInstances ends the name of the number of an account's instances in a Region.
const runningInstances = " instances that nobody terminated"

// hasCanary tells whether an account has a canary's group in a Region.
func (f facts) hasCanary(account, region string) bool {
	return slices.ContainsFunc(slices.Collect(maps.Keys(f)), func(name string) bool {
		return strings.HasPrefix(name, strings.Join([]string{canary, account, region, sharing.CanaryPrefix}, " "))
	})
}

func (f facts) region(account, region string, has regionState) {
	for id, one := range has.Images {
		for _, to := range one.SharedWith {
			f[strings.Join([]string{"launch permission", region, id, to}, " ")] = "there"
		}
		if len(one.Watermarks) > 0 {
			f[strings.Join([]string{"watermark", account, region, id}, " ")] = fmt.Sprint(one.Watermarks)
		}
	}
	for id, one := range has.Snapshots {
		for _, to := range one.SharedWith {
			f[strings.Join([]string{"snapshot permission", region, id, to}, " ")] = "there"
		}
	}
	for id, tags := range has.Tags {
		kind := "tags"
		if account == source {
			kind = "shared tags"
		}
		f[strings.Join([]string{kind, account, region, id}, " ")] = fmt.Sprint(tags)
	}
	for name, group := range has.Groups {
		kind := "Auto Scaling group"
		if strings.HasPrefix(name, sharing.CanaryPrefix) {
			kind = canary
		}
		f[strings.Join([]string{kind, account, region, name}, " ")] = group.Role
	}
	f.templates(account, region, has)
	f.parameters(account, region, has)
}

// canary begins the names of facts about what verification makes and deletes again. A run that left some says so, and none
// is asked for.
const canary = "canary"

// canaryTemplate is between the place and the name of a canary's launch template.
const canaryTemplate = "template"

func (f facts) templates(account, region string, has regionState) {
	for name, one := range has.Templates {
		if strings.HasPrefix(name, sharing.CanaryPrefix) {
			f[strings.Join([]string{canary, account, region, canaryTemplate, name}, " ")] = "there"
			continue
		}
		f[strings.Join([]string{"launch template", account, region, name}, " ")] = fmt.Sprint(one.Versions)
		f[strings.Join([]string{"default version of launch template", account, region, name}, " ")] = one.Default.String()
	}
}

func (f facts) parameters(account, region string, has regionState) {
	for name, one := range has.Parameters {
		f[strings.Join([]string{"parameter", account, region, name}, " ")] = fmt.Sprint(one.Value, " ", one.DataType, " ", one.Description, " ", one.Pattern, " ", one.Tier, one.Tags)
		for label, value := range one.Labels {
			f[strings.Join([]string{labels, account, region, name, label}, " ")] = value
		}
	}
}

// labels begins the names of facts about labels of parameters, one for each: what the version holds that has the label.
const labels = "parameter labels"

// oldGrant begins the name of the fact about a grant with the operations of the earlier run, beside which a target gets another one.
const oldGrant = "grant of before "

// differing are the names of the facts that differ, sorted: less what is there for a moment only.
func differing(a, b facts) []string {
	var names []string
	for name := range a {
		if a[name] != b[name] {
			names = append(names, name)
		}
	}
	for name := range maps.Keys(b) {
		if _, both := a[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, canary) })
}
