// SPDX-License-Identifier: MPL-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// crowd COUNT: writes crowd.json, a world's layer with so many target accounts, and crowd.hcl, their target blocks. Three are
// broken: in the first nobody may assume the role, in the second the service-linked role is missing, and the key's policy
// does not let the third one in.
func crowd(ts *testscript.TestScript, neg bool, args []string) {
	count, err := strconv.Atoi(args[0])
	ts.Check(err)
	var accounts []awssim.WorldAccount
	var ids, roots []string
	for n := range count {
		id := fmt.Sprintf("5%011d", n)
		ids = append(ids, strconv.Quote(id))
		accounts = append(accounts, member(id, n))
		if n != 2 {
			roots = append(roots, strconv.Quote("arn:aws:iam::"+id+":root"))
		}
	}
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"kms:*","Resource":"*"},
		{"Effect":"Allow","Principal":{"AWS":[` + strings.Join(roots, ",") + `]},"Action":["kms:CreateGrant","kms:ListGrants"],"Resource":"*"}]}`
	accounts = append(accounts, awssim.WorldAccount{
		ID: "111111111111", Keys: []awssim.WorldKey{{Region: "ap-southeast-2", Policy: json.RawMessage(policy)}},
		Users: []awssim.WorldUser{{Name: "packer", AccessKeyID: "AKIAEXAMPLEPACKER", SecretAccessKey: "an-example-secret-of-packer", Policies: []json.RawMessage{json.RawMessage(everything)}}},
	})
	text, err := json.Marshal(awssim.World{Accounts: accounts})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("crowd.json"), text, 0o600))
	variables := "accounts = [" + strings.Join(ids, ", ") + "]\n"
	ts.Check(os.WriteFile(ts.MkAbs("crowd.pkrvars.hcl"), []byte(variables), 0o600))
}

const everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// member is the nth target account.
func member(id string, n int) awssim.WorldAccount {
	trusted := "arn:aws:iam::111111111111:user/packer"
	if n == 0 {
		trusted = "arn:aws:iam::111111111111:user/ops"
	}
	account := awssim.WorldAccount{ID: id, ServiceLinkedRoles: []string{"autoscaling.amazonaws.com"}, Roles: []awssim.WorldRole{{
		Name: "ami-share", Policies: []json.RawMessage{json.RawMessage(everything)},
		TrustPolicy: json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + trusted + `"},"Action":"sts:AssumeRole"}]}`),
	}}}
	if n == 1 {
		account.ServiceLinkedRoles = nil
	}
	return account
}
