package awssim

import "net/http"

// setState moves the caller's key from one state to another, as far as the key allows it.
func (c *call) setState(key *kmsKey, to string) error {
	switch {
	case key.manager == managedByAWS:
		return c.refusal("kms:"+c.action, key.arn, "the key is managed by AWS")
	case key.state == keyPendingDeletion && to != keyDisabled || key.state == keyPendingImport:
		return key.usable()
	}
	key.state = to
	return nil
}

func (c *call) enableKey() (any, error) {
	key, err := c.keyOnly()
	if err != nil {
		return nil, err
	}
	return nil, c.setState(key, keyEnabled)
}

func (c *call) disableKey() (any, error) {
	key, err := c.keyOnly()
	if err != nil {
		return nil, err
	}
	if key.state == keyPendingDeletion {
		return nil, key.usable()
	}
	return nil, c.setState(key, keyDisabled)
}

func (c *call) scheduleKeyDeletion() (any, error) {
	var in struct {
		KeyID               string `json:"KeyId"`
		PendingWindowInDays int
	}
	if err := c.request(&in); err != nil {
		return nil, err
	}
	key, err := c.ownKey(in.KeyID)
	if err != nil {
		return nil, err
	}
	days := in.PendingWindowInDays
	if days == 0 {
		days = 30
	}
	if days < 7 || days > 30 {
		return nil, kmsValidation("PendingWindowInDays must be from 7 to 30")
	}
	if err := c.setState(key, keyPendingDeletion); err != nil {
		return nil, err
	}
	key.deletion = c.server.now().AddDate(0, 0, days)
	return map[string]any{"KeyId": key.arn, "KeyState": key.state, "DeletionDate": seconds(key.deletion), "PendingWindowInDays": days}, nil
}

func (c *call) cancelKeyDeletion() (any, error) {
	key, err := c.keyOnly()
	if err != nil {
		return nil, err
	}
	if key.state != keyPendingDeletion {
		return nil, errorf(http.StatusBadRequest, "KMSInvalidStateException", "%s is not pending deletion.", key.arn)
	}
	return map[string]string{"KeyId": key.arn}, c.setState(key, keyDisabled)
}
