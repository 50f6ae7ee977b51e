// SPDX-License-Identifier: MPL-2.0

package campaign

import (
	"slices"
	"strings"
)

// document is the report_file of a run.
type document struct {
	Outcome    string      `json:"outcome"`
	Recipients []recipient `json:"recipients"`
	Failures   []problem   `json:"failures"`
	Warnings   []problem   `json:"warnings"`
	Left       []leftover  `json:"left"`
	LeftAlone  []string    `json:"left_alone"`
}

type recipient struct {
	IDs   []string `json:"ids"`
	Items []item   `json:"items"`
}

// item is something that one recipient gets, has, or loses.
type item struct {
	Kind      string `json:"kind"`
	Region    string `json:"region"`
	Resource  string `json:"resource"`
	Grantee   string `json:"grantee"`
	Value     string `json:"value"`
	Previous  string `json:"previous"`
	Status    string `json:"status"`
	Removal   bool   `json:"removal"`
	Verified  bool   `json:"verified"`
	Reason    string `json:"reason"`
	recipient string
}

type problem struct {
	Account   string  `json:"account"`
	Region    string  `json:"region"`
	Doing     string  `json:"doing"`
	Code      string  `json:"code"`
	RequestID string  `json:"request_id"`
	Cause     string  `json:"cause"`
	Remedy    string  `json:"remedy"`
	Also      []place `json:"also"`
}

type place struct {
	Account   string `json:"account"`
	Region    string `json:"region"`
	RequestID string `json:"request_id"`
}

type leftover struct {
	Change   string   `json:"change"`
	Why      string   `json:"why"`
	Command  string   `json:"command"`
	Accounts []string `json:"accounts"`
	Problem  *problem `json:"problem"`
}

// items are those of each recipient on its own.
func (d document) items() []item {
	var all []item
	for _, entry := range d.Recipients {
		for _, id := range entry.IDs {
			for _, i := range entry.Items {
				i.recipient = id
				i.Resource, i.Grantee = strings.ReplaceAll(i.Resource, "{account}", id), strings.ReplaceAll(i.Grantee, "{account}", id)
				all = append(all, i.each()...)
			}
		}
	}
	return all
}

// each is an item, or for labels one for each of them.
func (i item) each() []item {
	if i.Kind != labels {
		return []item{i}
	}
	var all []item
	names, _, _ := strings.Cut(i.Value, ": ") // and then the version that gets them
	for label := range strings.SplitSeq(names, ", ") {
		one := i
		one.Resource += " " + label
		all = append(all, one)
	}
	return all
}

// eachLeft are the leftovers of each account on its own.
func (d document) eachLeft() []leftover {
	var all []leftover
	for _, l := range d.Left {
		if !strings.Contains(l.Command, "{account}") {
			all = append(all, l)
			continue
		}
		for _, id := range l.Accounts {
			one := l
			one.Change, one.Command = strings.ReplaceAll(l.Change, "{account}", id), strings.ReplaceAll(l.Command, "{account}", id)
			all = append(all, one)
		}
	}
	return all
}

// good tells whether the report says that all that was asked for is there.
func (d document) good() bool {
	return slices.Contains([]string{"shared", "removed", "unchanged"}, d.Outcome)
}

// proof tells whether an item is something that is proved: nothing of it stays.
func (i item) proof() bool { return i.Kind == canary || i.Kind == "use of key" }

// values are the parts of an item's value that are in that of its fact.
func (i item) values() []string {
	switch i.Kind {
	case "parameter", "launch template", "Auto Scaling group":
		return []string{i.Value}
	case "default version of launch template": // "version 2 with ami-..."
		return []string{i.Value[strings.LastIndex(i.Value, " ")+1:]}
	case "watermark", "tags", "shared tags":
		return strings.FieldsFunc(i.Value, func(r rune) bool { return strings.ContainsRune(", =", r) })
	default:
		return nil
	}
}

// fact is the name of what an item is about, as facts has it.
func (i item) fact() string {
	switch i.Kind {
	case "launch permission", "snapshot permission":
		return strings.Join([]string{i.Kind, i.Region, i.Resource, i.recipient}, " ")
	case "grant":
		if i.Removal && i.recipient == ready {
			return oldGrant + i.Resource + " " + i.Grantee
		}
		return strings.Join([]string{i.Kind, i.Resource, i.Grantee}, " ")
	case "service-linked role":
		return i.Kind + " " + i.Resource
	default: // tags, Auto Scaling group, parameter, parameter labels, launch template and its default version
		return strings.Join([]string{i.Kind, i.recipient, i.Region, i.Resource}, " ")
	}
}

// belongsToImage tells whether a rollback takes a fact back.
func belongsToImage(fact string) bool {
	return slices.ContainsFunc([]string{"launch permission", "snapshot permission", "tags", "shared tags", "watermark", "parameter", "launch template", "default version"}, func(kind string) bool {
		return strings.HasPrefix(fact, kind)
	})
}
