// SPDX-License-Identifier: MPL-2.0

package clients

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Organizations are the operations of AWS Organizations that the plugin uses. It has one endpoint in a partition, which the SDK finds from any Region of it.
// https://docs.aws.amazon.com/general/latest/gr/ao.html
type Organizations struct {
	DescribeOrganization             Operation[organizations.DescribeOrganizationInput, organizations.DescribeOrganizationOutput, organizations.Options]
	ListAccounts                     Operation[organizations.ListAccountsInput, organizations.ListAccountsOutput, organizations.Options]
	ListAccountsForParent            Operation[organizations.ListAccountsForParentInput, organizations.ListAccountsForParentOutput, organizations.Options]
	ListOrganizationalUnitsForParent Operation[organizations.ListOrganizationalUnitsForParentInput, organizations.ListOrganizationalUnitsForParentOutput, organizations.Options]
	ListTagsForResource              Operation[organizations.ListTagsForResourceInput, organizations.ListTagsForResourceOutput, organizations.Options]
}

// organizationsRegion is the Region that calls of Organizations are signed for.
// https://docs.aws.amazon.com/general/latest/gr/ao.html
func organizationsRegion(region sharing.Region) sharing.Region {
	if global := sharing.GlobalRegion(region); global != "cn-north-1" {
		return global
	}
	return "cn-northwest-1"
}

func newOrganizations(config aws.Config) func(origin) Organizations {
	client := organizations.NewFromConfig(config)
	return func(o origin) Organizations {
		set := func(options *organizations.Options) {
			o.set(&options.Region, &options.Credentials)
			global(&options.Region, organizationsRegion)
		}
		return Organizations{
			DescribeOrganization:             from(&o, client.DescribeOrganization, set),
			ListAccounts:                     from(&o, client.ListAccounts, set),
			ListAccountsForParent:            from(&o, client.ListAccountsForParent, set),
			ListOrganizationalUnitsForParent: from(&o, client.ListOrganizationalUnitsForParent, set),
			ListTagsForResource:              from(&o, client.ListTagsForResource, set),
		}
	}
}
