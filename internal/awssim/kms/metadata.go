// SPDX-License-Identifier: MPL-2.0

package kms

import (
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
)

type keyMetadata struct {
	AWSAccountID   string `json:"AWSAccountId"`
	Arn            string
	CreationDate   float64
	DeletionDate   float64 `json:",omitempty"`
	Description    string
	Enabled        bool
	KeyID          string `json:"KeyId"`
	KeyManager     string
	KeySpec        string
	KeyState       string
	KeyUsage       string
	MultiRegion    bool
	Configuration  *multiRegionConfiguration `json:"MultiRegionConfiguration,omitempty"`
	Origin         string
	CustomKeyStore string   `json:"CustomKeyStoreId,omitempty"`
	Algorithms     []string `json:"EncryptionAlgorithms,omitempty"`
}

type multiRegionConfiguration struct {
	MultiRegionKeyType string
	PrimaryKey         *regionalKey
	ReplicaKeys        []regionalKey
}

type regionalKey struct{ Arn, Region string }

func (s *Service) metadata(k *Key) keyMetadata {
	m := keyMetadata{
		AWSAccountID: k.account.ID, Arn: k.ARN, CreationDate: seconds(k.created), Description: k.description,
		Enabled: k.State == Enabled, KeyID: k.id, KeyManager: k.Manager, KeySpec: k.spec, KeyState: k.State, KeyUsage: k.usage,
		MultiRegion: k.multiRegion != "", Origin: k.origin,
	}
	if k.State == PendingDeletion {
		m.DeletionDate = seconds(k.deletion)
	}
	if k.origin == "AWS_CLOUDHSM" || k.origin == "EXTERNAL_KEY_STORE" {
		m.CustomKeyStore = "cks-1234567890abcdef0"
	}
	if k.usage == "ENCRYPT_DECRYPT" && k.spec == "SYMMETRIC_DEFAULT" {
		m.Algorithms = []string{"SYMMETRIC_DEFAULT"}
	}
	if m.MultiRegion {
		m.Configuration = s.relatives(k)
	}
	return m
}

// relatives finds the primary and the replicas of a multi-Region key: they share account and id.
func (s *Service) relatives(k *Key) *multiRegionConfiguration {
	c := &multiRegionConfiguration{MultiRegionKeyType: k.multiRegion, ReplicaKeys: []regionalKey{}}
	for _, other := range cloud.SortedValues(s.keys) {
		switch {
		case other.account != k.account || other.id != k.id:
		case other.multiRegion == "PRIMARY":
			c.PrimaryKey = &regionalKey{other.ARN, other.Region}
		default:
			c.ReplicaKeys = append(c.ReplicaKeys, regionalKey{other.ARN, other.Region})
		}
	}
	return c
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
