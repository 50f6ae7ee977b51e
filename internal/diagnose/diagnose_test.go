// SPDX-License-Identifier: MPL-2.0

package diagnose

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

const (
	keyARN    = "arn:aws:kms:eu-central-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	roleARN   = "arn:aws:iam::222222222222:role/sharing/ami-share"
	granteeID = "arn:aws:iam::222222222222:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	session1  = "arn:aws:sts::222222222222:assumed-role/ami-share/packer"
)

func TestDiagnose(t *testing.T) {
	grant := Act{
		Scope: sharing.Scope{Account: "222222222222", Region: "eu-central-1"}, Doing: "granting", Action: "kms:CreateGrant", Resource: keyARN,
		Principal: Principal{ARN: roleARN}, Grantee: granteeID, Operations: []string{"Decrypt"},
	}
	assume := Act{
		Scope: sharing.Scope{Account: "222222222222"}, Doing: "assuming", Action: "sts:AssumeRole", Resource: roleARN, ExternalID: "s3cret",
	}
	share := Act{
		Scope: sharing.Scope{Region: "eu-central-1"}, Doing: "sharing", Action: "ec2:ModifyImageAttribute",
		Resource: "arn:aws:ec2:eu-central-1::image/ami-1",
	}
	inBahrain := grant
	inBahrain.Scope.Region = "me-south-1"
	for name, tt := range map[string]struct {
		act             Act
		code, message   string
		cause, remedies []string
	}{
		"a key looked for by its alias, whose ARN only AWS tells": {
			Act{Scope: sharing.Scope{Region: "eu-central-1"}, Doing: "looking", Action: "kms:DescribeKey", Resource: "*"},
			"AccessDeniedException",
			"User: arn:aws:iam::111111111111:user/ci is not authorized to perform: kms:DescribeKey on resource: " + keyARN + " because no identity-based policy allows the kms:DescribeKey action",
			[]string{"the identity policy of arn:aws:iam::111111111111:user/ci does not allow kms:DescribeKey"},
			[]string{`"Resource": "` + keyARN + `"`},
		},
		"a trust policy that does not let the caller in, or no such role": {
			assume, "AccessDenied", "User: arn:aws:sts::111111111111:assumed-role/ci/build is not authorized to perform: sts:AssumeRole on resource: " + roleARN,
			[]string{"does not tell which", "does not exist", `with external id "s3cret"`, "the identity policy of arn:aws:iam::111111111111:role/ci does not allow to assume it"},
			[]string{roleARN, `"sts:ExternalId": "s3cret"`, `"AWS": "arn:aws:iam::111111111111:role/ci"`, `"Resource": "` + roleARN + `"`},
		},
		"session tags that the trust policy does not take": {
			assume, "AccessDenied", "User: arn:aws:iam::111111111111:user/ci is not authorized to perform: sts:TagSession on resource: " + roleARN,
			[]string{"session tags"},
			[]string{`"sts:TagSession"`},
		},
		"a session too long for a chained role": {
			assume, "ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
			[]string{"an hour at most"},
			[]string{"duration_seconds"},
		},
		"a session longer than the role allows": {
			assume, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
			[]string{"MaxSessionDuration"},
			[]string{"duration_seconds"},
		},
		"a region that the account has not enabled": {
			assume, "RegionDisabledException", "STS is not activated in this region", []string{"not enabled there"}, []string{"222222222222", "aws account enable-region"},
		},
		"credentials that have expired": {
			share, "ExpiredToken", "The security token included in the request is expired", []string{"expired"}, []string{"un again"},
		},
		"a key policy that does not let another account in": {
			grant, "AccessDeniedException", "User: " + session1 + " is not authorized to perform: kms:CreateGrant on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access",
			[]string{roleARN + " is not allowed kms:CreateGrant", "the key's policy and the role's identity policy", "kms:GrantIsForAWSResource", "to a Deny and when there is no such key"},
			[]string{
				"The policy of key " + keyARN, `"kms:GranteePrincipal": "` + granteeID, `"kms:GrantOperations"`, "The identity policy of " + roleARN, `"Resource": "` + keyARN,
				"If both are there: look for what denies the call, or does not let it through, in the key's policy, the permissions boundary of " + roleARN +
					", the service control policies of account 222222222222 and the resource control policies of the key's account.",
			},
		},
		"an identity policy that lacks the grant": {
			grant, "AccessDeniedException", "User: " + session1 + " is not authorized to perform: kms:CreateGrant on resource: " + keyARN + " because no identity-based policy allows the kms:CreateGrant action",
			[]string{"the identity policy of " + roleARN + " does not allow kms:CreateGrant"},
			[]string{`"Action": "kms:CreateGrant"`},
		},
		"a key policy of the caller's own account that lacks it": {
			grant, "AccessDeniedException", "User: " + session1 + " is not authorized to perform: kms:CreateGrant on resource: " + keyARN + " because no resource-based policy allows the kms:CreateGrant action",
			[]string{"the policy of key " + keyARN + " does not allow kms:CreateGrant to " + roleARN},
			[]string{"The policy of key " + keyARN},
		},
		"a session policy that leaves it out": {
			grant, "AccessDeniedException", "User: x is not authorized to perform: kms:CreateGrant on resource: y because no session policy allows the kms:CreateGrant action",
			[]string{"session policy"},
			[]string{"policy_arns"},
		},
		"a service control policy that denies": {
			grant, "AccessDeniedException", "User: x is not authorized to perform: kms:CreateGrant on resource: y with an explicit deny in a service control policy",
			[]string{"denied kms:CreateGrant by a service control policy"},
			[]string{"No Allow helps"},
		},
		"a grantee that KMS does not know": {
			grant, "InvalidArnException", "ARN does not refer to a valid principal: " + granteeID, []string{"KMS knows no role " + granteeID}, []string{"un again"},
		},
		"a key full of grants": {
			grant, "LimitExceededException", "", []string{"50,000"}, []string{"Grants per KMS key"},
		},
		"a disabled key": {
			grant, "DisabledException", keyARN + " is disabled.", []string{"is disabled"}, []string{"enable-key"},
		},
		"an AWS managed key behind an AMI": {
			share, "InvalidParameter", "Snapshots encrypted with the AWS Managed CMK can\u2019t be shared. Specify another snapshot.",
			[]string{"aws/ebs"},
			[]string{"customer managed key", "region_kms_key_ids"},
		},
		"an AWS managed key behind a snapshot": {
			Act{Action: "ec2:ModifySnapshotAttribute"},
			"OperationNotPermitted", "Encrypted snapshots with EBS default key cannot be shared",
			[]string{"aws/ebs"},
			[]string{"customer managed key"},
		},
		"an account that does not exist": {
			share, "InvalidAMIAttributeItemValue", `Invalid attribute item value "999999999999" for userId item type.`, []string{"999999999999"}, []string{"exists"},
		},
		"an AMI of somebody else": {
			share, "AuthFailure", "Not authorized for image:ami-1", []string{"only the AMI's owner"}, []string{"owns the AMI"},
		},
		"no permission in EC2": {
			share, "UnauthorizedOperation", "You are not authorized to perform this operation. User: arn:aws:iam::111111111111:user/ci is not authorized to perform: ec2:ModifyImageAttribute on resource: arn:aws:ec2:eu-central-1::image/ami-1 because no identity-based policy allows the ec2:ModifyImageAttribute action. Encoded authorization failure message: abc",
			[]string{"the identity policy of arn:aws:iam::111111111111:user/ci does not allow ec2:ModifyImageAttribute"},
			[]string{`"Resource": "arn:aws:ec2:eu-central-1::image/ami-1"`},
		},
		"no permission to pass the role to a group": {
			Act{Action: "autoscaling:UpdateAutoScalingGroup", Grantee: granteeID, Principal: Principal{ARN: roleARN}},
			"AccessDenied",
			"User: x is not authorized to perform: iam:PassRole on resource: y",
			[]string{roleARN + " is not allowed iam:PassRole"},
			[]string{`"iam:PassRole"`, granteeID},
		},
		"no permission to launch from the group's template": {
			Act{Scope: sharing.Scope{Region: "us-gov-west-1"}, Action: "autoscaling:UpdateAutoScalingGroup", Grantee: granteeID, Principal: Principal{ARN: roleARN}},
			"AccessDenied",
			"You are not authorized to use launch template: lt-0123456789abcdef0",
			[]string{roleARN + " may not launch", "lt-0123456789abcdef0"},
			[]string{"identity policy of " + roleARN, `"ec2:RunInstances"`, `"arn:aws-us-gov:ec2:*:*:launch-template/*"`, "ec2:CreateTags", "iam:PassRole"},
		},
		"throttling that the retries did not outlast": {
			share, "RequestLimitExceeded", "Request limit exceeded.", []string{"throttles", "also after all retries"}, []string{"CloudTrail", "higher rate"},
		},
		"an external id that the message itself tells of": {
			assume, "AccessDenied", "User: arn:aws:iam::111111111111:user/ci is not authorized to perform: sts:AssumeRole on resource: " + roleARN + " because no role trust policy allows the sts:AssumeRole action",
			[]string{"the trust policy of " + roleARN, `with external id "s3cret"`},
			[]string{`"sts:ExternalId": "s3cret"`},
		},
		"a caller that may not assume the role, when AWS tells": {
			assume, "AccessDenied", "User: arn:aws:iam::111111111111:user/ci is not authorized to perform: sts:AssumeRole on resource: " + roleARN + " because no identity-based policy allows the sts:AssumeRole action",
			[]string{"the identity policy of arn:aws:iam::111111111111:user/ci does not allow sts:AssumeRole"},
			[]string{`"Action": "sts:AssumeRole"`, `"Resource": "` + roleARN},
		},
		"a service control policy that denies the role": {
			assume, "AccessDenied", "User: arn:aws:iam::111111111111:user/ci is not authorized to perform: sts:AssumeRole on resource: " + roleARN + " with an explicit deny in a service control policy: arn:aws:organizations::999999999999:policy/o-1234567890/service_control_policy/p-12345678",
			[]string{"denied sts:AssumeRole by a service control policy, arn:aws:organizations::999999999999:policy/"},
			[]string{"No Allow helps", "in the service control policies of the organization of account 111111111111"},
		},
		"a trust policy that denies": {
			assume, "AccessDenied", "User: x is not authorized to perform: sts:AssumeRole on resource: " + roleARN + " with an explicit deny in the role trust policy",
			[]string{"denied sts:AssumeRole by the trust policy of " + roleARN},
			[]string{"in the trust policy of " + roleARN},
		},
		"a source identity that the trust policy does not take": {
			assume, "AccessDenied", "User: x is not authorized to perform: sts:SetSourceIdentity on resource: " + roleARN,
			[]string{"source identity"},
			[]string{`"sts:SetSourceIdentity"`},
		},
		"a session policy too large for AWS": {
			assume, "PackedPolicyTooLarge", "Packed size of session policies and tags consumes 120% of allotted space.", []string{"consumes 120%"}, []string{"tags"},
		},
		"a session policy that is none": {
			assume, "MalformedPolicyDocument", "Syntax errors in policy.", []string{"Syntax errors"}, []string{"assume_role"},
		},
		"credentials of the source that have expired": {
			assume, "ExpiredToken", "The security token included in the request is expired", []string{"the source account's credentials have expired"}, []string{"un again"},
		},
		"a session of a role that was deleted": {
			grant, "UnrecognizedClientException", "The security token included in the request is invalid.",
			[]string{"the credentials for account 222222222222 are not taken", "token included in the request is invalid"},
			[]string{"deleted and made again", "opt-in Region that account 222222222222"},
		},
		"a session in a Region that its account has not enabled": {
			inBahrain, "UnrecognizedClientException", "The security token included in the request is invalid.",
			[]string{"the Region me-south-1 is not enabled in account 222222222222", "not known there"},
			[]string{"aws account enable-region --region-name me-south-1", "a target's regions"},
		},
		"a region that EC2 does not know the account in": {
			share, "AuthFailure", "AWS was not able to validate the provided access credentials", []string{"the source account's credentials"}, []string{"opt-in Region"},
		},
		"a clock that is wrong": {
			share, "SignatureDoesNotMatch", "Signature expired: 20261124T000000Z is now earlier than 20261124T010000Z (20261124T011500Z - 15 min.)", []string{"clock", "Signature expired"}, []string{"NTP"},
		},
		"a clock that is wrong, to KMS": {
			grant, "InvalidSignatureException", "Signature not yet current: 20261124T020000Z is still later than 20261124T010500Z", []string{"clock"}, []string{"NTP"},
		},
		"a service control policy without an Allow": {
			grant, "AccessDeniedException", "User: x is not authorized to perform: kms:CreateGrant on resource: y because no service control policy allows the kms:CreateGrant action",
			[]string{"no service control policy allows kms:CreateGrant to " + roleARN},
			[]string{"the service control policies of the organization of account 222222222222"},
		},
		"a permissions boundary without one": {
			share, "UnauthorizedOperation", "You are not authorized to perform this operation. User: arn:aws:iam::111111111111:user/ci is not authorized to perform: ec2:ModifyImageAttribute on resource: x because no permissions boundary allows the ec2:ModifyImageAttribute action",
			[]string{"the permissions boundary of arn:aws:iam::111111111111:user/ci does not allow ec2:ModifyImageAttribute"},
			[]string{"permissions boundary"},
		},
		"an identity policy that denies": {
			share, "UnauthorizedOperation", "User: arn:aws:iam::111111111111:user/ci is not authorized to perform: ec2:ModifyImageAttribute on resource: x with an explicit deny in an identity-based policy. Encoded authorization failure message: 4GIOHlTkIaWHQD0Q0m6XSnuUMCm-abc_def",
			[]string{"denied ec2:ModifyImageAttribute by an identity-based policy"},
			[]string{"make an exception for arn:aws:iam::111111111111:user/ci"},
		},
		"no permission in EC2, and AWS names nobody": {
			share, "UnauthorizedOperation", "You are not authorized to perform this operation.", []string{"the caller is not allowed ec2:ModifyImageAttribute"}, []string{`"Action": "ec2:ModifyImageAttribute"`},
		},
		"a service-linked role that may not be looked for": {
			Act{Action: "iam:GetRole", Resource: granteeID, Principal: Principal{ARN: roleARN}},
			"AccessDenied", "User: x is not authorized to perform: iam:GetRole on resource: role AWSServiceRoleForAutoScaling because no identity-based policy allows the iam:GetRole action",
			[]string{"does not allow iam:GetRole"},
			[]string{`"` + granteeID + `"`, `"arn:aws:iam::222222222222:role/AWSServiceRoleForAutoScaling"`},
		},
		"a key to be deleted": {
			grant, "KMSInvalidStateException", keyARN + " is pending deletion.", []string{"is pending deletion"}, []string{"cancel-key-deletion --region eu-central-1 --key-id " + keyARN + "\naws kms enable-key"},
		},
		"a key without its material": {
			grant, "KMSInvalidStateException", keyARN + " is pending import.", []string{"pending import"}, []string{"import-key-material"},
		},
		"a key whose store is gone": {
			grant, "KMSInvalidStateException", keyARN + " is unavailable.", []string{"unavailable"}, []string{"connect-custom-key-store"},
		},
		"a key that is not ready": {
			grant, "KMSInvalidStateException", keyARN + " is updating.", []string{"updating"}, []string{"in a minute"},
		},
		"an operation that the key can't do": {
			grant, "ValidationException", "Operations not supported for this key", []string{"not supported"}, []string{"grant_operations"},
		},
		"the ARN of another region": {
			grant, "NotFoundException", "Invalid arn us-east-1", []string{"another Region"}, []string{"eu-central-1"},
		},
		"a key that is not there": {
			grant, "NotFoundException", "Key '" + keyARN + "' does not exist", []string{"no such key"}, []string{"Region"},
		},
		"a fault of KMS that the retries did not outlast": {
			grant, "KMSInternalException", "", []string{"KMSInternalException"}, []string{"un again"},
		},
		"an AWS managed key behind an AMI, with an ASCII apostrophe": {
			share, "InvalidParameter", "Snapshots encrypted with the AWS Managed CMK can't be shared. Specify another snapshot.", []string{"aws/ebs"}, []string{"customer managed key"},
		},
		"an encrypted AMI made public": {
			share, "UnsupportedOperation", "Encrypted snapshots can\u2019t be shared publicly. Specify another snapshot.", []string{"can't be public"}, []string{"organizations"},
		},
		"an encrypted snapshot made public": {
			Act{Action: "ec2:ModifySnapshotAttribute"}, "OperationNotPermitted", "Encrypted snapshots cannot be shared publicly", []string{"can't be public"}, []string{"organizations"},
		},
		"a public AMI where there may be none": {
			share, "OperationNotPermitted", "You can't publicly share this image because block public access for AMIs is enabled for this account.", []string{"blocks public AMIs"}, []string{"organizations"},
		},
		"an organization's ARN that is none": {
			share, "InvalidAMIAttributeItemValue", `Invalid attribute item value "arn:aws:organizations::1:account/o-1" for OrganizationArn item type.`, []string{"account/o-1"}, []string{":organization/o-…"},
		},
		"an AMI shared too often": {
			share, "ResourceLimitExceeded", "You have reached your quota", []string{"quota"}, []string{"1,000", "AMI sharing"},
		},
		"an AMI that is gone": {
			share, "InvalidAMIID.NotFound", "The image id '[ami-1]' does not exist", []string{"gone, or not visible"}, []string{"owner"},
		},
		"an AMI that was deregistered": {
			share, "InvalidAMIID.Unavailable", "The image id '[ami-1]' is no longer available", []string{"no longer available"}, []string{"owner"},
		},
		"an id that is none": {
			share, "InvalidAMIID.Malformed", `Invalid id: "x" (expecting "ami-...")`, []string{"expecting"}, []string{"ami-0123456789abcdef0"},
		},
		"a snapshot of somebody else": {
			Act{Action: "ec2:ModifySnapshotAttribute"}, "InvalidSnapshot.NotFound", "The snapshot 'snap-x' does not exist.", []string{"only the snapshot's owner"}, []string{"owns the snapshot"},
		},
		"a suffix that the service does not take": {
			Act{Action: "iam:CreateServiceLinkedRole"}, "InvalidInput", "Custom suffix is not allowed for spot.amazonaws.com", []string{"no suffix"}, []string{"service_linked_roles"},
		},
		"an account full of roles": {
			Act{Action: "iam:CreateServiceLinkedRole"}, "LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000.", []string{"as many roles"}, []string{"Roles per account"},
		},
		"a group whose role is not ready": {
			Act{Action: "autoscaling:UpdateAutoScalingGroup"}, "ServiceLinkedRoleFailure", "The service-linked role is not ready.", []string{"not ready"}, []string{"in a minute"},
		},
		"a group that is busy": {
			Act{Action: "autoscaling:UpdateAutoScalingGroup"}, "ScalingActivityInProgress", "Busy.", []string{"Busy"}, []string{"at rest"},
		},
		"an error that nobody has met": {
			share, "SomethingNew", "A thing happened.", []string{"A thing happened"}, []string{"request id"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := Error(&smithy.GenericAPIError{Code: tt.code, Message: tt.message}, tt.act)
			if got.Code != tt.code || got.Scope != tt.act.Scope || got.Doing != tt.act.Doing {
				t.Errorf("got %+v", got)
			}
			contains(t, "cause", got.Cause, tt.cause)
			contains(t, "remedy", got.Remedy, tt.remedies)
			hasOneVoice(t, got)
		})
	}
}

func contains(t *testing.T, what, text string, parts []string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("the %s lacks %q:\n%s", what, part, text)
		}
	}
}

func TestDiagnoseWithoutAnAnswer(t *testing.T) {
	for name, tt := range map[string]struct {
		err   error
		cause string
	}{
		"a host that takes no connection":  {&net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}, "AWS could not be reached: connection refused"},
		"a proxy that takes no connection": {&net.OpError{Op: "proxyconnect", Net: "tcp", Err: errors.New("connection refused")}, "AWS could not be reached: connection refused"},
		"a certificate of a proxy's own":   {&tls.CertificateVerificationError{Err: errors.New("x509: unknown authority")}, "the TLS certificate that came instead of AWS's is not trusted: x509: unknown authority"},
		"no answer in time":                {context.DeadlineExceeded, "AWS did not answer in time"},
		"an interrupted run":               {context.Canceled, "the run was interrupted"},
		"anything else":                    {errors.New("odd"), "odd"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Error(tt.err, Act{Doing: "looking"})
			if diff := cmp.Diff(tt.cause, got.Cause); diff != "" || got.Code != "" {
				t.Errorf("cause (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheTroubleshootingGuideKnowsEveryRefusal(t *testing.T) {
	guide, err := os.ReadFile("../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range rules() {
		words := rule.codes
		if rule.contains != "" {
			words = append(words, rule.contains)
		}
		if !slices.ContainsFunc(words, func(word string) bool { return strings.Contains(string(guide), word) }) {
			t.Errorf("none of %q is in docs/troubleshooting.md", words)
		}
	}
}

func TestRoleOf(t *testing.T) {
	for caller, want := range map[string]string{
		"arn:aws-cn:sts::111111111111:assumed-role/ci/session": "arn:aws-cn:iam::111111111111:role/ci",
		"arn:aws:sts::111111111111:federated-user/me":          "arn:aws:sts::111111111111:federated-user/me",
		"arn:aws:iam::111111111111:user/ci":                    "arn:aws:iam::111111111111:user/ci",
		"nobody":                                               "nobody",
	} {
		if got := roleOf(caller); got != want {
			t.Errorf("%s: got %q, want %q", caller, got, want)
		}
	}
}

// Auto Scaling's own words: https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-capacity.html
func TestWhatALaunchThatFailedSaysOfTheAMI(t *testing.T) {
	for message, want := range map[string]struct {
		cause string
		open  bool
	}{
		"We currently do not have sufficient t3.micro capacity in the Availability Zone you requested (us-east-1a). Launching EC2 instance failed.":                                           {"AWS has no room", true},
		"Your requested instance type (t3.micro) is not supported in your requested Availability Zone (us-east-1e). Launching EC2 instance failed.":                                           {"AWS has no such instances there", true},
		"You have requested more vCPU capacity than your current vCPU limit of 0 allows for the instance bucket that the specified instance type belongs to. Launching EC2 instance failed.":  {"a quota of the account is used up", true},
		"There are not enough free addresses in subnet 'subnet-1' to satisfy the requested number of instances. Launching EC2 instance failed.":                                               {"the subnet has no free address", true},
		"20 instance(s) are already running. Launching EC2 instance failed.":                                                                                                                  {"a quota of the account is used up", true},
		"The instance type t3.micro is not supported by the image ami-1. Launching EC2 instance failed.":                                                                                      {"the instance type and the AMI don't fit", false},
		"Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: Client.InternalError: Client error on launch":                                     {"EC2 may not use a key", false},
		"Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state": {"a key of the volumes is not enabled, or EC2 may not use it", false},
		"no instance is in service after 10m0s": {"no instance is in service", false},
	} {
		cause, remedy, open := Launch(message, "arn:aws:iam::222222222222:role/x")
		if !strings.HasPrefix(cause, want.cause) || open != want.open || remedy == "" {
			t.Errorf("%s:\n%q, %q, open %v", message, cause, remedy, open)
		}
	}
}
