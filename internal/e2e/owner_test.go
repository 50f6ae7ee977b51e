// SPDX-License-Identifier: MPL-2.0

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"regexp"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/rogpeppe/go-internal/testscript"
)

// deprecate REGION AMI DAYS: the owner of an AMI has it deprecated in so many days.
func deprecate(ts *testscript.TestScript, neg bool, args []string) {
	days, err := strconv.Atoi(args[2])
	ts.Check(err)
	_, err = ec2.NewFromConfig(owner(ts, args[0])).EnableImageDeprecation(context.Background(), &ec2.EnableImageDeprecationInput{
		ImageId: &args[1], DeprecateAt: aws.Time(time.Now().AddDate(0, 0, days)),
	})
	ts.Check(err)
}

// owner is the source account.
func owner(ts *testscript.TestScript, region string) aws.Config {
	return Config(of(ts).url, "AKIAEXAMPLEPACKER", "an-example-secret-of-packer", region)
}

// cancels ACCOUNT REGION AMI 'ACTION [field=value]...' packer ARGS...: runs packer, and when such a call is first made, an account gives up
// its launch permission. In a late world minutes go by after that too, so that the account sees it. What packer prints is in the files
// stdout.txt and stderr.txt. It has to fail.
func cancels(ts *testscript.TestScript, neg bool, args []string) {
	account, region, image := args[0], args[1], args[2]
	config := admin(ts, account, region)
	var failed error
	stopped(ts, args[3:], func(int) error {
		_, failed = ec2.NewFromConfig(config).CancelImageLaunchPermission(context.Background(), &ec2.CancelImageLaunchPermissionInput{ImageId: &image})
		settle(ts)
		return failed
	})
	ts.Check(failed)
}

// admit ACCOUNT REGION FILE: an account's Allowed AMIs setting is enabled, with the criteria of a file as the AWS CLI takes it.
func admit(ts *testscript.TestScript, neg bool, args []string) {
	text, err := os.ReadFile(ts.MkAbs(args[2]))
	ts.Check(err)
	var criteria []types.ImageCriterionRequest
	reading := json.NewDecoder(bytes.NewReader(text))
	reading.DisallowUnknownFields()
	ts.Check(reading.Decode(&criteria))
	client, ctx := ec2.NewFromConfig(admin(ts, args[0], args[1])), context.Background()
	_, err = client.ReplaceImageCriteriaInAllowedImagesSettings(ctx, &ec2.ReplaceImageCriteriaInAllowedImagesSettingsInput{ImageCriteria: criteria})
	ts.Check(err)
	_, err = client.EnableAllowedImagesSettings(ctx, &ec2.EnableAllowedImagesSettingsInput{AllowedImagesSettingsState: types.AllowedImagesSettingsEnabledStateEnabled})
	ts.Check(err)
}

// scale ACCOUNT REGION GROUP PATTERN: a group that uses the default version of its launch template gets an instance, and that ends as the pattern
// says. Nobody names an AMI.
func scale(ts *testscript.TestScript, neg bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	got, err := Scale(ctx, admin(ts, args[0], args[1]), args[2], "$Default")
	if err != nil {
		got = err.Error()
	}
	if !regexp.MustCompile(args[3]).MatchString(got) {
		ts.Fatalf("the group %s of account %s in %s ended with %q, which does not match %q", args[2], args[0], args[1], got, args[3])
	}
}
