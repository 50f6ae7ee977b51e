// SPDX-License-Identifier: MPL-2.0

package clients

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// SourceRole returns the credentials of a role, with the code that a multi-factor device shows unless it is "". They are
// fetched when they are first asked for, and again before they expire; with a code only once, since it is good for one call.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func SourceRole(config aws.Config, role *AssumeRole, serial, code string) *aws.CredentialsCache {
	assume := assumeRole(sts.NewFromConfig(config).AssumeRole)
	return aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(assume, role.RoleARN, role.options, func(o *stscreds.AssumeRoleOptions) {
		if code != "" {
			o.SerialNumber = aws.String(serial)
			o.TokenProvider = func() (string, error) { return code, nil }
		}
	}))
}

// AtEndpoint makes the role of a profile ask STS at an endpoint; "" leaves it where it is.
func AtEndpoint(endpoint string) func(*stscreds.AssumeRoleOptions) {
	return func(o *stscreds.AssumeRoleOptions) {
		if client, ok := o.Client.(*sts.Client); ok && endpoint != "" {
			o.Client = sts.New(client.Options(), func(s *sts.Options) { s.BaseEndpoint = aws.String(endpoint) })
		}
	}
}

// WebIdentityAtEndpoint does the same for a role that an identity provider's token is exchanged for.
func WebIdentityAtEndpoint(endpoint string) func(*stscreds.WebIdentityRoleOptions) {
	return func(o *stscreds.WebIdentityRoleOptions) {
		if client, ok := o.Client.(*sts.Client); ok && endpoint != "" {
			o.Client = sts.New(client.Options(), func(s *sts.Options) { s.BaseEndpoint = aws.String(endpoint) })
		}
	}
}
