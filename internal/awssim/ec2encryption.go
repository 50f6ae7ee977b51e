package awssim

import "cmp"

// encryptionOperations are the account's settings for new volumes and copies.
// https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html
func encryptionOperations() map[string]operation {
	return map[string]operation{
		"GetEbsEncryptionByDefault":     {params: "DryRun", handle: (*call).getEncryptionByDefault},
		"EnableEbsEncryptionByDefault":  {params: "DryRun", write: true, handle: (*call).enableEncryptionByDefault},
		"DisableEbsEncryptionByDefault": {params: "DryRun", write: true, handle: (*call).disableEncryptionByDefault},
		"GetEbsDefaultKmsKeyId":         {params: "DryRun", handle: (*call).getDefaultKey},
		"ModifyEbsDefaultKmsKeyId":      {params: "KmsKeyId DryRun", write: true, handle: (*call).modifyDefaultKey},
		"ResetEbsDefaultKmsKeyId":       {params: "DryRun", write: true, handle: (*call).resetDefaultKey},
	}
}

type encryptionByDefaultAnswer struct {
	Enabled bool `xml:"ebsEncryptionByDefault"`
}

func (c *call) getEncryptionByDefault() (effect, error) {
	return answering(&encryptionByDefaultAnswer{c.compute().encryptDefault}), nil
}

func (c *call) enableEncryptionByDefault() (effect, error) { return c.setEncryptionByDefault(true) }

func (c *call) disableEncryptionByDefault() (effect, error) { return c.setEncryptionByDefault(false) }

func (c *call) setEncryptionByDefault(enabled bool) (effect, error) {
	return func() (any, error) {
		c.compute().encryptDefault = enabled
		return &encryptionByDefaultAnswer{enabled}, nil
	}, nil
}

type defaultKeyAnswer struct {
	Key string `xml:"kmsKeyId"`
}

func (c *call) getDefaultKey() (effect, error) {
	return func() (any, error) {
		return &defaultKeyAnswer{cmp.Or(c.compute().defaultKey, "alias/aws/ebs")}, nil
	}, nil
}

// modifyDefaultKey refuses a key that cannot be found at once, where EBS would notice later.
func (c *call) modifyDefaultKey() (effect, error) {
	if err := c.require("KmsKeyId"); err != nil {
		return nil, err
	}
	key, problem := c.server.findKey(c.form.get("KmsKeyId"), c.account.id, c.region)
	if problem != nil {
		return nil, badRequest("InvalidParameterValue", "The KMS key %s can't be used as default: %s", c.form.get("KmsKeyId"), problem.message)
	}
	return func() (any, error) {
		c.compute().defaultKey = key.arn
		return &defaultKeyAnswer{key.arn}, nil
	}, nil
}

func (c *call) resetDefaultKey() (effect, error) {
	return func() (any, error) {
		c.compute().defaultKey = ""
		return &defaultKeyAnswer{"alias/aws/ebs"}, nil
	}, nil
}

// defaultEBSKey is the key under which volumes and copies of the account end up when nothing else is asked for.
func (s *Server) defaultEBSKey(a *account, region string) (*kmsKey, *apiError) {
	if arn := a.compute(region).defaultKey; arn != "" {
		return s.findKey(arn, a.id, region)
	}
	return s.awsManagedEBSKey(a, region), nil
}

// encryptionRequest is what a call says about the encryption of a copy or a volume.
type encryptionRequest struct {
	encrypted *bool
	key       string
}

// copyEncryption reads Encrypted and KmsKeyId, of which the second needs the first.
func (c *call) copyEncryption(encrypted string) (encryptionRequest, error) {
	request := encryptionRequest{key: c.form.get("KmsKeyId")}
	if encrypted != "" {
		asked := c.form.flag("Encrypted")
		request.encrypted = &asked
	}
	if request.key != "" && (request.encrypted == nil || !*request.encrypted) {
		return request, badRequest("InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set.")
	}
	return request, nil
}

// copyKey is the key of a copy of a snapshot: the one asked for, else the account's default if it has to be encrypted.
func (c *call) copyKey(old *snapshot, request encryptionRequest) (*kmsKey, *apiError) {
	asked := request.encrypted != nil && *request.encrypted
	switch {
	case request.key != "":
		return c.server.findKey(request.key, c.account.id, c.region)
	case asked || old.key != nil || c.compute().encryptDefault:
		return c.server.defaultEBSKey(c.account, c.region)
	default:
		return nil, nil
	}
}

// copyOf makes a copy of a snapshot in the caller's region with the keys used in the caller's name. A copy that the
// keys refuse is made all the same and ends in error, with the failure returned.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html
func (c *call) copyOf(old *snapshot, request encryptionRequest, description string) (*snapshot, *keyFailure) {
	made := &snapshot{id: c.server.newID("snap-"), size: old.size, description: description}
	key, problem := c.copyKey(old, request)
	made.key = key
	failure := &keyFailure{message: "Given key ID is not accessible. You must have DescribeKey permissions on the default CMK."}
	if problem == nil {
		failure = c.server.useKeys(c.caller, c.region, keyNeeds(old.key, key, old.encryptedAs(), made.id))
	}
	if failure != nil {
		failure.message = "Given key ID is not accessible. You must have DescribeKey permissions on the default CMK."
		made.state, made.stateMessage = snapshotError, failure.message
	}
	return made, failure
}
