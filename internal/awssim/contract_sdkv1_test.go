package awssim_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/awserr"
	"github.com/aws/aws-sdk-go/aws/credentials"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/ec2"
)

// The instance and chroot builders of Packer still use version 1 of the SDK, which reads the same wire in its own way.
func TestEC2WithSDKVersion1(t *testing.T) {
	f := start(t, computeWorld(t))
	client := func(profile string) *ec2.EC2 {
		config := f.config(t, profile, home)
		held, err := config.Credentials.Retrieve(t.Context())
		must(t, err)
		s, err := session.NewSession(&aws.Config{
			Region: new(home), Endpoint: config.BaseEndpoint, MaxRetries: new(0),
			Credentials: credentials.NewStaticCredentials(held.AccessKeyID, held.SecretAccessKey, held.SessionToken),
		})
		must(t, err)
		return ec2.New(s)
	}
	owner, recipient := client(administrator), client(targetAdmin)

	images, err := owner.DescribeImages(&ec2.DescribeImagesInput{
		Owners:  aws.StringSlice([]string{"self"}),
		Filters: []*ec2.Filter{{Name: new("name"), Values: aws.StringSlice([]string{"cmk"})}},
	})
	must(t, err)
	if len(images.Images) != 1 || !*images.Images[0].BlockDeviceMappings[0].Ebs.Encrypted || *images.Images[0].Tags[0].Value != "images" {
		t.Errorf("images %v", images.Images)
	}
	must(t, only(owner.ModifyImageAttribute(&ec2.ModifyImageAttributeInput{
		ImageId:          new("ami-cmk"),
		LaunchPermission: &ec2.LaunchPermissionModifications{Add: []*ec2.LaunchPermission{{UserId: new(target)}}},
	})))
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
