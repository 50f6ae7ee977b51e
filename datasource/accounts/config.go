// SPDX-License-Identifier: MPL-2.0

//go:generate packer-sdc struct-markdown
//go:generate packer-sdc mapstructure-to-hcl2 -type Config

package accounts

import (
	"cmp"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/access"
)

// Config is what a template says in a `data "ami-share-accounts"` block.
type Config struct {
	access.Config `mapstructure:",squash"`

	// The organizational units (OUs) whose accounts are listed, including those of nested OUs: by id, for example
	// `ou-ab12-cdefgh34`, or by ARN. Set either this or `organization`.
	OrganizationalUnits []string `mapstructure:"organizational_units" required:"false"`
	// List all accounts of the organization. Default `false`.
	Organization bool `mapstructure:"organization" required:"false"`
	// The ids of accounts to leave out. Default `[]`.
	ExcludeAccounts []string `mapstructure:"exclude_accounts" required:"false"`
	// The organizational units whose accounts are left out, those of units below them too, by id or by ARN. Default `[]`.
	ExcludeOrganizationalUnits []string `mapstructure:"exclude_organizational_units" required:"false"`
	// List the management account too. Default `false`: nothing should run in it.
	IncludeManagementAccount bool `mapstructure:"include_management_account" required:"false"`
	// List only accounts that have all of these tags, for example `{ environment = "production" }`. Reading tags takes
	// one call for each account, and AWS accepts about ten of them a second.
	AccountTags map[string]string `mapstructure:"account_tags" required:"false"`
	// List only accounts whose name matches one of these patterns, for example `["prod-*"]`. `*` stands for any
	// characters, `?` for one character. Upper and lower case are different.
	Names []string `mapstructure:"names" required:"false"`
	// Accept an empty list of accounts. Default `false`: an empty list is an error. A mistyped pattern then shares
	// with nobody by mistake, and `exact` can't take the AMIs from everybody.
	AllowEmpty bool `mapstructure:"allow_empty" required:"false"`
	// How long the data source may take in all, for example `90s`. AWS accepts about eight calls a second, for 20
	// accounts each: 5,000 accounts take half a minute. With `account_tags` they take eight minutes and a half. Packer can't
	// interrupt a data source. Default `5m`.
	Timeout time.Duration `mapstructure:"timeout" required:"false"`
}

const defaultTimeout = 5 * time.Minute

func (c *Config) timeout() time.Duration { return cmp.Or(c.Timeout, defaultTimeout) }
