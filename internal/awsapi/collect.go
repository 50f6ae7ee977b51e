// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// names returns Regions as words.
func names(regions []sharing.Region) []string {
	words := make([]string, len(regions))
	for i, region := range regions {
		words[i] = string(region)
	}
	return words
}

func sortProblems(problems []sharing.Problem) []sharing.Problem {
	slices.SortStableFunc(problems, sharing.CompareProblems)
	return problems
}

// regionsOf returns the Regions of AMIs, sorted, each once.
func regionsOf(images []sharing.ImageRef) []sharing.Region {
	var regions []sharing.Region
	for _, image := range images {
		regions = append(regions, image.Region)
	}
	slices.Sort(regions)
	return slices.Compact(regions)
}
