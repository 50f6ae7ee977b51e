// SPDX-License-Identifier: MPL-2.0

package network

import (
	"cmp"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/resources"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

type keyPairItem struct {
	ID          string                             `xml:"keyPairId"`
	Name        string                             `xml:"keyName"`
	Type        string                             `xml:"keyType,omitempty"`
	Fingerprint string                             `xml:"keyFingerprint"`
	Material    string                             `xml:"keyMaterial,omitempty"`
	Tags        resources.Items[resources.TagItem] `xml:"tagSet"`
}

const keyFingerprint = "1f:51:ae:28:bf:89:e9:d8:1f:25:5d:37:2d:7d:b8:ca:9f:f5:f1:6f"

// createKeyPair hands out text that is no key, because there is no machine to log in to.
func (c *call) createKeyPair() (cloud.Effect, error) {
	if err := c.Require("KeyName"); err != nil {
		return nil, err
	}
	name := c.Form.Get("KeyName")
	if c.own().keyPairs[name] != nil {
		return nil, wire.BadRequest("InvalidKeyPair.Duplicate", "The keypair already exists")
	}
	specs, err := c.TagSpecs("key-pair")
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		pair := &keyPair{c.NewID("key-"), name, cmp.Or(c.Form.Get("KeyType"), "rsa")}
		c.own().keyPairs[name] = pair
		c.SetTags(pair.id, specs["key-pair"])
		return &keyPairItem{
			ID: pair.id, Name: name, Fingerprint: keyFingerprint, Tags: c.TagsOf(pair.id),
			Material: "-----BEGIN RSA PRIVATE KEY-----\nthere is no machine that this key opens\n-----END RSA PRIVATE KEY-----",
		}, nil
	}, nil
}

func (c *call) describeKeyPairs() (cloud.Effect, error) {
	names := c.Form.List("KeyName")
	var all []keyPairItem
	for _, pair := range cloud.SortedValues(c.own().keyPairs) {
		if len(names) == 0 || slices.Contains(names, pair.name) {
			all = append(all, keyPairItem{ID: pair.id, Name: pair.name, Type: pair.kind, Fingerprint: keyFingerprint, Tags: c.TagsOf(pair.id)})
		}
	}
	for _, name := range names {
		if c.own().keyPairs[name] == nil {
			return nil, wire.BadRequest("InvalidKeyPair.NotFound", "The key pair '%s' does not exist", name)
		}
	}
	all, err := resources.Filtered(c.Request, all, resources.FilterFields[keyPairItem]{
		"key-name":    resources.One(func(i keyPairItem) string { return i.Name }),
		"key-pair-id": resources.One(func(i keyPairItem) string { return i.ID }),
	}, func(i keyPairItem) string { return i.ID })
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		return &struct {
			Pairs resources.Items[keyPairItem] `xml:"keySet"`
		}{resources.Items[keyPairItem]{Items: all}}, nil
	}, nil
}

// deleteKeyPair succeeds for a pair that is not there, as on AWS.
func (c *call) deleteKeyPair() (cloud.Effect, error) {
	if err := c.Require("KeyName"); err != nil {
		return nil, err
	}
	return func() (any, error) {
		if pair := c.own().keyPairs[c.Form.Get("KeyName")]; pair != nil {
			c.DropTags(pair.id)
			delete(c.own().keyPairs, pair.name)
		}
		return resources.Done()
	}, nil
}
