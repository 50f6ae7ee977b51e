// SPDX-License-Identifier: MPL-2.0

package sts

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// webIdentityParams are those of AssumeRoleWithWebIdentity. ProviderId is for providers of OAuth 2.0, which are not known here.
const webIdentityParams = "RoleArn RoleSessionName WebIdentityToken DurationSeconds Policy PolicyArns.member.N.arn"

type webIdentityAnswer struct {
	assumedRole
	Subject  string `xml:"SubjectFromWebIdentityToken"`
	Audience string
	Provider string
}

// assumeRoleWithWebIdentity opens a session for somebody with the token of an identity provider that the role's account knows.
// Nothing signs the call but the token.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
func (c *call) assumeRoleWithWebIdentity() (cloud.Effect, error) {
	arn := c.Form.Get("RoleArn")
	c.Entry.Resource = arn
	seconds, err := c.checkAssumeRole()
	if err != nil {
		return nil, err
	}
	token, provider, err := c.identity(arn)
	if err != nil {
		return nil, err
	}
	r := c.RoleByARN(arn)
	if err := c.mayComeIn(r, arn, provider, token); err != nil {
		return nil, err
	}
	if seconds > r.MaxSession {
		return nil, wire.ValidationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	who, packed, err := c.comeIn(r)
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		opened := c.openSession(who, c.Now().Add(time.Duration(seconds)*time.Second))
		opened.PackedPolicySize = packed
		return &webIdentityAnswer{*opened, token.Subject, token.audience(), provider.ARN}, nil
	}, nil
}

// identity reads the token and finds the provider in the role's account that it is of. The account knows the provider, the audience and
// the key that signed, and the token's time has not passed.
func (c *call) identity(role string) (*webToken, *cloud.Provider, error) {
	invalid := func(format string, args ...any) (*webToken, *cloud.Provider, error) {
		return nil, nil, wire.Errorf(http.StatusBadRequest, "InvalidIdentityToken", format, args...)
	}
	text := c.Form.Get("WebIdentityToken")
	if len(text) < 4 || len(text) > 20000 {
		return nil, nil, wire.ValidationError("1 validation error detected: Value at 'webIdentityToken' failed to satisfy constraint: Member must have length between 4 and 20000")
	}
	token, err := parseToken(text)
	if err != nil {
		return invalid("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token): %v", err)
	}
	provider := c.providerOf(role, token.Issuer)
	switch {
	case provider == nil:
		return invalid("No OpenIDConnect provider found in your account for %s", token.Issuer)
	case !token.signedBy(provider.PublicKey):
		return invalid("Couldn't verify the token: its signature is not one of a key of %s", token.Issuer)
	case !slices.Contains(provider.ClientIDs, token.audience()):
		return invalid("Incorrect token audience")
	case token.Subject == "" || token.Expires == 0 || token.Issued == 0:
		return invalid("Missing a required claim: sub, exp or iat")
	case len(token.Tags) > 0:
		return invalid("session tags of a token are not known here")
	case c.Now().Unix() >= token.Expires:
		return nil, nil, wire.Errorf(http.StatusBadRequest, "ExpiredTokenException",
			"Token expired: current date/time %d must be before the expiration date/time %d", c.Now().Unix(), token.Expires)
	}
	return token, provider, nil
}

// providerOf finds an identity provider of a role's account.
func (c *call) providerOf(role, issuer string) *cloud.Provider {
	r := c.RoleByARN(role)
	if r == nil {
		return nil
	}
	for _, provider := range cloud.SortedValues(r.Account.Providers) {
		if provider.URL == issuer {
			return provider
		}
	}
	return nil
}

// mayComeIn asks the trust policy of the role about the provider's user.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
func (c *call) mayComeIn(r *cloud.Role, arn string, provider *cloud.Provider, token *webToken) error {
	const action = "sts:AssumeRoleWithWebIdentity"
	conditions := map[string][]string{
		provider.Name() + ":aud": {token.audience()}, provider.Name() + ":sub": {token.Subject}, "sts:RoleSessionName": {c.Form.Get("RoleSessionName")},
	}
	maps.Copy(conditions, cloud.TagConditions("iam", r.Tags))
	verdict := c.Vouched(provider, conditions, action, arn, r.OldTrust.See(r.Trust).Document)
	c.Entry.Reason = verdict.Reason
	if verdict.Allowed {
		return nil
	}
	return wire.Errorf(http.StatusForbidden, "AccessDenied", "Not authorized to perform %s", action)
}
