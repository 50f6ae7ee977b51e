// SPDX-License-Identifier: MPL-2.0

package keypolicy

import (
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Call is a call on a key, as far as it is known.
type Call struct {
	Action    string // "kms:CreateGrant"
	Key       string // ARN; "" for any
	Account   sharing.AccountID
	Principal string // ARN of the role that calls; "" when it isn't known
	Session   string // name of its session; "" when it isn't known
	// Values of the condition keys, in lower case. A key without values is one that the call doesn't send; a key that is
	// not there can't be told.
	Values map[string][]string
}

// Grant is the plugin's own call to CreateGrant, from inside an account. It goes through no AWS service.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
func Grant(key string, account sharing.AccountID, principal, session, grantee string, operations []string) Call {
	c := Call{Action: "kms:CreateGrant", Key: key, Account: account, Principal: principal, Session: session, Values: caller(account, principal)}
	c.Values["kms:grantisforawsresource"] = []string{"false"}
	c.Values["kms:granteeprincipal"] = []string{grantee}
	c.Values["kms:grantoperations"] = operations
	c.Values["aws:viaawsservice"] = []string{"false"}
	for _, absent := range []string{
		"kms:viaservice", "kms:retiringprincipal", "kms:granteeserviceprincipal", "kms:retiringserviceprincipal", "kms:grantconstrainttype", "aws:calledvia",
	} {
		c.Values[absent] = nil
	}
	return c
}

// Launch are the calls that EBS makes with the default key of an account for a role of it that launches an instance. They
// go through EC2.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html
func Launch(key string, account sharing.AccountID, role string) []Call {
	var calls []Call
	for _, action := range LaunchOperations() {
		c := Call{Action: "kms:" + action, Key: key, Account: account, Principal: role, Values: caller(account, role)}
		c.Values["kms:viaservice"] = []string{"ec2." + string(sharing.RegionOf(key)) + ".amazonaws.com"}
		c.Values["kms:grantisforawsresource"] = nil
		if action == "CreateGrant" {
			c.Values["kms:grantisforawsresource"] = []string{"true"}
		}
		calls = append(calls, c)
	}
	return calls
}

// LaunchOperations are the operations that a volume under a key takes.
func LaunchOperations() []string {
	return []string{"CreateGrant", "Decrypt", "GenerateDataKeyWithoutPlaintext"}
}

// caller are the values that tell who calls.
func caller(account sharing.AccountID, role string) map[string][]string {
	v := map[string][]string{
		"kms:calleraccount": {string(account)}, "aws:principalaccount": {string(account)}, "aws:principalisawsservice": {"false"},
		"aws:securetransport": {"true"}, "aws:sourcearn": nil, "aws:sourceaccount": nil,
	}
	if role != "" {
		v["aws:principalarn"] = []string{role}
	}
	if strings.Contains(role, ":role/") {
		v["aws:principaltype"] = []string{"AssumedRole"}
	}
	return v
}

// serviceLinked tells whether an AWS service owns the role: its permissions are AWS's, and none of them is for a key.
func (c Call) serviceLinked() bool { return strings.Contains(c.Principal, ":role/aws-service-role/") }
