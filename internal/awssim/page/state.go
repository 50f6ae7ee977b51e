// SPDX-License-Identifier: MPL-2.0

package page

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// state is what the page shows of the state of the local AWS.
type state struct {
	Accounts map[string]struct {
		Roles   []string                `json:"roles"`
		Regions map[string]accountState `json:"regions"`
	} `json:"accounts"`
	Keys map[string]struct {
		State  string  `json:"state"`
		Grants []grant `json:"grants"`
	} `json:"keys"`
}

// accountState is what an account has in a Region.
type accountState struct {
	Images     map[string]sharedState       `json:"images"`
	Snapshots  map[string]sharedState       `json:"snapshots"`
	Tags       map[string]map[string]string `json:"tags"` // by id of the AMI or snapshot
	Parameters map[string]struct {
		Value    string            `json:"value"`
		DataType string            `json:"data_type"`
		Labels   map[string]string `json:"labels"`
		Tags     map[string]string `json:"tags"`
	} `json:"parameters"`
	Groups map[string]struct {
		Role    string `json:"service_linked_role"`
		Desired int    `json:"desired_capacity"`
	} `json:"auto_scaling_groups"`
}

type sharedState struct {
	Name        string   `json:"name"`
	State       string   `json:"state"`
	Description string   `json:"description"`
	Key         string   `json:"kms_key"`
	SharedWith  []string `json:"shared_with"`
}

// person is an account as people know it.
type person struct{ ID, Name string }

// people are all accounts by id.
type people map[string]string

// of returns who an id stands for. What is no account's id stands for itself, as ARNs of organizations do.
func (p people) of(id string) person {
	if id == "all" {
		return person{id, "everybody"}
	}
	return person{id, p[id]}
}

// place is where something is.
type place struct {
	Account person
	Region  string
}

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.Account.ID, q.Account.ID), cmp.Compare(p.Region, q.Region))
}

type account struct {
	person
	Roles   []string
	Regions []string // in which it has something
}

func (p people) accounts(s state) []account {
	var all []account
	for _, id := range slices.Sorted(maps.Keys(p)) {
		in := s.Accounts[id]
		all = append(all, account{p.of(id), in.Roles, slices.Sorted(maps.Keys(in.Regions))})
	}
	return all
}

// shared is an AMI or a snapshot.
type shared struct {
	place
	ID string
	sharedState
	With []person
	Tags []tag
}

func (s shared) compare(other shared) int {
	return cmp.Or(s.place.compare(other.place), cmp.Compare(s.ID, other.ID))
}

type tag struct{ Key, Value string }

func tags(of map[string]string) []tag {
	all := make([]tag, 0, len(of))
	for _, key := range slices.Sorted(maps.Keys(of)) {
		all = append(all, tag{key, of[key]})
	}
	return all
}

func (p people) shared(at place, all map[string]sharedState, tagged map[string]map[string]string) []shared {
	var list []shared
	for id, one := range all {
		item := shared{place: at, ID: id, sharedState: one, Tags: tags(tagged[id])}
		for _, with := range one.SharedWith {
			item.With = append(item.With, p.of(with))
		}
		list = append(list, item)
	}
	return list
}

type key struct {
	ARN, State string
	Grants     []grant
}

type grant struct {
	Name       string   `json:"name"`
	Issuer     string   `json:"issuer"`
	Grantee    string   `json:"grantee"`
	Operations []string `json:"operations"`
	By         person   `json:"-"` // the issuer
}

func (p people) keys(s state) []key {
	var all []key
	for _, arn := range slices.Sorted(maps.Keys(s.Keys)) {
		one := key{arn, s.Keys[arn].State, slices.Clone(s.Keys[arn].Grants)}
		for i := range one.Grants {
			one.Grants[i].By = p.of(one.Grants[i].Issuer)
		}
		all = append(all, one)
	}
	return all
}

type parameter struct {
	place
	Name, Value, DataType string
	Labels, Tags          []tag
}

func (p parameter) compare(other parameter) int {
	return cmp.Or(p.place.compare(other.place), strings.Compare(p.Name, other.Name))
}

func parameters(at place, r accountState) []parameter {
	var all []parameter
	for name, one := range r.Parameters {
		all = append(all, parameter{at, name, one.Value, one.DataType, tags(one.Labels), tags(one.Tags)})
	}
	return all
}

type group struct {
	place
	Name, Role string
	Desired    int
}

func (g group) compare(other group) int {
	return cmp.Or(g.place.compare(other.place), strings.Compare(g.Name, other.Name))
}

func groups(at place, r accountState) []group {
	var all []group
	for name, one := range r.Groups {
		all = append(all, group{at, name, one.Role, one.Desired})
	}
	return all
}
