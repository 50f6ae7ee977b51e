// SPDX-License-Identifier: MPL-2.0

package bootstrap

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// readme tells in which order the files are deployed, and how.
func readme(roles []role, policies []keyPolicy, sources int, accountsFirst bool) string {
	var b strings.Builder
	b.WriteString("# What to deploy before the first build\n\n" +
		"Written by the data source `ami-share-key` (`bootstrap_directory`) for exactly its configuration. Run it again when targets, keys or\n" +
		"options change: the files are replaced.\n\n")
	steps := []func(*strings.Builder, int){
		func(b *strings.Builder, n int) { roleStep(b, n, roles) },
		func(b *strings.Builder, n int) { keyStep(b, n, policies, accountsFirst) },
		func(b *strings.Builder, n int) { sourceStep(b, n, sources) },
	}
	for i, step := range steps {
		step(&b, i+1)
	}
	b.WriteString("Then `packer build`. The data source proves the grants before the build starts, and says what is still missing.\n")
	return b.String()
}

func heading(b *strings.Builder, n int, text string) { fmt.Fprintf(b, "## %d. %s\n\n", n, text) }

func command(b *strings.Builder, lines ...string) {
	b.WriteString("    " + strings.Join(lines, "\n    ") + "\n\n")
}

func roleStep(b *strings.Builder, n int, roles []role) {
	heading(b, n, "The role in each target account")
	if len(roles) == 0 {
		b.WriteString("No target is entered by a role: there is nothing to deploy.\n\n")
		return
	}
	b.WriteString("In one of these ways. A StackSet with automatic deployment reaches accounts that join an organizational unit later; it does not\n" +
		"reach the management account.\n\n")
	for _, r := range roles {
		fmt.Fprintf(b, "**`%s%s`** in %s: %s\n\n", r.path, r.name, sharing.Counted(len(r.accounts), "account"), joined(r.accounts))
		b.WriteString("With CloudFormation, in each account:\n\n")
		command(b, "aws cloudformation deploy --stack-name "+r.stackName()+" --template-file "+r.file()+".stack.json --capabilities CAPABILITY_NAMED_IAM")
		b.WriteString("As a StackSet, in the management account or a delegated administrator's:\n\n")
		command(b, "aws cloudformation create-stack-set --stack-set-name "+r.stackName()+" --template-body file://"+r.file()+".stack.json \\",
			"  --capabilities CAPABILITY_NAMED_IAM --permission-model SERVICE_MANAGED --auto-deployment Enabled=true,RetainStacksOnAccountRemoval=false",
			"aws cloudformation create-stack-instances --stack-set-name "+r.stackName()+" --deployment-targets OrganizationalUnitIds=<ou> --regions <region>")
		b.WriteString("With Terraform, in each account: `" + r.file() + ".tf`.\n\nWith the AWS CLI, in each account:\n\n")
		command(b, "aws iam create-role --role-name "+r.name+" --path "+r.path+" --assume-role-policy-document file://"+r.file()+"-trust-policy.json",
			"aws iam put-role-policy --role-name "+r.name+" --policy-name ami-share --policy-document file://"+r.file()+"-policy.json")
		if _, same := r.same(); !same {
			b.WriteString("The external IDs differ: an account has its own trust policy where there is a file with its id.\n\n")
		}
	}
}

func keyStep(b *strings.Builder, n int, policies []keyPolicy, accountsFirst bool) {
	heading(b, n, "The policy of each key")
	if accountsFirst {
		b.WriteString("This can come before the roles: the policies name accounts (`key_policy_principals = \"accounts\"`).\n\n")
	} else {
		b.WriteString("After the roles: KMS refuses a policy that names a role which does not exist (`MalformedPolicyDocumentException`). With\n" +
			"`key_policy_principals = \"accounts\"` the order does not matter.\n\n")
	}
	for _, p := range policies {
		if !p.whole {
			fmt.Fprintf(b, "The policy of `%s` can't be read with these credentials. Add the statements of `%s.json` to it.\n\n", p.arn, p.file)
		}
	}
	policies = slices.DeleteFunc(slices.Clone(policies), func(p keyPolicy) bool { return !p.whole })
	if len(policies) == 0 {
		return
	}
	b.WriteString("Each file is the policy that the key has now, with the statements for the targets. What begins with `AmiShare` was replaced.\n\n")
	for _, p := range policies {
		command(b, fmt.Sprintf("aws kms put-key-policy --region %s --key-id %s --policy-name default --policy file://%s.json", sharing.RegionOf(p.arn), p.arn, p.file))
	}
	b.WriteString("With Terraform: `key-policy.tf`, from version 6 of the AWS provider on. If the keys are Terraform's already, take the statements from it.\n\n")
}

func sourceStep(b *strings.Builder, n, sources int) {
	heading(b, n, "Whoever runs Packer")
	b.WriteString("What the plugin needs; what the builder needs besides, its own documentation says.\n\n")
	for i := range sources {
		file := numbered("packer-policy", i, sources)
		name := "ami-share-" + strings.TrimSuffix(file, ".json")
		command(b, "aws iam create-policy --policy-name "+name+" --policy-document file://"+file,
			"aws iam attach-role-policy --role-name <role that runs Packer> --policy-arn <ARN of the policy>")
	}
}

func joined(accounts []sharing.AccountID) string {
	texts := make([]string, len(accounts))
	for i, account := range accounts {
		texts[i] = string(account)
	}
	return strings.Join(texts, ", ")
}
