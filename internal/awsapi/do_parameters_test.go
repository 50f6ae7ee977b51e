// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"testing"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Two builds write one parameter: the second one waits until AWS has validated what the first one has put, and puts its own
// only if that is something else.
func TestAParameterThatAnotherBuildWritesIsWaitedFor(t *testing.T) {
	for name, test := range map[string]struct {
		stored string
		found  bool
	}{
		"for the same AMI": {imageVirginia.ID, true},
		"for another AMI":  {"ami-0feedfacecafe0000", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, func(w *awssim.World) {
				w.Accounts[1].Regions = map[string]awssim.WorldRegion{string(virginia): {
					Parameters: []awssim.WorldParameter{{Name: "/golden", Value: test.stored, DataType: "text"}},
				}}
				w.Faults = []awssim.Fault{{Action: "ssm:PutParameter", Nth: 1, Code: "TooManyUpdates", Message: "one is not over", Status: 400}}
			})
			effect, err := s.client(Options{}).Do(t.Context(), plan.PutParameter{
				Where:     plan.Where{Account: target, Image: imageVirginia},
				Parameter: sharing.Parameter{Name: "/golden", DataType: "text", Timeout: time.Minute},
				Previous:  sharing.StoredParameter{Version: 1, Value: "ami-before", DataType: "text"},
			})
			if err != nil || effect.Found != test.found {
				t.Errorf("%+v, %v", effect, err)
			}
		})
	}
}
