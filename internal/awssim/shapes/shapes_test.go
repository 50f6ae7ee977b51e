// SPDX-License-Identifier: MPL-2.0

package shapes_test

import (
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/shapes"
)

func TestEveryActionHasAShape(t *testing.T) {
	server, err := awssim.New(awssim.World{})
	if err != nil {
		t.Fatal(err)
	}
	for _, action := range server.Actions() {
		if _, ok := shapes.Output(action); !ok {
			t.Errorf("the SDK has no %s", action)
		}
	}
}

func TestCheck(t *testing.T) {
	const ec2, as = "ec2:DescribeImages", "autoscaling:DescribeAutoScalingGroups"
	images := func(members string) string {
		return "<DescribeImagesResponse><requestId>x</requestId><imagesSet><item>" + members + "</item></imagesSet></DescribeImagesResponse>"
	}
	groups := func(members string) string {
		return "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups><member>" + members +
			"</member></AutoScalingGroups></DescribeAutoScalingGroupsResult><ResponseMetadata/></DescribeAutoScalingGroupsResponse>"
	}
	for sentence, test := range map[string]struct{ action, body, want string }{
		"an image":                    {ec2, images("<imageId>ami-1</imageId><imageState>available</imageState><blockDeviceMapping><item><ebs><encrypted>true</encrypted><volumeSize>8</volumeSize></ebs></item></blockDeviceMapping>"), ""},
		"an image without an id":      {ec2, images("<id>ami-1</id>"), "has a member id"},
		"a name in another case":      {ec2, images("<imageid>ami-1</imageid>"), "has a member imageid"},
		"a state that none has":       {ec2, images("<imageState>ready</imageState>"), `"ready"`},
		"a size that is none":         {ec2, images("<blockDeviceMapping><item><ebs><volumeSize>big</volumeSize></ebs></item></blockDeviceMapping>"), "big"},
		"a list of members":           {ec2, images("<blockDeviceMapping><member/></blockDeviceMapping>"), "has a member"},
		"a success without more":      {"ec2:CreateTags", "<CreateTagsResponse><return>true</return></CreateTagsResponse>", ""},
		"a success by another name":   {"ec2:CreateTags", "<CreateTagsResponse><returnValue>true</returnValue></CreateTagsResponse>", "has a member returnValue"},
		"a success that is a member":  {"ec2:ReplaceImageCriteriaInAllowedImagesSettings", "<ReplaceImageCriteriaInAllowedImagesSettingsResponse><return>yes</return></ReplaceImageCriteriaInAllowedImagesSettingsResponse>", "yes"},
		"another document":            {ec2, "<DescribeVpcsResponse/>", "is a DescribeVpcsResponse"},
		"a group":                     {as, groups("<AutoScalingGroupName>web</AutoScalingGroupName><CreatedTime>2026-01-02T03:04:05.000Z</CreatedTime><Instances><member><LifecycleState>InService</LifecycleState></member></Instances>"), ""},
		"a group of another time":     {as, groups("<CreatedTime>yesterday</CreatedTime>"), "yesterday"},
		"a group in a state":          {as, groups("<Instances><member><LifecycleState>Alive</LifecycleState></member></Instances>"), `"Alive"`},
		"an action that nobody knows": {"ec2:PaintItRed", "<x/>", "has no action"},
		"a grant":                     {"kms:ListGrants", `{"Grants":[{"GrantId":"x","CreationDate":1.5,"Operations":["Decrypt"],"Constraints":{"EncryptionContextSubset":{"a":"b"}}}],"Truncated":false}`, ""},
		"an operation that is none":   {"kms:ListGrants", `{"Grants":[{"Operations":["Paint"]}]}`, `"Paint"`},
		"a grant of another shape":    {"kms:ListGrants", `{"Grants":[{"Id":"x"}]}`, "has a member Id"},
		"a date as a text":            {"kms:ListGrants", `{"Grants":[{"CreationDate":"2026-01-02T03:04:05Z"}]}`, "is a text"},
		"a flag as a text":            {"kms:ListGrants", `{"Truncated":"false"}`, "is a text"},
	} {
		got := strings.Join(shapes.Check(test.action, []byte(test.body)), "\n")
		if test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q, want %q", sentence, got, test.want)
		}
	}
}
