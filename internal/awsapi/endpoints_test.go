// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// sent is what AWS tells calls apart by: the host, the Region and service of the signature, and whose key made it.
type sent struct{ host, region, service, key string }

// connections lead every host to the wire's server, and leave the names in the requests as they are.
func (w *wire) connections() aws.HTTPClient {
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, w.server.Listener.Addr().String())
	}
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) { t.DialContext, t.DialTLSContext = dial, dial })
}

// last returns how the last call arrived.
func (w *wire) last() sent {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.requests[len(w.requests)-1]
	return sent{r.host, r.region, r.service, r.key}
}

// eachService makes a call of each service from a place. That the wire refuses them all does not matter.
func eachService(ctx context.Context, c *Client, p clients.Place, called func(service string)) {
	c.EC2(p).GetEbsDefaultKmsKeyId(ctx, &ec2.GetEbsDefaultKmsKeyIdInput{})
	called("ec2")
	c.KMS(p).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String("x")})
	called("kms")
	c.IAM(p).GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("x")})
	called("iam")
	c.STS(p).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	called("sts")
	c.AutoScaling(p).DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{})
	called("autoscaling")
	c.Tagging(p).GetResources(ctx, &resourcegroupstaggingapi.GetResourcesInput{})
	called("tagging")
}

func TestEveryCallGoesToItsOwnRegionAndIsSignedForIt(t *testing.T) {
	for name, tt := range map[string]struct {
		home, region string
		environment  map[string]string
		want         map[string]sent // the key is everywhere the source's
	}{
		"the AWS partition": {"eu-central-1", "us-west-2", nil, map[string]sent{
			"ec2": {host: "ec2.us-west-2.amazonaws.com", region: "us-west-2"}, "kms": {host: "kms.us-west-2.amazonaws.com", region: "us-west-2"},
			"iam": {host: "iam.amazonaws.com", region: "us-east-1"}, "sts": {host: "sts.us-west-2.amazonaws.com", region: "us-west-2"},
			"autoscaling": {host: "autoscaling.us-west-2.amazonaws.com", region: "us-west-2"}, "tagging": {host: "tagging.us-west-2.amazonaws.com", region: "us-west-2"},
		}},
		"GovCloud": {"us-gov-west-1", "us-gov-east-1", nil, map[string]sent{
			"ec2": {host: "ec2.us-gov-east-1.amazonaws.com", region: "us-gov-east-1"}, "kms": {host: "kms.us-gov-east-1.amazonaws.com", region: "us-gov-east-1"},
			"iam": {host: "iam.us-gov.amazonaws.com", region: "us-gov-west-1"}, "sts": {host: "sts.us-gov-east-1.amazonaws.com", region: "us-gov-east-1"},
			"autoscaling": {host: "autoscaling.us-gov-east-1.amazonaws.com", region: "us-gov-east-1"}, "tagging": {host: "tagging.us-gov-east-1.amazonaws.com", region: "us-gov-east-1"},
		}},
		"China": {"cn-north-1", "cn-northwest-1", nil, map[string]sent{
			"ec2": {host: "ec2.cn-northwest-1.amazonaws.com.cn", region: "cn-northwest-1"}, "kms": {host: "kms.cn-northwest-1.amazonaws.com.cn", region: "cn-northwest-1"},
			"iam": {host: "iam.cn-north-1.amazonaws.com.cn", region: "cn-north-1"}, "sts": {host: "sts.cn-northwest-1.amazonaws.com.cn", region: "cn-northwest-1"},
			"autoscaling": {host: "autoscaling.cn-northwest-1.amazonaws.com.cn", region: "cn-northwest-1"}, "tagging": {host: "tagging.cn-northwest-1.amazonaws.com.cn", region: "cn-northwest-1"},
		}},
		"the European Sovereign Cloud": {"eusc-de-east-1", "eusc-de-east-1", nil, map[string]sent{
			"ec2": {host: "ec2.eusc-de-east-1.amazonaws.eu", region: "eusc-de-east-1"}, "kms": {host: "kms.eusc-de-east-1.amazonaws.eu", region: "eusc-de-east-1"},
			"iam": {host: "iam.eusc-de-east-1.amazonaws.eu", region: "eusc-de-east-1"}, "sts": {host: "sts.eusc-de-east-1.amazonaws.eu", region: "eusc-de-east-1"},
			"autoscaling": {host: "autoscaling.eusc-de-east-1.amazonaws.eu", region: "eusc-de-east-1"}, "tagging": {host: "tagging.eusc-de-east-1.amazonaws.eu", region: "eusc-de-east-1"},
		}},
		"FIPS endpoints": {"us-east-1", "us-west-2", map[string]string{"AWS_USE_FIPS_ENDPOINT": "true"}, map[string]sent{
			"ec2": {host: "ec2-fips.us-west-2.amazonaws.com", region: "us-west-2"}, "kms": {host: "kms-fips.us-west-2.amazonaws.com", region: "us-west-2"},
			"iam": {host: "iam-fips.amazonaws.com", region: "us-east-1"}, "sts": {host: "sts-fips.us-west-2.amazonaws.com", region: "us-west-2"},
			"autoscaling": {host: "autoscaling-fips.us-west-2.amazonaws.com", region: "us-west-2"}, "tagging": {host: "tagging-fips.us-west-2.amazonaws.com", region: "us-west-2"},
		}},
		"dual-stack endpoints": {"eu-central-1", "eu-west-1", map[string]string{"AWS_USE_DUALSTACK_ENDPOINT": "true"}, map[string]sent{
			"ec2": {host: "ec2.eu-west-1.api.aws", region: "eu-west-1"}, "kms": {host: "kms.eu-west-1.api.aws", region: "eu-west-1"},
			"iam": {host: "iam.global.api.aws", region: "us-east-1"}, "sts": {host: "sts.eu-west-1.api.aws", region: "eu-west-1"},
			"autoscaling": {host: "autoscaling.eu-west-1.api.aws", region: "eu-west-1"}, "tagging": {host: "tagging.eu-west-1.api.aws", region: "eu-west-1"},
		}},
		"an endpoint for all, and one for KMS": {"eu-central-1", "eu-west-1", map[string]string{"AWS_ENDPOINT_URL": "http://all.example:4566", "AWS_ENDPOINT_URL_KMS": "https://kms.example"}, map[string]sent{
			"ec2": {host: "all.example:4566", region: "eu-west-1"}, "kms": {host: "kms.example", region: "eu-west-1"},
			"iam": {host: "all.example:4566", region: "us-east-1"}, "sts": {host: "all.example:4566", region: "eu-west-1"},
			"autoscaling": {host: "all.example:4566", region: "eu-west-1"}, "tagging": {host: "all.example:4566", region: "eu-west-1"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, nil)
			for key, value := range tt.environment {
				t.Setenv(key, value)
			}
			loaded, err := config.LoadDefaultConfig(t.Context(), config.WithRegion(tt.home), config.WithHTTPClient(w.connections()),
				config.WithSharedConfigFiles(nil), config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("AKIASOURCE", "secret", "")))
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]sent{}
			eachService(t.Context(), New(clients.New(loaded, nil, clients.Options{MaxRetries: -1}), Options{}), clients.Place{Region: sharing.Region(tt.region)}, func(service string) { got[service] = w.last() })
			for service, want := range tt.want {
				want.key, want.service = "AKIASOURCE", service
				tt.want[service] = want
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(sent{})); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

const profiles = `[profile local]
region = us-west-2
aws_access_key_id = AKIALOCAL
aws_secret_access_key = secret
services = local
[services local]
kms =
  endpoint_url = http://kms.example
[profile fips]
region = us-west-1
aws_access_key_id = AKIAFIPS
aws_secret_access_key = secret
use_fips_endpoint = true
`

func TestAProfileKeepsItsOwnEndpointsAndRegion(t *testing.T) {
	w := newWire(t, nil)
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte(profiles), 0o600); err != nil {
		t.Fatal(err)
	}
	targets := map[sharing.AccountID]clients.TargetCredentials{}
	for account, profile := range map[sharing.AccountID]string{target: "local", otherTarget: "fips"} {
		loaded, err := config.LoadDefaultConfig(t.Context(), config.WithSharedConfigFiles([]string{file}), config.WithSharedConfigProfile(profile), config.WithHTTPClient(w.connections()))
		if err != nil {
			t.Fatal(err)
		}
		targets[account] = clients.TargetCredentials{Config: &loaded}
	}
	source := aws.Config{Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider("AKIASOURCE", "secret", ""), HTTPClient: w.connections()}
	c := New(clients.New(source, targets, clients.Options{MaxRetries: -1}), Options{})
	for _, tt := range []struct {
		from     clients.Place
		ec2, kms sent
	}{
		{clients.Place{Region: "eu-west-1"}, sent{"ec2.eu-west-1.amazonaws.com", "eu-west-1", "ec2", "AKIASOURCE"}, sent{"kms.eu-west-1.amazonaws.com", "eu-west-1", "kms", "AKIASOURCE"}},
		{clients.Place{Account: target, Region: "us-east-1"}, sent{"ec2.us-east-1.amazonaws.com", "us-east-1", "ec2", "AKIALOCAL"}, sent{"kms.example", "us-east-1", "kms", "AKIALOCAL"}},
		{clients.Place{Account: target}, sent{"ec2.us-west-2.amazonaws.com", "us-west-2", "ec2", "AKIALOCAL"}, sent{"kms.example", "us-west-2", "kms", "AKIALOCAL"}},
		{clients.Place{Account: otherTarget, Region: "us-east-1"}, sent{"ec2-fips.us-east-1.amazonaws.com", "us-east-1", "ec2", "AKIAFIPS"}, sent{"kms-fips.us-east-1.amazonaws.com", "us-east-1", "kms", "AKIAFIPS"}},
		{clients.Place{}, sent{"ec2.eu-central-1.amazonaws.com", "eu-central-1", "ec2", "AKIASOURCE"}, sent{"kms.eu-central-1.amazonaws.com", "eu-central-1", "kms", "AKIASOURCE"}},
	} {
		got := map[string]sent{}
		eachService(t.Context(), c, tt.from, func(service string) { got[service] = w.last() })
		if diff := cmp.Diff([]sent{tt.ec2, tt.kms}, []sent{got["ec2"], got["kms"]}, cmp.AllowUnexported(sent{})); diff != "" {
			t.Errorf("from %v (-want +got):\n%s", tt.from, diff)
		}
	}
}

func TestProfilesShareTheSourcesConnections(t *testing.T) {
	const profiles = 7
	for range 5 { // a connection now and then is not taken back in time on a busy machine
		if n := connectionsOfProfiles(t, profiles); n < profiles/2 {
			return
		}
	}
	t.Error("each profile has connections of its own")
}

// connectionsOfProfiles counts the connections of profiles that call one after the other.
func connectionsOfProfiles(t *testing.T, profiles int) int {
	w := newWire(t, map[string]func(int) (int, string){"DescribeAutoScalingGroups": always(noGroups)})
	source := w.config()
	source.HTTPClient = awshttp.NewBuildableClient()
	targets := map[sharing.AccountID]clients.TargetCredentials{}
	for n := range profiles {
		profile := source.Copy()
		targets[sharing.AccountID(fmt.Sprintf("%012d", n))] = clients.TargetCredentials{Config: &profile}
	}
	c := New(clients.New(source, targets, clients.Options{}), Options{})
	for account := range targets {
		if _, err := c.AutoScaling(clients.Place{Account: account}).DescribeAutoScalingGroups(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	connections := map[string]bool{}
	for _, r := range w.requests {
		connections[r.from] = true
	}
	return len(connections)
}
