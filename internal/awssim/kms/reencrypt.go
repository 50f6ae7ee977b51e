// SPDX-License-Identifier: MPL-2.0

package kms

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
)

// ciphertext is what Decrypt and ReEncrypt take. A dry run does without a ciphertext where it says so, and is about permissions
// alone. https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html
type ciphertext struct {
	CiphertextBlob  []byte
	DryRunModifiers []string
}

// check refuses a call without a ciphertext, except for a dry run that ignores it and names the key.
func (in ciphertext) check(dryRun bool, key string) error {
	ignored := slices.Contains(in.DryRunModifiers, "IGNORE_CIPHERTEXT")
	switch {
	case slices.ContainsFunc(in.DryRunModifiers, func(m string) bool { return m != "IGNORE_CIPHERTEXT" }):
		return validation("1 validation error detected: Value '%v' at 'dryRunModifiers' failed to satisfy constraint: Member must satisfy enum value set: [IGNORE_CIPHERTEXT]", in.DryRunModifiers)
	case ignored && !dryRun:
		return validation("DryRunModifiers can be used only with DryRun.")
	case ignored && key == "":
		return validation("A key has to be named when DryRunModifiers has IGNORE_CIPHERTEXT.")
	case ignored:
		return nil
	case len(in.CiphertextBlob) == 0:
		return validation("1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null")
	case key == "" && !bytes.Contains(in.CiphertextBlob, []byte("\n")):
		return invalidCiphertext()
	default:
		return nil
	}
}

// reEncrypt turns a ciphertext under one key into one under another, which takes kms:ReEncryptFrom and kms:ReEncryptTo.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html
func (c *call) reEncrypt() (cloud.Effect, error) {
	var in struct {
		ciphertext
		SourceKeyID                  string `json:"SourceKeyId"`
		SourceEncryptionContext      map[string]string
		DestinationKeyID             string `json:"DestinationKeyId"`
		DestinationEncryptionContext map[string]string
		GrantTokens                  []string
		DryRun                       bool
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	if err := in.check(in.DryRun, in.SourceKeyID); err != nil {
		return nil, err
	}
	of, _, _ := strings.Cut(string(in.CiphertextBlob), "\n")
	from, err := c.cryptoFor(cryptoInput{KeyID: cmp.Or(in.SourceKeyID, of), EncryptionContext: in.SourceEncryptionContext, GrantTokens: in.GrantTokens}, "ReEncryptFrom")
	if err != nil {
		return nil, err
	}
	to, err := c.cryptoFor(cryptoInput{KeyID: in.DestinationKeyID, EncryptionContext: in.DestinationEncryptionContext, GrantTokens: in.GrantTokens}, "ReEncryptTo")
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		plaintext, err := from.open(in.CiphertextBlob, in.SourceEncryptionContext)
		if err != nil {
			return nil, err
		}
		blob, err := to.seal(plaintext, in.DestinationEncryptionContext)
		return map[string]any{
			"CiphertextBlob": blob, "SourceKeyId": from.ARN, "KeyId": to.ARN,
			"SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT", "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
		}, err
	}, nil
}
