// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

func TestSignaturesAreVerified(t *testing.T) {
	f := start(t, computeWorld(t))
	config := f.config(t, administrator, home)
	config.Credentials = credentials.NewStaticCredentialsProvider(administrator, "wrong", "")
	if got := code(describe2(t.Context(), config, *shared)); got != "InvalidSignatureException" {
		t.Errorf("a wrong secret key: %q", got)
	}
	if got := code(only(ec2.NewFromConfig(config).DescribeRegions(t.Context(), nil))); got != "AuthFailure" {
		t.Errorf("a wrong secret key, EC2: %q", got)
	}
	config.Credentials = credentials.NewStaticCredentialsProvider("AKIANOBODY", "x", "")
	if got := code(only(sts.NewFromConfig(config).GetCallerIdentity(t.Context(), nil))); got != "InvalidClientTokenId" {
		t.Errorf("an unknown access key: %q", got)
	}
	world := computeWorld(t)
	world.Accounts[0].DisabledRegions = []string{away}
	f = start(t, world)
	if got := code(only(ec2.NewFromConfig(f.config(t, administrator, away)).DescribeRegions(t.Context(), nil))); got != "AuthFailure" {
		t.Errorf("a Region that the account has not enabled: %q", got)
	}
}

func TestHostility(t *testing.T) {
	world := authorityWorld(t, "", "")
	world.Hostility = awssim.Hostility{NewRoleUnknownToKMS: 2, NewGrantUnlisted: 1, PageSize: 2, ThrottleEveryNthWrite: 5, SessionCalls: 1}
	f := start(t, world)
	roles, keys := iam.NewFromConfig(f.config(t, targetAdmin, home)), kms.NewFromConfig(f.config(t, administrator, home))
	must(t, only(roles.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("fresh"), AssumeRolePolicyDocument: aws.String(trust("arn:aws:iam::" + target + ":root"))})))
	in := decryptGrant(*shared)
	in.GranteePrincipal = aws.String("arn:aws:iam::" + target + ":role/fresh")
	var codes []string
	for range 4 {
		codes = append(codes, code(only(keys.CreateGrant(t.Context(), in))))
	}
	if want := []string{"InvalidArnException", "InvalidArnException", "", "ThrottlingException"}; !slices.Equal(codes, want) {
		t.Errorf("codes %q, want %q", codes, want)
	}
	for call, want := range []int{0, 1} {
		out, err := keys.ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: shared})
		must(t, err)
		if len(out.Grants) != want {
			t.Errorf("listing %d shows %d grants, want %d", call+1, len(out.Grants), want)
		}
	}
	page, err := roles.ListRoles(t.Context(), nil)
	must(t, err)
	if len(page.Roles) > 2 {
		t.Errorf("a page of %d", len(page.Roles))
	}
	session := f.worker(t, home)
	must(t, only(sts.NewFromConfig(session).GetCallerIdentity(t.Context(), nil)))
	if got := code(only(sts.NewFromConfig(session).GetCallerIdentity(t.Context(), nil))); got != "ExpiredToken" {
		t.Errorf("a session of one call, used twice: %q", got)
	}
}

func TestFaults(t *testing.T) {
	tests := map[string]struct {
		fault       awssim.Fault
		want        string // code of the first call
		effect      bool
		secondFails bool
	}{
		"a code, before the effect":      {awssim.Fault{Action: "kms:CreateGrant", Nth: 1, Code: "KMSInternalException", Status: 500}, "KMSInternalException", false, false},
		"a code, after the effect":       {awssim.Fault{Action: "kms:CreateGrant", Nth: 1, Code: "KMSInternalException", Status: 500, AfterEffect: true}, "KMSInternalException", true, false},
		"a dropped connection, before":   {awssim.Fault{Action: "kms:CreateGrant", Nth: 1, Drop: true}, "EOF", false, false},
		"a dropped connection, after":    {awssim.Fault{Action: "kms:CreateGrant", Nth: 1, Drop: true, AfterEffect: true}, "EOF", true, false},
		"every call":                     {awssim.Fault{Action: "kms:CreateGrant", Code: "ThrottlingException"}, "ThrottlingException", false, true},
		"another account's":              {awssim.Fault{Action: "kms:CreateGrant", Account: target, Code: "ThrottlingException"}, "", true, false},
		"another Region's":               {awssim.Fault{Action: "kms:CreateGrant", Region: away, Code: "ThrottlingException"}, "", true, false},
		"a delay, and all is well again": {awssim.Fault{Action: "kms:CreateGrant", DelayMillis: 5}, "", true, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := serve(t, authorityWorld(t, "", ""), func(server *awssim.Server) http.Handler { return server })
			f.server.Fail(test.fault)
			before := string(f.server.State())
			client := kms.NewFromConfig(f.config(t, administrator, home))
			err := only(client.CreateGrant(t.Context(), decryptGrant(*shared)))
			if got := code(err); got != test.want && !strings.HasSuffix(got, test.want) || (err == nil) != (test.want == "") {
				t.Errorf("code %q, want %q", got, test.want)
			}
			if effect := string(f.server.State()) != before; effect != test.effect {
				t.Errorf("effect %v, want %v", effect, test.effect)
			}
			if err := only(client.CreateGrant(t.Context(), decryptGrant(*shared))); (err != nil) != test.secondFails {
				t.Errorf("second call: %v", err)
			}
		})
	}
}

func TestTheJournalTellsWhy(t *testing.T) {
	f := start(t, authorityWorld(t, "", allow(`"kms:*"`, "")))
	_ = describe2(t.Context(), f.worker(t, home), keyARN(lockedKey)) // refused: the journal is what is looked at
	journal := f.server.Journal()
	last := journal[len(journal)-1]
	if last.Action != "kms:DescribeKey" || last.Decision != "deny" || last.Account != target || last.Resource != keyARN(lockedKey) ||
		!strings.Contains(last.Reason, "no statement of the key policy allows kms:DescribeKey") {
		t.Errorf("%+v", last)
	}
}

func TestANewGrantIsNotUsableAtOnce(t *testing.T) {
	world := authorityWorld(t, keyPolicy(to("arn:aws:iam::"+target+":root", "kms:CreateGrant", "")), "")
	world.Hostility = awssim.Hostility{NewGrantUnusable: 2}
	f := start(t, world)
	grant, err := kms.NewFromConfig(f.config(t, targetAdmin, home)).CreateGrant(t.Context(), decryptGrant(*shared))
	must(t, err)
	worker := kms.NewFromConfig(f.worker(t, home))
	in := &kms.DescribeKeyInput{KeyId: shared}
	withToken := &kms.DescribeKeyInput{KeyId: shared, GrantTokens: []string{*grant.GrantToken}}
	for use, test := range []struct {
		in   *kms.DescribeKeyInput
		want string
	}{{in, deniedKMS}, {withToken, ""}, {in, deniedKMS}, {in, ""}} {
		if got := code(only(worker.DescribeKey(t.Context(), test.in))); got != test.want {
			t.Errorf("use %d: %q, want %q", use+1, got, test.want)
		}
	}
}

func TestKMSLearnsOfANewRoleForPoliciesToo(t *testing.T) {
	world := computeWorld(t)
	world.Hostility.NewRoleUnknownToKMS = 1
	config := start(t, world).config(t, administrator, home)
	must(t, only(iam.NewFromConfig(config).CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("fresh"), AssumeRolePolicyDocument: aws.String(trust("arn:aws:iam::" + source + ":root"))})))
	policy := keyPolicy(to("arn:aws:iam::"+source+":role/fresh", "kms:DescribeKey", ""))
	for call, want := range []string{"MalformedPolicyDocumentException", ""} {
		if got := code(only(kms.NewFromConfig(config).PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{KeyId: shared, Policy: &policy}))); got != want {
			t.Errorf("call %d: %q, want %q", call+1, got, want)
		}
	}
}

// TestCallsTakeTheirTime looks at the least that a call may take, never at the most.
func TestCallsTakeTheirTime(t *testing.T) {
	const latency, delay = 20 * time.Millisecond, 30 * time.Millisecond
	world := computeWorld(t)
	world.LatencyMillis = int(latency.Milliseconds())
	world.Faults = []awssim.Fault{{Action: "kms:ListKeys", DelayMillis: int(delay.Milliseconds())}}
	client := kms.NewFromConfig(start(t, world).config(t, administrator, home))
	for action, test := range map[string]struct {
		call  func() error
		least time.Duration
	}{
		"any call":                       {func() error { return only(client.ListAliases(t.Context(), nil)) }, latency},
		"a call that a fault delays too": {func() error { return only(client.ListKeys(t.Context(), nil)) }, latency + delay},
	} {
		began := time.Now()
		must(t, test.call())
		if took := time.Since(began); took < test.least {
			t.Errorf("%s took %s, and at least %s is wanted", action, took, test.least)
		}
	}
}

func TestFaultsAndTheJournalOverHTTP(t *testing.T) {
	f := serve(t, computeWorld(t), func(server *awssim.Server) http.Handler { return server })
	for sentence, test := range map[string]struct {
		body   string
		status int
		word   string
	}{
		"a fault":                            {`{"action":"kms:ListKeys","code":"KMSInternalException","status":500}`, http.StatusOK, ""},
		"a fault of an action that is none":  {`{"action":"ListKeys","code":"X"}`, http.StatusBadRequest, "ListKeys"},
		"a fault of an account that is none": {`{"account":"555555555555","code":"X"}`, http.StatusBadRequest, "555555555555"},
		"a fault that does nothing":          {`{"action":"kms:ListKeys"}`, http.StatusBadRequest, "nothing happens"},
		"a field that no fault has":          {`{"colour":"red"}`, http.StatusBadRequest, "colour"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.url+"/_awssim/faults", strings.NewReader(test.body))
		must(t, err)
		if status, body := send(t, r); status != test.status || !strings.Contains(body, test.word) {
			t.Errorf("%s: %d %s", sentence, status, body)
		}
	}
	if got := code(only(kms.NewFromConfig(f.config(t, administrator, home)).ListKeys(t.Context(), nil))); got != "KMSInternalException" {
		t.Errorf("the call that the fault is about: %q", got)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.url+"/_awssim/journal", nil)
	must(t, err)
	_, body := send(t, r)
	var entry awssim.Entry
	must(t, json.Unmarshal([]byte(body), &entry)) // one line
	if entry.Action != "kms:ListKeys" || entry.Code != "KMSInternalException" || entry.Reason != "fault on request" || entry.Time.IsZero() || entry.Region != home {
		t.Errorf("%+v", entry)
	}
	r.URL.Path = "/_awssim/none"
	if status, _ := send(t, r); status != http.StatusNotFound {
		t.Errorf("a page that is none: %d", status)
	}
}
