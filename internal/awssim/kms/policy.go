// SPDX-License-Identifier: MPL-2.0

package kms

import (
	"bytes"
	"cmp"
	"maps"
	"net/http"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/world"
)

func aliasName(arn string) string {
	_, name, _ := strings.Cut(arn, ":alias/")
	return name
}

// largestKeyPolicy is AWS's limit in bytes. https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
const largestKeyPolicy = 32 << 10

func (c *call) getKeyPolicy() (cloud.Effect, error) {
	var in struct {
		KeyID      string `json:"KeyId"`
		PolicyName string
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	key, err := c.identifiedKey(in.KeyID, Use{})
	if err != nil {
		return nil, err
	}
	if cmp.Or(in.PolicyName, "default") != "default" {
		return nil, notFound("No such policy exists")
	}
	return cloud.Answer(map[string]string{"Policy": string(key.policy.Shown(c.AliveID)), "PolicyName": "default"}), nil
}

// putKeyPolicy saves a policy. The users and roles that it names have to exist, and are bound as they are now.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
func (c *call) putKeyPolicy() (cloud.Effect, error) {
	var in struct {
		KeyID                          string `json:"KeyId"`
		PolicyName                     string
		Policy                         string
		BypassPolicyLockoutSafetyCheck bool
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	bypass := map[string][]string{"kms:BypassPolicyLockoutSafetyCheck": cloud.Boolean(in.BypassPolicyLockoutSafetyCheck)}
	key, err := c.identifiedKey(in.KeyID, Use{conditions: bypass})
	if err != nil {
		return nil, err
	}
	if key.Manager == ManagedByAWS {
		return nil, c.Refusal("kms:PutKeyPolicy", key.ARN, "the key is managed by AWS")
	}
	policy, err := c.keyPolicy([]byte(in.Policy))
	if err != nil {
		return nil, err
	}
	changed := *key
	changed.policy = policy
	if !in.BypassPolicyLockoutSafetyCheck && !c.mayPutPolicy(&changed) {
		return nil, lockedOut()
	}
	return func() (any, error) {
		key.policy = policy
		return nil, nil
	}, nil
}

// mayPutPolicy is the check that keeps callers from locking themselves out.
func (c *call) mayPutPolicy(key *Key) bool {
	conditions := map[string][]string{"kms:BypassPolicyLockoutSafetyCheck": {"false"}}
	maps.Copy(conditions, c.Origin())
	verdict, _ := c.Allow(key, Use{Principal: c.Caller, Op: "PutKeyPolicy", conditions: conditions})
	return verdict.Allowed
}

func lockedOut() error {
	return malformedKeyPolicy("The new key policy will not allow you to update the key policy in the future.")
}

func malformedKeyPolicy(format string, args ...any) error {
	return wire.Errorf(http.StatusBadRequest, "MalformedPolicyDocumentException", format, args...)
}

func (s *Service) keyPolicy(text []byte) (*iampolicy.Document, error) {
	if len(text) > largestKeyPolicy {
		return nil, wire.Errorf(http.StatusBadRequest, "LimitExceededException", "The policy is larger than %d bytes", largestKeyPolicy)
	}
	document, err := s.ParsePolicy(iampolicy.Key, text)
	if err != nil {
		return nil, malformedKeyPolicy("%v", err)
	}
	bound, unknown := s.Bind(document, s.knownToKMS)
	if len(unknown) > 0 {
		return nil, malformedKeyPolicy("Policy contains a statement with one or more invalid principals.")
	}
	return bound, nil
}

// newKey makes a key that is not in the service yet. Without a policy it gets the one that delegates everything to its account.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
func (s *Service) newKey(a *cloud.Account, w world.Key) (*Key, error) {
	text := bytes.TrimSpace(w.Policy)
	if len(text) == 0 {
		text = []byte(`{"Version":"2012-10-17","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"arn:` +
			s.Partition + `:iam::` + a.ID + `:root"},"Action":"kms:*","Resource":"*"}]}`)
	}
	policy, err := s.keyPolicy(text)
	if err != nil {
		return nil, err
	}
	id := w.ID
	if id == "" {
		sum := wire.Hash([]byte(s.NewID("key")))
		id = sum[:8] + "-" + sum[8:12] + "-4" + sum[13:16] + "-8" + sum[17:20] + "-" + sum[20:32]
		if w.MultiRegion != "" {
			id = "mrk-" + sum[:32]
		}
	}
	key := &Key{
		account: a, id: id, Region: w.Region, ARN: "arn:" + s.Partition + ":kms:" + w.Region + ":" + a.ID + ":key/" + id,
		Manager: "CUSTOMER", State: cmp.Or(w.State, Enabled), spec: cmp.Or(w.Spec, "SYMMETRIC_DEFAULT"), usage: cmp.Or(w.Usage, "ENCRYPT_DECRYPT"),
		origin: cmp.Or(w.Origin, "AWS_KMS"), multiRegion: w.MultiRegion, policy: policy, grantLimit: w.GrantLimit, tags: w.Tags, created: s.Now(),
	}
	if w.AWSManaged {
		key.Manager = ManagedByAWS
	}
	if key.grantLimit == 0 {
		key.grantLimit = 50_000
	}
	key.secret = []byte(wire.Hash([]byte("material of " + id)))[:32]
	key.deletion = s.Now().AddDate(0, 0, 30)
	return key, nil
}
