// SPDX-License-Identifier: MPL-2.0

package policy

import "github.com/amishare/packer-plugin-ami-share/internal/sharing"

// usageStatements ask who uses an AMI before it is taken away: AWS makes a report, which has the plugin's tag and is deleted again,
// as no other report can be. Reading it knows no resources.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/your-ec2-ami-usage.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
func (c Config) usageStatements() []statement {
	if !c.Exact {
		return nil
	}
	reports := flatMap(c.regions(), func(region sharing.Region) []string {
		return []string{sharing.ARN{Partition: c.partition(), Service: "ec2", Region: region, Account: c.SourceAccount, Resource: "image-usage-report/*"}.String()}
	})
	return []statement{
		allow("AmiShareAskForUsage", []string{"ec2:CreateImageUsageReport"}, append(c.resources("image"), reports...)),
		allow("AmiShareTagUsage", []string{"ec2:CreateTags"}, reports).when("StringEquals", "ec2:CreateAction", "CreateImageUsageReport"),
		allow("AmiShareReadUsage", []string{"ec2:DescribeImageUsageReports", "ec2:DescribeImageUsageReportEntries"}, []string{"*"}),
		allow("AmiShareDeleteUsage", []string{"ec2:DeleteImageUsageReport"}, reports).when("StringLike", "aws:ResourceTag/"+sharing.UsageTag, "*"),
	}
}

// referenceStatements ask from inside what an account uses an AMI in, where a target can lose one: in the Regions that it leaves out.
// EC2 looks for instances, templates, parameters and recipes in the caller's name.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-ami-references.html
func (c Config) referenceStatements(targets []Target) []statement {
	if !c.Exact || len(targets) == 0 {
		return nil
	}
	through := allow("AmiShareFindReferences", []string{
		"ec2:DescribeInstances", "ec2:DescribeLaunchTemplates", "ec2:DescribeLaunchTemplateVersions", "ssm:DescribeParameters", "ssm:GetParameters",
		"imagebuilder:ListImageRecipes", "imagebuilder:ListContainerRecipes", "imagebuilder:GetContainerRecipe",
	}, []string{"*"})
	return []statement{
		allow("AmiShareReferences", []string{"ec2:DescribeImageReferences"}, []string{"*"}),
		through.when("ForAnyValue:StringEquals", "aws:CalledVia", "ec2-images.amazonaws.com"),
	}
}
