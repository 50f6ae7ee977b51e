// SPDX-License-Identifier: MPL-2.0

package iampolicy_test

import (
	"fmt"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
)

// The statement that the KMS console adds for other accounts lets AWS services create grants, and nobody else.
func Example() {
	policy, err := iampolicy.Parse(iampolicy.Key, []byte(`{
		"Version": "2012-10-17",
		"Statement": {
			"Sid": "Allow attachment of persistent resources",
			"Effect": "Allow",
			"Principal": {"AWS": "arn:aws:iam::222222222222:root"},
			"Action": ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
			"Resource": "*",
			"Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}
		}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	request := iampolicy.Request{
		Action:   "kms:CreateGrant",
		Resource: "arn:aws:kms:us-east-1:111111111111:key/0aa1",
		Principal: iampolicy.Principal{
			ARN:       "arn:aws:sts::222222222222:assumed-role/ami-share/packer",
			RoleARN:   "arn:aws:iam::222222222222:role/ami-share",
			AccountID: "222222222222",
			Partition: "aws",
		},
	}
	for _, forService := range []string{"true", "false"} {
		request.Context = map[string][]string{"kms:GrantIsForAWSResource": {forService}}
		decision := policy.Decide(request)
		fmt.Println(decision.Effect)
		fmt.Println(decision.Reason)
	}
	// Output:
	// allow
	// statement "Allow attachment of persistent resources" of the key policy allows kms:CreateGrant
	// silent
	// no statement of the key policy allows kms:CreateGrant: statement "Allow attachment of persistent resources" does not fit: condition Bool kms:GrantIsForAWSResource asks for true, and the request has false
}
