package awssim

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
)

// The cryptographic operations are real enough to prove who may use a key: AES-GCM under the key's own secret, with
// the encryption context as additional data.

type cryptoInput struct {
	KeyID             string `json:"KeyId"`
	Plaintext         []byte
	CiphertextBlob    []byte
	EncryptionContext map[string]string
	GrantTokens       []string
	KeySpec           string
	NumberOfBytes     int
	DryRun            bool
}

// crypto reads a call, finds its key and asks whether the caller may use it.
func (c *call) crypto() (*kmsKey, cryptoInput, error) {
	var in cryptoInput
	if err := c.request(&in); err != nil {
		return nil, in, err
	}
	ref := in.KeyID
	if ref == "" && len(in.CiphertextBlob) > 0 {
		ref, _, _ = strings.Cut(string(in.CiphertextBlob), "\n")
	}
	key, problem := c.server.findKey(ref, c.account.id, c.region)
	if problem != nil {
		return nil, in, c.foreignRefusal()
	}
	c.entry.Resource = key.arn
	verdict := c.server.allowKey(key, keyUse{principal: c.caller, op: c.action, encryptionContext: in.EncryptionContext, tokens: in.GrantTokens})
	c.entry.Reason = verdict.reason
	switch {
	case !verdict.allowed && key.account != c.account:
		return nil, in, c.foreignRefusal()
	case !verdict.allowed:
		return nil, in, c.refusal("kms:"+c.action, key.arn, verdict.reason)
	}
	if problem := key.usable(); problem != nil {
		return nil, in, problem
	}
	if in.DryRun {
		return nil, in, dryRunKMS()
	}
	return key, in, nil
}

func (k *kmsKey) seal(plaintext []byte, context map[string]string) ([]byte, error) {
	gcm, additional, err := k.gcm(context)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, gcm.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return append([]byte(k.arn+"\n"), gcm.Seal(nonce, nonce, plaintext, additional)...), nil
}

func (k *kmsKey) open(blob []byte, context map[string]string) ([]byte, error) {
	invalid := errorf(http.StatusBadRequest, "InvalidCiphertextException", "The ciphertext does not belong to the key and encryption context")
	gcm, additional, err := k.gcm(context)
	if err != nil {
		return nil, err
	}
	_, sealed, ok := strings.Cut(string(blob), "\n")
	if !ok || len(sealed) < gcm.NonceSize() {
		return nil, invalid
	}
	plaintext, err := gcm.Open(nil, []byte(sealed[:gcm.NonceSize()]), []byte(sealed[gcm.NonceSize():]), additional)
	if err != nil {
		return nil, invalid
	}
	return plaintext, nil
}

func (k *kmsKey) gcm(context map[string]string) (cipher.AEAD, []byte, error) {
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

func (c *call) encrypt() (any, error) {
	key, in, err := c.crypto()
	if err != nil {
		return nil, err
	}
	blob, err := key.seal(in.Plaintext, in.EncryptionContext)
	return map[string]any{"CiphertextBlob": blob, "KeyId": key.arn, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}, err
}

func (c *call) decrypt() (any, error) {
	key, in, err := c.crypto()
	if err != nil {
		return nil, err
	}
	plaintext, err := key.open(in.CiphertextBlob, in.EncryptionContext)
	return map[string]any{"Plaintext": plaintext, "KeyId": key.arn, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}, err
}

func (c *call) generateDataKey() (any, error) { return c.dataKey(true) }

func (c *call) generateDataKeyWithoutPlaintext() (any, error) { return c.dataKey(false) }

func (c *call) dataKey(plain bool) (any, error) {
	key, in, err := c.crypto()
	if err != nil {
		return nil, err
	}
	size := in.NumberOfBytes
	switch {
	case in.KeySpec == "AES_256" && size == 0:
		size = 32
	case in.KeySpec == "AES_128" && size == 0:
		size = 16
	case in.KeySpec != "" || size < 1 || size > 1024:
		return nil, kmsValidation("Please specify either number of bytes or key spec.")
	}
	data := make([]byte, size)
	if _, err := rand.Read(data); err != nil {
		return nil, err
	}
	blob, err := key.seal(data, in.EncryptionContext)
	answer := map[string]any{"CiphertextBlob": blob, "KeyId": key.arn}
	if plain {
		answer["Plaintext"] = data
	}
	return answer, err
}
