package sharing

import (
	"fmt"
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
