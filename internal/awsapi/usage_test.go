// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// exactly asks for the AMIs to be shared with the two targets and nobody else: the closed one leaves.
func exactly() sharing.Request {
	request := someRequest()
	request.Exact, request.Targets = true, request.Targets[:2]
	return request
}

// used lets the closed target use the AMI in Virginia.
func used(w *awssim.World) {
	w.Accounts[3].Regions = map[string]awssim.WorldRegion{string(virginia): {LaunchTemplates: []awssim.WorldLaunchTemplate{{Name: "web", Image: imageVirginia.ID}}}}
}

func leave(recipients ...sharing.Recipient) plan.ModifyLaunchPermission {
	return plan.ModifyLaunchPermission{
		Image: imageVirginia, Operation: plan.Remove, Unused: true, Recipients: recipients, Own: []sharing.AccountID{sourceAccount, target},
	}
}

// reportOfAnother asks for a report as the AMI's owner, outside of the run.
func reportOfAnother(t *testing.T, s *sim) {
	t.Helper()
	config := s.Config()
	config.Region = string(virginia)
	_, err := ec2.NewFromConfig(config).CreateImageUsageReport(t.Context(), &ec2.CreateImageUsageReportInput{
		ImageId: &imageVirginia.ID, ResourceTypes: []types.ImageUsageResourceTypeRequest{{ResourceType: aws.String(usedByInstance)}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// reports counts those that are there, in both Regions.
func reports(t *testing.T, s *sim) int {
	t.Helper()
	n := 0
	for _, region := range []sharing.Region{frankfurt, virginia} {
		config := s.Config()
		config.Region = string(region)
		out, err := ec2.NewFromConfig(config).DescribeImageUsageReports(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		n += len(out.ImageUsageReports)
	}
	return n
}

func TestWhoUsesAnAMIIsFoundAndTheReportIsDeleted(t *testing.T) {
	toOrganization := sharing.Recipient{Kind: sharing.ToOrganization, ID: organization}
	lost := awssim.Fault{Action: "ec2:CreateImageUsageReport", Region: string(virginia), Nth: 1, Drop: true, AfterEffect: true}
	for sentence, test := range map[string]struct {
		world   func(*awssim.World)
		fault   awssim.Fault
		other   bool // another report about the AMI is being made
		removal plan.ModifyLaunchPermission
		want    string // the uses, or what is wrong
	}{
		"somebody does":              {world: used, removal: leave(sharing.Account(closedTarget)), want: "[{{account 444444444444} 1 launch template}]"},
		"nobody does":                {removal: leave(sharing.Account(closedTarget)), want: "[]"},
		"AWS takes its time":         {world: func(w *awssim.World) { used(w); w.Hostility.UsageReportPending = 2 }, removal: leave(sharing.Account(closedTarget)), want: "1 launch template"},
		"the answer's id was lost":   {world: used, fault: lost, removal: leave(sharing.Account(closedTarget)), want: "1 launch template"},
		"members of an organization": {world: used, removal: leave(toOrganization), want: "444444444444: 1 launch template"},
		"accounts that stay": {world: func(w *awssim.World) {
			w.Accounts[1].Regions = map[string]awssim.WorldRegion{string(virginia): {LaunchTemplates: []awssim.WorldLaunchTemplate{{Name: "web", Image: imageVirginia.ID}}}}
		}, removal: leave(toOrganization), want: "[]"},
		"AWS makes another report": {
			world: func(w *awssim.World) { used(w); w.Hostility.UsageReportPending = 2 }, other: true, removal: leave(sharing.Account(closedTarget)), want: "1 launch template",
		},
		"AWS makes none": {
			fault:   awssim.Fault{Action: "ec2:CreateImageUsageReport", Code: "UnauthorizedOperation", Message: "You are not authorized to perform this operation.", Status: 403},
			removal: leave(sharing.Account(closedTarget)), want: "asking AWS who uses AMI " + imageVirginia.ID,
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := start(t)
			if test.world != nil {
				s = start(t, test.world)
			}
			c := s.client(Options{}, clients.Options{MaxRetries: -1})
			if test.other {
				reportOfAnother(t, s)
			}
			s.Fail(test.fault)
			if _, err := c.Observe(t.Context(), exactly()); err != nil {
				t.Fatal(err)
			}
			usage, err := c.InUse(t.Context(), test.removal)
			if got := fmt.Sprintf("%v %v", usage.Uses, err); !strings.Contains(got, test.want) || err == nil && len(usage.Warnings) > 0 {
				t.Errorf("uses and error: %s, warnings %v, want %s", got, usage.Warnings, test.want)
			}
			if left := c.Close(t.Context()); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			if n, others := reports(t, s), map[bool]int{true: 1}[test.other]; n != others {
				t.Errorf("%d reports are there, and %d of others", n, others)
			}
		})
	}
}

// A report of which only its answer was lost is deleted although it was never needed.
func TestAReportIsDeletedWhoseIdWasLost(t *testing.T) {
	s := start(t)
	s.Fail(awssim.Fault{Action: "ec2:CreateImageUsageReport", Nth: 1, Drop: true, AfterEffect: true})
	c := s.client(Options{}, clients.Options{MaxRetries: -1})
	if _, err := c.Observe(t.Context(), exactly()); err != nil {
		t.Fatal(err)
	}
	if n := reports(t, s); n != 2 {
		t.Fatalf("%d reports were made", n)
	}
	if left := c.Close(t.Context()); len(left) > 0 || reports(t, s) > 0 {
		t.Errorf("left: %v, and %d reports", left, reports(t, s))
	}
}

// So is one that was asked for again, which AWS refused: that another attempt has made it is still so.
func TestAReportIsDeletedWhoseRepetitionWasRefused(t *testing.T) {
	s := start(t)
	create := awssim.Fault{Action: "ec2:CreateImageUsageReport", Region: string(virginia)}
	lost, refused := create, create
	lost.Nth, lost.Drop, lost.AfterEffect = 1, true, true
	refused.Nth, refused.Code, refused.Message = 2, "InvalidParameterValue", "The value is invalid."
	s.Fail(lost)
	s.Fail(refused)
	c := s.client(Options{}, clients.Options{MaxRetries: -1})
	if _, err := c.Observe(t.Context(), exactly()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.InUse(t.Context(), leave(sharing.Account(closedTarget))); err == nil {
		t.Error("AWS refused the report, and the question was answered")
	}
	if left := c.Close(t.Context()); len(left) > 0 || reports(t, s) > 0 {
		t.Errorf("left: %v, and %d reports", left, reports(t, s))
	}
}

// withReports has reports about the AMI in Virginia: of a run that was killed, of one that is at work, and of people.
func withReports(w *awssim.World) {
	past, future := sharing.NeededUntil(time.Now().Add(-time.Minute)), sharing.NeededUntil(time.Now().Add(time.Hour))
	region := w.Accounts[0].Regions[string(virginia)]
	for id, tags := range map[string]map[string]string{
		"amiur-killed": {sharing.UsageTag: past}, "amiur-busy": {sharing.UsageTag: future}, "amiur-noted": {sharing.UsageTag: "mine"}, "amiur-other": {"until": past}, "amiur-plain": nil,
	} {
		region.ImageUsageReports = append(region.ImageUsageReports, awssim.WorldImageUsageReport{ID: id, Image: imageVirginia.ID, Tags: tags})
	}
	w.Accounts[0].Regions[string(virginia)] = region
}

func TestTheReportOfAKilledRunIsDeletedAndNoOther(t *testing.T) {
	interrupted := func(t *testing.T) context.Context {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		return ctx
	}
	for sentence, test := range map[string]struct {
		request func(*sharing.Request)
		options Options
		end     func(*testing.T) context.Context // of the run
		deleted string
	}{
		"once this run has made one":   {deleted: "amiur-killed"},
		"not by a run that makes none": {request: func(r *sharing.Request) { r.Exact = false }},
		"not by a dry run":             {options: Options{OnlyLook: true}},
		"not by one that is cut short": {end: interrupted},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := start(t, withReports, func(w *awssim.World) { w.Hostility.PageSize = 1 })
			c, request := s.client(test.options), exactly()
			if test.request != nil {
				test.request(&request)
			}
			if _, err := c.Observe(t.Context(), request); err != nil {
				t.Fatal(err)
			}
			ctx := t.Context()
			if test.end != nil {
				ctx = test.end(t)
			}
			if left := c.Close(ctx); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			var deleted []string
			for _, entry := range s.Of("ec2:DeleteImageUsageReport") {
				if id := fmt.Sprint(entry.Parameters["ReportId"]); slices.Contains([]string{"amiur-killed", "amiur-busy", "amiur-noted", "amiur-other", "amiur-plain"}, id) {
					deleted = append(deleted, id)
				}
			}
			if got := strings.Join(deleted, " "); got != test.deleted {
				t.Errorf("deleted %q of others, want %q", got, test.deleted)
			}
		})
	}
}

// The policy that is handed out lets reports be deleted by their tag. One that is gone has none, and AWS refuses to delete it once more.
func TestAReportWhoseSecondDeletionIsRefusedIsGone(t *testing.T) {
	s := start(t)
	s.Fail(awssim.Fault{Action: "ec2:DeleteImageUsageReport", Region: string(virginia), Nth: 1, Drop: true, AfterEffect: true})
	s.Fail(awssim.Fault{Action: "ec2:DeleteImageUsageReport", Region: string(virginia), From: 2, Code: "UnauthorizedOperation", Message: "You are not authorized to perform this operation.", Status: 403})
	c := s.client(Options{})
	if _, err := c.Observe(t.Context(), exactly()); err != nil {
		t.Fatal(err)
	}
	if left := c.Close(t.Context()); len(left) > 0 || reports(t, s) > 0 {
		t.Errorf("left: %v, and %d reports", left, reports(t, s))
	}
}

// A report of a killed run that can't be looked for, or deleted, is told, and nothing else suffers.
func TestAReportOfAKilledRunThatStaysIsTold(t *testing.T) {
	const refused = "You are not authorized to perform this operation."
	for sentence, test := range map[string]struct {
		fault awssim.Fault
		want  []string
	}{
		"it can't be looked for": {awssim.Fault{Action: "ec2:DescribeImageUsageReports", Region: string(virginia)}, []string{"looking for reports of who uses AMIs that earlier runs left", "ec2:DescribeImageUsageReports"}},
		"it can't be deleted":    {awssim.Fault{Action: "ec2:DeleteImageUsageReport", Region: string(virginia), Nth: 2}, []string{"aws ec2 delete-image-usage-report --region us-east-1 --report-id amiur-killed"}},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := start(t, withReports)
			test.fault.Code, test.fault.Message, test.fault.Status = "UnauthorizedOperation", refused, 403
			s.Fail(test.fault)
			c := s.client(Options{})
			if _, err := c.Observe(t.Context(), exactly()); err != nil {
				t.Fatal(err)
			}
			left := c.Close(t.Context())
			if len(left) != 1 {
				t.Fatalf("left: %v", left)
			}
			for _, want := range test.want {
				if !strings.Contains(left[0].Error(), want) {
					t.Errorf("%v lacks %q", left[0], want)
				}
			}
		})
	}
}

func TestAReportThatCanNotBeDeletedIsTold(t *testing.T) {
	s := start(t)
	s.Fail(awssim.Fault{Action: "ec2:DeleteImageUsageReport", Region: string(virginia), Code: "UnauthorizedOperation", Message: "You are not authorized to perform this operation.", Status: 403})
	c := s.client(Options{})
	if _, err := c.Observe(t.Context(), exactly()); err != nil {
		t.Fatal(err)
	}
	left := c.Close(t.Context())
	if len(left) != 1 || !strings.Contains(left[0].Error(), "aws ec2 delete-image-usage-report --region us-east-1 --report-id amiur-") {
		t.Errorf("left: %v", left)
	}
}

func TestNothingIsAskedInVain(t *testing.T) {
	for sentence, change := range map[string]func(*sharing.Request, *Options){
		"without exact":      func(r *sharing.Request, _ *Options) { r.Exact = false },
		"with force_removal": func(r *sharing.Request, _ *Options) { r.ForceRemoval = true },
		"in a dry run":       func(_ *sharing.Request, o *Options) { o.OnlyLook = true },
		"of a list that shrank": func(r *sharing.Request, _ *Options) {
			r.Targets[0].Regions, r.Targets[1].Regions = []sharing.Region{"eu-west-1"}, []sharing.Region{"eu-west-1"}
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := start(t)
			request, options := exactly(), Options{}
			change(&request, &options)
			if _, err := s.client(options).Observe(t.Context(), request); err != nil {
				t.Fatal(err)
			}
			if n := len(s.Of("ec2:CreateImageUsageReport")); n > 0 {
				t.Errorf("%d reports were asked for", n)
			}
		})
	}
}

// An account that can be entered is asked too; what refuses that is a warning.
func TestAnAccountIsAskedFromInside(t *testing.T) {
	parameter := func(w *awssim.World) {
		w.Hostility.UsageReportBlind = true
		w.Accounts[1].Regions = map[string]awssim.WorldRegion{string(virginia): {Parameters: []awssim.WorldParameter{{Name: "/mine", Value: imageVirginia.ID}}}}
	}
	s := start(t, parameter)
	c := s.client(Options{})
	usage, err := c.InUse(t.Context(), leave(sharing.Account(target)))
	if err != nil || fmt.Sprint(usage.Uses) != "[{{account 222222222222} 1 parameter}]" || len(usage.Warnings) > 0 {
		t.Errorf("usage %v, error %v", usage, err)
	}
	s.Fail(awssim.Fault{Action: "ec2:DescribeImageReferences", Code: "UnauthorizedOperation", Message: "You are not authorized to perform this operation.", Status: 403})
	usage, err = c.InUse(t.Context(), leave(sharing.Account(target)))
	if err != nil || len(usage.Uses) > 0 || len(usage.Warnings) != 1 || !strings.Contains(usage.Warnings[0].Error(), "asking the account what it uses AMI") {
		t.Errorf("without permission: usage %v, error %v", usage, err)
	}
}

func TestAReportThatIsNeverMade(t *testing.T) {
	s := start(t, func(w *awssim.World) { w.Hostility.UsageReportPending = 1000 })
	var said []string
	c := s.client(Options{UsageTimeout: time.Second, Say: func(line string) { said = append(said, line) }})
	_, err := c.InUse(t.Context(), leave(sharing.Account(closedTarget)))
	if err == nil || !strings.Contains(err.Error(), "the report's state is pending") || !strings.Contains(err.Error(), "With force_removal = true") || len(said) != 1 {
		t.Errorf("error %v, said %q", err, said)
	}
}

func TestWhomAReportIsLimitedTo(t *testing.T) {
	var many []sharing.Recipient
	for n := range mostAskedFor {
		many = append(many, sharing.Account(sharing.AccountID(fmt.Sprintf("%012d", n))))
	}
	if got := askedFor(many); len(got) != mostAskedFor {
		t.Errorf("%d accounts: the report is limited to %d", len(many), len(got))
	}
	if got := askedFor(append(many, sharing.Account(closedTarget))); got != nil {
		t.Errorf("%d accounts: the report is limited to %d", len(many)+1, len(got))
	}
	if got := askedFor([]sharing.Recipient{sharing.Account(target), {Kind: sharing.ToOrganization, ID: organization}}); got != nil {
		t.Errorf("an organization: the report is limited to %v", got)
	}
}
