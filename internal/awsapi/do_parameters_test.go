// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Two builds write one parameter: the second one waits until AWS has validated what the first one has put, and puts its own
// only if that is something else.
func TestAParameterThatAnotherBuildWritesIsWaitedFor(t *testing.T) {
	for name, test := range map[string]struct {
		image string // of the other build
		found bool
	}{
		"for the same AMI": {imageVirginia.ID, true},
		"for another AMI":  {"ami-0feedfacecafe0000", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, func(w *awssim.World) {
				w.Hostility.ParameterValidation = 3
				has := w.Accounts[0].Regions[string(virginia)]
				for i := range has.Images {
					has.Images[i].LaunchPermissions = append(has.Images[i].LaunchPermissions, string(target))
				}
				w.Accounts[1].Regions = map[string]awssim.WorldRegion{string(virginia): {
					Parameters: []awssim.WorldParameter{{Name: "/golden", Value: "ami-before", DataType: "text"}},
				}}
			})
			other := ssm.NewFromConfig(s.As(target), func(o *ssm.Options) { o.Region = string(virginia) })
			if _, err := other.PutParameter(t.Context(), &ssm.PutParameterInput{
				Name: aws.String("/golden"), Value: &test.image, DataType: aws.String(sharing.ImageParameter), Overwrite: aws.Bool(true),
			}); err != nil {
				t.Fatal(err)
			}
			effect, err := s.client(Options{}).Do(t.Context(), plan.PutParameter{
				Where:     plan.Where{Account: target, Image: imageVirginia},
				Parameter: sharing.Parameter{Name: "/golden", DataType: sharing.ImageParameter, Timeout: time.Minute},
				Previous:  sharing.StoredParameter{Version: 1, Value: "ami-before", DataType: "text"},
			})
			refused := slices.IndexFunc(s.Of("ssm:PutParameter"), func(entry awssim.Entry) bool { return entry.Code == "TooManyUpdates" })
			if err != nil || effect.Found != test.found || refused < 0 {
				t.Errorf("%+v, %v; refused while the other one was validated: %t", effect, err, refused >= 0)
			}
		})
	}
}
