package key

import (
	"fmt"

	"github.com/hashicorp/aws-sdk-go-base/v2/diag"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// caller is whoever runs Packer, as AWS sees it.
type caller struct {
	account   sharing.AccountID
	partition string
	principal string // ARN of the role, "" when it isn't known with its path
}

// callerOf reads what the library found out about the credentials. The documents are written for their account.
func callerOf(account, partition string, diagnostics diag.Diagnostics) (caller, error) {
	for _, d := range diagnostics {
		return caller{}, fmt.Errorf("asking whose the credentials of the source account are: %s %s", d.Summary(), d.Detail())
	}
	return caller{account: sharing.AccountID(account), partition: partition}, nil
}
