// SPDX-License-Identifier: MPL-2.0

package key

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/access"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// The shapes of https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html and
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html.
var (
	keyIDPattern        = regexp.MustCompile(`^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$`)
	organizationPattern = regexp.MustCompile(`^o-[a-z0-9]{10,32}$`)
)

// check returns the targets, and everything that is wrong as far as it shows without asking AWS. Unless all values are
// known, those that Packer has put placeholders for are passed over.
func (c *Config) check(known bool) (access.Targets, []error) {
	open := func(s string) bool { return s == "" || !known && access.Placeholder(s) }
	targets, wrong := access.ParseTargets(c.Targets, known)
	_, parameters := access.ParseParameters(c.Parameters, known)
	errs := slices.Concat(c.Config.Prepare(), wrong, parameters, access.CheckSharedTags(c.SharedTags, known), access.CheckWatermark(c.Watermark, known), c.checkKey(known, open), access.CheckRegions("regions", c.Regions, known),
		access.CheckGrantOperations(c.GrantOperations, known), access.CheckConcurrency(c.MaxConcurrency))
	errs = slices.Concat(errs, c.checkPrincipals(open), c.checkPartition())
	if !open(c.OrganizationID) && !organizationPattern.MatchString(c.OrganizationID) {
		errs = append(errs, fmt.Errorf("organization_id: %q is not the id of an organization, as in o-abcde12345", c.OrganizationID))
	}
	if c.Timeout < 0 {
		errs = append(errs, fmt.Errorf("timeout: %s is less than nothing", c.Timeout))
	}
	return targets, errs
}

// checkPartition finds Regions and ARNs of another partition than the first Region that is named.
func (c *Config) checkPartition() []error {
	home := cmp.Or(c.Region, slices.Concat(c.Regions, []string{""})[0])
	if !access.IsRegion(home) {
		return nil
	}
	partition := sharing.PartitionOf(sharing.Region(home))
	return slices.Concat(
		access.CheckRegionsOf(partition, "regions", c.Regions...),
		access.CheckARNsOf(partition, "key_id", c.KeyID),
		access.CheckARNsOf(partition, "alias", c.Alias),
		access.CheckARNsOf(partition, "trusted_principals", c.TrustedPrincipals...),
		access.CheckPartition(partition, &c.Config, c.Targets),
	)
}

// checkKey checks that the key is named once, and in the right shape. Packer shows tags that it doesn't know yet as an
// empty map.
func (c *Config) checkKey(known bool, open func(string) bool) []error {
	var given []string
	for _, option := range []struct {
		name string
		set  bool
	}{{"key_id", c.KeyID != ""}, {"alias", c.Alias != ""}, {"tags", len(c.Tags) > 0}} {
		if option.set {
			given = append(given, option.name)
		}
	}
	var errs []error
	switch {
	case len(given) == 0 && (known || c.Tags == nil):
		errs = append(errs, fmt.Errorf("the key is not named: give key_id, alias or tags"))
	case len(given) > 1:
		errs = append(errs, fmt.Errorf("the key is named more than once, by %s: give one of them", strings.Join(given, " and ")))
	}
	if !open(c.KeyID) {
		errs = append(errs, checkKeyID(c.KeyID)...)
	}
	if !open(c.Alias) {
		errs = append(errs, checkAlias(c.Alias)...)
	}
	return errs
}

func checkKeyID(id string) []error {
	name := id
	if arn, err := sharing.ParseARN(id); err == nil {
		key, ok := strings.CutPrefix(arn.Resource, "key/")
		if arn.Service != "kms" || !ok {
			return []error{fmt.Errorf("key_id: %q is not the ARN of a key (arn:aws:kms:<region>:<account>:key/<id>); an alias goes into alias", id)}
		}
		name = key
	}
	switch {
	case keyIDPattern.MatchString(name):
		return nil
	case strings.HasPrefix(name, "alias/"):
		return []error{fmt.Errorf("key_id: %q is an alias: write alias = %q", id, id)}
	default:
		return []error{fmt.Errorf("key_id: %q is not the id of a key, as in 1234abcd-12ab-34cd-56ef-1234567890ab, nor an ARN with one", id)}
	}
}

func checkAlias(alias string) []error {
	name := alias
	if arn, err := sharing.ParseARN(alias); err == nil {
		if arn.Service != "kms" {
			return []error{fmt.Errorf("alias: %q is not the ARN of an alias (arn:aws:kms:<region>:<account>:alias/<name>)", alias)}
		}
		name = arn.Resource
	}
	switch {
	case strings.HasPrefix(name, "alias/aws/"):
		return []error{fmt.Errorf("alias: %q is of an AWS managed key, whose policy lets in no other account and can't be changed: "+
			"create a customer managed key (aws kms create-key) and an alias for it", alias)}
	case !strings.HasPrefix(name, "alias/"):
		return []error{fmt.Errorf("alias: %q does not begin with alias/: write %q", alias, "alias/"+alias)}
	default:
		return nil
	}
}

const (
	rolesInKeyPolicies    = "roles"
	accountsInKeyPolicies = "accounts"
)

// checkPrincipals checks who is named in the documents.
func (c *Config) checkPrincipals(open func(string) bool) []error {
	var errs []error
	if p := c.KeyPolicyPrincipals; !open(p) && p != rolesInKeyPolicies && p != accountsInKeyPolicies {
		errs = append(errs, fmt.Errorf("key_policy_principals: %q is neither roles nor accounts", p))
	}
	for _, principal := range c.TrustedPrincipals {
		arn, err := sharing.ParseARN(principal)
		switch {
		case open(principal) && principal != "":
		case err == nil && strings.HasPrefix(arn.Resource, "assumed-role/"):
			errs = append(errs, fmt.Errorf("trusted_principals: %q is a session: name its role, with the path if there is one", principal))
		case err != nil || arn.Service != "iam" || !strings.HasPrefix(arn.Resource, "role/") && !strings.HasPrefix(arn.Resource, "user/"):
			errs = append(errs, fmt.Errorf("trusted_principals: %q is not the ARN of a role or user (arn:aws:iam::<account>:role/<name>)", principal))
		}
	}
	return errs
}
