// SPDX-License-Identifier: MPL-2.0

package bootstrap

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// readme tells in which order the files are deployed, and how.
func (c Config) readme(roles []role, policies []keyPolicy, sources int) string {
	var b strings.Builder
	b.WriteString("# What to deploy before the first build\n\n" +
		"Written by the data source `ami-share-key` (`bootstrap_directory`) for exactly its configuration. The commands are for a shell in this\n" +
		"folder, with an administrator's credentials of the account that each step names.\n\n")
	steps := []func(*strings.Builder, int){
		func(b *strings.Builder, n int) { roleStep(b, n, roles); c.serviceLinkedRoles(b) },
		func(b *strings.Builder, n int) { keyStep(b, n, policies, c.AccountsInKeyPolicies) },
		func(b *strings.Builder, n int) { c.sourceStep(b, n, sources) },
	}
	for i, step := range steps {
		step(&b, i+1)
	}
	b.WriteString("Then `packer build`. The data source proves the grants before the build starts, and says what is still missing.\n\n")
	b.WriteString(later)
	return b.String()
}

// later tells how a change is deployed.
const later = "## When targets, keys or options change\n\n" +
	"Let the data source write the files again: they are replaced. `aws cloudformation deploy`, `put-role-policy` and `put-key-policy` are the\n" +
	"same then. A stack set takes `aws cloudformation update-stack-set` with the same template, a trust policy\n" +
	"`aws iam update-assume-role-policy`, and a managed policy `aws iam create-policy-version --set-as-default`.\n"

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
		b.WriteString("As a StackSet, in the management account, or with `--call-as DELEGATED_ADMIN` in a delegated administrator's. Replace OU by the\n" +
			"organizational unit's id, and REGION by one Region: a role is of all Regions.\n\n")
		command(b, "aws cloudformation create-stack-set --stack-set-name "+r.stackName()+" --template-body file://"+r.file()+".stack.json \\",
			"  --capabilities CAPABILITY_NAMED_IAM --permission-model SERVICE_MANAGED --auto-deployment Enabled=true,RetainStacksOnAccountRemoval=false",
			"aws cloudformation create-stack-instances --stack-set-name "+r.stackName()+" --deployment-targets OrganizationalUnitIds=OU --regions REGION")
		b.WriteString("With Terraform, in each account: `" + r.file() + ".tf`.\n\nWith the AWS CLI, in each account:\n\n")
		command(b, "aws iam create-role --role-name "+r.name+" --path "+r.path+" --assume-role-policy-document file://"+r.file()+"-trust-policy.json",
			"aws iam put-role-policy --role-name "+r.name+" --policy-name ami-share --policy-document file://"+r.file()+"-policy.json")
		if _, same := r.same(); !same {
			b.WriteString("The external IDs differ: an account has its own trust policy where there is a file with its id.\n\n")
		}
	}
}

// serviceLinkedRoles tells how the service-linked roles are made that the run doesn't make.
func (c Config) serviceLinkedRoles(b *strings.Builder) {
	accounts := map[string][]sharing.AccountID{} // by command
	for _, t := range c.Targets {
		for _, grantee := range t.Grantees {
			if grantee.Service != "" && t.Credentials && !t.CreateServiceLinkedRoles {
				accounts[grantee.CreateCommand()] = append(accounts[grantee.CreateCommand()], t.Account)
			}
		}
	}
	if len(accounts) == 0 {
		return
	}
	b.WriteString("The service-linked roles that launch have to exist as well. If AWS says that one *has been taken in this account*, it does.\n\n")
	for _, create := range sorted(accounts) {
		fmt.Fprintf(b, "In %s: %s\n\n", sharing.Counted(len(accounts[create]), "account"), joined(accounts[create]))
		command(b, create)
	}
}

func keyStep(b *strings.Builder, n int, policies []keyPolicy, accountsFirst bool) {
	heading(b, n, "The policy of each key")
	if accountsFirst {
		b.WriteString("This can come before the roles: the policies name accounts (`key_policy_principals = \"accounts\"`).\n\n")
	} else {
		b.WriteString("After the roles: KMS refuses a policy that names a role which does not exist (`MalformedPolicyDocumentException`), and may not know\n" +
			"one that is seconds old. With `key_policy_principals = \"accounts\"` the order does not matter.\n\n")
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
	b.WriteString("In the account of the keys. Each file is the policy that the key has now, with the statements for the targets. They begin with\n" +
		"`AmiShare` and take the place of those that they make superfluous.\n\n")
	for _, p := range policies {
		if len(p.kept) > 0 {
			fmt.Fprintf(b, "`%s.json` keeps `%s`, which this configuration doesn't need and another template under the key may. Take out what none needs.\n\n",
				p.file, strings.Join(p.kept, "`, `"))
		}
		if len(p.dead) > 0 {
			fmt.Fprintf(b, "KMS refuses `%s.json` as long as it names `%s`, roles or users that were deleted: take them out.\n\n", p.file, strings.Join(p.dead, "`, `"))
		}
		command(b, fmt.Sprintf("aws kms put-key-policy --region %s --key-id %s --policy-name default --policy file://%s.json", sharing.RegionOf(p.arn), p.arn, p.file))
	}
	b.WriteString("With Terraform: `key-policy.tf`, from version 6 of the AWS provider on. If the keys are Terraform's already, take the statements from it.\n\n")
}

func (c Config) sourceStep(b *strings.Builder, n, sources int) {
	heading(b, n, "Whoever runs Packer")
	b.WriteString("In the account of whoever runs Packer: what the plugin needs. What the builder needs besides, its own documentation says.\n\n")
	for i := range sources {
		file := numbered("packer-policy", i, sources)
		name := "ami-share-" + strings.TrimSuffix(file, ".json")
		command(b, append([]string{"aws iam create-policy --policy-name " + name + " --policy-document file://" + file}, c.attach(name)...)...)
	}
	if len(c.runners()) == 0 {
		b.WriteString("Replace ROLE by the role that runs Packer.\n\n")
	}
}

// attach are the commands that attach a policy to whoever runs Packer.
func (c Config) attach(policyName string) []string {
	runners := c.runners()
	if len(runners) == 0 {
		runners = []sharing.ARN{{Partition: cmp.Or(c.Partition, "aws"), Service: "iam", Account: c.SourceAccount, Resource: "role/ROLE"}}
	}
	commands := make([]string, len(runners))
	for i, runner := range runners {
		kind, name, _ := strings.Cut(runner.Resource, "/")
		runner.Resource = "policy/" + policyName
		commands[i] = fmt.Sprintf("aws iam attach-%[1]s-policy --%[1]s-name %s --policy-arn %s", kind, name[strings.LastIndexByte(name, '/')+1:], runner)
	}
	return commands
}

// runners are the roles and users that run Packer, as far as they are known.
func (c Config) runners() []sharing.ARN {
	principals := c.TrustedPrincipals
	if len(principals) == 0 {
		role := sharing.Grantee{Path: "/", Name: c.SourceRole}
		principals = slices.DeleteFunc([]string{c.SourcePrincipal, role.ARN(cmp.Or(c.Partition, "aws"), c.SourceAccount)}, func(arn string) bool {
			return arn == "" || strings.HasSuffix(arn, "/")
		})
	}
	var arns []sharing.ARN
	for _, principal := range principals {
		if arn, err := sharing.ParseARN(principal); err == nil {
			arns = append(arns, arn)
		}
	}
	return arns
}

func joined(accounts []sharing.AccountID) string {
	texts := make([]string, len(accounts))
	for i, account := range accounts {
		texts[i] = string(account)
	}
	return strings.Join(texts, ", ")
}
