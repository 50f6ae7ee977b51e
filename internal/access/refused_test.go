// SPDX-License-Identifier: MPL-2.0

package access

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

const fadingProfiles = `
[profile sso]
sso_session = work
sso_account_id = 222222222222
sso_role_name = admin
[profile old-sso]
sso_start_url = https://example.awsapps.com/start
sso_region = us-east-1
sso_account_id = 222222222222
sso_role_name = admin
[profile chained]
source_profile = sso
role_arn = arn:aws:iam::222222222222:role/ami-share
[profile lost]
source_profile = nowhere
role_arn = arn:aws:iam::222222222222:role/ami-share
[profile process]
credential_process = /bin/sh -c "echo the vault is sealed >&2; exit 3"
[profile chatty]
credential_process = /bin/echo welcome
[profile device]
source_profile = keys
role_arn = arn:aws:iam::222222222222:role/ami-share
mfa_serial = arn:aws:iam::111111111111:mfa/token
[profile keys]
aws_access_key_id = AKIAKEYS
aws_secret_access_key = s
[profile refused]
source_profile = keys
role_arn = arn:aws:iam::222222222222:role/ami-share
external_id = wrong
[profile web]
role_arn = arn:aws:iam::222222222222:role/ami-share
web_identity_token_file = TOKEN
[profile empty]
region = eu-west-1
[profile signed-in]
login_session = arn:aws:iam::222222222222:user/jo
[sso-session work]
sso_start_url = https://example.awsapps.com/start
sso_region = us-east-1
`

// Credentials that were found and are over, or fail, are told as that: which profile, which file, and what to do. The
// source and the targets are told in the same words.
func TestWhatBecameOfAProfile(t *testing.T) {
	for profile, want := range map[string][]string{
		"sso":       {`the login of the profile "sso" at IAM Identity Center is over, or was never made`, "aws sso login --profile sso"},
		"old-sso":   {`the login of the profile "old-sso" at IAM Identity Center is over`, "aws sso login --profile old-sso"},
		"chained":   {`the login of the profile "chained" at IAM Identity Center is over`, "aws sso login --profile chained"},
		"signed-in": {`the login of the profile "signed-in" is over, or was never made`, "aws login --profile signed-in"},
		"nobody":    {`there is no profile "nobody" in `, "/config", "[profile name]"},
		"lost":      {`there is no profile "nowhere", the source_profile of the profile "lost", in `, "/config"},
		"process":   {`the credential_process of the profile "process" failed`, "exit status 3", "by itself"},
		"chatty":    {`the credential_process of the profile "chatty" failed`, "by itself"},
		"refused":   {`the role of the profile "refused" can't be assumed: User: x is not authorized`, "external_id"},
		"web":       {`the web identity token of the profile "web" has expired: Token expired`, "AWS_WEB_IDENTITY_TOKEN_FILE", "new token"},
		"empty":     {`the profile "empty" gives no credentials`, "aws sts get-caller-identity --profile empty"},
	} {
		t.Run(profile, func(t *testing.T) {
			var calls []string
			isolated(t, stsServer(t, &calls))
			t.Setenv("HOME", t.TempDir())
			token := writeFile(t, "expired")
			config := Config{
				Profile: profile, Region: "us-west-2", SkipMetadataAPICheck: true,
				SharedCredentialsFile: writeFile(t, strings.ReplaceAll(fadingProfiles, "TOKEN", token)),
			}
			_, err := config.AWSConfig(t.Context(), Options{})
			wantWords(t, "the source", err, append(want, "getting credentials of the source account"))
			wantNoWords(t, "the source", err, "Set AWS_PROFILE", "none were found")
			target := Config{AccessKey: "a", SecretKey: "b", Region: "us-west-2", SharedCredentialsFile: config.SharedCredentialsFile, SkipMetadataAPICheck: true, SkipCredsValidation: true}
			source, err := target.AWSConfig(t.Context(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := target.Credentials(t.Context(), source, map[sharing.AccountID]TargetSource{one: {Profile: profile}})
			_, err = got[one].Config.Credentials.Retrieve(t.Context())
			wantWords(t, "a target", err, want)
		})
	}
}

func wantWords(t *testing.T, whose string, err error, want []string) {
	t.Helper()
	if err == nil {
		t.Fatalf("%s: there is no error", whose)
	}
	for _, words := range want {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("%s: the error lacks %q:\n%v", whose, words, err)
		}
	}
}

func wantNoWords(t *testing.T, whose string, err error, unwanted ...string) {
	t.Helper()
	for _, words := range unwanted {
		if strings.Contains(err.Error(), words) {
			t.Errorf("%s: the error holds %q:\n%v", whose, words, err)
		}
	}
}

// A target's profile has nobody to ask for a code.
func TestAProfileThatWantsACode(t *testing.T) {
	isolated(t, "")
	config := Config{AccessKey: "a", SecretKey: "b", Region: "us-west-2", SkipCredsValidation: true, SharedCredentialsFile: writeFile(t, fadingProfiles)}
	source, err := config.AWSConfig(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := config.Credentials(t.Context(), source, map[sharing.AccountID]TargetSource{one: {Profile: "device"}})
	_, err = got[one].Config.Credentials.Retrieve(t.Context())
	wantWords(t, "a target", err, []string{`the profile "device" wants a code of a multi-factor device`, "For a target use assume_role"})
}

// The login is good, and not for this account and role.
func TestALoginThatMayNotUseTheRole(t *testing.T) {
	portal := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-Errortype", "ForbiddenException")
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, `{"message":"No access","__type":"com.amazonaws.switchboard.portal#ForbiddenException"}`)
	}))
	defer portal.Close()
	isolated(t, "")
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("AWS_ENDPOINT_URL_SSO", portal.URL)
	cache := filepath.Join(home, ".aws", "sso", "cache")
	if err := os.MkdirAll(cache, 0o700); err != nil {
		t.Fatal(err)
	}
	login, err := json.Marshal(map[string]string{"accessToken": "t", "expiresAt": "2999-01-01T00:00:00Z"})
	if err != nil {
		t.Fatal(err)
	}
	const hash = "e8be5486177c5b5392bd9aa76563515b29358e6e" // SHA-1 of the start URL
	if err := os.WriteFile(filepath.Join(cache, hash+".json"), login, 0o600); err != nil {
		t.Fatal(err)
	}
	config := Config{Profile: "old-sso", Region: "us-west-2", SharedCredentialsFile: writeFile(t, fadingProfiles)}
	_, err = config.AWSConfig(t.Context(), Options{})
	wantWords(t, "the source", err, []string{`the login of the profile "old-sso" may not use the role: No access`, "sso_account_id and sso_role_name"})
}

func TestTheTokenOfAPipeline(t *testing.T) {
	for name, test := range map[string]struct {
		token string
		want  []string
	}{
		"is refused by the trust policy": {"unknown", []string{"the role's trust policy does not take the web identity token: Not authorized", "(aud, sub)"}},
		"is from an unknown provider":    {"foreign", []string{"AWS does not take the web identity token: No OpenIDConnect provider found", "identity provider"}},
		"is not there":                   {"", []string{"the web identity token can't be read: ", "no such file", "AWS_WEB_IDENTITY_TOKEN_FILE"}},
	} {
		t.Run(name, func(t *testing.T) {
			var calls []string
			isolated(t, stsServer(t, &calls))
			file := filepath.Join(t.TempDir(), "none")
			if test.token != "" {
				file = writeFile(t, test.token)
			}
			t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", file)
			t.Setenv("AWS_ROLE_ARN", "arn:aws:iam::111111111111:role/pipeline")
			_, err := (&Config{Region: "us-west-2", MaxRetries: 1}).AWSConfig(t.Context(), Options{})
			wantWords(t, "the source", err, test.want)
		})
	}
}
