// SPDX-License-Identifier: MPL-2.0

package policy

import (
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// announceStatements are what announcements take inside the targets.
func (c Config) announceStatements(targets []Target) []statement {
	var arns []string
	var all sharing.Announcements
	for _, t := range targets {
		arns = append(arns, c.parameterARNs(t.Account, c.regionsOf(t), t.Announcements)...)
		all.Parameters = append(all.Parameters, t.Announcements.Parameters...)
	}
	statements := c.parameterStatements(arns, all)
	images := slices.ContainsFunc(all.Parameters, func(p sharing.Parameter) bool { return p.DataType == sharing.ImageParameter })
	if images && !c.Verify { // lookStatements has it
		statements = append(statements, allow("AmiShareFindForParameters", []string{"ec2:DescribeImages"}, []string{"*"}))
	}
	return statements
}

// parameterARNs are the ARNs of an account's parameters.
func (c Config) parameterARNs(account sharing.AccountID, regions []sharing.Region, a sharing.Announcements) []string {
	var arns []string
	for _, region := range regions {
		for _, parameter := range a.Parameters {
			arns = append(arns, sharing.ParameterARN(c.partition(), region, account, parameter.Name))
		}
	}
	return unique(arns)
}

// parameterStatements read parameters, write them, and take back what was written. AWS stores an AMI's id only if whoever
// writes may look for the AMI besides, and says nothing otherwise.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-ec2-aliases.html
func (c Config) parameterStatements(arns []string, a sharing.Announcements) []statement {
	if len(arns) == 0 {
		return nil
	}
	actions := []string{"ssm:GetParameter", "ssm:GetParameterHistory", "ssm:PutParameter", "ssm:DeleteParameter"}
	if slices.ContainsFunc(a.Parameters, func(p sharing.Parameter) bool { return len(p.Labels) > 0 }) {
		actions = append(actions, "ssm:LabelParameterVersion", "ssm:UnlabelParameterVersion")
	}
	if slices.ContainsFunc(a.Parameters, func(p sharing.Parameter) bool { return len(p.Tags) > 0 }) {
		actions = append(actions, "ssm:AddTagsToResource")
	}
	return []statement{allow("AmiShareParameters", actions, unique(arns))}
}

// templateStatements make versions of launch templates, and delete them in a rollback. A launch template that is named by its
// name has an id that is not known here.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
func (c Config) templateStatements(targets []Target) []statement {
	named := func(pick func(sharing.LaunchTemplate) bool) []string {
		return flatMap(targets, func(t Target) []string {
			var arns []string
			for _, template := range t.Announcements.Templates {
				for _, region := range c.regionsOf(t) {
					resource := "launch-template/*"
					if template.ByID() {
						resource = "launch-template/" + template.Named
					}
					if pick(template) {
						arns = append(arns, sharing.ARN{Partition: c.partition(), Service: "ec2", Region: region, Account: t.Account, Resource: resource}.String())
					}
				}
			}
			return arns
		})
	}
	all := named(func(sharing.LaunchTemplate) bool { return true })
	if len(all) == 0 {
		return nil
	}
	return []statement{
		allow("AmiShareFindTemplates", []string{"ec2:DescribeLaunchTemplateVersions"}, []string{"*"}),
		allow("AmiShareTemplates", []string{"ec2:CreateLaunchTemplateVersion", "ec2:DeleteLaunchTemplateVersions"}, all),
		allow("AmiShareDefaultVersions", []string{"ec2:ModifyLaunchTemplate"}, named(func(t sharing.LaunchTemplate) bool { return t.Default })),
	}
}

// watermarkStatements attach the watermark, and take it back, as the AMIs' owner.
func (c Config) watermarkStatements() []statement {
	if c.Announcements.Watermark == "" {
		return nil
	}
	return []statement{allow("AmiShareWatermark", []string{"ec2:AttachImageWatermark", "ec2:DetachImageWatermark"}, c.resources("image"))}
}

// sharedTagStatements write the tags that recipients see, and take them back: as the AMIs' owner, and no other tags but the
// plugin's note of them.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
func (c Config) sharedTagStatements() []statement {
	if len(c.Announcements.SharedTags) == 0 {
		return nil
	}
	return []statement{
		allow("AmiShareSharedTags", []string{"ec2:CreateTags", "ec2:DeleteTags"}, c.resources("image")).
			when("ForAllValues:StringLike", "aws:TagKeys", sharing.SharedTag+"*", sharing.SharedTagsTag+"*"),
	}
}
