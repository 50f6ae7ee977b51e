package key_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// TestUnfitKeys has a story for each key that can't be used: the message names what is wrong, and what to do.
func TestUnfitKeys(t *testing.T) {
	both := func(change func(*awssim.WorldKey)) func(*awssim.World) {
		return func(w *awssim.World) {
			for i := range w.Accounts[0].Keys {
				change(&w.Accounts[0].Keys[i])
			}
		}
	}
	byTag := options{"alias": nil, "tags": options{"purpose": "ami-sharing"}}
	for name, test := range map[string]struct {
		lack    func(*awssim.World)
		options options
		want    []string
	}{
		"AWS managed":         {both(func(k *awssim.WorldKey) { k.AWSManaged, k.Policy = true, nil }), nil, []string{"AWS managed key", "aws kms create-key"}},
		"an AWS alias":        {nil, options{"alias": "alias/aws/ebs"}, []string{"AWS managed key", "aws kms create-key"}},
		"disabled":            {both(func(k *awssim.WorldKey) { k.State = "Disabled" }), nil, []string{"it is disabled", "aws kms enable-key", frankfurt, virginia}},
		"pending deletion":    {both(func(k *awssim.WorldKey) { k.State = "PendingDeletion" }), nil, []string{"going to be deleted on 20", "aws kms cancel-key-deletion"}},
		"pending import":      {both(func(k *awssim.WorldKey) { k.State, k.Origin = "PendingImport", "EXTERNAL" }), nil, []string{"not been imported", "aws kms import-key-material"}},
		"asymmetric":          {both(func(k *awssim.WorldKey) { k.Spec = "RSA_2048" }), nil, []string{"asymmetric key (RSA_2048)"}},
		"for signing":         {both(func(k *awssim.WorldKey) { k.Spec, k.Usage = "ECC_NIST_P256", "SIGN_VERIFY" }), nil, []string{"asymmetric", "usage is SIGN_VERIFY"}},
		"HMAC":                {both(func(k *awssim.WorldKey) { k.Spec, k.Usage = "HMAC_256", "GENERATE_VERIFY_MAC" }), nil, []string{"HMAC key (HMAC_256)"}},
		"missing in a Region": {func(w *awssim.World) { w.Accounts[0].Keys = w.Accounts[0].Keys[:1] }, nil, []string{"(us-east-1)", "NotFoundException", "check id or alias"}},
		"another Region's ARN": {nil, options{"alias": nil, "key_id": keyARN(frankfurt)}, []string{
			"(us-east-1)", "the ARN is of a key in eu-central-1", "leave us-east-1 out of regions",
		}},
		"no match": {both(func(k *awssim.WorldKey) { k.Tags = nil }), byTag, []string{"purpose", "no key of the account has them all", "aws kms tag-resource"}},
		"several matches": {func(w *awssim.World) {
			w.Accounts[0].Keys = append(w.Accounts[0].Keys, awssim.WorldKey{
				Region: frankfurt, ID: "22222222-12ab-34cd-56ef-1234567890ab", Tags: map[string]string{"purpose": "ami-sharing"},
			})
		}, byTag, []string{"2 keys have them", keyID, "22222222-12ab-34cd-56ef-1234567890ab", "name the key by key_id or alias"}},
		"no permission to look": {func(w *awssim.World) {
			w.Accounts[0].Users[0].Policies = policies(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:*","Resource":"*"}]}`)
		}, nil, []string{"kms:DescribeKey", sourceUser, "identity policy"}},
		"no permission to search": {func(w *awssim.World) {
			w.Accounts[0].Users[0].Policies = policies(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}`)
		}, byTag, []string{"tag:GetResources", sourceUser}},
		"several flaws at once, and a target that can't be entered": {func(w *awssim.World) {
			w.Accounts[0].Keys[0].State = "Disabled"
			w.Accounts[1].Roles[0].TrustPolicy = json.RawMessage(trustsItself)
		}, nil, []string{"2 problems", "it is disabled", "assuming the role " + shareRole}},
	} {
		t.Run(name, func(t *testing.T) {
			world := theWorld()
			if test.lack != nil {
				test.lack(&world)
			}
			serve(t, world)
			_, err := execute(block(test.options))
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is missing in\n%v", want, err)
				}
			}
		})
	}
}

// trustsItself lets in nobody of another account.
const trustsItself = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + targetID + `"},"Action":"sts:AssumeRole"}]}`

func TestLookingCreatesNothing(t *testing.T) {
	server := serve(t, theWorld())
	if _, err := execute(block(options{"alias": "alias/aws/ebs"})); err == nil {
		t.Fatal("accepted")
	}
	for _, entry := range server.Journal() {
		t.Errorf("a call: %s", entry.Action)
	}
}

// TestMissingPieces has a story for each piece that the grants can lack: the message names it, and what it prints,
// applied, makes the next run succeed.
func TestMissingPieces(t *testing.T) {
	statement := func(condition string) string {
		return strings.TrimSuffix(letIn, "}") + `,"Condition":{` + condition + `}}`
	}
	keyPolicy := func(statements ...string) func(*awssim.World) {
		return func(w *awssim.World) {
			for i := range w.Accounts[0].Keys {
				w.Accounts[0].Keys[i].Policy = delegating(source, statements...)
			}
		}
	}
	trust := func(document string) func(*awssim.World) {
		return func(w *awssim.World) { w.Accounts[1].Roles[0].TrustPolicy = json.RawMessage(document) }
	}
	for name, test := range map[string]struct {
		lack  func(*awssim.World)
		want  []string
		apply func(*testing.T, *awssim.World, []json.RawMessage)
	}{
		"the key's policy lets nobody of the account in": {
			keyPolicy(), []string{"no statement of the key's policy names account 222222222222", "needs these statements"}, applyToKeys,
		},
		"the key's policy lets the account look only": {
			keyPolicy(`{"Sid":"Look","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":"kms:DescribeKey","Resource":"*"}`),
			[]string{`"Look" of the key's policy is about account 222222222222 and does not allow kms:CreateGrant`, `"Sid": "Look"`},
			applyToKeys,
		},
		"the console's condition is in the way": {
			keyPolicy(statement(`"Bool":{"kms:GrantIsForAWSResource":"true"}`)), []string{"kms:GrantIsForAWSResource, which lets AWS services create grants and nobody else"}, applyToKeys,
		},
		"the grantees are too narrow": {
			keyPolicy(statement(`"StringEquals":{"kms:GranteePrincipal":"` + shareRole + `"}`)), []string{"kms:GranteePrincipal does not hold for " + scaling}, applyToKeys,
		},
		"the operations are too narrow": {
			keyPolicy(statement(`"ForAllValues:StringEquals":{"kms:GrantOperations":["Decrypt","Encrypt"]}`)),
			[]string{"kms:GrantOperations does not allow ReEncryptFrom"},
			applyToKeys,
		},
		"the role's own policy does not allow it": {
			func(w *awssim.World) {
				w.Accounts[1].Roles[0].Policies = policies(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:GetRole","Resource":"*"}]}`)
			}, []string{shareRole, "kms:CreateGrant", "identity policy"}, applyToRole,
		},
		"the role may not look up the grantee": {
			func(w *awssim.World) {
				w.Accounts[1].Roles[0].Policies = policies(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}`)
			}, []string{shareRole, "iam:GetRole", scaling}, applyToRole,
		},
		"the role trusts nobody": {
			trust(trustsItself), []string{"assuming the role " + shareRole, "trust policy"}, applyToTrust,
		},
		"the role wants another external id": {
			trust(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"other"}}}]}`),
			[]string{"assuming the role " + shareRole, `external id "golden-images"`},
			applyToTrust,
		},
		"the service-linked role is missing": {
			func(w *awssim.World) { w.Accounts[1].ServiceLinkedRoles = nil },
			[]string{"looking for the role " + scaling, "create_service_linked_roles = true", "aws iam create-service-linked-role --aws-service-name autoscaling.amazonaws.com"},
			func(_ *testing.T, w *awssim.World, _ []json.RawMessage) {
				w.Accounts[1].ServiceLinkedRoles = []string{"autoscaling.amazonaws.com"}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			world := theWorld()
			test.lack(&world)
			serve(t, world)
			_, err := execute(block())
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is missing in\n%v", want, err)
				}
			}
			test.apply(t, &world, printed(err))
			serve(t, world)
			if _, again := execute(block()); again != nil {
				t.Errorf("what was printed is applied, and now\n%v\nbefore\n%v", again, err)
			}
		})
	}
}

// printed returns the JSON documents of a message: each begins on a line of its own.
func printed(err error) []json.RawMessage {
	var documents []json.RawMessage
	text := err.Error()
	for len(text) > 0 {
		line, rest, _ := strings.Cut(text, "\n")
		if s := strings.TrimSpace(line); s == "{" || s == "[" {
			decoder := json.NewDecoder(strings.NewReader(text))
			var document json.RawMessage
			if decoder.Decode(&document) == nil {
				documents = append(documents, document)
				text = text[decoder.InputOffset():]
				continue
			}
		}
		text = rest
	}
	return documents
}

// applyToKeys adds the printed list of statements to the keys' policies.
func applyToKeys(t *testing.T, w *awssim.World, documents []json.RawMessage) {
	t.Helper()
	var statements []json.RawMessage
	for _, document := range documents {
		if json.Unmarshal(document, &statements) == nil {
			break
		}
	}
	if len(statements) == 0 {
		t.Fatalf("no statements were printed: %s", documents)
	}
	for i := range w.Accounts[0].Keys {
		var policy struct {
			Version   string
			Statement []json.RawMessage
		}
		if err := json.Unmarshal(w.Accounts[0].Keys[i].Policy, &policy); err != nil {
			t.Fatal(err)
		}
		policy.Statement = append(policy.Statement, statements...)
		w.Accounts[0].Keys[i].Policy = marshal(t, policy)
	}
}

// applyToRole adds the printed statements without a principal to the role's policies.
func applyToRole(t *testing.T, w *awssim.World, documents []json.RawMessage) {
	t.Helper()
	role := &w.Accounts[1].Roles[0]
	for _, document := range documents {
		if !strings.Contains(string(document), `"Principal"`) {
			role.Policies = append(role.Policies, json.RawMessage(fmt.Sprintf(`{"Version":"2012-10-17","Statement":[%s]}`, document)))
		}
	}
}

// applyToTrust makes the printed statement with a principal the role's trust policy.
func applyToTrust(t *testing.T, w *awssim.World, documents []json.RawMessage) {
	t.Helper()
	for _, document := range documents {
		if strings.Contains(string(document), `"Principal"`) {
			w.Accounts[1].Roles[0].TrustPolicy = json.RawMessage(fmt.Sprintf(`{"Version":"2012-10-17","Statement":[%s]}`, document))
			return
		}
	}
	t.Fatalf("no trust statement was printed: %s", documents)
}

func marshal(t *testing.T, v any) json.RawMessage {
	t.Helper()
	document, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func TestAPolicyThatCantBeReadIsSaid(t *testing.T) {
	world := theWorld()
	for i := range world.Accounts[0].Keys {
		world.Accounts[0].Keys[i].Policy = delegating(source)
	}
	world.Accounts[0].Users[0].Policies = policies(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"kms:GetKeyPolicy","Resource":"*"}]}`)
	serve(t, world)
	_, err := execute(block())
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"could not be read to explain the refusal", "kms:GetKeyPolicy", `"kms:GranteePrincipal"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in\n%v", want, err)
		}
	}
}

func TestATargetThatHangsIsReportedAndNotWaitedFor(t *testing.T) {
	world := theWorld()
	world.Accounts = append(world.Accounts, targetAccount("333333333333"))
	server := serve(t, world)
	server.Fail(awssim.Fault{Action: "iam:GetRole", Account: "333333333333", DelayMillis: 3_000})
	started := time.Now()
	_, err := execute(block(options{"timeout": "1s", "target": []options{
		target(options{"account_ids": []string{targetID, "333333333333"}}),
	}}))
	if elapsed := time.Since(started); elapsed > 2500*time.Millisecond {
		t.Errorf("took %s", elapsed)
	}
	if err == nil || !strings.Contains(err.Error(), "(account 333333333333") || !strings.Contains(err.Error(), "did not answer in time") {
		t.Errorf("%v", err)
	}
}

func TestARoleThatWillBeCreatedIsAWarning(t *testing.T) {
	world := theWorld()
	world.Accounts[1].ServiceLinkedRoles = nil
	serve(t, world)
	output := mustExecute(t, block(options{"target": []options{target(options{"create_service_linked_roles": true})}}))
	if warnings := list(output["warnings"]); len(warnings) != 1 || !strings.Contains(warnings[0], scaling) {
		t.Errorf("%q", warnings)
	}
	if !strings.Contains(output["target_role_policy"].AsString(), "iam:CreateServiceLinkedRole") {
		t.Error("the role may not create it")
	}
}
