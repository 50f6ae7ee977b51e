// SPDX-License-Identifier: MPL-2.0

package e2e

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

const trustEC2 = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// role create|delete ACCOUNT NAME [KEY-ARN]: what an account's administrator does to a role. With a key that the account may
// grant it has been there for long: KMS knows it.
func role(ts *testscript.TestScript, neg bool, args []string) {
	account, name := args[1], args[2]
	client := iam.NewFromConfig(admin(ts, account, "us-east-1"))
	if args[0] == "delete" {
		_, err := client.DeleteRole(context.Background(), &iam.DeleteRoleInput{RoleName: &name})
		ts.Check(err)
		return
	}
	created, err := client.CreateRole(context.Background(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: new(trustEC2)})
	ts.Check(err)
	if len(args) > 3 {
		in := grantInput(args[3], *created.Role.Arn, "known")
		in.DryRun = new(true)
		until(ts, func() bool {
			_, err := kms.NewFromConfig(admin(ts, account, regionOf(ts, args[3]))).CreateGrant(context.Background(), in)
			return strings.Contains(err.Error(), "DryRunOperation")
		})
	}
}

// grant ACCOUNT KEY-ARN GRANTEE-ARN NAME: an account's administrator has issued a grant by hand, long ago: it is listed.
func grant(ts *testscript.TestScript, neg bool, args []string) {
	client := kms.NewFromConfig(admin(ts, args[0], regionOf(ts, args[1])))
	made, err := client.CreateGrant(context.Background(), grantInput(args[1], args[2], args[3]))
	ts.Check(err)
	until(ts, func() bool {
		listed, err := client.ListGrants(context.Background(), &kms.ListGrantsInput{KeyId: &args[1], GrantId: made.GrantId})
		ts.Check(err)
		return len(listed.Grants) > 0
	})
}

func admin(ts *testscript.TestScript, account, region string) aws.Config {
	return Config(of(ts).url, "AKIAEXAMPLEOPS"+account[:3], "an-example-secret-of-ops", region)
}

func regionOf(ts *testscript.TestScript, key string) string {
	arn, err := sharing.ParseARN(key)
	ts.Check(err)
	return string(arn.Region)
}

func grantInput(key, grantee, name string) *kms.CreateGrantInput {
	in := &kms.CreateGrantInput{KeyId: &key, GranteePrincipal: &grantee, Name: &name}
	for _, operation := range sharing.DefaultGrantOperations() {
		in.Operations = append(in.Operations, types.GrantOperation(operation))
	}
	return in
}

// until asks the local AWS, whose lag is counted in calls, until it has caught up.
func until(ts *testscript.TestScript, done func() bool) {
	for range 10 {
		if done() {
			return
		}
	}
	ts.Fatalf("the local AWS does not catch up")
}
