// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

const (
	multiFrankfurt = "arn:aws:kms:eu-central-1:111111111111:key/mrk-11111111111111111111111111111111"
	multiVirginia  = "arn:aws:kms:us-east-1:111111111111:key/mrk-11111111111111111111111111111111"
)

func withMoreKeys(w *awssim.World) {
	multi := awssim.WorldKey{Region: string(frankfurt), ID: "mrk-11111111111111111111111111111111", MultiRegion: "PRIMARY"}
	replica := multi
	replica.Region, replica.MultiRegion = string(virginia), "REPLICA"
	w.Accounts[0].Keys = append(w.Accounts[0].Keys, multi, replica,
		awssim.WorldKey{Region: string(virginia), ID: "55555555-5555-5555-5555-555555555555", State: "PendingDeletion", Tags: map[string]string{"purpose": "ami-sharing", "old": "yes"}})
	w.Accounts[3].Keys = []awssim.WorldKey{{Region: string(frankfurt), ID: "44444444-4444-4444-4444-444444444444", Aliases: []string{"alias/theirs"}, Policy: json.RawMessage(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":["kms:DescribeKey"],"Resource":"*"}]}`)}}
}

func TestResolveKeys(t *testing.T) {
	const foreign = "arn:aws:kms:eu-central-1:444444444444:key/44444444-4444-4444-4444-444444444444"
	both := []sharing.Region{virginia, frankfurt}
	for name, tt := range map[string]struct {
		query    KeyQuery
		want     []string
		problems []string // parts of them, in order
	}{
		"an alias, in each region":                    {KeyQuery{Alias: "alias/ami-sharing", Regions: both}, []string{keyVirginia, keyFrankfurt}, nil},
		"an alias's ARN, in each region":              {KeyQuery{Alias: "arn:aws:kms:eu-central-1:111111111111:alias/ami-sharing", Regions: both}, []string{keyVirginia, keyFrankfurt}, nil},
		"an alias that is nowhere":                    {KeyQuery{Alias: "alias/none", Regions: both}, nil, []string{"eu-central-1): NotFoundException", "us-east-1): NotFoundException"}},
		"an id that is in one region":                 {KeyQuery{KeyID: "11111111-1111-1111-1111-111111111111", Regions: both}, []string{keyFrankfurt}, []string{"us-east-1): NotFoundException"}},
		"an ARN that is of one region":                {KeyQuery{KeyID: keyFrankfurt, Regions: both}, []string{keyFrankfurt}, []string{"not a multi-Region key"}},
		"the id of a multi-Region key":                {KeyQuery{KeyID: "mrk-11111111111111111111111111111111", Regions: both}, []string{multiVirginia, multiFrankfurt}, nil},
		"the ARN of a multi-Region key's replica":     {KeyQuery{KeyID: multiVirginia, Regions: both}, []string{multiVirginia, multiFrankfurt}, nil},
		"the ARN of a key of a third account":         {KeyQuery{KeyID: foreign, Regions: []sharing.Region{frankfurt}}, []string{foreign}, nil},
		"the alias's ARN of a key of a third account": {KeyQuery{Alias: "arn:aws:kms:eu-central-1:444444444444:alias/theirs", Regions: []sharing.Region{frankfurt}}, []string{foreign}, nil},
		"tags":                            {KeyQuery{Tags: map[string]string{"purpose": "ami-sharing"}, Regions: both}, []string{keyVirginia, "arn:aws:kms:us-east-1:111111111111:key/55555555-5555-5555-5555-555555555555", keyFrankfurt}, nil},
		"two tags":                        {KeyQuery{Tags: map[string]string{"purpose": "ami-sharing", "old": "yes"}, Regions: []sharing.Region{virginia}}, []string{"arn:aws:kms:us-east-1:111111111111:key/55555555-5555-5555-5555-555555555555"}, nil},
		"tags that no key has":            {KeyQuery{Tags: map[string]string{"purpose": "x"}, Regions: []sharing.Region{frankfurt}}, nil, []string{`no key of the account has them all`}},
		"the alias of an AWS managed key": {KeyQuery{Alias: "alias/aws/ebs", Regions: []sharing.Region{frankfurt}}, nil, []string{"AWS managed key"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, withMoreKeys)
			before := s.State()
			keys, problems := s.client(Options{}).ResolveKeys(t.Context(), tt.query)
			var got []string
			for _, key := range keys {
				got = append(got, key.ARN)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
			if len(problems) != len(tt.problems) {
				t.Fatalf("problems: %v", problems)
			}
			for i, part := range tt.problems {
				contains(t, "problem", problems[i].Error(), []string{part})
			}
			if diff := cmp.Diff(string(before), string(s.State())); diff != "" {
				t.Errorf("looking has changed something:\n%s", diff)
			}
		})
	}
}

func TestWhatIsKnownOfAKey(t *testing.T) {
	s := start(t, withMoreKeys)
	keys, problems := s.client(Options{}).ResolveKeys(t.Context(), KeyQuery{KeyID: multiVirginia, Regions: []sharing.Region{virginia}})
	if len(keys) != 1 || len(problems) > 0 {
		t.Fatal(keys, problems)
	}
	want := ResolvedKey{
		Region: virginia, ARN: multiVirginia, ID: "mrk-11111111111111111111111111111111", Account: sourceAccount, Manager: "CUSTOMER", State: "Enabled",
		Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT", Origin: "AWS_KMS", MultiRegion: true,
	}
	if diff := cmp.Diff(want, keys[0], cmpopts.IgnoreFields(ResolvedKey{}, "Policy")); diff != "" {
		t.Errorf("key (-want +got):\n%s", diff)
	}
	if !json.Valid([]byte(keys[0].Policy)) {
		t.Errorf("the policy: %q", keys[0].Policy)
	}
	keys, _ = s.client(Options{}).ResolveKeys(t.Context(), KeyQuery{KeyID: "55555555-5555-5555-5555-555555555555", Regions: []sharing.Region{virginia}})
	if len(keys) != 1 || keys[0].State != "PendingDeletion" || keys[0].Deletion.IsZero() {
		t.Errorf("the key to be deleted: %+v", keys)
	}
}

func TestProveGrants(t *testing.T) {
	identity := func(policy string) func(*awssim.World) {
		return func(w *awssim.World) { w.Accounts[1].Roles[0].Policies = []json.RawMessage{json.RawMessage(policy)} }
	}
	keyPolicy := func(old, with string) func(*awssim.World) {
		return func(w *awssim.World) {
			w.Accounts[0].Keys[0].Policy = json.RawMessage(strings.Replace(sharedKey, old, with, 1))
		}
	}
	roles := []string{autoscalingRole.ARN("aws", target), autoscalingRole.ARN("aws", otherTarget)}
	for name, tt := range map[string]struct {
		world    func(*awssim.World)
		create   bool
		grantees []string
		problems []string
		warnings int
	}{
		"all that it takes":                   {func(*awssim.World) {}, false, roles, nil, 0},
		"a role that can't be assumed":        {func(w *awssim.World) { w.Accounts[1].Roles = nil }, false, roles[1:], []string{"sts:AssumeRole"}, 0},
		"a key policy without the target":     {keyPolicy("222222222222", "444444444444"), false, roles, []string{keyFrankfurt}, 0},
		"a condition that wants AWS services": {keyPolicy(`"kms:ListGrants"],"Resource":"*"`, `"kms:ListGrants"],"Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":"true"}}`), false, roles, []string{"kms:GrantIsForAWSResource", "kms:GrantIsForAWSResource"}, 0},
		"an identity policy without grants":   {identity(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:GetRole","Resource":"*"}]}`), false, roles, []string{"identity policy", "identity policy"}, 0},
		"no service-linked role":              {func(w *awssim.World) { w.Accounts[1].ServiceLinkedRoles = nil }, false, roles[1:], []string{"create-service-linked-role --aws-service-name autoscaling.amazonaws.com"}, 0},
		"a service-linked role to be created": {func(w *awssim.World) { w.Accounts[1].ServiceLinkedRoles = nil }, true, roles[1:], nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, tt.world)
			before := s.State()
			c := s.client(Options{})
			keys, problems := c.ResolveKeys(t.Context(), KeyQuery{Alias: "alias/ami-sharing", Regions: []sharing.Region{frankfurt, virginia}})
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			targets := someRequest().Targets
			targets[0].CreateServiceLinkedRoles = tt.create
			proof := c.ProveGrants(t.Context(), keys, targets, sharing.DefaultGrantOperations())
			var got []string
			for _, grantee := range proof.Grantees {
				got = append(got, grantee.ARN)
			}
			problems, warnings := proof.Problems, proof.Warnings
			for _, refused := range proof.Refused {
				problems = append(problems, refused.Problem)
				if elsewhere := strings.Contains(refused.Problem.Cause, "identity policy of"); refused.Elsewhere != elsewhere {
					t.Errorf("elsewhere %v: %v", refused.Elsewhere, refused.Problem)
				}
			}
			if diff := cmp.Diff(tt.grantees, got); diff != "" {
				t.Errorf("grantees (-want +got):\n%s", diff)
			}
			if len(problems) != len(tt.problems) || len(warnings) != tt.warnings {
				t.Fatalf("problems %v, warnings %v", problems, warnings)
			}
			for i, part := range tt.problems {
				contains(t, "problem", problems[i].Error(), []string{part})
			}
			if diff := cmp.Diff(string(before), string(s.State())); diff != "" {
				t.Errorf("proving has changed something:\n%s", diff)
			}
		})
	}
}

func TestProve(t *testing.T) {
	s := start(t, func(w *awssim.World) {
		w.Accounts[0].Keys[1].Policy = json.RawMessage(strings.ReplaceAll(sharedKey, "333333333333", "444444444444"))
	})
	c := s.client(Options{})
	before := s.State()
	newRole := grantIn(target, keyFrankfurt)
	newRole.GranteeARN, newRole.NewRole = newRole.GranteeARN+"_new", true
	problems := c.Prove(t.Context(), plan.Plan{Changes: []plan.Change{
		grantIn(target, keyVirginia), grantIn(otherTarget, keyVirginia), newRole, share(target),
		plan.ModifySnapshotPermission{Image: imageVirginia, Snapshot: snapshotVirginia, Accounts: []sharing.AccountID{target}},
		plan.CreateServiceLinkedRole{Account: target, Grantee: autoscalingRole},
	}})
	if len(problems) != 1 || problems[0].Problem.Scope.Account != otherTarget || problems[0].Problem.Code != "AccessDeniedException" {
		t.Errorf("problems: %v", problems)
	}
	if diff := cmp.Diff(string(before), string(s.State())); diff != "" {
		t.Errorf("proving has changed something:\n%s", diff)
	}
	want := map[string]int{"sts:AssumeRole": 2, "kms:CreateGrant": 2, "ec2:ModifyImageAttribute": 1, "ec2:ModifySnapshotAttribute": 1}
	if diff := cmp.Diff(want, s.Counts()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestKeyIDIn(t *testing.T) {
	for name, tt := range map[string]struct{ id, want, cause string }{
		"an id":                                  {id: "1234abcd", want: "1234abcd"},
		"an ARN of the region":                   {id: keyARN, want: keyARN},
		"an ARN of another region":               {id: "arn:aws:kms:us-east-1:111111111111:key/1234abcd", cause: "not a multi-Region key"},
		"a replica's ARN of another region":      {id: "arn:aws:kms:us-east-1:111111111111:key/mrk-1234", want: "arn:aws:kms:eu-central-1:111111111111:key/mrk-1234"},
		"an alias":                               {id: "alias/ami-sharing", want: "alias/ami-sharing"},
		"an alias's ARN of another region":       {id: "arn:aws-cn:kms:cn-north-1:111111111111:alias/x", want: "arn:aws-cn:kms:eu-central-1:111111111111:alias/x"},
		"the alias of an AWS managed key":        {id: "alias/aws/ebs", cause: "AWS managed key"},
		"the alias's ARN of an AWS managed key":  {id: "arn:aws:kms:eu-central-1:111111111111:alias/aws/ebs", cause: "AWS managed key"},
		"an ARN of something else":               {id: "arn:aws:iam::111111111111:role/x", cause: "not the ARN of a KMS key"},
		"something that only begins like an ARN": {id: "arn:aws:kms", cause: "is not an ARN"},
	} {
		t.Run(name, func(t *testing.T) {
			got, problem := keyIDIn("eu-central-1", tt.id)
			if got != tt.want || (problem != nil) != (tt.cause != "") {
				t.Fatalf("got %q, %v", got, problem)
			}
			if problem != nil {
				contains(t, "cause", problem.Cause, []string{tt.cause})
			}
		})
	}
}

func TestATargetThatHangsDoesNotHoldUpTheProof(t *testing.T) {
	s := start(t, func(w *awssim.World) {
		w.Faults = []awssim.Fault{{Action: "kms:CreateGrant", Account: string(target), DelayMillis: 2000}}
	})
	c := s.client(Options{TargetTimeout: 300 * time.Millisecond})
	keys, _ := c.ResolveKeys(t.Context(), KeyQuery{Alias: "alias/ami-sharing", Regions: []sharing.Region{frankfurt}})
	began := time.Now()
	proof := c.ProveGrants(t.Context(), keys, someRequest().Targets, sharing.DefaultGrantOperations())
	if len(proof.Grantees) != 2 || len(proof.Problems) != 1 || proof.Problems[0].Scope.Account != target || time.Since(began) > 1500*time.Millisecond {
		t.Fatalf("%+v after %v", proof, time.Since(began))
	}
	contains(t, "cause", proof.Problems[0].Cause, []string{"did not answer in time"})
}
