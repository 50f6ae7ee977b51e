// SPDX-License-Identifier: MPL-2.0

package campaign

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// The accounts: the source, a target that lacks its role, one that has all it takes, and one that loses what it has.
const (
	source  = "111111111111"
	lacking = "222222222222"
	ready   = "333333333333"
	former  = "444444444444"
)

func regions() []string { return []string{"eu-central-1", "us-east-1"} }

func image(region string) string         { return "ami-0123456789abcdef" + digit(region) }
func snapshot(region string) string      { return "snap-0123456789abcdef" + digit(region) }
func keyID(region string) string         { return "00000000-0000-0000-0000-00000000000" + digit(region) }
func policy(text string) json.RawMessage { return json.RawMessage(text) }

func digit(region string) string {
	for i, one := range regions() {
		if one == region {
			return fmt.Sprint(i)
		}
	}
	return "9"
}

const anything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// open is a key's policy that lets everybody in.
func open() json.RawMessage {
	return policy(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:*","Resource":"*"}]}`)
}

// world has an AMI with a snapshot in each of two Regions, each under a key of its own, and beside it another AMI under the key. In one of them a target has a default
// key of its own for volumes, and a parameter that names an older AMI. A run that was killed has left a usage report.
func world() awssim.World {
	owner := awssim.WorldAccount{
		ID:      source,
		Users:   []awssim.WorldUser{{Name: "packer", AccessKeyID: "AKIASOURCE", SecretAccessKey: "secret", Policies: []json.RawMessage{policy(anything)}}},
		Regions: map[string]awssim.WorldRegion{},
	}
	leaving := map[string][]string{regions()[1]: {lacking}} // which can be entered, and asked what it uses the AMI in
	for _, region := range regions() {
		owner.Keys = append(owner.Keys, awssim.WorldKey{Region: region, ID: keyID(region), Policy: open()})
		other := "snap-0fedcba987654321" + digit(region)
		owner.Regions[region] = awssim.WorldRegion{
			Snapshots: []awssim.WorldSnapshot{{ID: snapshot(region), KMSKey: keyID(region), Tags: map[string]string{"disk": "root"}}, {ID: other, KMSKey: keyID(region)}},
			Images: []awssim.WorldImage{{
				ID: image(region), Name: "golden", Tags: map[string]string{"os": "linux"}, LaunchPermissions: leaving[region],
				BlockDevices: []awssim.WorldBlockDevice{{Snapshot: snapshot(region)}},
			}, {
				ID: "ami-0fedcba987654320" + digit(region), Name: "another", LaunchPermissions: []string{ready},
				BlockDevices: []awssim.WorldBlockDevice{{Snapshot: other}},
			}},
		}
	}
	owner.Regions[regions()[1]].Images[0].LaunchPermissions = []string{lacking} // from when it was a target there too
	left := owner.Regions[regions()[0]]
	left.ImageUsageReports = []awssim.WorldImageUsageReport{{ID: "amiur-0killed", Image: image(regions()[0]), Tags: map[string]string{sharing.UsageTag: "2020-01-01T00:00:00Z"}}}
	owner.Regions[regions()[0]] = left
	return awssim.World{Hostility: awssim.Hostility{ParameterValidation: 1}, Accounts: []awssim.WorldAccount{
		owner, behind(account(lacking)), withPast(account(ready, "autoscaling.amazonaws.com")), account(former, "autoscaling.amazonaws.com"),
	}}
}

func account(id string, roles ...string) awssim.WorldAccount {
	uses := map[string]awssim.WorldRegion{regions()[0]: {
		LaunchTemplates:   []awssim.WorldLaunchTemplate{{Name: "web", Image: image(regions()[0])}},
		AutoScalingGroups: []awssim.WorldAutoScalingGroup{{Name: "web", LaunchTemplate: "web"}},
	}}
	if id == former { // who uses an AMI keeps it
		uses = nil
	}
	return awssim.WorldAccount{
		ID: id, ServiceLinkedRoles: roles, Regions: uses,
		Roles: []awssim.WorldRole{{
			Name: "ami-share", Policies: []json.RawMessage{policy(anything)},
			TrustPolicy: policy(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + source +
				`:root"},"Action":["sts:AssumeRole","sts:TagSession"]}]}`),
		}},
	}
}

// behind gives an account's launch template an older AMI.
func behind(a awssim.WorldAccount) awssim.WorldAccount {
	a.Regions[regions()[0]].LaunchTemplates[0].Image = older
	return a
}

// withPast gives an account what makes a run look further: a parameter that names another AMI, and a default key.
func withPast(a awssim.WorldAccount) awssim.WorldAccount {
	a.Keys = []awssim.WorldKey{{Region: regions()[1], ID: defaultKey, Policy: open()}}
	a.Regions[regions()[1]] = awssim.WorldRegion{
		DefaultEBSKey: defaultKey,
		Parameters: []awssim.WorldParameter{{
			Name: "/golden/ami", Value: older, DataType: "text", Description: "what we launch", Labels: []string{"live"}, Tags: map[string]string{"team": "web"},
		}},
	}
	return a
}

// defaultKey is that of the target for its volumes.
const defaultKey = "00000000-0000-0000-0000-000000000333"

// older is the AMI that a parameter named before.
const older = "ami-00000000000000000"

// earlier is what the run before the one that is looked at was asked for, and wanted what that one is: everything that the
// product does. A test fails when it makes a call that this does not lead to.
var (
	fewer   = []string{"CreateGrant", "Decrypt", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"}
	earlier = fmt.Sprintf("grant_operations = [\"%s\"]\n", strings.Join(fewer, `", "`)) + block("regions = [\"eu-central-1\"]\n", former) + block("regions = [\"us-east-1\"]\n", ready)
	wanted  = "exact = true\nexact_grants = true\nwatermark = \"approved\"\nshared_tags = { status = \"approved\" }\n" + parameter("text") +
		block(`regions = ["eu-central-1"]
			service_linked_roles = ["autoscaling/golden"]
			create_service_linked_roles = true
			auto_scaling_groups = ["web"]
			launch_templates = ["web"]
			default_version = true
			`+parameter("aws:ec2:image", "live"), lacking) +
		block(`copy_tags = true
			prove_use = true
			canary {
				subnet_id     = "subnet-0default00000000"
				instance_type = "t3.micro"
				region        = "us-east-1"
			}
			`+parameter("text", "live", "next"), ready)
)

// block is a target block.
func block(options string, accounts ...string) string {
	return fmt.Sprintf("target {\n account_ids = [\"%s\"]\n%s\n assume_role {\n role_name = \"ami-share\"\n}\n}\n", strings.Join(accounts, `", "`), options)
}

// parameter is an ssm_parameter block.
func parameter(dataType string, labels ...string) string {
	quoted := make([]string, len(labels))
	for i, label := range labels {
		quoted[i] = strconv.Quote(label)
	}
	return fmt.Sprintf("ssm_parameter {\n name = \"/golden/ami\"\n data_type = %q\n description = \"golden\"\n tags = { made = \"by\" }\n labels = [%s]\n}\n", dataType, strings.Join(quoted, ", "))
}
