// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

const (
	issuer   = "https://token.actions.githubusercontent.com"
	ciRole   = "arn:aws:iam::" + source + ":role/ci"
	ciTrusts = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::` + source + `:oidc-provider/token.actions.githubusercontent.com"},
		"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"},
		"StringLike":{"token.actions.githubusercontent.com:sub":"repo:golden/images:*"}}}]}`
)

// provider is an identity provider with a key of its own.
type provider struct {
	key *ecdsa.PrivateKey
}

func newProvider() provider {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return provider{key}
}

// identities is the provider of the compute tests' world.
var identities = sync.OnceValue(newProvider)

// described is the provider as the world has it.
func (p provider) described() awssim.WorldOpenIDProvider {
	public, err := x509.MarshalPKIXPublicKey(p.key.Public())
	if err != nil {
		panic(err)
	}
	return awssim.WorldOpenIDProvider{
		URL: issuer, ClientIDs: []string{"sts.amazonaws.com", "another"}, PublicKey: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
	}
}

// comeIn asks for a session of the role that the contract makes, with a token of the compute tests' provider or what else is given.
func (p place) comeIn(token string) call {
	return func(ctx context.Context, config aws.Config, _ *bool) error {
		given := token
		if given == "" {
			given = identities().token(nil)
		}
		return only(withToken(ctx, *config.BaseEndpoint, given, func(in *sts.AssumeRoleWithWebIdentityInput) { in.RoleArn = aws.String(p.arn("iam", "role/"+madeRole)) }))
	}
}

// world is the source's side of the provider: it, and a role that its users may assume.
func (p provider) world(t *testing.T) awssim.World {
	t.Helper()
	world := computeWorld(t)
	world.Accounts[0].OpenIDProviders = []awssim.WorldOpenIDProvider{p.described()}
	world.Accounts[0].Roles = append(world.Accounts[0].Roles, awssim.WorldRole{Name: "ci", TrustPolicy: json.RawMessage(ciTrusts), Policies: []json.RawMessage{json.RawMessage(allowEverything)}})
	return world
}

// token is one of GitHub's for a repository, with claims besides or instead.
func (p provider) token(claims map[string]any) string {
	all := map[string]any{
		"iss": issuer, "aud": "sts.amazonaws.com", "sub": "repo:golden/images:ref:refs/heads/main", "iat": time.Now().Unix(), "exp": time.Now().Add(5 * time.Minute).Unix(),
	}
	maps.Copy(all, claims)
	part := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	signed := part(map[string]string{"alg": "ES256", "typ": "JWT"}) + "." + part(all)
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, p.key, sum[:])
	if err != nil {
		panic(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// withToken asks for a session without signing anything.
func withToken(ctx context.Context, url, token string, change func(*sts.AssumeRoleWithWebIdentityInput)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	in := &sts.AssumeRoleWithWebIdentityInput{RoleArn: aws.String(ciRole), RoleSessionName: aws.String("run-17"), WebIdentityToken: &token}
	if change != nil {
		change(in)
	}
	return sts.NewFromConfig(aws.Config{Region: home, BaseEndpoint: &url, RetryMaxAttempts: 1}).AssumeRoleWithWebIdentity(ctx, in)
}

// TestWebIdentities: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
func TestWebIdentities(t *testing.T) {
	p, stranger := newProvider(), newProvider()
	const invalid, notAuthorized = "InvalidIdentityToken", "AccessDenied"
	for sentence, test := range map[string]struct {
		token  string
		change func(*sts.AssumeRoleWithWebIdentityInput)
		world  func(*awssim.World)
		want   string
	}{
		"a token":                                 {p.token(nil), nil, nil, ""},
		"of another repository":                   {p.token(map[string]any{"sub": "repo:golden/other:ref:refs/heads/main"}), nil, nil, notAuthorized},
		"for another audience":                    {p.token(map[string]any{"aud": "api://else"}), nil, nil, invalid},
		"for one that the role is not":            {p.token(map[string]any{"aud": "another"}), nil, nil, notAuthorized},
		"for several, one of which is authorized": {p.token(map[string]any{"aud": []string{"another", "sts.amazonaws.com"}, "azp": "sts.amazonaws.com"}), nil, nil, ""},
		"for several, none of which is":           {p.token(map[string]any{"aud": []string{"another", "sts.amazonaws.com"}}), nil, nil, invalid},
		"of another provider":                     {p.token(map[string]any{"iss": "https://gitlab.com"}), nil, nil, invalid},
		"that somebody else signed":               {stranger.token(nil), nil, nil, invalid},
		"that nobody signed":                      {p.token(nil)[:strings.LastIndex(p.token(nil), ".")+1], nil, nil, invalid},
		"that is none":                            {"not a token", nil, nil, invalid},
		"whose time is over":                      {p.token(map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}), nil, nil, "ExpiredTokenException"},
		"of nobody":                               {p.token(map[string]any{"sub": ""}), nil, nil, invalid},
		"a role that does not exist":              {p.token(nil), func(in *sts.AssumeRoleWithWebIdentityInput) { in.RoleArn = aws.String(ciRole + "2") }, nil, invalid},
		"longer than the role allows":             {p.token(nil), func(in *sts.AssumeRoleWithWebIdentityInput) { in.DurationSeconds = aws.Int32(3601) }, nil, "ValidationError"},
		"a session policy that is none":           {p.token(nil), func(in *sts.AssumeRoleWithWebIdentityInput) { in.Policy = aws.String("{}") }, nil, "MalformedPolicyDocument"},
		"a role that trusts users": {p.token(nil), nil, func(w *awssim.World) {
			w.Accounts[0].Roles[len(w.Accounts[0].Roles)-1].TrustPolicy = json.RawMessage(trust("arn:aws:iam::" + source + ":root"))
		}, notAuthorized},
		"a role of an organization that keeps providers out": {p.token(nil), nil, func(w *awssim.World) {
			w.Organizations = []awssim.WorldOrganization{{
				ID: "o-golden0000", ManagementAccount: "999999999998", Root: "r-gold", Accounts: []string{source}, ResourceControlPolicies: []awssim.WorldControlPolicy{
					{ID: "p-golden02", Targets: []string{"r-gold"}, Document: controlStatement("Deny", "sts:AssumeRoleWithWebIdentity", `"Principal":"*",`)},
				},
			}}
		}, notAuthorized},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			world := p.world(t)
			if test.world != nil {
				test.world(&world)
			}
			out, err := withToken(t.Context(), start(t, world).url, test.token, test.change)
			if got := code(err); got != test.want {
				t.Fatalf("code %q, want %q: %v", got, test.want, err)
			}
			if err == nil && (*out.AssumedRoleUser.Arn != "arn:aws:sts::"+source+":assumed-role/ci/run-17" || *out.Audience != "sts.amazonaws.com" || !strings.HasPrefix(*out.SubjectFromWebIdentityToken, "repo:golden/images:")) {
				t.Errorf("the session is %s of %s for %s", *out.AssumedRoleUser.Arn, *out.SubjectFromWebIdentityToken, *out.Audience)
			}
		})
	}
}

// file has a token for the SDK's own provider of credentials.
type file string

func (f file) GetIdentityToken() ([]byte, error) { return []byte(f), nil }

// TestSessionsOfWebIdentitiesWork: what the role may do, and no more than that.
func TestSessionsOfWebIdentitiesWork(t *testing.T) {
	p := newProvider()
	f := start(t, p.world(t))
	config := f.config(t, nobody, home)
	config.Credentials = stscreds.NewWebIdentityRoleProvider(sts.NewFromConfig(config), ciRole, file(p.token(nil)))
	must(t, only(iam.NewFromConfig(config).ListRoles(t.Context(), nil)))
}

func TestProvidersThatAreNone(t *testing.T) {
	good := newProvider().world(t).Accounts[0].OpenIDProviders[0]
	for sentence, change := range map[string]func(*awssim.WorldOpenIDProvider){
		"without a scheme":   func(w *awssim.WorldOpenIDProvider) { w.URL = "token.actions.githubusercontent.com" },
		"without audiences":  func(w *awssim.WorldOpenIDProvider) { w.ClientIDs = nil },
		"without a key":      func(w *awssim.WorldOpenIDProvider) { w.PublicKey = "" },
		"with another thing": func(w *awssim.WorldOpenIDProvider) { w.PublicKey = strings.Replace(w.PublicKey, "A", "B", 3) },
	} {
		world, broken := computeWorld(t), good
		change(&broken)
		world.Accounts[0].OpenIDProviders = []awssim.WorldOpenIDProvider{broken}
		if _, err := awssim.New(world); err == nil || !strings.Contains(err.Error(), "identity provider") {
			t.Errorf("%s: %v", sentence, err)
		}
	}
}
