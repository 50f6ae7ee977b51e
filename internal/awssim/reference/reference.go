// SPDX-License-Identifier: MPL-2.0

// Package reference says which condition keys an action has, as AWS's service authorization reference does: for each
// action of the local AWS the keys of its requests, the types of its resources with their keys, and which keys have
// several values. It decides nothing and knows no request.
//
// What it says stands in reference.json, which tools/judge/reference.mjs writes; to add an action, add its name there
// and run make judge-reference.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
package reference

import (
	_ "embed"
	"encoding/json"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
)

// table is reference.json. Keys that end in "/" or ":" stand for all that begin so, as "aws:RequestTag/" does.
type table struct {
	ControlledByResource []string          // services that resource control policies reach
	Several              []string          // keys with several values, in lower case once read
	ResourceTypes        map[string]string // "kms:key" to the form of its ARNs
	Actions              map[string]action // "kms:CreateGrant"

	services map[string]bool
	byName   map[string]action // all in lower case, but the types of resources
}

type action struct {
	Keys []string            // of each request
	On   map[string][]string // of requests about a resource of a type: "key" to its keys
}

//go:embed reference.json
var file []byte

var reference = sync.OnceValue(func() *table {
	t := &table{services: map[string]bool{"aws": true}, byName: map[string]action{}}
	if err := json.Unmarshal(file, t); err != nil {
		panic("reference.json, which this program is built with: " + err.Error())
	}
	lower(t.Several)
	for name, a := range t.Actions {
		t.services[serviceOf(name)] = true
		folded := action{Keys: lower(slices.Clone(a.Keys)), On: map[string][]string{}}
		for kind, keys := range a.On {
			folded.On[kind] = lower(slices.Clone(keys))
		}
		t.byName[strings.ToLower(name)] = folded
	}
	return t
})

func lower(keys []string) []string {
	for i, key := range keys {
		keys[i] = strings.ToLower(key)
	}
	return keys
}

func serviceOf(name string) string {
	service, _, _ := strings.Cut(strings.ToLower(name), ":")
	return service
}

// Actions are the names of all actions that the table has, sorted.
func Actions() []string { return slices.Sorted(maps.Keys(reference().Actions)) }

// Keys are the condition keys that requests of an action may have, whatever resource they are about, sorted; global ones
// are not among them. One that ends in "/" or ":" stands for all that begin so.
func Keys(action string) []string {
	a := reference().Actions[action]
	keys := slices.Concat(slices.Collect(maps.Values(a.On))...)
	keys = append(keys, a.Keys...)
	slices.Sort(keys)
	return slices.Compact(keys)
}

// ofRequestsWithTags are the keys of the prefix "aws:" that an action has only if the table says so. All others are
// global: every request may have them.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
var ofRequestsWithTags = []string{"aws:requesttag/", "aws:tagkeys", "aws:resourcetag/"}

const withWebIdentity = "sts:assumerolewithwebidentity"

// Offered returns the question whether the request of an action about a resource ("*" for none) may have a condition
// key. Keys of identity providers belong to AssumeRoleWithWebIdentity. Of services that the table does not know it says
// nothing, and lets their keys be.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
func Offered(action, resource string) func(key string) bool {
	action = strings.ToLower(action)
	t := reference()
	keys := t.keys(action, resource)
	return func(key string) bool {
		key = strings.ToLower(key)
		switch service := serviceOf(key); {
		case strings.Contains(service, "."):
			return action == withWebIdentity
		case !t.services[service], service == "aws" && !has(ofRequestsWithTags, key):
			return true
		default:
			return has(keys, key)
		}
	}
}

// keys are those of an action for a resource, in lower case. Where the resource is none of the action's types, it is
// about any of them.
func (t *table) keys(name, resource string) []string {
	a := t.byName[name]
	types := slices.Collect(maps.Keys(a.On))
	fitting := slices.DeleteFunc(slices.Clone(types), func(kind string) bool { return !t.is(serviceOf(name), kind, resource) })
	if len(fitting) > 0 {
		types = fitting
	}
	keys := slices.Clone(a.Keys)
	for _, kind := range types {
		keys = append(keys, a.On[kind]...)
	}
	return keys
}

// is tells whether an ARN is of a type of resource. Parts are compared one by one; a star in a form is any text, with
// slashes too.
func (t *table) is(service, kind, arn string) bool {
	form, parts := strings.SplitN(t.ResourceTypes[service+":"+kind], ":", 6), strings.SplitN(arn, ":", 6)
	return len(form) == 6 && slices.EqualFunc(form, parts, func(form, part string) bool {
		fits, err := path.Match(strings.ReplaceAll(form, "/", "|"), strings.ReplaceAll(part, "/", "|"))
		return err == nil && fits
	})
}

// Takes tells whether an ARN is of a type of resource that the action has. Actions without one take "*" only.
func Takes(action, arn string) bool {
	t := reference()
	a, known := t.byName[strings.ToLower(action)]
	if len(a.On) == 0 {
		return known && arn == "*"
	}
	for kind := range a.On {
		if t.is(serviceOf(action), kind, arn) {
			return true
		}
	}
	return false
}

// globalWithSeveral are the global keys with several values.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
var globalWithSeveral = []string{
	"aws:calledvia", "aws:principalorgpaths", "aws:principalservicenameslist", "aws:resourceorgpaths", "aws:sourceorgpaths",
	"aws:tagkeys", "aws:vpceorgpaths",
}

// Multivalued tells whether a key has several values, and so needs a set operator, even in a request where it has one.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
func Multivalued(key string) bool {
	key = strings.ToLower(key)
	return has(globalWithSeveral, key) || has(reference().Several, key)
}

// Controlled tells whether resource control policies reach an action: those of some services, but no RetireGrant.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
// https://docs.aws.amazon.com/kms/latest/developerguide/resource-control-policies.html
func Controlled(action string) bool {
	return slices.Contains(reference().ControlledByResource, serviceOf(action)) && !strings.EqualFold(action, "kms:RetireGrant")
}

// has looks for a key; all are in lower case.
func has(keys []string, key string) bool {
	return slices.ContainsFunc(keys, func(known string) bool {
		if strings.HasSuffix(known, "/") || strings.HasSuffix(known, ":") {
			return strings.HasPrefix(key, known)
		}
		return known == key
	})
}
