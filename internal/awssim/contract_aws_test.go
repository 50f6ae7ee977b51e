// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
)

// The contract tests run on the local AWS, and with AMISHARE_AWS=1 on whatever the environment's credentials, Region and
// endpoints lead to, which is AWS itself unless AWS_ENDPOINT_URL says otherwise. There they run what holds in any account
// (see row.anywhere). AMISHARE_AWS=plan tells what that would be, and calls nothing.

func onAWS() bool { return os.Getenv("AMISHARE_AWS") != "" }

func onlyPlanned() bool { return os.Getenv("AMISHARE_AWS") == "plan" }

// place is where the rows run.
type place struct {
	account string // of the administrator
	key     string // ARN of a customer managed key, with a policy that delegates to the account
}

// madeUp is the place in the made-up world.
var madeUp = place{source, keyARN(sharedKey)}

// nobodysRole is the role without any policy whose sessions are refused everything, made for a run on AWS.
const nobodysRole = "amishare-contract-nobody"

// account is the account of AWS that a run is about.
type account struct {
	place

	admin, nobody aws.Config
}

// theAccount makes what a run on AWS needs: a key and a role.
var theAccount = sync.OnceValues(func() (account, error) {
	ctx := context.Background()
	admin, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return account{}, err
	}
	who, err := sts.NewFromConfig(admin).GetCallerIdentity(ctx, nil)
	if err != nil {
		return account{}, fmt.Errorf("asking who the credentials of the environment belong to: %w", err)
	}
	a := account{place{account: *who.Account}, admin, admin.Copy()}
	// The partition, as in arn:aws:sts::….
	partition := strings.Split(*who.Arn, ":")[1]
	if _, err := iam.NewFromConfig(admin).CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: aws.String(nobodysRole), AssumeRolePolicyDocument: aws.String(trust("arn:" + partition + ":iam::" + a.account + ":root")),
	}); err != nil {
		return a, fmt.Errorf("creating the role %s: %w", nobodysRole, err)
	}
	a.nobody.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(admin, patiently), "arn:"+partition+":iam::"+a.account+":role/"+nobodysRole))
	key, err := kms.NewFromConfig(admin).CreateKey(ctx, &kms.CreateKeyInput{Description: aws.String("amishare-contract")})
	if err != nil {
		return a, fmt.Errorf("creating a key: %w", err)
	}
	a.key = *key.KeyMetadata.Arn
	return a, nil
})

// patiently repeats an AssumeRole that AWS refuses: STS learns of a new role after some seconds.
func patiently(o *sts.Options) {
	if !onAWS() {
		return
	}
	o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff = 8, 5*time.Second
		o.Retryables = append(o.Retryables, retry.RetryableErrorCode{Codes: map[string]struct{}{"AccessDenied": {}}})
	})
}

// leave deletes what theAccount made; a key is gone after a week at the earliest.
func (a account) leave() error {
	_, err := iam.NewFromConfig(a.admin).DeleteRole(context.Background(), &iam.DeleteRoleInput{RoleName: aws.String(nobodysRole)})
	if a.key == "" {
		return err
	}
	_, keyErr := kms.NewFromConfig(a.admin).ScheduleKeyDeletion(context.Background(), &kms.ScheduleKeyDeletionInput{KeyId: &a.key, PendingWindowInDays: aws.Int32(7)})
	return errors.Join(err, keyErr)
}

// here is the place of this run.
func here(t *testing.T) place {
	t.Helper()
	if !onAWS() || onlyPlanned() {
		return madeUp
	}
	a, err := theAccount()
	must(t, err)
	return a.place
}

// elsewhere tells what an aspect of a row does on AWS, skips it when it has no place there or nothing is to be called,
// and returns the configuration to call with.
func (r row) elsewhere(t *testing.T, action, aspect, as string) (config, admin aws.Config) {
	t.Helper()
	if !slices.Contains(strings.Fields(r.anywhere), aspect) {
		t.Skipf("%s, %s: not here: it needs the made-up world, or would change what is not its own", action, aspect)
	}
	does := map[string]string{"good": "changes nothing", "denied": "is refused", "bad": "is refused", "dry": "only asks"}[aspect]
	if r.creates != "" {
		does = "creates " + r.creates + " if it gets that far, and deletes it again"
	}
	t.Logf("%s, %s: %s", action, aspect, does)
	if onlyPlanned() {
		t.SkipNow()
	}
	a, err := theAccount()
	must(t, err)
	if as == nobody {
		return a.nobody, a.admin
	}
	return a.admin, a.admin
}

func TestMain(m *testing.M) {
	if onAWS() {
		fmt.Printf("The run creates the role %s and a KMS key, which it schedules for deletion in 7 days.\n", nobodysRole)
	}
	result := m.Run()
	if onAWS() && !onlyPlanned() {
		a, err := theAccount()
		if err := errors.Join(err, a.leave()); err != nil {
			fmt.Fprintln(os.Stderr, "leaving the account as it was:", err)
			result = 1
		}
	}
	os.Exit(result)
}

// again runs the contract tests in a process of their own, as make testacc-aws does, on the local AWS of a fixture: it is
// the code for AWS itself, and only the endpoint is another.
func again(t *testing.T, f *fixture, mode string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestContract", "-test.v")
	command.Env = append(os.Environ(), "AMISHARE_AWS="+mode, "AWS_ENDPOINT_URL="+f.url, "AWS_REGION="+home, "AWS_PROFILE=",
		"AWS_ACCESS_KEY_ID="+administrator, "AWS_SECRET_ACCESS_KEY="+f.secrets[administrator], "AWS_SESSION_TOKEN=",
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

func TestTheContractHoldsWhereverTheEnvironmentPoints(t *testing.T) {
	world := computeWorld(t)
	f := start(t, world)
	before := withoutDeletedKeys(t, f.server.State())
	out := again(t, f, "1")
	for _, want := range []string{
		"--- PASS: TestContractOfEC2/CreateKeyPair/good", "--- PASS: TestContractOfCore/kms:CreateGrant/dry",
		"--- PASS: TestContractOfAutoScaling/DescribeAutoScalingGroups/denied", "kms:CreateGrant, good: creates a grant on the run's own key",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %q", want)
		}
	}
	if passed, skipped := strings.Count(out, "/good (")+strings.Count(out, "/denied (")+strings.Count(out, "/bad (")+strings.Count(out, "/dry ("), strings.Count(out, "--- SKIP"); passed-skipped < 150 {
		t.Errorf("%d aspects ran and %d were skipped", passed-skipped, skipped)
	}
	if diff := cmp.Diff(before, withoutDeletedKeys(t, f.server.State())); diff != "" {
		t.Errorf("the run leaves behind:\n%s", diff)
	}
}

// withoutDeletedKeys is a state without the keys that are pending deletion.
func withoutDeletedKeys(t *testing.T, state []byte) map[string]any {
	t.Helper()
	var all map[string]any
	must(t, json.Unmarshal(state, &all))
	keys, ok := all["keys"].(map[string]any)
	if !ok {
		t.Fatalf("the state has no keys: %s", state)
	}
	maps.DeleteFunc(keys, func(_ string, key any) bool { return strings.Contains(fmt.Sprint(key), "PendingDeletion") })
	return all
}

func TestThePlanOfTheContractCallsNothing(t *testing.T) {
	f := start(t, computeWorld(t))
	out := again(t, f, "plan")
	for _, want := range []string{"ec2:CreateKeyPair, good: creates", "ec2:DescribeImages, good: changes nothing", "creates the role " + nobodysRole} {
		if !strings.Contains(out, want) {
			t.Errorf("the plan lacks %q:\n%s", want, out)
		}
	}
	if calls := f.server.Journal(); len(calls) > 0 {
		t.Errorf("the plan makes %d calls, the first of which is %+v", len(calls), calls[0])
	}
}
