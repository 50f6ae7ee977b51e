// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/go-cmp/cmp"
)

func decryptGrant(key string) *kms.CreateGrantInput {
	return &kms.CreateGrantInput{KeyId: &key, GranteePrincipal: aws.String(workerARN), Operations: []types.GrantOperation{"Decrypt", "DescribeKey"}, Name: aws.String("name")}
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
		"to this grantee":                           {"kms:CreateGrant", `{"StringEquals":{"kms:GranteePrincipal":"` + workerARN + `"}}`, create, ""},
		"to another grantee":                        {"kms:CreateGrant", `{"StringEquals":{"kms:GranteePrincipal":"` + groupRole + `"}}`, create, deniedKMS},
		"these operations":                          {"kms:CreateGrant", `{"ForAllValues:StringEquals":{"kms:GrantOperations":["Decrypt","DescribeKey","Encrypt"]}}`, create, ""},
		"fewer operations":                          {"kms:CreateGrant", `{"ForAllValues:StringEquals":{"kms:GrantOperations":["Decrypt"]}}`, create, deniedKMS},
		"by operations that the call may leave out": {"kms:ListGrants", `{"ForAllValues:StringEquals":{"kms:GrantOperations":["Decrypt"]}}`, list, ""},
		"by a constraint that it has not":           {"kms:CreateGrant", `{"StringEquals":{"kms:GrantConstraintType":"EncryptionContextSubset"}}`, create, deniedKMS},
		"through EC2":                               {"kms:CreateGrant", `{"StringEquals":{"kms:ViaService":"ec2.us-east-1.amazonaws.com"}}`, create, deniedKMS},
		"a grantee for a listing":                   {"kms:ListGrants", `{"StringEquals":{"kms:GranteePrincipal":"` + workerARN + `"}}`, list, deniedKMS},
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

func TestConstraintsOfGrants(t *testing.T) {
	encrypted := map[string]string{"team": "images"}
	for name, test := range map[string]struct {
		constraints *types.GrantConstraints
		want        string
	}{
		"none":                   {nil, ""},
		"just this context":      {&types.GrantConstraints{EncryptionContextEquals: encrypted}, ""},
		"a part of this context": {&types.GrantConstraints{EncryptionContextSubset: encrypted}, ""},
		"another context":        {&types.GrantConstraints{EncryptionContextEquals: map[string]string{"team": "web"}}, deniedKMS},
		"more than this context": {&types.GrantConstraints{EncryptionContextSubset: map[string]string{"team": "images", "app": "x"}}, deniedKMS},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, authorityWorld(t, keyPolicy(to("arn:aws:iam::"+target+":root", "kms:CreateGrant", "")), ""))
			in := decryptGrant(*shared)
			in.Constraints = test.constraints
			must(t, only(kms.NewFromConfig(f.config(t, targetAdmin, home)).CreateGrant(t.Context(), in)))
			sealed, err := kms.NewFromConfig(f.config(t, administrator, home)).Encrypt(t.Context(), &kms.EncryptInput{KeyId: shared, Plaintext: []byte("x"), EncryptionContext: encrypted})
			must(t, err)
			_, err = kms.NewFromConfig(f.worker(t, home)).Decrypt(t.Context(), &kms.DecryptInput{KeyId: shared, CiphertextBlob: sealed.CiphertextBlob, EncryptionContext: encrypted})
			if got := code(err); got != test.want {
				t.Errorf("code %q, want %q", got, test.want)
			}
			if got := code(describe2(t.Context(), f.worker(t, home), *shared)); got != "" {
				t.Errorf("DescribeKey, which has no context: %q", got)
			}
		})
	}
}

func TestGrantsThatCannotBe(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*kms.CreateGrantInput)
		want   string
	}{
		"a name with dots":           {func(in *kms.CreateGrantInput) { in.Name = aws.String("autoscaling.amazonaws.com") }, "ValidationException"},
		"an operation that is none":  {func(in *kms.CreateGrantInput) { in.Operations = append(in.Operations, "ListGrants") }, "ValidationException"},
		"an operation of other keys": {func(in *kms.CreateGrantInput) { in.Operations = append(in.Operations, "Sign") }, "ValidationException"},
		"two kinds of constraints": {func(in *kms.CreateGrantInput) {
			in.Constraints = &types.GrantConstraints{EncryptionContextEquals: map[string]string{"a": "b"}, EncryptionContextSubset: map[string]string{"a": "b"}}
		}, "ValidationException"},
		"nine pairs": {func(in *kms.CreateGrantInput) {
			in.Constraints = &types.GrantConstraints{EncryptionContextSubset: map[string]string{"1": "", "2": "", "3": "", "4": "", "5": "", "6": "", "7": "", "8": "", "9": ""}}
		}, "ValidationException"},
		"eleven tokens": {func(in *kms.CreateGrantInput) { in.GrantTokens = make([]string, 11) }, "ValidationException"},
		"a role that is not there": {func(in *kms.CreateGrantInput) {
			in.GranteePrincipal = aws.String("arn:aws:iam::" + target + ":role/none")
		}, "InvalidArnException"},
		"an account that is not there": {func(in *kms.CreateGrantInput) { in.GranteePrincipal = aws.String("arn:aws:iam::555555555555:root") }, "InvalidArnException"},
		"another partition": {func(in *kms.CreateGrantInput) {
			in.GranteePrincipal = aws.String("arn:aws-cn:iam::" + target + ":root")
		}, "InvalidArnException"},
		"a role's ARN as one of STS": {func(in *kms.CreateGrantInput) {
			in.GranteePrincipal = aws.String("arn:aws:sts::" + target + ":role/worker")
		}, "InvalidArnException"},
		"a service": {func(in *kms.CreateGrantInput) { in.GranteePrincipal = aws.String("autoscaling.amazonaws.com") }, "InvalidArnException"},
		"a retiring principal of air": {func(in *kms.CreateGrantInput) {
			in.RetiringPrincipal = aws.String("arn:aws:iam::" + target + ":role/none")
		}, "InvalidArnException"},
		"a key by its alias": {func(in *kms.CreateGrantInput) { in.KeyId = aws.String("alias/ami") }, gone},
		"a disabled key":     {func(in *kms.CreateGrantInput) { in.KeyId = aws.String(disabledKey) }, "DisabledException"},
	} {
		t.Run(name, func(t *testing.T) {
			in := decryptGrant(*shared)
			test.change(in)
			if got := code(only(kms.NewFromConfig(start(t, authorityWorld(t, "", "")).config(t, administrator, home)).CreateGrant(t.Context(), in))); got != test.want {
				t.Errorf("code %q, want %q", got, test.want)
			}
		})
	}
}

// TestWhoMayEndAGrant: https://docs.aws.amazon.com/kms/latest/developerguide/grant-manage.html
func TestWhoMayEndAGrant(t *testing.T) {
	for name, test := range map[string]struct {
		rolePolicy string
		change     func(*kms.CreateGrantInput)
		issuer     string
		retire     string
	}{
		"the account that issued it, whose role may":     {allow(`"kms:RetireGrant"`, ""), func(*kms.CreateGrantInput) {}, targetAdmin, ""},
		"the account that issued it, whose role may not": {"", func(*kms.CreateGrantInput) {}, targetAdmin, deniedKMS},
		"another account that may":                       {allow(`"kms:RetireGrant"`, ""), func(*kms.CreateGrantInput) {}, administrator, deniedKMS},
		"the retiring principal":                         {"", func(in *kms.CreateGrantInput) { in.RetiringPrincipal = aws.String(workerARN) }, administrator, ""},
		"a grantee that was given it":                    {"", func(in *kms.CreateGrantInput) { in.Operations = append(in.Operations, "RetireGrant") }, administrator, ""},
		"a retiring principal that its own policies forbid": {
			`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"kms:*","Resource":"*"}]}`,
			func(in *kms.CreateGrantInput) { in.RetiringPrincipal = aws.String(workerARN) }, administrator, deniedKMS,
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, authorityWorld(t, keyPolicy(to("arn:aws:iam::"+target+":root", "kms:CreateGrant", ""), to(workerARN, "kms:RetireGrant", "")), test.rolePolicy))
			in := decryptGrant(*shared)
			test.change(in)
			grant, err := kms.NewFromConfig(f.config(t, test.issuer, home)).CreateGrant(t.Context(), in)
			must(t, err)
			worker := kms.NewFromConfig(f.worker(t, home))
			if got := code(only(worker.RevokeGrant(t.Context(), &kms.RevokeGrantInput{KeyId: shared, GrantId: grant.GrantId}))); got != deniedKMS {
				t.Errorf("revoking, which is the key's owner's: %q", got)
			}
			if got := code(only(worker.RetireGrant(t.Context(), &kms.RetireGrantInput{KeyId: shared, GrantId: grant.GrantId}))); got != test.retire {
				t.Errorf("retiring: %q, want %q", got, test.retire)
			}
		})
	}
}

func TestADenyOfTheKeysPolicyOverridesAGrant(t *testing.T) {
	deny := strings.Replace(to(workerARN, "kms:DescribeKey", ""), "Allow", "Deny", 1)
	f := start(t, authorityWorld(t, keyPolicy(to("arn:aws:iam::"+target+":root", "kms:CreateGrant", ""), deny), ""))
	must(t, only(kms.NewFromConfig(f.config(t, targetAdmin, home)).CreateGrant(t.Context(), decryptGrant(*shared))))
	if got := code(describe2(t.Context(), f.worker(t, home), *shared)); got != deniedKMS {
		t.Errorf("code %q, want %q", got, deniedKMS)
	}
}

func TestAKeyTakesSoManyGrants(t *testing.T) {
	world := authorityWorld(t, "", "")
	world.Accounts[0].Keys[0].GrantLimit = 2
	client := kms.NewFromConfig(start(t, world).config(t, administrator, home))
	for grant, test := range []struct{ name, want string }{{"a", ""}, {"b", ""}, {"c", "LimitExceededException"}, {"b", ""}} {
		in := decryptGrant(*shared)
		in.Name = &test.name
		if got := code(only(client.CreateGrant(t.Context(), in))); got != test.want {
			t.Errorf("grant %d, %q: %q, want %q", grant+1, test.name, got, test.want)
		}
	}
}

func TestGrantsWithoutANameAreAlwaysNew(t *testing.T) {
	client := kms.NewFromConfig(start(t, authorityWorld(t, "", "")).config(t, administrator, home))
	in := decryptGrant(*shared)
	in.Name = nil
	for range 2 {
		must(t, only(client.CreateGrant(t.Context(), in)))
	}
	out, err := client.ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: shared})
	must(t, err)
	if len(out.Grants) != 2 || *out.Grants[0].Name != "" || *out.Grants[0].IssuingAccount != "arn:aws:iam::"+source+":root" {
		t.Errorf("grants %+v", out.Grants)
	}
}

func TestListingGrants(t *testing.T) {
	world := authorityWorld(t, "", "")
	world.Hostility.PageSize = 2
	client := kms.NewFromConfig(start(t, world).config(t, administrator, home))
	var ids []string
	for _, grantee := range []string{workerARN, "arn:aws:iam::" + target + ":root", "arn:aws:iam::" + source + ":root"} {
		in := decryptGrant(*shared)
		in.GranteePrincipal = &grantee
		grant, err := client.CreateGrant(t.Context(), in)
		must(t, err)
		ids = append(ids, *grant.GrantId)
	}
	for sentence, test := range map[string]struct {
		in   *kms.ListGrantsInput
		want []string
	}{
		"all, in pages of two": {&kms.ListGrantsInput{}, ids},
		"of a grantee":         {&kms.ListGrantsInput{GranteePrincipal: aws.String(workerARN)}, ids[:1]},
		"by its id":            {&kms.ListGrantsInput{GrantId: &ids[1]}, ids[1:2]},
		"of nobody":            {&kms.ListGrantsInput{GranteePrincipal: aws.String(groupRole)}, nil},
	} {
		test.in.KeyId = shared
		var got []string
		for pages := kms.NewListGrantsPaginator(client, test.in); pages.HasMorePages(); {
			page, err := pages.NextPage(t.Context())
			must(t, err)
			if len(page.Grants) > 2 {
				t.Errorf("%s: a page of %d", sentence, len(page.Grants))
			}
			for _, grant := range page.Grants {
				got = append(got, *grant.GrantId)
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s:\n%s", sentence, diff)
		}
	}
	if got := code(only(client.ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: shared, Marker: aws.String("made up")}))); got != "InvalidMarkerException" {
		t.Errorf("a marker of nobody's: %q", got)
	}
}
