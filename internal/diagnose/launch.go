// SPDX-License-Identifier: MPL-2.0

package diagnose

import "strings"

// launchRule explains why Auto Scaling could not start an instance.
type launchRule struct {
	contains string // in the activity's status message
	cause    string // before AWS's words
	remedy   string
	open     bool // it says nothing of the AMI
}

// What several rows say: Auto Scaling tells some reasons with AWS's code and some without.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-capacity.html
const (
	noRoom        = "AWS has no room for the instance, which says nothing of the AMI: "
	noAddress     = "the subnet has no free address, which says nothing of the AMI: "
	quotaUsed     = "a quota of the account is used up, which says nothing of the AMI: "
	anotherCanary = "Run again, or give the canary another instance_type or subnet_id."
	anotherQuota  = "Give the canary another instance_type, or have the quota raised."
	mayUseKeys    = "The role needs a grant on the AMI's key that was issued from inside the account, and the account's default EBS key, if that is a customer " +
		"managed key. Nothing in the keys' policies may deny either."
)

// launchRules in the order in which they are tried.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-instancelaunchfailure.html
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html
func launchRules() []launchRule {
	return []launchRule{
		{
			contains: "InvalidKMSKey.InvalidState", // EC2 says so of a key that is enabled, too
			cause:    "a key of the volumes is not enabled, or EC2 may not use it in the name of the role: ",
			remedy:   "Look at the state of the AMI's key and of the account's default EBS key (aws kms describe-key). If both are enabled: " + mayUseKeys,
		},
		{
			contains: "Client.InternalError",
			cause:    "EC2 may not use a key of the volumes in the name of the role: ",
			remedy:   mayUseKeys,
		},
		{
			contains: "not authorized",
			cause:    "the AMI, or something that the launch takes, is not the account's to use: ",
			remedy:   "Look at the launch permission of the AMI, the account's Allowed AMIs and its service control policies.",
		},
		{
			contains: "OptInRequired",
			cause:    "the AMI has a product code, and the account has not subscribed: ",
			remedy:   "Subscribe to the product in AWS Marketplace, from the account.",
		},
		{
			contains: "InsufficientInstanceCapacity",
			cause:    noRoom,
			remedy:   anotherCanary,
			open:     true,
		},
		{
			contains: "do not have sufficient",
			cause:    noRoom,
			remedy:   anotherCanary,
			open:     true,
		},
		{
			contains: "not supported in your requested Availability Zone",
			cause:    "AWS has no such instances there, which says nothing of the AMI: ",
			remedy:   anotherCanary,
			open:     true,
		},
		{
			contains: "InsufficientFreeAddresses",
			cause:    noAddress,
			remedy:   "Give the canary another subnet_id.",
			open:     true,
		},
		{
			contains: "not enough free addresses",
			cause:    noAddress,
			remedy:   "Give the canary another subnet_id.",
			open:     true,
		},
		{
			contains: "LimitExceeded",
			cause:    quotaUsed,
			remedy:   anotherQuota,
			open:     true,
		},
		{
			contains: "more vCPU capacity than your current vCPU limit",
			cause:    quotaUsed,
			remedy:   anotherQuota,
			open:     true,
		},
		{
			contains: "Your quota allows for",
			cause:    quotaUsed,
			remedy:   anotherQuota,
			open:     true,
		},
		{
			contains: "instance(s) are already running",
			cause:    quotaUsed,
			remedy:   anotherQuota,
			open:     true,
		},
		{
			contains: "is not supported by the image",
			cause:    "the instance type and the AMI don't fit: ",
			remedy:   "Give the canary an instance_type that the AMI allows.",
		},
		{
			contains: "architecture",
			cause:    "the instance type and the AMI don't fit: ",
			remedy:   "Give the canary an instance_type of the AMI's architecture.",
		},
		{
			contains: "InvalidParameterCombination",
			cause:    "the instance type and the AMI don't fit: ",
			remedy:   "Give the canary an instance_type that the AMI allows.",
		},
	}
}

// Launch says what the message of a scaling activity means that failed to start an instance under a service-linked role, and
// whether that leaves it open whether the AMI can be started.
func Launch(message, role string) (cause, remedy string, open bool) {
	message = strings.TrimSuffix(strings.TrimSpace(message), ".")
	for _, r := range launchRules() {
		if strings.Contains(message, r.contains) {
			return r.cause + message, r.remedy, r.open
		}
	}
	return message, "The group launched as " + role + ": whatever keeps that role from starting instances in the subnet keeps the account's groups from it too.", false
}
