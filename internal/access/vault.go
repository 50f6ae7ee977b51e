// SPDX-License-Identifier: MPL-2.0

package access

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/hashicorp/vault/api"
)

// credentials asks the AWS secrets engine of Vault for keys. Where Vault is, who asks and how often is said by the
// environment, as for Vault's own tools.
// https://developer.hashicorp.com/vault/docs/commands#configure-environment-variables
func (v VaultAWSEngineConfig) credentials(ctx context.Context) (aws.Credentials, error) {
	config := api.DefaultConfig()
	keys, err := v.ask(ctx, config)
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("getting credentials of the source account from Vault at %s, engine %q, role %q: %w\n"+
			"Check VAULT_ADDR, VAULT_TOKEN and VAULT_NAMESPACE in the environment of Packer, and that the token's policy allows to read the role's credentials",
			config.Address, v.engine(), v.Name, err)
	}
	return keys, nil
}

func (v VaultAWSEngineConfig) engine() string { return strings.Trim(cmp.Or(v.EngineName, "aws"), "/") }

func (v VaultAWSEngineConfig) ask(ctx context.Context, config *api.Config) (aws.Credentials, error) {
	client, err := api.NewClient(config)
	if err != nil {
		return aws.Credentials{}, err
	}
	secret, err := v.secret(ctx, client.Logical())
	if refusal, ok := errors.AsType[*api.ResponseError](err); ok {
		return aws.Credentials{}, fmt.Errorf("%d %s: %s", refusal.StatusCode, http.StatusText(refusal.StatusCode), strings.Join(refusal.Errors, "; "))
	}
	if err != nil {
		return aws.Credentials{}, err
	}
	return keysOf(secret)
}

// secret reads credentials of the role, or writes what session is wanted when there is something to say about it.
// https://developer.hashicorp.com/vault/api-docs/secret/aws#generate-credentials
func (v VaultAWSEngineConfig) secret(ctx context.Context, vault *api.Logical) (*api.Secret, error) {
	if v.RoleARN == "" && v.TTL == "" {
		return vault.ReadWithContext(ctx, v.engine()+"/creds/"+v.Name)
	}
	wanted := map[string]any{}
	if v.RoleARN != "" {
		wanted["role_arn"] = v.RoleARN
	}
	if v.TTL != "" {
		wanted["ttl"] = v.TTL
	}
	return vault.WriteWithContext(ctx, v.engine()+"/sts/"+v.Name, wanted)
}

// keysOf takes the keys out of what Vault answered. Vault's older versions call the session token security_token.
func keysOf(secret *api.Secret) (aws.Credentials, error) {
	text := func(name string) string {
		if secret == nil {
			return ""
		}
		value, _ := secret.Data[name].(string)
		return value
	}
	keys := aws.Credentials{
		AccessKeyID: text("access_key"), SecretAccessKey: text("secret_key"),
		SessionToken: cmp.Or(text("session_token"), text("security_token")), Source: "Vault",
	}
	if keys.AccessKeyID == "" || keys.SecretAccessKey == "" {
		return aws.Credentials{}, errors.New("the answer holds no access_key and secret_key")
	}
	return keys, nil
}
