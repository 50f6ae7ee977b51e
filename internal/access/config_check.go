// SPDX-License-Identifier: MPL-2.0

package access

import (
	"regexp"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"
)

var (
	regionPattern = regexp.MustCompile(`^[a-z]{2,6}(-[a-z]+)+-\d+$`)
	mfaPattern    = regexp.MustCompile(`^\d{6}$`)
)

// IsRegion tells whether s has the shape of a Region's code.
func IsRegion(s string) bool { return regionPattern.MatchString(s) }

// Prepare returns everything that is wrong with the options, as far as it shows without asking anybody. Values that
// Packer doesn't know yet are passed over. It keeps the secrets among them out of logs.
func (c *Config) Prepare() []error {
	hide(c.SecretKey, c.Token)
	f := newFindings("", false)
	c.checkKeys(f)
	if c.Region != "" && !f.open(c.Region) && !IsRegion(c.Region) {
		f.addf("region: %q is not the code of a Region, as in eu-central-1", c.Region)
	}
	if !c.AssumeRole.empty() {
		if c.AssumeRole.RoleARN == "" {
			f.addf("assume_role: it names no role: give role_arn")
		}
		c.AssumeRole.check(f.within("assume_role"))
	}
	if c.MaxRetries < 0 {
		f.addf("max_retries: %d is less than 0", c.MaxRetries)
	}
	c.checkMFA(f)
	c.VaultAWSEngine.check(f.within("vault_aws_engine"), c)
	return *f.errs
}

// shortestSecret is from how many characters on a secret is looked for in texts. AWS's have 40 and more; the letters of a
// makeshift one would be taken out of ordinary words.
const shortestSecret = 8

// hide keeps secrets out of what is logged and shown.
func hide(secrets ...string) {
	for _, secret := range secrets {
		if len(secret) >= shortestSecret && !Placeholder(secret) {
			packersdk.LogSecretFilter.Set(secret)
		}
	}
}

func (c *Config) checkKeys(f findings) {
	switch {
	case c.AccessKey != "" && c.SecretKey == "":
		f.addf("access_key is set and secret_key is not: give both, or neither")
	case c.AccessKey == "" && c.SecretKey != "":
		f.addf("secret_key is set and access_key is not: give both, or neither")
	case c.AccessKey == "" && c.Token != "":
		f.addf("token is set and access_key is not: a session token goes with an access key and a secret key")
	}
}

func (c *Config) checkMFA(f findings) {
	switch {
	case c.MFACode == "" && c.MFASerial != "":
		f.addf("mfa_serial is set and mfa_code is not: give the code that the device shows")
	case c.MFACode == "" || f.open(c.MFACode):
	case !mfaPattern.MatchString(c.MFACode):
		f.addf("mfa_code: %s characters are no code of six digits", strconv.Itoa(len(c.MFACode)))
	case c.AssumeRole.RoleARN == "" && c.Profile == "" && environmentProfile() == "":
		f.addf("mfa_code: there is no role to use it for: give assume_role, or a profile with a role_arn")
	}
}

// environmentProfile returns the profile that AWS_PROFILE names.
func environmentProfile() string {
	environment, err := config.NewEnvConfig()
	if err != nil {
		return "" // whatever is wrong there, loading reports it
	}
	return environment.SharedConfigProfile
}

func (v VaultAWSEngineConfig) empty() bool { return v == VaultAWSEngineConfig{} }

func (v VaultAWSEngineConfig) check(f findings, c *Config) {
	if v.empty() {
		return
	}
	if v.Name == "" {
		f.addf("name: it is required: give the name of a role of Vault's AWS secrets engine")
	}
	if c.AccessKey != "" || c.Profile != "" {
		f.addf("access_key and profile give credentials as well: give one source of credentials")
	}
	if v.RoleARN != "" && !f.open(v.RoleARN) {
		f.add("role_arn", checkRoleARN(v.RoleARN))
	}
	_, err := time.ParseDuration(v.TTL)
	if _, seconds := strconv.Atoi(v.TTL); v.TTL != "" && !f.open(v.TTL) && err != nil && seconds != nil {
		f.addf("ttl: %q is no duration, as in 3600s or 1h", v.TTL)
	}
}
