// SPDX-License-Identifier: MPL-2.0

package clients

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

// Caller asks whose credentials a configuration holds, with the repetitions of Clients. It is allowed to everybody who
// has any.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
func Caller(ctx context.Context, config aws.Config) (sharing.ARN, error) {
	return caller(New(config, nil, Options{}).STS(Place{}).GetCallerIdentity(ctx, nil))
}

// newKeysTimeout is how long IAM may take to know keys that were just made.
const newKeysTimeout = time.Minute

// NewCaller is Caller for keys that were just made: IAM takes some seconds to know them everywhere.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
func NewCaller(ctx context.Context, config aws.Config) (sharing.ARN, error) {
	service := New(config, nil, Options{}).STS(Place{})
	var out *sts.GetCallerIdentityOutput
	err := traffic.PollFor(ctx, newKeysTimeout, func(ctx context.Context) (finished bool, err error) {
		out, err = service.GetCallerIdentity(ctx, nil)
		return !diagnose.Has(err, "InvalidClientTokenId"), err
	})
	return caller(out, err)
}

func caller(out *sts.GetCallerIdentityOutput, err error) (sharing.ARN, error) {
	if err != nil {
		return sharing.ARN{}, diagnose.Error(err, diagnose.Act{Doing: "asking whose credentials these are", Action: "sts:GetCallerIdentity"})
	}
	return sharing.ParseARN(aws.ToString(out.Arn))
}
