// SPDX-License-Identifier: MPL-2.0

package policy

import (
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// SessionLimit is how long an inline session policy can be, in characters.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const SessionLimit = 2048

// Session returns the policy that narrows a session inside a target to the calls of one run on its keys and AMIs, in at
// most limit characters. When the ARNs don't fit, they are given by patterns, AMIs and snapshots first, then the
// conditions of grants, keys, roles and groups go, and all other conditions; last, several
// actions on the same kind of thing are given by a pattern. A session never allows more than the role's own policies do.
// What is widest has less than SessionLimit characters for every target, and is returned when the limit is lower still.
func Session(c Config, t Target, limit int) string {
	t.Credentials = true
	statements := withAnyPath(c.targetStatements([]Target{t}))
	var text string
	for _, widen := range []func([]statement) []statement{
		func(all []statement) []statement { return all },
		widenService("ec2"), withoutGrantConditions, widenService("kms"), widenService("iam"), widenService("autoscaling"), widenService("ssm"),
		func(all []statement) []statement { return merged(widened(all, func(string) string { return "*" })) },
		func(all []statement) []statement { return merged(withoutConditions(all, "")) },
		actionsByNoun,
	} {
		statements = widen(statements)
		if text = short(statements); len(text) <= limit {
			return text
		}
	}
	return text
}

// withAnyPath lets a session look for a role whatever its path is: that of a role of one's own may be another one than the
// target names, and only AWS can tell.
func withAnyPath(all []statement) []statement {
	result := slices.Clone(all)
	for i, s := range result {
		if s.Sid != "AmiShareRoles" {
			continue
		}
		var roles []string
		for _, resource := range s.Resource {
			roles = append(roles, resource)
			if arn, err := sharing.ParseARN(withoutPath(resource)); err == nil && !strings.HasPrefix(arn.Resource, "role/AWSServiceRoleFor") {
				arn.Resource = strings.Replace(arn.Resource, "role/", "role/*/", 1)
				roles = append(roles, arn.String())
			}
		}
		result[i].Resource = unique(roles)
	}
	return result
}

// short leaves out the names of the statements, and the white space.
func short(statements []statement) string {
	doc := whole(statements...)
	for i := range doc.Statement {
		doc.Statement[i].Sid = ""
	}
	return string(compact(doc))
}

// widenService replaces the resources of a service, and their Regions, by one pattern for each kind: a key's account and
// a role's stay.
func widenService(service string) func([]statement) []statement {
	widen := func(resource string) string {
		arn, err := sharing.ParseARN(resource)
		if err != nil || arn.Service != service {
			return resource
		}
		if arn.Region != "" {
			arn.Region = "*"
		}
		kind := arn.Resource
		if i := strings.IndexAny(kind, "/:"); i >= 0 {
			kind = kind[:i+1]
		}
		arn.Resource = kind + "*"
		return arn.String()
	}
	return func(all []statement) []statement { return widened(all, widen) }
}

func widened(all []statement, widen func(string) string) []statement {
	result := make([]statement, len(all))
	for i, s := range all {
		var resources []string
		for _, resource := range s.Resource {
			resources = append(resources, widen(resource))
		}
		s.Resource = unique(resources)
		result[i] = s
	}
	return result
}

// merged makes one statement of those that have no condition and the same resources.
func merged(all []statement) []statement {
	var result []statement
	for _, s := range all {
		i := slices.IndexFunc(result, func(other statement) bool {
			return len(other.Condition)+len(s.Condition) == 0 && slices.Equal(other.Resource, s.Resource)
		})
		if i < 0 {
			result = append(result, s)
			continue
		}
		result[i].Action = unique(slices.Concat(result[i].Action, s.Action))
	}
	return result
}

// actionsByNoun gives several actions on the same kind of thing by one pattern. What the session can do stays within what its
// role can.
func actionsByNoun(all []statement) []statement {
	result := slices.Clone(all)
	for i, s := range result {
		actions := slices.Clone(s.Action)
		for _, noun := range []string{"ec2:*LaunchTemplate*", "ssm:*Parameter*", "autoscaling:*AutoScalingGroup*"} {
			service, name, _ := strings.Cut(strings.TrimSuffix(noun, "*"), "*")
			of := func(action string) bool { return strings.HasPrefix(action, service) && strings.Contains(action, name) }
			if rest := slices.DeleteFunc(slices.Clone(actions), of); len(rest) < len(actions)-1 {
				actions = slices.Concat(rest, []string{noun})
			}
		}
		result[i].Action = unique(actions)
	}
	return result
}

func withoutGrantConditions(all []statement) []statement {
	return withoutConditions(all, "AmiShareCreateGrants")
}

// withoutConditions takes the conditions out of the statement of a name, or of all statements where there is no name.
func withoutConditions(all []statement, sid string) []statement {
	result := make([]statement, len(all))
	for i, s := range all {
		if sid == "" || s.Sid == sid {
			s.Condition = nil
		}
		result[i] = s
	}
	return result
}
