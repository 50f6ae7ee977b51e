package awsapi

import (
	"context"
	"errors"
	"net"
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
	grant := act{
		scope: sharing.Scope{Account: "222222222222", Region: "eu-central-1"}, doing: "granting", action: "kms:CreateGrant", resource: keyARN,
		principal: roleARN, grantee: granteeID, operations: []string{"Decrypt"},
	}
	assume := act{
		scope: sharing.Scope{Account: "222222222222"}, doing: "assuming", action: "sts:AssumeRole", resource: roleARN, externalID: "s3cret",
	}
	share := act{
		scope: sharing.Scope{Region: "eu-central-1"}, doing: "sharing", action: "ec2:ModifyImageAttribute",
		resource: "arn:aws:ec2:eu-central-1::image/ami-1",
	}
	for name, tt := range map[string]struct {
		act             act
		code, message   string
		cause, remedies []string
	}{
		"a trust policy that does not let the caller in, or no such role": {
			assume, "AccessDenied", "User: arn:aws:sts::111111111111:assumed-role/ci/build is not authorized to perform: sts:AssumeRole on resource: " + roleARN,
			[]string{"does not tell which", "does not exist", `with external id "s3cret"`, "arn:aws:iam::111111111111:role/ci may not assume it"},
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
			assume, "RegionDisabledException", "STS is not activated in this region", []string{"not enabled"}, []string{"222222222222", "opt-in"},
		},
		"credentials that have expired": {
			share, "ExpiredToken", "The security token included in the request is expired", []string{"expired"}, []string{"run again"},
		},
		"a key policy that does not let another account in": {
			grant, "AccessDeniedException", "User: " + session1 + " is not authorized to perform: kms:CreateGrant on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access",
			[]string{roleARN + " is not allowed kms:CreateGrant", "key policy and the role's own policy", "kms:GrantIsForAWSResource", "no such key"},
			[]string{"the policy of key " + keyARN, `"kms:GranteePrincipal": "` + granteeID, `"kms:GrantOperations"`, "the identity policy of " + roleARN, `"Resource": "` + keyARN},
		},
		"an identity policy that lacks the grant": {
			grant, "AccessDeniedException", "User: " + session1 + " is not authorized to perform: kms:CreateGrant on resource: " + keyARN + " because no identity-based policy allows the kms:CreateGrant action",
			[]string{"the identity policy of " + roleARN + " does not allow kms:CreateGrant"},
			[]string{`"Action": "kms:CreateGrant"`},
		},
		"a key policy of the caller's own account that lacks it": {
			grant, "AccessDeniedException", "User: " + session1 + " is not authorized to perform: kms:CreateGrant on resource: " + keyARN + " because no resource-based policy allows the kms:CreateGrant action",
			[]string{"the key policy does not allow"},
			[]string{"the policy of key " + keyARN},
		},
		"a session policy that leaves it out": {
			grant, "AccessDeniedException", "User: x is not authorized to perform: kms:CreateGrant on resource: y because no session policy allows the kms:CreateGrant action",
			[]string{"session policy"},
			[]string{"policy_arns"},
		},
		"a service control policy that denies": {
			grant, "AccessDeniedException", "User: x is not authorized to perform: kms:CreateGrant on resource: y with an explicit deny in a service control policy",
			[]string{"denied kms:CreateGrant by a service control policy"},
			[]string{"no Allow helps"},
		},
		"a grantee that KMS does not know": {
			grant, "InvalidArnException", "ARN does not refer to a valid principal: " + granteeID, []string{"KMS knows no role " + granteeID}, []string{"run again"},
		},
		"a key full of grants": {
			grant, "LimitExceededException", "", []string{"50,000"}, []string{"Grants per KMS key"},
		},
		"a disabled key": {
			grant, "DisabledException", keyARN + " is disabled.", []string{"is disabled"}, []string{"enable-key"},
		},
		"an AWS managed key behind an image": {
			share, "InvalidParameter", "Snapshots encrypted with the AWS Managed CMK can\u2019t be shared. Specify another snapshot.",
			[]string{"aws/ebs"},
			[]string{"customer managed key", "region_kms_key_ids"},
		},
		"an AWS managed key behind a snapshot": {
			act{action: "ec2:ModifySnapshotAttribute"},
			"OperationNotPermitted", "Encrypted snapshots with EBS default key cannot be shared",
			[]string{"aws/ebs"},
			[]string{"customer managed key"},
		},
		"an account that does not exist": {
			share, "InvalidAMIAttributeItemValue", `Invalid attribute item value "999999999999" for userId item type.`, []string{"999999999999"}, []string{"exists"},
		},
		"an image of somebody else": {
			share, "AuthFailure", "Not authorized for image:ami-1", []string{"only the image's owner"}, []string{"owns the image"},
		},
		"no permission in EC2": {
			share, "UnauthorizedOperation", "You are not authorized to perform this operation. User: arn:aws:iam::111111111111:user/ci is not authorized to perform: ec2:ModifyImageAttribute on resource: arn:aws:ec2:eu-central-1::image/ami-1 because no identity-based policy allows the ec2:ModifyImageAttribute action. Encoded authorization failure message: abc",
			[]string{"arn:aws:iam::111111111111:user/ci is not allowed ec2:ModifyImageAttribute"},
			[]string{`"Resource": "arn:aws:ec2:eu-central-1::image/ami-1"`},
		},
		"no permission to pass the role to a group": {
			act{action: "autoscaling:UpdateAutoScalingGroup", grantee: granteeID, principal: roleARN},
			"AccessDenied",
			"User: x is not authorized to perform: iam:PassRole on resource: y",
			[]string{"may not pass"},
			[]string{`"iam:PassRole"`, granteeID},
		},
		"throttling that the retries did not outlast": {
			share, "RequestLimitExceeded", "Request limit exceeded.", []string{"throttles"}, []string{"max_concurrency", "max_retries"},
		},
		"an error that nobody has met": {
			share, "SomethingNew", "A thing happened.", []string{"A thing happened."}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := diagnose(&smithy.GenericAPIError{Code: tt.code, Message: tt.message}, tt.act)
			if got.Code != tt.code || got.Scope != tt.act.scope || got.Doing != tt.act.doing {
				t.Errorf("got %+v", got)
			}
			contains(t, "cause", got.Cause, tt.cause)
			contains(t, "remedy", got.Remedy, tt.remedies)
			if tt.remedies == nil && got.Remedy != "" {
				t.Errorf("a remedy out of nowhere: %s", got.Remedy)
			}
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
		"a host that takes no connection": {&net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}, "AWS could not be reached: connection refused"},
		"no answer in time":               {context.DeadlineExceeded, "AWS did not answer in time"},
		"an interrupted run":              {context.Canceled, "the run was interrupted"},
		"anything else":                   {errors.New("odd"), "odd"},
	} {
		t.Run(name, func(t *testing.T) {
			got := diagnose(tt.err, act{doing: "looking"})
			if diff := cmp.Diff(tt.cause, got.Cause); diff != "" || got.Code != "" {
				t.Errorf("cause (-want +got):\n%s", diff)
			}
		})
	}
}

func TestKeyIDIn(t *testing.T) {
	for name, tt := range map[string]struct{ id, want, cause string }{
		"an id":                                  {id: "1234abcd", want: "1234abcd"},
		"an ARN of the region":                   {id: keyARN, want: keyARN},
		"an ARN of another region":               {id: "arn:aws:kms:us-east-1:111111111111:key/1234abcd", cause: "not a multi-Region key"},
		"a replica's ARN of another region":      {id: "arn:aws:kms:us-east-1:111111111111:key/mrk-1234", want: "arn:aws:kms:eu-central-1:111111111111:key/mrk-1234"},
		"an alias":                               {id: "alias/ami-sharing", want: "alias/ami-sharing"},
		"an alias's ARN of another region":       {id: "arn:aws-cn:kms:cn-north-1:111111111111:alias/x", want: "arn:aws-cn:kms:eu-central-1:111111111111:alias/x"},
		"the alias of an AWS managed key":        {id: "alias/aws/ebs", cause: "AWS managed key"},
		"the alias's ARN of an AWS managed key":  {id: "arn:aws:kms:eu-central-1:111111111111:alias/aws/ebs", cause: "AWS managed key"},
		"an ARN of something else":               {id: "arn:aws:iam::111111111111:role/x", cause: "not the ARN of a KMS key"},
		"something that only begins like an ARN": {id: "arn:aws:kms", cause: "is not an ARN"},
	} {
		t.Run(name, func(t *testing.T) {
			got, problem := keyIDIn("eu-central-1", tt.id)
			if got != tt.want || (problem != nil) != (tt.cause != "") {
				t.Fatalf("got %q, %v", got, problem)
			}
			if problem != nil {
				contains(t, "cause", problem.Cause, []string{tt.cause})
			}
		})
	}
}
