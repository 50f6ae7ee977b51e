// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

const ruleParams = "GroupId GroupName IpProtocol FromPort ToPort CidrIp" +
	" IpPermissions.N.IpProtocol IpPermissions.N.FromPort IpPermissions.N.ToPort IpPermissions.N.IpRanges.N.CidrIp" +
	" IpPermissions.N.IpRanges.N.Description IpPermissions.N.Ipv6Ranges.N.CidrIpv6" +
	" IpPermissions.N.PrefixListIds.N.PrefixListId IpPermissions.N.Groups.N.GroupId DryRun"

// The network is there because a builder asks for it: every account has a default VPC with one subnet, key pairs and
// security groups have names, and no packet ever flows.
func networkActions() map[string]action {
	onGroup := on("security-group", "GroupId")
	return map[string]action{
		"DescribeRegions": {Params: "RegionName.N AllRegions DryRun" + filterParams, Handle: (*call).describeRegions},
		"DescribeVpcs":    {Params: "VpcId.N DryRun" + filterParams + pageParams, Handle: (*call).describeVpcs},
		"DescribeSubnets": {Params: "SubnetId.N DryRun" + filterParams + pageParams, Handle: (*call).describeSubnets},
		"CreateKeyPair": {
			Params: "KeyName KeyType KeyFormat DryRun" + tagSpecParams, Write: true,
			Resources: on("key-pair", "KeyName"), Handle: (*call).createKeyPair,
		},
		"DescribeKeyPairs": {Params: "KeyName.N KeyPairId.N DryRun" + filterParams, Handle: (*call).describeKeyPairs},
		"DeleteKeyPair":    {Params: "KeyName DryRun", Write: true, Resources: on("key-pair", "KeyName"), Handle: (*call).deleteKeyPair},
		"CreateSecurityGroup": {
			Params: "GroupName GroupDescription VpcId DryRun" + tagSpecParams, Write: true,
			Resources: func(c *call) []string {
				return []string{c.arn("security-group", "*"), c.arn("vpc", cmp.Or(c.Form.Get("VpcId"), defaultVPC))}
			}, Handle: (*call).createSecurityGroup,
		},
		"DescribeSecurityGroups": {
			Params: "GroupId.N GroupName.N DryRun" + filterParams + pageParams,
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
	defaultVPC    = "vpc-0default00000000"
	defaultSubnet = "subnet-0default00000000"
)

type keyPair struct {
	id, name, kind string
}

type securityGroup struct {
	id, name, description, vpc string
}

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
	all, err := filtered(c, all, filterFields[regionItem]{
		"region-name":   one(func(i regionItem) string { return i.Name }),
		"endpoint":      one(func(i regionItem) string { return i.Endpoint }),
		"opt-in-status": one(func(i regionItem) string { return i.OptIn }),
	}, nil)
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		return &struct {
			Regions items[regionItem] `xml:"regionInfo"`
		}{items[regionItem]{all}}, nil
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
	all := []vpcItem{{defaultVPC, "available", "172.31.0.0/16", true, c.Account.ID}}
	for _, id := range c.Form.List("VpcId") {
		if id != defaultVPC {
			return nil, wire.BadRequest("InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", id)
		}
	}
	all, err := filtered(c, all, filterFields[vpcItem]{
		"vpc-id":     one(func(i vpcItem) string { return i.ID }),
		"isDefault":  one(func(i vpcItem) string { return strconv.FormatBool(i.Default) }),
		"is-default": one(func(i vpcItem) string { return strconv.FormatBool(i.Default) }),
		"state":      one(func(i vpcItem) string { return i.State }),
	}, func(i vpcItem) string { return i.ID })
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		return &struct {
			VPCs items[vpcItem] `xml:"vpcSet"`
		}{items[vpcItem]{all}}, nil
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
	all := []subnetItem{{defaultSubnet, "available", defaultVPC, "172.31.0.0/20", 4091, c.Region + "a", true, true, c.Account.ID}}
	for _, id := range c.Form.List("SubnetId") {
		if id != defaultSubnet {
			return nil, wire.BadRequest("InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", id)
		}
	}
	all, err := filtered(c, all, filterFields[subnetItem]{
		"subnet-id":         one(func(i subnetItem) string { return i.ID }),
		"vpc-id":            one(func(i subnetItem) string { return i.VPC }),
		"availability-zone": one(func(i subnetItem) string { return i.Zone }),
		"default-for-az":    one(func(i subnetItem) string { return strconv.FormatBool(i.Default) }),
		"state":             one(func(i subnetItem) string { return i.State }),
	}, func(i subnetItem) string { return i.ID })
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		return &struct {
			Subnets items[subnetItem] `xml:"subnetSet"`
		}{items[subnetItem]{all}}, nil
	}, nil
}

type keyPairItem struct {
	ID          string         `xml:"keyPairId"`
	Name        string         `xml:"keyName"`
	Type        string         `xml:"keyType,omitempty"`
	Fingerprint string         `xml:"keyFingerprint"`
	Material    string         `xml:"keyMaterial,omitempty"`
	Tags        items[tagItem] `xml:"tagSet"`
}

const keyFingerprint = "1f:51:ae:28:bf:89:e9:d8:1f:25:5d:37:2d:7d:b8:ca:9f:f5:f1:6f"

// createKeyPair hands out text that is no key, because there is no machine to log in to.
func (c *call) createKeyPair() (cloud.Effect, error) {
	if err := c.require("KeyName"); err != nil {
		return nil, err
	}
	name := c.Form.Get("KeyName")
	if c.own().keyPairs[name] != nil {
		return nil, wire.BadRequest("InvalidKeyPair.Duplicate", "The keypair already exists")
	}
	specs, err := c.tagSpecs("key-pair")
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		pair := &keyPair{c.NewID("key-"), name, cmp.Or(c.Form.Get("KeyType"), "rsa")}
		c.own().keyPairs[name] = pair
		c.own().setTags(pair.id, specs["key-pair"])
		return &keyPairItem{
			ID: pair.id, Name: name, Fingerprint: keyFingerprint, Tags: c.tagsOf(pair.id),
			Material: "-----BEGIN RSA PRIVATE KEY-----\nthere is no machine that this key opens\n-----END RSA PRIVATE KEY-----",
		}, nil
	}, nil
}

func (c *call) describeKeyPairs() (cloud.Effect, error) {
	names := c.Form.List("KeyName")
	var all []keyPairItem
	for _, pair := range cloud.SortedValues(c.own().keyPairs) {
		if len(names) == 0 || slices.Contains(names, pair.name) {
			all = append(all, keyPairItem{ID: pair.id, Name: pair.name, Type: pair.kind, Fingerprint: keyFingerprint, Tags: c.tagsOf(pair.id)})
		}
	}
	for _, name := range names {
		if c.own().keyPairs[name] == nil {
			return nil, wire.BadRequest("InvalidKeyPair.NotFound", "The key pair '%s' does not exist", name)
		}
	}
	all, err := filtered(c, all, filterFields[keyPairItem]{
		"key-name":    one(func(i keyPairItem) string { return i.Name }),
		"key-pair-id": one(func(i keyPairItem) string { return i.ID }),
	}, func(i keyPairItem) string { return i.ID })
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		return &struct {
			Pairs items[keyPairItem] `xml:"keySet"`
		}{items[keyPairItem]{all}}, nil
	}, nil
}

// deleteKeyPair succeeds for a pair that is not there, as on AWS.
func (c *call) deleteKeyPair() (cloud.Effect, error) {
	if err := c.require("KeyName"); err != nil {
		return nil, err
	}
	return func() (any, error) {
		if pair := c.own().keyPairs[c.Form.Get("KeyName")]; pair != nil {
			delete(c.own().tags, pair.id)
			delete(c.own().keyPairs, pair.name)
		}
		return done()
	}, nil
}

func (c *call) createSecurityGroup() (cloud.Effect, error) {
	if err := c.require("GroupName", "GroupDescription"); err != nil {
		return nil, err
	}
	made := &securityGroup{
		name: c.Form.Get("GroupName"), description: c.Form.Get("GroupDescription"),
		vpc: cmp.Or(c.Form.Get("VpcId"), defaultVPC),
	}
	if made.vpc != defaultVPC {
		return nil, wire.BadRequest("InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", made.vpc)
	}
	for _, group := range c.own().securityGroups {
		if group.name == made.name {
			return nil, wire.BadRequest("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", made.name, made.vpc)
		}
	}
	specs, err := c.tagSpecs("security-group")
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		made.id = c.NewID("sg-")
		c.own().securityGroups[made.id] = made
		c.own().setTags(made.id, specs["security-group"])
		return &struct {
			returned
			ID   string         `xml:"groupId"`
			Tags items[tagItem] `xml:"tagSet"`
		}{returned{true}, made.id, c.tagsOf(made.id)}, nil
	}, nil
}

type securityGroupItem struct {
	Owner       string         `xml:"ownerId"`
	ID          string         `xml:"groupId"`
	Name        string         `xml:"groupName"`
	Description string         `xml:"groupDescription"`
	VPC         string         `xml:"vpcId"`
	Tags        items[tagItem] `xml:"tagSet"`
}

func (c *call) describeSecurityGroups() (cloud.Effect, error) {
	ids, names := c.Form.List("GroupId"), c.Form.List("GroupName")
	var all []securityGroupItem
	for _, g := range cloud.SortedValues(c.own().securityGroups) {
		if (len(ids) == 0 || slices.Contains(ids, g.id)) && (len(names) == 0 || slices.Contains(names, g.name)) {
			all = append(all, securityGroupItem{c.Account.ID, g.id, g.name, g.description, g.vpc, c.tagsOf(g.id)})
		}
	}
	for _, id := range ids {
		if _, err := c.securityGroupByID(id); err != nil {
			return nil, err
		}
	}
	all, err := filtered(c, all, filterFields[securityGroupItem]{
		"group-id":    one(func(i securityGroupItem) string { return i.ID }),
		"group-name":  one(func(i securityGroupItem) string { return i.Name }),
		"description": one(func(i securityGroupItem) string { return i.Description }),
		"vpc-id":      one(func(i securityGroupItem) string { return i.VPC }),
		"owner-id":    one(func(i securityGroupItem) string { return i.Owner }),
	}, func(i securityGroupItem) string { return i.ID })
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		shown, next, err := cloud.Page(c.Call, all, "MaxResults", 1000)
		if err != nil {
			return nil, err
		}
		return &struct {
			Groups items[securityGroupItem] `xml:"securityGroupInfo"`
			Next   string                   `xml:"nextToken,omitempty"`
		}{items[securityGroupItem]{shown}, next}, nil
	}, nil
}

func (c *call) securityGroupByID(id string) (*securityGroup, error) {
	if group := c.own().securityGroups[id]; group != nil {
		return group, nil
	}
	return nil, wire.BadRequest("InvalidGroup.NotFound", "The security group '%s' does not exist", id)
}

func (c *call) deleteSecurityGroup() (cloud.Effect, error) {
	if err := c.require("GroupId"); err != nil {
		return nil, err
	}
	group, err := c.securityGroupByID(c.Form.Get("GroupId"))
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		for _, inst := range c.own().instances {
			if inst.State != instanceTerminated && slices.Contains(inst.securityGroups, group.id) {
				return nil, wire.BadRequest("DependencyViolation", "resource %s has a dependent object", group.id)
			}
		}
		delete(c.own().securityGroups, group.id)
		delete(c.own().tags, group.id)
		return done()
	}, nil
}

func (c *call) authorizeIngress() (cloud.Effect, error) {
	if err := c.require("GroupId"); err != nil {
		return nil, err
	}
	if _, err := c.securityGroupByID(c.Form.Get("GroupId")); err != nil {
		return nil, err
	}
	return done, nil
}
