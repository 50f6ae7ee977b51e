package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Caller asks whose credentials a configuration holds, with the repetitions of a Client. It is allowed to everybody who
// has any.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
func Caller(ctx context.Context, config aws.Config) (sharing.ARN, error) {
	out, err := New(config, nil, Options{}).sts(place{}).GetCallerIdentity(ctx, nil)
	if err != nil {
		return sharing.ARN{}, diagnose(err, act{doing: "asking whose credentials these are", action: "sts:GetCallerIdentity"})
	}
	return sharing.ParseARN(aws.ToString(out.Arn))
}
