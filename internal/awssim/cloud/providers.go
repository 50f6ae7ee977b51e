// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/world"
)

// Provider is an identity provider of OpenID Connect.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
type Provider struct {
	ARN       string
	URL       string
	ClientIDs []string
	PublicKey crypto.PublicKey
}

// Name is the URL without its scheme: the name of the provider in ARNs and in condition keys.
func (p *Provider) Name() string { return strings.TrimPrefix(p.URL, "https://") }

func (c *Cloud) addProviders(a *Account, all []world.OpenIDProvider) error {
	for _, w := range all {
		block, _ := pem.Decode([]byte(w.PublicKey))
		if !strings.HasPrefix(w.URL, "https://") || len(w.ClientIDs) == 0 || block == nil {
			return fmt.Errorf("identity provider %q: it needs a url that begins with https://, client_ids and a public_key in PEM", w.URL)
		}
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return fmt.Errorf("identity provider %q: public_key: %w", w.URL, err)
		}
		p := &Provider{URL: w.URL, ClientIDs: w.ClientIDs, PublicKey: key}
		p.ARN = "arn:" + c.Partition + ":iam::" + a.ID + ":oidc-provider/" + p.Name()
		a.Providers[p.ARN] = p
		c.know(p.Name() + ":")
	}
	return nil
}

// Vouched decides what somebody may do with a resource of an account for whom an identity provider vouches: the resource's policy
// and the resource control policies above it speak, and nothing else.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
func (c *Call) Vouched(p *Provider, conditions map[string][]string, action, resource string, trust *iampolicy.Document) Decision {
	now := c.cloud.Now()
	context := map[string][]string{
		"aws:SecureTransport": {"true"}, "aws:CurrentTime": {wire.Timestamp(now)}, "aws:EpochTime": {wire.Decimal(now.Unix())},
		"aws:RequestedRegion": {c.Region}, "aws:ViaAWSService": {"false"},
	}
	maps.Copy(context, c.Origin())
	maps.Copy(context, conditions)
	policies := iampolicy.Policies{ResourceControl: c.cloud.resourceControl(resource), Resource: trust}
	return DecisionOf(policies.Decide(iampolicy.Request{
		Action: action, Resource: resource, Context: context, Principal: iampolicy.Principal{Federated: p.ARN, Partition: c.cloud.Partition},
	}, accountOf(resource)), action)
}
