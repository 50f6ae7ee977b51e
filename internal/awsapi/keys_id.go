// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// keyIDIn turns what the user calls a key into what DescribeKey takes in a Region. A multi-Region key and its replicas
// share their id, and an alias of one name can exist in each Region: the ARN of one leads to the others.
// https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html
func keyIDIn(region sharing.Region, id string) (string, *sharing.Problem) {
	problem := &sharing.Problem{Scope: sharing.Scope{Region: region}, Doing: "looking for key " + id}
	if !strings.HasPrefix(id, "arn:") {
		if awsAlias(id) {
			return "", refuseAWSAlias(problem)
		}
		return id, nil
	}
	arn, err := sharing.ParseARN(id)
	switch {
	case err != nil:
		problem.Cause = err.Error()
		problem.Remedy = "Write it as arn:aws:kms:<region>:<account>:key/<id> or …:alias/<name>."
		return "", problem
	case arn.Service != "kms":
		problem.Cause = "it is not the ARN of a KMS key or alias"
		problem.Remedy = "Write it as arn:aws:kms:<region>:<account>:key/<id> or …:alias/<name>."
		return "", problem
	case awsAlias(arn.Resource):
		return "", refuseAWSAlias(problem)
	case arn.Region != region && !isAlias(arn.Resource) && !strings.HasPrefix(arn.Resource, "key/mrk-"):
		problem.Cause = "the ARN is of a key in " + string(arn.Region) + ", and that is not a multi-Region key"
		problem.Remedy = "Give keys of the same alias in each Region and name the alias, or use a multi-Region key, or leave " + string(region) + " out of regions."
		return "", problem
	}
	arn.Region = region
	return arn.String(), nil
}

func isAlias(name string) bool { return strings.HasPrefix(name, "alias/") }

// awsAlias tells whether a name is reserved for AWS managed keys. Merely looking at such an alias creates the key.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html
func awsAlias(name string) bool { return strings.HasPrefix(name, "alias/aws/") }

func refuseAWSAlias(problem *sharing.Problem) *sharing.Problem {
	problem.Cause = "it is the alias of an AWS managed key, which no other account can use"
	problem.Remedy = "Create a customer managed key and name it:\naws kms create-key"
	return problem
}
