// SPDX-License-Identifier: MPL-2.0

package iampolicy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// glob is a text in which two runes that no text has stand for wildcards.
type glob []rune

const (
	anyText rune = -1 // *
	anyRune rune = -2 // ?
)

// wildcards makes a glob of a text with * and ?.
func wildcards(s string) glob {
	g := glob(s)
	for i, r := range g {
		switch r {
		case '*':
			g[i] = anyText
		case '?':
			g[i] = anyRune
		}
	}
	return g
}

// anything tells whether the glob is a single *.
func (g glob) anything() bool { return len(g) == 1 && g[0] == anyText }

// matches compares a whole text.
func (g glob) matches(s string) bool {
	text := []rune(s)
	star, mark := -1, 0
	p, i := 0, 0
	for i < len(text) {
		switch {
		case p < len(g) && g[p] == anyText:
			star, mark = p, i
			p++
		case p < len(g) && (g[p] == anyRune || g[p] == text[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return !slices.ContainsFunc(g[p:], func(r rune) bool { return r != anyText })
}

const partsOfARN = 6

// matchesARN compares each of the six parts for itself, so that a wildcard does not reach into the next one. Only the
// last, the resource, may have colons of its own.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
func (g glob) matchesARN(arn string) bool {
	patterns, parts := g.parts(), strings.SplitN(arn, ":", partsOfARN)
	if len(patterns) != partsOfARN || len(parts) != partsOfARN {
		return false
	}
	for i := range parts {
		if !patterns[i].matches(parts[i]) {
			return false
		}
	}
	return true
}

func (g glob) parts() []glob {
	var parts []glob
	for len(parts) < partsOfARN-1 {
		colon := slices.Index(g, ':')
		if colon < 0 {
			break
		}
		parts = append(parts, g[:colon])
		g = g[colon+1:]
	}
	return append(parts, g)
}

// pattern is a text with wildcards and policy variables, in pieces.
type pattern []piece

// piece is a text, or a variable if that has a name.
type piece struct {
	text     glob
	variable string // name of a condition key in lower case
	instead  *string
}

// variable finds ${name} and ${name, 'value instead'}; what it finds otherwise after ${ is malformed.
var variable = regexp.MustCompile(`^\$\{ *([^ ,'{}][^,'{}]*?) *(?:, *'([^']*)' *)?\}`)

// withoutVariables finds variables wherever they stand.
var withoutVariables = regexp.MustCompile(`\$\{[^}]*\}`)

// knownVariables are the condition keys that can stand in for a text, in lower case; those ending in "/" take a tag's
// key. A key with several values cannot.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
var knownVariables = []string{
	"aws:currenttime", "aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principaltag/",
	"aws:principaltype", "aws:requestedregion", "aws:requesttag/", "aws:resourceaccount", "aws:resourceorgid",
	"aws:resourcetag/", "aws:sourceaccount", "aws:sourcearn", "aws:userid", "aws:username",
	"kms:calleraccount", "kms:viaservice", "sts:externalid", "sts:rolesessionname",
}

// parsePattern reads a text. With wild, * and ? are wildcards. ${*}, ${?} and ${$} are the characters themselves.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars
func (r reading) parsePattern(s string, wild bool) (pattern, error) {
	var p pattern
	for s != "" {
		if r.variables && strings.HasPrefix(s, "${") {
			found := variable.FindStringSubmatchIndex(s)
			if found == nil {
				return nil, fmt.Errorf("%q is no policy variable", s)
			}
			next, err := newPiece(s, found)
			if err != nil {
				return nil, err
			}
			p, s = append(p, next), s[found[1]:]
			continue
		}
		end := len(s)
		if next := strings.Index(s[1:], "${"); r.variables && next >= 0 {
			end = next + 1
		}
		text := glob(s[:end])
		if wild {
			text = wildcards(s[:end])
		}
		p, s = append(p, piece{text: text}), s[end:]
	}
	return p, nil
}

// newPiece reads what variable found at the beginning of s.
func newPiece(s string, found []int) (piece, error) {
	name := s[found[2]:found[3]]
	if name == "*" || name == "?" || name == "$" {
		return piece{text: glob(name)}, nil
	}
	p := piece{variable: strings.ToLower(name)}
	if found[4] >= 0 {
		instead := s[found[4]:found[5]]
		p.instead = &instead
	}
	known := slices.ContainsFunc(knownVariables, func(v string) bool {
		return p.variable == v || strings.HasSuffix(v, "/") && strings.HasPrefix(p.variable, v) && p.variable != v
	})
	if !known || strings.HasSuffix(p.variable, "/") {
		return p, fmt.Errorf("policy variable %q is not known here", name)
	}
	return p, nil
}

// variables are the names of the pattern's variables.
func (p pattern) variables() []string {
	var names []string
	for _, piece := range p {
		if piece.variable != "" {
			names = append(names, piece.variable)
		}
	}
	return names
}

// resolve puts the request's values in. A variable that has no value there, or several, and none instead, leaves a
// text that nothing equals or is like.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value
func (p pattern) resolve(keys contextKeys) (glob, bool) {
	var resolved glob
	for _, piece := range p {
		if piece.variable == "" {
			resolved = append(resolved, piece.text...)
			continue
		}
		values := keys[piece.variable]
		switch {
		case len(values) == 1:
			resolved = append(resolved, []rune(values[0])...)
		case len(values) == 0 && piece.instead != nil:
			resolved = append(resolved, []rune(*piece.instead)...)
		default:
			return nil, false
		}
	}
	return resolved, true
}
