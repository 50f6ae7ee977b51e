// SPDX-License-Identifier: MPL-2.0

package amishare

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/amishare/packer-plugin-ami-share/internal/access"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// The shapes of https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html and
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_OrganizationalUnit.html. They are compiled when they are
// needed: counted repetitions take a while, and Packer starts every plugin that it finds.
var (
	organizationPattern = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^arn:aws[^:]*:organizations::\d{12}:organization/o-[a-z0-9]{10,32}$`)
	})
	ouPattern = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^arn:aws[^:]*:organizations::\d{12}:ou/o-[a-z0-9]{10,32}/ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}$`)
	})
)

var imagePattern = regexp.MustCompile(`^ami-[0-9a-f]{8,17}$`)

const (
	organizationShape = "arn:aws:organizations::<management account>:organization/o-<id>"
	ouShape           = "arn:aws:organizations::<management account>:ou/o-<id>/ou-<root id>-<unit id>"
)

// check returns the targets, and everything that is wrong. Unless all values are known, those that Packer has put
// placeholders for are passed over.
func (c *Config) check(known bool) (access.Targets, []error) {
	targets, wrong := access.ParseTargets(c.Targets, known)
	_, parameters := access.ParseParameters(c.Parameters, known)
	errs := slices.Concat(c.Config.Prepare(), wrong, parameters, access.CheckSharedTags(c.SharedTags, known), access.CheckWatermark(c.Watermark, known), c.checkRecipients(known),
		access.CheckGrantOperations(c.GrantOperations, known), c.checkImages(known), c.checkNames(known), access.CheckConcurrency(c.MaxConcurrency))
	if on := c.onFailure(); !slices.Contains([]string{onFailureFail, onFailureRollback, onFailureContinue}, on) && !open(known, on) {
		errs = append(errs, fmt.Errorf("on_failure: %q is none of fail, rollback and continue", on))
	}
	if c.ExactGrants && !c.Exact {
		errs = append(errs, errors.New("exact_grants: it ends grants of accounts that exact takes the AMIs from: set exact = true too"))
	}
	if c.ForceRemoval && !c.Exact {
		errs = append(errs, errors.New("force_removal: nothing is removed without exact: set exact = true too, or leave it out"))
	}
	errs = append(errs, c.checkProofs()...)
	return targets, slices.Concat(errs, c.checkQuota(targets), c.checkPlanned())
}

// open tells whether s is there only later, and can't be checked.
func open(known bool, s string) bool { return !known && access.Placeholder(s) }

func (c *Config) checkRecipients(known bool) []error {
	var errs []error
	for _, option := range []struct {
		name, shape string
		arns        []string
		pattern     *regexp.Regexp
		wrong, hint string
		shows       string // the command that prints the ARN
	}{
		{"organization_arns", organizationShape, c.OrganizationARNs, organizationPattern(), ":ou/", "that is an organizational unit: put it into ou_arns", "describe-organization"},
		{
			"ou_arns", ouShape, c.OUARNs, ouPattern(), ":organization/", "that is a whole organization: put it into organization_arns",
			"describe-organizational-unit --organizational-unit-id ou-…",
		},
	} {
		for i, arn := range option.arns {
			switch {
			case open(known, arn):
			case slices.Contains(option.arns[:i], arn):
				errs = append(errs, fmt.Errorf("%s: %q is named twice", option.name, arn))
			case option.pattern.MatchString(arn):
			case strings.Contains(arn, option.wrong):
				errs = append(errs, fmt.Errorf("%s: %q: %s", option.name, arn, option.hint))
			default:
				errs = append(errs, fmt.Errorf("%s: %q is not of the form %s: aws organizations %s shows it", option.name, arn, option.shape, option.shows))
			}
		}
	}
	if c.nobody(known) {
		errs = append(errs, fmt.Errorf("there is nobody to share with: add a target block, organization_arns or ou_arns "+
			"(if the targets come from a data source, validate with packer validate -evaluate-datasources)"))
	}
	return errs
}

// nobody tells whether no recipient is named. While values are unknown, a list that is set and empty may yet be filled.
func (c *Config) nobody(known bool) bool {
	if !known && (c.OrganizationARNs != nil || c.OUARNs != nil) {
		return false
	}
	return len(c.Targets)+len(c.OrganizationARNs)+len(c.OUARNs) == 0
}

// checkEmptyLists finds the lists that name nobody, as far as that is known before the build. In an HCL template an empty
// list can also be one that Packer does not know yet. A JSON template, which is the kind that has a path, has no such lists.
func (c *Config) checkEmptyLists() []error {
	if c.ctx.TemplatePath == "" {
		return nil
	}
	var errs []error
	for i, target := range c.Targets {
		if target.AccountIDs != nil && len(target.AccountIDs) == 0 {
			errs = append(errs, fmt.Errorf("target %d: account_ids: it names no account: give the ids of the accounts to share with", i+1))
		}
	}
	if !c.nobody(false) && c.nobody(true) {
		errs = append(errs, errors.New("there is nobody to share with: organization_arns and ou_arns are empty"))
	}
	return errs
}

func (c *Config) checkImages(known bool) []error {
	var errs []error
	if known && c.Images != nil && len(c.Images) == 0 {
		errs = append(errs, fmt.Errorf("images is empty: leave it out to share the AMIs of the build"))
	}
	for _, region := range slices.Sorted(maps.Keys(c.Images)) {
		if id := c.Images[region]; !imagePattern.MatchString(id) && !open(known, id) {
			errs = append(errs, fmt.Errorf("images: %q is not the id of an AMI, as in ami-0123456789abcdef0", id))
		}
		if !access.IsRegion(region) && !open(known, region) {
			errs = append(errs, fmt.Errorf("images: %q is not the code of a Region, as in eu-central-1", region))
		}
	}
	return errs
}

// checkNames finds keys of account_names that are no account ids.
func (c *Config) checkNames(known bool) []error {
	var errs []error
	for _, id := range slices.Sorted(maps.Keys(c.AccountNames)) {
		if _, err := sharing.ParseAccountID(id); err != nil && !open(known, id) {
			errs = append(errs, fmt.Errorf("account_names: %w", err))
		}
	}
	return errs
}

// checkFiles finds paths that no file can be written to. That is asked before the build only: what comes into the way later is no
// reason to lose the AMIs.
func (c *Config) checkFiles() []error {
	var errs []error
	for option, path := range map[string]string{"report_file": c.ReportFile, "summary_file": c.SummaryFile} {
		if path == "" || access.Placeholder(path) {
			continue
		}
		if isFolder(path) {
			errs = append(errs, fmt.Errorf("%s: %q is a folder: name a file in it", option, path))
		} else if file := inTheWay(path); file != "" {
			errs = append(errs, fmt.Errorf("%s: %q can't be written, because %q is a file: name a file in a folder", option, path, file))
		}
	}
	if sameFile(c.ReportFile, c.SummaryFile) && !access.Placeholder(c.ReportFile) {
		errs = append(errs, fmt.Errorf("%w: give each a file of its own", c.sameFiles()))
	}
	slices.SortStableFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errs
}

func (c *Config) sameFiles() error {
	return fmt.Errorf("report_file and summary_file are both %q", c.ReportFile)
}
