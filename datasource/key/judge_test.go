// SPDX-License-Identifier: MPL-2.0

package key

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/awsapi"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

const (
	frankfurt = sharing.Region("eu-central-1")
	virginia  = sharing.Region("us-east-1")
)

func fitKey(region sharing.Region) awsapi.ResolvedKey {
	return awsapi.ResolvedKey{
		Region: region, ARN: "arn:aws:kms:" + string(region) + ":111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab",
		ID: "1234abcd-12ab-34cd-56ef-1234567890ab", Account: "111111111111", Manager: "CUSTOMER", State: "Enabled",
		Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT", Origin: "AWS_KMS",
	}
}

func TestJudgeNamesEveryFlaw(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*awsapi.ResolvedKey)
		want   []string // each is in one problem: cause and remedy, apart by "|"
	}{
		"a fit key has none":     {func(*awsapi.ResolvedKey) {}, nil},
		"an AWS managed key":     {func(k *awsapi.ResolvedKey) { k.Manager = "AWS" }, []string{"AWS managed|create-key"}},
		"a disabled key":         {func(k *awsapi.ResolvedKey) { k.State = "Disabled" }, []string{"disabled|enable-key"}},
		"a key without material": {func(k *awsapi.ResolvedKey) { k.State = "PendingImport" }, []string{"not been imported|import-key-material"}},
		"a key that is going to be deleted, with the date": {func(k *awsapi.ResolvedKey) {
			k.State, k.Deletion = "PendingDeletion", time.Date(2026, 12, 24, 18, 0, 0, 0, time.UTC)
		}, []string{"deleted on 2026-12-24 18:00 UTC|cancel-key-deletion"}},
		"a primary key that waits for its replicas": {func(k *awsapi.ResolvedKey) { k.State = "PendingReplicaDeletion" }, []string{"replicas|cancel-key-deletion"}},
		"a key store that is not connected": {func(k *awsapi.ResolvedKey) {
			k.State, k.CustomKeyStore = "Unavailable", "cks-1"
		}, []string{"not connected|cks-1"}},
		"a state that nobody knows":    {func(k *awsapi.ResolvedKey) { k.State = "Asleep" }, []string{`"Asleep"|describe-key`}},
		"an asymmetric key":            {func(k *awsapi.ResolvedKey) { k.Spec = "RSA_2048" }, []string{"asymmetric key (RSA_2048)|create-key"}},
		"an HMAC key is told once":     {func(k *awsapi.ResolvedKey) { k.Spec, k.Usage = "HMAC_256", "GENERATE_VERIFY_MAC" }, []string{"HMAC key|create-key"}},
		"a signing key has two flaws":  {func(k *awsapi.ResolvedKey) { k.Spec, k.Usage = "ECC_NIST_P256", "SIGN_VERIFY" }, []string{"asymmetric|create-key", "usage is SIGN_VERIFY|create-key"}},
		"state and kind are both told": {func(k *awsapi.ResolvedKey) { k.Spec, k.State = "RSA_4096", "Disabled" }, []string{"asymmetric|create-key", "disabled|enable-key"}},
	} {
		t.Run(name, func(t *testing.T) {
			key := fitKey(frankfurt)
			test.change(&key)
			got := judge([]awsapi.ResolvedKey{key}, awsapi.KeyQuery{KeyID: key.ID, Regions: []sharing.Region{frankfurt}})
			if len(got.Problems) != len(test.want) {
				t.Fatalf("%d problems, want %d: %v", len(got.Problems), len(test.want), got.Problems)
			}
			for i, p := range got.Problems {
				cause, remedy, _ := strings.Cut(test.want[i], "|")
				if !strings.Contains(p.Cause, cause) || !strings.Contains(p.Remedy, remedy) || !strings.Contains(p.Doing, key.ARN) {
					t.Errorf("problem %d: %v", i+1, p)
				}
			}
			if fit := len(got.Keys) == 1; fit != (len(test.want) == 0) {
				t.Errorf("fit %v", fit)
			}
		})
	}
}

func TestJudgeOfSeveralMatches(t *testing.T) {
	first, second, disabled := fitKey(frankfurt), fitKey(frankfurt), fitKey(frankfurt)
	second.ARN, disabled.ARN, disabled.State = first.ARN+"2", first.ARN+"3", "Disabled"
	query := awsapi.KeyQuery{Tags: map[string]string{"purpose": "ami-sharing", "team": "golden"}, Regions: []sharing.Region{frankfurt}}

	t.Run("the only fit one counts", func(t *testing.T) {
		got := judge([]awsapi.ResolvedKey{disabled, first}, query)
		if diff := cmp.Diff(verdict{Keys: []awsapi.ResolvedKey{first}}, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("two fit ones are listed", func(t *testing.T) {
		got := judge([]awsapi.ResolvedKey{first, second, disabled}, query)
		if len(got.Keys) != 0 || len(got.Problems) != 1 {
			t.Fatalf("%+v", got)
		}
		for _, want := range []string{first.ARN, second.ARN, `purpose="ami-sharing", team="golden"`} {
			if !strings.Contains(got.Problems[0].Error(), want) {
				t.Errorf("%s is missing: %v", want, got.Problems[0])
			}
		}
		if strings.Contains(got.Problems[0].Error(), disabled.ARN) {
			t.Errorf("a disabled key is no match: %v", got.Problems[0])
		}
	})
}

func TestJudgeWarnsOfKeysThatMayGoAway(t *testing.T) {
	for origin, want := range map[string]int{"AWS_KMS": 0, "EXTERNAL": 1, "AWS_CLOUDHSM": 1, "EXTERNAL_KEY_STORE": 1} {
		key := fitKey(frankfurt)
		key.Origin = origin
		got := judge([]awsapi.ResolvedKey{key}, awsapi.KeyQuery{Regions: []sharing.Region{frankfurt}})
		if len(got.Warnings) != want || len(got.Problems) != 0 || len(got.Keys) != 1 {
			t.Errorf("%s: %+v", origin, got)
		}
	}
}
