// SPDX-License-Identifier: MPL-2.0

package sts

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
)

// webToken is an identity provider's token, as far as STS reads it.
// https://openid.net/specs/openid-connect-core-1_0.html#IDToken
type webToken struct {
	Issuer   string          `json:"iss"`
	Subject  string          `json:"sub"`
	Audience json.RawMessage `json:"aud"` // one or a list
	Party    string          `json:"azp"`
	Expires  int64           `json:"exp"`
	Issued   int64           `json:"iat"`
	Tags     json.RawMessage `json:"https://aws.amazon.com/tags"`

	algorithm string
	signed    string
	signature []byte
}

// parseToken takes a token apart and does not verify it.
func parseToken(text string) (*webToken, error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, errors.New("it does not have three parts")
	}
	var header struct {
		Algorithm string `json:"alg"`
	}
	token := &webToken{signed: parts[0] + "." + parts[1]}
	for i, into := range []any{&header, token} {
		part, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(part, into); err != nil {
			return nil, err
		}
	}
	token.algorithm = header.Algorithm
	var err error
	token.signature, err = base64.RawURLEncoding.DecodeString(parts[2])
	return token, err
}

// audience is whom the token is for: the authorized party where it names one, as with several audiences it has to.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#ck_aud
func (t *webToken) audience() string {
	var one string
	if t.Party != "" || json.Unmarshal(t.Audience, &one) != nil {
		return t.Party
	}
	return one
}

// signedBy verifies the signature: RS256 or ES256. A token without one is signed by nobody.
func (t *webToken) signedBy(key crypto.PublicKey) bool {
	sum := sha256.Sum256([]byte(t.signed))
	switch key := key.(type) {
	case *rsa.PublicKey:
		return t.algorithm == "RS256" && rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], t.signature) == nil
	case *ecdsa.PublicKey:
		const half = 32
		if t.algorithm != "ES256" || len(t.signature) != 2*half {
			return false
		}
		return ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(t.signature[:half]), new(big.Int).SetBytes(t.signature[half:]))
	default:
		return false
	}
}
