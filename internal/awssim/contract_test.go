package awssim_test

import (
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// fixture is a local AWS that a test talks to over HTTP, with the SDK's own clients.
type fixture struct {
	server  *awssim.Server
	url     string
	secrets map[string]string // by access key id
}

// start serves a world for the length of a test.
func start(t *testing.T, world awssim.World) *fixture {
	t.Helper()
	server, err := awssim.New(world)
	if err != nil {
		t.Fatal(err)
	}
	listening := httptest.NewServer(server)
	t.Cleanup(listening.Close)
	f := &fixture{server: server, url: listening.URL, secrets: map[string]string{}}
	for _, account := range world.Accounts {
		for _, user := range account.Users {
			f.secrets[user.AccessKeyID] = user.SecretAccessKey
		}
	}
	return f
}

// config is the configuration of a client that signs with a user's access key.
func (f *fixture) config(t *testing.T, accessKey, region string) aws.Config {
	t.Helper()
	secret, ok := f.secrets[accessKey]
	if !ok {
		t.Fatalf("the world has no access key %q", accessKey)
	}
	return aws.Config{
		Region: region, BaseEndpoint: &f.url, Credentials: credentials.NewStaticCredentialsProvider(accessKey, secret, ""),
		RetryMaxAttempts: 1,
	}
}
