package awssim_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

const workerARN = "arn:aws:iam::" + target + ":role/worker"

// authorityWorld is the compute tests' world with a role in the target, which the source may assume with an external id
// and which may do what its policy says, and with a policy of the shared key.
func authorityWorld(t *testing.T, keyPolicy, rolePolicy string) awssim.World {
	t.Helper()
	world := computeWorld(t)
	if keyPolicy != "" {
		world.Accounts[0].Keys[0].Policy = json.RawMessage(keyPolicy)
	}
	role := awssim.WorldRole{Name: "worker", TrustPolicy: json.RawMessage(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + source + `:root"},"Action":"sts:AssumeRole",
			"Condition":{"StringEquals":{"sts:ExternalId":"secret"}}}]}`)}
	if rolePolicy != "" {
		role.Policies = []json.RawMessage{json.RawMessage(rolePolicy)}
	}
	world.Accounts[1].Roles = append(world.Accounts[1].Roles, role)
	return world
}

// worker returns the configuration of a session of the target's role.
func (f *fixture) worker(t *testing.T, region string, options ...func(*stscreds.AssumeRoleOptions)) aws.Config {
	t.Helper()
	config := f.config(t, administrator, region)
	provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(config), workerARN, append([]func(*stscreds.AssumeRoleOptions){
		func(o *stscreds.AssumeRoleOptions) { o.ExternalID = aws.String("secret") },
	}, options...)...)
	config.Credentials = aws.NewCredentialsCache(provider)
	return config
}

func allow(action string, more string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":` + action + `,"Resource":"*"` + more + `}]}`
}

// keyPolicy lets the source's account do everything, and adds statements.
func keyPolicy(statements ...string) string {
	own := `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + source + `:root"},"Action":"kms:*","Resource":"*"}`
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(append([]string{own}, statements...), ",") + `]}`
}

func to(principal, action, condition string) string {
	statement := `{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":"` + action + `","Resource":"*"`
	if condition != "" {
		statement += `,"Condition":` + condition
	}
	return statement + "}"
}

func decryptGrant(key string) *kms.CreateGrantInput {
	return &kms.CreateGrantInput{KeyId: &key, GranteePrincipal: aws.String(workerARN), Operations: []types.GrantOperation{"Decrypt", "DescribeKey"}, Name: aws.String("name")}
}

// TestWhoMayUseAForeignKey has the rule of https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html:
// the key's policy and the caller's own policy both have to allow it.
func TestWhoMayUseAForeignKey(t *testing.T) {
	const describe = "kms:DescribeKey"
	tests := map[string]struct {
		keyPolicy, rolePolicy string
		want                  string
	}{
		"both sides allow it":                        {keyPolicy(to(workerARN, describe, "")), allow(`"kms:*"`, ""), ""},
		"the key delegates to the account":           {keyPolicy(to("arn:aws:iam::"+target+":root", describe, "")), allow(`"kms:*"`, ""), ""},
		"the key names the role, which may not":      {keyPolicy(to(workerARN, describe, "")), "", deniedKMS},
		"the role may, and the key names nobody":     {keyPolicy(), allow(`"kms:*"`, ""), deniedKMS},
		"another operation":                          {keyPolicy(to(workerARN, "kms:CreateGrant", "")), allow(`"kms:*"`, ""), deniedKMS},
		"by the caller's account, of anybody":        {keyPolicy(to("*", describe, `{"StringEquals":{"kms:CallerAccount":"`+target+`"}}`)), allow(`"kms:*"`, ""), ""},
		"by another account":                         {keyPolicy(to("*", describe, `{"StringEquals":{"kms:CallerAccount":"`+source+`"}}`)), allow(`"kms:*"`, ""), deniedKMS},
		"by the role's ARN in a condition":           {keyPolicy(to("*", describe, `{"ArnEquals":{"aws:PrincipalArn":"`+workerARN+`"}}`)), allow(`"kms:*"`, ""), ""},
		"only through a service":                     {keyPolicy(to(workerARN, describe, `{"StringEquals":{"kms:ViaService":"ec2.us-east-1.amazonaws.com"}}`)), allow(`"kms:*"`, ""), deniedKMS},
		"an explicit deny overrides":                 {keyPolicy(to(workerARN, describe, ""), strings.Replace(to(workerARN, describe, ""), "Allow", "Deny", 1)), allow(`"kms:*"`, ""), deniedKMS},
		"an organization that nobody belongs to yet": {keyPolicy(to("*", describe, `{"StringEquals":{"aws:PrincipalOrgID":"o-abcdefghij"}}`)), allow(`"kms:*"`, ""), deniedKMS},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := start(t, authorityWorld(t, test.keyPolicy, test.rolePolicy))
			if got := code(describe2(t.Context(), f.worker(t, home), *shared)); got != test.want {
				t.Errorf("code %q, want %q", got, test.want)
			}
		})
	}
}

// TestConditionsOnGrants has the traps of https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html.
func TestConditionsOnGrants(t *testing.T) {
	create := func(ctx context.Context, client *kms.Client) error {
		return only(client.CreateGrant(ctx, decryptGrant(*shared)))
	}
	list := func(ctx context.Context, client *kms.Client) error {
		return only(client.ListGrants(ctx, &kms.ListGrantsInput{KeyId: shared}))
	}
	tests := map[string]struct {
		action, condition string
		call              func(context.Context, *kms.Client) error
		want              string
	}{
		"no condition": {"kms:CreateGrant", "", create, ""},
		"for AWS resources only, which a direct call is not": {"kms:CreateGrant", `{"Bool":{"kms:GrantIsForAWSResource":"true"}}`, create, deniedKMS},
		"the same condition also refuses listing":            {"kms:ListGrants", `{"Bool":{"kms:GrantIsForAWSResource":"true"}}`, list, deniedKMS},
		"to this grantee":         {"kms:CreateGrant", `{"StringEquals":{"kms:GranteePrincipal":"` + workerARN + `"}}`, create, ""},
		"to another grantee":      {"kms:CreateGrant", `{"StringEquals":{"kms:GranteePrincipal":"` + groupRole + `"}}`, create, deniedKMS},
		"these operations":        {"kms:CreateGrant", `{"ForAllValues:StringEquals":{"kms:GrantOperations":["Decrypt","DescribeKey","Encrypt"]}}`, create, ""},
		"fewer operations":        {"kms:CreateGrant", `{"ForAllValues:StringEquals":{"kms:GrantOperations":["Decrypt"]}}`, create, deniedKMS},
		"a grantee for a listing": {"kms:ListGrants", `{"StringEquals":{"kms:GranteePrincipal":"` + workerARN + `"}}`, list, deniedKMS},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := start(t, authorityWorld(t, keyPolicy(to(workerARN, test.action, test.condition)), allow(`"kms:*"`, "")))
			if got := code(test.call(t.Context(), kms.NewFromConfig(f.worker(t, home)))); got != test.want {
				t.Errorf("code %q, want %q", got, test.want)
			}
		})
	}
}

// TestAGrantIsWorthNothingUnlessItsIssuerIsTheGranteesAccount is why grants are issued from inside the target.
func TestAGrantIsWorthNothingUnlessItsIssuerIsTheGranteesAccount(t *testing.T) {
	f := start(t, authorityWorld(t, keyPolicy(to("arn:aws:iam::"+target+":root", "kms:CreateGrant", "")), ""))
	owner := kms.NewFromConfig(f.config(t, administrator, home))
	must(t, only(owner.CreateGrant(t.Context(), decryptGrant(*shared))))
	if got := code(describe2(t.Context(), f.worker(t, home), *shared)); got != deniedKMS {
		t.Errorf("with a grant of the key's account: %q, want %q", got, deniedKMS)
	}
	must(t, only(kms.NewFromConfig(f.config(t, targetAdmin, home)).CreateGrant(t.Context(), decryptGrant(*shared))))
	if got := code(describe2(t.Context(), f.worker(t, home), *shared)); got != "" {
		t.Errorf("with a grant of its own account: %q", got)
	}
}

func TestAGrantOfTheSameNameAndContentIsTheSameGrant(t *testing.T) {
	f := start(t, authorityWorld(t, "", ""))
	client := kms.NewFromConfig(f.config(t, administrator, home))
	first, err := client.CreateGrant(t.Context(), decryptGrant(*shared))
	must(t, err)
	again, err := client.CreateGrant(t.Context(), decryptGrant(*shared))
	must(t, err)
	if *first.GrantId != *again.GrantId || *first.GrantToken == *again.GrantToken {
		t.Errorf("ids %s and %s, tokens %s and %s", *first.GrantId, *again.GrantId, *first.GrantToken, *again.GrantToken)
	}
	other := decryptGrant(*shared)
	other.Operations = other.Operations[:1]
	different, err := client.CreateGrant(t.Context(), other)
	must(t, err)
	if *different.GrantId == *first.GrantId {
		t.Error("other operations, and the same grant")
	}
}

func TestARoleThatWasDeletedAndMadeAgainIsAnotherRole(t *testing.T) {
	f := start(t, authorityWorld(t, keyPolicy(to(workerARN, "kms:DescribeKey", "")), ""))
	must(t, only(kms.NewFromConfig(f.config(t, administrator, home)).CreateGrant(t.Context(), decryptGrant(*shared))))
	session := f.worker(t, home)
	must(t, only(session.Credentials.Retrieve(t.Context())))
	roles := iam.NewFromConfig(f.config(t, targetAdmin, home))
	must(t, only(roles.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: aws.String("worker")})))
	if got := code(describe2(t.Context(), session, *shared)); got != "UnrecognizedClientException" {
		t.Errorf("the old session: %q", got)
	}
	must(t, only(roles.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("worker"), AssumeRolePolicyDocument: aws.String(strings.ReplaceAll(trust("arn:aws:iam::"+target+":root"), target, source))})))
	must(t, only(roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("worker"), PolicyName: aws.String("p"), PolicyDocument: aws.String(allow(`"kms:*"`, ""))})))
	if got := code(describe2(t.Context(), f.worker(t, home), *shared)); got != deniedKMS {
		t.Errorf("the key's policy fits the role made again: %q", got)
	}
	grants, err := kms.NewFromConfig(f.config(t, administrator, home)).ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: shared})
	must(t, err)
	if len(grants.Grants) != 1 || !strings.HasPrefix(*grants.Grants[0].GranteePrincipal, "AROA") {
		t.Errorf("grants %+v", grants.Grants)
	}
}

func TestGranteesPassOnNoMoreThanTheyHave(t *testing.T) {
	f := start(t, authorityWorld(t, keyPolicy(to("arn:aws:iam::"+target+":root", "kms:CreateGrant", "")), ""))
	parent := decryptGrant(*shared)
	parent.Operations = []types.GrantOperation{"Decrypt", "CreateGrant"}
	parent.Constraints = &types.GrantConstraints{EncryptionContextSubset: map[string]string{"a": "b"}}
	must(t, only(kms.NewFromConfig(f.config(t, targetAdmin, home)).CreateGrant(t.Context(), parent)))
	child := func(operation types.GrantOperation, constraints *types.GrantConstraints) string {
		return code(only(kms.NewFromConfig(f.worker(t, home)).CreateGrant(t.Context(), &kms.CreateGrantInput{
			KeyId: shared, GranteePrincipal: aws.String(workerARN), Operations: []types.GrantOperation{operation}, Constraints: constraints,
		})))
	}
	strict := &types.GrantConstraints{EncryptionContextSubset: map[string]string{"a": "b", "c": "d"}}
	if got := child("Decrypt", strict); got != "" {
		t.Errorf("a stricter child: %q", got)
	}
	if got := child("Encrypt", strict); got != deniedKMS {
		t.Errorf("another operation: %q", got)
	}
	if got := child("Decrypt", nil); got != deniedKMS {
		t.Errorf("a child without the constraint: %q", got)
	}
}

func TestForeignKeysAreNeverNotFound(t *testing.T) {
	f := start(t, authorityWorld(t, "", allow(`"kms:*"`, "")))
	for name, key := range map[string]string{"a key that is there": keyARN(lockedKey), "a key that is not": *noKey} {
		if got := code(describe2(t.Context(), f.worker(t, home), key)); got != deniedKMS {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := code(describe2(t.Context(), f.config(t, administrator, away), *shared)); got != gone {
		t.Errorf("another Region's ARN: %q", got)
	}
}

func TestSessionPoliciesNarrow(t *testing.T) {
	f := start(t, authorityWorld(t, "", allow(`"*"`, "")))
	narrow := func(o *stscreds.AssumeRoleOptions) { o.Policy = aws.String(allow(`"ec2:DescribeRegions"`, "")) }
	client := ec2.NewFromConfig(f.worker(t, home, narrow))
	must(t, only(client.DescribeRegions(t.Context(), nil)))
	if got := code(only(client.DescribeImages(t.Context(), nil))); got != "UnauthorizedOperation" {
		t.Errorf("outside of the session policy: %q", got)
	}
	wrong := func(o *stscreds.AssumeRoleOptions) { o.ExternalID = aws.String("wrong") }
	if err := only(f.worker(t, home, wrong).Credentials.Retrieve(t.Context())); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("a wrong external id: %v", err)
	}
	long := func(o *stscreds.AssumeRoleOptions) {
		o.Policy = aws.String(allow(`"ec2:*"`, "") + strings.Repeat(" ", 2048))
	}
	if err := only(f.worker(t, home, long).Credentials.Retrieve(t.Context())); err == nil || !strings.Contains(err.Error(), "PackedPolicyTooLarge") {
		t.Errorf("a session policy of over 2,048 characters: %v", err)
	}
}

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
