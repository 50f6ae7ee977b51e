// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// What no SDK would send is sent by hand.

// wires are the services as clients write to them.
var wires = map[string]struct{ signedFor, version, target string }{
	"ec2":           {signedFor: "ec2", version: "2016-11-15"},
	"sts":           {signedFor: "sts", version: "2011-06-15"},
	"iam":           {signedFor: "iam", version: "2010-05-08"},
	"autoscaling":   {signedFor: "autoscaling", version: "2011-01-01"},
	"kms":           {signedFor: "kms", target: "TrentService"},
	"organizations": {signedFor: "organizations", target: "AWSOrganizationsV20161128"},
	"ssm":           {signedFor: "ssm", target: "AmazonSSM"},
	"tag":           {signedFor: "tagging", target: "ResourceGroupsTaggingAPI_20170126"},
}

// request is a signed call of an action, such as kms:ListKeys, with a form in the query protocol, or with JSON.
func (f *fixture) request(t *testing.T, action, body string, change ...func(*http.Request)) *http.Request {
	t.Helper()
	service, name, _ := strings.Cut(action, ":")
	wire := wires[service]
	if wire.target == "" {
		if !strings.Contains(body, "Version=") {
			body = strings.TrimSuffix("Version="+wire.version+"&"+body, "&")
		}
		body = "Action=" + name + "&" + body
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.url, strings.NewReader(body))
	must(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if wire.target != "" {
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", wire.target+"."+name)
	}
	for _, c := range change {
		c(r)
	}
	sum := sha256.Sum256([]byte(body))
	signer := aws.Credentials{AccessKeyID: administrator, SecretAccessKey: f.secrets[administrator]}
	must(t, v4.NewSigner().SignHTTP(t.Context(), signer, r, hex.EncodeToString(sum[:]), wire.signedFor, home, time.Now()))
	return r
}

// send sends a request and returns status and body of the answer.
func send(t *testing.T, r *http.Request) (int, string) {
	t.Helper()
	answer, err := http.DefaultClient.Do(r)
	must(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must(t, err)
	return answer.StatusCode, string(text)
}

// mustRefuse wants a 4xx and a message with a word in it.
func mustRefuse(t *testing.T, what string, r *http.Request, word string) {
	t.Helper()
	status, body := send(t, r)
	if status < 400 || status > 499 || !strings.Contains(body, word) {
		t.Errorf("%s: %d without %q: %s", what, status, word, body)
	}
}

func allActions() []string {
	actions := awssim.CoreActions()
	for _, action := range awssim.EC2Actions() {
		actions = append(actions, "ec2:"+action)
	}
	for _, action := range awssim.AutoScalingActions() {
		actions = append(actions, "autoscaling:"+action)
	}
	return actions
}

func TestEveryActionRefusesWhatItDoesNotKnow(t *testing.T) {
	f := start(t, computeWorld(t))
	for _, action := range allActions() {
		service, _, _ := strings.Cut(action, ":")
		unknown := "Colour=red"
		if wires[service].target != "" {
			unknown = `{"Colour":"red"}`
		}
		mustRefuse(t, action+" with an unknown parameter", f.request(t, action, unknown), "Colour")
		if parameters := awssim.Parameters(action); slices.Contains(parameters, "Filter.N.Name") {
			mustRefuse(t, action+" with an unknown filter", f.request(t, action, "Filter.1.Name=colour&Filter.1.Value.1=red"), "colour")
		}
		if parameters := awssim.Parameters(action); slices.Contains(parameters, "DryRun") {
			mustRefuse(t, action+" with a flag that is none", f.request(t, action, "DryRun=perhaps"), "perhaps")
		}
	}
	for service, wire := range wires {
		mustRefuse(t, "an action that "+service+" does not know", f.request(t, service+":PaintItRed", "{}"), "PaintItRed")
		if wire.version != "" {
			r := f.request(t, service+":X", "")
			mustRefuse(t, "another version of "+service, f.request(t, service+":X", "Version=1999"), "1999")
			r.Method = http.MethodGet
			mustRefuse(t, "GET", r, "POST")
		}
	}
}

func TestParametersThatWouldGoUnseen(t *testing.T) {
	const modify, describe = "ec2:ModifyImageAttribute", "ec2:DescribeImageAttribute"
	for sentence, test := range map[string]struct{ action, body, word string }{
		"an attribute to modify that no image has":      {modify, "ImageId=ami-cmk&Attribute=colour&Value=red", "colour"},
		"an attribute to describe that no image has":    {describe, "ImageId=ami-cmk&Attribute=colour", "colour"},
		"an attribute to reset that no image has":       {"ec2:ResetImageAttribute", "ImageId=ami-cmk&Attribute=colour", "colour"},
		"an attribute to modify that no snapshot has":   {"ec2:ModifySnapshotAttribute", "SnapshotId=snap-cmk&Attribute=colour", "colour"},
		"an attribute to describe that no snapshot has": {"ec2:DescribeSnapshotAttribute", "SnapshotId=snap-cmk&Attribute=colour", "colour"},
		"an attribute to reset that no snapshot has":    {"ec2:ResetSnapshotAttribute", "SnapshotId=snap-cmk&Attribute=colour", "colour"},
		"a list with a gap":                             {modify, "ImageId=ami-cmk&Attribute=launchPermission&OperationType=add&UserId.1=222222222222&UserId.3=333333333333", "UserId.3"},
		"a list that begins with 0":                     {modify, "ImageId=ami-cmk&Attribute=launchPermission&OperationType=add&UserId.0=222222222222", "UserId.0"},
		"a structure after a gap":                       {modify, "ImageId=ami-cmk&LaunchPermission.Add.2.UserId=222222222222", "LaunchPermission.Add.2.UserId"},
		"a parameter twice":                             {modify, "ImageId=ami-cmk&ImageId=ami-plain&Description.Value=x", "ImageId"},
		"a body that is no form":                        {describe, "%zz", "%zz"},
		"a body that is no JSON":                        {"kms:DescribeKey", "{", "unexpected"},
		"a number that is none":                         {"ec2:DescribeImages", "MaxResults=many", "many"},
		"a policy with a condition that is not decided": {"iam:PutRolePolicy", "RoleName=ship&PolicyName=p&PolicyDocument=" + url.QueryEscape(
			allow(`"ec2:*"`, `,"Condition":{"StringEquals":{"aws:UserAgent":"x"}}`)), "aws:useragent"},
		"a variable in a policy that is not filled in": {"iam:CreatePolicy", "PolicyName=p&PolicyDocument=" + url.QueryEscape(
			strings.Replace(allow(`"ec2:*"`, ""), `"*"}`, `"arn:aws:ec2:*:${aws:ResourceAccount}:volume/*"}`, 1)), "aws:resourceaccount"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			world := computeWorld(t)
			world.Accounts[0].Roles = []awssim.WorldRole{{Name: "ship", TrustPolicy: []byte(trust("arn:aws:iam::" + source + ":root"))}}
			f := start(t, world)
			mustRefuse(t, sentence, f.request(t, test.action, test.body), test.word)
		})
	}
}

// TestSignaturesCoverTheRequest changes a request after it was signed.
func TestSignaturesCoverTheRequest(t *testing.T) {
	f := start(t, computeWorld(t))
	for sentence, change := range map[string]func(*http.Request){
		"another body": func(r *http.Request) {
			body := "Action=DescribeSubnets&Version=2016-11-15"
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		},
		"another host":                     func(r *http.Request) { r.Host = "ec2.eu-west-1.amazonaws.com" },
		"an x-amz- header that came later": func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "x") },
		"another date":                     func(r *http.Request) { r.Header.Set("X-Amz-Date", "20200101T000000Z") },
		"another Region in the credential": func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), home, away, 1))
		},
		"no signature":                func(r *http.Request) { r.Header.Del("Authorization") },
		"a signature of another kind": func(r *http.Request) { r.Header.Set("Authorization", "Basic eDp5") },
	} {
		r := f.request(t, "ec2:DescribeVpcs", "")
		change(r)
		if status, body := send(t, r); status != http.StatusUnauthorized && status != http.StatusForbidden {
			t.Errorf("%s: %d %s", sentence, status, body)
		}
	}
	if status, body := send(t, f.request(t, "ec2:DescribeVpcs", "")); status != http.StatusOK {
		t.Errorf("the request as it is: %d %s", status, body)
	}
}
