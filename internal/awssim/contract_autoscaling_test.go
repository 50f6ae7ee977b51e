// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

type scalingCall func(ctx context.Context, c *autoscaling.Client) error

// scalingRow is a row of Auto Scaling, which has no dry runs.
type scalingRow struct {
	good, bad      scalingCall
	code, anywhere string
}

func (c scalingCall) call() call {
	return func(ctx context.Context, config aws.Config, _ *bool) error {
		return c(ctx, autoscaling.NewFromConfig(config))
	}
}

func (r scalingRow) row() row {
	return row{good: r.good.call(), bad: r.bad.call(), code: r.code, denied: "AccessDenied", anywhere: r.anywhere}
}

func newScalingGroup(name, template string, desired int32) *autoscaling.CreateAutoScalingGroupInput {
	return &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: &name, MinSize: aws.Int32(0), MaxSize: aws.Int32(2),
		DesiredCapacity: &desired, AvailabilityZones: []string{home + "a"},
		LaunchTemplate: &astypes.LaunchTemplateSpecification{LaunchTemplateName: &template, Version: aws.String("$Latest")},
	}
}

func configuration(name, image string) *autoscaling.CreateLaunchConfigurationInput {
	return &autoscaling.CreateLaunchConfigurationInput{LaunchConfigurationName: &name, ImageId: &image, InstanceType: aws.String("t3.micro")}
}

func TestContractOfAutoScaling(t *testing.T) {
	for action, r := range scalingRows {
		t.Run(action, func(t *testing.T) { r.row().check(t, "autoscaling:"+action) })
	}
}

func TestEveryAutoScalingActionHasARow(t *testing.T) {
	for _, action := range awssim.AutoScalingActions() {
		if r := scalingRows[action]; r.good == nil || r.bad == nil {
			t.Errorf("%s has no row with both a good call and a bad one", action)
		}
	}
	if len(scalingRows) != len(awssim.AutoScalingActions()) {
		t.Errorf("%d rows for %d actions", len(scalingRows), len(awssim.AutoScalingActions()))
	}
}

var scalingRows = map[string]scalingRow{
	"CreateAutoScalingGroup": {
		good: func(ctx context.Context, c *autoscaling.Client) error {
			return only(c.CreateAutoScalingGroup(ctx, newScalingGroup("new", "web", 1)))
		},
		bad: func(ctx context.Context, c *autoscaling.Client) error {
			return only(c.CreateAutoScalingGroup(ctx, newScalingGroup("existing", "web", 1)))
		},
		code: "AlreadyExists",
	},
	"UpdateAutoScalingGroup": {
		anywhere: "bad",
		good: func(ctx context.Context, c *autoscaling.Client) error {
			return only(c.UpdateAutoScalingGroup(ctx, &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: aws.String("existing"), MaxSize: aws.Int32(3)}))
		},
		bad: func(ctx context.Context, c *autoscaling.Client) error {
			return only(c.UpdateAutoScalingGroup(ctx, &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: aws.String("none")}))
		},
		code: "ValidationError",
	},
	"DeleteAutoScalingGroup": {
		good: func(ctx context.Context, c *autoscaling.Client) error {
			return only(c.DeleteAutoScalingGroup(ctx, &autoscaling.DeleteAutoScalingGroupInput{AutoScalingGroupName: aws.String("existing")}))
		},
		bad: func(ctx context.Context, c *autoscaling.Client) error {
			if err := only(c.CreateAutoScalingGroup(ctx, newScalingGroup("new", "web", 1))); err != nil {
				return err
			}
			if err := only(c.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{})); err != nil {
				return err
			}
			return only(c.DeleteAutoScalingGroup(ctx, &autoscaling.DeleteAutoScalingGroupInput{AutoScalingGroupName: aws.String("new")}))
		},
		code: "ResourceInUse",
	},
	"SetDesiredCapacity": {
		good: func(ctx context.Context, c *autoscaling.Client) error {
			return only(c.SetDesiredCapacity(ctx, &autoscaling.SetDesiredCapacityInput{AutoScalingGroupName: aws.String("existing"), DesiredCapacity: aws.Int32(0)}))
		},
		bad: func(ctx context.Context, c *autoscaling.Client) error {
			return only(c.SetDesiredCapacity(ctx, &autoscaling.SetDesiredCapacityInput{AutoScalingGroupName: aws.String("existing"), DesiredCapacity: aws.Int32(9)}))
		},
		code: "ValidationError",
	},
	"DescribeAutoScalingGroups": {
		anywhere: "good denied bad",
		good: func(ctx context.Context, c *autoscaling.Client) error {
			return only(c.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{"existing", "none"}}))
		},
		bad: func(ctx context.Context, c *autoscaling.Client) error {
			return only(c.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{NextToken: aws.String("made up")}))
		},
		code: "InvalidNextToken",
	},
	"DescribeScalingActivities": {
		anywhere: "bad",
		good: func(ctx context.Context, c *autoscaling.Client) error {
			return only(c.DescribeScalingActivities(ctx, &autoscaling.DescribeScalingActivitiesInput{AutoScalingGroupName: aws.String("existing")}))
		},
		bad: func(ctx context.Context, c *autoscaling.Client) error {
			return only(c.DescribeScalingActivities(ctx, &autoscaling.DescribeScalingActivitiesInput{AutoScalingGroupName: aws.String("none")}))
		},
		code: "ValidationError",
	},
	"DescribeAutoScalingInstances": {
		anywhere: "good denied bad",
		good: func(ctx context.Context, c *autoscaling.Client) error {
			return only(c.DescribeAutoScalingInstances(ctx, &autoscaling.DescribeAutoScalingInstancesInput{}))
		},
		bad: func(ctx context.Context, c *autoscaling.Client) error {
			return only(c.DescribeAutoScalingInstances(ctx, &autoscaling.DescribeAutoScalingInstancesInput{NextToken: aws.String("made up")}))
		},
		code: "InvalidNextToken",
	},
	"CreateLaunchConfiguration": {
		anywhere: "bad",
		good: func(ctx context.Context, c *autoscaling.Client) error {
			return only(c.CreateLaunchConfiguration(ctx, configuration("old", "ami-cmk")))
		},
		bad: func(ctx context.Context, c *autoscaling.Client) error {
			return only(c.CreateLaunchConfiguration(ctx, configuration("old", "ami-00000000000000000")))
		},
		code: "ValidationError",
	},
	"DeleteLaunchConfiguration": {
		anywhere: "bad",
		good: func(ctx context.Context, c *autoscaling.Client) error {
			admin := autoscaling.NewFromConfig(administratorOf(ctx))
			if err := only(admin.CreateLaunchConfiguration(ctx, configuration("old", "ami-cmk"))); err != nil {
				return err
			}
			return only(c.DeleteLaunchConfiguration(ctx, &autoscaling.DeleteLaunchConfigurationInput{LaunchConfigurationName: aws.String("old")}))
		},
		bad: func(ctx context.Context, c *autoscaling.Client) error {
			return only(c.DeleteLaunchConfiguration(ctx, &autoscaling.DeleteLaunchConfigurationInput{LaunchConfigurationName: aws.String("none")}))
		},
		code: "ValidationError",
	},
	"DescribeLaunchConfigurations": {
		anywhere: "good denied bad",
		good: func(ctx context.Context, c *autoscaling.Client) error {
			return only(c.DescribeLaunchConfigurations(ctx, &autoscaling.DescribeLaunchConfigurationsInput{}))
		},
		bad: func(ctx context.Context, c *autoscaling.Client) error {
			return only(c.DescribeLaunchConfigurations(ctx, &autoscaling.DescribeLaunchConfigurationsInput{NextToken: aws.String("made up")}))
		},
		code: "InvalidNextToken",
	},
}

// newest returns the group's latest activity after letting it try to launch.
func newest(ctx context.Context, t *testing.T, c *autoscaling.Client, group string) astypes.Activity {
	t.Helper()
	out, err := c.DescribeScalingActivities(ctx, &autoscaling.DescribeScalingActivitiesInput{AutoScalingGroupName: &group})
	must(t, err)
	if len(out.Activities) == 0 {
		t.Fatal("the group did not try to launch")
	}
	return out.Activities[0]
}

func TestGroupsThatCannotLaunch(t *testing.T) {
	share := func(t *testing.T, f *fixture) {
		must(t, only(ec2.NewFromConfig(f.config(t, administrator, home)).ModifyImageAttribute(t.Context(),
			launchWith("ami-cmk", types.LaunchPermission{UserId: aws.String(target)}, nil))))
	}
	const noKey = "Client.InternalError: Client error on launch"
	for sentence, test := range map[string]struct {
		template string
		prepare  func(*testing.T, *fixture)
		message  string
	}{
		"the image is not shared": {
			"cmk", func(*testing.T, *fixture) {},
			"Not authorized for images: [ami-cmk]. Launching EC2 instance failed.",
		},
		"nobody of the account can use the key":                  {"locked", func(*testing.T, *fixture) {}, noKey},
		"the account can use the key, but the role has no grant": {"cmk", share, noKey},
		"the grant was issued by the key's account": {"cmk", func(t *testing.T, f *fixture) {
			share(t, f)
			grantToGroups(t, f, administrator, sharedKey)
		}, noKey},
		"the target's default key is one that the role can't use": {"cmk", func(t *testing.T, f *fixture) {
			share(t, f)
			grantToGroups(t, f, targetAdmin, sharedKey)
			config := f.config(t, targetAdmin, home)
			key, err := kms.NewFromConfig(config).CreateKey(t.Context(), &kms.CreateKeyInput{})
			must(t, err)
			must(t, only(ec2.NewFromConfig(config).ModifyEbsDefaultKmsKeyId(t.Context(),
				&ec2.ModifyEbsDefaultKmsKeyIdInput{KmsKeyId: key.KeyMetadata.KeyId})))
		}, noKey},
		"the grant is for another service-linked role": {"cmk", func(t *testing.T, f *fixture) {
			share(t, f)
			grantToGroups(t, f, targetAdmin, sharedKey)
			config := f.config(t, targetAdmin, home)
			role, err := iam.NewFromConfig(config).CreateServiceLinkedRole(t.Context(),
				&iam.CreateServiceLinkedRoleInput{AWSServiceName: aws.String("autoscaling.amazonaws.com"), CustomSuffix: aws.String("web")})
			must(t, err)
			must(t, only(autoscaling.NewFromConfig(config).UpdateAutoScalingGroup(t.Context(),
				&autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: aws.String("g"), ServiceLinkedRoleARN: role.Role.Arn})))
		}, noKey},
		"the grant lacks an operation": {"cmk", func(t *testing.T, f *fixture) {
			share(t, f)
			in := groupGrant(sharedKey)
			in.Operations = slices.DeleteFunc(in.Operations, func(op kmstypes.GrantOperation) bool { return op == "CreateGrant" })
			must(t, only(kms.NewFromConfig(f.config(t, targetAdmin, home)).CreateGrant(t.Context(), in)))
		}, noKey},
		"the grant is for another volume's data": {"cmk", func(t *testing.T, f *fixture) {
			share(t, f)
			in := groupGrant(sharedKey)
			in.Constraints = &kmstypes.GrantConstraints{EncryptionContextSubset: map[string]string{"aws:ebs:id": "vol-0123456789abcdef0"}}
			must(t, only(kms.NewFromConfig(f.config(t, targetAdmin, home)).CreateGrant(t.Context(), in)))
		}, noKey},
		"the role was deleted and made again": {"cmk", func(t *testing.T, f *fixture) {
			share(t, f)
			grantToGroups(t, f, targetAdmin, sharedKey)
			config := f.config(t, targetAdmin, home)
			groups, roles := autoscaling.NewFromConfig(config), iam.NewFromConfig(config)
			must(t, only(groups.DeleteAutoScalingGroup(t.Context(), &autoscaling.DeleteAutoScalingGroupInput{AutoScalingGroupName: aws.String("g")})))
			must(t, only(roles.DeleteServiceLinkedRole(t.Context(), &iam.DeleteServiceLinkedRoleInput{RoleName: aws.String("AWSServiceRoleForAutoScaling")})))
			must(t, only(groups.CreateAutoScalingGroup(t.Context(), newScalingGroup("g", "cmk", 1))))
		}, noKey},
		"encryption by default, under a key that the role can't use": {"plain", func(t *testing.T, f *fixture) {
			must(t, only(ec2.NewFromConfig(f.config(t, administrator, home)).ModifyImageAttribute(t.Context(),
				launchWith("ami-plain", types.LaunchPermission{UserId: aws.String(target)}, nil))))
			config := f.config(t, targetAdmin, home)
			key, err := kms.NewFromConfig(config).CreateKey(t.Context(), &kms.CreateKeyInput{})
			must(t, err)
			client := ec2.NewFromConfig(config)
			must(t, only(client.EnableEbsEncryptionByDefault(t.Context(), nil)))
			must(t, only(client.ModifyEbsDefaultKmsKeyId(t.Context(), &ec2.ModifyEbsDefaultKmsKeyIdInput{KmsKeyId: key.KeyMetadata.KeyId})))
		}, noKey},
		"the key was disabled after the grant": {"off", func(t *testing.T, f *fixture) {
			owner := kms.NewFromConfig(f.config(t, administrator, home))
			must(t, only(owner.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: aws.String(disabledKey)})))
			grantToGroups(t, f, targetAdmin, disabledKey)
			must(t, only(owner.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: aws.String(disabledKey)})))
		}, "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			f := start(t, computeWorld(t))
			c := autoscaling.NewFromConfig(f.config(t, targetAdmin, home))
			must(t, only(c.CreateAutoScalingGroup(t.Context(), newScalingGroup("g", test.template, 1))))
			test.prepare(t, f)
			got := newest(t.Context(), t, c, "g")
			if got.StatusCode != astypes.ScalingActivityStatusCodeFailed || !strings.HasSuffix(aws.ToString(got.StatusMessage), test.message) {
				t.Errorf("activity %s: %q, want Failed: %q", got.StatusCode, aws.ToString(got.StatusMessage), test.message)
			}
		})
	}
}

func TestGroupRecoversWhenPermissionsAreMended(t *testing.T) {
	f := start(t, computeWorld(t))
	c, ctx := autoscaling.NewFromConfig(f.config(t, targetAdmin, home)), t.Context()
	must(t, only(c.CreateAutoScalingGroup(ctx, newScalingGroup("g", "cmk", 2))))
	if got := newest(ctx, t, c, "g"); got.StatusCode != astypes.ScalingActivityStatusCodeFailed {
		t.Fatalf("before sharing: %s", got.StatusCode)
	}
	owner := ec2.NewFromConfig(f.config(t, administrator, home))
	must(t, only(owner.ModifyImageAttribute(ctx, launchWith("ami-cmk", types.LaunchPermission{UserId: aws.String(target)}, nil))))
	grantToGroups(t, f, targetAdmin, sharedKey)
	groups, err := c.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{"g"}})
	must(t, err)
	got := groups.AutoScalingGroups[0]
	if len(got.Instances) != 2 || got.Instances[0].LifecycleState != astypes.LifecycleStateInService {
		t.Errorf("instances %+v", got.Instances)
	}
	if role := aws.ToString(got.ServiceLinkedRoleARN); role != groupRole {
		t.Errorf("role %q", role)
	}
	if activity := newest(ctx, t, c, "g"); activity.StatusCode != astypes.ScalingActivityStatusCodeSuccessful {
		t.Errorf("activity %s: %s", activity.StatusCode, aws.ToString(activity.StatusMessage))
	}
	var uses []string
	for _, entry := range f.server.Journal() {
		if strings.HasPrefix(entry.Caller, "arn:aws:sts::"+target+":assumed-role/AWSServiceRoleForAutoScaling/") && entry.Resource == keyARN(sharedKey) {
			uses = append(uses, entry.Action+" "+entry.Decision)
		}
	}
	want := []string{"kms:DescribeKey allow", "kms:Decrypt allow", "kms:ReEncryptFrom allow", "kms:CreateGrant allow"}
	if diff := cmp.Diff(append(want, want...), uses); diff != "" {
		t.Errorf("the journal's uses of the source key:\n%s", diff)
	}
	must(t, only(c.DeleteAutoScalingGroup(ctx, &autoscaling.DeleteAutoScalingGroupInput{AutoScalingGroupName: aws.String("g"), ForceDelete: aws.Bool(true)})))
}

// TestTheServicesSessionHasItsName: CloudTrail shows the launches of groups as assumed-role/AWSServiceRoleForAutoScaling/AutoScaling.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/logging-using-cloudtrail.html
func TestTheServicesSessionHasItsName(t *testing.T) {
	f := start(t, computeWorld(t))
	c := autoscaling.NewFromConfig(f.config(t, targetAdmin, home))
	must(t, only(c.CreateAutoScalingGroup(t.Context(), newScalingGroup("g", "locked", 1))))
	newest(t.Context(), t, c, "g")
	used := 0
	for _, entry := range f.server.Journal() {
		if strings.Contains(entry.Caller, "AWSServiceRoleForAutoScaling") {
			used++
			if want := "arn:aws:sts::" + target + ":assumed-role/AWSServiceRoleForAutoScaling/AutoScaling"; entry.Caller != want {
				t.Errorf("%s by %s, want %s", entry.Action, entry.Caller, want)
			}
		}
	}
	if used == 0 {
		t.Error("the group did nothing in the name of its role")
	}
}

func TestGroupRefusesARoleOfAnotherKind(t *testing.T) {
	f := start(t, computeWorld(t))
	c := autoscaling.NewFromConfig(f.config(t, targetAdmin, home))
	for sentence, arn := range map[string]string{
		"another account's":   "arn:aws:iam::" + source + ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
		"an ordinary role":    "arn:aws:iam::" + target + ":role/deployer",
		"one that is missing": "arn:aws:iam::" + target + ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_none",
	} {
		in := newScalingGroup("g", "cmk", 0)
		in.ServiceLinkedRoleARN = &arn
		if got := code(only(c.CreateAutoScalingGroup(t.Context(), in))); got != "ValidationError" {
			t.Errorf("%s: %q", sentence, got)
		}
	}
}

// TestTheTargetsOwnDefaultKey has a launch that re-encrypts under a key of the target: its grant has to let EBS pass on
// Decrypt to the instance.
func TestTheTargetsOwnDefaultKey(t *testing.T) {
	for sentence, test := range map[string]struct {
		without kmstypes.GrantOperation
		want    astypes.ScalingActivityStatusCode
	}{
		"with all operations":        {"", astypes.ScalingActivityStatusCodeSuccessful},
		"with all but Decrypt":       {"Decrypt", astypes.ScalingActivityStatusCodeFailed},
		"with all but CreateGrant":   {"CreateGrant", astypes.ScalingActivityStatusCodeFailed},
		"with all but ReEncryptTo":   {"ReEncryptTo", astypes.ScalingActivityStatusCodeFailed},
		"with all but ReEncryptFrom": {"ReEncryptFrom", astypes.ScalingActivityStatusCodeSuccessful},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			f := start(t, computeWorld(t))
			must(t, only(ec2.NewFromConfig(f.config(t, administrator, home)).ModifyImageAttribute(t.Context(),
				launchWith("ami-cmk", types.LaunchPermission{UserId: aws.String(target)}, nil))))
			config := f.config(t, targetAdmin, home)
			c, keys := autoscaling.NewFromConfig(config), kms.NewFromConfig(config)
			must(t, only(c.CreateAutoScalingGroup(t.Context(), newScalingGroup("g", "cmk", 1))))
			grantToGroups(t, f, targetAdmin, sharedKey)
			key, err := keys.CreateKey(t.Context(), nil)
			must(t, err)
			in := groupGrant(sharedKey)
			in.KeyId = key.KeyMetadata.Arn
			in.Operations = slices.DeleteFunc(in.Operations, func(op kmstypes.GrantOperation) bool { return op == test.without })
			must(t, only(keys.CreateGrant(t.Context(), in)))
			must(t, only(ec2.NewFromConfig(config).ModifyEbsDefaultKmsKeyId(t.Context(), &ec2.ModifyEbsDefaultKmsKeyIdInput{KmsKeyId: key.KeyMetadata.Arn})))
			if got := newest(t.Context(), t, c, "g"); got.StatusCode != test.want {
				t.Errorf("%s: %s", got.StatusCode, aws.ToString(got.StatusMessage))
			}
		})
	}
}
