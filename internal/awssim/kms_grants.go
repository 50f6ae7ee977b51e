package awssim

import (
	"cmp"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// grant is a grant on a key. Its principals are kept by unique id, as KMS does.
type grant struct {
	id, token, name string
	key             *kmsKey
	issuer          *account
	grantee         grantPrincipal
	retiring        *grantPrincipal
	operations      []string // sorted
	constraints     grantConstraints
	created         time.Time
	unlisted        int // ListGrants that don't show it yet
	unusable        int // uses that it does not allow yet
}

// grantPrincipal is a user, a role, a session or an account.
type grantPrincipal struct {
	arn string // as it was given
	id  string // unique id of a user or role, "" for others
}

type grantConstraints struct {
	Equals map[string]string `json:"EncryptionContextEquals,omitempty"`
	Subset map[string]string `json:"EncryptionContextSubset,omitempty"`
}

// fit compares with the encryption context of cryptographic operations; others have none.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html
func (g grantConstraints) fit(use keyUse) bool {
	if slices.Contains([]string{"DescribeKey", "CreateGrant", "RetireGrant"}, use.op) {
		return true
	}
	if g.Equals != nil && !maps.Equal(g.Equals, use.encryptionContext) {
		return false
	}
	for name, value := range g.Subset {
		if use.encryptionContext[name] != value {
			return false
		}
	}
	return true
}

// within tells whether a child's constraints are as strict as the parent's, or stricter.
func (g grantConstraints) within(parent grantConstraints) bool {
	if parent.Equals != nil && !maps.Equal(parent.Equals, g.Equals) {
		return false
	}
	for name, value := range parent.Subset {
		if g.Subset[name] != value && g.Equals[name] != value {
			return false
		}
	}
	return true
}

func (g grantConstraints) some() bool { return g.Equals != nil || g.Subset != nil }

// check refuses more than KMS keeps: 8 pairs with values of 384 characters.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html
func (g grantConstraints) check() error {
	for _, pairs := range []map[string]string{g.Equals, g.Subset} {
		if len(pairs) > 8 {
			return kmsValidation("1 validation error detected: Value at 'constraints' failed to satisfy constraint: Member must have length less than or equal to 8")
		}
		for name, value := range pairs {
			if name == "" || len(value) > 384 {
				return kmsValidation("1 validation error detected: Value at 'constraints.%s' failed to satisfy constraint: Member must have length from 1 to 384", name)
			}
		}
	}
	return nil
}

// passesOn tells whether the grantee may pass on operations under constraints.
// https://docs.aws.amazon.com/kms/latest/developerguide/create-grant-overview.html
func (g *grant) passesOn(operations []string, under grantConstraints) bool {
	return containsAll(g.operations, operations) && under.within(g.constraints)
}

// covers tells whether the grant is for a principal: a role covers its sessions, an account those that its own
// policies allow it.
func (g *grant) covers(who *principal, ownAllows, inSession bool) bool {
	if g.grantee.id != "" {
		return g.grantee.id == who.uniqueID && inSession
	}
	return g.grantee.arn == who.arn || ownAllows && strings.HasSuffix(g.grantee.arn, ":iam::"+who.account.id+":root")
}

var (
	grantName         = regexp.MustCompile(`^[a-zA-Z0-9:/_-]{1,256}$`)
	grantPrincipalARN = regexp.MustCompile(`^arn:(aws[a-z-]*):(?:iam::([0-9]{12}):(?:root|user/\S+|role/\S+)|sts::([0-9]{12}):(?:assumed-role|federated-user)/\S+)$`)
)

// The operations that a grant can allow: those of every key, and those of each usage of a key; only symmetric keys have
// data keys. https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#terms-grant-operations
var (
	grantOperationsOfAll   = []string{"CreateGrant", "DescribeKey", "RetireGrant"}
	grantOperationsByUsage = map[string][]string{
		"ENCRYPT_DECRYPT":     {"Decrypt", "Encrypt", "ReEncryptFrom", "ReEncryptTo"},
		"SIGN_VERIFY":         {"Sign", "Verify"},
		"GENERATE_VERIFY_MAC": {"GenerateMac", "VerifyMac"},
		"KEY_AGREEMENT":       {"DeriveSharedSecret"},
	}
	grantOperationsOfSymmetric  = []string{"GenerateDataKey", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext", "GenerateDataKeyWithoutPlaintext"}
	grantOperationsOfAsymmetric = []string{"GetPublicKey"}
)

// grantable returns the operations that a grant on the key can allow.
func (k *kmsKey) grantable() []string {
	switch {
	case k.symmetric():
		return slices.Concat(grantOperationsOfAll, grantOperationsByUsage[k.usage], grantOperationsOfSymmetric)
	case k.usage == "GENERATE_VERIFY_MAC":
		return slices.Concat(grantOperationsOfAll, grantOperationsByUsage[k.usage])
	default:
		return slices.Concat(grantOperationsOfAll, grantOperationsByUsage[k.usage], grantOperationsOfAsymmetric)
	}
}

func isGrantOperation(op string) bool {
	all := slices.Concat(grantOperationsOfAll, grantOperationsOfSymmetric, grantOperationsOfAsymmetric)
	for _, of := range grantOperationsByUsage {
		all = append(all, of...)
	}
	return slices.Contains(all, op)
}

type createGrantInput struct {
	KeyID             string `json:"KeyId"`
	GranteePrincipal  string
	RetiringPrincipal string
	Operations        []string
	Constraints       grantConstraints
	GrantTokens       []string
	Name              string
	DryRun            bool
}

// createGrant makes a grant, or returns the one that is there when name and everything else are the same.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html
func (c *call) createGrant() (effect, error) {
	var in createGrantInput
	if err := c.request(&in); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	key, verdict, err := c.permittedKey(in.KeyID, keyUse{conditions: in.conditions(), tokens: in.GrantTokens})
	if err != nil {
		return nil, err
	}
	g, err := c.newGrant(key, verdict, in)
	if err != nil {
		return nil, err
	}
	same := slices.IndexFunc(key.grants, func(old *grant) bool { return in.Name != "" && old.same(g) })
	if same < 0 && len(key.grants) >= key.grantLimit {
		return nil, errorf(http.StatusBadRequest, "LimitExceededException", "The number of grants on %s has reached its limit of %d", key.arn, key.grantLimit)
	}
	return func() (any, error) {
		if same >= 0 {
			c.entry.Reason += "; the grant was there already"
			return map[string]string{"GrantId": key.grants[same].id, "GrantToken": hash([]byte(c.server.newID("token")))}, nil
		}
		g.id, g.token = hash([]byte(c.server.newID("grant"))), hash([]byte(c.server.newID("token")))
		key.grants = append(key.grants, g)
		return map[string]string{"GrantId": g.id, "GrantToken": g.token}, nil
	}, nil
}

func (in createGrantInput) check() error {
	if err := refuseAlias(in.KeyID); err != nil {
		return err
	}
	switch {
	case in.GranteePrincipal == "":
		return kmsValidation("1 validation error detected: Value null at 'granteePrincipal' failed to satisfy constraint: Member must not be null")
	case len(in.GrantTokens) > 10:
		return kmsValidation("1 validation error detected: Value at 'grantTokens' failed to satisfy constraint: Member must have length less than or equal to 10")
	case in.Name != "" && !grantName.MatchString(in.Name):
		return kmsValidation("1 validation error detected: Value '%s' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$", in.Name)
	case len(in.Operations) == 0:
		return kmsValidation("1 validation error detected: Value null at 'operations' failed to satisfy constraint: Member must not be null")
	case in.Constraints.Equals != nil && in.Constraints.Subset != nil:
		return kmsValidation("More than one constraint supplied")
	}
	if err := in.Constraints.check(); err != nil {
		return err
	}
	for _, op := range in.Operations {
		if !isGrantOperation(op) {
			return kmsValidation("1 validation error detected: Value '%s' at 'operations' failed to satisfy constraint: Member must satisfy enum value set", op)
		}
	}
	return nil
}

// conditions are the condition keys of CreateGrant.
func (in createGrantInput) conditions() map[string][]string {
	conditions := map[string][]string{"kms:GranteePrincipal": {in.GranteePrincipal}, "kms:GrantOperations": in.Operations}
	if in.RetiringPrincipal != "" {
		conditions["kms:RetiringPrincipal"] = []string{in.RetiringPrincipal}
	}
	switch {
	case in.Constraints.Equals != nil:
		conditions["kms:GrantConstraintType"] = []string{"EncryptionContextEquals"}
		maps.Copy(conditions, encryptionConditions(in.Constraints.Equals))
	case in.Constraints.Subset != nil:
		conditions["kms:GrantConstraintType"] = []string{"EncryptionContextSubset"}
		maps.Copy(conditions, encryptionConditions(in.Constraints.Subset))
	}
	return conditions
}

func (c *call) newGrant(key *kmsKey, verdict decision, in createGrantInput) (*grant, error) {
	if key.state != keyUnavailable && key.state != keyUpdating {
		if problem := key.usable(); problem != nil {
			return nil, problem
		}
	}
	if !containsAll(key.grantable(), in.Operations) {
		return nil, kmsValidation("The operations are not supported for a key of the spec %s and the usage %s: it takes %s", key.spec, key.usage, strings.Join(key.grantable(), ", "))
	}
	if in.Constraints.some() && !key.symmetric() {
		return nil, kmsValidation("EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key.")
	}
	operations := slices.Clone(in.Operations)
	slices.Sort(operations)
	g := &grant{
		name: in.Name, key: key, issuer: c.account, operations: slices.Compact(operations), constraints: in.Constraints,
		created: c.server.now(), unlisted: c.server.hostility.NewGrantUnlisted, unusable: c.server.hostility.NewGrantUnusable,
	}
	var err error
	if g.grantee, err = c.server.grantPrincipal(in.GranteePrincipal); err != nil {
		return nil, err
	}
	if in.RetiringPrincipal != "" {
		retiring, err := c.server.grantPrincipal(in.RetiringPrincipal)
		if err != nil {
			return nil, err
		}
		g.retiring = &retiring
	}
	if parent := verdict.by; parent != nil && !parent.passesOn(g.operations, g.constraints) {
		return nil, c.refusal("kms:CreateGrant", key.arn, "a grantee can pass on no more than its own grant allows")
	}
	return g, nil
}

// grantPrincipal resolves the principal of a grant, which has to exist and to be known to KMS.
func (s *Server) grantPrincipal(arn string) (grantPrincipal, error) {
	invalid := errorf(http.StatusBadRequest, "InvalidArnException", "ARN does not refer to a valid principal: %s", arn)
	match := grantPrincipalARN.FindStringSubmatch(arn)
	if match == nil || match[1] != s.partition || s.account(match[2]+match[3]) == nil {
		return grantPrincipal{}, invalid
	}
	if match[3] != "" || strings.HasSuffix(arn, ":root") {
		return grantPrincipal{arn: arn}, nil
	}
	id, ok := s.knownToKMS(arn)
	if !ok {
		return grantPrincipal{}, invalid
	}
	return grantPrincipal{arn: arn, id: id}, nil
}

// knownToKMS resolves the ARN of a user or role as KMS does, which may not have heard of a new one.
func (s *Server) knownToKMS(arn string) (string, bool) {
	if r := s.roleByARN(arn); r != nil && r.unknown > 0 {
		r.unknown--
		return "", false
	}
	return s.uniqueIDOf(arn)
}

func (g *grant) same(other *grant) bool {
	return g.name == other.name && g.issuer == other.issuer && g.grantee == other.grantee && slices.Equal(g.operations, other.operations) &&
		maps.Equal(g.constraints.Equals, other.constraints.Equals) && maps.Equal(g.constraints.Subset, other.constraints.Subset) &&
		(g.retiring == nil) == (other.retiring == nil) && (g.retiring == nil || *g.retiring == *other.retiring)
}

type grantItem struct {
	Constraints       *grantConstraints `json:",omitempty"`
	CreationDate      float64
	GrantID           string `json:"GrantId"`
	GranteePrincipal  string
	IssuingAccount    string
	KeyID             string `json:"KeyId"`
	Name              string
	Operations        []string
	RetiringPrincipal string `json:",omitempty"`
}

// shown is how a principal is listed: by its unique id when it is gone.
func (s *Server) shown(p grantPrincipal) string {
	if p.id != "" && !s.aliveID(p.id) {
		return p.id
	}
	return p.arn
}

func (s *Server) grantItem(g *grant) grantItem {
	item := grantItem{
		CreationDate: seconds(g.created), GrantID: g.id, GranteePrincipal: s.shown(g.grantee), KeyID: g.key.arn,
		IssuingAccount: "arn:" + s.partition + ":iam::" + g.issuer.id + ":root", Name: g.name, Operations: g.operations,
	}
	if g.constraints.some() {
		item.Constraints = &g.constraints
	}
	if g.retiring != nil {
		item.RetiringPrincipal = s.shown(*g.retiring)
	}
	return item
}

func (c *call) listGrants() (effect, error) {
	var in struct {
		kmsPage
		KeyID            string `json:"KeyId"`
		GrantID          string `json:"GrantId"`
		GranteePrincipal string
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
	items := []grantItem{}
	for _, g := range key.grants {
		item := c.server.grantItem(g)
		if in.GrantID != "" && in.GrantID != g.id || in.GranteePrincipal != "" && in.GranteePrincipal != item.GranteePrincipal {
			continue
		}
		if g.unlisted > 0 {
			g.unlisted--
			continue
		}
		items = append(items, item)
	}
	items, next, err := cut(c, in.kmsPage, items, 100, 50)
	if err != nil {
		return nil, err
	}
	return answering(paged("Grants", items, next)), nil
}

// listRetirableGrants shows the grants that a principal of the caller's account may retire, on any account's keys.
func (c *call) listRetirableGrants() (effect, error) {
	var in struct {
		kmsPage
		RetiringPrincipal string
	}
	if err := c.request(&in); err != nil {
		return nil, err
	}
	if !strings.Contains(in.RetiringPrincipal, "::"+c.account.id+":") {
		return nil, c.refusal("kms:ListRetirableGrants", in.RetiringPrincipal, "the principal belongs to another account")
	}
	items := []grantItem{}
	for _, key := range sortedValues(c.server.keys) {
		for _, g := range key.grants {
			if key.region == c.region && g.retiring != nil && c.server.shown(*g.retiring) == in.RetiringPrincipal {
				items = append(items, c.server.grantItem(g))
			}
		}
	}
	slices.SortFunc(items, func(a, b grantItem) int { return cmp.Compare(a.GrantID, b.GrantID) })
	items, next, err := cut(c, in.kmsPage, items, 100, 50)
	if err != nil {
		return nil, err
	}
	return answering(paged("Grants", items, next)), nil
}

type endGrantInput struct {
	KeyID      string `json:"KeyId"`
	GrantID    string `json:"GrantId"`
	GrantToken string
	DryRun     bool
}

// revokeGrant is for those whom the key's policy lets.
func (c *call) revokeGrant() (effect, error) {
	var in endGrantInput
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
	return key.end(in.GrantID)
}

// end is the effect of taking a grant away.
func (k *kmsKey) end(id string) (effect, error) {
	at := slices.IndexFunc(k.grants, func(g *grant) bool { return g.id == id })
	if at < 0 {
		return nil, errorf(http.StatusBadRequest, "InvalidGrantIdException", "Grant ID %s is not valid for key %s", id, k.arn)
	}
	return func() (any, error) {
		k.grants = slices.Delete(k.grants, at, at+1)
		return nil, nil
	}, nil
}

// retireGrant is for the retiring principal, a grantee that was given RetireGrant, and whom the issuing account lets. A
// key policy has no say in it. https://docs.aws.amazon.com/kms/latest/APIReference/API_RetireGrant.html
func (c *call) retireGrant() (effect, error) {
	var in endGrantInput
	if err := c.request(&in); err != nil {
		return nil, err
	}
	if in.GrantToken != "" {
		return c.retireByToken(in.GrantToken)
	}
	if !strings.HasPrefix(in.KeyID, "arn:") || refuseAlias(in.KeyID) != nil {
		return nil, notFound("Invalid arn %s", in.KeyID)
	}
	key, problem := c.server.findKey(in.KeyID, c.account.id, c.region)
	if problem != nil {
		return nil, c.foreignRefusal()
	}
	c.entry.Resource = key.arn
	at := slices.IndexFunc(key.grants, func(g *grant) bool { return g.id == in.GrantID })
	if at < 0 || !c.mayRetire(key.grants[at]) {
		if at < 0 && c.account == key.account {
			return key.end(in.GrantID)
		}
		return nil, c.foreignRefusal()
	}
	return key.end(in.GrantID)
}

func (c *call) retireByToken(token string) (effect, error) {
	for _, key := range c.server.keys {
		for _, g := range key.grants {
			if g.token == token && key.region == c.region {
				if !c.mayRetire(g) {
					return nil, c.foreignRefusal()
				}
				return key.end(g.id)
			}
		}
	}
	return nil, errorf(http.StatusBadRequest, "InvalidGrantTokenException", "The grant token is not valid")
}

func (c *call) mayRetire(g *grant) bool {
	own := c.server.identityAllows(c.caller, c.context(nil), "kms:RetireGrant", g.key.arn)
	inSession := c.server.sessionAllows(c.caller, c.context(nil), "kms:RetireGrant", g.key.arn)
	retiring := &grant{}
	if g.retiring != nil {
		retiring.grantee = *g.retiring
	}
	switch {
	case own.denied:
		c.entry.Reason = own.reason
		return false
	case g.retiring != nil && retiring.covers(c.caller, own.allowed, inSession):
		c.entry.Reason = "the caller is the retiring principal"
	case slices.Contains(g.operations, "RetireGrant") && g.covers(c.caller, own.allowed, inSession):
		c.entry.Reason = "the grant lets its grantee retire it"
	case g.issuer == c.account && own.allowed:
		c.entry.Reason = "the grant was issued from account " + c.account.id + ", and " + own.reason
	default:
		c.entry.Reason = "the caller is neither retiring principal nor grantee, and its policies do not allow kms:RetireGrant on a grant of its account"
		return false
	}
	return true
}
