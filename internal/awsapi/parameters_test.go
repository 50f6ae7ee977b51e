// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// history is what each version of the parameter /golden of the target was written with.
func (s *sim) history(t *testing.T) []sharing.StoredParameter {
	t.Helper()
	var all []sharing.StoredParameter
	client := ssm.NewFromConfig(s.As(target), func(o *ssm.Options) { o.Region = string(virginia) })
	for pages := ssm.NewGetParameterHistoryPaginator(client, &ssm.GetParameterHistoryInput{Name: aws.String("/golden")}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range page.Parameters {
			all = append(all, sharing.StoredParameter{
				Version: one.Version, Value: *one.Value, DataType: *one.DataType, Description: aws.ToString(one.Description),
				AllowedPattern: aws.ToString(one.AllowedPattern), Tier: string(one.Tier),
			})
		}
	}
	return all
}

// TestAnOverwrittenParameterKeepsWhatItHas: the run finds it, names it again, and a rollback restores what it has changed.
func TestAnOverwrittenParameterKeepsWhatItHas(t *testing.T) {
	advanced := awssim.WorldParameter{
		Name: "/golden", Value: before, DataType: "text", Description: "ours", AllowedPattern: "^ami-", Tier: "Advanced",
	}
	plain := awssim.WorldParameter{Name: "/golden", Value: before, DataType: "text"}
	version := func(number int64, image, description string, of awssim.WorldParameter) sharing.StoredParameter {
		if of.Tier == "" {
			of.Tier = string(types.ParameterTierStandard)
		}
		return sharing.StoredParameter{Version: number, Value: image, DataType: "text", Description: description, AllowedPattern: of.AllowedPattern, Tier: of.Tier}
	}
	for name, test := range map[string]struct {
		there  awssim.WorldParameter
		wanted string // description
		want   []string
	}{
		"its own description":                       {advanced, "", []string{"ours", "ours", "ours"}},
		"the description of the template":           {advanced, "golden", []string{"ours", "golden", "ours"}},
		"the description of the template, and none": {plain, "golden", []string{"", "golden", ""}},
		"no description":                            {plain, "", []string{"", "", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, func(w *awssim.World) {
				w.Hostility.PageSize = 1
				w.Accounts[1].Regions = map[string]awssim.WorldRegion{string(virginia): {Parameters: []awssim.WorldParameter{test.there}}}
			})
			p := s.pipeline(t, "a", imageVirginia.ID)
			parameter := sharing.Parameter{Name: "/golden", DataType: "text", Description: test.wanted, Timeout: time.Minute}
			request := someRequest()
			request.Targets[0].Announcements.Parameters = []sharing.Parameter{parameter}
			facts, err := p.c.Observe(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			there := facts.Targets[target].Parameters[virginia]["/golden"]
			p.do(plan.PutParameter{Where: p.where(), Parameter: parameter, Previous: there})
			again, err := p.c.Observe(t.Context(), request)
			if err != nil || !again.Targets[target].Parameters[virginia]["/golden"].Holds(imageVirginia.ID, parameter) {
				t.Fatalf("%v: %+v", err, again.Targets[target].Parameters)
			}
			if kept := p.rollsBack(); kept != "" {
				t.Errorf("left: %s", kept)
			}
			want := []sharing.StoredParameter{
				version(1, before, test.want[0], test.there), version(2, imageVirginia.ID, test.want[1], test.there), version(3, before, test.want[2], test.there),
			}
			if diff := cmp.Diff(want, s.history(t)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestTheHistoryOfAParameterIsReadWhereItIsOverwritten, and nowhere else.
func TestTheHistoryOfAParameterIsReadWhereItIsOverwritten(t *testing.T) {
	for value, want := range map[string]int{imageVirginia.ID: 0, before: 1, "": 0} {
		s := start(t, func(w *awssim.World) {
			if value != "" {
				w.Accounts[1].Regions = map[string]awssim.WorldRegion{string(virginia): {Parameters: []awssim.WorldParameter{{Name: "/golden", Value: value, DataType: "text"}}}}
			}
		})
		request := someRequest()
		request.Targets[0].Announcements.Parameters = []sharing.Parameter{{Name: "/golden", DataType: "text"}}
		if _, err := s.client(Options{}).Observe(t.Context(), request); err != nil {
			t.Fatal(err)
		}
		if got := len(s.Of("ssm:GetParameterHistory")); got != want {
			t.Errorf("%q: %d calls, want %d", value, got, want)
		}
	}
}
