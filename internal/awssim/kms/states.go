// SPDX-License-Identifier: MPL-2.0

package kms

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/world"
)

// What the keys of each spec are used for. AWS makes no key of another combination.
// https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html
var keyUsages = map[string][]string{
	"SYMMETRIC_DEFAULT": {"ENCRYPT_DECRYPT"},
	"HMAC_224":          {"GENERATE_VERIFY_MAC"},
	"HMAC_256":          {"GENERATE_VERIFY_MAC"},
	"HMAC_384":          {"GENERATE_VERIFY_MAC"},
	"HMAC_512":          {"GENERATE_VERIFY_MAC"},
	"RSA_2048":          {"ENCRYPT_DECRYPT", "SIGN_VERIFY"},
	"RSA_3072":          {"ENCRYPT_DECRYPT", "SIGN_VERIFY"},
	"RSA_4096":          {"ENCRYPT_DECRYPT", "SIGN_VERIFY"},
	"ECC_NIST_P256":     {"SIGN_VERIFY", "KEY_AGREEMENT"},
	"ECC_NIST_P384":     {"SIGN_VERIFY", "KEY_AGREEMENT"},
	"ECC_NIST_P521":     {"SIGN_VERIFY", "KEY_AGREEMENT"},
	"ECC_SECG_P256K1":   {"SIGN_VERIFY"},
}

var (
	keyStates  = []string{Enabled, Disabled, PendingDeletion, PendingImport, Unavailable, Creating, Updating}
	keyOrigins = []string{"AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"}

	singleRegionKeyID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	multiRegionKeyID  = regexp.MustCompile(`^mrk-[0-9a-f]{32}$`)
)

// checkKey returns everything that is wrong with a key, nil when there could be such a key.
func checkKey(w world.Key) error {
	problems := []error{
		oneOf("state", cmp.Or(w.State, Enabled), keyStates),
		oneOf("origin", cmp.Or(w.Origin, "AWS_KMS"), keyOrigins),
		oneOf("multi_region", w.MultiRegion, []string{"", "PRIMARY", "REPLICA"}),
		checkKeyUsage(cmp.Or(w.Spec, "SYMMETRIC_DEFAULT"), cmp.Or(w.Usage, "ENCRYPT_DECRYPT")),
	}
	form := singleRegionKeyID
	if w.MultiRegion != "" {
		form = multiRegionKeyID
	}
	if w.ID != "" && !form.MatchString(w.ID) {
		problems = append(problems, fmt.Errorf("the id is not of the form %s", form))
	}
	if w.MultiRegion == "REPLICA" && w.ID == "" {
		problems = append(problems, errors.New("a replica has its primary's id"))
	}
	if w.State == PendingImport && w.Origin != "EXTERNAL" {
		problems = append(problems, errors.New("only a key of origin EXTERNAL waits for its import"))
	}
	if w.MultiRegion != "" && slices.Contains(keyOrigins[2:], w.Origin) {
		problems = append(problems, errors.New("key stores have no multi-Region keys"))
	}
	if w.GrantLimit < 0 {
		problems = append(problems, fmt.Errorf("grant_limit %d is less than none", w.GrantLimit))
	}
	return errors.Join(problems...)
}

func checkKeyUsage(spec, usage string) error {
	usages, known := keyUsages[spec]
	if !known {
		return fmt.Errorf("spec %q is none of KMS's", spec)
	}
	return oneOf("usage of spec "+spec, usage, usages)
}

func oneOf(what, value string, allowed []string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%s: %q is none of %q", what, value, allowed)
}

// mayBecome refuses to move a key to a state that its own state does not lead to.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html#key-state-table
func (c *call) mayBecome(key *Key, to string) error {
	switch {
	case key.Manager == ManagedByAWS:
		return c.Refusal("kms:"+c.Action, key.ARN, "the key is managed by AWS")
	case key.State == Creating, key.State == PendingDeletion && c.Action != "CancelKeyDeletion", key.State == PendingImport && to != PendingDeletion:
		if problem := key.usable(); problem != nil {
			return problem
		}
	}
	return nil
}

// becomes is the effect of a call with just a key id that moves the key to another state.
func (c *call) becomes(key *Key, to string, answer any) (cloud.Effect, error) {
	if err := c.mayBecome(key, to); err != nil {
		return nil, err
	}
	return func() (any, error) {
		key.State = to
		return answer, nil
	}, nil
}

func (c *call) enableKey() (cloud.Effect, error) {
	key, err := c.keyOnly()
	if err != nil {
		return nil, err
	}
	return c.becomes(key, Enabled, nil)
}

func (c *call) disableKey() (cloud.Effect, error) {
	key, err := c.keyOnly()
	if err != nil {
		return nil, err
	}
	return c.becomes(key, Disabled, nil)
}

func (c *call) scheduleKeyDeletion() (cloud.Effect, error) {
	var in struct {
		KeyID               string `json:"KeyId"`
		PendingWindowInDays int
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	key, _, err := c.permittedKey(in.KeyID, Use{})
	if err != nil {
		return nil, err
	}
	days := in.PendingWindowInDays
	if days == 0 {
		days = 30
	}
	if days < 7 || days > 30 {
		return nil, validation("PendingWindowInDays must be from 7 to 30")
	}
	if err := c.mayBecome(key, PendingDeletion); err != nil {
		return nil, err
	}
	return func() (any, error) {
		key.State, key.deletion = PendingDeletion, c.Now().AddDate(0, 0, days)
		return map[string]any{"KeyId": key.ARN, "KeyState": key.State, "DeletionDate": seconds(key.deletion), "PendingWindowInDays": days}, nil
	}, nil
}

func (c *call) cancelKeyDeletion() (cloud.Effect, error) {
	key, err := c.keyOnly()
	if err != nil {
		return nil, err
	}
	if key.State != PendingDeletion {
		return nil, wire.Errorf(http.StatusBadRequest, "KMSInvalidStateException", "%s is not pending deletion.", key.ARN)
	}
	return c.becomes(key, Disabled, map[string]string{"KeyId": key.ARN})
}
