// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

func TestOneSessionServesAllRegionsAndCallers(t *testing.T) {
	w := newWire(t, map[string]func(int) (int, string){"AssumeRole": always(assumed), "DescribeAutoScalingGroups": always(noGroups)})
	w.delay = 20 * time.Millisecond
	c := New(clients.New(w.config(), map[sharing.AccountID]clients.TargetCredentials{target: {Role: &clients.AssumeRole{RoleName: "x"}}}, clients.Options{}), Options{})
	var wg sync.WaitGroup
	for _, region := range []sharing.Region{"eu-central-1", "us-east-1", "ap-southeast-2", "eu-central-1", "us-east-1"} {
		wg.Go(func() {
			if _, err := c.AutoScaling(clients.Place{Account: target, Region: region}).DescribeAutoScalingGroups(t.Context(), &autoscaling.DescribeAutoScalingGroupsInput{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(w.of("AssumeRole")); n != 1 {
		t.Errorf("the role was assumed %d times", n)
	}
	regions := map[string]int{}
	for _, r := range w.of("DescribeAutoScalingGroups") {
		regions[r.region]++
		if r.key != "ASIATARGET" {
			t.Errorf("called with the key %q", r.key)
		}
	}
	if diff := cmp.Diff(map[string]int{"eu-central-1": 2, "us-east-1": 2, "ap-southeast-2": 1}, regions); diff != "" {
		t.Errorf("calls by region (-want +got):\n%s", diff)
	}
	want := map[string]int{"sts:AssumeRole": 1, "autoscaling:DescribeAutoScalingGroups": 5}
	if diff := cmp.Diff(traffic.Stats{Calls: want}, c.Stats()); diff != "" {
		t.Errorf("statistics (-want +got):\n%s", diff)
	}
}

func TestWhatAssumeRoleIsAskedFor(t *testing.T) {
	for name, tt := range map[string]struct {
		role   clients.AssumeRole
		region string
		want   url.Values
	}{
		"a name with a path": {
			clients.AssumeRole{RoleName: "sharing/ami-share"},
			"eu-central-1",
			url.Values{"RoleArn": {"arn:aws:iam::222222222222:role/sharing/ami-share"}, "RoleSessionName": {"packer-plugin-ami-share"}, "DurationSeconds": {"3600"}, "Policy": {"narrow"}},
		},
		"a name in the partition of the source account": {
			clients.AssumeRole{RoleName: "/ami-share"},
			"us-gov-west-1",
			url.Values{"RoleArn": {"arn:aws-us-gov:iam::222222222222:role/ami-share"}, "RoleSessionName": {"packer-plugin-ami-share"}, "DurationSeconds": {"3600"}, "Policy": {"narrow"}},
		},
		"everything": {
			clients.AssumeRole{
				RoleARN: roleARN, ExternalID: "s3cret", SessionName: "me", Duration: 15 * time.Minute, Policy: "own",
				PolicyARNs: []string{"arn:aws:iam::aws:policy/x"}, Tags: map[string]string{"b": "2", "a": "1"}, TransitiveTagKeys: []string{"a"},
			},
			"eu-central-1",
			url.Values{
				"RoleArn": {roleARN}, "RoleSessionName": {"me"}, "DurationSeconds": {"900"}, "Policy": {"own"}, "ExternalId": {"s3cret"},
				"PolicyArns.member.1.arn": {"arn:aws:iam::aws:policy/x"}, "TransitiveTagKeys.member.1": {"a"},
				"Tags.member.1.Key": {"a"}, "Tags.member.1.Value": {"1"}, "Tags.member.2.Key": {"b"}, "Tags.member.2.Value": {"2"},
			},
		},
		"managed policies instead of the run's own": {
			clients.AssumeRole{RoleARN: roleARN, PolicyARNs: []string{"arn:aws:iam::aws:policy/x"}},
			"eu-central-1",
			url.Values{"RoleArn": {roleARN}, "RoleSessionName": {"packer-plugin-ami-share"}, "DurationSeconds": {"3600"}, "PolicyArns.member.1.arn": {"arn:aws:iam::aws:policy/x"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, map[string]func(int) (int, string){"AssumeRole": always(assumed)})
			source := w.config()
			source.Region = tt.region
			c := New(clients.New(source, map[sharing.AccountID]clients.TargetCredentials{target: {Role: &tt.role}}, clients.Options{}), Options{})
			c.Narrow(target, text("narrow"))
			if problem := c.Enter(t.Context(), target); problem != nil {
				t.Fatal(problem)
			}
			got := w.of("AssumeRole")[0]
			tt.want.Set("Action", "AssumeRole")
			tt.want.Set("Version", "2011-06-15")
			if diff := cmp.Diff(tt.want, got.form); diff != "" {
				t.Errorf("AssumeRole (-want +got):\n%s", diff)
			}
			if got.region != tt.region || got.key != "AKIASOURCE" {
				t.Errorf("asked in %q with the key %q", got.region, got.key)
			}
		})
	}
}

func TestAProfileOfAnotherAccountIsNoTarget(t *testing.T) {
	const identity = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>` +
		`<Account>333333333333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
	w := newWire(t, map[string]func(int) (int, string){"GetCallerIdentity": always(identity)})
	profile := w.config()
	c := New(clients.New(w.config(), map[sharing.AccountID]clients.TargetCredentials{target: {Config: &profile}}, clients.Options{}), Options{})
	problem := c.Enter(t.Context(), target)
	if problem == nil || !strings.Contains(problem.Cause, "333333333333") {
		t.Errorf("got %v", problem)
	}
}

func TestTargetsShareConnections(t *testing.T) {
	// Seven clients call one after the other. A connection now and then is not taken back in time on a busy machine; if
	// every client had connections of its own, there could never be less than seven.
	const clients = 7
	for range 5 {
		if n := connectionsOf(t); n < clients/2 {
			return
		}
	}
	t.Error("each client has connections of its own")
}

// connectionsOf counts the connections of three targets in two Regions, and of their sessions.
func connectionsOf(t *testing.T) int {
	w := newWire(t, map[string]func(int) (int, string){"AssumeRole": always(assumed), "DescribeAutoScalingGroups": always(noGroups)})
	targets := map[sharing.AccountID]clients.TargetCredentials{}
	for _, account := range []sharing.AccountID{"222222222222", "333333333333", "444444444444"} {
		targets[account] = clients.TargetCredentials{Role: &clients.AssumeRole{RoleName: "x"}}
	}
	source := w.config()
	source.DefaultsMode = aws.DefaultsModeStandard // which every service client has settings of its own for
	c := New(clients.New(source, targets, clients.Options{}), Options{})
	for account := range targets {
		for _, region := range []sharing.Region{"eu-central-1", "us-east-1"} {
			if _, err := c.AutoScaling(clients.Place{Account: account, Region: region}).DescribeAutoScalingGroups(t.Context(), nil); err != nil {
				t.Error(err)
			}
		}
	}
	connections := map[string]bool{}
	for _, r := range w.requests {
		connections[r.from] = true
	}
	return len(connections)
}

func TestOneSlotIsEnoughToAssumeARoleInTheMiddleOfACall(t *testing.T) {
	w := newWire(t, map[string]func(int) (int, string){"AssumeRole": always(assumed), "DescribeAutoScalingGroups": always(noGroups)})
	c := New(clients.New(w.config(), map[sharing.AccountID]clients.TargetCredentials{target: {Role: &clients.AssumeRole{RoleName: "x"}}}, clients.Options{MaxConcurrency: 1}), Options{})
	if _, err := c.AutoScaling(clients.Place{Account: target, Region: "us-east-1"}).DescribeAutoScalingGroups(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

func kmsError(code string) string { return `{"__type":"` + code + `","message":"no"}` }

func TestWhatIsRepeated(t *testing.T) {
	fails := func(times, status int, body, then string) func(int) (int, string) {
		return func(n int) (int, string) {
			if n <= times {
				return status, body
			}
			return http.StatusOK, then
		}
	}
	const made = `{"GrantId":"g1","GrantToken":"t"}`
	for name, tt := range map[string]struct {
		answer  func(int) (int, string)
		newRole bool
		retries int
		code    string // of the error in the end
		calls   int
	}{
		"throttling":                           {fails(1, 400, kmsError("ThrottlingException"), made), false, 3, "", 2},
		"a fault of AWS":                       {fails(1, 500, kmsError("KMSInternalException"), made), false, 3, "", 2},
		"throttling, more often than retries":  {fails(3, 400, kmsError("ThrottlingException"), made), false, 1, "", 4},
		"a key full of grants":                 {fails(9, 400, kmsError("LimitExceededException"), made), false, 3, "LimitExceededException", 1},
		"a grantee that KMS does not know yet": {fails(1, 400, kmsError("InvalidArnException"), made), false, 3, "", 2},
		"a grantee that KMS never knows":       {fails(99, 400, kmsError("InvalidArnException"), made), false, 3, "InvalidArnException", 2},
		"a grantee that this run has made":     {fails(2, 400, kmsError("InvalidArnException"), made), true, 3, "", 3},
		"a refusal":                            {fails(9, 400, kmsError("AccessDeniedException"), made), false, 3, "AccessDeniedException", 1},
		"a refusal about a role of this run":   {fails(9, 400, kmsError("AccessDeniedException"), made), true, 3, "AccessDeniedException", 1},
		"throttling, when nothing is repeated": {fails(1, 400, kmsError("ThrottlingException"), made), false, -1, "ThrottlingException", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, map[string]func(int) (int, string){
				"AssumeRole": always(assumed), "CreateGrant": tt.answer, "ListGrants": always(`{"Grants":[]}`),
			})
			c := New(clients.New(w.config(), map[sharing.AccountID]clients.TargetCredentials{target: {Role: &clients.AssumeRole{RoleName: "x"}}}, clients.Options{MaxRetries: tt.retries}), Options{})
			_, err := c.Do(t.Context(), plan.CreateGrant{Account: target, Region: "eu-central-1", KeyARN: keyARN, GranteeARN: granteeID, Operations: []string{"Decrypt"}, NewRole: tt.newRole})
			var problem sharing.Problem
			errors.As(err, &problem)
			if problem.Code != tt.code || len(w.of("CreateGrant")) != tt.calls {
				t.Errorf("%d calls, then %v", len(w.of("CreateGrant")), err)
			}
		})
	}
}

func TestOnlyMaxRetriesSaysHowOftenACallIsRepeated(t *testing.T) {
	const identity = `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>222222222222</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
	for name, credentials := range map[string]func(aws.Config) clients.TargetCredentials{
		"with a role": func(aws.Config) clients.TargetCredentials {
			return clients.TargetCredentials{Role: &clients.AssumeRole{RoleName: "x"}}
		},
		"with a profile": func(profile aws.Config) clients.TargetCredentials { return clients.TargetCredentials{Config: &profile} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, map[string]func(int) (int, string){
				"AssumeRole": always(assumed), "GetCallerIdentity": always(identity), "ListGrants": always(`{"Grants":[]}`),
				"CreateGrant": answers(400, kmsError("ThrottlingException"), `{"GrantId":"g1","GrantToken":"t"}`),
			})
			config := w.config()
			config.RetryMaxAttempts = 1 // as AWS_MAX_ATTEMPTS or the library that finds the credentials sets it
			c := New(clients.New(config, map[sharing.AccountID]clients.TargetCredentials{target: credentials(config)}, clients.Options{MaxRetries: 1}), Options{})
			if _, err := c.Do(t.Context(), someGrant); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTheSourceIsNeverTakenForATarget(t *testing.T) {
	w := newWire(t, nil)
	c := New(clients.New(w.config(), nil, clients.Options{}), Options{})
	for _, change := range []plan.Change{
		plan.CreateGrant{Account: target, Region: "eu-central-1", KeyARN: keyARN, GranteeARN: granteeID},
		plan.CreateServiceLinkedRole{Account: target},
		plan.PutTags{Account: target},
		plan.SetGroupRole{Account: target},
	} {
		effect, err := c.Do(t.Context(), change)
		if effect != (plan.Effect{}) || err == nil || !strings.Contains(err.Error(), "no credentials for account 222222222222") {
			t.Errorf("%s: %+v, %v", change, effect, err)
		}
	}
	if len(w.requests) > 0 {
		t.Errorf("calls were made: %v", w.requests)
	}
}
