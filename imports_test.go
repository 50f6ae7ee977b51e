// SPDX-License-Identifier: MPL-2.0

package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/amishare/packer-plugin-ami-share"

// clients are the AWS services' clients, by their import path's beginning.
const clients = "github.com/aws/aws-sdk-go-v2/service/"

// mayImport says which packages of this module each one may import, tests aside: imports run downward only.
// A package that is missing here fails the test, so that whoever adds one says where it stands.
var mayImport = map[string][]string{
	"":                        {"post-processor/amishare", "datasource/key", "datasource/accounts", "version"},
	"version":                 {},
	"post-processor/amishare": {"internal/access", "internal/mask", "internal/awsapi", "internal/clients", "internal/apply", "internal/report", "internal/plan", "internal/progress", "internal/sharing", "internal/traffic", "internal/verify", "version"},
	"datasource/accounts":     {"internal/access", "internal/mask", "internal/clients", "internal/organization", "internal/sharing", "version"},
	"datasource/key":          {"internal/access", "internal/mask", "internal/awsapi", "internal/bootstrap", "internal/clients", "internal/keypolicy", "internal/policy", "internal/report", "internal/sharing", "version"},
	"internal/access":         {"internal/clients", "internal/diagnose", "internal/sharing"},
	"internal/awsapi":         {"internal/clients", "internal/diagnose", "internal/parallel", "internal/policy", "internal/plan", "internal/progress", "internal/sharing", "internal/traffic", "internal/verify"},
	"internal/verify":         {"internal/clients", "internal/diagnose", "internal/keypolicy", "internal/parallel", "internal/plan", "internal/policy", "internal/progress", "internal/sharing", "internal/traffic"},
	"internal/organization":   {"internal/clients", "internal/diagnose", "internal/parallel", "internal/sharing"},
	"internal/clients":        {"internal/diagnose", "internal/sharing", "internal/traffic"},
	"internal/parallel":       {"internal/sharing"},
	"internal/simtest":        {"internal/awssim", "internal/clients", "internal/sharing"},
	"internal/traffic":        {"internal/diagnose", "internal/sharing"},
	"internal/bootstrap":      {"internal/policy", "internal/sharing"},
	"internal/diagnose":       {"internal/policy", "internal/sharing"},
	"internal/report":         {"internal/apply", "internal/plan", "internal/policy", "internal/sharing"},
	"internal/apply":          {"internal/parallel", "internal/plan", "internal/progress", "internal/sharing"},
	"internal/plan":           {"internal/sharing"},
	"internal/keypolicy":      {"internal/sharing"},
	"internal/policy":         {"internal/sharing"},
	"internal/progress":       {},
	"internal/sharing":        {},
	"internal/mask":           {},
	"internal/awssim": {
		"internal/awssim/autoscaling", "internal/awssim/cloud", "internal/awssim/ebs", "internal/awssim/ec2", "internal/awssim/iam",
		"internal/awssim/kms",
		"internal/awssim/organizations", "internal/awssim/page", "internal/awssim/ssm", "internal/awssim/sts", "internal/awssim/usage", "internal/awssim/wire",
		"internal/awssim/world",
	},
	"internal/awssim/page": {"internal/awssim/cloud"},
	"internal/awssim/usage": {
		"internal/awssim/cloud", "internal/awssim/ec2", "internal/awssim/resources", "internal/awssim/ssm", "internal/awssim/wire", "internal/awssim/world",
	},
	"internal/awssim/autoscaling": {
		"internal/awssim/cloud", "internal/awssim/ec2", "internal/awssim/iam", "internal/awssim/network", "internal/awssim/wire", "internal/awssim/world",
	},
	"internal/awssim/ec2": {
		"internal/awssim/allowed", "internal/awssim/cloud", "internal/awssim/ebs", "internal/awssim/kms", "internal/awssim/network",
		"internal/awssim/resources", "internal/awssim/ssm", "internal/awssim/wire", "internal/awssim/world",
	},
	"internal/awssim/network":       {"internal/awssim/cloud", "internal/awssim/resources", "internal/awssim/wire"},
	"internal/awssim/resources":     {"internal/awssim/cloud", "internal/awssim/wire"},
	"internal/awssim/allowed":       {"internal/awssim/wire"},
	"internal/awssim/ebs":           {"internal/awssim/cloud", "internal/awssim/kms", "internal/awssim/wire", "internal/awssim/world"},
	"internal/awssim/ssm":           {"internal/awssim/cloud", "internal/awssim/wire", "internal/awssim/world"},
	"internal/awssim/kms":           {"internal/awssim/cloud", "internal/awssim/iampolicy", "internal/awssim/wire", "internal/awssim/world"},
	"internal/awssim/iam":           {"internal/awssim/cloud", "internal/awssim/iampolicy", "internal/awssim/wire", "internal/awssim/world"},
	"internal/awssim/organizations": {"internal/awssim/cloud", "internal/awssim/wire", "internal/awssim/world"},
	"internal/awssim/sts":           {"internal/awssim/cloud", "internal/awssim/iampolicy", "internal/awssim/wire", "internal/awssim/world"},
	"internal/awssim/cloud":         {"internal/awssim/iampolicy", "internal/awssim/wire", "internal/awssim/world"},
	"internal/awssim/wire":          {},
	"internal/awssim/world":         {},
	"internal/awssim/iampolicy":     {"internal/awssim/reference"},
	"internal/awssim/reference":     {},
	"internal/awssim/schema":        {"internal/awssim/world"},
	"internal/awssim/cmd/awssim":    {"internal/awssim", "internal/awssim/schema"},
	"internal/awssim/cmd/judge":     {"internal/awssim/iampolicy", "internal/awssim/reference"},
	"internal/awssim/awscli":        {},
	"internal/awssim/fuzz":          {},
	"internal/awssim/shapes":        {},
	"internal/campaign":             {},
	"internal/e2e":                  {"internal/awssim"},
	"internal/e2e/cmd/demo":         {"internal/e2e", "internal/awssim"},
	"internal/e2e/bench":            {"internal/e2e", "internal/awssim"},
	"internal/e2e/cmd/bench":        {"internal/e2e/bench"},
}

// mayUseClients are the packages that may import service clients, and which. internal/clients makes them; the others write
// what the operations take and read what they answer. The stories of internal/e2e are no part of the product, and look at the local AWS with the SDK's clients.
var mayUseClients = map[string][]string{
	"internal/clients":      {"autoscaling", "ec2", "iam", "kms", "organizations", "resourcegroupstaggingapi", "ssm", "sts"},
	"internal/awsapi":       {"autoscaling", "ec2", "iam", "kms", "resourcegroupstaggingapi", "ssm"},
	"internal/verify":       {"autoscaling", "ec2", "kms"},
	"internal/organization": {"organizations"},
	// What tests hold the local AWS's answers against.
	"internal/awssim/shapes": {"autoscaling", "ec2", "iam", "kms", "organizations", "resourcegroupstaggingapi", "ssm", "sts"},
}

// standardOnly are the packages that import nothing but the standard library and what mayImport allows.
var standardOnly = []string{
	"internal/sharing", "internal/plan", "internal/policy", "internal/keypolicy", "internal/report", "internal/mask",
	"internal/awssim", "internal/awssim/allowed", "internal/awssim/autoscaling", "internal/awssim/cloud", "internal/awssim/ebs",
	"internal/awssim/ec2", "internal/awssim/iam",
	"internal/awssim/iampolicy", "internal/awssim/kms", "internal/awssim/network", "internal/awssim/organizations", "internal/awssim/page", "internal/awssim/reference",
	"internal/awssim/resources", "internal/awssim/schema", "internal/awssim/ssm", "internal/awssim/sts",
	"internal/awssim/usage", "internal/awssim/wire", "internal/awssim/world", "internal/awssim/cmd/awssim", "internal/awssim/cmd/judge",
}

// libraries are what some of those import besides.
var libraries = map[string][]string{
	"internal/report": {"golang.org/x/text/width"}, // how many cells of a terminal a letter takes
}

// pure are the packages that neither wait nor look at the clock nor speak to anybody, and what would let them. The
// vocabulary holds points in time, and so may import their type.
var pure = map[string][]string{
	"internal/sharing":   {"context", "log", "net/http", "os", "sync"},
	"internal/plan":      {"context", "log", "net/http", "os", "sync", "time"},
	"internal/policy":    {"context", "log", "net/http", "os", "sync", "time"},
	"internal/keypolicy": {"context", "log", "net/http", "os", "sync", "time"},
	// Errors are told apart by their types: a deadline is one of context's.
	"internal/diagnose": {"log", "net/http", "os", "sync", "time"},
}

type goPackage struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

func TestImports(t *testing.T) {
	for _, p := range packages(t) {
		name := short(p.ImportPath)
		t.Run(name, func(t *testing.T) {
			allowed, known := mayImport[name]
			if !known {
				t.Fatalf("say in mayImport what %q may import", name)
			}
			for _, path := range p.Imports {
				checkImport(t, name, path, allowed)
			}
			for _, path := range allowed {
				if !slices.Contains(p.Imports, strings.TrimSuffix(module+"/"+path, "/")) {
					t.Errorf("%s may import %s, and does not: take it out of mayImport", name, path)
				}
			}
		})
	}
}

func checkImport(t *testing.T, name, path string, allowed []string) {
	t.Helper()
	standard := !strings.Contains(strings.Split(path, "/")[0], ".")
	ours := path == module || strings.HasPrefix(path, module+"/")
	switch {
	case ours && !slices.Contains(allowed, short(path)):
		t.Errorf("%s must not import %s", name, short(path))
	case !ours && !standard && slices.Contains(standardOnly, name) && !slices.Contains(libraries[name], path):
		t.Errorf("%s must not import %s: only the standard library", name, path)
	case slices.Contains(pure[name], path):
		t.Errorf("%s must not import %s: it is pure", name, path)
	}
	if service, ok := strings.CutPrefix(path, clients); ok && !strings.HasPrefix(name, "internal/e2e") {
		service, _, _ = strings.Cut(service, "/")
		if !slices.Contains(mayUseClients[name], service) {
			t.Errorf("%s must not import the client of %s: internal/clients has them", name, service)
		}
	}
}

// packages lists all packages of the module.
func packages(t *testing.T) []goPackage {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports,Standard", "./...")
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p goPackage
		switch err := decoder.Decode(&p); {
		case errors.Is(err, io.EOF):
			if len(all) < 10 {
				t.Fatalf("go list shows %d packages only", len(all))
			}
			return all
		case err != nil:
			t.Fatal(err)
		default:
			all = append(all, p)
		}
	}
}

func short(path string) string { return strings.TrimPrefix(strings.TrimPrefix(path, module), "/") }
