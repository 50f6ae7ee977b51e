// SPDX-License-Identifier: MPL-2.0

// Package key is the data source "ami-share-key": it finds the key that AMIs are to be encrypted with, proves before the
// build starts that they can be shared under it, and hands out the policies that sharing takes.
//
// It decides from what DescribeKey says whether a key is fit, and nothing about permissions: those it has KMS prove with
// DryRun. A key policy is read only to explain a refusal. It changes nothing in any account.
package key
