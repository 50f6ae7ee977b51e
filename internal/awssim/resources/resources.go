// SPDX-License-Identifier: MPL-2.0

// Package resources has what all resources of EC2 have in common: ARNs, tags, and the filters and lists of their
// descriptions. Its callers say which resources there are.
package resources

import (
	"maps"
	"net/http"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// Inventory knows what can have tags.
type Inventory interface {
	// Has refuses an id of which there is nothing for the caller.
	Has(c *cloud.Call, id string) error
	// AMI returns who owns an AMI, nil if there is none, and whether the owner shares tags of it with the caller.
	AMI(c *cloud.Call, id string) (owner *cloud.Account, shared bool)
	// ListedAMIs are the ids of the AMIs that the caller finds without naming them.
	ListedAMIs(c *cloud.Call) []string
}

// tagsByID are the tags that an account sees in a Region, by the id of the resource, its own or not.
type tagsByID map[string]map[string]string

// Tags are those of all resources.
type Tags struct {
	cloud     *cloud.Cloud
	inventory Inventory
	regions   cloud.Regional[tagsByID]
	late      map[string]*cloud.Stale[map[string]string] // shared tags, by the AMI's Region and id
}

// NewTags returns a store of tags for what is in an inventory.
func NewTags(c *cloud.Cloud, inventory Inventory) *Tags {
	return &Tags{c, inventory, cloud.NewRegional(func() *tagsByID { return &tagsByID{} }), map[string]*cloud.Stale[map[string]string]{}}
}

// Put adds tags to a resource, for an account.
func (t *Tags) Put(a *cloud.Account, region, id string, tags map[string]string) {
	if len(tags) == 0 {
		return
	}
	all := t.of(a, region)
	if all[id] == nil {
		all[id] = map[string]string{}
	}
	maps.Copy(all[id], tags)
}

func (t *Tags) of(a *cloud.Account, region string) tagsByID { return *t.regions.Of(a, region) }

// Dump is the part of tags in the state: those of AMIs and snapshots.
func (t *Tags) Dump(d *cloud.Dump) {
	for at, all := range t.regions.Each() {
		for id, tags := range *all {
			if kind := Kind(id); len(tags) > 0 && (kind == "image" || kind == "snapshot") {
				d.Put(maps.Clone(tags), "accounts", at.Account, "regions", at.Region, "tags", id)
			}
		}
	}
}

// Request is a call about resources.
type Request struct {
	call *cloud.Call
	tags *Tags
}

// Request is a call of EC2 as a request.
func (t *Tags) Request(c *cloud.Call) *Request { return &Request{c, t} }

// own are the tags of the caller's account in the Region of the call.
func (r *Request) own() tagsByID { return r.tags.of(r.call.Account, r.call.Region) }

// SetTags adds tags to a resource for the caller's account.
func (r *Request) SetTags(id string, tags map[string]string) {
	r.tags.Put(r.call.Account, r.call.Region, id, tags)
}

// DropTags forgets the tags of a resource that the caller has deleted.
func (r *Request) DropTags(id string) { delete(r.own(), id) }

// Parameters that many actions share.
const (
	FilterParams  = " Filter.N.Name Filter.N.Value.N"
	PageParams    = " MaxResults NextToken"
	TagSpecParams = " TagSpecification.N.ResourceType TagSpecification.N.Tag.N.Key TagSpecification.N.Tag.N.Value"
)

// Returned is the answer of an action that returns nothing else.
type Returned struct {
	Return bool `xml:"return"`
}

// Done is the effect of an action that returns nothing else.
func Done() (any, error) { return &Returned{Return: true}, nil }

// Items is a list as EC2 writes it: an element that is there even when it is empty.
type Items[T any] struct {
	Items []T `xml:"item"`
}

// ARN is the ARN of something of the caller's account.
func (r *Request) ARN(kind, id string) string {
	return "arn:" + r.tags.cloud.Partition + ":ec2:" + r.call.Region + ":" + r.call.Account.ID + ":" + kind + "/" + id
}

// ImageARN is the ARN of an AMI, which has no account.
func (r *Request) ImageARN(id string) string {
	return "arn:" + r.tags.cloud.Partition + ":ec2:" + r.call.Region + "::image/" + id
}

// SnapshotARN is the ARN of a snapshot, which has no account.
func (r *Request) SnapshotARN(id string) string {
	return "arn:" + r.tags.cloud.Partition + ":ec2:" + r.call.Region + "::snapshot/" + id
}

// Require refuses a call without one of the parameters.
func (r *Request) Require(params ...string) error {
	for _, param := range params {
		if r.call.Form.Get(param) == "" {
			return wire.Errorf(http.StatusBadRequest, "MissingParameter", "The request must contain the parameter %s", param)
		}
	}
	return nil
}
