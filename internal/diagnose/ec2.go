// SPDX-License-Identifier: MPL-2.0

package diagnose

import (
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/policy"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// ec2Rules are for AMIs and snapshots.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
func ec2Rules() []rule {
	return []rule{
		// The same mistake has a code of its own for AMIs and for snapshots.
		{codes: []string{"InvalidParameter"}, action: "ec2:Modify", contains: "encrypted with the AWS Managed CMK", explain: awsManagedKey},
		{codes: []string{"OperationNotPermitted"}, action: "ec2:Modify", contains: "EBS default key", explain: awsManagedKey},
		{codes: []string{"UnsupportedOperation", "OperationNotPermitted"}, action: "ec2:Modify", contains: "shared publicly", explain: func(f refusal) (string, string) {
			return "an encrypted AMI or snapshot can't be public: " + f.message, "Share it with accounts or organizations."
		}},
		{codes: []string{"OperationNotPermitted"}, action: "ec2:Modify", contains: "block public access", explain: func(f refusal) (string, string) {
			return "the account blocks public AMIs: " + f.message, "Share it with accounts or organizations."
		}},
		{codes: []string{"InvalidAMIAttributeItemValue"}, action: "ec2:Modify", contains: "for Organization", explain: func(f refusal) (string, string) {
			return "AWS does not accept a recipient: " + f.message, "Check that it exists, and that its ARN is whole: " + arnShapes + "."
		}},
		{codes: []string{"InvalidAMIAttributeItemValue"}, action: "ec2:Modify", explain: func(f refusal) (string, string) {
			return "AWS does not accept a recipient: " + f.message, "Check that the account, organization or organizational unit exists and is not closed."
		}},
		{codes: []string{"ResourceLimitExceeded"}, action: "ec2:Modify", explain: func(f refusal) (string, string) {
			return "a quota is used up: " + f.message, "An AMI can be shared with 1,000 accounts, organizations and OUs. Share with an organization or OU instead of its accounts, or ask for a higher quota \"AMI sharing\"."
		}},
		{codes: []string{"InvalidLaunchTemplateId.VersionNotFound", "InvalidLaunchTemplateName.VersionNotFound"}, action: "ec2:", explain: func(f refusal) (string, string) {
			return "the launch template has no such version: " + f.message, "Correct the version in launch_templates, or leave it out for the default version."
		}},
		{codes: []string{"LaunchTemplateVersionLimitExceeded", "VersionLimitExceeded", "ResourceLimitExceeded", "LimitExceeded"}, action: "ec2:CreateLaunchTemplateVersion", explain: func(f refusal) (string, string) {
			return "the launch template has as many versions as it may: " + f.message, "Delete versions that nothing uses (aws ec2 delete-launch-template-versions); AWS's limit is 10,000 for each launch template."
		}},
		{codes: []string{"ResourceLimitExceeded"}, action: "ec2:AttachImageWatermark", explain: func(f refusal) (string, string) {
			return "the AMI has as many watermarks as it may: " + f.message, "Detach one that nothing asks for (aws ec2 detach-image-watermark)."
		}},
		{codes: []string{"TagLimitExceeded"}, action: "ec2:CreateTags", explain: func(f refusal) (string, string) {
			return "the AMI or snapshot has as many tags as it may: " + f.message, "It takes 50: name fewer tags, or delete some that nobody needs."
		}},
		{codes: []string{"AuthFailure"}, action: "ec2:", contains: "Not authorized for image", explain: notOwner},
		{codes: []string{"InvalidSnapshot.NotFound"}, action: "ec2:", explain: notOwner},
		{codes: []string{"InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"}, action: "ec2:", explain: func(f refusal) (string, string) {
			return "the AMI is gone, or not visible to the account: " + f.message, "Check the AMI's id, Region and owner."
		}},
		{codes: []string{"InvalidAMIID.Malformed"}, action: "ec2:", explain: func(f refusal) (string, string) {
			return f.message, "An AMI's id looks like ami-0123456789abcdef0."
		}},
	}
}

// arnShapes are those of organizations and organizational units; the account is the organization's management account.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/share-amis-with-organizations-and-OUs.html
const arnShapes = "arn:aws:organizations::<management account>:organization/o-… in organization_arns, " +
	"arn:aws:organizations::<management account>:ou/o-…/ou-… in ou_arns"

func awsManagedKey(f refusal) (string, string) {
	return sharing.AWSManagedKey(f.message)
}

func notOwner(f refusal) (string, string) {
	noun := "AMI"
	if strings.Contains(f.Action, "Snapshot") {
		noun = "snapshot"
	}
	return "only the " + noun + "'s owner can do this: " + f.message, "Run with the credentials of the account that owns the " + noun + "."
}

// targetRules are for IAM and Auto Scaling in the targets.
func targetRules() []rule {
	return []rule{
		{codes: deniedCodes(), action: "ec2:RunInstances", contains: "not authorized to use launch template", explain: mayNotLaunch},
		{codes: []string{"InvalidInput", "InvalidInputException"}, action: "iam:CreateServiceLinkedRole", contains: "Custom suffix is not allowed", explain: func(f refusal) (string, string) {
			return "the service allows no suffix: " + f.message, "Write the service without a suffix in service_linked_roles."
		}},
		{codes: []string{"LimitExceeded", "LimitExceededException"}, action: "iam:", explain: func(f refusal) (string, string) {
			return "the account has as many roles as it may: " + f.message, "Delete roles that nothing uses, or ask for a higher quota \"Roles per account\"."
		}},
		{codes: []string{"ServiceLinkedRoleFailure"}, action: "autoscaling:", explain: func(f refusal) (string, string) {
			return "the service-linked role is not ready yet: " + f.message, "Run again in a minute."
		}},
		{codes: []string{"ValidationError"}, action: "autoscaling:CreateAutoScalingGroup", contains: "subnet", explain: func(f refusal) (string, string) {
			return "the account has no such subnet there, and none is shared with it: " + f.message,
				"Give the canary a subnet of the account, in a target of its own where accounts differ. This lists them, from inside the account:\n" +
					"aws ec2 describe-subnets --region " + string(f.Scope.Region)
		}},
		{codes: []string{"ScalingActivityInProgress", "ResourceContention"}, action: "autoscaling:", explain: func(f refusal) (string, string) {
			return f.message, "Run again when the group is at rest."
		}},
	}
}

// mayNotLaunch is for groups with a launch template. AWS asks whoever creates or changes one for all that a launch takes, and
// names the template alone when something of it is missing.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
func mayNotLaunch(f refusal) (cause, remedy string) {
	return f.who() + " may not launch what the group's launch template says: " + f.message,
		"The identity policy of " + f.who() + " needs\n" + policy.LaunchStatement(sharing.PartitionOf(f.Scope.Region)) +
			"\nA template with tags or an instance profile takes ec2:CreateTags on them or iam:PassRole too."
}
