// SPDX-License-Identifier: MPL-2.0

package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/rogpeppe/go-internal/testscript"
)

// TestExamples runs the templates below example/ as they stand, each by the script that is named like its folder.
func TestExamples(t *testing.T) { tell(t, scripts(t, filepath.Join("testdata", "examples")), story{}) }

// TestEachExampleHasATemplateAPageAndAStory keeps an example from going untested, or unexplained.
func TestEachExampleHasATemplateAPageAndAStory(t *testing.T) {
	folders, err := filepath.Glob(filepath.Join("..", "..", "example", "*", ""))
	if err != nil {
		t.Fatal(err)
	}
	index, err := os.ReadFile(filepath.Join("..", "..", "example", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, folder := range folders {
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			continue
		}
		seen++
		name := filepath.Base(folder)
		if templates, _ := filepath.Glob(filepath.Join(folder, "*.pkr.hcl")); len(templates) != 1 && !exists(filepath.Join(folder, "golden.json")) {
			t.Errorf("%s has %d templates, want one", folder, len(templates))
		}
		for _, file := range []string{filepath.Join(folder, "README.md"), filepath.Join("testdata", "examples", name+".txtar")} {
			if !exists(file) {
				t.Errorf("the example %s has no %s", name, file)
			}
		}
		if !strings.Contains(string(index), "("+name+"/README.md)") {
			t.Errorf("example/README.md does not lead to %s", name)
		}
	}
	if seen < 10 {
		t.Errorf("%d examples: are they found?", seen)
	}
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// start ACCOUNT REGION ROLE PATTERN: a role starts an instance of the AMI of manifest.json, as Karpenter's controller does, and
// the state and the reason of that instance match.
func start(ts *testscript.TestScript, neg bool, args []string) {
	account, region, role := args[0], args[1], args[2]
	image := builtImage(ts, region)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	config := Config(of(ts).url, "AKIAEXAMPLEOPS"+account[:3], "an-example-secret-of-ops", region)
	got, err := startAs(ctx, config, "arn:aws:iam::"+account+":role/"+role, image)
	if err != nil {
		got = err.Error()
	}
	if !regexp.MustCompile(args[3]).MatchString(got) {
		ts.Fatalf("the instance that %s of account %s started in %s is %q, which does not match %q", role, account, region, got, args[3])
	}
}

// startAs starts an instance with the credentials of a role, and returns its state with the reason.
func startAs(ctx context.Context, config aws.Config, role, image string) (string, error) {
	session, err := sts.NewFromConfig(config).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("start")})
	if err != nil {
		return "", fmt.Errorf("assuming %s: %w", role, err)
	}
	c := session.Credentials
	config.Credentials = credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
	instances := ec2.NewFromConfig(config)
	run, err := instances.RunInstances(ctx, &ec2.RunInstancesInput{ImageId: &image, InstanceType: "t3.micro", MinCount: aws.Int32(1), MaxCount: aws.Int32(1)})
	if err != nil {
		return "", fmt.Errorf("starting %s: %w", image, err)
	}
	id := *run.Instances[0].InstanceId
	for range 10 {
		described, err := instances.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{id}})
		if err != nil {
			return "", fmt.Errorf("looking at %s: %w", id, err)
		}
		if instance := described.Reservations[0].Instances[0]; instance.State.Name != "pending" {
			reason := ""
			if instance.StateReason != nil {
				reason = aws.ToString(instance.StateReason.Message)
			}
			return strings.TrimSpace(string(instance.State.Name) + " " + reason), nil
		}
	}
	return "", fmt.Errorf("the instance %s stays pending", id)
}
