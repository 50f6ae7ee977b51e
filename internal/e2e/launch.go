// SPDX-License-Identifier: MPL-2.0

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Config is the configuration of a client of the local AWS.
func Config(url, accessKey, secretKey, region string) aws.Config {
	return aws.Config{Region: region, BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider(accessKey, secretKey, "")}
}

// Launch makes an Auto Scaling group launch one instance of an AMI, by a new version of its launch template, and
// returns how that ends: "InService", or the status message of the scaling activity.
func Launch(ctx context.Context, config aws.Config, group, image string) (string, error) {
	templates := ec2.NewFromConfig(config)
	_, err := templates.CreateLaunchTemplateVersion(ctx, &ec2.CreateLaunchTemplateVersionInput{
		LaunchTemplateName: &group, LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: &image, InstanceType: types.InstanceTypeT3Micro},
	})
	if err != nil {
		return "", fmt.Errorf("making a version of the launch template %q: %w", group, err)
	}
	return Scale(ctx, config, group, "$Latest")
}

// Scale asks an Auto Scaling group for an instance of a version of the launch template of its name, and returns how that ends, as Launch does.
func Scale(ctx context.Context, config aws.Config, group, version string) (string, error) {
	groups := autoscaling.NewFromConfig(config)
	_, err := groups.UpdateAutoScalingGroup(ctx, &autoscaling.UpdateAutoScalingGroupInput{
		AutoScalingGroupName: &group, DesiredCapacity: aws.Int32(1), MaxSize: aws.Int32(1),
		LaunchTemplate: &astypes.LaunchTemplateSpecification{LaunchTemplateName: &group, Version: &version},
	})
	if err != nil {
		return "", fmt.Errorf("asking the group %q for an instance: %w", group, err)
	}
	return outcome(ctx, groups, group)
}

// outcome looks at the group until an instance is in service or an activity has failed.
func outcome(ctx context.Context, groups *autoscaling.Client, group string) (string, error) {
	for range 10 {
		described, err := groups.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{group}})
		if err != nil || len(described.AutoScalingGroups) != 1 {
			return "", fmt.Errorf("looking at the group %q: %w", group, err)
		}
		for _, instance := range described.AutoScalingGroups[0].Instances {
			if instance.LifecycleState == astypes.LifecycleStateInService {
				return string(instance.LifecycleState), nil
			}
		}
		activities, err := groups.DescribeScalingActivities(ctx, &autoscaling.DescribeScalingActivitiesInput{AutoScalingGroupName: &group})
		if err != nil {
			return "", fmt.Errorf("looking at the activities of the group %q: %w", group, err)
		}
		for _, activity := range activities.Activities {
			if activity.StatusCode == astypes.ScalingActivityStatusCodeFailed || activity.StatusCode == astypes.ScalingActivityStatusCodeCancelled {
				return aws.ToString(activity.StatusMessage), nil
			}
		}
	}
	return "", fmt.Errorf("the group %q neither gets an instance nor fails to", group)
}

// ManifestImages reads the AMIs of the last build from a file of Packer's manifest post-processor, by Region.
func ManifestImages(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var manifest struct {
		Builds []struct {
			ArtifactID string `json:"artifact_id"`
		} `json:"builds"`
	}
	if err := json.Unmarshal(text, &manifest); err != nil || len(manifest.Builds) == 0 {
		return nil, fmt.Errorf("reading %s: no build in it: %w", file, err)
	}
	images := map[string]string{}
	for pair := range strings.SplitSeq(manifest.Builds[len(manifest.Builds)-1].ArtifactID, ",") {
		region, image, _ := strings.Cut(pair, ":")
		images[region] = image
	}
	return images, nil
}
