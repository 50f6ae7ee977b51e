// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// TestASubnetThatAnAccountDoesNotHave is refused: there is the default one alone.
func TestASubnetThatAnAccountDoesNotHave(t *testing.T) {
	f := start(t, computeWorld(t))
	config := f.config(t, targetAdmin, home)
	in := newScalingGroup("g", "plain", 1)
	in.AvailabilityZones, in.VPCZoneIdentifier = nil, aws.String("subnet-0default00000000,subnet-0123456789abcdef0")
	err := only(autoscaling.NewFromConfig(config).CreateAutoScalingGroup(t.Context(), in))
	if code(err) != "ValidationError" || !strings.Contains(err.Error(), "The subnet ID 'subnet-0123456789abcdef0' does not exist") {
		t.Errorf("CreateAutoScalingGroup: %v", err)
	}
	config = f.config(t, administrator, home)
	launch := run("ami-plain", nil)
	launch.SubnetId = aws.String("subnet-0123456789abcdef0")
	if err := only(ec2.NewFromConfig(config).RunInstances(t.Context(), launch)); code(err) != "InvalidSubnetID.NotFound" {
		t.Errorf("RunInstances: %v", err)
	}
	launch.SubnetId = aws.String("subnet-0default00000000")
	must(t, only(ec2.NewFromConfig(config).RunInstances(t.Context(), launch)))
}
