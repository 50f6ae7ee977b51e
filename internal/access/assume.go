// SPDX-License-Identifier: MPL-2.0

package access

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
)

// assume gives the configuration the credentials of assume_role's role, and returns those of the first session.
func (c *Config) assume(ctx context.Context, loaded *aws.Config) (aws.Credentials, error) {
	serial, err := c.serial(ctx, *loaded)
	if err != nil {
		return aws.Credentials{}, err
	}
	loaded.Credentials = clients.SourceRole(*loaded, c.AssumeRole.role(), serial, c.MFACode)
	return loaded.Credentials.Retrieve(ctx)
}

// serial returns the serial number of the device whose code is given: a virtual device is named like its user unless
// somebody chose another name. It returns "" when no code is given.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_enable_virtual.html
func (c *Config) serial(ctx context.Context, source aws.Config) (string, error) {
	if c.MFACode == "" || c.MFASerial != "" {
		return c.MFASerial, nil
	}
	caller, err := clients.Caller(ctx, source)
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
