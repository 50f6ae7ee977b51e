package access

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	awsbase "github.com/hashicorp/aws-sdk-go-base/v2"
	"github.com/hashicorp/aws-sdk-go-base/v2/diag"

	"github.com/amishare/packer-plugin-ami-share/internal/awsapi"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Options are what credentials need to know besides the user's own options.
type Options struct {
	PluginVersion string
	PackerVersion string         // "" when unknown
	Region        sharing.Region // to act in when neither the options nor the environment nor the profile name one
}

// Retries returns how often a call is to be repeated after its first attempt.
func (c *Config) Retries() int { return cmp.Or(c.MaxRetries, awsapi.DefaultRetries) }

// AWSConfig fetches the credentials of the source account and returns the configuration that acts in it. It asks Vault,
// STS or the metadata service, as the options have it. Its error says what was tried and what to do.
func (c *Config) AWSConfig(ctx context.Context, o Options) (aws.Config, error) {
	base := c.base(ctx, o)
	keys, err := c.temporary(ctx, base)
	if err != nil {
		return aws.Config{}, err
	}
	if keys != nil {
		base.AccessKey, base.SecretKey, base.Token = keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken
	}
	if c.MFACode != "" {
		base.AssumeRole = nil
	}
	loaded, err := load(ctx, base)
	if err != nil || c.SkipCredsValidation {
		return loaded, err
	}
	validate := awsapi.Caller
	if !c.VaultAWSEngine.empty() {
		validate = awsapi.NewCaller
	}
	if _, err := validate(ctx, loaded); err != nil {
		return aws.Config{}, fmt.Errorf("getting credentials of the source account: %w", err)
	}
	return loaded, nil
}

// temporary returns the keys of Vault or of a session with a multi-factor code; nil when neither is asked for.
func (c *Config) temporary(ctx context.Context, base awsbase.Config) (*aws.Credentials, error) {
	var keys *aws.Credentials
	if !c.VaultAWSEngine.empty() {
		credentials, err := c.VaultAWSEngine.credentials(ctx)
		if err != nil {
			return nil, err
		}
		keys = &credentials
		base.AccessKey, base.SecretKey, base.Token = keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken
	}
	if c.MFACode != "" {
		session, err := c.mfaSession(ctx, base)
		if err != nil {
			return nil, err
		}
		keys = &session
	}
	if keys != nil {
		hide(keys.SecretAccessKey, keys.SessionToken)
	}
	return keys, nil
}

// base returns the options in the library's words.
func (c *Config) base(ctx context.Context, o Options) awsbase.Config {
	base := awsbase.Config{
		AccessKey: c.AccessKey, SecretKey: c.SecretKey, Token: c.Token,
		Profile: c.Profile, SharedConfigFiles: c.files(), SharedCredentialsFiles: c.files(),
		Region: c.Region, MaxRetries: c.Retries() + 1, Insecure: c.InsecureSkipTLSVerify,
		SkipCredsValidation: true, SuppressDebugLog: true, StsEndpoint: stsEndpoint(ctx), // they are validated in the plugin's own words
		UserAgent: awsbase.UserAgentProducts{{Name: "packer-plugin-ami-share", Version: o.PluginVersion}},
	}
	if base.Region == "" {
		base.Region = c.region(ctx, o)
	}
	if o.PackerVersion != "" {
		base.UserAgent = append(base.UserAgent, awsbase.UserAgentProduct{Name: "Packer", Version: o.PackerVersion})
	}
	if c.SkipMetadataAPICheck {
		base.EC2MetadataServiceEnableState = imds.ClientDisabled
	}
	if r := c.AssumeRole.role(); r.RoleARN != "" {
		base.AssumeRole = []awsbase.AssumeRole{{
			RoleARN: r.RoleARN, Duration: r.Duration, ExternalID: r.ExternalID, SessionName: r.SessionName,
			Policy: r.Policy, PolicyARNs: r.PolicyARNs, Tags: r.Tags, TransitiveTagKeys: r.TransitiveTagKeys,
		}}
	}
	return base
}

func (c *Config) files() []string {
	if c.SharedCredentialsFile == "" {
		return nil
	}
	return []string{c.SharedCredentialsFile}
}

// region returns the Region that the environment or the profile names, or else the one of the options.
func (c *Config) region(ctx context.Context, o Options) string {
	environment, err := config.NewEnvConfig()
	if err != nil {
		return string(o.Region) // whatever is wrong there, loading reports it
	}
	if environment.Region != "" {
		return environment.Region
	}
	profile := cmp.Or(c.Profile, environment.SharedConfigProfile, "default")
	shared, err := config.LoadSharedConfigProfile(ctx, profile, func(l *config.LoadSharedConfigOptions) {
		if file := cmp.Or(c.SharedCredentialsFile, environment.SharedConfigFile); file != "" {
			l.ConfigFiles = []string{file}
		}
		if file := cmp.Or(c.SharedCredentialsFile, environment.SharedCredentialsFile); file != "" {
			l.CredentialsFiles = []string{file}
		}
	})
	if err == nil && shared.Region != "" {
		return shared.Region
	}
	return string(o.Region)
}

// load lets the library find credentials, and words its diagnostics.
func load(ctx context.Context, base awsbase.Config) (aws.Config, error) {
	_, loaded, diagnostics := awsbase.GetAwsConfig(ctx, &base)
	var errs []error
	for _, d := range diagnostics {
		if d.Severity() != diag.SeverityError {
			log.Printf("[WARN] %s: %s", d.Summary(), d.Detail())
			continue
		}
		errs = append(errs, worded(d, base))
	}
	return loaded, errors.Join(errs...)
}

func worded(d diag.Diagnostic, base awsbase.Config) error {
	cause := strings.TrimSpace(d.Summary() + " " + d.Detail())
	if withErr, ok := d.(diag.DiagnosticWithErr); ok {
		cause = withErr.Err().Error()
	}
	switch {
	case awsbase.IsNoValidCredentialSourcesError(d):
		return fmt.Errorf("getting credentials of the source account: none were found: %s\n"+
			"Set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, or give the post-processor or data source "+
			"what the builder has: profile, assume_role, or access_key and secret_key", cause)
	case awsbase.IsCannotAssumeRoleError(d):
		role := base.AssumeRole[0]
		return fmt.Errorf("getting credentials of the source account: assuming the role %s: %s\n"+
			"The role's trust policy must allow the caller%s, and the caller's own policy sts:AssumeRole on the role", role.RoleARN, cause, trusting(role.ExternalID))
	default:
		return fmt.Errorf("getting credentials of the source account: %s\nCheck the access options and the environment; "+
			"`aws sts get-caller-identity` with the same ones tells whether AWS takes them", cause)
	}
}

func trusting(externalID string) string {
	if externalID == "" {
		return " (and ask for no external ID: none is set in assume_role)"
	}
	return fmt.Sprintf(" with the external ID %q", externalID)
}
