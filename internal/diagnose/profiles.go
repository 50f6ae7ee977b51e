// SPDX-License-Identifier: MPL-2.0

package diagnose

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"
)

// CredentialsError says that a profile or the environment gives no credentials.
type CredentialsError struct {
	Profile string   // "" when none is named
	Files   []string // in which the profile was looked for
	Err     error    // the SDK's
}

func (e *CredentialsError) Error() string {
	cause, remedy := e.explain()
	return cause + "\n" + remedy
}

// Unwrap returns the SDK's error.
func (e *CredentialsError) Unwrap() error { return e.Err }

func asCredentials(err error) (*CredentialsError, bool) { return errors.AsType[*CredentialsError](err) }

// explain says what became of the credentials, and how to get new ones.
func (e *CredentialsError) explain() (cause, remedy string) {
	var missing config.SharedConfigProfileNotExistError
	var unreadable config.SharedConfigLoadError
	var incomplete config.SharedConfigAssumeRoleError
	operation := operations(e.Err)
	process, ofProcess := errors.AsType[*processcreds.ProviderError](e.Err)
	switch {
	case errors.As(e.Err, &missing):
		return fmt.Sprintf("there is no profile %q%s", missing.Profile, e.asked(missing.Profile)) + e.in(),
			"Correct the name, or add the profile. A profile other than default is [profile name] in a configuration file and [name] in a credentials file."
	case errors.As(e.Err, &unreadable):
		return "the file " + unreadable.Filename + " can't be read: " + root(unreadable.Err), "Correct the file."
	case errors.As(e.Err, &incomplete):
		return e.named() + " names a role and no credentials to assume it with: " + root(e.Err), "Correct source_profile or credential_source of the profile" + e.in() + "."
	case errors.As(e.Err, new(config.AssumeRoleTokenProviderNotSetError)):
		return e.named() + " wants a code of a multi-factor device (mfa_serial)",
			"Give mfa_code with the source's profile. For a target use assume_role, or a profile that a login or credential_process fills."
	case ofProcess:
		return "the credential_process of " + e.named() + " failed: " + root(process),
			"Run the command of credential_process by itself: it has to end without an error and write the credentials as JSON with \"Version\": 1."
	case operation["AssumeRoleWithWebIdentity"] || strings.Contains(e.Err.Error(), "failed to retrieve jwt"):
		return e.webIdentity()
	case e.login():
		return "the login of " + e.named() + " is over, or was never made: " + root(e.Err), "Log in and run again:\naws login" + e.option()
	case e.sso(operation):
		return e.singleSignOn()
	case operation["AssumeRole"]:
		return "the role of " + e.named() + " can't be assumed: " + words(e.Err), "Check the role's trust policy and the profile's role_arn, external_id and source_profile" + e.in() + "."
	case e.Profile == "":
		return "none were found: " + words(e.Err), noneFound
	default:
		return e.named() + " gives no credentials: " + words(e.Err),
			"Correct it" + e.in() + ". This tells whether AWS takes it:\naws sts get-caller-identity" + e.option()
	}
}

// noneFound is the remedy where nothing names any credentials.
const noneFound = "Set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, or give the post-processor or data source " +
	"what the builder has: profile, assume_role, or access_key and secret_key."

// webIdentity is for tokens of an identity provider, as CI systems and Kubernetes hand them out.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
func (e *CredentialsError) webIdentity() (cause, remedy string) {
	of := ""
	if e.Profile != "" {
		of = " of " + e.named()
	}
	const file = " Its file is the one of AWS_WEB_IDENTITY_TOKEN_FILE, or web_identity_token_file of the profile."
	switch Code(e.Err) {
	case "":
		return "the web identity token" + of + " can't be read: " + root(e.Err), "Check that the job gets a token." + file
	case "ExpiredTokenException", "ExpiredToken":
		return "the web identity token" + of + " has expired: " + words(e.Err),
			"Have the job ask for a new token right before Packer starts, or for one that lasts longer than the build." + file
	case "AccessDenied", "AccessDeniedException":
		return "the role's trust policy does not take the web identity token" + of + ": " + words(e.Err),
			"Compare the conditions of the role's trust policy (aud, sub) with the claims of the token, and check the ARN in AWS_ROLE_ARN."
	default:
		return "AWS does not take the web identity token" + of + ": " + words(e.Err),
			"Check that the account has the identity provider that issued the token, and that the token is whole." + file
	}
}

// singleSignOn is for profiles of IAM Identity Center.
// https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sso.html
func (e *CredentialsError) singleSignOn() (cause, remedy string) {
	if Has(e.Err, "ForbiddenException") {
		return "the login of " + e.named() + " may not use the role: " + words(e.Err),
			"Check sso_account_id and sso_role_name of the profile" + e.in() + ", and that the permission set is assigned to you in that account."
	}
	return "the login of " + e.named() + " at IAM Identity Center is over, or was never made: " + words(e.Err), "Log in and run again:\naws sso login" + e.option()
}

func (e *CredentialsError) sso(operation map[string]bool) bool {
	_, invalid := errors.AsType[*ssocreds.InvalidTokenError](e.Err)
	return invalid || operation["GetRoleCredentials"] || operation["CreateToken"] || strings.Contains(e.Err.Error(), "SSO token")
}

// login tells whether the credentials come from aws login.
// https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sign-in.html
func (e *CredentialsError) login() bool {
	text := e.Err.Error()
	return strings.Contains(text, "login token") || strings.Contains(text, "please reauthenticate") || strings.Contains(text, "create oauth2 token")
}

// operations are the calls that an error went through.
func operations(err error) map[string]bool {
	names := map[string]bool{}
	for {
		operation, ok := errors.AsType[*smithy.OperationError](err)
		if !ok {
			return names
		}
		names[operation.OperationName] = true
		err = operation.Err
	}
}

// words are AWS's own, or else the innermost error's.
func words(err error) string {
	if code := Code(err); code != "" {
		return strings.TrimSuffix(cmp.Or(withoutSecrets(Message(err)), code), ".")
	}
	return root(err)
}

// asked says which profile leads to the one that is missing.
func (e *CredentialsError) asked(missing string) string {
	if e.Profile == "" || e.Profile == missing {
		return ""
	}
	return ", the source_profile of " + e.named() + ","
}

func (e *CredentialsError) named() string {
	if e.Profile == "" {
		return "the default profile"
	}
	return fmt.Sprintf("the profile %q", e.Profile)
}

// in names the files of the profile.
func (e *CredentialsError) in() string {
	if len(e.Files) == 0 {
		return ""
	}
	return " in " + strings.Join(e.Files, " and ")
}

func (e *CredentialsError) option() string {
	if e.Profile == "" {
		return ""
	}
	return " --profile " + e.Profile
}
