// SPDX-License-Identifier: MPL-2.0

package access

import (
	"cmp"
	"context"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Options are what credentials need to know besides the user's own options.
type Options struct {
	PluginVersion string
	PackerVersion string            // "" when unknown
	Region        sharing.Region    // to act in when neither the options nor the environment nor the profile name one
	Called        func(sharing.ARN) // is told whose credentials they are, unless their validation is skipped; may be nil
}

// Retries returns how often a call is to be repeated after its first attempt.
func (c *Config) Retries() int { return cmp.Or(c.MaxRetries, clients.DefaultRetries) }

// AWSConfig fetches the credentials of the source account and returns the configuration that acts in it. It asks Vault,
// STS or the metadata service, as the options have it. Its error says what was tried and what to do.
func (c *Config) AWSConfig(ctx context.Context, o Options) (aws.Config, error) {
	loaded, err := c.load(ctx, o)
	if err != nil {
		return aws.Config{}, err
	}
	if err := c.enter(ctx, &loaded); err != nil {
		return aws.Config{}, err
	}
	if c.SkipCredsValidation {
		return loaded, nil
	}
	validate := clients.Caller
	if !c.VaultAWSEngine.empty() {
		validate = clients.NewCaller
	}
	caller, err := validate(ctx, loaded)
	if err != nil {
		return aws.Config{}, notValid(err)
	}
	log.Printf("[INFO] acting in the source account as %s", caller)
	if o.Called != nil {
		o.Called(caller)
	}
	return loaded, nil
}

// CallLog returns where to log each attempt of a call: nowhere unless Packer's log is on.
// https://developer.hashicorp.com/packer/docs/debugging
func CallLog() *log.Logger {
	if value := os.Getenv("PACKER_LOG"); value == "" || value == "0" { //nolint:forbidigo // it is how Packer is told
		return nil
	}
	return log.Default()
}

// enter makes sure that there are credentials, and exchanges them for a session of assume_role's role.
func (c *Config) enter(ctx context.Context, loaded *aws.Config) error {
	session, err := loaded.Credentials.Retrieve(ctx)
	if err != nil {
		return c.notFound(err)
	}
	if loaded.Region == "" && session.Source == ec2rolecreds.ProviderName {
		loaded.Region = instanceRegion(ctx, *loaded)
	}
	if c.AssumeRole.RoleARN != "" {
		if session, err = c.assume(ctx, loaded); err != nil {
			return c.notAssumed(err)
		}
	}
	if c.MFACode != "" { // it is good for one session, which nothing can renew
		hide(session.SecretAccessKey, session.SessionToken)
		loaded.Credentials = credentials.StaticCredentialsProvider{Value: session}
	}
	return nil
}

// instanceRegion returns the Region of the instance that this runs on; "" when the metadata service does not tell it.
func instanceRegion(ctx context.Context, loaded aws.Config) string {
	answer, err := imds.NewFromConfig(loaded).GetRegion(ctx, &imds.GetRegionInput{})
	if err != nil {
		return ""
	}
	return answer.Region
}
