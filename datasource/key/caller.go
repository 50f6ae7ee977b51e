package key

import "github.com/amishare/packer-plugin-ami-share/internal/sharing"

// caller is whoever runs Packer, as AWS sees it.
type caller struct {
	account   sharing.AccountID
	partition string
	principal string // ARN of the role, "" when it isn't known with its path
}

// callerOf reads whose the credentials are. The documents are written for their account.
func callerOf(who sharing.ARN) caller {
	return caller{account: who.Account, partition: who.Partition}
}
