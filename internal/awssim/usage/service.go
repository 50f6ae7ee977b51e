// SPDX-License-Identifier: MPL-2.0

// Package usage answers who uses an AMI: reports for its owner, which AWS takes minutes to make and which don't see what is recent,
// and references in the caller's own account.
package usage

import (
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/ec2"
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

// Load does nothing: no report exists when the server starts.
func (s *Service) Load(world.World) []error { return nil }

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

// call is a call of the service.
type call struct {
	*cloud.Call
	*Service
}

// own are the reports of the caller's account in the Region of the call.
func (c *call) own() reports { return *c.regions.Of(c.Account, c.Region) }

// Actions of the service, for the API of EC2.
func (s *Service) Actions() map[string]cloud.Action[*cloud.Call] {
	const pages = " MaxResults NextToken"
	const options = " ResourceType.N.ResourceType ResourceType.N.ResourceTypeOption.N.OptionName ResourceType.N.ResourceTypeOption.N.OptionValue.N"
	return cloud.Actions(map[string]cloud.Action[*call]{
		"CreateImageUsageReport": {
			Params: "ImageId AccountId.N ClientToken DryRun" + options, Write: true, Resources: onImageAndReport, Handle: (*call).createReport,
		},
		"DescribeImageUsageReports": {
			Params: "ImageId.N ReportId.N Filter.N.Name Filter.N.Value.N DryRun" + pages, Handle: (*call).describeReports,
		},
		"DescribeImageUsageReportEntries": {
			Params: "ImageId.N ReportId.N Filter.N.Name Filter.N.Value.N DryRun" + pages, Handle: (*call).describeEntries,
		},
		"DeleteImageUsageReport":  {Params: "ReportId DryRun", Write: true, Resources: onReport, Handle: (*call).deleteReport},
		"DescribeImageReferences": {Params: "ImageId.N IncludeAllResourceTypes DryRun" + options + pages, Handle: (*call).describeReferences},
	}, func(c *cloud.Call) *call { return &call{c, s} })
}

func onImageAndReport(c *call) []string {
	prefix := "arn:" + c.Partition + ":ec2:" + c.Region + ":"
	return []string{prefix + ":image/" + c.Form.Get("ImageId"), prefix + c.Account.ID + ":image-usage-report/*"}
}

func onReport(c *call) []string {
	return []string{"arn:" + c.Partition + ":ec2:" + c.Region + ":" + c.Account.ID + ":image-usage-report/" + c.Form.Get("ReportId")}
}
