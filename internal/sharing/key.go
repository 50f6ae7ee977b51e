// SPDX-License-Identifier: MPL-2.0

package sharing

import (
	"cmp"
	"fmt"
)

// KeyTrouble says what a state of a key other than Enabled means, and what makes the key usable again. Store is the id of
// its custom key store, "" when it has none or it isn't known.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
func KeyTrouble(state, key, store string) (cause, remedy string) {
	region := ""
	if arn, err := ParseARN(key); err == nil {
		region = " --region " + string(arn.Region)
	}
	command := func(verb string) string { return "\naws kms " + verb + region + " --key-id " + key }
	again := "Cancel its deletion in its own account, and enable it:" + command("cancel-key-deletion") + command("enable-key")
	switch state {
	case "Disabled":
		return "the key is disabled", "Enable it in its own account:" + command("enable-key")
	case "PendingDeletion":
		return "the key is going to be deleted", again
	case "PendingReplicaDeletion":
		return "the key is going to be deleted as soon as its replicas are gone", again
	case "PendingImport":
		return "the key's material has not been imported, or has expired",
			"Import the key material in the key's own account:" + command("get-parameters-for-import") + command("import-key-material")
	case "Unavailable":
		return "the key's custom key store is not connected",
			"Connect the key store in the key's own account:\naws kms connect-custom-key-store" + region + " --custom-key-store-id " + cmp.Or(store, "<id of the key store>")
	case "Creating", "Updating":
		return "the key is not ready yet (" + state + ")", "Run again in a minute."
	default:
		return fmt.Sprintf("the key's state is %q instead of Enabled", state), "Look it up in the key's own account:" + command("describe-key")
	}
}

// OtherKey tells, as part of a sentence, how to build AMIs under another key.
const OtherKey = "set kms_key_id, and region_kms_key_ids for every Region in ami_regions, and build again"

// AWSManagedKey says why AMIs under a key that AWS manages can't be shared, in AWS's words besides, and what helps.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html
func AWSManagedKey(words string) (cause, remedy string) {
	return "the key is managed by AWS, like aws/ebs, and such a key can't be shared: " + words, "Encrypt under a customer managed key: " + OtherKey + "."
}
