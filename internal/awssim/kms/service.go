// SPDX-License-Identifier: MPL-2.0

// Package kms is KMS of the local AWS: keys, aliases, grants, and who may use a key. The tagging API, which finds keys by
// their tags, is part of it.
package kms

import (
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
)

// Service is KMS and the tagging API.
type Service struct {
	*cloud.Cloud
	keys    map[string]*Key // by ARN
	aliases map[string]*Key // by ARN
}

// New returns the service. It has no keys yet.
func New(c *cloud.Cloud) *Service {
	return &Service{Cloud: c, keys: map[string]*Key{}, aliases: map[string]*Key{}}
}

// APIs of the service.
func (s *Service) APIs() []*cloud.API { return []*cloud.API{s.api(), s.taggingAPI()} }

// call is a call of the service.
type call struct {
	*cloud.Call
	*Service
}

func (s *Service) bind(c *cloud.Call) *call { return &call{c, s} }

// action is a row of the table of actions.
type action = cloud.Action[*call]

// Settle makes every grant usable and listed, and every ended one gone.
func (s *Service) Settle() {
	for _, key := range s.keys {
		key.ended = nil
		for _, g := range key.grants {
			g.unlisted, g.unusable = 0, 0
		}
	}
}
