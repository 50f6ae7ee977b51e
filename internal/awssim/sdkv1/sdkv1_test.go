// SPDX-License-Identifier: MPL-2.0

package sdkv1_test

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/awserr"
	"github.com/aws/aws-sdk-go/aws/credentials"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/ec2"
)

const (
	home   = "us-east-1"
	source = "111111111111"
	target = "222222222222"
)

// serve starts the local AWS with the world of testdata, and returns where it is: they meet on the wire only, so that this
// module need not know what the project depends on.
func serve(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "awssim")
	build := exec.CommandContext(t.Context(), "go", "build", "-C", filepath.Join("..", "cmd", "awssim"), "-o", program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the local AWS: %v\n%s", err, out)
	}
	local := exec.CommandContext(t.Context(), program, "-world", filepath.Join("testdata", "world.json"))
	local.Stderr = os.Stderr
	out, err := local.StdoutPipe()
	must(t, err)
	must(t, local.Start())
	t.Cleanup(func() {
		local.Process.Kill()
		local.Wait()
	})
	url, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	return strings.TrimSpace(url)
}

// client is a client of somebody in testdata.
func client(t *testing.T, url, accessKey string) *ec2.EC2 {
	t.Helper()
	s, err := session.NewSession(&aws.Config{
		Region: new(home), Endpoint: &url, MaxRetries: new(0),
		Credentials: credentials.NewStaticCredentials(accessKey, "secret of "+accessKey, ""),
	})
	must(t, err)
	return ec2.New(s)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestEC2WithSDKVersion1(t *testing.T) {
	url := serve(t)
	owner, recipient := client(t, url, "source-admin"), client(t, url, "target-admin")

	images, err := owner.DescribeImages(&ec2.DescribeImagesInput{
		Owners:  aws.StringSlice([]string{"self"}),
		Filters: []*ec2.Filter{{Name: new("name"), Values: aws.StringSlice([]string{"cmk"})}},
	})
	must(t, err)
	if len(images.Images) != 1 || !*images.Images[0].BlockDeviceMappings[0].Ebs.Encrypted || *images.Images[0].Tags[0].Value != "images" {
		t.Errorf("images %v", images.Images)
	}
	_, err = owner.ModifyImageAttribute(&ec2.ModifyImageAttributeInput{
		ImageId:          new("ami-cmk"),
		LaunchPermission: &ec2.LaunchPermissionModifications{Add: []*ec2.LaunchPermission{{UserId: new(target)}}},
	})
	must(t, err)
	attribute, err := owner.DescribeImageAttribute(&ec2.DescribeImageAttributeInput{ImageId: new("ami-cmk"), Attribute: new("launchPermission")})
	must(t, err)
	if got := attribute.LaunchPermissions; len(got) != 1 || *got[0].UserId != target {
		t.Errorf("launch permissions %v", got)
	}
	snapshots, err := owner.DescribeSnapshots(&ec2.DescribeSnapshotsInput{SnapshotIds: aws.StringSlice([]string{"snap-cmk"})})
	must(t, err)
	if key := *snapshots.Snapshots[0].KmsKeyId; !strings.HasPrefix(key, "arn:aws:kms:"+home+":"+source+":key/") {
		t.Errorf("key %q", key)
	}
	launched, err := recipient.RunInstances(&ec2.RunInstancesInput{ImageId: new("ami-cmk"), MinCount: aws.Int64(1), MaxCount: aws.Int64(1)})
	must(t, err)
	must(t, recipient.WaitUntilInstanceRunning(&ec2.DescribeInstancesInput{InstanceIds: []*string{launched.Instances[0].InstanceId}}))

	_, err = recipient.ModifyImageAttribute(&ec2.ModifyImageAttributeInput{
		ImageId: new("ami-cmk"), DryRun: new(true),
		LaunchPermission: &ec2.LaunchPermissionModifications{Add: []*ec2.LaunchPermission{{UserId: new(source)}}},
	})
	var refused awserr.RequestFailure
	if !errors.As(err, &refused) || refused.Code() != "AuthFailure" || refused.StatusCode() != 403 {
		t.Errorf("a recipient sharing on: %v", err)
	}
}
