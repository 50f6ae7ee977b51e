package awssim

import (
	"cmp"
	"slices"
	"strconv"
)

const ruleParams = "GroupId GroupName IpProtocol FromPort ToPort CidrIp" +
	" IpPermissions.N.IpProtocol IpPermissions.N.FromPort IpPermissions.N.ToPort IpPermissions.N.IpRanges.N.CidrIp" +
	" IpPermissions.N.IpRanges.N.Description IpPermissions.N.Ipv6Ranges.N.CidrIpv6" +
	" IpPermissions.N.PrefixListIds.N.PrefixListId IpPermissions.N.Groups.N.GroupId DryRun"

// The network is there because a builder asks for it: every account has a default VPC with one subnet, key pairs and
// security groups have names, and no packet ever flows.
func networkOperations() map[string]operation {
	onGroup := on("security-group", "GroupId")
	return map[string]operation{
		"DescribeRegions": {params: "RegionName.N AllRegions DryRun" + filterParams, handle: (*call).describeRegions},
		"DescribeVpcs":    {params: "VpcId.N DryRun" + filterParams + pageParams, handle: (*call).describeVpcs},
		"DescribeSubnets": {params: "SubnetId.N DryRun" + filterParams + pageParams, handle: (*call).describeSubnets},
		"CreateKeyPair": {
			params: "KeyName KeyType KeyFormat DryRun" + tagSpecParams, write: true,
			resources: on("key-pair", "KeyName"), handle: (*call).createKeyPair,
		},
		"DescribeKeyPairs": {params: "KeyName.N KeyPairId.N DryRun" + filterParams, handle: (*call).describeKeyPairs},
		"DeleteKeyPair":    {params: "KeyName DryRun", write: true, resources: on("key-pair", "KeyName"), handle: (*call).deleteKeyPair},
		"CreateSecurityGroup": {
			params: "GroupName GroupDescription VpcId DryRun" + tagSpecParams, write: true,
			resources: func(c *call) []string {
				return []string{c.ec2ARN("security-group", "*"), c.ec2ARN("vpc", cmp.Or(c.form.get("VpcId"), defaultVPC))}
			}, handle: (*call).createSecurityGroup,
		},
		"DescribeSecurityGroups": {
			params: "GroupId.N GroupName.N DryRun" + filterParams + pageParams,
			handle: (*call).describeSecurityGroups,
		},
		"DeleteSecurityGroup": {params: "GroupId DryRun", write: true, resources: onGroup, handle: (*call).deleteSecurityGroup},
		"AuthorizeSecurityGroupIngress": {
			params: ruleParams, write: true, resources: onGroup,
			handle: (*call).authorizeIngress,
		},
	}
}

// The default network of every account and region.
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

// describeRegions lists the regions that are enabled for the account, and with AllRegions the others too.
func (c *call) describeRegions() (effect, error) {
	var all []regionItem
	wanted := c.form.list("RegionName")
	for _, known := range c.server.regionsOf(c.account) {
		named := slices.Contains(wanted, known.name)
		if (len(wanted) > 0 && !named) || (!known.enabled && !named && !c.form.flag("AllRegions")) {
			continue
		}
		all = append(all, regionItem{known.name, "ec2." + known.name + ".amazonaws.com", known.status()})
	}
	if len(wanted) > 0 && len(all) < len(wanted) {
		return nil, badRequest("InvalidParameterValue", "Invalid region provided. Known are those of partition %s", c.server.partition)
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

func (c *call) describeVpcs() (effect, error) {
	all := []vpcItem{{defaultVPC, "available", "172.31.0.0/16", true, c.account.id}}
	for _, id := range c.form.list("VpcId") {
		if id != defaultVPC {
			return nil, badRequest("InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", id)
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

func (c *call) describeSubnets() (effect, error) {
	all := []subnetItem{{defaultSubnet, "available", defaultVPC, "172.31.0.0/20", 4091, c.region + "a", true, true, c.account.id}}
	for _, id := range c.form.list("SubnetId") {
		if id != defaultSubnet {
			return nil, badRequest("InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", id)
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
func (c *call) createKeyPair() (effect, error) {
	if err := c.require("KeyName"); err != nil {
		return nil, err
	}
	name := c.form.get("KeyName")
	if c.compute().keyPairs[name] != nil {
		return nil, badRequest("InvalidKeyPair.Duplicate", "The keypair already exists")
	}
	specs, err := c.tagSpecs("key-pair")
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		pair := &keyPair{c.server.newID("key-"), name, cmp.Or(c.form.get("KeyType"), "rsa")}
		c.compute().keyPairs[name] = pair
		c.compute().setTags(pair.id, specs["key-pair"])
		return &keyPairItem{
			ID: pair.id, Name: name, Fingerprint: keyFingerprint, Tags: c.tagsOf(pair.id),
			Material: "-----BEGIN RSA PRIVATE KEY-----\nthere is no machine that this key opens\n-----END RSA PRIVATE KEY-----",
		}, nil
	}, nil
}

func (c *call) describeKeyPairs() (effect, error) {
	names := c.form.list("KeyName")
	var all []keyPairItem
	for _, pair := range sortedValues(c.compute().keyPairs) {
		if len(names) == 0 || slices.Contains(names, pair.name) {
			all = append(all, keyPairItem{ID: pair.id, Name: pair.name, Type: pair.kind, Fingerprint: keyFingerprint, Tags: c.tagsOf(pair.id)})
		}
	}
	for _, name := range names {
		if c.compute().keyPairs[name] == nil {
			return nil, badRequest("InvalidKeyPair.NotFound", "The key pair '%s' does not exist", name)
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
func (c *call) deleteKeyPair() (effect, error) {
	if err := c.require("KeyName"); err != nil {
		return nil, err
	}
	return func() (any, error) {
		if pair := c.compute().keyPairs[c.form.get("KeyName")]; pair != nil {
			delete(c.compute().tags, pair.id)
			delete(c.compute().keyPairs, pair.name)
		}
		return done()
	}, nil
}

func (c *call) createSecurityGroup() (effect, error) {
	if err := c.require("GroupName", "GroupDescription"); err != nil {
		return nil, err
	}
	made := &securityGroup{
		name: c.form.get("GroupName"), description: c.form.get("GroupDescription"),
		vpc: cmp.Or(c.form.get("VpcId"), defaultVPC),
	}
	if made.vpc != defaultVPC {
		return nil, badRequest("InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", made.vpc)
	}
	for _, group := range c.compute().securityGroups {
		if group.name == made.name {
			return nil, badRequest("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", made.name, made.vpc)
		}
	}
	specs, err := c.tagSpecs("security-group")
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		made.id = c.server.newID("sg-")
		c.compute().securityGroups[made.id] = made
		c.compute().setTags(made.id, specs["security-group"])
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

func (c *call) describeSecurityGroups() (effect, error) {
	ids, names := c.form.list("GroupId"), c.form.list("GroupName")
	var all []securityGroupItem
	for _, g := range sortedValues(c.compute().securityGroups) {
		if (len(ids) == 0 || slices.Contains(ids, g.id)) && (len(names) == 0 || slices.Contains(names, g.name)) {
			all = append(all, securityGroupItem{c.account.id, g.id, g.name, g.description, g.vpc, c.tagsOf(g.id)})
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
		shown, next, err := page(c, all, "MaxResults", 1000)
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
	if group := c.compute().securityGroups[id]; group != nil {
		return group, nil
	}
	return nil, badRequest("InvalidGroup.NotFound", "The security group '%s' does not exist", id)
}

func (c *call) deleteSecurityGroup() (effect, error) {
	if err := c.require("GroupId"); err != nil {
		return nil, err
	}
	group, err := c.securityGroupByID(c.form.get("GroupId"))
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		for _, inst := range c.compute().instances {
			if inst.state != instanceTerminated && slices.Contains(inst.securityGroups, group.id) {
				return nil, badRequest("DependencyViolation", "resource %s has a dependent object", group.id)
			}
		}
		delete(c.compute().securityGroups, group.id)
		delete(c.compute().tags, group.id)
		return done()
	}, nil
}

func (c *call) authorizeIngress() (effect, error) {
	if err := c.require("GroupId"); err != nil {
		return nil, err
	}
	if _, err := c.securityGroupByID(c.form.get("GroupId")); err != nil {
		return nil, err
	}
	return func() (any, error) {
		return done()
	}, nil
}
