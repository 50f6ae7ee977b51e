// SPDX-License-Identifier: MPL-2.0

package access

import "slices"

// Secrets are the values of access and target blocks that must not be written anywhere: credentials and external IDs. An external
// ID that is the number of an account is no secret, and without the number no message could be read.
func Secrets(c *Config, targets []TargetConfig) []string {
	secrets := []string{c.SecretKey, c.Token, c.AssumeRole.ExternalID}
	var accounts []string
	for _, target := range targets {
		secrets = append(secrets, target.AssumeRole.everyExternalID()...)
		accounts = append(accounts, target.AccountIDs...)
	}
	return slices.DeleteFunc(secrets, func(secret string) bool {
		return secret == "" || Placeholder(secret) || slices.Contains(accounts, secret)
	})
}
