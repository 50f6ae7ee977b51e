// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// throttled is the tests' world with buckets of AWS's size, in a time that goes by only when a test says so.
func throttled(t *testing.T, given ...map[string]awssim.Bucket) (f *fixture, sleep func(time.Duration)) {
	t.Helper()
	world := computeWorld(t)
	world.Hostility.Throttling = &awssim.Throttling{Burst: 1, Rate: 1}
	for _, buckets := range given {
		world.Hostility.Throttling.Actions = buckets
	}
	world.Organizations = []awssim.WorldOrganization{{ID: "o-golden0000", ManagementAccount: source, Root: "r-gold", Accounts: []string{source, target}}}
	f = serve(t, world, func(server *awssim.Server) http.Handler { return server })
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	f.server.SetClock(func() time.Time { return now })
	return f, func(d time.Duration) { now = now.Add(d) }
}

// until counts the calls that AWS takes before it refuses one, and returns the code of that.
func until(ctx context.Context, config aws.Config, one call) (int, string) {
	for n := range 3000 {
		if err := one(ctx, config, nil); code(err) != "" {
			return n, code(err)
		}
	}
	return 3000, ""
}

// TestBuckets: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html,
// https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html and
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html; for the others it is a guess.
func TestBuckets(t *testing.T) {
	for sentence, test := range map[string]struct {
		call   call
		burst  int
		second int // calls that a second brings
		code   string
	}{
		"EC2, a list with a filter": {func(ctx context.Context, config aws.Config, _ *bool) error {
			return only(ec2.NewFromConfig(config).DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{Filters: []types.Filter{filter("description", "none")}}))
		}, 100, 20, "RequestLimitExceeded"},
		"EC2, all of a list at once": {func(ctx context.Context, config aws.Config, _ *bool) error {
			return only(ec2.NewFromConfig(config).DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}}))
		}, 50, 10, "RequestLimitExceeded"},
		"EC2, a change": {func(ctx context.Context, config aws.Config, _ *bool) error {
			return only(ec2.NewFromConfig(config).ModifyImageAttribute(ctx, launchWith("ami-plain", types.LaunchPermission{UserId: aws.String(target)}, nil)))
		}, 100, 5, "RequestLimitExceeded"},
		"KMS, a list of grants": {func(ctx context.Context, config aws.Config, _ *bool) error {
			return only(kms.NewFromConfig(config).ListGrants(ctx, &kms.ListGrantsInput{KeyId: shared}))
		}, 100, 100, "ThrottlingException"},
		"KMS, a grant": {func(ctx context.Context, config aws.Config, _ *bool) error {
			return only(kms.NewFromConfig(config).CreateGrant(ctx, &kms.CreateGrantInput{
				KeyId: shared, GranteePrincipal: aws.String("arn:aws:iam::" + source + ":root"), Operations: []kmstypes.GrantOperation{"Decrypt"},
			}))
		}, 50, 50, "ThrottlingException"},
		"IAM": {func(ctx context.Context, config aws.Config, _ *bool) error {
			return only(iam.NewFromConfig(config).ListRoles(ctx, nil))
		}, 20, 5, "Throttling"},
		"STS": {func(ctx context.Context, config aws.Config, _ *bool) error {
			return only(sts.NewFromConfig(config).GetCallerIdentity(ctx, nil))
		}, 600, 600, "Throttling"},
		"Auto Scaling": {func(ctx context.Context, config aws.Config, _ *bool) error {
			return only(autoscaling.NewFromConfig(config).DescribeAutoScalingGroups(ctx, nil))
		}, 20, 5, "Throttling"},
		"tagging": {func(ctx context.Context, config aws.Config, _ *bool) error {
			return only(resourcegroupstaggingapi.NewFromConfig(config).GetResources(ctx, nil))
		}, 20, 5, "ThrottledException"},
		"Systems Manager": {func(ctx context.Context, config aws.Config, _ *bool) error {
			return only(ssm.NewFromConfig(config).GetParameters(ctx, &ssm.GetParametersInput{Names: []string{"/none"}}))
		}, 20, 5, "ThrottlingException"},
		"Organizations": {func(ctx context.Context, config aws.Config, _ *bool) error {
			return only(organizations.NewFromConfig(config).ListAccounts(ctx, nil))
		}, 12, 8, "TooManyRequestsException"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			f, sleep := throttled(t)
			config := f.config(t, administrator, home)
			if n, got := until(t.Context(), config, test.call); n != test.burst || got != test.code {
				t.Errorf("a full bucket has %d calls, want %d; then %q, want %q", n, test.burst, got, test.code)
			}
			sleep(time.Second)
			if n, _ := until(t.Context(), config, test.call); n != test.second {
				t.Errorf("a second brings %d calls, want %d", n, test.second)
			}
			sleep(time.Hour)
			if n, _ := until(t.Context(), config, test.call); n != test.burst {
				t.Errorf("after an hour the bucket has %d calls, want %d", n, test.burst)
			}
		})
	}
}

func TestABucketThatTheWorldGives(t *testing.T) {
	f, sleep := throttled(t, map[string]awssim.Bucket{"iam:ListRoles": {Burst: 3, PerSecond: 2}})
	config := f.config(t, administrator, home)
	roles := func(ctx context.Context, config aws.Config, _ *bool) error {
		return only(iam.NewFromConfig(config).ListRoles(ctx, nil))
	}
	full, _ := until(t.Context(), config, roles)
	sleep(time.Second)
	if second, _ := until(t.Context(), config, roles); full != 3 || second != 2 {
		t.Errorf("%d calls at once, then %d a second", full, second)
	}
	for want, buckets := range map[string]map[string]awssim.Bucket{
		`the action "ListRoles" is not known here`:  {"ListRoles": {Burst: 3, PerSecond: 2}},
		"the bucket of iam:ListRoles takes no call": {"iam:ListRoles": {Burst: 0.5, PerSecond: 2}},
		"the bucket of iam:GetRole takes no call":   {"iam:GetRole": {Burst: 5}},
	} {
		world := computeWorld(t)
		world.Hostility.Throttling = &awssim.Throttling{Burst: 1, Rate: 1, Actions: buckets}
		if _, err := awssim.New(world); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestWhoSharesABucket(t *testing.T) {
	roles := func(ctx context.Context, config aws.Config, _ *bool) error {
		return only(iam.NewFromConfig(config).ListRoles(ctx, nil))
	}
	regions := func(ctx context.Context, config aws.Config, _ *bool) error {
		return only(ec2.NewFromConfig(config).DescribeRegions(ctx, nil))
	}
	f, _ := throttled(t)
	config := f.config(t, administrator, home)
	if _, got := until(t.Context(), config, regions); got != "RequestLimitExceeded" {
		t.Fatalf("the bucket of DescribeRegions is not emptied: %q", got)
	}
	if _, got := until(t.Context(), config, roles); got != "Throttling" {
		t.Fatalf("the bucket of ListRoles is not emptied: %q", got)
	}
	for sentence, test := range map[string]struct {
		config aws.Config
		call   call
		want   string
	}{
		"the same action":                   {config, regions, "RequestLimitExceeded"},
		"the same action in another Region": {f.config(t, administrator, away), regions, ""},
		"another account":                   {f.config(t, targetAdmin, home), regions, ""},
		"an action of IAM":                  {config, roles, "Throttling"},
		"another action, which has its own": {config, func(ctx context.Context, c aws.Config, _ *bool) error {
			return only(ec2.NewFromConfig(c).DescribeImages(ctx, nil))
		}, ""},
		"somebody who may not do it all the same": {f.config(t, nobody, home), regions, "RequestLimitExceeded"},
	} {
		if got := code(test.call(t.Context(), test.config, nil)); got != test.want {
			t.Errorf("%s: %q, want %q", sentence, got, test.want)
		}
	}
}

// TestThrottledCallsReachNoFault: what the front door refuses, no service sees; a fault happens to the calls behind it.
func TestThrottledCallsReachNoFault(t *testing.T) {
	f, sleep := throttled(t)
	config := f.config(t, administrator, home)
	list := func(ctx context.Context, config aws.Config, _ *bool) error {
		return only(iam.NewFromConfig(config).ListRoles(ctx, nil))
	}
	f.server.Fail(awssim.Fault{Action: "iam:ListRoles", Nth: 21, Code: "ServiceFailure"})
	if n, got := until(t.Context(), config, list); n != 20 || got != "Throttling" {
		t.Errorf("%d calls, then %q", n, got)
	}
	sleep(time.Second)
	if got := code(list(t.Context(), config, nil)); got != "ServiceFailure" {
		t.Errorf("the first call that is not throttled ends in %q", got)
	}
}

func TestBucketsOfNoSize(t *testing.T) {
	world := computeWorld(t)
	world.Hostility.Throttling = &awssim.Throttling{Burst: 1}
	if _, err := awssim.New(world); err == nil {
		t.Error("a rate of 0 is taken")
	}
}
