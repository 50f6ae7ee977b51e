// SPDX-License-Identifier: MPL-2.0

// Package simtest is for tests only: a local AWS with a source account, AMIs and targets, and clients that act in them.
package simtest

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// The world: a source account with an AMI in each of two Regions, each under a key of its own, two
// targets with a role to assume, and a third one without.
const (
	SourceAccount = sharing.AccountID("111111111111")
	Target        = sharing.AccountID("222222222222")
	OtherTarget   = sharing.AccountID("333333333333")
	ClosedTarget  = sharing.AccountID("444444444444")

	Frankfurt = sharing.Region("eu-central-1")
	Virginia  = sharing.Region("us-east-1")

	// RoleARN is the role to assume in Target, and GranteeARN the role there that gets grants.
	RoleARN    = "arn:aws:iam::222222222222:role/sharing/ami-share"
	GranteeARN = "arn:aws:iam::222222222222:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"

	KeyFrankfurt = "arn:aws:kms:eu-central-1:111111111111:key/11111111-1111-1111-1111-111111111111"
	KeyVirginia  = "arn:aws:kms:us-east-1:111111111111:key/22222222-2222-2222-2222-222222222222"
)

// ImageFrankfurt is the AMI in Frankfurt.
func ImageFrankfurt() sharing.ImageRef {
	return sharing.ImageRef{Region: Frankfurt, ID: "ami-0000000000000000a"}
}

// ImageVirginia is the AMI in Virginia.
func ImageVirginia() sharing.ImageRef {
	return sharing.ImageRef{Region: Virginia, ID: "ami-0000000000000000b"}
}

const (
	// AllowAll is a policy that allows everything.
	AllowAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

	// SourceTrust lets the source account assume a role with an external id.
	SourceTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},` +
		`"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"s3cret"}}}]}`

	// SharedKey lets both targets create grants.
	SharedKey = `{"Version":"2012-10-17","Statement":[` +
		`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"kms:*","Resource":"*"},` +
		`{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::222222222222:root","arn:aws:iam::333333333333:root"]},` +
		`"Action":["kms:CreateGrant","kms:DescribeKey","kms:ListGrants"],"Resource":"*"}]}`
)

// World is what exists at the start.
func World() awssim.World {
	region := func(image sharing.ImageRef, key string) awssim.WorldRegion {
		letter := image.ID[len(image.ID)-1:]
		return awssim.WorldRegion{
			Snapshots: []awssim.WorldSnapshot{
				{ID: "snap-0000000000000001" + letter, KMSKey: key, Tags: map[string]string{"disk": "root"}},
				{ID: "snap-0000000000000002" + letter, KMSKey: key},
			},
			Images: []awssim.WorldImage{{
				ID: image.ID, Name: "golden", Tags: map[string]string{"os": "linux"}, LaunchPermissions: []string{string(ClosedTarget)},
				BlockDevices: []awssim.WorldBlockDevice{
					{DeviceName: "/dev/xvda", Snapshot: "snap-0000000000000001" + letter},
					{DeviceName: "/dev/xvdb", Snapshot: "snap-0000000000000002" + letter},
				},
			}},
		}
	}
	key := func(arn string) awssim.WorldKey {
		return awssim.WorldKey{
			Region: string(sharing.RegionOf(arn)), ID: arn[strings.LastIndex(arn, "/")+1:], Policy: json.RawMessage(SharedKey),
			Aliases: []string{"alias/ami-sharing"}, Tags: map[string]string{"purpose": "ami-sharing"},
		}
	}
	return awssim.World{Accounts: []awssim.WorldAccount{
		{
			ID:    string(SourceAccount),
			Users: []awssim.WorldUser{{Name: "ci", AccessKeyID: "AKIASOURCE", SecretAccessKey: "secret", Policies: []json.RawMessage{json.RawMessage(AllowAll)}}},
			Keys:  []awssim.WorldKey{key(KeyFrankfurt), key(KeyVirginia)},
			Regions: map[string]awssim.WorldRegion{
				string(Frankfurt): region(ImageFrankfurt(), KeyFrankfurt), string(Virginia): region(ImageVirginia(), KeyVirginia),
			},
		},
		TargetAccount(Target), TargetAccount(OtherTarget),
		{ID: string(ClosedTarget)},
	}}
}

// TargetAccount is an account that trusts the source.
func TargetAccount(account sharing.AccountID) awssim.WorldAccount {
	return awssim.WorldAccount{
		ID: string(account), ServiceLinkedRoles: []string{"autoscaling.amazonaws.com"},
		Users: []awssim.WorldUser{{Name: "ops", AccessKeyID: "AKIAOPS" + string(account), SecretAccessKey: "secret", Policies: []json.RawMessage{json.RawMessage(AllowAll)}}},
		Roles: []awssim.WorldRole{{
			Name: "ami-share", Path: "/sharing/", TrustPolicy: json.RawMessage(SourceTrust), Policies: []json.RawMessage{json.RawMessage(AllowAll)},
		}},
	}
}

// Sim is a running local AWS.
type Sim struct {
	*awssim.Server
	URL string
}

// Start runs a local AWS with a world that was changed for the test.
func Start(t testing.TB, change ...func(*awssim.World)) *Sim {
	t.Helper()
	world := World()
	for _, c := range change {
		c(&world)
	}
	server, err := awssim.New(world)
	if err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	return &Sim{server, listener.URL}
}

// Config is the source account's.
func (s *Sim) Config() aws.Config {
	return aws.Config{
		Region: string(Frankfurt), BaseEndpoint: aws.String(s.URL),
		Credentials: credentials.NewStaticCredentialsProvider("AKIASOURCE", "secret", ""),
	}
}

// Clients act as the source account, and in both targets.
func (s *Sim) Clients(o clients.Options) *clients.Clients {
	role := &clients.AssumeRole{RoleName: "sharing/ami-share", ExternalID: "s3cret"}
	return clients.New(s.Config(), map[sharing.AccountID]clients.TargetCredentials{Target: {Role: role}, OtherTarget: {Role: role}}, o)
}

// As returns the configuration of somebody who may do everything in a Target.
func (s *Sim) As(account sharing.AccountID) aws.Config {
	config := s.Config()
	config.Credentials = credentials.NewStaticCredentialsProvider("AKIAOPS"+string(account), "secret", "")
	return config
}

// Counts counts the calls so far by action, those that EC2 makes itself left out.
func (s *Sim) Counts() map[string]int {
	counts := map[string]int{}
	for _, entry := range s.Journal() {
		if !strings.HasPrefix(entry.Action, entry.Service+":") {
			continue
		}
		counts[entry.Action]++
	}
	return counts
}

// Of returns the journal's lines about an action.
func (s *Sim) Of(action string) []awssim.Entry {
	return slices.DeleteFunc(s.Journal(), func(e awssim.Entry) bool { return e.Action != action || !strings.HasPrefix(action, e.Service+":") })
}

// AutoScalingRole is the grantee of the targets.
func AutoScalingRole() sharing.Grantee {
	return sharing.Grantee{Service: "autoscaling.amazonaws.com", Path: "/aws-service-role/autoscaling.amazonaws.com/", Name: "AWSServiceRoleForAutoScaling"}
}

// Request shares both AMIs with both targets.
func Request() sharing.Request {
	targets := []sharing.Target{
		{Account: Target, Credentials: true, Grantees: []sharing.Grantee{AutoScalingRole()}},
		{Account: OtherTarget, Credentials: true, Grantees: []sharing.Grantee{AutoScalingRole()}},
		{Account: ClosedTarget},
	}
	return sharing.Request{
		Images: []sharing.ImageRef{ImageFrankfurt(), ImageVirginia()}, Targets: targets, ShareSnapshots: true,
		GrantOperations: sharing.DefaultGrantOperations(),
	}
}
