// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/ebs"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/kms"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// encryptionRequest is what a call says about the encryption of a copy or a volume.
type encryptionRequest struct {
	encrypted *bool
	key       string
}

// copyEncryption reads Encrypted and KmsKeyId. KmsKeyId needs Encrypted.
func (c *call) copyEncryption(encrypted string) (encryptionRequest, error) {
	request := encryptionRequest{key: c.Form.Get("KmsKeyId")}
	if encrypted != "" {
		asked := c.Form.Flag("Encrypted")
		request.encrypted = &asked
	}
	if request.key != "" && (request.encrypted == nil || !*request.encrypted) {
		return request, wire.BadRequest("InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set.")
	}
	return request, nil
}

// copyKey is the key of a copy of a snapshot: the one asked for, else the account's default if it has to be encrypted.
func (c *call) copyKey(old *snapshot, request encryptionRequest) (*kms.Key, *wire.Error) {
	asked := request.encrypted != nil && *request.encrypted
	switch {
	case request.key != "":
		return c.keys.Find(request.key, c.Account.ID, c.Region)
	case asked || old.key != nil || c.ebs.EncryptsByDefault(c.Account, c.Region):
		return c.ebs.DefaultKey(c.Account, c.Region)
	default:
		return nil, nil
	}
}

// copyOf makes a copy of a snapshot in the Region of the call. EBS uses the keys in the caller's name. If they refuse, there
// is a copy all the same, in the state error, and the failure is returned.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html
func (c *call) copyOf(old *snapshot, request encryptionRequest, description string) (*snapshot, *ebs.Failure) {
	made := &snapshot{id: c.NewID("snap-"), size: old.size, description: description}
	key, problem := c.copyKey(old, request)
	made.key = key
	failure := &ebs.Failure{Message: "Given key ID is not accessible. You must have DescribeKey permissions on the default CMK."}
	if problem == nil {
		failure = c.ebs.Use(c.Caller, c.Region, ebs.Needs(old.key, key, old.encryptedAs(), made.id))
	}
	if failure != nil {
		failure.Message = "Given key ID is not accessible. You must have DescribeKey permissions on the default CMK."
		made.state, made.stateMessage = snapshotError, failure.Message
	}
	return made, failure
}
