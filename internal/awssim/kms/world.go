// SPDX-License-Identifier: MPL-2.0

package kms

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/world"
)

type (
	keyDump struct {
		State  string      `json:"state"`
		Grants []grantDump `json:"grants"`
	}
	grantDump struct {
		Name       string   `json:"name"`
		Issuer     string   `json:"issuer"`
		Grantee    string   `json:"grantee"`
		Operations []string `json:"operations"`
		Retiring   string   `json:"retiring,omitempty"`
		Within     any      `json:"constraints,omitempty"`
	}
)

// Dump is the part of KMS in the state.
func (s *Service) Dump(d *cloud.Dump) {
	d.Count(len(s.aliases), "aliases")
	for arn, key := range s.keys {
		d.Put(keyDump{key.State, s.dumpGrants(key)}, "keys", arn)
	}
}

// dumpGrants lists the grants of a key by what they are, not in the order of their making.
func (s *Service) dumpGrants(key *Key) []grantDump {
	byContent := map[string]grantDump{}
	for _, g := range key.grants {
		dump := grantDump{Name: g.name, Issuer: g.issuer.ID, Grantee: s.shown(g.grantee), Operations: g.operations}
		if g.retiring != nil {
			dump.Retiring = s.shown(*g.retiring)
		}
		if g.constraints.some() {
			dump.Within = g.constraints
		}
		text, err := json.Marshal(dump)
		if err != nil {
			panic(err) // strings only
		}
		for content := string(text); ; content += "+" {
			if _, ok := byContent[content]; !ok {
				byContent[content] = dump
				break
			}
		}
	}
	return cloud.SortedValues(byContent)
}

// Load makes the keys of a world.
func (s *Service) Load(w world.World) []error {
	var problems []error
	for _, a := range w.Accounts {
		for _, key := range a.Keys {
			if err := s.loadKey(s.AccountByID(a.ID), key); err != nil {
				problems = append(problems, fmt.Errorf("account %s: key %q: %w", a.ID, key.ID, err))
			}
		}
	}
	return append(problems, s.orphans()...)
}

// orphans are replica keys without a primary.
func (s *Service) orphans() []error {
	var problems []error
	for _, key := range cloud.SortedValues(s.keys) {
		if key.multiRegion == "REPLICA" && s.relatives(key).PrimaryKey == nil {
			problems = append(problems, fmt.Errorf("account %s: key %q: a replica needs a primary key of the same id in another Region", key.account.ID, key.id))
		}
	}
	return problems
}

// attach gives a key the grants of so many volumes that are attached to instances of its account.
// https://docs.aws.amazon.com/kms/latest/developerguide/services-ebs.html
func (s *Service) attach(key *Key, volumes int) {
	for n := range volumes {
		instance := fmt.Sprintf("arn:%s:sts::%s:assumed-role/aws:ec2-infrastructure/i-%017x", s.Partition, key.account.ID, n)
		volume := map[string]string{"aws:ebs:id": fmt.Sprintf("vol-%017x", n)}
		key.grants = append(key.grants, &Grant{
			id: wire.Hash([]byte(s.NewID("grant"))), key: key, issuer: key.account, grantee: grantee{arn: instance},
			operations: []string{"Decrypt"}, constraints: constraints{Equals: volume}, created: s.Now(),
		})
	}
}

func (s *Service) loadKey(a *cloud.Account, w world.Key) error {
	if w.Region == "" {
		return errors.New("a key has no region")
	}
	if err := checkKey(w); err != nil {
		return err
	}
	key, err := s.newKey(a, w)
	if err != nil {
		return err
	}
	s.keys[key.ARN] = key
	s.attach(key, w.VolumeGrants)
	for _, alias := range w.Aliases {
		if !aliasPattern.MatchString(alias) {
			return fmt.Errorf("%q is not an alias", alias)
		}
		arn := "arn:" + s.Partition + ":kms:" + w.Region + ":" + a.ID + ":" + alias
		if s.aliases[arn] != nil {
			return fmt.Errorf("another key has %s already", arn)
		}
		s.aliases[arn] = key
	}
	return nil
}
