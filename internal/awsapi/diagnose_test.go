// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

// What AWS refuses is told over the wire, in the form of each protocol: by a world that lacks a piece, or by an error on
// request where a world can't be made that way.
func TestDiagnosesOverHTTP(t *testing.T) {
	fault := func(action, code, message string) func(*awssim.World) {
		return func(w *awssim.World) {
			w.Faults = []awssim.Fault{{Action: action, Code: code, Message: message, Status: 400}}
		}
	}
	do := func(change plan.Change) func(context.Context, *Client) error {
		return func(ctx context.Context, c *Client) error { _, err := c.Do(ctx, change); return err }
	}
	grant := do(grantIn(target, keyVirginia))
	group := do(plan.SetGroupRole{Account: target, Region: virginia, Group: "web", RoleARN: granteeID + "_web", Previous: granteeID})
	enter := func(ctx context.Context, c *Client) error {
		if problem := c.Enter(ctx, target); problem != nil {
			return *problem
		}
		return nil
	}
	for name, tt := range map[string]struct {
		world func(*awssim.World)
		do    func(context.Context, *Client) error
		want  []string
	}{
		"a disabled key": {
			func(w *awssim.World) { w.Accounts[0].Keys[1].State = "Disabled" }, grant,
			[]string{"(account 222222222222, us-east-1): DisabledException", "aws kms enable-key --region us-east-1 --key-id " + keyVirginia},
		},
		"a grantee that does not exist": {
			func(w *awssim.World) { w.Accounts[1].ServiceLinkedRoles = nil }, grant, []string{"InvalidArnException: KMS knows no role " + granteeID},
		},
		"a role without permissions": {
			func(w *awssim.World) { w.Accounts[1].Roles[0].Policies = nil }, grant,
			[]string{"AccessDeniedException: arn:aws:iam::222222222222:role/sharing/ami-share is not allowed kms:CreateGrant", "The identity policy of arn:aws:iam::222222222222:role/sharing/ami-share needs", `"Resource": "` + keyVirginia},
		},
		"a role without permission to launch what the group does": {
			func(w *awssim.World) {
				withGroup(w)
				w.Accounts[1].Roles[0].Policies = []json.RawMessage{json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"autoscaling:*","Resource":"*"}]}`)}
			}, group,
			[]string{roleARN + " may not launch", "not authorized to use launch template: lt-", `"ec2:RunInstances"`, `"arn:aws:ec2:*:*:launch-template/*"`},
		},
		"a role without permission to pass a role": {
			func(w *awssim.World) {
				withGroup(w)
				w.Accounts[1].Roles[0].Policies = []json.RawMessage{json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["autoscaling:*","ec2:RunInstances"],"Resource":"*"}]}`)}
			}, group,
			[]string{roleARN + " does not allow iam:PassRole", `"iam:PassRole"`, granteeID + "_web"},
		},
		"a trust policy that denies": {
			func(w *awssim.World) {
				w.Accounts[1].Roles[0].TrustPolicy = json.RawMessage(strings.Replace(sourceTrust, `"Allow"`, `"Deny"`, 1))
			}, enter,
			[]string{"AccessDenied: arn:aws:iam::111111111111:user/ci is denied sts:AssumeRole by the trust policy of " + roleARN, "No Allow helps"},
		},
		"a source that may change no AMIs": {
			func(w *awssim.World) {
				w.Accounts[0].Users[0].Policies = []json.RawMessage{json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}]}`)}
			}, do(share(target)),
			[]string{"(us-east-1): UnauthorizedOperation", "arn:aws:iam::111111111111:user/ci does not allow ec2:ModifyImageAttribute", `"Resource": "arn:aws:ec2:us-east-1::image/` + imageVirginia.ID},
		},
		"an AMI of somebody else": {
			nil, func(ctx context.Context, c *Client) error {
				if _, err := c.Do(ctx, share(target)); err != nil {
					return err
				}
				_, err := c.EC2(clients.Place{Account: target, Region: virginia}).DescribeImageAttribute(ctx, &ec2.DescribeImageAttributeInput{ImageId: &imageVirginia.ID, Attribute: "launchPermission"})
				return diagnose.Error(err, diagnose.Act{Action: "ec2:DescribeImageAttribute"})
			}, []string{"owns the AMI", "the credentials of the account"},
		},
		"an AWS managed key, as EC2 says it of AMIs": {
			fault("ec2:ModifyImageAttribute", "InvalidParameter", "Snapshots encrypted with the AWS Managed CMK can\u2019t be shared. Specify another snapshot."), do(share(target)),
			[]string{"aws/ebs", "region_kms_key_ids"},
		},
		"a key full of grants": {
			fault("kms:CreateGrant", "LimitExceededException", ""), grant, []string{"LimitExceededException: the key holds as many grants", "Grants per KMS key"},
		},
		"a role that may not be looked for": {
			func(w *awssim.World) { w.Accounts[1].Roles[0].Policies = nil }, func(ctx context.Context, c *Client) error {
				look := &targetLook{Client: c, target: sharing.Target{Account: target}}
				look.role(ctx, autoscalingRole)
				return look.problems.Items[0]
			}, []string{"looking for the role " + granteeID, "AccessDenied", `"arn:aws:iam::222222222222:role/AWSServiceRoleForAutoScaling"`},
		},
		"an error that nobody has met": {
			fault("kms:CreateGrant", "NovelException", "A thing happened."), grant, []string{"NovelException: A thing happened (request id "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			if tt.world != nil {
				s = start(t, tt.world)
			}
			err := tt.do(t.Context(), s.client(Options{}))
			if err == nil {
				t.Fatal("AWS took it")
			}
			contains(t, "error", err.Error(), tt.want)
		})
	}
}

func TestARoleThatIsTakenAwayDuringTheRun(t *testing.T) {
	w := newWire(t, map[string]func(int) (int, string){
		"AssumeRole":  answers(403, assumed, queryError("AccessDenied", "User: arn:aws:iam::111111111111:user/ci is not authorized to perform: sts:AssumeRole on resource: "+roleARN)),
		"CreateGrant": answers(400, `{"__type":"ExpiredTokenException","message":"expired"}`),
	})
	c := New(clients.New(w.config(), map[sharing.AccountID]clients.TargetCredentials{target: {Role: &clients.AssumeRole{RoleARN: roleARN}}}, clients.Options{}), Options{})
	effect, err := c.Do(t.Context(), someGrant)
	var problem sharing.Problem
	if !errors.As(err, &problem) || effect != (plan.Effect{}) || problem.Code != "AccessDenied" {
		t.Fatalf("got %+v, %v", effect, err)
	}
	contains(t, "error", err.Error(), []string{"granting key", "the role " + roleARN + " can't be assumed any more", "is not authorized to perform: sts:AssumeRole"})
}

func TestASourceThatExpiresDuringTheRunIsNotAskedAgainAndAgain(t *testing.T) {
	w := newWire(t, map[string]func(int) (int, string){
		"AssumeRole":  answers(400, assumed, queryError("ExpiredToken", "The security token included in the request is expired")),
		"CreateGrant": answers(400, kmsError("ExpiredTokenException")),
	})
	c := New(clients.New(w.config(), map[sharing.AccountID]clients.TargetCredentials{target: {Role: &clients.AssumeRole{RoleARN: roleARN}}}, clients.Options{MaxRetries: 3}), Options{})
	_, err := c.Do(t.Context(), someGrant)
	if err == nil || len(w.of("AssumeRole")) != 2 || len(w.of("CreateGrant")) != 1 {
		t.Fatalf("%d calls of AssumeRole, %d of CreateGrant, then %v", len(w.of("AssumeRole")), len(w.of("CreateGrant")), err)
	}
	contains(t, "error", err.Error(), []string{"ExpiredToken: the source account's credentials have expired"})
}

func TestASecretThatAWSRepeatsIsNotTold(t *testing.T) {
	const text = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.\n\n" +
		"The Canonical String for this request should have been\n'POST\n/\n\nx-amz-security-token:FQoGZXIvYXdzEXAMPLE"
	for _, code := range []string{"SignatureDoesNotMatch", "SomethingNew"} {
		w := newWire(t, map[string]func(int) (int, string){"CreateGrant": answers(403, `{"__type":"`+code+`","message":`+quoted(t, text)+`}`)})
		_, err := inTarget(w, clients.Options{}).Do(t.Context(), someGrant)
		if err == nil || strings.Contains(err.Error(), "FQoG") || !strings.Contains(err.Error(), "Check your AWS Secret Access Key") {
			t.Errorf("%s: %v", code, err)
		}
	}
}

func quoted(t *testing.T, s string) string {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestACertificateThatNobodyVouchesFor(t *testing.T) {
	server := httptest.NewUnstartedServer(newWire(t, nil))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // that handshakes fail is what is tested
	server.StartTLS()
	defer server.Close()
	config := newWire(t, nil).config()
	config.BaseEndpoint = aws.String(server.URL)
	c := New(clients.New(config, nil, clients.Options{}), Options{})
	_, err := c.EC2(clients.Place{Region: "eu-central-1"}).DescribeImages(t.Context(), &ec2.DescribeImagesInput{})
	if err == nil || diagnose.Unknown(err) || c.Stats().Retries > traffic.DialAttempts-1 {
		t.Errorf("%v after %d retries", err, c.Stats().Retries)
	}
	problem := diagnose.Error(err, diagnose.Act{})
	contains(t, "error", problem.Error(), []string{"certificate", "not trusted", "AWS_CA_BUNDLE"})
}
