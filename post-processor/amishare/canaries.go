// SPDX-License-Identifier: MPL-2.0

package amishare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// checkProofs finds what is to be proved by a run that is not verified: nothing would be.
func (c *Config) checkProofs() []error {
	var errs []error
	for i, target := range c.Targets {
		for _, proof := range []struct {
			option string
			set    bool
		}{{"canary", len(target.Canaries) > 0}, {"prove_use", target.ProveUse.True()}} {
			if proof.set && c.Verify.False() {
				errs = append(errs, fmt.Errorf("target %d: %s: it is part of verification, and verify = false skips that: leave out one of the two", i+1, proof.option))
			}
		}
	}
	return errs
}

// placeCanaries gives canaries without a Region that of the AMIs, and finds those that no AMI would be started by.
func placeCanaries(targets []sharing.Target, images []sharing.ImageRef) []error {
	var regions []sharing.Region
	for _, image := range images {
		if !slices.Contains(regions, image.Region) {
			regions = append(regions, image.Region)
		}
	}
	var errs []error
	misplaced := func(target sharing.Target, cause, remedy string) {
		errs = append(errs, sharing.Problem{Scope: sharing.Scope{Account: target.Account}, Doing: "placing a canary", Cause: cause, Remedy: remedy})
	}
	for _, target := range targets {
		for i := range target.Canaries {
			canary := &target.Canaries[i]
			if canary.Region == "" && len(regions) == 1 {
				canary.Region = regions[0]
			}
			switch {
			case canary.Region == "":
				misplaced(target, "the AMIs are in several Regions, "+words(regions), fmt.Sprintf("Name the Region of subnet %s, as in region = %q.", canary.Subnet, regions[0]))
			case !slices.Contains(regions, canary.Region):
				misplaced(target, "no AMI is in its Region "+string(canary.Region), "There are AMIs in "+words(regions)+".")
			case !target.In(canary.Region):
				misplaced(target, "its Region "+string(canary.Region)+" is none of the target's regions", "Give the canary another region, or add it to regions.")
			}
		}
	}
	return errs
}

// words lists Regions for people.
func words(regions []sharing.Region) string {
	names := make([]string, len(regions))
	for i, region := range regions {
		names[i] = string(region)
	}
	return strings.Join(names, ", ")
}
