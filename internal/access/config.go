// SPDX-License-Identifier: MPL-2.0

//go:generate packer-sdc struct-markdown
//go:generate packer-sdc mapstructure-to-hcl2 -type Config,VaultAWSEngineConfig

// Package access turns the HCL blocks that say who is acting into credentials: the access options of the source
// account, named as in the amazon builders, and the target blocks. Both components of the plugin share it.
//
// Its checks are pure and run while Packer validates; credentials are fetched when sharing begins, not before, since a
// build may outlive them. Vault and the metadata service are asked here, STS by internal/clients.
package access

// Config is access to the source account, which owns the AMIs.
//
// Credentials are looked for in this order, as in the amazon builders: `access_key` and `secret_key`; `profile`; the
// environment (`AWS_ACCESS_KEY_ID`, `AWS_PROFILE`, web identity, …); the shared configuration files; the metadata
// service of the container or the instance. They are fetched when sharing begins, so that they can't expire during a
// long build. The environment variables of the AWS SDKs work as they do for the AWS CLI, among them
// `AWS_ENDPOINT_URL`, `AWS_USE_FIPS_ENDPOINT`, `AWS_USE_DUALSTACK_ENDPOINT` and `AWS_CA_BUNDLE`. STS is asked in the
// Region of the source account, never at its global endpoint, whatever `AWS_STS_REGIONAL_ENDPOINTS` says, so that
// Regions which must be enabled first work.
type Config struct {
	// The access key. Goes with `secret_key`. Prefer a profile, a role or the environment to a key in a template.
	AccessKey string `mapstructure:"access_key" required:"false"`
	// The secret key that belongs to `access_key`.
	SecretKey string `mapstructure:"secret_key" required:"false"`
	// The session token that belongs to `access_key` when the credentials are temporary.
	Token string `mapstructure:"token" required:"false"`
	// A profile of the shared configuration and credentials files.
	Profile string `mapstructure:"profile" required:"false"`
	// A file to read profiles from, instead of `~/.aws/config` and `~/.aws/credentials`. Sections can be named
	// `[name]` or `[profile name]`.
	SharedCredentialsFile string `mapstructure:"shared_credentials_file" required:"false"`
	// The Region for STS and IAM, for example `eu-central-1`. AMIs and keys are always asked about in their own
	// Regions. Default: the Region of the environment, then of the profile, then of the build.
	Region string `mapstructure:"region" required:"false"`
	// A role to assume with these credentials. The source account is then accessed as that role. See
	// [assume_role](#assume_role-of-the-source-account).
	AssumeRole AssumeRoleConfig `mapstructure:"assume_role" required:"false"`
	// The code that a multi-factor device shows, six digits, for a role whose trust policy asks for
	// `aws:MultiFactorAuthPresent`. The role is the one of `assume_role`, or of the profile. A code works
	// once: if a builder of the same template uses it, this plugin can't.
	MFACode string `mapstructure:"mfa_code" required:"false"`
	// The ARN or serial number of the multi-factor device for `mfa_code`. Default: the `mfa_serial` of the profile,
	// else the virtual device that is named like the IAM user.
	MFASerial string `mapstructure:"mfa_serial" required:"false"`
	// How often to repeat a call that met a fault of AWS or of the network, or whose answer could not be read. The
	// wait between two attempts grows up to 20 seconds. A throttled call does not count: it is repeated as fast as AWS
	// accepts such calls, and fails when AWS has accepted none for two minutes. Default 10.
	MaxRetries int `mapstructure:"max_retries" required:"false"`
	// Accept any TLS certificate, also that of somebody who pretends to be AWS. To trust a proxy's certificate
	// authority, set `AWS_CA_BUNDLE` in the environment instead. Default `false`.
	InsecureSkipTLSVerify bool `mapstructure:"insecure_skip_tls_verify" required:"false"`
	// Skip the STS call that validates the credentials before sharing begins. Wrong credentials then show up in the
	// first EC2 call. Default `false`.
	SkipCredsValidation bool `mapstructure:"skip_credential_validation" required:"false"`
	// Don't look for credentials in the instance's metadata service. Default `false`.
	SkipMetadataAPICheck bool `mapstructure:"skip_metadata_api_check" required:"false"`
	// Get the credentials from the AWS secrets engine of HashiCorp Vault.
	// See [vault_aws_engine](#vault_aws_engine).
	VaultAWSEngine VaultAWSEngineConfig `mapstructure:"vault_aws_engine" required:"false"`
}

// VaultAWSEngineConfig is where the credentials of the source account come from: the
// [AWS secrets engine](https://developer.hashicorp.com/vault/api-docs/secret/aws) of HashiCorp Vault. Vault is asked
// when sharing begins. It is found by the environment variables of Vault's own tools, as in the amazon builders:
// `VAULT_ADDR`, `VAULT_TOKEN`, `VAULT_NAMESPACE`, `VAULT_CACERT`, `VAULT_CLIENT_CERT` and `VAULT_CLIENT_KEY`,
// `VAULT_MAX_RETRIES` and the others.
//
// ```hcl
//
//	vault_aws_engine {
//	  name     = "image-builder"
//	  role_arn = "arn:aws:iam::111111111111:role/image-builder"
//	  ttl      = "3600s"
//	}
//
// ```
type VaultAWSEngineConfig struct {
	// The name of Vault's role to make credentials for. Required in this block.
	Name string `mapstructure:"name" required:"false"`
	// The path at which the engine is mounted. Default `aws`.
	EngineName string `mapstructure:"engine_name" required:"false"`
	// The ARN of the IAM role to assume, when the credential type of Vault's role is `assumed_role` and it allows more
	// than one.
	RoleARN string `mapstructure:"role_arn" required:"false"`
	// How long temporary credentials last, as in `3600s` or `1h`. Default: what Vault's role says. For the
	// credential types `assumed_role` and `federation_token` only.
	TTL string `mapstructure:"ttl" required:"false"`
}
