// SPDX-License-Identifier: MPL-2.0

//go:generate packer-sdc struct-markdown
//go:generate packer-sdc mapstructure-to-hcl2 -type Config

package amishare

import (
	"cmp"

	"github.com/hashicorp/packer-plugin-sdk/common"
	"github.com/hashicorp/packer-plugin-sdk/template/config"
	"github.com/hashicorp/packer-plugin-sdk/template/interpolate"

	"github.com/amishare/packer-plugin-ami-share/internal/access"
)

// Config is what a template says in a `post-processor "ami-share"` block.
type Config struct {
	common.PackerConfig `mapstructure:",squash"`
	access.Config       `mapstructure:",squash"`

	// The accounts to share with, and what they get besides launch permission. See [target](#target). The block can be
	// repeated; `dynamic "target"` works.
	Targets []access.TargetConfig `mapstructure:"target" required:"false"`
	// Store the id of the AMI in parameters of its own account, in each of its Regions, after all targets there were verified: see
	// [ssm_parameter](#ssm_parameter). Repeatable.
	Parameters []access.ParameterConfig `mapstructure:"ssm_parameter" required:"false"`
	// Tags of the AMIs that everybody sees with whom they are shared, for example `{ status = "approved" }`. They are written after
	// all targets in the AMI's Region were verified, so that *approved* can mean that. AWS shows recipients the tags whose keys
	// begin with `ec2:SharedTag/`, which the plugin puts before each key: a target finds the AMIs by the filter
	// `tag:ec2:SharedTag/status`. They count among the 50 tags of an AMI, with one more that no recipient sees and in which the
	// plugin notes which of them it has written. With `exact`, those go that the plugin has written and that `shared_tags` does not
	// name any more; shared tags that others have written, the builder for one, stay. Default `{}`.
	SharedTags map[string]string `mapstructure:"shared_tags" required:"false"`
	// A watermark for the AMIs, for example `approved`. An account or a declarative policy of the organization can demand it by the
	// Allowed AMIs setting (`ImageWatermarks`), where its key is the account's id, a colon and this name. It is attached after all
	// targets in the AMI's Region were verified and before everything else is announced. An AMI that a target does not see for
	// want of this watermark alone counts as verified so far, and is looked at again once it has it. AMIs that are copied or made
	// of the AMI inherit it; a rollback detaches it and does not reach those. An AMI has at most five, and a public one none.
	// Watermarks are never removed otherwise. Default: none.
	Watermark string `mapstructure:"watermark" required:"false"`
	// The ARNs of organizations that get launch permission, for example
	// `arn:aws:organizations::111111111111:organization/o-abcde12345`. The account in the ARN is the organization's
	// management account. AWS has no snapshot permission and no grant for an organization. Name the accounts that
	// launch encrypted AMIs in a `target` as well, or let the key's policy allow them to use the key. Default `[]`.
	OrganizationARNs []string `mapstructure:"organization_arns" required:"false"`
	// The ARNs of organizational units (OUs) whose accounts get launch permission, including the accounts of nested
	// OUs, for example `arn:aws:organizations::111111111111:ou/o-abcde12345/ou-ab12-cdefgh34`. What
	// `organization_arns` says about snapshots and grants is true for OUs too. Default `[]`.
	OUARNs []string `mapstructure:"ou_arns" required:"false"`
	// Give the accounts create-volume permission on the AMIs' snapshots. They need it to copy an AMI, not to launch
	// it. Default `true`.
	ShareSnapshots config.Trilean `mapstructure:"share_snapshots" required:"false"`
	// The operations that each grant allows. Default: the eight operations that AWS documents for Auto Scaling,
	// `Encrypt`, `Decrypt`, `ReEncryptFrom`, `ReEncryptTo`, `GenerateDataKey`, `GenerateDataKeyWithoutPlaintext`,
	// `DescribeKey` and `CreateGrant`. EC2 needs `CreateGrant` to make a grant for each volume. With fewer operations,
	// instances may fail to start with `Client.InternalError`. You can add `GenerateDataKeyPair`,
	// `GenerateDataKeyPairWithoutPlaintext` and `RetireGrant`. An empty list is an error.
	GrantOperations []string `mapstructure:"grant_operations" required:"false"`
	// AMIs to share instead of those of the build, by Region, for example `{ "eu-central-1" = "ami-0123456789abcdef0"
	// }`. With `source "null"`, nothing is built, and existing AMIs are shared with new accounts.
	Images map[string]string `mapstructure:"images" required:"false"`
	// Also remove launch permissions and snapshot permissions of accounts that no target names, and shared tags that the plugin
	// has written and `shared_tags` does not name. Removals come last,
	// after everything was added. Public AMIs are reported and left alone. Grants stay, because they belong to the key
	// and so to every AMI under it. Default `false`: no permission is ever removed.
	//
	// Accounts that use an AMI keep it, with its snapshots and this plugin's grants: the report names them with what they
	// use it in, and the build succeeds with a warning. The plugin asks AWS for an
	// [image usage report](https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/your-ec2-ami-usage.html), which takes some
	// minutes while the run goes on, and deletes it at its end. It also asks the accounts that it can enter what refers to
	// the AMI. AWS's report can lack instances of the last 24 hours and launch templates of the last days, and does not
	// cover parameters: an account that started using an AMI today may lose it. Running instances go on in any case, but
	// Auto Scaling groups can't start new ones.
	//
	// A list of accounts that has shrunk is likely to be broken: the plugin refuses to take an AMI from more than half of
	// its recipients, if that is more than one, or from everybody. Nothing is changed then.
	Exact bool `mapstructure:"exact" required:"false"`
	// With `exact`, remove without asking: also from accounts that use an AMI, and from more than half of its recipients or all of them. Set
	// it for a single run. Default `false`.
	ForceRemoval bool `mapstructure:"force_removal" required:"false"`
	// With `exact`, also end this plugin's grants for accounts that no target names. A grant is ended only if no other
	// AMI of the owner under the same key is shared with the account. The plugin checks that when the run begins, and
	// again right before it ends the grant. Grants that others made stay. All grants of a key stay if an AMI under it
	// is public or shared with an organization or OU, because it can't be told which accounts that includes. The
	// report lists what stays. Default `false`: the plugin ends only grants of its own that can't work, because their
	// role was deleted, another account issued them, or they have other operations or a constraint.
	ExactGrants bool `mapstructure:"exact_grants" required:"false"`
	// Print what would change, let AWS prove it with `DryRun` calls, and change nothing. Default `false`.
	DryRun bool `mapstructure:"dry_run" required:"false"`
	// After sharing, check from inside each target that can be entered that the AMIs are visible, the grants exist and
	// their roles have not been deleted. Warn about settings that would still break launches: the account's Allowed
	// AMIs and its default EBS key. The check waits up to two minutes for AWS to become consistent. Announcements,
	// such as `ssm_parameter`, are made only where verification passed; with `false`, where sharing succeeded. Default `true`.
	Verify config.Trilean `mapstructure:"verify" required:"false"`
	// What to do when sharing with a target fails. The other targets are always finished first.
	//
	// - `fail`: keep what worked, and fail the build. Packer then destroys the AMIs, unless an earlier post-processor
	//   keeps them: put `post-processor "manifest" {}` first in the same `post-processors` block.
	// - `rollback`: take back what this run did to its AMIs, newest first, and fail the build. Launch permissions,
	//   snapshot permissions, tags and announcements are then as they were before. Grants, service-linked roles and the roles of Auto
	//   Scaling groups stay, because other builds may rely on them by now. What stays, and what can't be undone, is
	//   listed with the command that ends it.
	// - `continue`: keep what worked, warn, and let the build succeed.
	//
	// After an interrupt, nothing new starts. What was done is kept, or undone with `rollback`. The AMIs are always
	// kept. Default `fail`.
	OnFailure string `mapstructure:"on_failure" required:"false"`
	// Also share AMIs with unencrypted snapshots or no snapshots. They need no grants. Default `false`: an AMI that
	// should have been encrypted and is not is an error.
	AllowUnencrypted bool `mapstructure:"allow_unencrypted" required:"false"`
	// AWS's quota *AMI sharing* of the source account: how many accounts, organizations and OUs an AMI can be shared
	// with in a Region. Set it if AWS has raised yours. The plugin refuses more before it changes anything. Default
	// 1000.
	SharingQuota int `mapstructure:"sharing_quota" required:"false"`
	// How many calls to AWS may be in flight at the same time, from 1 to 1000. Default 512.
	MaxConcurrency int `mapstructure:"max_concurrency" required:"false"`
	// A file for the result as JSON: every permission and grant, its status, and whether it was verified. The file is
	// written even when the run fails. It is replaced as a whole, so that a reader sees either the old report or the
	// new one. A link, pipe, socket or device is written through. Missing folders are created. A build of several
	// sources runs the post-processor once for each; `"report-${source.name}.json"` keeps their reports apart. A
	// path that is a folder or lies below a file is refused before the build; after it, a report that can't be
	// written is a warning.
	// [report.md](https://github.com/amishare/packer-plugin-ami-share/blob/main/docs/report.md) describes the fields.
	ReportFile string `mapstructure:"report_file" required:"false"`
	// A file to append the result to as Markdown, for people. It is written even when the run fails. Several builds
	// can share it. Missing folders are created. For the summary of a GitHub Actions step, declare a variable, because
	// Packer allows `env()` only in the default of a variable: `variable "summary" { default =
	// env("GITHUB_STEP_SUMMARY") }` and `summary_file = var.summary`. If the environment variable is not set, nothing
	// is written.
	SummaryFile string `mapstructure:"summary_file" required:"false"`
	// Names of accounts for the report, by id, for example `{ "222222222222" = "team-web" }`. Ids that no target names
	// are ignored, so you can pass the list of a whole organization. Default `{}`.
	AccountNames map[string]string `mapstructure:"account_names" required:"false"`
	// Values to mask as `<sensitive>` in everything that the plugin shows or writes, for example `[var.customer]`.
	// Packer masks `sensitive` variables on its screen but does not tell plugins their values, so a file could contain
	// them. These are masked without being listed: external ids, keys, tokens, and sensitive variables that are set as
	// `PKR_VAR_…` in the environment. A value shorter than eight characters is masked only where it stands as a word.
	// Default `[]`.
	SensitiveValues []string `mapstructure:"sensitive_values" required:"false"`

	ctx interpolate.Context
}

const (
	onFailureFail     = "fail"
	onFailureRollback = "rollback"
	onFailureContinue = "continue"
)

// Prepare decodes what Packer hands over and returns everything that is wrong with it, as far as it can be known while
// Packer validates. It asks nobody, and may be called again with other values. Only before the build it looks at files.
func (c *Config) Prepare(before bool, raws ...any) error {
	decode := &config.DecodeOpts{
		PluginType: "packer.post-processor.ami-share", Interpolate: true, InterpolateContext: &c.ctx,
	}
	errs, checkable := access.Undecoded(config.Decode(c, decode, raws...))
	if !checkable {
		return access.Joined(errs)
	}
	_, wrong := c.check(false)
	errs = append(errs, wrong...)
	if before {
		errs = append(errs, c.checkFiles()...)
	}
	return access.Joined(append(errs, c.checkEmptyLists()...))
}

func (c *Config) onFailure() string { return cmp.Or(c.OnFailure, onFailureFail) }

// unlessFalse is a boolean option whose default is true.
func unlessFalse(option config.Trilean) bool { return !option.False() }
