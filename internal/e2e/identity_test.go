// SPDX-License-Identifier: MPL-2.0

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// identity ISSUER ACCOUNT SUBJECT: an identity provider that the account knows, as a layer of worlds in provider.json, and a token of
// it for the subject in the file token.
func identity(ts *testscript.TestScript, neg bool, args []string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	ts.Check(err)
	const audience = "sts.amazonaws.com"
	layer, err := json.Marshal(awssim.World{Accounts: []awssim.WorldAccount{{ID: args[1], OpenIDProviders: []awssim.WorldOpenIDProvider{{
		URL: args[0], ClientIDs: []string{audience}, PublicKey: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
	}}}}})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("provider.json"), layer, 0o600))
	claims := map[string]any{"iss": args[0], "aud": audience, "sub": args[2], "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}
	ts.Check(os.WriteFile(ts.MkAbs("token"), []byte(signed(ts, key, claims)), 0o600))
}

// signed is a token with claims, as https://www.rfc-editor.org/rfc/rfc7515 has it for ES256.
func signed(ts *testscript.TestScript, key *ecdsa.PrivateKey, claims map[string]any) string {
	text := ""
	for _, part := range []any{map[string]string{"alg": "ES256"}, claims} {
		encoded, err := json.Marshal(part)
		ts.Check(err)
		text += base64.RawURLEncoding.EncodeToString(encoded) + "."
	}
	text = text[:len(text)-1]
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	ts.Check(err)
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}
