// SPDX-License-Identifier: MPL-2.0

// Package usage answers who uses an AMI: reports for its owner, which AWS takes minutes to make and which don't see what is recent,
// and references in the caller's own account.
package usage

import (
	"fmt"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/ec2"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/resources"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/ssm"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/world"
)

// Service has the actions of EC2 about the use of AMIs.
type Service struct {
	*cloud.Cloud
	ec2        *ec2.Service
	parameters *ssm.Service
	regions    cloud.Regional[reports]
}

// reports are those of an account in a Region, by id.
type reports map[string]*report

// report is an image usage report. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/your-ec2-ami-usage.html
type report struct {
	id, image string
	token     string // of the client
	kinds     []kind
	accounts  []string
	created   time.Time
	pending   cloud.Lag // looks at the report
	entries   []entry   // as it was when it was asked for
}

// entry is how often an account uses the AMI in a kind of resource.
type entry struct {
	account, kind string
	count         int
}

// Kinds of resources that name an AMI.
const (
	instances = "ec2:Instance"
	templates = "ec2:LaunchTemplate"
	parameter = "ssm:Parameter"
	recipes   = "imagebuilder:ImageRecipe"
	container = "imagebuilder:ContainerRecipe"
)

// kind is a kind of resource with its options.
type kind struct {
	name   string
	depth  int      // how many of a template's versions are looked at, the latest first
	states []string // of instances; none for all
}

// New returns the service, which asks EC2 and Parameter Store.
func New(c *cloud.Cloud, compute *ec2.Service, parameters *ssm.Service) *Service {
	return &Service{Cloud: c, ec2: compute, parameters: parameters, regions: cloud.NewRegional(func() *reports { return &reports{} })}
}

// APIs of the service: none, as EC2 has its actions.
func (s *Service) APIs() []*cloud.API { return nil }

// Load makes the reports of a world. Their AMIs must be there already.
func (s *Service) Load(w world.World) []error {
	return s.LoadRegions(w, func(a *cloud.Account, name string, region world.Region) []error {
		var problems []error
		for _, given := range region.ImageUsageReports {
			if err := s.loadReport(a, name, given); err != nil {
				problems = append(problems, fmt.Errorf("image usage report %q: %w", given.ID, err))
			}
		}
		return problems
	})
}

func (s *Service) loadReport(a *cloud.Account, region string, w world.ImageUsageReport) error {
	all := *s.regions.Of(a, region)
	if resources.Kind(w.ID) != reportKind || all[w.ID] != nil || !s.ec2.HasImage(a, region, w.Image) {
		return fmt.Errorf("it needs an id of its own that starts with amiur-, and an AMI of the account in this region, and has %q", w.Image)
	}
	all[w.ID] = &report{id: w.ID, image: w.Image, kinds: []kind{{name: instances}}, created: s.Now()}
	s.ec2.Tags().Put(a, region, w.ID, w.Tags)
	return nil
}

// Settle makes every report available.
func (s *Service) Settle() {
	for _, r := range s.regions.Each() {
		for _, one := range *r {
			one.pending = 0
		}
	}
}

// Dump counts reports.
func (s *Service) Dump(d *cloud.Dump) {
	for at, r := range s.regions.Each() {
		d.Count(len(*r), at.Account, at.Region, "image usage reports")
	}
}

// reportKind is what a report is among the resources that have tags.
const reportKind = "image-usage-report"

// call is a call of the service.
type call struct {
	*cloud.Call
	*Service
	*resources.Request
}

// own are the reports of the caller's account in the Region of the call.
func (c *call) own() reports { return *c.regions.Of(c.Account, c.Region) }

// Actions of the service, for the API of EC2.
func (s *Service) Actions() map[string]cloud.Action[*cloud.Call] {
	const pages = " MaxResults NextToken"
	const options = " ResourceType.N.ResourceType ResourceType.N.ResourceTypeOption.N.OptionName ResourceType.N.ResourceTypeOption.N.OptionValue.N"
	return cloud.Actions(map[string]cloud.Action[*call]{
		"CreateImageUsageReport": {
			Params: "ImageId AccountId.N ClientToken DryRun" + options + resources.TagSpecParams, Write: true, Resources: onImageAndReport, Handle: (*call).createReport,
		},
		"DescribeImageUsageReports": {
			Params: "ImageId.N ReportId.N Filter.N.Name Filter.N.Value.N DryRun" + pages, Handle: (*call).describeReports,
		},
		"DescribeImageUsageReportEntries": {
			Params: "ImageId.N ReportId.N Filter.N.Name Filter.N.Value.N DryRun" + pages, Handle: (*call).describeEntries,
		},
		"DeleteImageUsageReport":  {Params: "ReportId DryRun", Write: true, Resources: onReport, Handle: (*call).deleteReport},
		"DescribeImageReferences": {Params: "ImageId.N IncludeAllResourceTypes DryRun" + options + pages, Handle: (*call).describeReferences},
	}, func(c *cloud.Call) *call { return &call{c, s, s.ec2.Tags().Request(c)} })
}

func onImageAndReport(c *call) []string {
	return []string{c.ImageARN(c.Form.Get("ImageId")), c.ARN(reportKind, "*")}
}

func onReport(c *call) []string {
	return []string{c.ARN(reportKind, c.Form.Get("ReportId"))}
}
