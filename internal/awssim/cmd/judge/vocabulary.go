// SPDX-License-Identifier: MPL-2.0

package main

import (
	"slices"
	"strings"
)

// What cases are made of: few words, so that they meet often.

const (
	home    = "222222222222"
	abroad  = "111111111111"
	session = "arn:aws:sts::222222222222:assumed-role/ami-share/packer"
	role    = "arn:aws:iam::222222222222:role/ami-share"
	user    = "arn:aws:iam::222222222222:user/ann"
	keyARN  = "arn:aws:kms:us-east-1:222222222222:key/team"
	farKey  = "arn:aws:kms:us-east-1:111111111111:key/team"
	target  = "arn:aws:iam::222222222222:role/target"
	farRole = "arn:aws:iam::111111111111:role/target"
)

var principals = []string{session, session, user}

// named are whom policies name.
var named = []string{session, role, user, home, "arn:aws:iam::222222222222:root", abroad, "arn:aws:iam::111111111111:role/other"}

// request is an action with what it may be about.
type request struct {
	action, resource string
	owners           []string
	policy           string   // kind of the resource's policy, "" for none
	keys             []string // that the action has, and some that it does not have
}

var (
	ofGrants  = []string{"kms:GrantOperations", "kms:GranteePrincipal", "kms:GrantIsForAWSResource", "kms:ViaService", "aws:ResourceTag/team", "kms:EncryptionContextKeys"}
	ofSession = []string{"sts:ExternalId", "sts:RoleSessionName", "sts:TransitiveTagKeys", "aws:TagKeys", "aws:RequestTag/team"}
	ofImages  = []string{"ec2:Add/userId", "ec2:Attribute", "ec2:Owner", "aws:ResourceTag/team", "aws:RequestTag/team"}
	ofRoles   = []string{"iam:PassedToService", "iam:PolicyARN", "iam:AWSServiceName", "aws:ResourceTag/team"}
)

var requests = []request{
	{"kms:CreateGrant", keyARN, []string{home}, "key", ofGrants},
	{"kms:CreateGrant", farKey, []string{abroad}, "key", ofGrants},
	{"kms:Decrypt", farKey, []string{abroad}, "key", ofGrants},
	{"kms:RetireGrant", keyARN, []string{home}, "key", ofGrants},
	{"sts:AssumeRole", target, []string{home}, "trust", ofSession},
	{"sts:AssumeRole", farRole, []string{abroad}, "trust", ofSession},
	{"sts:TagSession", farRole, []string{abroad}, "trust", ofSession},
	{"iam:PassRole", target, []string{home}, "", ofRoles},
	{"iam:AttachRolePolicy", target, []string{home}, "", ofRoles},
	{"ec2:ModifyImageAttribute", "arn:aws:ec2:us-east-1::image/team", []string{home}, "", ofImages},
	{"ec2:ModifySnapshotAttribute", "arn:aws:ec2:us-east-1::snapshot/team", []string{home}, "", ofImages},
	{"ec2:DescribeImages", "*", []string{home}, "", ofImages},
}

// everywhere are keys that all actions have.
var everywhere = []string{
	"aws:PrincipalTag/team", "aws:username", "aws:PrincipalArn", "aws:SourceIp", "aws:CurrentTime", "aws:MultiFactorAuthAge", "aws:SecureTransport", "aws:PrincipalOrgPaths",
}

// keyType is what a key's values look like, in requests and in policies.
type keyType struct {
	several   bool
	values    []string
	wanted    []string
	operators []string
}

var texts = keyType{
	values: []string{"team", "other", "Team", "te*m", ""},
	wanted: []string{
		"team", "other", "TEAM", "te*", "?eam", "*", "", "${aws:PrincipalTag/team}", "${aws:username}", "${aws:username, 'team'}", "te${*}m", "x${aws:username}*",
	},
	operators: []string{"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike"},
}

var arns = keyType{
	values: []string{role, user, "arn:aws:iam::111111111111:role/other"},
	wanted: []string{role, user, "arn:aws:iam::*:role/*", "arn:aws:iam::222222222222:*/ann", "arn:*:iam::22222222222?:*", "arn:aws:iam::222222222222:user/${aws:username}"},
	operators: []string{
		"ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "StringLike", "StringNotLike", "StringEquals",
	},
}

var types = map[string]keyType{
	"aws:PrincipalArn":     arns,
	"kms:GranteePrincipal": arns,
	"iam:PolicyARN":        arns,
	"aws:SourceIp": {
		values: []string{"192.0.2.7", "198.51.100.1", "2001:db8::1"}, wanted: []string{"192.0.2.0/24", "192.0.2.7", "2001:db8::/32", "0.0.0.0/0"},
		operators: []string{"IpAddress", "NotIpAddress"},
	},
	"aws:CurrentTime": {
		values: []string{"2026-01-31T12:00:00Z"}, wanted: []string{"2026-01-31T12:00:00Z", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"},
		operators: []string{"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"},
	},
	"aws:MultiFactorAuthAge": {
		values: []string{"60", "3600"}, wanted: []string{"60", "61", "3600", "0"},
		operators: []string{"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals"},
	},
	"aws:SecureTransport":       {values: []string{"true", "false"}, wanted: []string{"true", "false"}, operators: []string{"Bool"}},
	"kms:GrantIsForAWSResource": {values: []string{"true", "false"}, wanted: []string{"true", "false"}, operators: []string{"Bool"}},
}

var multivalued = []string{"kms:GrantOperations", "kms:EncryptionContextKeys", "sts:TransitiveTagKeys", "aws:TagKeys", "aws:PrincipalOrgPaths"}

func typeOf(key string) keyType {
	t, ok := types[key]
	if !ok {
		t = texts
	}
	t.several = slices.Contains(multivalued, key)
	if t.several || key == "aws:username" || strings.HasPrefix(key, "aws:PrincipalTag/") { // values that are put in are none that are empty
		t.values = slices.DeleteFunc(slices.Clone(t.values), func(value string) bool { return value == "" })
	}
	return t
}

func variablesIn(text string) []string {
	var names []string
	for _, piece := range strings.Split(text, "${")[1:] {
		name, _, _ := strings.Cut(piece, "}")
		if name, _, instead := strings.Cut(name, ","); !instead && len(name) > 1 {
			names = append(names, name)
		}
	}
	return names
}
