// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

func TestEverythingArrivesInTheEnd(t *testing.T) {
	world := computeWorld(t)
	world.Hostility = awssim.Hostility{NewImageUnseen: 1000, TrustPolicyUnseen: 1000, EndedGrantListed: 1000}
	f := start(t, world)
	client, id := newImage(t.Context(), t, f)
	kms, made := grantTo(t.Context(), t, f)
	endGrant(t.Context(), t, kms, made)
	f.server.Settle()
	must(t, only(client.DescribeImages(t.Context(), &ec2.DescribeImagesInput{ImageIds: []string{*id}})))
	if got := assumeFresh(t.Context(), t, f)[0]; got != "" {
		t.Errorf("a role that is known by now: %q", got)
	}
	if got := grantees(t.Context(), t, kms); got != "" {
		t.Errorf("a grant that is gone by now: %q", got)
	}
}
