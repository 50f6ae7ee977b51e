// SPDX-License-Identifier: MPL-2.0

package policy_test

import (
	"fmt"

	"github.com/amishare/packer-plugin-ami-share/internal/policy"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

func ExampleTargetRoleTrustPolicy() {
	fmt.Println(policy.TargetRoleTrustPolicy(policy.Config{
		SourceAccount: "111111111111",
		Targets: []policy.Target{{
			Target:  sharing.Target{Account: "222222222222", Credentials: true},
			RoleARN: "arn:aws:iam::222222222222:role/ami-share", ExternalID: "golden-images",
		}},
	}))
	// Output:
	// {
	//   "Version": "2012-10-17",
	//   "Statement": [
	//     {
	//       "Sid": "AmiShareSource",
	//       "Effect": "Allow",
	//       "Principal": {
	//         "AWS": "arn:aws:iam::111111111111:root"
	//       },
	//       "Action": "sts:AssumeRole",
	//       "Condition": {
	//         "StringEquals": {
	//           "sts:ExternalId": "golden-images"
	//         }
	//       }
	//     }
	//   ]
	// }
}
