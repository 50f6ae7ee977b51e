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

// facts are what the local AWS has of what sharing can change, by name. What is not there has no value.
type facts map[string]string

type shared struct {
	SharedWith []string `json:"shared_with"`
	Watermarks []string `json:"watermarks"`
}

type regionState struct {
	Images    map[string]shared            `json:"images"`
	Snapshots map[string]shared            `json:"snapshots"`
	Tags      map[string]map[string]string `json:"tags"`
	Groups    map[string]struct {
		Role string `json:"service_linked_role"`
	} `json:"auto_scaling_groups"`
	Parameters map[string]struct {
		Value    string            `json:"value"`
		DataType string            `json:"data_type"`
		Labels   map[string]string `json:"labels"`
		Tags     map[string]string `json:"tags"`
	} `json:"parameters"`
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
			kind := "grant "
			if g.Issuer == ready && len(g.Operations) == len(fewer) {
				kind = oldGrant
			}
			f[kind+key+" "+g.Grantee] += fmt.Sprint(g.Name, g.Issuer, g.Operations)
		}
	}
	return f
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
		if _, made := tags[sharing.CanaryTag]; made {
			kind = canary
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
	f.parameters(account, region, has)
}

// canary begins the names of facts about what verification makes and deletes again. A run that left some says so, and none
// is asked for.
const canary = "canary"

func (f facts) parameters(account, region string, has regionState) {
	for name, one := range has.Parameters {
		f[strings.Join([]string{"parameter", account, region, name}, " ")] = fmt.Sprint(one.Value, " ", one.DataType, one.Tags)
		if len(one.Labels) > 0 {
			f[strings.Join([]string{"parameter labels", account, region, name}, " ")] = fmt.Sprint(one.Labels)
		}
	}
}

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
