// SPDX-License-Identifier: MPL-2.0

package e2e

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

// apply does what the last message told, as the administrators of the accounts would:
//
//	apply keys: the statements printed for a key's policy go into it, and those that deny are taken out
//	apply role ACCOUNT NAME: those printed for the identity policy of a role become one
//	apply user ACCOUNT NAME: those printed for the identity policy of a user become one, and the local AWS starts again
//	apply trust ACCOUNT NAME: the one printed for a role's trust policy becomes it, with the external ID where that is masked
//	apply session FILE: those printed for an identity policy go into the session policy of a file
//	apply commands: the printed commands of the AWS CLI are carried out
func apply(ts *testscript.TestScript, neg bool, args []string) {
	said := ts.ReadFile("stdout")
	var done int
	switch args[0] {
	case "keys":
		done = applyToKeys(ts, said)
	case "role":
		done = applyToRole(ts, said, args[1], args[2])
	case "user":
		done = applyToUser(ts, said, args[1], args[2])
	case "trust":
		said = strings.ReplaceAll(said, "<sensitive>", ts.Getenv("PKR_VAR_external_id"))
		done = applyToTrust(ts, said, args[1], args[2])
	case "session":
		done = applyToFile(ts, said, args[1])
	case "commands":
		done = applyCommands(ts, said)
	default:
		ts.Fatalf("apply knows no %q", args[0])
	}
	if done == 0 {
		ts.Fatalf("nothing was printed to be applied to: %s\n%s", strings.Join(args, " "), said)
	}
}

// advice is a JSON document in a message, and the line before it, which says what it is for.
type advice struct {
	purpose  string
	document json.RawMessage
}

// statements are those of the document: it is one, or a list of them.
func (a advice) statements() []json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(a.document, &list) == nil {
		return list
	}
	return []json.RawMessage{a.document}
}

// advices finds the documents of a message: each begins on a line of its own.
func advices(said string) []advice {
	var all []advice
	purpose := ""
	for said != "" {
		line, rest, _ := strings.Cut(said, "\n")
		line = strings.TrimSpace(line)
		if line == "{" || line == "[" {
			decoder := json.NewDecoder(strings.NewReader(said))
			var document json.RawMessage
			if decoder.Decode(&document) == nil {
				all = append(all, advice{purpose, document})
				rest = said[decoder.InputOffset():]
			}
		}
		purpose, said = line, rest
	}
	return all
}

// policyOf is a policy as far as it is changed here.
type policyOf struct {
	Version   string
	Statement []json.RawMessage
}

func (p policyOf) String() string {
	text, _ := json.Marshal(p) // what was read as JSON can be written
	return string(text)
}

var keyARN = regexp.MustCompile(`arn:[a-z-]+:kms:[a-z0-9-]+:(\d{12}):key/[a-z0-9-]+`)

func applyToKeys(ts *testscript.TestScript, said string) int {
	done := 0
	for _, a := range advices(said) {
		denies := strings.Contains(a.purpose, "take it out of the key's policy")
		if !denies && !strings.Contains(strings.ToLower(a.purpose), "the policy of key ") {
			continue
		}
		arns := keyARN.FindAllString(a.purpose, -1)
		if denies { // the problem's first line names the key
			before, _, _ := strings.Cut(said, a.purpose)
			named := keyARN.FindAllString(before, -1)
			arns = named[len(named)-1:]
		}
		for _, arn := range arns {
			changeKey(ts, arn, func(p *policyOf) {
				if denies {
					p.Statement = slices.DeleteFunc(p.Statement, func(s json.RawMessage) bool { return same(s, a.document) })
					return
				}
				p.Statement = append(p.Statement, a.statements()...)
			})
			done++
		}
	}
	return done
}

func same(a, b json.RawMessage) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	return cmp.Equal(x, y)
}

func changeKey(ts *testscript.TestScript, arn string, change func(*policyOf)) {
	account, region := keyARN.FindStringSubmatch(arn)[1], strings.Split(arn, ":")[3]
	client := kms.NewFromConfig(admin(ts, account, region))
	got, err := client.GetKeyPolicy(context.Background(), &kms.GetKeyPolicyInput{KeyId: &arn})
	ts.Check(err)
	var policy policyOf
	ts.Check(json.Unmarshal([]byte(*got.Policy), &policy))
	// A policy that names somebody who was deleted can't be saved again.
	policy.Statement = slices.DeleteFunc(policy.Statement, func(s json.RawMessage) bool { return strings.Contains(string(s), `"AROA`) })
	change(&policy)
	_, err = client.PutKeyPolicy(context.Background(), &kms.PutKeyPolicyInput{KeyId: &arn, Policy: new(policy.String())})
	ts.Check(err)
}

// identityStatements are those that a message prints for the identity policy of somebody.
func identityStatements(said, who string) []json.RawMessage {
	var all []json.RawMessage
	for _, a := range advices(said) {
		if strings.Contains(a.purpose, "identity policy of "+who) {
			all = append(all, a.statements()...)
		}
	}
	return all
}

func applyToRole(ts *testscript.TestScript, said, account, name string) int {
	statements := identityStatements(said, "arn:aws:iam::"+account+":role/"+name)
	if len(statements) == 0 {
		return 0
	}
	_, err := iam.NewFromConfig(admin(ts, account, "us-east-1")).PutRolePolicy(context.Background(), &iam.PutRolePolicyInput{
		RoleName: &name, PolicyName: aws.String("printed"), PolicyDocument: new(policyOf{"2012-10-17", statements}.String()),
	})
	ts.Check(err)
	return len(statements)
}

func applyToUser(ts *testscript.TestScript, said, account, name string) int {
	statements := identityStatements(said, "arn:aws:iam::"+account+":user/"+name)
	w := of(ts).world
	for i := range w.Accounts {
		for j := range w.Accounts[i].Users {
			if user := &w.Accounts[i].Users[j]; w.Accounts[i].ID == account && user.Name == name {
				user.Policies = append(user.Policies, json.RawMessage(policyOf{"2012-10-17", statements}.String()))
			}
		}
	}
	serve(ts, w)
	return len(statements)
}

func applyToTrust(ts *testscript.TestScript, said, account, name string) int {
	for _, a := range advices(said) {
		if !strings.Contains(a.purpose, "trust policy") {
			continue
		}
		_, err := iam.NewFromConfig(admin(ts, account, "us-east-1")).UpdateAssumeRolePolicy(context.Background(), &iam.UpdateAssumeRolePolicyInput{
			RoleName: &name, PolicyDocument: new(policyOf{"2012-10-17", a.statements()}.String()),
		})
		ts.Check(err)
		return 1
	}
	return 0
}

func applyToFile(ts *testscript.TestScript, said, file string) int {
	var policy policyOf
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(file)), &policy))
	statements := identityStatements(said, "")
	policy.Statement = append(policy.Statement, statements...)
	ts.Check(os.WriteFile(ts.MkAbs(file), []byte(policy.String()), 0o600))
	return len(statements)
}

// printedCommand is a command of the AWS CLI in a message.
var printedCommand = regexp.MustCompile(`aws (?:kms|iam) ([a-z-]+)((?: --[a-z-]+ [^\s,]+)+)`)

func applyCommands(ts *testscript.TestScript, said string) int {
	found := printedCommand.FindAllStringSubmatch(said, -1)
	for _, match := range found {
		options := map[string]string{}
		words := strings.Fields(match[2])
		for i := 0; i+1 < len(words); i += 2 {
			options[words[i]] = words[i+1]
		}
		ts.Check(carryOut(ts, match[1], options))
	}
	return len(found)
}

func carryOut(ts *testscript.TestScript, command string, options map[string]string) error {
	ctx, key := context.Background(), options["--key-id"]
	var err error
	switch command {
	case "enable-key":
		_, err = kms.NewFromConfig(admin(ts, "111111111111", options["--region"])).EnableKey(ctx, &kms.EnableKeyInput{KeyId: &key})
	case "cancel-key-deletion":
		_, err = kms.NewFromConfig(admin(ts, "111111111111", options["--region"])).CancelKeyDeletion(ctx, &kms.CancelKeyDeletionInput{KeyId: &key})
	case "create-service-linked-role":
		_, err = iam.NewFromConfig(admin(ts, "222222222222", "us-east-1")).CreateServiceLinkedRole(ctx, &iam.CreateServiceLinkedRoleInput{
			AWSServiceName: aws.String(options["--aws-service-name"]),
		})
	default:
		ts.Fatalf("apply can't carry out %q", command)
	}
	return err
}

// renew ACCOUNT NAME: an account's administrator deletes a role with one policy and makes it again, as it was.
func renew(ts *testscript.TestScript, neg bool, args []string) {
	client, ctx, name := iam.NewFromConfig(admin(ts, args[0], "us-east-1")), context.Background(), &args[1]
	role, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
	ts.Check(err)
	policy, err := client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: name, PolicyName: aws.String("policy-1")})
	ts.Check(err)
	_, err = client.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: policy.PolicyName})
	ts.Check(err)
	_, err = client.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
	ts.Check(err)
	trust, err := url.QueryUnescape(*role.Role.AssumeRolePolicyDocument)
	ts.Check(err)
	_, err = client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: &trust})
	ts.Check(err)
	document, err := url.QueryUnescape(*policy.PolicyDocument)
	ts.Check(err)
	_, err = client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: policy.PolicyName, PolicyDocument: &document})
	ts.Check(err)
}

// within DURATION: so much time has gone by at most since mark.
func within(ts *testscript.TestScript, neg bool, args []string) {
	limit, err := time.ParseDuration(args[0])
	ts.Check(err)
	if gone := time.Since(of(ts).marked); gone > limit {
		ts.Fatalf("%s have gone by since the mark, more than %s", gone.Round(time.Millisecond), limit)
	}
}
