// SPDX-License-Identifier: MPL-2.0

package traffic

import "strings"

// AWS takes the calls of an account in a Region out of a bucket for each action: so many at once, and then as many as it
// is refilled with each second. Buckets can be larger than published, and others may use them too, so that these numbers
// are where the plugin begins: see bucket.

// fewest and most are between how many attempts of one bucket are under way at the same time.
const fewest, most = 10, 64

// rate returns how many calls of an action AWS publishes that it takes each second.
//
//   - https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
//   - https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html
//   - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html for STS
//   - https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
//
// For the other services nothing is published.
func rate(action string) float64 {
	if published, ok := publishedRates[action]; ok {
		return published
	}
	service, operation, _ := strings.Cut(action, ":")
	switch {
	case service == "sts":
		return 600
	case service == "ec2" && (strings.HasPrefix(operation, "Describe") || strings.HasPrefix(operation, "Get")):
		return 20
	default:
		return 5
	}
}

// publishedRates are those of single actions, in calls a second.
var publishedRates = map[string]float64{
	"kms:CreateGrant": 50, "kms:ListGrants": 100, "kms:RetireGrant": 30, "kms:RevokeGrant": 30,
	"kms:DescribeKey": 2000, "kms:GetKeyPolicy": 1000,
	"organizations:DescribeOrganization": 1, "organizations:ListAccounts": 8, "organizations:ListAccountsForParent": 5,
	"organizations:ListOrganizationalUnitsForParent": 5, "organizations:ListTagsForResource": 10,
}

// width returns how many attempts of a bucket may be under way: as many as use its rate up when each takes a tenth of a
// second.
func width(action string) int { return min(max(int(rate(action)/10), fewest), most) }
