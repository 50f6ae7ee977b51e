// SPDX-License-Identifier: MPL-2.0

package network

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/resources"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

const ruleParams = "GroupId GroupName IpProtocol FromPort ToPort CidrIp" +
	" IpPermissions.N.IpProtocol IpPermissions.N.FromPort IpPermissions.N.ToPort IpPermissions.N.IpRanges.N.CidrIp" +
	" IpPermissions.N.IpRanges.N.Description IpPermissions.N.Ipv6Ranges.N.CidrIpv6" +
	" IpPermissions.N.PrefixListIds.N.PrefixListId IpPermissions.N.Groups.N.GroupId DryRun"

// The network is there because a builder asks for it: every account has a default VPC with one subnet, key pairs and
// security groups have names, and no packet ever flows.
func actions() map[string]action {
	on := func(kind, param string) func(*call) []string {
		return func(c *call) []string { return []string{c.ARN(kind, c.Form.Get(param))} }
	}
	onGroup := on("security-group", "GroupId")
	return map[string]action{
		"DescribeRegions": {Params: "RegionName.N AllRegions DryRun" + resources.FilterParams, Handle: (*call).describeRegions},
		"DescribeVpcs":    {Params: "VpcId.N DryRun" + resources.FilterParams + resources.PageParams, Handle: (*call).describeVpcs},
		"DescribeSubnets": {Params: "SubnetId.N DryRun" + resources.FilterParams + resources.PageParams, Handle: (*call).describeSubnets},
		"CreateKeyPair": {
			Params: "KeyName KeyType KeyFormat DryRun" + resources.TagSpecParams, Write: true,
			Resources: on("key-pair", "KeyName"), Handle: (*call).createKeyPair,
		},
		"DescribeKeyPairs": {Params: "KeyName.N KeyPairId.N DryRun" + resources.FilterParams, Handle: (*call).describeKeyPairs},
		"DeleteKeyPair":    {Params: "KeyName DryRun", Write: true, Resources: on("key-pair", "KeyName"), Handle: (*call).deleteKeyPair},
		"CreateSecurityGroup": {
			Params: "GroupName GroupDescription VpcId DryRun" + resources.TagSpecParams, Write: true,
			Resources: func(c *call) []string {
				return []string{c.ARN("security-group", "*"), c.ARN("vpc", cmp.Or(c.Form.Get("VpcId"), DefaultVPC))}
			}, Handle: (*call).createSecurityGroup,
		},
		"DescribeSecurityGroups": {
			Params: "GroupId.N GroupName.N DryRun" + resources.FilterParams + resources.PageParams,
			Handle: (*call).describeSecurityGroups,
		},
		"DeleteSecurityGroup": {Params: "GroupId DryRun", Write: true, Resources: onGroup, Handle: (*call).deleteSecurityGroup},
		"AuthorizeSecurityGroupIngress": {
			Params: ruleParams, Write: true, Resources: onGroup,
			Handle: (*call).authorizeIngress,
		},
	}
}

// The default network of every account and Region.
const (
	DefaultVPC    = "vpc-0default00000000"
	DefaultSubnet = "subnet-0default00000000"
)

type regionItem struct {
	Name     string `xml:"regionName"`
	Endpoint string `xml:"regionEndpoint"`
	OptIn    string `xml:"optInStatus"`
}

// describeRegions lists the Regions that are enabled for the account, and with AllRegions the others too.
func (c *call) describeRegions() (cloud.Effect, error) {
	var all []regionItem
	wanted := c.Form.List("RegionName")
	for _, known := range c.RegionsOf(c.Account) {
		named := slices.Contains(wanted, known.Name)
		if (len(wanted) > 0 && !named) || (!known.Enabled && !named && !c.Form.Flag("AllRegions")) {
			continue
		}
		all = append(all, regionItem{known.Name, "ec2." + known.Name + ".amazonaws.com", known.Status()})
	}
	if len(wanted) > 0 && len(all) < len(wanted) {
		return nil, wire.BadRequest("InvalidParameterValue", "Invalid region provided. Known are those of partition %s", c.Partition)
	}
	all, err := resources.Filtered(c.Request, all, resources.FilterFields[regionItem]{
		"region-name":   resources.One(func(i regionItem) string { return i.Name }),
		"endpoint":      resources.One(func(i regionItem) string { return i.Endpoint }),
		"opt-in-status": resources.One(func(i regionItem) string { return i.OptIn }),
	}, nil)
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		return &struct {
			Regions resources.Items[regionItem] `xml:"regionInfo"`
		}{resources.Items[regionItem]{Items: all}}, nil
	}, nil
}

type vpcItem struct {
	ID      string `xml:"vpcId"`
	State   string `xml:"state"`
	CIDR    string `xml:"cidrBlock"`
	Default bool   `xml:"isDefault"`
	Owner   string `xml:"ownerId"`
}

func (c *call) describeVpcs() (cloud.Effect, error) {
	all := []vpcItem{{DefaultVPC, "available", "172.31.0.0/16", true, c.Account.ID}}
	for _, id := range c.Form.List("VpcId") {
		if id != DefaultVPC {
			return nil, wire.BadRequest("InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", id)
		}
	}
	all, err := resources.Filtered(c.Request, all, resources.FilterFields[vpcItem]{
		"vpc-id":     resources.One(func(i vpcItem) string { return i.ID }),
		"isDefault":  resources.One(func(i vpcItem) string { return strconv.FormatBool(i.Default) }),
		"is-default": resources.One(func(i vpcItem) string { return strconv.FormatBool(i.Default) }),
		"state":      resources.One(func(i vpcItem) string { return i.State }),
	}, func(i vpcItem) string { return i.ID })
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		return &struct {
			VPCs resources.Items[vpcItem] `xml:"vpcSet"`
		}{resources.Items[vpcItem]{Items: all}}, nil
	}, nil
}

type subnetItem struct {
	ID        string `xml:"subnetId"`
	State     string `xml:"state"`
	VPC       string `xml:"vpcId"`
	CIDR      string `xml:"cidrBlock"`
	Available int    `xml:"availableIpAddressCount"`
	Zone      string `xml:"availabilityZone"`
	Default   bool   `xml:"defaultForAz"`
	PublicIP  bool   `xml:"mapPublicIpOnLaunch"`
	Owner     string `xml:"ownerId"`
}

func (c *call) describeSubnets() (cloud.Effect, error) {
	all := []subnetItem{{DefaultSubnet, "available", DefaultVPC, "172.31.0.0/20", 4091, c.Region + "a", true, true, c.Account.ID}}
	for _, id := range c.Form.List("SubnetId") {
		if id != DefaultSubnet {
			return nil, wire.BadRequest("InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", id)
		}
	}
	all, err := resources.Filtered(c.Request, all, resources.FilterFields[subnetItem]{
		"subnet-id":         resources.One(func(i subnetItem) string { return i.ID }),
		"vpc-id":            resources.One(func(i subnetItem) string { return i.VPC }),
		"availability-zone": resources.One(func(i subnetItem) string { return i.Zone }),
		"default-for-az":    resources.One(func(i subnetItem) string { return strconv.FormatBool(i.Default) }),
		"state":             resources.One(func(i subnetItem) string { return i.State }),
	}, func(i subnetItem) string { return i.ID })
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		return &struct {
			Subnets resources.Items[subnetItem] `xml:"subnetSet"`
		}{resources.Items[subnetItem]{Items: all}}, nil
	}, nil
}
