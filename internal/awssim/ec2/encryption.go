package ec2

import (
	"cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/kms"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// encryptionActions are the account's settings for new volumes and copies.
// https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html
func encryptionActions() map[string]action {
	return map[string]action{
		"GetEbsEncryptionByDefault":     {Params: "DryRun", Handle: (*call).getEncryptionByDefault},
		"EnableEbsEncryptionByDefault":  {Params: "DryRun", Write: true, Handle: (*call).enableEncryptionByDefault},
		"DisableEbsEncryptionByDefault": {Params: "DryRun", Write: true, Handle: (*call).disableEncryptionByDefault},
		"GetEbsDefaultKmsKeyId":         {Params: "DryRun", Handle: (*call).getDefaultKey},
		"ModifyEbsDefaultKmsKeyId":      {Params: "KmsKeyId DryRun", Write: true, Handle: (*call).modifyDefaultKey},
		"ResetEbsDefaultKmsKeyId":       {Params: "DryRun", Write: true, Handle: (*call).resetDefaultKey},
	}
}

type encryptionByDefaultAnswer struct {
	Enabled bool `xml:"ebsEncryptionByDefault"`
}

func (c *call) getEncryptionByDefault() (cloud.Effect, error) {
	return cloud.Answer(&encryptionByDefaultAnswer{c.own().encryptDefault}), nil
}

func (c *call) enableEncryptionByDefault() (cloud.Effect, error) {
	return c.setEncryptionByDefault(true)
}

func (c *call) disableEncryptionByDefault() (cloud.Effect, error) {
	return c.setEncryptionByDefault(false)
}

func (c *call) setEncryptionByDefault(enabled bool) (cloud.Effect, error) {
	return func() (any, error) {
		c.own().encryptDefault = enabled
		return &encryptionByDefaultAnswer{enabled}, nil
	}, nil
}

type defaultKeyAnswer struct {
	Key string `xml:"kmsKeyId"`
}

func (c *call) getDefaultKey() (cloud.Effect, error) {
	return func() (any, error) {
		return &defaultKeyAnswer{cmp.Or(c.own().defaultKey, "alias/aws/ebs")}, nil
	}, nil
}

// modifyDefaultKey refuses a key that does not exist. AWS notices it later, when the key is used.
func (c *call) modifyDefaultKey() (cloud.Effect, error) {
	if err := c.require("KmsKeyId"); err != nil {
		return nil, err
	}
	key, problem := c.keys.Find(c.Form.Get("KmsKeyId"), c.Account.ID, c.Region)
	if problem != nil {
		return nil, wire.BadRequest("InvalidParameterValue", "The KMS key %s can't be used as default: %s", c.Form.Get("KmsKeyId"), problem.Message)
	}
	return func() (any, error) {
		c.own().defaultKey = key.ARN
		return &defaultKeyAnswer{key.ARN}, nil
	}, nil
}

func (c *call) resetDefaultKey() (cloud.Effect, error) {
	return func() (any, error) {
		c.own().defaultKey = ""
		return &defaultKeyAnswer{"alias/aws/ebs"}, nil
	}, nil
}

// defaultEBSKey is the key under which volumes and copies of the account end up when nothing else is asked for.
func (s *Service) defaultEBSKey(a *cloud.Account, region string) (*kms.Key, *wire.Error) {
	if arn := s.regions.Of(a, region).defaultKey; arn != "" {
		return s.keys.Find(arn, a.ID, region)
	}
	return s.keys.EBSKey(a, region), nil
}

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
	case asked || old.key != nil || c.own().encryptDefault:
		return c.defaultEBSKey(c.Account, c.Region)
	default:
		return nil, nil
	}
}

// copyOf makes a copy of a snapshot in the Region of the call. EBS uses the keys in the caller's name. If they refuse, there
// is a copy all the same, in the state error, and the failure is returned.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html
func (c *call) copyOf(old *snapshot, request encryptionRequest, description string) (*snapshot, *keyFailure) {
	made := &snapshot{id: c.NewID("snap-"), size: old.size, description: description}
	key, problem := c.copyKey(old, request)
	made.key = key
	failure := &keyFailure{message: "Given key ID is not accessible. You must have DescribeKey permissions on the default CMK."}
	if problem == nil {
		failure = c.useKeys(c.Caller, c.Region, keyNeeds(old.key, key, old.encryptedAs(), made.id))
	}
	if failure != nil {
		failure.message = "Given key ID is not accessible. You must have DescribeKey permissions on the default CMK."
		made.state, made.stateMessage = snapshotError, failure.message
	}
	return made, failure
}
