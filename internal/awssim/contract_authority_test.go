// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
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
		"of the caller's organization":               {keyPolicy(to("*", describe, `{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg"}}`)), allow(`"kms:*"`, ""), ""},
		"of a unit above the caller's":               {keyPolicy(to("*", describe, `{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-exampleorg/r-root/ou-root-aboveaccount/*"}}`)), allow(`"kms:*"`, ""), ""},
		"of a unit beside the caller's":              {keyPolicy(to("*", describe, `{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-exampleorg/r-root/ou-root-otheraccount/*"}}`)), allow(`"kms:*"`, ""), deniedKMS},
		"of an account that a service calls for":     {keyPolicy(to("*", describe, `{"StringEquals":{"aws:SourceAccount":"`+target+`"}}`)), allow(`"kms:*"`, ""), deniedKMS},
		"by a session's own ARN, and none other":     {keyPolicy(to("arn:aws:sts::"+target+":assumed-role/worker/other", describe, "")), allow(`"kms:*"`, ""), deniedKMS},
		"to keys of another spec":                    {keyPolicy(to(workerARN, describe, `{"StringEquals":{"kms:KeySpec":"RSA_2048"}}`)), allow(`"kms:*"`, ""), deniedKMS},
		"by its own policy on another key":           {keyPolicy(to(workerARN, describe, "")), strings.Replace(allow(`"kms:*"`, ""), `"*"}`, `"`+keyARN(lockedKey)+`"}`, 1), deniedKMS},
		"by an alias in its own policy":              {keyPolicy(to(workerARN, describe, "")), strings.Replace(allow(`"kms:*"`, ""), `"*"}`, `"arn:aws:kms:us-east-1:111111111111:alias/ami"}`, 1), deniedKMS},
		"its own policy denies":                      {keyPolicy(to(workerARN, describe, "")), strings.Replace(allow(`"kms:*"`, ""), `}]}`, `},{"Effect":"Deny","Action":"kms:Describe*","Resource":"*"}]}`, 1), deniedKMS},
		"an operation that stays at home":            {keyPolicy(to(workerARN, "kms:*", "")), allow(`"kms:*"`, ""), ""},
		"an organization that nobody belongs to yet": {keyPolicy(to("*", describe, `{"StringEquals":{"aws:PrincipalOrgID":"o-abcdefghij"}}`)), allow(`"kms:*"`, ""), deniedKMS},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			world := authorityWorld(t, test.keyPolicy, test.rolePolicy)
			world.Organizations = []awssim.WorldOrganization{{ID: "o-exampleorg", ManagementAccount: source, Units: []awssim.WorldUnit{{
				ID: "ou-root-aboveaccount", Units: []awssim.WorldUnit{{ID: "ou-root-development", Accounts: []string{target}}},
			}}}}
			f := start(t, world)
			if got := code(describe2(t.Context(), f.worker(t, home), *shared)); got != test.want {
				t.Errorf("code %q, want %q", got, test.want)
			}
			// Whatever a key's policy says, it is read in its own account only.
			_, err := kms.NewFromConfig(f.worker(t, home)).GetKeyPolicy(t.Context(), &kms.GetKeyPolicyInput{KeyId: shared})
			if got := code(err); got != deniedKMS {
				t.Errorf("reading the policy: %q, want %q", got, deniedKMS)
			}
		})
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
	if err := only(f.worker(t, home, long).Credentials.Retrieve(t.Context())); err == nil || !strings.Contains(err.Error(), "ValidationError") {
		t.Errorf("a session policy of over 2,048 characters: %v", err)
	}
}

// TestWhatSessionPoliciesLimit has what a session policy limits: what the role has, and not what is the session's own.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
func TestWhatSessionPoliciesLimit(t *testing.T) {
	const describe, sessionARN = "kms:DescribeKey", "arn:aws:sts::" + target + ":assumed-role/worker/session"
	grant := func(to string) func(*testing.T, *fixture) {
		return func(t *testing.T, f *fixture) {
			in := decryptGrant(*shared)
			in.GranteePrincipal = &to
			must(t, only(kms.NewFromConfig(f.config(t, targetAdmin, home)).CreateGrant(t.Context(), in)))
		}
	}
	nothing := func(*testing.T, *fixture) {}
	root := to("arn:aws:iam::"+target+":root", "kms:CreateGrant", "")
	for name, test := range map[string]struct {
		keyPolicy, rolePolicy, sessionPolicy string
		prepare                              func(*testing.T, *fixture)
		want                                 string
	}{
		"within the session policy":                    {keyPolicy(to(workerARN, describe, "")), allow(`"kms:*"`, ""), allow(`"kms:DescribeKey"`, ""), nothing, ""},
		"beyond it":                                    {keyPolicy(to(workerARN, describe, "")), allow(`"kms:*"`, ""), allow(`"ec2:*"`, ""), nothing, deniedKMS},
		"a grant to the role, within it":               {keyPolicy(root), "", allow(`"kms:DescribeKey"`, ""), grant(workerARN), ""},
		"a grant to the role, beyond it":               {keyPolicy(root), "", allow(`"ec2:*"`, ""), grant(workerARN), deniedKMS},
		"a grant to the session itself":                {keyPolicy(root), "", allow(`"ec2:*"`, ""), grant(sessionARN), ""},
		"a grant to the account, whose role may":       {keyPolicy(root), allow(`"kms:*"`, ""), allow(`"kms:DescribeKey"`, ""), grant("arn:aws:iam::" + target + ":root"), ""},
		"a grant to the account, whose role may not":   {keyPolicy(root), allow(`"ec2:*"`, ""), "", grant("arn:aws:iam::" + target + ":root"), deniedKMS},
		"a grant to the account, beyond the session":   {keyPolicy(root), allow(`"kms:*"`, ""), allow(`"ec2:*"`, ""), grant("arn:aws:iam::" + target + ":root"), deniedKMS},
		"a session policy that denies what is granted": {keyPolicy(root), "", strings.Replace(allow(`"kms:*"`, ""), "}]}", `},{"Effect":"Deny","Action":"kms:*","Resource":"*"}]}`, 1), grant(sessionARN), deniedKMS},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, authorityWorld(t, test.keyPolicy, test.rolePolicy))
			test.prepare(t, f)
			config := f.worker(t, home, func(o *stscreds.AssumeRoleOptions) {
				o.RoleSessionName = "session"
				if test.sessionPolicy != "" {
					o.Policy = &test.sessionPolicy
				}
			})
			if got := code(describe2(t.Context(), config, *shared)); got != test.want {
				t.Errorf("code %q, want %q", got, test.want)
			}
		})
	}
}

// TestWhatNamesASessionItselfIsNotLimited is about a key of the session's own account, where the key's policy is enough.
func TestWhatNamesASessionItselfIsNotLimited(t *testing.T) {
	for name, test := range map[string]struct {
		principal string
		want      string
	}{
		"the role":    {"arn:aws:iam::" + source + ":role/home", deniedKMS},
		"the session": {"arn:aws:sts::" + source + ":assumed-role/home/session", ""},
		"everybody":   {"*", deniedKMS}, // AWS's pages don't say
	} {
		t.Run(name, func(t *testing.T) {
			world := computeWorld(t)
			world.Accounts[0].Roles = []awssim.WorldRole{{Name: "home", TrustPolicy: json.RawMessage(trust("arn:aws:iam::" + source + ":user/" + administrator))}}
			world.Accounts[0].Keys[0].Policy = json.RawMessage(keyPolicy(to(test.principal, "kms:DescribeKey", "")))
			config := start(t, world).config(t, administrator, home)
			config.Credentials = stscreds.NewAssumeRoleProvider(sts.NewFromConfig(config), "arn:aws:iam::"+source+":role/home", func(o *stscreds.AssumeRoleOptions) {
				o.RoleSessionName, o.Policy = "session", aws.String(allow(`"ec2:*"`, ""))
			})
			if got := code(describe2(t.Context(), config, *shared)); got != test.want {
				t.Errorf("code %q, want %q", got, test.want)
			}
		})
	}
}

func TestLockingOneselfOutOfAKey(t *testing.T) {
	client := kms.NewFromConfig(start(t, computeWorld(t)).config(t, administrator, home))
	lockout := delegating("arn:aws:iam::" + target + ":root")
	if got := code(only(client.CreateKey(t.Context(), &kms.CreateKeyInput{Policy: &lockout}))); got != "MalformedPolicyDocumentException" {
		t.Errorf("a new key: %q", got)
	}
	if got := code(only(client.PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{KeyId: shared, Policy: &lockout}))); got != "MalformedPolicyDocumentException" {
		t.Errorf("the shared key: %q", got)
	}
	must(t, only(client.PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{KeyId: shared, Policy: &lockout, BypassPolicyLockoutSafetyCheck: true})))
	if got := code(describe2(t.Context(), start(t, computeWorld(t)).config(t, nobody, home), *shared)); got != deniedKMS {
		t.Errorf("nobody: %q", got)
	}
	if got := code(only(client.CreateKey(t.Context(), &kms.CreateKeyInput{KeySpec: types.KeySpecRsa2048}))); got != "ValidationException" {
		t.Errorf("an asymmetric key without a usage: %q", got)
	}
}

// TestKeysOfOtherSpecs: https://docs.aws.amazon.com/kms/latest/developerguide/symmetric-asymmetric.html
func TestKeysOfOtherSpecs(t *testing.T) {
	client := kms.NewFromConfig(start(t, computeWorld(t)).config(t, administrator, home))
	key, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{KeySpec: types.KeySpecRsa2048, KeyUsage: types.KeyUsageTypeSignVerify})
	must(t, err)
	id := key.KeyMetadata.KeyId
	if got := code(only(client.Encrypt(t.Context(), &kms.EncryptInput{KeyId: id, Plaintext: []byte("x")}))); got != "InvalidKeyUsageException" {
		t.Errorf("encrypting with a key that signs: %q", got)
	}
	for operation, want := range map[types.GrantOperation]string{"Sign": "", "DescribeKey": "", "Decrypt": "ValidationException"} {
		in := &kms.CreateGrantInput{KeyId: id, GranteePrincipal: aws.String("arn:aws:iam::" + target + ":root"), Operations: []types.GrantOperation{operation}}
		if got := code(only(client.CreateGrant(t.Context(), in))); got != want {
			t.Errorf("a grant of %s: %q, want %q", operation, got, want)
		}
	}
}
