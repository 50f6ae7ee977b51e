// SPDX-License-Identifier: MPL-2.0

package kms

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

type aliasItem struct {
	AliasArn, AliasName string
	TargetKeyID         string `json:"TargetKeyId"`
}

// listAliases shows the caller's own aliases only, whatever key policies say.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_ListAliases.html
func (c *call) listAliases() (cloud.Effect, error) {
	var in struct {
		page
		KeyID string `json:"KeyId"`
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var only *Key
	if in.KeyID != "" {
		key, problem := c.Find(in.KeyID, c.Account.ID, c.Region)
		if problem != nil || key.account != c.Account {
			return nil, notFound("Invalid keyId %s", in.KeyID)
		}
		only = key
	}
	prefix := "arn:" + c.Partition + ":kms:" + c.Region + ":" + c.Account.ID + ":"
	list := []aliasItem{}
	for arn, key := range c.aliases {
		if name, ok := strings.CutPrefix(arn, prefix); ok && (only == nil || only == key) {
			list = append(list, aliasItem{arn, name, key.id})
		}
	}
	slices.SortFunc(list, func(a, b aliasItem) int { return cmp.Compare(a.AliasName, b.AliasName) })
	list, next, err := cut(c, in.page, list, 100, 50)
	if err != nil {
		return nil, err
	}
	return cloud.Answer(paged("Aliases", list, next)), nil
}

// createAlias takes permission on the alias, by the caller's own policies, and on the key.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
func (c *call) createAlias() (cloud.Effect, error) {
	var in struct {
		AliasName   string
		TargetKeyID string `json:"TargetKeyId"`
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	if err := refuseAlias(in.TargetKeyID); err != nil {
		return nil, err
	}
	arn := c.aliasARN(in.AliasName)
	if err := c.Allowed("kms:CreateAlias", arn, nil); err != nil {
		return nil, err
	}
	key, _, err := c.permittedKey(in.TargetKeyID, Use{})
	if err != nil {
		return nil, err
	}
	switch {
	case !aliasPattern.MatchString(in.AliasName) || strings.HasPrefix(in.AliasName, "alias/aws/"):
		return nil, invalidAlias()
	case c.aliases[arn] != nil:
		return nil, wire.Errorf(http.StatusBadRequest, "AlreadyExistsException", "An alias with the name %s already exists", arn)
	}
	return func() (any, error) {
		c.aliases[arn] = key
		return nil, nil
	}, nil
}

// deleteAlias takes the same permissions as createAlias.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_DeleteAlias.html
func (c *call) deleteAlias() (cloud.Effect, error) {
	var in struct{ AliasName string }
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	arn := c.aliasARN(in.AliasName)
	if err := c.Allowed("kms:DeleteAlias", arn, nil); err != nil {
		return nil, err
	}
	if strings.HasPrefix(in.AliasName, "alias/aws/") {
		return nil, invalidAlias()
	}
	key := c.aliases[arn]
	if key == nil {
		return nil, notFound("Alias %s is not found.", arn)
	}
	if _, _, err := c.permittedKey(key.ARN, Use{}); err != nil {
		return nil, err
	}
	return func() (any, error) {
		delete(c.aliases, arn)
		return nil, nil
	}, nil
}

func (c *call) aliasARN(name string) string {
	return "arn:" + c.Partition + ":kms:" + c.Region + ":" + c.Account.ID + ":" + name
}

func invalidAlias() error {
	return wire.Errorf(http.StatusBadRequest, "InvalidAliasNameException", "Alias must start with the prefix 'alias/' and not with 'alias/aws/'")
}

// keyOnly reads a call with just a key id.
func (c *call) keyOnly() (*Key, error) {
	var in struct {
		KeyID string `json:"KeyId"`
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	key, _, err := c.permittedKey(in.KeyID, Use{})
	return key, err
}

func (c *call) listResourceTags() (cloud.Effect, error) {
	var in struct {
		page
		KeyID string `json:"KeyId"`
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	key, _, err := c.permittedKey(in.KeyID, Use{})
	if err != nil {
		return nil, err
	}
	type tag struct{ TagKey, TagValue string }
	list := []tag{}
	for name, value := range key.tags {
		list = append(list, tag{name, value})
	}
	slices.SortFunc(list, func(a, b tag) int { return cmp.Compare(a.TagKey, b.TagKey) })
	list, next, err := cut(c, in.page, list, 50, 50)
	if err != nil {
		return nil, err
	}
	return cloud.Answer(paged("Tags", list, next)), nil
}
