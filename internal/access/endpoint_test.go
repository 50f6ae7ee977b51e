// SPDX-License-Identifier: MPL-2.0

package access

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/awsapi"
	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// hosts remembers where requests go, and answers none of them.
type hosts struct {
	mu    sync.Mutex
	asked []string
}

func (h *hosts) Do(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, r.URL.Host)
	return nil, errors.New("nobody is asked in a test")
}

func TestWhereAWSIsAsked(t *testing.T) {
	for name, test := range map[string]struct {
		region      string
		environment map[string]string
		hosts       []string // of EC2, KMS and STS
	}{
		"commercial":                  {"eu-central-1", nil, []string{"ec2.eu-central-1.amazonaws.com", "kms.eu-central-1.amazonaws.com", "sts.eu-central-1.amazonaws.com"}},
		"a region that is new":        {"eu-north-7", nil, []string{"ec2.eu-north-7.amazonaws.com", "kms.eu-north-7.amazonaws.com", "sts.eu-north-7.amazonaws.com"}},
		"China":                       {"cn-north-1", nil, []string{"ec2.cn-north-1.amazonaws.com.cn", "kms.cn-north-1.amazonaws.com.cn", "sts.cn-north-1.amazonaws.com.cn"}},
		"GovCloud":                    {"us-gov-west-1", nil, []string{"ec2.us-gov-west-1.amazonaws.com", "kms.us-gov-west-1.amazonaws.com", "sts.us-gov-west-1.amazonaws.com"}},
		"top secret":                  {"us-iso-east-1", nil, []string{"ec2.us-iso-east-1.c2s.ic.gov", "kms.us-iso-east-1.c2s.ic.gov", "sts.us-iso-east-1.c2s.ic.gov"}},
		"secret":                      {"us-isob-east-1", nil, []string{"ec2.us-isob-east-1.sc2s.sgov.gov", "kms.us-isob-east-1.sc2s.sgov.gov", "sts.us-isob-east-1.sc2s.sgov.gov"}},
		"European sovereign":          {"eusc-de-east-1", nil, []string{"ec2.eusc-de-east-1.amazonaws.eu", "kms.eusc-de-east-1.amazonaws.eu", "sts.eusc-de-east-1.amazonaws.eu"}},
		"the old default of STS":      {"us-east-1", map[string]string{"AWS_STS_REGIONAL_ENDPOINTS": "legacy"}, []string{"ec2.us-east-1.amazonaws.com", "kms.us-east-1.amazonaws.com", "sts.us-east-1.amazonaws.com"}},
		"FIPS":                        {"us-east-1", map[string]string{"AWS_USE_FIPS_ENDPOINT": "true"}, []string{"ec2-fips.us-east-1.amazonaws.com", "kms-fips.us-east-1.amazonaws.com", "sts-fips.us-east-1.amazonaws.com"}},
		"dual-stack":                  {"eu-west-1", map[string]string{"AWS_USE_DUALSTACK_ENDPOINT": "true"}, []string{"ec2.eu-west-1.api.aws", "kms.eu-west-1.api.aws", "sts.eu-west-1.api.aws"}},
		"an endpoint for all":         {"eu-west-1", map[string]string{"AWS_ENDPOINT_URL": "https://all.example"}, []string{"all.example"}},
		"an endpoint for one service": {"eu-west-1", map[string]string{"AWS_ENDPOINT_URL_KMS": "https://kms.example"}, []string{"ec2.eu-west-1.amazonaws.com", "kms.example", "sts.eu-west-1.amazonaws.com"}},
	} {
		t.Run(name, func(t *testing.T) {
			isolated(t, "")
			for name, value := range test.environment {
				t.Setenv(name, value)
			}
			config := Config{AccessKey: "AKIAKEYS", SecretKey: "s", Region: test.region, SkipCredsValidation: true}
			loaded, err := config.AWSConfig(t.Context(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			var asked hosts
			loaded.HTTPClient = &asked
			calls := clients.New(loaded, map[sharing.AccountID]clients.TargetCredentials{one: {Role: named("x").role()}}, clients.Options{MaxRetries: -1})
			client := awsapi.New(calls, awsapi.Options{})
			region := sharing.Region(test.region)
			client.Observe(t.Context(), sharing.Request{
				Images: []sharing.ImageRef{{Region: region, ID: "ami-1"}}, Targets: []sharing.Target{{Account: one, Credentials: true}},
			})
			client.ResolveKeys(t.Context(), awsapi.KeyQuery{KeyID: "1234", Regions: []sharing.Region{region}})
			slices.Sort(asked.asked)
			if diff := cmp.Diff(test.hosts, slices.Compact(asked.asked)); diff != "" {
				t.Errorf("hosts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhoseCertificateIsTrusted(t *testing.T) {
	var calls []string
	server := httptest.NewUnstartedServer(stsHandler(&calls))
	server.Config.ErrorLog = discard
	server.StartTLS()
	defer server.Close()
	role := AssumeRoleConfig{RoleARN: "arn:aws:iam::111111111111:role/builder"}
	for name, config := range map[string]Config{
		"keys":                 {AccessKey: "AKIAKEYS", SecretKey: "s"},
		"a role and a code":    {AccessKey: "AKIAKEYS", SecretKey: "s", AssumeRole: role, MFACode: "123456"},
		"a profile and a code": {Profile: "device", MFACode: "123456"},
	} {
		t.Run(name, func(t *testing.T) {
			isolated(t, server.URL)
			config.Region, config.SharedCredentialsFile, config.MaxRetries = "us-west-2", writeFile(t, profiles), 1
			if _, err := config.AWSConfig(t.Context(), Options{}); err == nil || !strings.Contains(err.Error(), "certificate") {
				t.Errorf("nobody vouches for the server, and the error is %v", err)
			}
			config.InsecureSkipTLSVerify = true
			if _, err := config.AWSConfig(t.Context(), Options{}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSecretsStayOutOfTheLog(t *testing.T) {
	config := Config{AccessKey: "AKIAKEYS", SecretKey: "wJalrXUtnFEMI", Token: "FQoGZXIvYXdz", Region: "nowhere"}
	for _, err := range config.Prepare() {
		for _, secret := range []string{config.SecretKey, config.Token} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%v tells a secret", err)
			}
		}
	}
	const line = "keys wJalrXUtnFEMI and FQoGZXIvYXdz"
	if got := packersdk.LogSecretFilter.FilterString(line); got != "keys <sensitive> and <sensitive>" {
		t.Errorf("the log says %q", got)
	}
}

func TestTheMetadataServiceIsAskedUnlessToldOtherwise(t *testing.T) {
	for skip, want := range map[bool]bool{false: true, true: false} {
		asked := false
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			asked = true
			w.WriteHeader(http.StatusNotFound)
		}))
		defer server.Close()
		isolated(t, "")
		t.Setenv("AWS_EC2_METADATA_DISABLED", "")
		t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.URL)
		config := Config{Region: "us-west-2", SkipMetadataAPICheck: skip}
		if _, err := config.AWSConfig(t.Context(), Options{}); err == nil || asked != want {
			t.Errorf("skip_metadata_api_check = %v: it was asked: %v, %v", skip, asked, err)
		}
	}
}

func TestHowOftenTheSourceIsAskedForItsRole(t *testing.T) {
	for retries, want := range map[int]int{0: 10, 3: 3} {
		if got := (&Config{MaxRetries: retries}).Retries(); got != want {
			t.Errorf("max_retries = %d: %d", retries, got)
		}
	}
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked == 1 {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>")
			return
		}
		stsHandler(new([]string))(w, r)
	}))
	defer server.Close()
	isolated(t, server.URL)
	config := Config{
		AccessKey: "AKIAKEYS", SecretKey: "s", Region: "us-west-2", MaxRetries: 1, SkipCredsValidation: true,
		AssumeRole: AssumeRoleConfig{RoleARN: "arn:aws:iam::111111111111:role/builder"},
	}
	if _, err := config.AWSConfig(t.Context(), Options{}); err != nil {
		t.Errorf("after %d attempts: %v", asked, err)
	}
}
