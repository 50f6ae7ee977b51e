// SPDX-License-Identifier: MPL-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// Who lets in whom when accounts are too many to be named: the key all of the organization, each role the source.
const (
	keyOfTheOrganization = `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}, "Action": "kms:*", "Resource": "*"},
		{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["kms:CreateGrant", "kms:ListGrants"], "Resource": "*",
		 "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abcde12345"}}}]}`

	trustInTheSource = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:user/packer"},
		"Action": "sts:AssumeRole", "Condition": {"StringEquals": {"sts:ExternalId": "golden-images"}}}]}`

	shareFromInside = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", "Action": ["kms:CreateGrant", "kms:ListGrants",
		"iam:GetRole", "ec2:DescribeImages", "ec2:GetEbsDefaultKmsKeyId", "ec2:GetAllowedImagesSettings"]}]}`
)

// multitude ACCOUNTS UNITS: writes multitude.json, a layer over company.json with so many accounts more, in so many units below the
// one that the example of an organization names. The first of them has no role to assume.
func multitude(ts *testscript.TestScript, neg bool, args []string) {
	count, err := strconv.Atoi(args[0])
	ts.Check(err)
	below, err := strconv.Atoi(args[1])
	ts.Check(err)
	units := make([]awssim.WorldUnit, below)
	for u := range units {
		units[u].ID = fmt.Sprintf("ou-ab12-%08d", u)
	}
	accounts := []awssim.WorldAccount{{ID: "111111111111", Keys: []awssim.WorldKey{
		{Region: "ap-southeast-2", ID: "6a9d1f4e-2b7c-4d18-9e53-0c1f2a3b4c5d", Policy: json.RawMessage(keyOfTheOrganization)},
	}}}
	for n := range count {
		accounts = append(accounts, oneOfMany(n))
		units[n%below].Accounts = append(units[n%below].Accounts, accounts[n+1].ID)
	}
	organization := awssim.WorldOrganization{ID: "o-abcde12345", ManagementAccount: "777777777777", Units: []awssim.WorldUnit{{ID: "ou-ab12-cdefgh34", Units: units}}}
	text, err := json.Marshal(awssim.World{Accounts: accounts, Organizations: []awssim.WorldOrganization{organization}})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("multitude.json"), text, 0o600))
}

// oneOfMany is the nth account.
func oneOfMany(n int) awssim.WorldAccount {
	account := awssim.WorldAccount{ID: fmt.Sprintf("6%011d", n), Name: fmt.Sprintf("team-%d", n), ServiceLinkedRoles: []string{"autoscaling.amazonaws.com"}}
	if n > 0 {
		account.Roles = []awssim.WorldRole{{Name: "ami-share", TrustPolicy: json.RawMessage(trustInTheSource), Policies: []json.RawMessage{json.RawMessage(shareFromInside)}}}
	}
	return account
}

// size FILE MAX: the file, or "stdout", has no more bytes than that, and some.
func size(ts *testscript.TestScript, neg bool, args []string) {
	most, err := strconv.Atoi(args[1])
	ts.Check(err)
	got := len(ts.ReadFile(args[0]))
	ts.Logf("%s has %d bytes", args[0], got)
	if got == 0 || got > most {
		ts.Fatalf("%s has %d bytes, want at most %d", args[0], got, most)
	}
}
