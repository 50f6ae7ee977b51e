// SPDX-License-Identifier: MPL-2.0

package access

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestVault(t *testing.T) {
	answer := map[string]any{"data": map[string]any{"access_key": "AKIAVAULT", "secret_key": "s", "security_token": "t"}}
	for name, test := range map[string]struct {
		config VaultAWSEngineConfig
		status int
		answer map[string]any
		call   string
		want   string // in the error
	}{
		"a user's keys": {
			config: VaultAWSEngineConfig{Name: "builder"}, status: http.StatusOK, answer: answer,
			call: "GET /v1/aws/creds/builder  token ns",
		},
		"a session": {
			config: VaultAWSEngineConfig{Name: "builder", EngineName: "clouds/aws", RoleARN: "arn:aws:iam::111111111111:role/x", TTL: "1h"},
			status: http.StatusOK, answer: answer,
			call: `PUT /v1/clouds/aws/sts/builder {"role_arn":"arn:aws:iam::111111111111:role/x","ttl":"1h"} token ns`,
		},
		"a refusal": {
			config: VaultAWSEngineConfig{Name: "builder"}, status: http.StatusForbidden, answer: map[string]any{"errors": []string{"permission denied"}},
			call: "GET /v1/aws/creds/builder  token ns", want: "403 Forbidden: permission denied",
		},
		"an answer without keys": {
			config: VaultAWSEngineConfig{Name: "builder"}, status: http.StatusOK, answer: map[string]any{},
			call: "GET /v1/aws/creds/builder  token ns", want: "the answer holds no access_key",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var call string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				call = strings.Join([]string{r.Method, r.URL.Path, string(body), r.Header.Get("X-Vault-Token"), r.Header.Get("X-Vault-Namespace")}, " ")
				w.WriteHeader(test.status)
				json.NewEncoder(w).Encode(test.answer)
			}))
			defer server.Close()
			isolated(t, "")
			t.Setenv("VAULT_ADDR", server.URL+"/")
			t.Setenv("VAULT_TOKEN", "token")
			t.Setenv("VAULT_NAMESPACE", "ns")
			config := Config{Region: "us-west-2", SkipCredsValidation: true, VaultAWSEngine: test.config}
			got, err := config.AWSConfig(t.Context(), Options{})
			if call != test.call {
				t.Errorf("Vault was asked %q, want %q", call, test.call)
			}
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("the error %v does not hold %q", err, test.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			credentials, err := got.Credentials.Retrieve(t.Context())
			if err != nil || credentials.AccessKeyID != "AKIAVAULT" || credentials.SessionToken != "t" {
				t.Errorf("the key is %s with token %s, error %v", credentials.AccessKeyID, credentials.SessionToken, err)
			}
		})
	}
}

func TestVaultSeesTheClientCertificateOfTheEnvironment(t *testing.T) {
	var shown int
	vault := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown = len(r.TLS.PeerCertificates)
		io.WriteString(w, `{"data":{"access_key":"AKIAVAULT","secret_key":"s"}}`)
	}))
	vault.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12}
	vault.StartTLS()
	defer vault.Close()
	isolated(t, "")
	dir := t.TempDir()
	for variable, block := range map[string]*pem.Block{
		"VAULT_CLIENT_CERT": {Type: "CERTIFICATE", Bytes: vault.TLS.Certificates[0].Certificate[0]},
		"VAULT_CACERT":      {Type: "CERTIFICATE", Bytes: vault.Certificate().Raw},
		"VAULT_CLIENT_KEY":  {Type: "PRIVATE KEY", Bytes: privateKey(t, vault.TLS.Certificates[0].PrivateKey)},
	} {
		file := filepath.Join(dir, variable)
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv(variable, file)
	}
	t.Setenv("VAULT_ADDR", vault.URL)
	config := Config{Region: "us-west-2", SkipCredsValidation: true, VaultAWSEngine: VaultAWSEngineConfig{Name: "builder"}}
	if _, err := config.AWSConfig(t.Context(), Options{}); err != nil || shown != 1 {
		t.Errorf("Vault saw %d certificates: %v", shown, err)
	}
}

func privateKey(t *testing.T, key any) []byte {
	t.Helper()
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func TestKeysThatVaultHasJustMadeAreWaitedFor(t *testing.T) {
	vault := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"data":{"access_key":"AKIAVAULT","secret_key":"s"}}`)
	}))
	defer vault.Close()
	asked := 0
	sts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked < 3 {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>The security token included in the request is invalid.</Message></Error></ErrorResponse>")
			return
		}
		stsHandler(new([]string))(w, r)
	}))
	defer sts.Close()
	isolated(t, sts.URL)
	t.Setenv("VAULT_ADDR", vault.URL)
	config := Config{Region: "us-west-2", VaultAWSEngine: VaultAWSEngineConfig{Name: "builder"}}
	if _, err := config.AWSConfig(t.Context(), Options{}); err != nil || asked != 3 {
		t.Errorf("STS was asked %d times, then %v", asked, err)
	}
	config, asked = Config{AccessKey: "AKIAKEYS", SecretKey: "s", Region: "us-west-2"}, 0
	if _, err := config.AWSConfig(t.Context(), Options{}); err == nil || asked != 1 {
		t.Errorf("for keys of the user STS was asked %d times, then %v", asked, err)
	}
}
