// SPDX-License-Identifier: MPL-2.0

package access

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// metadataService answers as the one of an instance with a role in ca-west-1.
func metadataService(t *testing.T) string {
	t.Helper()
	answers := map[string]string{
		"/latest/api/token":                                  "token",
		"/latest/meta-data/iam/security-credentials/":        "builder",
		"/latest/meta-data/iam/security-credentials/builder": `{"Code":"Success","AccessKeyId":"ASIAINSTANCE","SecretAccessKey":"s","Token":"t","Expiration":"2999-01-01T00:00:00Z"}`,
		"/latest/dynamic/instance-identity/document":         `{"region":"ca-west-1","accountId":"111111111111"}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, ok := answers[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
		io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestAnInstanceHasARoleAndARegion(t *testing.T) {
	for name, test := range map[string]struct {
		options Options
		region  string
	}{
		"nobody names a Region": {Options{}, "ca-west-1"},
		"the build has one":     {Options{Region: "eu-west-1"}, "eu-west-1"},
	} {
		t.Run(name, func(t *testing.T) {
			isolated(t, "")
			t.Setenv("AWS_EC2_METADATA_DISABLED", "")
			t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadataService(t))
			loaded, err := (&Config{SkipCredsValidation: true}).AWSConfig(t.Context(), test.options)
			if err != nil {
				t.Fatal(err)
			}
			wantKey(t, loaded, "ASIAINSTANCE", test.region)
		})
	}
}

func wantKey(t *testing.T, loaded aws.Config, key, region string) {
	t.Helper()
	credentials, err := loaded.Credentials.Retrieve(t.Context())
	if err != nil || credentials.AccessKeyID != key || loaded.Region != region {
		t.Errorf("key %s in %s, error %v; want %s in %s", credentials.AccessKeyID, loaded.Region, err, key, region)
	}
}

func TestATokenIsExchangedWhereTheEnvironmentSaysThatSTSIs(t *testing.T) {
	const answer = "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAWEB</AccessKeyId>" +
		"<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>" +
		"</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
	var token string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token = r.FormValue("WebIdentityToken")
		io.WriteString(w, answer)
	}))
	defer server.Close()
	isolated(t, server.URL)
	t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", writeFile(t, "from-the-pipeline"))
	t.Setenv("AWS_ROLE_ARN", "arn:aws:iam::111111111111:role/pipeline")
	loaded, err := (&Config{Region: "us-west-2", SkipCredsValidation: true}).AWSConfig(t.Context(), Options{})
	if err != nil || token != "from-the-pipeline" {
		t.Fatalf("the token was %q, error %v", token, err)
	}
	wantKey(t, loaded, "ASIAWEB", "us-west-2")
}

func TestEveryRequestNamesThePluginAndPacker(t *testing.T) {
	var agent string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agent = r.UserAgent()
		stsHandler(new([]string))(w, r)
	}))
	defer server.Close()
	isolated(t, server.URL)
	config := Config{AccessKey: "AKIAKEYS", SecretKey: "s", Region: "us-west-2"}
	if _, err := config.AWSConfig(t.Context(), Options{PluginVersion: "0.1.0-dev", PackerVersion: "1.16.0"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"packer-plugin-ami-share/0.1.0-dev", "Packer/1.16.0"} {
		if !strings.Contains(agent, want) {
			t.Errorf("the user agent is %q, without %q", agent, want)
		}
	}
}

func TestAFileOfProfilesInTheHomeFolder(t *testing.T) {
	isolated(t, "")
	file := writeFile(t, profiles)
	t.Setenv("HOME", filepath.Dir(file))
	t.Setenv("USERPROFILE", filepath.Dir(file))
	for _, path := range []string{"~/config", "$HOME/config"} {
		config := Config{Profile: "team", SkipCredsValidation: true, SharedCredentialsFile: path}
		loaded, err := config.AWSConfig(t.Context(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		wantKey(t, loaded, "AKIATEAM", "eu-north-1")
		target := config.Credentials(t.Context(), loaded, map[sharing.AccountID]TargetSource{one: {Profile: "base"}})
		wantKey(t, *target[one].Config, "AKIABASE", "eu-north-1")
	}
}
