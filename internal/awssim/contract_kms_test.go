// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// The shared key of the made-up world, and one that is not there.
var (
	shared = aws.String(keyARN(sharedKey))
	noKey  = aws.String(keyARN("00000000-0000-0000-0000-000000000000"))
)

func kmsCall[In, Out any](of func(*kms.Client, context.Context, *In, ...func(*kms.Options)) (*Out, error), in *In) call {
	return func(ctx context.Context, config aws.Config, dry *bool) error {
		given := *in
		if dry != nil {
			askFirst(&given)
		}
		return only(of(kms.NewFromConfig(config), ctx, &given))
	}
}

// askFirst makes a dry run of an input.
func askFirst(in any) {
	switch in := in.(type) {
	case *kms.CreateGrantInput:
		in.DryRun = aws.Bool(true)
	case *kms.ReEncryptInput:
		in.DryRun = aws.Bool(true)
	case *kms.EncryptInput:
		in.DryRun = aws.Bool(true)
	case *kms.GenerateDataKeyInput:
		in.DryRun = aws.Bool(true)
	case *kms.GenerateDataKeyWithoutPlaintextInput:
		in.DryRun = aws.Bool(true)
	}
}

// arn is an ARN of the account in the key's partition, without a Region.
func (p place) arn(service, resource string) string {
	return "arn:" + strings.Split(p.key, ":")[1] + ":" + service + "::" + p.account + ":" + resource
}

func (p place) root() string { return p.arn("iam", "root") }

// delegating is a key policy that leaves everything to an account.
func delegating(root string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + root + `"},"Action":"kms:*","Resource":"*"}]}`
}

func (p place) grant() *kms.CreateGrantInput {
	return &kms.CreateGrantInput{KeyId: &p.key, GranteePrincipal: aws.String(p.root()), Operations: []types.GrantOperation{"Decrypt"}}
}

// kmsRows are the rows of KMS and the tagging API. What they create is on the key of the place.
func (p place) kmsRows() map[string]row {
	nowhere := aws.String(p.key[:strings.LastIndex(p.key, "/")] + "/00000000-0000-0000-0000-000000000000")
	const anywhere, validation, dry = "good denied bad dry", "ValidationException", "DryRunOperationException"
	schedule := func(days int32) call {
		return kmsCall((*kms.Client).ScheduleKeyDeletion, &kms.ScheduleKeyDeletionInput{KeyId: &p.key, PendingWindowInDays: &days})
	}
	cancel := kmsCall((*kms.Client).CancelKeyDeletion, &kms.CancelKeyDeletionInput{KeyId: &p.key})
	describe := func(key *string) call {
		return kmsCall((*kms.Client).DescribeKey, &kms.DescribeKeyInput{KeyId: key})
	}
	alias := func(name string) call {
		return kmsCall((*kms.Client).CreateAlias, &kms.CreateAliasInput{AliasName: &name, TargetKeyId: &p.key})
	}
	deleteAlias := kmsCall((*kms.Client).DeleteAlias, &kms.DeleteAliasInput{AliasName: aws.String("alias/amishare-contract")})
	policy := func(document string) call {
		return kmsCall((*kms.Client).PutKeyPolicy, &kms.PutKeyPolicyInput{KeyId: &p.key, Policy: &document})
	}
	policyOf := func(key *string) call {
		return kmsCall((*kms.Client).GetKeyPolicy, &kms.GetKeyPolicyInput{KeyId: key})
	}
	tags := func(key *string) call {
		return kmsCall((*kms.Client).ListResourceTags, &kms.ListResourceTagsInput{KeyId: key})
	}
	enable := func(key *string) call {
		return kmsCall((*kms.Client).EnableKey, &kms.EnableKeyInput{KeyId: key})
	}
	disable := func(key *string) call {
		return kmsCall((*kms.Client).DisableKey, &kms.DisableKeyInput{KeyId: key})
	}
	encrypt := func(text string) call {
		return kmsCall((*kms.Client).Encrypt, &kms.EncryptInput{KeyId: &p.key, Plaintext: []byte(text)})
	}
	grants := "a grant on the run's own key"
	return map[string]row{
		"kms:DescribeKey": {good: describe(&p.key), bad: describe(nowhere), code: gone, anywhere: anywhere},
		"kms:ListKeys": {
			good: kmsCall((*kms.Client).ListKeys, &kms.ListKeysInput{}),
			bad:  kmsCall((*kms.Client).ListKeys, &kms.ListKeysInput{Limit: aws.Int32(1001)}), code: validation, anywhere: anywhere,
		},
		"kms:ListAliases": {
			good: kmsCall((*kms.Client).ListAliases, &kms.ListAliasesInput{}),
			bad:  kmsCall((*kms.Client).ListAliases, &kms.ListAliasesInput{KeyId: nowhere}), code: gone, anywhere: anywhere,
		},
		"kms:CreateKey": {
			good: kmsCall((*kms.Client).CreateKey, &kms.CreateKeyInput{}),
			bad:  kmsCall((*kms.Client).CreateKey, &kms.CreateKeyInput{Policy: aws.String(`{}`)}), code: "MalformedPolicyDocumentException", anywhere: "denied bad",
		},
		"kms:CreateAlias": {
			good: alias("alias/amishare-contract"), bad: alias("alias/aws/new"), code: "InvalidAliasNameException", anywhere: anywhere,
			creates: "the alias amishare-contract", undo: whatIsThere(deleteAlias),
		},
		"kms:DeleteAlias":         {good: after(alias("alias/amishare-contract"), deleteAlias), bad: deleteAlias, code: gone, anywhere: "bad"},
		"kms:GetKeyPolicy":        {good: policyOf(&p.key), bad: policyOf(aws.String("alias/ami")), code: gone, anywhere: anywhere},
		"kms:PutKeyPolicy":        {good: policy(delegating(p.root())), bad: policy(delegating(p.arn("iam", "role/none"))), code: "MalformedPolicyDocumentException", anywhere: "denied bad"},
		"kms:ListResourceTags":    {good: tags(&p.key), bad: tags(nowhere), code: gone, anywhere: anywhere},
		"kms:EnableKey":           {good: enable(&p.key), bad: enable(nowhere), code: gone, anywhere: anywhere},
		"kms:DisableKey":          {good: disable(&p.key), bad: disable(nowhere), code: gone, anywhere: "denied bad"},
		"kms:ScheduleKeyDeletion": {good: schedule(7), bad: schedule(3), code: validation, anywhere: "denied bad"},
		"kms:CancelKeyDeletion":   {good: after(schedule(7), cancel), bad: cancel, code: "KMSInvalidStateException", anywhere: "bad"},
		"kms:CreateGrant": {
			good: kmsCall((*kms.Client).CreateGrant, p.grant()), dry: dry, creates: grants, undo: p.revokeAll, anywhere: anywhere,
			bad: kmsCall((*kms.Client).CreateGrant, &kms.CreateGrantInput{
				KeyId: aws.String("alias/ami"), GranteePrincipal: aws.String(p.root()), Operations: []types.GrantOperation{"Decrypt"},
			}), code: gone,
		},
		"kms:ListGrants": {
			good: kmsCall((*kms.Client).ListGrants, &kms.ListGrantsInput{KeyId: &p.key}),
			bad:  kmsCall((*kms.Client).ListGrants, &kms.ListGrantsInput{KeyId: &p.key, Limit: aws.Int32(1000)}), code: validation, anywhere: anywhere,
		},
		"kms:ListRetirableGrants": {
			good: kmsCall((*kms.Client).ListRetirableGrants, &kms.ListRetirableGrantsInput{RetiringPrincipal: aws.String(p.root())}),
			bad: kmsCall((*kms.Client).ListRetirableGrants, &kms.ListRetirableGrantsInput{
				RetiringPrincipal: aws.String(strings.Replace(p.root(), p.account, target, 1)),
			}), code: deniedKMS, anywhere: "good denied",
		},
		"kms:RevokeGrant": {
			good: p.onGrant(func(ctx context.Context, client *kms.Client, id *string, dry *bool) error {
				return only(client.RevokeGrant(ctx, &kms.RevokeGrantInput{KeyId: &p.key, GrantId: id, DryRun: dry}))
			}),
			bad: kmsCall((*kms.Client).RevokeGrant, &kms.RevokeGrantInput{KeyId: &p.key, GrantId: aws.String("none")}), code: "InvalidGrantIdException",
			dry: dry, creates: grants, undo: p.revokeAll, anywhere: anywhere,
		},
		"kms:RetireGrant": {
			good: p.onGrant(func(ctx context.Context, client *kms.Client, id *string, dry *bool) error {
				return only(client.RetireGrant(ctx, &kms.RetireGrantInput{KeyId: &p.key, GrantId: id, DryRun: dry}))
			}),
			bad: kmsCall((*kms.Client).RetireGrant, &kms.RetireGrantInput{KeyId: aws.String(p.key[strings.LastIndex(p.key, "/")+1:]), GrantId: aws.String("none")}), code: gone,
			dry: dry, creates: grants, undo: p.revokeAll, anywhere: anywhere,
		},
		"kms:Encrypt": {good: encrypt("x"), bad: encrypt(strings.Repeat("x", 4097)), code: validation, dry: dry, anywhere: anywhere},
		"kms:Decrypt": {
			good: p.roundTrip, bad: kmsCall((*kms.Client).Decrypt, &kms.DecryptInput{KeyId: &p.key, CiphertextBlob: []byte("x")}),
			code: "InvalidCiphertextException", dry: dry, anywhere: anywhere,
		},
		"kms:ReEncrypt": {
			good: p.reEncryption, bad: kmsCall((*kms.Client).ReEncrypt, &kms.ReEncryptInput{
				SourceKeyId: &p.key, DestinationKeyId: &p.key, CiphertextBlob: []byte("x"),
			}), code: "InvalidCiphertextException", dry: dry,
		},
		"kms:GenerateDataKey": {
			good: kmsCall((*kms.Client).GenerateDataKey, &kms.GenerateDataKeyInput{KeyId: &p.key, KeySpec: "AES_256"}),
			bad:  kmsCall((*kms.Client).GenerateDataKey, &kms.GenerateDataKeyInput{KeyId: &p.key}), code: validation, dry: dry, anywhere: anywhere,
		},
		"kms:GenerateDataKeyWithoutPlaintext": {
			good: kmsCall((*kms.Client).GenerateDataKeyWithoutPlaintext, &kms.GenerateDataKeyWithoutPlaintextInput{KeyId: &p.key, NumberOfBytes: aws.Int32(8)}),
			bad:  kmsCall((*kms.Client).GenerateDataKeyWithoutPlaintext, &kms.GenerateDataKeyWithoutPlaintextInput{KeyId: &p.key, NumberOfBytes: aws.Int32(2000)}),
			code: validation, dry: dry, anywhere: anywhere,
		},
		"tag:GetResources": {good: resources("kms:key"), bad: resources("none"), code: "InvalidParameterException", anywhere: anywhere},
	}
}

// onGrant has the administrator make a grant and hands its id on.
func (p place) onGrant(then func(ctx context.Context, client *kms.Client, id *string, dry *bool) error) call {
	return func(ctx context.Context, config aws.Config, dry *bool) error {
		out, err := kms.NewFromConfig(administratorOf(ctx)).CreateGrant(ctx, p.grant())
		if err != nil {
			return err
		}
		return then(ctx, kms.NewFromConfig(config), out.GrantId, dry)
	}
}

// revokeAll leaves the key without grants.
func (p place) revokeAll(ctx context.Context, config aws.Config, _ *bool) error {
	client := kms.NewFromConfig(config)
	out, err := client.ListGrants(ctx, &kms.ListGrantsInput{KeyId: &p.key})
	if err != nil {
		return err
	}
	for _, grant := range out.Grants {
		if err := only(client.RevokeGrant(ctx, &kms.RevokeGrantInput{KeyId: &p.key, GrantId: grant.GrantId})); err != nil {
			return err
		}
	}
	return nil
}

// roundTrip decrypts, with its context, what the administrator encrypted under it.
func (p place) roundTrip(ctx context.Context, config aws.Config, dry *bool) error {
	under := map[string]string{"a": "b"}
	sealed, err := kms.NewFromConfig(administratorOf(ctx)).Encrypt(ctx, &kms.EncryptInput{KeyId: &p.key, Plaintext: []byte("x"), EncryptionContext: under})
	if err != nil {
		return err
	}
	return only(kms.NewFromConfig(config).Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob, EncryptionContext: under, DryRun: dry}))
}

// reEncryption encrypts as the administrator and re-encrypts as whoever makes the call.
func (p place) reEncryption(ctx context.Context, config aws.Config, dry *bool) error {
	sealed, err := kms.NewFromConfig(administratorOf(ctx)).Encrypt(ctx, &kms.EncryptInput{KeyId: &p.key, Plaintext: []byte("x")})
	if err != nil {
		return err
	}
	return only(kms.NewFromConfig(config).ReEncrypt(ctx, &kms.ReEncryptInput{CiphertextBlob: sealed.CiphertextBlob, DestinationKeyId: &p.key, DryRun: dry}))
}

// TestDryRunsWithoutCiphertext: https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html
func TestDryRunsWithoutCiphertext(t *testing.T) {
	const dry, validation = "DryRunOperationException", "ValidationException"
	ignore := []types.DryRunModifierType{types.DryRunModifierTypeIgnoreCiphertext}
	decrypt := func(change func(*kms.DecryptInput)) call {
		in := &kms.DecryptInput{KeyId: shared, DryRun: aws.Bool(true), DryRunModifiers: ignore}
		change(in)
		return kmsCall((*kms.Client).Decrypt, in)
	}
	reEncrypt := func(from, to *string) call {
		return kmsCall((*kms.Client).ReEncrypt, &kms.ReEncryptInput{SourceKeyId: from, DestinationKeyId: to, DryRun: aws.Bool(true), DryRunModifiers: ignore})
	}
	locked := aws.String(keyARN(lockedKey))
	for sentence, test := range map[string]struct {
		as, want string
		call     call
	}{
		"Decrypt":                                   {targetAdmin, dry, decrypt(func(*kms.DecryptInput) {})},
		"Decrypt by somebody who may not":           {nobody, deniedKMS, decrypt(func(*kms.DecryptInput) {})},
		"Decrypt under a key that it has no use of": {targetAdmin, deniedKMS, decrypt(func(in *kms.DecryptInput) { in.KeyId = locked })},
		"without a key":                             {targetAdmin, validation, decrypt(func(in *kms.DecryptInput) { in.KeyId = nil })},
		"without a dry run":                         {targetAdmin, validation, decrypt(func(in *kms.DecryptInput) { in.DryRun = nil })},
		"without the modifier":                      {targetAdmin, validation, decrypt(func(in *kms.DecryptInput) { in.DryRunModifiers = nil })},
		"a modifier that there is not":              {targetAdmin, validation, decrypt(func(in *kms.DecryptInput) { in.DryRunModifiers = []types.DryRunModifierType{"X"} })},
		"ReEncrypt":                                 {targetAdmin, dry, reEncrypt(shared, shared)},
		"ReEncrypt to a key that it has no use of":  {targetAdmin, deniedKMS, reEncrypt(shared, locked)},
		"ReEncrypt from one":                        {targetAdmin, deniedKMS, reEncrypt(locked, shared)},
		"ReEncrypt without a source":                {targetAdmin, validation, reEncrypt(nil, shared)},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			f := start(t, computeWorld(t))
			if err := test.call(t.Context(), f.config(t, test.as, home), nil); code(err) != test.want {
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
}
