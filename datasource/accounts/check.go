// SPDX-License-Identifier: MPL-2.0

package accounts

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/access"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// check returns everything that is wrong as far as it shows without asking AWS. Unless all values are known, those that
// Packer has put placeholders for are passed over.
func (c *Config) check(known bool) []error {
	open := func(s string) bool { return !known && access.Placeholder(s) }
	errs := slices.Concat(c.Config.Prepare(), c.checkScope(known),
		checkUnits("organizational_units", c.OrganizationalUnits, open),
		checkUnits("exclude_organizational_units", c.ExcludeOrganizationalUnits, open))
	for _, id := range c.ExcludeAccounts {
		if _, err := sharing.ParseAccountID(id); err != nil && !open(id) {
			errs = append(errs, fmt.Errorf("exclude_accounts: %w", err))
		}
	}
	if slices.Contains(c.Names, "") {
		errs = append(errs, errors.New(`names: an empty pattern matches no account: leave it out, or write "*"`))
	}
	if c.Timeout < 0 {
		errs = append(errs, fmt.Errorf("timeout: %s is less than nothing", c.Timeout))
	}
	return errs
}

// checkScope checks that it is said once whose accounts are listed. While values are unknown, a list that is set and empty
// may yet be filled.
func (c *Config) checkScope(known bool) []error {
	units := len(c.OrganizationalUnits) > 0
	switch {
	case units && c.Organization:
		return []error{errors.New("organization and organizational_units are both set: give one of them")}
	case !units && !c.Organization && (known || c.OrganizationalUnits == nil):
		return []error{errors.New("it is not said whose accounts to list: give organizational_units, or organization = true")}
	default:
		return nil
	}
}

// unitPattern is the shape of https://docs.aws.amazon.com/organizations/latest/APIReference/API_OrganizationalUnit.html.
const unitPattern = `^ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}$`

func checkUnits(option string, units []string, open func(string) bool) []error {
	pattern := regexp.MustCompile(unitPattern)
	var errs []error
	for i, unit := range units {
		switch {
		case open(unit):
		case pattern.MatchString(unitID(unit)) && slices.ContainsFunc(units[:i], func(u string) bool { return unitID(u) == unitID(unit) }):
			errs = append(errs, fmt.Errorf("%s: %q is named twice", option, unit))
		case pattern.MatchString(unitID(unit)):
		case strings.HasPrefix(unitID(unit), "r-"):
			errs = append(errs, fmt.Errorf("%s: %q is the organization's root: write organization = true", option, unit))
		default:
			errs = append(errs, fmt.Errorf("%s: %q is neither the id of an organizational unit, as in ou-ab12-cdefgh34, nor its ARN", option, unit))
		}
	}
	return errs
}

// unitID returns the id in the ARN of an organizational unit (arn:aws:organizations::<management account>:ou/<organization>/<id>)
// or of a root (…:root/<organization>/<id>), or the id as it is.
func unitID(unit string) string {
	arn, err := sharing.ParseARN(unit)
	if err != nil || arn.Service != "organizations" || !strings.HasPrefix(arn.Resource, "ou/") && !strings.HasPrefix(arn.Resource, "root/") {
		return unit
	}
	return arn.Resource[strings.LastIndexByte(arn.Resource, '/')+1:]
}

func unitIDs(units []string) []string {
	ids := make([]string, len(units))
	for i, unit := range units {
		ids[i] = unitID(unit)
	}
	return ids
}
