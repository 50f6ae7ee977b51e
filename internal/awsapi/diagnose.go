package awsapi

import "github.com/amishare/packer-plugin-ami-share/internal/sharing"

// act is what was being done when AWS refused, as far as it helps to explain the refusal.
type act struct {
	scope      sharing.Scope
	doing      string // `creating a grant on key arn:… for role arn:…`
	action     string // the IAM action: "kms:CreateGrant"
	resource   string // its resource: an ARN or id
	principal  string // ARN of the role that acted, "" when AWS has to tell
	externalID string
}

// diagnose turns an error of the SDK into a problem with cause and remedy.
func diagnose(err error, a act) sharing.Problem {
	return sharing.Problem{Scope: a.scope, Doing: a.doing, Code: code(err), Cause: message(err)}
}
