// SPDX-License-Identifier: MPL-2.0

// Package accounts is the data source "ami-share-accounts": it lists the accounts of an organization in AWS Organizations, or
// of some of its organizational units, to share AMIs with.
//
// It decides who is listed and who is skipped; the calls are those of internal/organization.
package accounts
