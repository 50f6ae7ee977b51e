// SPDX-License-Identifier: MPL-2.0

package progress_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/progress"
)

func TestATallyNamesWhoIsMissing(t *testing.T) {
	var ended []progress.State
	tally := progress.New(func(s progress.State) { ended = append(ended, s) })
	tally.Begin("Grants", []string{"b", "a", "a", "c"})
	tally.Done("a", false)
	tally.Done("c", true)
	want := progress.State{Step: "Grants", Done: 2, Total: 4, Failed: 1, Missing: []string{"a", "b"}}
	if diff := cmp.Diff(want, tally.State()); diff != "" {
		t.Errorf("under way (-want +got):\n%s", diff)
	}
	tally.Done("a", false)
	tally.Done("b", false)
	if diff := cmp.Diff([]progress.State{{Step: "Grants", Done: 4, Total: 4, Failed: 1}}, ended); diff != "" {
		t.Errorf("ended (-want +got):\n%s", diff)
	}
}

func TestNobodyNeedCount(_ *testing.T) {
	var tally *progress.Tally
	tally.Begin("Grants", []string{"a"})
	tally.Done("a", false)
}
