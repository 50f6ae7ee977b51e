// SPDX-License-Identifier: MPL-2.0

package access

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Credentials returns how to act inside each target. It asks nobody: roles are assumed and profiles used when the
// account is first entered. A profile that can't be read fails there, and for its own account only.
func (c *Config) Credentials(ctx context.Context, source aws.Config, sources map[sharing.AccountID]TargetSource) map[sharing.AccountID]clients.TargetCredentials {
	credentials := make(map[sharing.AccountID]clients.TargetCredentials, len(sources))
	for account, from := range sources {
		if from.Role != nil {
			credentials[account] = clients.TargetCredentials{Role: from.Role}
			continue
		}
		profile := c.profile(ctx, source, from.Profile)
		credentials[account] = clients.TargetCredentials{Config: &profile}
	}
	return credentials
}

// profile returns the configuration of a target's profile; connections, Region and user agent are the source's.
func (c *Config) profile(ctx context.Context, source aws.Config, name string) aws.Config {
	options := append(c.common(ctx),
		config.WithRegion(source.Region), config.WithSharedConfigProfile(name),
		config.WithHTTPClient(source.HTTPClient), config.WithAPIOptions(source.APIOptions))
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		loaded = source.Copy()
		loaded.Credentials = failing(err)
	}
	loaded.Credentials = profileCredentials{loaded.Credentials, c, name}
	return loaded
}
