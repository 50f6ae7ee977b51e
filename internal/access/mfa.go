package access

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	awsbase "github.com/hashicorp/aws-sdk-go-base/v2"

	"github.com/amishare/packer-plugin-ami-share/internal/awsapi"
)

// mfaSession assumes the role of assume_role, or else of the profile, with the multi-factor code. A code is good for
// one call: the session is made once and used for the whole run.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func (c *Config) mfaSession(ctx context.Context, base awsbase.Config) (aws.Credentials, error) {
	provider := c.profileSession
	if c.AssumeRole.RoleARN != "" {
		provider = c.roleSession
	}
	credentials, err := provider(ctx, base)
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("getting credentials of the source account with mfa_code: %w\n"+
			"A code is good for one use and about a minute: give the next one; set mfa_serial if the device has a name of its own", err)
	}
	return credentials, nil
}

// profileSession assumes the role that the profile names.
func (c *Config) profileSession(ctx context.Context, base awsbase.Config) (aws.Credentials, error) {
	loaded, err := config.LoadDefaultConfig(ctx,
		config.WithRegion(base.Region),
		config.WithHTTPClient(c.httpClient()),
		config.WithSharedConfigProfile(c.Profile),
		config.WithSharedConfigFiles(c.files()),
		config.WithSharedCredentialsFiles(c.files()),
		config.WithAssumeRoleCredentialOptions(func(o *stscreds.AssumeRoleOptions) {
			awsapi.AtEndpoint(stsEndpoint(ctx))(o)
			o.TokenProvider = func() (string, error) { return c.MFACode, nil }
			if c.MFASerial != "" {
				o.SerialNumber = aws.String(c.MFASerial)
			}
		}))
	if err != nil {
		return aws.Credentials{}, err
	}
	return loaded.Credentials.Retrieve(ctx)
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

// roleSession assumes the role of assume_role with the credentials that the other options give.
func (c *Config) roleSession(ctx context.Context, base awsbase.Config) (aws.Credentials, error) {
	base.AssumeRole = nil
	loaded, err := load(ctx, base)
	if err != nil {
		return aws.Credentials{}, err
	}
	serial, err := c.serial(ctx, loaded)
	if err != nil {
		return aws.Credentials{}, err
	}
	return awsapi.SessionWithCode(ctx, loaded, c.AssumeRole.role(), serial, c.MFACode)
}

// serial returns the device's serial number: a virtual device is named like its user unless somebody chose another name.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_enable_virtual.html
func (c *Config) serial(ctx context.Context, source aws.Config) (string, error) {
	if c.MFASerial != "" {
		return c.MFASerial, nil
	}
	caller, err := awsapi.Caller(ctx, source)
	if err != nil {
		return "", err
	}
	user, ok := strings.CutPrefix(caller.Resource, "user/")
	if !ok {
		return "", fmt.Errorf("the caller %s is no IAM user and has no multi-factor device of its own", caller)
	}
	caller.Resource = "mfa/" + user[strings.LastIndex(user, "/")+1:]
	return caller.String(), nil
}
