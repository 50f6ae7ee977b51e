// SPDX-License-Identifier: MPL-2.0

package access

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

func TestPrepare(t *testing.T) {
	for name, test := range map[string]struct {
		config Config
		want   []string
	}{
		"nothing":                     {Config{}, nil},
		"keys":                        {Config{AccessKey: "AKIA", SecretKey: "x", Token: "y", Region: "us-gov-west-1"}, nil},
		"a code for a role":           {Config{MFACode: "123456", AssumeRole: AssumeRoleConfig{RoleARN: "arn:aws:iam::111111111111:role/x"}}, nil},
		"what is not known yet":       {Config{AccessKey: "<unknown>", SecretKey: "<unknown>", Region: "<unknown>", MFACode: "<unknown>", AssumeRole: AssumeRoleConfig{RoleARN: "<unknown>"}}, nil},
		"Vault":                       {Config{VaultAWSEngine: VaultAWSEngineConfig{Name: "x", TTL: "3600", RoleARN: "arn:aws:iam::111111111111:role/x"}}, nil},
		"an access key alone":         {Config{AccessKey: "AKIA"}, []string{"access_key is set and secret_key is not"}},
		"a secret key alone":          {Config{SecretKey: "x"}, []string{"secret_key is set and access_key is not"}},
		"a token alone":               {Config{Token: "x"}, []string{"token is set and access_key is not"}},
		"an availability zone":        {Config{Region: "eu-central-1a"}, []string{`region: "eu-central-1a" is not the code of a Region`}},
		"a role's name":               {Config{AssumeRole: AssumeRoleConfig{RoleARN: "builder"}}, []string{`assume_role: role_arn: "builder" is not an ARN`}},
		"a role without ARN":          {Config{AssumeRole: AssumeRoleConfig{ExternalID: "abc"}}, []string{"assume_role: it names no role"}},
		"a role of no account":        {Config{AssumeRole: AssumeRoleConfig{RoleARN: "arn:aws:iam::12345:role/x"}}, []string{`"12345" has 5 digits`}},
		"fewer retries than none":     {Config{MaxRetries: -1}, []string{"max_retries: -1 is less than 0"}},
		"a code for nothing":          {Config{MFACode: "123456"}, []string{"mfa_code: there is no role to use it for"}},
		"a code of five digits":       {Config{MFACode: "12345", Profile: "x"}, []string{"mfa_code: 5 characters are no code"}},
		"a device without a code":     {Config{MFASerial: "arn:aws:iam::111111111111:mfa/x"}, []string{"mfa_serial is set and mfa_code is not"}},
		"Vault without a name":        {Config{VaultAWSEngine: VaultAWSEngineConfig{TTL: "1h"}}, []string{"vault_aws_engine: name: it is required"}},
		"Vault and keys":              {Config{AccessKey: "a", SecretKey: "b", VaultAWSEngine: VaultAWSEngineConfig{Name: "x"}}, []string{"vault_aws_engine: access_key and profile give credentials as well"}},
		"Vault with a wrong duration": {Config{VaultAWSEngine: VaultAWSEngineConfig{Name: "x", TTL: "soon"}}, []string{`vault_aws_engine: ttl: "soon"`}},
	} {
		t.Run(name, func(t *testing.T) {
			isolated(t, "")
			wantErrors(t, test.config.Prepare(), test.want)
		})
	}
}

func TestACodeIsForTheProfileOfTheEnvironmentToo(t *testing.T) {
	var calls []string
	isolated(t, stsServer(t, &calls))
	t.Setenv("AWS_PROFILE", "device")
	config := Config{MFACode: "123456", Region: "us-west-2", SkipCredsValidation: true, SharedCredentialsFile: writeFile(t, profiles)}
	wantErrors(t, config.Prepare(), nil)
	if _, err := config.AWSConfig(t.Context(), Options{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"AssumeRole arn:aws:iam::111111111111:role/guarded arn:aws:iam::111111111111:mfa/token 123456"}, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// isolated hides the machine's own AWS configuration, and points the SDK at a server.
func isolated(t *testing.T, endpoint string) {
	t.Helper()
	missing := filepath.Join(t.TempDir(), "none")
	for name, value := range map[string]string{
		"AWS_CONFIG_FILE": missing, "AWS_SHARED_CREDENTIALS_FILE": missing, "AWS_PROFILE": "", "AWS_REGION": "", "AWS_DEFAULT_REGION": "",
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "", "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": endpoint,
		"AWS_WEB_IDENTITY_TOKEN_FILE": "", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "",
	} {
		t.Setenv(name, value)
	}
}

// stsServer answers as STS does: the session's access key is "ASIA" and the role's name.
func stsServer(t *testing.T, calls *[]string) string {
	server := httptest.NewServer(stsHandler(calls))
	t.Cleanup(server.Close)
	return server.URL
}

var discard = log.New(io.Discard, "", 0)

func stsHandler(calls *[]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		action := r.FormValue("Action")
		call := strings.TrimSpace(strings.Join([]string{action, r.FormValue("RoleArn"), r.FormValue("ExternalId"), r.FormValue("SerialNumber"), r.FormValue("TokenCode")}, " "))
		*calls = append(*calls, strings.Join(strings.Fields(call), " "))
		if r.FormValue("ExternalId") == "wrong" {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>User: x is not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>")
			return
		}
		if code, message := badToken(r.FormValue("WebIdentityToken")); code != "" {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, "<ErrorResponse><Error><Code>"+code+"</Code><Message>"+message+"</Message></Error></ErrorResponse>")
			return
		}
		answers := map[string]string{
			"GetCallerIdentity": "<Arn>arn:aws:iam::111111111111:user/teams/jo</Arn><UserId>AIDA</UserId><Account>111111111111</Account>",
			"AssumeRole":        "<Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>",
		}
		if strings.Contains(r.Header.Get("Authorization"), "Credential=AKIAWRONG/") {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does not match. "+
				"The Canonical String for this request should have been x-amz-security-token:FQoG</Message></Error></ErrorResponse>")
			return
		}
		io.WriteString(w, "<"+action+"Response><"+action+"Result>"+answers[action]+"</"+action+"Result></"+action+"Response>")
	}
}

// badToken is what STS says to the web identity tokens of these tests.
func badToken(token string) (code, message string) {
	switch token {
	case "expired":
		return "ExpiredTokenException", "Token expired: current date/time must be before the expiration date/time"
	case "unknown":
		return "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"
	case "foreign":
		return "InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://ci.example.com"
	default:
		return "", ""
	}
}

func writeFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const profiles = `
[default]
region = eu-west-1
[base]
aws_access_key_id = AKIABASE
aws_secret_access_key = s
[profile team]
region = eu-north-1
aws_access_key_id = AKIATEAM
aws_secret_access_key = s
[profile device]
source_profile = team
role_arn = arn:aws:iam::111111111111:role/guarded
mfa_serial = arn:aws:iam::111111111111:mfa/token
[profile role]
source_profile = team
role_arn = arn:aws:iam::111111111111:role/plain
[profile broken]
role_arn = arn:aws:iam::111111111111:role/x
source_profile = nowhere
`

func TestAWSConfig(t *testing.T) {
	keys := Config{AccessKey: "AKIAKEYS", SecretKey: "s", Region: "us-west-2"}
	with := func(change func(*Config)) Config {
		c := keys
		change(&c)
		return c
	}
	role := AssumeRoleConfig{RoleARN: "arn:aws:iam::111111111111:role/builder", ExternalID: "abc"}
	for name, test := range map[string]struct {
		config    Config
		file      bool
		accessKey string
		region    string
		calls     []string
	}{
		"keys are validated":          {config: keys, accessKey: "AKIAKEYS", region: "us-west-2", calls: []string{"GetCallerIdentity"}},
		"keys are taken as they are":  {config: with(func(c *Config) { c.SkipCredsValidation = true }), accessKey: "AKIAKEYS", region: "us-west-2"},
		"the build's Region":          {config: with(func(c *Config) { c.Region, c.SkipCredsValidation = "", true }), accessKey: "AKIAKEYS", region: "ap-south-1"},
		"the profile and its Region":  {config: Config{Profile: "team", SkipCredsValidation: true}, file: true, accessKey: "AKIATEAM", region: "eu-north-1"},
		"a section without 'profile'": {config: Config{Profile: "base", SkipCredsValidation: true}, file: true, accessKey: "AKIABASE", region: "ap-south-1"},
		"a role is assumed": {
			config: with(func(c *Config) { c.AssumeRole, c.SkipCredsValidation = role, true }), accessKey: "ASIAROLE", region: "us-west-2",
			calls: []string{"AssumeRole arn:aws:iam::111111111111:role/builder abc"},
		},
		"a role is assumed with a code, once": {
			config: with(func(c *Config) { c.AssumeRole, c.MFACode, c.SkipCredsValidation = role, "123456", true }), accessKey: "ASIAROLE", region: "us-west-2",
			calls: []string{"GetCallerIdentity", "AssumeRole arn:aws:iam::111111111111:role/builder abc arn:aws:iam::111111111111:mfa/jo 123456"},
		},
		"a profile's role is assumed with a code": {
			config: Config{Profile: "device", MFACode: "123456", Region: "us-west-2", SkipCredsValidation: true}, file: true, accessKey: "ASIAROLE", region: "us-west-2",
			calls: []string{"AssumeRole arn:aws:iam::111111111111:role/guarded arn:aws:iam::111111111111:mfa/token 123456"},
		},
		"a profile's role": {
			config: Config{Profile: "role", Region: "us-west-2", SkipCredsValidation: true}, file: true, accessKey: "ASIAROLE", region: "us-west-2",
			calls: []string{"AssumeRole arn:aws:iam::111111111111:role/plain"},
		},
		"a device with a name of its own": {
			config: with(func(c *Config) {
				c.AssumeRole, c.MFACode, c.MFASerial, c.SkipCredsValidation = role, "123456", "GAHT12345678", true
			}), accessKey: "ASIAROLE", region: "us-west-2",
			calls: []string{"AssumeRole arn:aws:iam::111111111111:role/builder abc GAHT12345678 123456"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var calls []string
			isolated(t, stsServer(t, &calls))
			if test.file {
				test.config.SharedCredentialsFile = writeFile(t, profiles)
			}
			got, err := test.config.AWSConfig(t.Context(), Options{PluginVersion: "0.0.1", Region: "ap-south-1"})
			if err != nil {
				t.Fatal(err)
			}
			credentials, err := got.Credentials.Retrieve(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if credentials.AccessKeyID != test.accessKey || got.Region != test.region {
				t.Errorf("key %s in %s, want %s in %s", credentials.AccessKeyID, got.Region, test.accessKey, test.region)
			}
			if diff := cmp.Diff(test.calls, calls); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCredentialsThatFail(t *testing.T) {
	for name, test := range map[string]struct {
		config Config
		want   []string
	}{
		"none anywhere":   {Config{Region: "us-west-2"}, []string{"getting credentials of the source account: none were found", "profile, assume_role, or access_key"}},
		"no such profile": {Config{Profile: "nobody", Region: "us-west-2"}, []string{"getting credentials of the source account", "nobody"}},
		"a wrong external ID": {
			Config{AccessKey: "a", SecretKey: "b", Region: "us-west-2", AssumeRole: AssumeRoleConfig{RoleARN: "arn:aws:iam::111111111111:role/x", ExternalID: "wrong"}},
			[]string{"assuming the role arn:aws:iam::111111111111:role/x", "AccessDenied", `with external id "wrong"`},
		},
		"a wrong secret key": {
			Config{AccessKey: "AKIAWRONG", SecretKey: "b", Token: "FQoG", Region: "us-west-2"},
			[]string{"getting credentials of the source account: asking whose credentials these are: SignatureDoesNotMatch: the source account's credentials are not taken"},
		},
		"a wrong code": {
			Config{AccessKey: "a", SecretKey: "b", Region: "us-west-2", MFACode: "123456", AssumeRole: AssumeRoleConfig{RoleARN: "arn:aws:iam::111111111111:role/x", ExternalID: "wrong"}},
			[]string{"with mfa_code", "AccessDenied", "A code is good for one use"},
		},
		"no Vault": {
			Config{Region: "us-west-2", VaultAWSEngine: VaultAWSEngineConfig{Name: "builder"}},
			[]string{`from Vault at http://127.0.0.1:1, engine "aws", role "builder"`, "Check VAULT_ADDR"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var calls []string
			isolated(t, stsServer(t, &calls))
			t.Setenv("VAULT_ADDR", "http://127.0.0.1:1")
			t.Setenv("VAULT_MAX_RETRIES", "0")
			_, err := test.config.AWSConfig(t.Context(), Options{})
			if err == nil {
				t.Fatal("there is no error")
			}
			if strings.Contains(err.Error(), "FQoG") {
				t.Errorf("the error %q tells a session token", err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error %q does not hold %q", err, want)
				}
			}
		})
	}
}

func TestTargetCredentials(t *testing.T) {
	var calls []string
	isolated(t, stsServer(t, &calls))
	config := Config{SharedCredentialsFile: writeFile(t, profiles)}
	source := aws.Config{Region: "us-west-2"}
	role := named("ami-share").role()
	got := config.Credentials(t.Context(), source, map[sharing.AccountID]TargetSource{
		one: {Profile: "team"}, two: {Role: role}, "444444444444": {Profile: "broken"}, "555555555555": {Profile: "role"},
	})
	if got[two].Role != role || got[two].Config != nil {
		t.Errorf("the role became %+v", got[two])
	}
	credentials, err := got[one].Config.Credentials.Retrieve(t.Context())
	if err != nil || credentials.AccessKeyID != "AKIATEAM" || got[one].Config.Region != "us-west-2" {
		t.Errorf("the profile's key is %s in %s, error %v", credentials.AccessKeyID, got[one].Config.Region, err)
	}
	if len(calls) > 0 {
		t.Errorf("before an account is entered there are calls: %q", calls)
	}
	credentials, err = got["555555555555"].Config.Credentials.Retrieve(t.Context())
	if err != nil || credentials.AccessKeyID != "ASIAROLE" {
		t.Errorf("the key of the profile's role is %s, error %v", credentials.AccessKeyID, err)
	}
	_, err = got["444444444444"].Config.Credentials.Retrieve(t.Context())
	if err == nil || !strings.Contains(err.Error(), `"broken"`) {
		t.Errorf("a broken profile gives %v", err)
	}
}
