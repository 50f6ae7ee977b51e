package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// SessionWithCode assumes a role with the code that a multi-factor device shows. A code is good for one call.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func SessionWithCode(ctx context.Context, config aws.Config, role *AssumeRole, serial, code string) (aws.Credentials, error) {
	assume := assumeRole(sts.NewFromConfig(config).AssumeRole)
	provider := stscreds.NewAssumeRoleProvider(assume, role.RoleARN, role.options, func(o *stscreds.AssumeRoleOptions) {
		o.SerialNumber = aws.String(serial)
		o.TokenProvider = func() (string, error) { return code, nil }
	})
	return provider.Retrieve(ctx)
}

// AtEndpoint makes the role of a profile ask STS at an endpoint; "" leaves it where it is.
func AtEndpoint(endpoint string) func(*stscreds.AssumeRoleOptions) {
	return func(o *stscreds.AssumeRoleOptions) {
		if client, ok := o.Client.(*sts.Client); ok && endpoint != "" {
			o.Client = sts.New(client.Options(), func(s *sts.Options) { s.BaseEndpoint = aws.String(endpoint) })
		}
	}
}
