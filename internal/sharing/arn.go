// SPDX-License-Identifier: MPL-2.0

package sharing

import (
	"fmt"
	"slices"
	"strings"
)

// ARN is an Amazon Resource Name, split. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
type ARN struct {
	Partition string
	Service   string
	Region    Region
	Account   AccountID
	Resource  string // "key/1234…", "role/path/name"
}

// ParseARN splits an ARN. Any partition is taken.
func ParseARN(s string) (ARN, error) {
	parts := strings.SplitN(s, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[1] == "" || parts[2] == "" || parts[5] == "" {
		return ARN{}, fmt.Errorf("%q is not an ARN (arn:partition:service:region:account:resource)", s)
	}
	return ARN{parts[1], parts[2], Region(parts[3]), AccountID(parts[4]), parts[5]}, nil
}

func (a ARN) String() string {
	return strings.Join([]string{"arn", a.Partition, a.Service, string(a.Region), string(a.Account), a.Resource}, ":")
}

// PartitionOf tells the partition of a Region by its name.
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
func PartitionOf(region Region) string {
	for _, p := range []struct{ prefix, partition string }{
		{"cn-", "aws-cn"},
		{"us-gov-", "aws-us-gov"},
		{"us-isob-", "aws-iso-b"},
		{"us-isof-", "aws-iso-f"},
		{"eu-isoe-", "aws-iso-e"},
		{"us-iso-", "aws-iso"},
		{"eusc-", "aws-eusc"},
	} {
		if strings.HasPrefix(string(region), p.prefix) {
			return p.partition
		}
	}
	return "aws"
}

// GlobalRegion is the Region that calls of IAM are signed for, whatever the Region they come from: one of the partition.
// https://docs.aws.amazon.com/general/latest/gr/iam-service.html
func GlobalRegion(region Region) Region {
	switch PartitionOf(region) {
	case "aws-cn":
		return "cn-north-1"
	case "aws-us-gov":
		return "us-gov-west-1"
	case "aws-iso":
		return "us-iso-east-1"
	case "aws-iso-b":
		return "us-isob-east-1"
	case "aws-iso-e":
		return "eu-isoe-west-1"
	case "aws-iso-f":
		return "us-isof-south-1"
	case "aws-eusc":
		return "eusc-de-east-1"
	default:
		return "us-east-1"
	}
}

// enabledByDefault are the Regions of the partition aws that every account has; the others are enabled by each account.
// https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
var enabledByDefault = []Region{
	"ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1", "eu-central-1",
	"eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
}

// OptIn tells whether each account has to enable a Region before anything works there.
func OptIn(region Region) bool {
	return region != "" && PartitionOf(region) == "aws" && !slices.Contains(enabledByDefault, region)
}

// RegionOf returns the Region in an ARN, "" when it is none.
func RegionOf(arn string) Region {
	parsed, _ := ParseARN(arn) // its zero value has no Region
	return parsed.Region
}

// AccountOf returns the account in an ARN, "" when it is none.
func AccountOf(arn string) AccountID {
	parsed, _ := ParseARN(arn)
	return parsed.Account
}
