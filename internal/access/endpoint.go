// SPDX-License-Identifier: MPL-2.0

package access

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/config"
)

// stsEndpoint returns where the environment says that STS is, by AWS_ENDPOINT_URL_STS or AWS_ENDPOINT_URL; "" when it
// doesn't. The SDK makes the roles of profiles before it reads AWS_ENDPOINT_URL, and would ask AWS itself for them.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
func stsEndpoint(ctx context.Context) string {
	environment, err := config.NewEnvConfig()
	if err != nil {
		return "" // whatever is wrong there, loading reports it
	}
	if ignored, _, err := environment.GetIgnoreConfiguredEndpoints(ctx); ignored || err != nil {
		return ""
	}
	if endpoint, ok, err := environment.GetServiceBaseEndpoint(ctx, "STS"); ok && err == nil {
		return endpoint
	}
	return environment.BaseEndpoint
}
