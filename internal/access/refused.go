// SPDX-License-Identifier: MPL-2.0

package access

import (
	"cmp"
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// getting is what is being done when the source's credentials can't be had.
const getting = "getting credentials of the source account"

// notFound says why the options, the environment and the profile give no credentials.
func (c *Config) notFound(cause error) error {
	if c.MFACode != "" && c.AssumeRole.RoleARN == "" {
		return codeRefused(cause)
	}
	return diagnose.Error(c.ofProfile(c.sourceProfile(), cause), diagnose.Act{Doing: getting})
}

// notAssumed says why the role of assume_role can't be assumed.
func (c *Config) notAssumed(cause error) error {
	if c.MFACode != "" {
		return codeRefused(cause)
	}
	role := c.AssumeRole.RoleARN
	return diagnose.Error(cause, diagnose.Act{
		Doing: getting + ": assuming the role " + role, Action: "sts:AssumeRole", Resource: role, ExternalID: c.AssumeRole.ExternalID,
	})
}

// notValid says that it is the source's credentials that AWS does not take.
func notValid(err error) error {
	problem, ok := errors.AsType[sharing.Problem](err)
	if !ok {
		return err
	}
	problem.Doing = getting + ": " + problem.Doing
	return problem
}

func codeRefused(cause error) error {
	problem := diagnose.Error(cause, diagnose.Act{Doing: getting + " with mfa_code", Action: "sts:AssumeRole"})
	problem.Remedy = "A code is good for one use and about a minute: give the next one. Set mfa_serial if the device has a name of its own."
	return problem
}

// sourceProfile returns the profile that the options or the environment name, "" for none.
func (c *Config) sourceProfile() string { return cmp.Or(c.Profile, environmentProfile()) }

// ofProfile adds to an error of the SDK which profile it is about, and where that was looked for.
func (c *Config) ofProfile(name string, cause error) error {
	files := c.files()
	if files == nil {
		environment, err := config.NewEnvConfig()
		if err != nil {
			return &diagnose.CredentialsError{Profile: name, Err: cause}
		}
		files = []string{
			cmp.Or(environment.SharedConfigFile, config.DefaultSharedConfigFilename()),
			cmp.Or(environment.SharedCredentialsFile, config.DefaultSharedCredentialsFilename()),
		}
	}
	return &diagnose.CredentialsError{Profile: name, Files: files, Err: cause}
}

// profileCredentials are the credentials of a target's profile, whose errors name it.
type profileCredentials struct {
	aws.CredentialsProvider
	config *Config
	name   string
}

// Retrieve implements aws.CredentialsProvider.
func (p profileCredentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	credentials, err := p.CredentialsProvider.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, p.config.ofProfile(p.name, err)
	}
	return credentials, nil
}

// failing are credentials that can't be had.
func failing(err error) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, err })
}
