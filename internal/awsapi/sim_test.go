// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"cmp"
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// The world of these tests: a source account with an AMI in each of two Regions, each under a key of its own, two
// targets with a role to assume, and a third one without.
const (
	sourceAccount = sharing.AccountID("111111111111")
	otherTarget   = sharing.AccountID("333333333333")
	closedTarget  = sharing.AccountID("444444444444")

	frankfurt = sharing.Region("eu-central-1")
	virginia  = sharing.Region("us-east-1")

	keyARN    = "arn:aws:kms:eu-central-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	roleARN   = "arn:aws:iam::222222222222:role/sharing/ami-share"
	granteeID = "arn:aws:iam::222222222222:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"

	keyFrankfurt = "arn:aws:kms:eu-central-1:111111111111:key/11111111-1111-1111-1111-111111111111"
	keyVirginia  = "arn:aws:kms:us-east-1:111111111111:key/22222222-2222-2222-2222-222222222222"
)

var (
	imageFrankfurt = sharing.ImageRef{Region: frankfurt, ID: "ami-0000000000000000a"}
	imageVirginia  = sharing.ImageRef{Region: virginia, ID: "ami-0000000000000000b"}
)

const (
	allowAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

	sourceTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},` +
		`"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"s3cret"}}}]}`

	sharedKey = `{"Version":"2012-10-17","Statement":[` +
		`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"kms:*","Resource":"*"},` +
		`{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::222222222222:root","arn:aws:iam::333333333333:root"]},` +
		`"Action":["kms:CreateGrant","kms:DescribeKey","kms:ListGrants"],"Resource":"*"}]}`
)

func someWorld() awssim.World {
	region := func(image sharing.ImageRef, key string) awssim.WorldRegion {
		letter := image.ID[len(image.ID)-1:]
		return awssim.WorldRegion{
			Snapshots: []awssim.WorldSnapshot{
				{ID: "snap-0000000000000001" + letter, KMSKey: key, Tags: map[string]string{"disk": "root"}},
				{ID: "snap-0000000000000002" + letter, KMSKey: key},
			},
			Images: []awssim.WorldImage{{
				ID: image.ID, Name: "golden", Tags: map[string]string{"os": "linux"}, LaunchPermissions: []string{string(closedTarget)},
				BlockDevices: []awssim.WorldBlockDevice{
					{DeviceName: "/dev/xvda", Snapshot: "snap-0000000000000001" + letter},
					{DeviceName: "/dev/xvdb", Snapshot: "snap-0000000000000002" + letter},
				},
			}},
		}
	}
	key := func(arn string) awssim.WorldKey {
		return awssim.WorldKey{
			Region: string(sharing.RegionOf(arn)), ID: arn[strings.LastIndex(arn, "/")+1:], Policy: json.RawMessage(sharedKey),
			Aliases: []string{"alias/ami-sharing"}, Tags: map[string]string{"purpose": "ami-sharing"},
		}
	}
	return awssim.World{Accounts: []awssim.WorldAccount{
		{
			ID:    string(sourceAccount),
			Users: []awssim.WorldUser{{Name: "ci", AccessKeyID: "AKIASOURCE", SecretAccessKey: "secret", Policies: []json.RawMessage{json.RawMessage(allowAll)}}},
			Keys:  []awssim.WorldKey{key(keyFrankfurt), key(keyVirginia)},
			Regions: map[string]awssim.WorldRegion{
				string(frankfurt): region(imageFrankfurt, keyFrankfurt), string(virginia): region(imageVirginia, keyVirginia),
			},
		},
		someTarget(target), someTarget(otherTarget),
		{ID: string(closedTarget)},
	}}
}

func someTarget(account sharing.AccountID) awssim.WorldAccount {
	return awssim.WorldAccount{
		ID: string(account), ServiceLinkedRoles: []string{"autoscaling.amazonaws.com"},
		Users: []awssim.WorldUser{{Name: "ops", AccessKeyID: "AKIAOPS" + string(account), SecretAccessKey: "secret", Policies: []json.RawMessage{json.RawMessage(allowAll)}}},
		Roles: []awssim.WorldRole{{
			Name: "ami-share", Path: "/sharing/", TrustPolicy: json.RawMessage(sourceTrust), Policies: []json.RawMessage{json.RawMessage(allowAll)},
		}},
	}
}

// sim is a running local AWS.
type sim struct {
	*awssim.Server
	url string
}

// start runs a local AWS with a world that was changed for the test.
func start(t testing.TB, change ...func(*awssim.World)) *sim {
	t.Helper()
	world := someWorld()
	for _, c := range change {
		c(&world)
	}
	server, err := awssim.New(world)
	if err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	return &sim{server, listener.URL}
}

func (s *sim) config() aws.Config {
	return aws.Config{
		Region: string(frankfurt), BaseEndpoint: aws.String(s.url),
		Credentials: credentials.NewStaticCredentialsProvider("AKIASOURCE", "secret", ""),
	}
}

// testLookAgain is short, since nothing is late where a test does not say so.
const testLookAgain = 400 * time.Millisecond

// client acts as the source account, and in both targets.
func (s *sim) client(o Options) *Client {
	o.LookAgain = cmp.Or(o.LookAgain, testLookAgain)
	role := &AssumeRole{RoleName: "sharing/ami-share", ExternalID: "s3cret"}
	return New(s.config(), map[sharing.AccountID]TargetCredentials{target: {Role: role}, otherTarget: {Role: role}}, o)
}

// as returns the configuration of somebody who may do everything in a target.
func (s *sim) as(account sharing.AccountID) aws.Config {
	config := s.config()
	config.Credentials = credentials.NewStaticCredentialsProvider("AKIAOPS"+string(account), "secret", "")
	return config
}

// calls counts the calls so far by action, those that EC2 makes itself left out.
func (s *sim) calls() map[string]int {
	counts := map[string]int{}
	for _, entry := range s.Journal() {
		if !strings.HasPrefix(entry.Action, entry.Service+":") {
			continue
		}
		counts[entry.Action]++
	}
	return counts
}

// of returns the journal's lines about an action.
func (s *sim) of(action string) []awssim.Entry {
	return slices.DeleteFunc(s.Journal(), func(e awssim.Entry) bool { return e.Action != action || !strings.HasPrefix(action, e.Service+":") })
}

// autoscalingRole is the grantee of these tests.
var autoscalingRole = sharing.Grantee{Service: "autoscaling.amazonaws.com", Path: "/aws-service-role/autoscaling.amazonaws.com/", Name: "AWSServiceRoleForAutoScaling"}

// someRequest shares both AMIs with both targets.
func someRequest() sharing.Request {
	targets := []sharing.Target{
		{Account: target, Credentials: true, Grantees: []sharing.Grantee{autoscalingRole}},
		{Account: otherTarget, Credentials: true, Grantees: []sharing.Grantee{autoscalingRole}},
		{Account: closedTarget},
	}
	return sharing.Request{
		Images: []sharing.ImageRef{imageFrankfurt, imageVirginia}, Targets: targets, ShareSnapshots: true,
		GrantOperations: sharing.DefaultGrantOperations(),
	}
}

func contains(t *testing.T, what, text string, parts []string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("the %s lacks %q:\n%s", what, part, text)
		}
	}
}
