package access

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// vaultTimeout bounds one request to Vault, as Vault's own client does.
const vaultTimeout = time.Minute

// vault is where Vault is and who asks it.
// https://developer.hashicorp.com/vault/docs/commands#configure-environment-variables
type vault struct {
	address    string
	token      string
	namespace  string
	authority  string // file of a certificate authority
	skipVerify bool
}

// vaultFromEnvironment reads the variables that Vault's own tools read: nothing but the environment says where it is.
func vaultFromEnvironment() vault {
	env := os.Getenv //nolint:forbidigo // Vault is configured by its environment, as in every tool that uses it
	skip, err := strconv.ParseBool(env("VAULT_SKIP_VERIFY"))
	return vault{
		address: cmp.Or(env("VAULT_ADDR"), "https://127.0.0.1:8200"), token: env("VAULT_TOKEN"),
		namespace: env("VAULT_NAMESPACE"), authority: env("VAULT_CACERT"), skipVerify: err == nil && skip,
	}
}

// credentials asks the AWS secrets engine for keys.
// https://developer.hashicorp.com/vault/api-docs/secret/aws#generate-credentials
func (v VaultAWSEngineConfig) credentials(ctx context.Context, server vault) (aws.Credentials, error) {
	engine := cmp.Or(v.EngineName, "aws")
	keys, err := v.ask(ctx, server, engine)
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("getting credentials of the source account from Vault at %s, engine %q, role %q: %w\n"+
			"Check VAULT_ADDR, VAULT_TOKEN and VAULT_NAMESPACE in the environment of Packer, and that the token's policy allows to read the role's credentials",
			server.address, engine, v.Name, err)
	}
	return keys, nil
}

func (v VaultAWSEngineConfig) ask(ctx context.Context, server vault, engine string) (aws.Credentials, error) {
	ctx, cancel := context.WithTimeout(ctx, vaultTimeout)
	defer cancel()
	request, err := v.request(ctx, server, engine)
	if err != nil {
		return aws.Credentials{}, err
	}
	client, err := server.client()
	if err != nil {
		return aws.Credentials{}, err
	}
	response, err := client.Do(request)
	if err != nil {
		return aws.Credentials{}, err
	}
	defer response.Body.Close()
	return keysOf(response)
}

// request reads credentials of the role, or writes what session is wanted when there is something to say about it.
func (v VaultAWSEngineConfig) request(ctx context.Context, server vault, engine string) (*http.Request, error) {
	method, kind, body := http.MethodGet, "creds", []byte(nil)
	if v.RoleARN != "" || v.TTL != "" {
		method, kind = http.MethodPost, "sts"
		fields := map[string]string{}
		if v.RoleARN != "" {
			fields["role_arn"] = v.RoleARN
		}
		if v.TTL != "" {
			fields["ttl"] = v.TTL
		}
		var err error
		if body, err = json.Marshal(fields); err != nil {
			return nil, err
		}
	}
	address := strings.TrimSuffix(server.address, "/") + "/v1/" + strings.Trim(engine, "/") + "/" + kind + "/" + url.PathEscape(v.Name)
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("X-Vault-Request", "true")
	request.Header.Set("X-Vault-Token", server.token)
	if server.namespace != "" {
		request.Header.Set("X-Vault-Namespace", server.namespace)
	}
	return request, nil
}

func (s vault) client() (*http.Client, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: s.skipVerify} //nolint:gosec // VAULT_SKIP_VERIFY asks for it
	if s.authority != "" {
		certificates, err := os.ReadFile(s.authority)
		if err != nil {
			return nil, fmt.Errorf("reading VAULT_CACERT: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(certificates) {
			return nil, fmt.Errorf("reading VAULT_CACERT: %s holds no certificate", s.authority)
		}
	}
	return &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: config}}, nil
}

// keysOf reads Vault's answer: keys, or errors in its own words.
func keysOf(response *http.Response) (aws.Credentials, error) {
	var answer struct {
		Errors []string
		Data   struct {
			AccessKey     string `json:"access_key"`
			SecretKey     string `json:"secret_key"`
			SessionToken  string `json:"session_token"`
			SecurityToken string `json:"security_token"`
		}
	}
	err := json.NewDecoder(response.Body).Decode(&answer)
	switch data := answer.Data; {
	case response.StatusCode != http.StatusOK:
		return aws.Credentials{}, fmt.Errorf("%s %s", response.Status, strings.Join(answer.Errors, "; "))
	case err != nil:
		return aws.Credentials{}, fmt.Errorf("reading the answer: %w", err)
	case data.AccessKey == "" || data.SecretKey == "":
		return aws.Credentials{}, errors.New("the answer holds no access_key and secret_key")
	default:
		return aws.Credentials{
			AccessKeyID: data.AccessKey, SecretAccessKey: data.SecretKey,
			SessionToken: cmp.Or(data.SessionToken, data.SecurityToken), Source: "Vault",
		}, nil
	}
}
