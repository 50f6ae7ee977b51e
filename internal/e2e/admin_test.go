package e2e

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

const trustEC2 = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// role create|delete ACCOUNT NAME: what an account's administrator does to a role.
func role(ts *testscript.TestScript, neg bool, args []string) {
	client := iam.NewFromConfig(Config(of(ts).url, "AKIAEXAMPLEOPS"+args[1][:3], "an-example-secret-of-ops", "us-east-1"))
	var err error
	if args[0] == "create" {
		_, err = client.CreateRole(context.Background(), &iam.CreateRoleInput{RoleName: &args[2], AssumeRolePolicyDocument: new(trustEC2)})
	} else {
		_, err = client.DeleteRole(context.Background(), &iam.DeleteRoleInput{RoleName: &args[2]})
	}
	ts.Check(err)
}

// grant ACCOUNT REGION KEY-ARN GRANTEE-ARN NAME: an account's administrator issues a grant by hand.
func grant(ts *testscript.TestScript, neg bool, args []string) {
	client := kms.NewFromConfig(Config(of(ts).url, "AKIAEXAMPLEOPS"+args[0][:3], "an-example-secret-of-ops", args[1]))
	in := &kms.CreateGrantInput{KeyId: &args[2], GranteePrincipal: &args[3], Name: &args[4]}
	for _, operation := range sharing.DefaultGrantOperations() {
		in.Operations = append(in.Operations, types.GrantOperation(operation))
	}
	_, err := client.CreateGrant(context.Background(), in)
	ts.Check(err)
}
