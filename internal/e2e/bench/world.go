// SPDX-License-Identifier: MPL-2.0

package bench

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

const (
	source     = "111111111111"
	accessKey  = "AKIAEXAMPLEBENCH"
	secretKey  = "an-example-secret-of-bench"
	roleName   = "ami-share"
	externalID = "golden-images"

	anything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	openKey  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:*","Resource":"*"}]}`
	trust    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + source + `:root"},` +
		`"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"` + externalID + `"}}}]}`
)

// regions are those of AWS that need no opting in, the first of which is home.
var regions = [...]string{
	"eu-central-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ap-south-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3",
	"ap-southeast-1", "ap-southeast-2", "ca-central-1", "eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1", "sa-east-1",
}

// services are those whose service-linked roles get grants.
var services = [...]string{"autoscaling.amazonaws.com", "spot.amazonaws.com", "spotfleet.amazonaws.com"}

// world has AMIs under a key of its own in each Region, and the accounts to share them with.
func (s Size) world(latency time.Duration) awssim.World {
	owner := awssim.WorldAccount{
		ID:      source,
		Users:   []awssim.WorldUser{{Name: "packer", AccessKeyID: accessKey, SecretAccessKey: secretKey, Policies: []json.RawMessage{json.RawMessage(anything)}}},
		Regions: map[string]awssim.WorldRegion{},
	}
	for _, region := range regions[:s.Regions] {
		owner.Keys = append(owner.Keys, awssim.WorldKey{Region: region, ID: keyID, Policy: json.RawMessage(openKey)})
		owner.Regions[region] = s.region()
	}
	world := awssim.World{Accounts: []awssim.WorldAccount{owner}, LatencyMillis: int(latency.Milliseconds())}
	for n := range s.Accounts {
		world.Accounts = append(world.Accounts, awssim.WorldAccount{
			ID: account(n), ServiceLinkedRoles: services[:s.Grantees],
			Roles: []awssim.WorldRole{{Name: roleName, TrustPolicy: json.RawMessage(trust), Policies: []json.RawMessage{json.RawMessage(anything)}}},
		})
	}
	return world
}

const keyID = "12345678-0000-0000-0000-000000000000"

// region is what the source account has in each of its Regions.
func (s Size) region() (r awssim.WorldRegion) {
	for n := range s.AMIs {
		image := awssim.WorldImage{ID: ami(n), Name: fmt.Sprintf("golden-%d", n)}
		for m := range s.Snapshots {
			id := fmt.Sprintf("snap-%017d", n*s.Snapshots+m)
			r.Snapshots = append(r.Snapshots, awssim.WorldSnapshot{ID: id, KMSKey: keyID})
			image.BlockDevices = append(image.BlockDevices, awssim.WorldBlockDevice{DeviceName: fmt.Sprintf("/dev/xvd%c", 'a'+m), Snapshot: id})
		}
		r.Images = append(r.Images, image)
	}
	return r
}

func account(n int) string { return fmt.Sprintf("2%011d", n) }

func ami(n int) string { return fmt.Sprintf("ami-%017d", n) }

// artifact is what the amazon builder hands over: the id of its AMIs.
func (s Size) artifact() string {
	var ids []string
	for _, region := range regions[:s.Regions] {
		for n := range s.AMIs {
			ids = append(ids, region+":"+ami(n))
		}
	}
	return strings.Join(ids, ",")
}

// options are those of the post-processor that share with the first so many accounts.
func (s Size) options(accounts int) map[string]any {
	ids := make([]any, accounts)
	for n := range ids {
		ids[n] = account(n)
	}
	var roles []any
	for _, service := range services[:s.Grantees] {
		roles = append(roles, service)
	}
	return map[string]any{
		"packer_build_name": "golden", "packer_builder_type": "amazon-ebs", "packer_core_version": "1.16.0",
		"target": []any{map[string]any{
			"account_ids": ids, "service_linked_roles": roles,
			"assume_role": map[string]any{"role_name": roleName, "external_id": externalID},
		}},
	}
}
