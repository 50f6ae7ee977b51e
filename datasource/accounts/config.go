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

	// The organizational units whose accounts are listed, those of units below them too: by id, as in `ou-ab12-cdefgh34`, or
	// by ARN. Give either this or `organization`.
	OrganizationalUnits []string `mapstructure:"organizational_units" required:"false"`
	// List all accounts of the organization. Default `false`.
	Organization bool `mapstructure:"organization" required:"false"`
	// The ids of accounts to leave out. Default `[]`.
	ExcludeAccounts []string `mapstructure:"exclude_accounts" required:"false"`
	// The organizational units whose accounts are left out, those of units below them too, by id or by ARN. Default `[]`.
	ExcludeOrganizationalUnits []string `mapstructure:"exclude_organizational_units" required:"false"`
	// List the management account too. Default `false`: nothing should run in it.
	IncludeManagementAccount bool `mapstructure:"include_management_account" required:"false"`
	// List only accounts that have all of these tags, as in `{ environment = "production" }`. The tags are read with a call
	// for each account, of which AWS takes about ten a second.
	AccountTags map[string]string `mapstructure:"account_tags" required:"false"`
	// List only accounts whose name matches one of these patterns, as in `["prod-*"]`. `*` stands for any characters, `?` for
	// one; capital and small letters are different.
	Names []string `mapstructure:"names" required:"false"`
	// Accept that no account is left. Default `false`: an empty list is an error, so that a misspelt pattern does not share
	// with nobody, and with `exact` take the AMIs from everybody.
	AllowEmpty bool `mapstructure:"allow_empty" required:"false"`
	// How long everything together may take, as in `90s`. AWS takes some eight calls for 20 accounts each a second, so that
	// 5,000 accounts take half a minute. Packer can't interrupt a data source. Default `5m`.
	Timeout time.Duration `mapstructure:"timeout" required:"false"`
}

const defaultTimeout = 5 * time.Minute

func (c *Config) timeout() time.Duration { return cmp.Or(c.Timeout, defaultTimeout) }
