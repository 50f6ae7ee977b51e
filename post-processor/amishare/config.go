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

	// The accounts to share with, and what they get besides launch permission: see [target](#target). Repeatable;
	// `dynamic "target"` works.
	Targets []access.TargetConfig `mapstructure:"target" required:"false"`
	// The ARNs of whole organizations that get launch permission, as in
	// `arn:aws:organizations::111111111111:organization/o-abcde12345`; the account in it is the organization's management
	// account. AWS knows no permission on snapshots and no grant for an organization: accounts that launch encrypted
	// images must be named in a `target` too, or be allowed to use the key by its policy. Default `[]`.
	OrganizationARNs []string `mapstructure:"organization_arns" required:"false"`
	// The ARNs of organizational units whose accounts get launch permission, those of units below them too, as in
	// `arn:aws:organizations::111111111111:ou/o-abcde12345/ou-ab12-cdefgh34`. What is said of `organization_arns` holds
	// here too. Default `[]`.
	OUARNs []string `mapstructure:"ou_arns" required:"false"`
	// Let the accounts of the targets create volumes from the images' snapshots, which they need in order to copy an
	// image. Starting instances works without. Default `true`.
	ShareSnapshots config.Trilean `mapstructure:"share_snapshots" required:"false"`
	// The operations that each grant allows. Default: the eight that AWS documents for Auto Scaling, `Encrypt`,
	// `Decrypt`, `ReEncryptFrom`, `ReEncryptTo`, `GenerateDataKey`, `GenerateDataKeyWithoutPlaintext`, `DescribeKey` and
	// `CreateGrant` (EC2 makes a grant of its own from it for each volume). With fewer, instances may fail to start with
	// `Client.InternalError`. `GenerateDataKeyPair`, `GenerateDataKeyPairWithoutPlaintext` and `RetireGrant` are allowed as
	// well. An empty list is an error.
	GrantOperations []string `mapstructure:"grant_operations" required:"false"`
	// Images to share instead of those of the build, by Region, as in `{ "eu-central-1" = "ami-0123456789abcdef0" }`.
	// With `source "null"` images that exist are shared with new accounts, and nothing is built.
	Images map[string]string `mapstructure:"images" required:"false"`
	// Also remove the permissions that no target names: launch permissions, and permissions on snapshots. Removals come
	// last, after everything was added. Public images are reported and left alone. Grants stay: they belong to the key, and
	// so to every image under it. Default `false`: no permission is ever removed.
	Exact bool `mapstructure:"exact" required:"false"`
	// With `exact`, also end the grants of this plugin that no target names, where no other image of the owner under the
	// same key is shared with the account. That is looked at when the run begins, and again right before a grant is ended.
	// Grants that others made stay, and so do all of a key under which an image is public or shared with an organization or
	// organizational unit: whom that lets in can't be told. What stays is reported. Default `false`: no grant is ever ended,
	// but for those of this plugin that can't work as asked for: their role was deleted, they were issued from another
	// account, or they have other operations or a constraint.
	ExactGrants bool `mapstructure:"exact_grants" required:"false"`
	// Print what would be done, let AWS prove it by `DryRun` calls, and change nothing. Default `false`.
	DryRun bool `mapstructure:"dry_run" required:"false"`
	// When all is done look from inside every target that there is access to whether the images are visible, the grants
	// in place and their roles alive, and name what would break launches all the same: the account's Allowed AMIs, its
	// default EBS key. Waits two minutes at most for AWS to become consistent. Default `true`.
	Verify config.Trilean `mapstructure:"verify" required:"false"`
	// What to do when sharing with a target failed, after all other targets were finished.
	//
	// - `fail`: keep what worked, and fail the build. Packer then discards the images, unless a post-processor before
	//   this one keeps them: put `post-processor "manifest" {}` first in the same `post-processors` block.
	// - `rollback`: take back what this run did to its images, newest first, and fail the build: launch permissions,
	//   permissions on snapshots, and tags are as they were before. Grants, service-linked roles and groups' roles stay, since
	//   other builds may rely on them by now. What stays, and what can't be undone, is listed with the command that ends it.
	// - `continue`: keep what worked, warn, and let the build succeed, whatever the reason of the failure.
	//
	// When the build is interrupted nothing new is started, and what was done is kept (undone with `rollback`); the
	// images are kept in any case. Default `fail`.
	OnFailure string `mapstructure:"on_failure" required:"false"`
	// Share images that have no encrypted snapshots, or some that aren't. They need no grants. Default `false`:
	// an image that should have been encrypted and isn't is an error.
	AllowUnencrypted bool `mapstructure:"allow_unencrypted" required:"false"`
	// How many accounts, organizations and organizational units AWS lets an image be shared with in a Region: the quota *AMI
	// sharing* of the source account, where AWS has raised it. More are refused before anything is done. Default 1000.
	SharingQuota int `mapstructure:"sharing_quota" required:"false"`
	// How many calls to AWS may be in flight at the same time, from 1 to 1000. Calls that AWS throttles are repeated.
	// Default 512.
	MaxConcurrency int `mapstructure:"max_concurrency" required:"false"`
	// A file to write the result to, as JSON: every permission and every grant with what became of it, and whether it was verified.
	// It is written even when the run failed, and replaced as a whole: a reader sees the old report or the new one. A link, a pipe,
	// a socket or a device is written through. The folder is created. A build of several sources runs once for each, and
	// `"report-${source.name}.json"` keeps their reports apart. A report that can't be written is a warning. The fields are described in
	// [report.md](https://github.com/amishare/packer-plugin-ami-share/blob/main/docs/report.md).
	ReportFile string `mapstructure:"report_file" required:"false"`
	// A file to append the result to for people, as Markdown. It is written even when the run failed, several builds may share it,
	// and the folder is created. For the summary of a GitHub step declare a variable, since Packer allows `env()` only in a variable's default:
	// `variable "summary" { default = env("GITHUB_STEP_SUMMARY") }` and `summary_file = var.summary`. Where the environment
	// variable isn't set nothing is written.
	SummaryFile string `mapstructure:"summary_file" required:"false"`
	// The names of accounts, for the report, by id, as in `{ "222222222222" = "team-web" }`; ids that are no target's are passed over, so that
	// a list of the whole organization will do. Default `{}`.
	AccountNames map[string]string `mapstructure:"account_names" required:"false"`
	// Values to mask as `<sensitive>` in everything that is shown and written, as in `[var.customer]`. Packer masks the values of
	// `sensitive` variables on its screen and does not tell a plugin what they are, so that a file written by the plugin could hold them.
	// Without being listed here, masked are external IDs, keys and tokens, and sensitive variables that are set by `PKR_VAR_…` in the
	// environment. A value of less than eight characters is masked only where it stands as a word of its own. Default `[]`.
	SensitiveValues []string `mapstructure:"sensitive_values" required:"false"`

	ctx interpolate.Context
}

const (
	onFailureFail     = "fail"
	onFailureRollback = "rollback"
	onFailureContinue = "continue"
)

// Prepare decodes what Packer hands over and returns everything that is wrong with it, as far as it can be known while
// Packer validates. It asks nobody, and may be called again with other values.
func (c *Config) Prepare(raws ...any) error {
	decode := &config.DecodeOpts{
		PluginType: "packer.post-processor.ami-share", Interpolate: true, InterpolateContext: &c.ctx,
	}
	if err := config.Decode(c, decode, raws...); err != nil {
		return err
	}
	_, errs := c.check(false)
	return access.Joined(append(errs, c.checkEmptyLists()...))
}

func (c *Config) onFailure() string { return cmp.Or(c.OnFailure, onFailureFail) }

// unlessFalse is a boolean option whose default is true.
func unlessFalse(option config.Trilean) bool { return !option.False() }
