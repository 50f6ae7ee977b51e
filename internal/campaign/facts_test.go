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
)

// facts are what the local AWS has of what sharing can change, by name. What is not there has no value.
type facts map[string]string

type shared struct {
	SharedWith []string `json:"shared_with"`
}

type regionState struct {
	Images    map[string]shared            `json:"images"`
	Snapshots map[string]shared            `json:"snapshots"`
	Tags      map[string]map[string]string `json:"tags"`
	Groups    map[string]struct {
		Role string `json:"service_linked_role"`
	} `json:"auto_scaling_groups"`
}

type state struct {
	Accounts map[string]struct {
		Regions map[string]regionState `json:"regions"`
		Roles   []string               `json:"roles"`
	} `json:"accounts"`
	Keys map[string]struct {
		Grants []struct {
			Name       string   `json:"name"`
			Issuer     string   `json:"issuer"`
			Grantee    string   `json:"grantee"`
			Operations []string `json:"operations"`
		} `json:"grants"`
	} `json:"keys"`
}

func factsOf(t *testing.T, server *awssim.Server) facts {
	t.Helper()
	var s state
	if err := json.Unmarshal(server.State(), &s); err != nil {
		t.Fatal(err)
	}
	f := facts{}
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
			f["grant "+key+" "+g.Grantee] += fmt.Sprint(g.Name, g.Issuer, g.Operations)
		}
	}
	return f
}

func (f facts) region(account, region string, has regionState) {
	for id, one := range has.Images {
		for _, to := range one.SharedWith {
			f[strings.Join([]string{"launch permission", region, id, to}, " ")] = "there"
		}
	}
	for id, one := range has.Snapshots {
		for _, to := range one.SharedWith {
			f[strings.Join([]string{"snapshot permission", region, id, to}, " ")] = "there"
		}
	}
	for id, tags := range has.Tags {
		f[strings.Join([]string{"tags", account, region, id}, " ")] = fmt.Sprint(tags)
	}
	for name, group := range has.Groups {
		f[strings.Join([]string{"Auto Scaling group", account, region, name}, " ")] = group.Role
	}
}

// differing are the names of the facts that differ, sorted.
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
	return names
}
