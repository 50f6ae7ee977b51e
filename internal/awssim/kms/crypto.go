// SPDX-License-Identifier: MPL-2.0

package kms

import (
	"cmp"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// The cryptographic operations are real enough to prove who may use a key: AES-GCM under the key's own secret, with
// the encryption context as additional data.

// cryptoInput is what all cryptographic operations take.
type cryptoInput struct {
	KeyID             string `json:"KeyId"`
	EncryptionContext map[string]string
	GrantTokens       []string
	DryRun            bool
}

// crypto finds the key of a call, unless the caller may not use it or the key can't be used.
func (c *call) crypto(in cryptoInput) (*Key, error) { return c.cryptoFor(in, c.Action) }

// cryptoFor does so for an operation that has two keys.
func (c *call) cryptoFor(in cryptoInput, op string) (*Key, error) {
	key, _, err := c.permittedKey(in.KeyID, Use{Op: op, EncryptionContext: in.EncryptionContext, tokens: in.GrantTokens})
	if err != nil {
		return nil, err
	}
	if problem := key.usable(); problem != nil {
		return nil, problem
	}
	if !key.symmetric() {
		return nil, wire.Errorf(http.StatusBadRequest, "InvalidKeyUsageException", "%s key usage is %s which is not valid for %s with a key of the spec %s.",
			key.ARN, key.usage, c.Action, key.spec)
	}
	return key, nil
}

func (k *Key) seal(plaintext []byte, context map[string]string) ([]byte, error) {
	gcm, additional, err := k.gcm(context)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, gcm.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return append([]byte(k.ARN+"\n"), gcm.Seal(nonce, nonce, plaintext, additional)...), nil
}

func (k *Key) open(blob []byte, context map[string]string) ([]byte, error) {
	gcm, additional, err := k.gcm(context)
	if err != nil {
		return nil, err
	}
	_, sealed, ok := strings.Cut(string(blob), "\n")
	if !ok || len(sealed) < gcm.NonceSize() {
		return nil, invalidCiphertext()
	}
	plaintext, err := gcm.Open(nil, []byte(sealed[:gcm.NonceSize()]), []byte(sealed[gcm.NonceSize():]), additional)
	if err != nil {
		return nil, invalidCiphertext()
	}
	return plaintext, nil
}

func invalidCiphertext() error {
	return wire.Errorf(http.StatusBadRequest, "InvalidCiphertextException", "The ciphertext does not belong to the key and encryption context")
}

func (k *Key) gcm(context map[string]string) (cipher.AEAD, []byte, error) {
	block, err := aes.NewCipher(k.secret)
	if err != nil {
		return nil, nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, nil, err
	}
	additional, err := json.Marshal(context) // sorted by name
	return gcm, additional, err
}

func (c *call) encrypt() (cloud.Effect, error) {
	var in struct {
		cryptoInput
		Plaintext []byte
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	if len(in.Plaintext) == 0 || len(in.Plaintext) > 4096 {
		return nil, validation("1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length from 1 to 4096")
	}
	key, err := c.crypto(in.cryptoInput)
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		blob, err := key.seal(in.Plaintext, in.EncryptionContext)
		return map[string]any{"CiphertextBlob": blob, "KeyId": key.ARN, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}, err
	}, nil
}

// decrypt finds the key in the ciphertext where the call does not name one, which with a symmetric key it need not.
func (c *call) decrypt() (cloud.Effect, error) {
	var in struct {
		cryptoInput
		ciphertext
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	if err := in.check(in.DryRun, in.KeyID); err != nil {
		return nil, err
	}
	of, _, _ := strings.Cut(string(in.CiphertextBlob), "\n")
	in.KeyID = cmp.Or(in.KeyID, of)
	key, err := c.crypto(in.cryptoInput)
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		plaintext, err := key.open(in.CiphertextBlob, in.EncryptionContext)
		return map[string]any{"Plaintext": plaintext, "KeyId": key.ARN, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}, err
	}, nil
}

func (c *call) generateDataKey() (cloud.Effect, error) { return c.dataKey(true) }

func (c *call) generateDataKeyWithoutPlaintext() (cloud.Effect, error) { return c.dataKey(false) }

func (c *call) dataKey(plain bool) (cloud.Effect, error) {
	var in struct {
		cryptoInput
		KeySpec       string
		NumberOfBytes int
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	size := in.NumberOfBytes
	switch {
	case in.KeySpec == "AES_256" && size == 0:
		size = 32
	case in.KeySpec == "AES_128" && size == 0:
		size = 16
	case in.KeySpec != "" || size < 1 || size > 1024:
		return nil, validation("Please specify either number of bytes or key spec.")
	}
	key, err := c.crypto(in.cryptoInput)
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		data := make([]byte, size)
		if _, err := rand.Read(data); err != nil {
			return nil, err
		}
		blob, err := key.seal(data, in.EncryptionContext)
		answer := map[string]any{"CiphertextBlob": blob, "KeyId": key.ARN}
		if plain {
			answer["Plaintext"] = data
		}
		return answer, err
	}, nil
}
