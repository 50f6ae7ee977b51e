// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

func TestRecipientsThereAndBack(t *testing.T) {
	recipients := []sharing.Recipient{
		sharing.Account(target),
		{Kind: sharing.ToOrganization, ID: organization},
		{Kind: sharing.ToOrganizationalUnit, ID: "arn:aws:organizations::111111111111:ou/o-1234567890/ou-1234-12345678"},
		{Kind: sharing.ToGroup, ID: "all"},
	}
	var got []sharing.Recipient
	for _, permission := range launchPermissions(recipients) {
		got = append(got, recipient(permission))
	}
	if diff := cmp.Diff(recipients, got); diff != "" {
		t.Errorf("recipients (-want +got):\n%s", diff)
	}
}

func TestSnapshotsOfSeveralImagesAreReadOnce(t *testing.T) {
	device := func(id string) types.BlockDeviceMapping {
		return types.BlockDeviceMapping{Ebs: &types.EbsBlockDevice{SnapshotId: aws.String(id)}}
	}
	got := snapshotIDs([]types.Image{
		{BlockDeviceMappings: []types.BlockDeviceMapping{device("a"), {VirtualName: aws.String("ephemeral0")}, device("b")}},
		{BlockDeviceMappings: []types.BlockDeviceMapping{device("b"), device("c")}},
	})
	if diff := cmp.Diff([]string{"a", "b", "c"}, got); diff != "" {
		t.Errorf("snapshots (-want +got):\n%s", diff)
	}
}

func TestProveARetirement(t *testing.T) {
	s := start(t, func(*awssim.World) {})
	c := s.client(Options{})
	made := doAll(t, c, grantIn(target, keyVirginia))
	retire := plan.RetireGrant{Issuer: target, Account: target, Region: virginia, KeyARN: keyVirginia, GrantID: made[0].GrantID, GranteeARN: granteeID}
	foreign := retire
	foreign.Issuer = closedTarget // the key's administrator revokes it
	before := s.State()
	if problems := c.Prove(t.Context(), plan.Plan{Changes: []plan.Change{retire, foreign}}); len(problems) > 0 {
		t.Error(problems)
	}
	if diff := cmp.Diff(string(before), string(s.State())); diff != "" {
		t.Errorf("proving has changed something:\n%s", diff)
	}
	if n := len(s.Of("kms:RevokeGrant")); n != 1 {
		t.Errorf("%d calls of RevokeGrant", n)
	}
}
