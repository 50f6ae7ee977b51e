// SPDX-License-Identifier: MPL-2.0

package campaign

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// elsewhere are the actions that sharing never calls, and what does.
func elsewhere() map[string]string {
	return map[string]string{
		"tag:GetResources":                               "the data source ami-share-key, which finds a key by its tags",
		"organizations:DescribeOrganization":             "the data source ami-share-accounts",
		"organizations:ListAccounts":                     "the data source ami-share-accounts",
		"organizations:ListAccountsForParent":            "the data source ami-share-accounts",
		"organizations:ListOrganizationalUnitsForParent": "the data source ami-share-accounts",
		"organizations:ListTagsForResource":              "the data source ami-share-accounts",
	}
}

// TestEveryActionIsInTheCampaign compares the operations that the product has clients for with the calls that the campaign lets
// fail.
func TestEveryActionIsInTheCampaign(t *testing.T) {
	log.SetOutput(io.Discard)
	s := newStage(t)
	var tried []string
	for _, one := range s.trials(t) {
		tried = append(tried, one.call.action)
	}
	for _, action := range operations(t) {
		why, not := elsewhere()[action]
		switch is := slices.Contains(tried, action); {
		case is && not:
			t.Errorf("%s is in the campaign, and elsewhere says that only %s calls it", action, why)
		case !is && !not:
			t.Errorf("%s is in no case of the campaign: ask for what calls it in wanted, or lead to it by a scene", action)
		}
	}
}

// withoutPolicy are the actions that no policy of docs/policies has to name, and why.
func withoutPolicy() map[string]string {
	all := elsewhere()
	delete(all, "tag:GetResources") // which whoever runs Packer needs
	all["sts:GetCallerIdentity"] = "AWS lets everybody call it"
	all["kms:ReEncrypt"] = "AWS asks for kms:ReEncryptFrom and kms:ReEncryptTo in its place"
	return all
}

// TestEveryActionIsInThePolicies compares the operations that the product has clients for with what the policies with every option
// allow whoever runs Packer, and the roles in the targets.
func TestEveryActionIsInThePolicies(t *testing.T) {
	allowed := map[string]bool{}
	for _, name := range []string{"source-policy", "target-role-policy"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "docs", "policies", "every-option."+name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, action := range regexp.MustCompile(`"([a-z0-9]+:[A-Z][A-Za-z]+)"`).FindAllStringSubmatch(string(text), -1) {
			allowed[action[1]] = true
		}
	}
	for _, action := range operations(t) {
		if why, not := withoutPolicy()[action]; allowed[action] == not {
			t.Errorf("%s: a policy allows it: %v; why none has to: %q", action, allowed[action], why)
		}
	}
}

// operations are those of the product's services, as in "kms:CreateGrant".
func operations(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../clients/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			all = append(all, operationsOf(n)...)
			return true
		})
	}
	if len(all) < 30 {
		t.Fatalf("the product has the operations %q: they are put together in another way by now", all)
	}
	return all
}

// operationsOf are those of an expression like EC2{CreateTags: from(o, client.CreateTags, set)}.
func operationsOf(n ast.Node) []string {
	literal, ok := n.(*ast.CompositeLit)
	if !ok {
		return nil
	}
	name, ok := literal.Type.(*ast.Ident)
	if !ok {
		return nil
	}
	service := strings.ToLower(name.Name)
	if service == "tagging" {
		service = "tag"
	}
	var all []string
	for _, element := range literal.Elts {
		field, ok := element.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		if call, ok := field.Value.(*ast.CallExpr); ok && fmt.Sprint(call.Fun) == "from" {
			all = append(all, service+":"+fmt.Sprint(field.Key))
		}
	}
	return all
}
