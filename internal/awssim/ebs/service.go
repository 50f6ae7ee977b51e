// SPDX-License-Identifier: MPL-2.0

// Package ebs says what EBS does with keys: under which key volumes and copies end up when a call says nothing, which uses of
// keys it takes to turn data under one key into data under another, and whether those are allowed to somebody.
package ebs

import (
	"cmp"
	"fmt"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/kms"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/world"
)

// Service is EBS, whose actions are EC2's.
type Service struct {
	*cloud.Cloud
	keys    *kms.Service
	regions cloud.Regional[settings]
}

// settings are those of an account in a Region for new volumes and copies.
type settings struct {
	key     string // ARN; empty means alias/aws/ebs
	encrypt bool
}

// New returns the service, which asks KMS about keys.
func New(c *cloud.Cloud, keys *kms.Service) *Service {
	return &Service{Cloud: c, keys: keys, regions: cloud.NewRegional(func() *settings { return &settings{} })}
}

// APIs of the service: none, as EC2 has its actions.
func (s *Service) APIs() []*cloud.API { return nil }

// Load makes the settings of a world. Keys of every account must be there already.
func (s *Service) Load(w world.World) []error {
	return s.LoadRegions(w, func(a *cloud.Account, name string, given world.Region) []error {
		set := s.regions.Of(a, name)
		set.encrypt = given.EBSEncryptionByDefault
		if given.DefaultEBSKey == "" {
			return nil
		}
		key, problem := s.keys.Find(given.DefaultEBSKey, a.ID, name)
		if problem != nil {
			return []error{fmt.Errorf("default_ebs_key: key %q: %s", given.DefaultEBSKey, problem.Message)}
		}
		set.key = key.ARN
		return nil
	})
}

// Dump puts the settings that are not those of a new account into the state.
func (s *Service) Dump(d *cloud.Dump) {
	for at, set := range s.regions.Each() {
		if set.key != "" {
			d.Put(set.key, "accounts", at.Account, "regions", at.Region, "default_ebs_key")
		}
		if set.encrypt {
			d.Put(true, "accounts", at.Account, "regions", at.Region, "ebs_encryption_by_default")
		}
	}
}

// DefaultKey is the key under which volumes and copies of an account end up when nothing else is asked for.
func (s *Service) DefaultKey(a *cloud.Account, region string) (*kms.Key, *wire.Error) {
	if arn := s.regions.Of(a, region).key; arn != "" {
		return s.keys.Find(arn, a.ID, region)
	}
	return s.keys.EBSKey(a, region), nil
}

// EncryptsByDefault tells whether every new volume and copy of an account is encrypted.
func (s *Service) EncryptsByDefault(a *cloud.Account, region string) bool {
	return s.regions.Of(a, region).encrypt
}

// call is a call of the service.
type call struct {
	*cloud.Call
	*Service
}

func (c *call) own() *settings { return c.regions.Of(c.Account, c.Region) }

// Actions are those about the account's settings, for the API of EC2.
// https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html
func (s *Service) Actions() map[string]cloud.Action[*cloud.Call] {
	return cloud.Actions(map[string]cloud.Action[*call]{
		"GetEbsEncryptionByDefault":     {Params: "DryRun", Handle: (*call).getEncryptionByDefault},
		"EnableEbsEncryptionByDefault":  {Params: "DryRun", Write: true, Handle: (*call).enableEncryptionByDefault},
		"DisableEbsEncryptionByDefault": {Params: "DryRun", Write: true, Handle: (*call).disableEncryptionByDefault},
		"GetEbsDefaultKmsKeyId":         {Params: "DryRun", Handle: (*call).getDefaultKey},
		"ModifyEbsDefaultKmsKeyId":      {Params: "KmsKeyId DryRun", Write: true, Handle: (*call).modifyDefaultKey},
		"ResetEbsDefaultKmsKeyId":       {Params: "DryRun", Write: true, Handle: (*call).resetDefaultKey},
	}, func(c *cloud.Call) *call { return &call{c, s} })
}

type encryptionByDefaultAnswer struct {
	Enabled bool `xml:"ebsEncryptionByDefault"`
}

func (c *call) getEncryptionByDefault() (cloud.Effect, error) {
	return cloud.Answer(&encryptionByDefaultAnswer{c.own().encrypt}), nil
}

func (c *call) enableEncryptionByDefault() (cloud.Effect, error) {
	return c.setEncryptionByDefault(true)
}

func (c *call) disableEncryptionByDefault() (cloud.Effect, error) {
	return c.setEncryptionByDefault(false)
}

func (c *call) setEncryptionByDefault(enabled bool) (cloud.Effect, error) {
	return func() (any, error) {
		c.own().encrypt = enabled
		return &encryptionByDefaultAnswer{enabled}, nil
	}, nil
}

type defaultKeyAnswer struct {
	Key string `xml:"kmsKeyId"`
}

func (c *call) getDefaultKey() (cloud.Effect, error) {
	return cloud.Answer(&defaultKeyAnswer{cmp.Or(c.own().key, "alias/aws/ebs")}), nil
}

// modifyDefaultKey refuses a key that does not exist. AWS notices it later, when the key is used.
func (c *call) modifyDefaultKey() (cloud.Effect, error) {
	asked := c.Form.Get("KmsKeyId")
	if asked == "" {
		return nil, wire.BadRequest("MissingParameter", "The request must contain the parameter KmsKeyId")
	}
	key, problem := c.keys.Find(asked, c.Account.ID, c.Region)
	if problem != nil {
		return nil, wire.BadRequest("InvalidParameterValue", "The KMS key %s can't be used as default: %s", asked, problem.Message)
	}
	return func() (any, error) {
		c.own().key = key.ARN
		return &defaultKeyAnswer{key.ARN}, nil
	}, nil
}

func (c *call) resetDefaultKey() (cloud.Effect, error) {
	return func() (any, error) {
		c.own().key = ""
		return &defaultKeyAnswer{"alias/aws/ebs"}, nil
	}, nil
}
