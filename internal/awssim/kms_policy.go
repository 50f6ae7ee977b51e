package awssim

import (
	"bytes"
	"cmp"
	"net/http"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
)

func aliasName(arn string) string {
	_, name, _ := strings.Cut(arn, ":alias/")
	return name
}

// largestKeyPolicy is AWS's limit in bytes. https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
const largestKeyPolicy = 32 << 10

func (c *call) getKeyPolicy() (effect, error) {
	var in struct {
		KeyID      string `json:"KeyId"`
		PolicyName string
	}
	if err := c.request(&in); err != nil {
		return nil, err
	}
	if err := refuseAlias(in.KeyID); err != nil {
		return nil, err
	}
	key, _, err := c.permittedKey(in.KeyID, keyUse{})
	if err != nil {
		return nil, err
	}
	if cmp.Or(in.PolicyName, "default") != "default" {
		return nil, notFound("No such policy exists")
	}
	return answering(map[string]string{"Policy": string(key.policy.Shown(c.server.aliveID)), "PolicyName": "default"}), nil
}

// putKeyPolicy saves a policy. The users and roles that it names have to exist, and are bound as they are now.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
func (c *call) putKeyPolicy() (effect, error) {
	var in struct {
		KeyID                          string `json:"KeyId"`
		PolicyName                     string
		Policy                         string
		BypassPolicyLockoutSafetyCheck bool
	}
	if err := c.request(&in); err != nil {
		return nil, err
	}
	if err := refuseAlias(in.KeyID); err != nil {
		return nil, err
	}
	key, _, err := c.permittedKey(in.KeyID, keyUse{})
	if err != nil {
		return nil, err
	}
	if key.manager == managedByAWS {
		return nil, c.refusal("kms:PutKeyPolicy", key.arn, "the key is managed by AWS")
	}
	policy, err := c.server.keyPolicy([]byte(in.Policy))
	if err != nil {
		return nil, err
	}
	changed := *key
	changed.policy = policy
	if !in.BypassPolicyLockoutSafetyCheck && !c.mayPutPolicy(&changed) {
		return nil, lockedOut()
	}
	return func() (any, error) {
		key.policy = policy
		return nil, nil
	}, nil
}

// mayPutPolicy is the check that keeps callers from locking themselves out.
func (c *call) mayPutPolicy(key *kmsKey) bool {
	return c.server.allowKey(key, keyUse{principal: c.caller, op: "PutKeyPolicy"}).allowed
}

func lockedOut() error {
	return malformedKeyPolicy("The new key policy will not allow you to update the key policy in the future.")
}

func malformedKeyPolicy(format string, args ...any) error {
	return errorf(http.StatusBadRequest, "MalformedPolicyDocumentException", format, args...)
}

func (s *Server) keyPolicy(text []byte) (*policyDocument, error) {
	if len(text) > largestKeyPolicy {
		return nil, errorf(http.StatusBadRequest, "LimitExceededException", "The policy is larger than %d bytes", largestKeyPolicy)
	}
	document, err := parsePolicy(iampolicy.Key, text)
	if err != nil {
		return nil, malformedKeyPolicy("%v", err)
	}
	bound, unknown := document.Bind(s.knownToKMS)
	if len(unknown) > 0 {
		return nil, malformedKeyPolicy("Policy contains a statement with one or more invalid principals.")
	}
	return bound, nil
}

// newKey makes a key, which nobody can find yet. Without a policy it gets the one that delegates everything to its account.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
func (s *Server) newKey(a *account, w WorldKey) (*kmsKey, error) {
	text := bytes.TrimSpace(w.Policy)
	if len(text) == 0 {
		text = []byte(`{"Version":"2012-10-17","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"arn:` +
			s.partition + `:iam::` + a.id + `:root"},"Action":"kms:*","Resource":"*"}]}`)
	}
	policy, err := s.keyPolicy(text)
	if err != nil {
		return nil, err
	}
	id := w.ID
	if id == "" {
		sum := hash([]byte(s.newID("key")))
		id = sum[:8] + "-" + sum[8:12] + "-4" + sum[13:16] + "-8" + sum[17:20] + "-" + sum[20:32]
		if w.MultiRegion != "" {
			id = "mrk-" + sum[:32]
		}
	}
	key := &kmsKey{
		account: a, id: id, region: w.Region, arn: "arn:" + s.partition + ":kms:" + w.Region + ":" + a.id + ":key/" + id,
		manager: "CUSTOMER", state: cmp.Or(w.State, keyEnabled), spec: cmp.Or(w.Spec, "SYMMETRIC_DEFAULT"), usage: cmp.Or(w.Usage, "ENCRYPT_DECRYPT"),
		origin: cmp.Or(w.Origin, "AWS_KMS"), multiRegion: w.MultiRegion, policy: policy, grantLimit: w.GrantLimit, tags: w.Tags, created: s.now(),
	}
	if w.AWSManaged {
		key.manager = managedByAWS
	}
	if key.grantLimit == 0 {
		key.grantLimit = 50_000
	}
	key.secret = []byte(hash([]byte("material of " + id)))[:32]
	key.deletion = s.now().AddDate(0, 0, 30)
	return key, nil
}
