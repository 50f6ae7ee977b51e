// SPDX-License-Identifier: MPL-2.0

package access

import (
	"cmp"
	"context"
	"net/http"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	smithy "github.com/aws/smithy-go/middleware"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
)

// load returns the configuration that the options, the environment and the profile make together. The role of
// assume_role is not assumed yet.
func (c *Config) load(ctx context.Context, o Options) (aws.Config, error) {
	options := append(c.common(ctx),
		config.WithAssumeRoleCredentialOptions(c.mfaRole(ctx)),
		config.WithRegion(c.region(ctx, o)),
		config.WithHTTPClient(c.httpClient()),
		config.WithAPIOptions(userAgent(o)),
		config.WithRetryMaxAttempts(c.Retries()+1))
	if c.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(c.Profile))
	}
	keys, err := c.keys(ctx)
	if err != nil {
		return aws.Config{}, err
	}
	if keys.HasKeys() {
		options = append(options, config.WithCredentialsProvider(credentials.StaticCredentialsProvider{Value: keys}))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, c.notFound(err)
	}
	return loaded, nil
}

// common are the settings that hold for the source account and for the profiles of targets.
func (c *Config) common(ctx context.Context) []func(*config.LoadOptions) error {
	options := []func(*config.LoadOptions) error{
		config.WithAssumeRoleCredentialOptions(clients.AtEndpoint(stsEndpoint(ctx))),
		config.WithWebIdentityRoleCredentialOptions(clients.WebIdentityAtEndpoint(stsEndpoint(ctx))),
	}
	if files := c.files(); files != nil {
		options = append(options, config.WithSharedConfigFiles(files), config.WithSharedCredentialsFiles(files))
	}
	if c.SkipMetadataAPICheck {
		options = append(options, config.WithEC2IMDSClientEnableState(imds.ClientDisabled))
	}
	return options
}

// mfaRole completes how the role of the source's profile is assumed. The multi-factor code is for it unless
// assume_role names another role.
func (c *Config) mfaRole(ctx context.Context) func(*stscreds.AssumeRoleOptions) {
	return func(o *stscreds.AssumeRoleOptions) {
		clients.AtEndpoint(stsEndpoint(ctx))(o)
		if c.MFACode == "" || c.AssumeRole.RoleARN != "" {
			return
		}
		o.TokenProvider = func() (string, error) { return c.MFACode, nil }
		if c.MFASerial != "" {
			o.SerialNumber = aws.String(c.MFASerial)
		}
	}
}

// keys returns the keys that the options give or that Vault makes; none when neither is asked for.
func (c *Config) keys(ctx context.Context) (aws.Credentials, error) {
	if c.VaultAWSEngine.empty() {
		return aws.Credentials{AccessKeyID: c.AccessKey, SecretAccessKey: c.SecretKey, SessionToken: c.Token}, nil
	}
	keys, err := c.VaultAWSEngine.credentials(ctx)
	hide(keys.SecretAccessKey, keys.SessionToken)
	return keys, err
}

// httpClient returns a client that trusts whom the options trust.
func (c *Config) httpClient() *awshttp.BuildableClient {
	client := awshttp.NewBuildableClient()
	if !c.InsecureSkipTLSVerify {
		return client
	}
	return client.WithTransportOptions(func(t *http.Transport) {
		t.TLSClientConfig.InsecureSkipVerify = true //nolint:gosec // insecure_skip_tls_verify asks for it
	})
}

// userAgent names the plugin, and Packer where its version is known, in every request, as CloudTrail shows it.
func userAgent(o Options) []func(*smithy.Stack) error {
	products := []func(*smithy.Stack) error{middleware.AddUserAgentKeyValue("packer-plugin-ami-share", o.PluginVersion)}
	if o.PackerVersion != "" {
		products = append(products, middleware.AddUserAgentKeyValue("Packer", o.PackerVersion))
	}
	return products
}

// files are where profiles are looked for; nil for the files of the user and the environment.
func (c *Config) files() []string {
	if c.SharedCredentialsFile == "" {
		return nil
	}
	file := os.ExpandEnv(c.SharedCredentialsFile)
	if home, err := os.UserHomeDir(); err == nil && len(file) > 1 && file[0] == '~' && os.IsPathSeparator(file[1]) {
		file = filepath.Join(home, file[2:])
	}
	return []string{file}
}

// region returns the Region of the options, the environment or the profile, or else the one of the run.
func (c *Config) region(ctx context.Context, o Options) string {
	environment, err := config.NewEnvConfig()
	if known := cmp.Or(c.Region, environment.Region); known != "" || err != nil {
		return known // whatever is wrong with the environment, loading reports it
	}
	profile := cmp.Or(c.Profile, environment.SharedConfigProfile, "default")
	shared, err := config.LoadSharedConfigProfile(ctx, profile, func(l *config.LoadSharedConfigOptions) {
		if files := c.files(); files != nil {
			l.ConfigFiles, l.CredentialsFiles = files, files
			return
		}
		if environment.SharedConfigFile != "" {
			l.ConfigFiles = []string{environment.SharedConfigFile}
		}
		if environment.SharedCredentialsFile != "" {
			l.CredentialsFiles = []string{environment.SharedCredentialsFile}
		}
	})
	if err == nil && shared.Region != "" {
		return shared.Region
	}
	return string(o.Region)
}
