// SPDX-License-Identifier: MPL-2.0

package kms

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

type createGrantInput struct {
	KeyID             string `json:"KeyId"`
	GranteePrincipal  string
	RetiringPrincipal string
	Operations        []string
	Constraints       constraints
	GrantTokens       []string
	Name              string
	DryRun            bool
}

// createGrant makes a grant, or returns the one that is there when name and everything else are the same.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html
func (c *call) createGrant() (cloud.Effect, error) {
	var in createGrantInput
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	key, by, err := c.permittedKey(in.KeyID, Use{conditions: in.conditions(), tokens: in.GrantTokens})
	if err != nil {
		return nil, err
	}
	g, err := c.newGrant(key, by, in)
	if err != nil {
		return nil, err
	}
	same := slices.IndexFunc(key.grants, func(old *Grant) bool { return in.Name != "" && old.same(g) })
	if same < 0 && len(key.grants) >= key.grantLimit {
		return nil, wire.Errorf(http.StatusBadRequest, "LimitExceededException", "The number of grants on %s has reached its limit of %d", key.ARN, key.grantLimit)
	}
	return func() (any, error) {
		if same >= 0 {
			c.Entry.Reason += "; the grant was there already"
			return map[string]string{"GrantId": key.grants[same].id, "GrantToken": wire.Hash([]byte(c.NewID("token")))}, nil
		}
		g.id, g.token = wire.Hash([]byte(c.NewID("grant"))), wire.Hash([]byte(c.NewID("token")))
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
		return validation("1 validation error detected: Value null at 'granteePrincipal' failed to satisfy constraint: Member must not be null")
	case len(in.GrantTokens) > 10:
		return validation("1 validation error detected: Value at 'grantTokens' failed to satisfy constraint: Member must have length less than or equal to 10")
	case in.Name != "" && !grantName.MatchString(in.Name):
		return validation("1 validation error detected: Value '%s' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$", in.Name)
	case len(in.Operations) == 0:
		return validation("1 validation error detected: Value null at 'operations' failed to satisfy constraint: Member must not be null")
	case in.Constraints.Equals != nil && in.Constraints.Subset != nil:
		return validation("More than one constraint supplied")
	}
	if err := in.Constraints.check(); err != nil {
		return err
	}
	for _, op := range in.Operations {
		if !isGrantOperation(op) {
			return validation("1 validation error detected: Value '%s' at 'operations' failed to satisfy constraint: Member must satisfy enum value set", op)
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
	maps.Copy(conditions, in.Constraints.conditions())
	return conditions
}

func (c *call) newGrant(key *Key, parent *Grant, in createGrantInput) (*Grant, error) {
	if key.State != Unavailable && key.State != Updating {
		if problem := key.usable(); problem != nil {
			return nil, problem
		}
	}
	if !containsAll(key.grantable(), in.Operations) {
		return nil, validation("The operations are not supported for a key of the spec %s and the usage %s: it takes %s", key.spec, key.usage, strings.Join(key.grantable(), ", "))
	}
	if in.Constraints.some() && !key.symmetric() {
		return nil, validation("EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key.")
	}
	operations := slices.Clone(in.Operations)
	slices.Sort(operations)
	g := &Grant{
		name: in.Name, key: key, issuer: c.Account, operations: slices.Compact(operations), constraints: in.Constraints,
		created: c.Now(), unlisted: cloud.Lag(c.Hostility.NewGrantUnlisted), unusable: cloud.Lag(c.Hostility.NewGrantUnusable),
	}
	var err error
	if g.grantee, err = c.grantPrincipal(in.GranteePrincipal); err != nil {
		return nil, err
	}
	if in.RetiringPrincipal != "" {
		retiring, err := c.grantPrincipal(in.RetiringPrincipal)
		if err != nil {
			return nil, err
		}
		g.retiring = &retiring
	}
	if parent != nil && !parent.passesOn(g.operations, g.constraints) {
		return nil, c.Refusal("kms:CreateGrant", key.ARN, "a grantee can pass on no more than its own grant allows")
	}
	return g, nil
}

// grantee resolves the principal of a grant, which has to exist and to be known to KMS.
func (s *Service) grantPrincipal(arn string) (grantee, error) {
	invalid := wire.Errorf(http.StatusBadRequest, "InvalidArnException", "ARN does not refer to a valid principal: %s", arn)
	match := grantPrincipalARN.FindStringSubmatch(arn)
	if match == nil || match[1] != s.Partition || s.AccountByID(match[2]+match[3]) == nil {
		return grantee{}, invalid
	}
	if match[3] != "" || strings.HasSuffix(arn, ":root") {
		return grantee{arn: arn}, nil
	}
	id, ok := s.knownToKMS(arn)
	if !ok {
		return grantee{}, invalid
	}
	return grantee{arn: arn, id: id}, nil
}

// knownToKMS resolves the ARN of a user or role as KMS does, which may not have heard of a new one.
func (s *Service) knownToKMS(arn string) (string, bool) {
	if r := s.RoleByARN(arn); r != nil && r.Unknown.Waits() {
		return "", false
	}
	return s.UniqueIDOf(arn)
}

func (g *Grant) same(other *Grant) bool {
	return g.name == other.name && g.issuer == other.issuer && g.grantee == other.grantee && slices.Equal(g.operations, other.operations) &&
		maps.Equal(g.constraints.Equals, other.constraints.Equals) && maps.Equal(g.constraints.Subset, other.constraints.Subset) &&
		(g.retiring == nil) == (other.retiring == nil) && (g.retiring == nil || *g.retiring == *other.retiring)
}

type grantItem struct {
	Constraints       *constraints `json:",omitempty"`
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
func (s *Service) shown(p grantee) string {
	if id, _ := s.UniqueIDOf(p.arn); p.id != "" && id != p.id {
		return p.id
	}
	return p.arn
}

func (s *Service) grantItem(g *Grant) grantItem {
	item := grantItem{
		CreationDate: seconds(g.created), GrantID: g.id, GranteePrincipal: s.shown(g.grantee), KeyID: g.key.ARN,
		IssuingAccount: "arn:" + s.Partition + ":iam::" + g.issuer.ID + ":root", Name: g.name, Operations: g.operations,
	}
	if g.constraints.some() {
		item.Constraints = &g.constraints
	}
	if g.retiring != nil {
		item.RetiringPrincipal = s.shown(*g.retiring)
	}
	return item
}

func (c *call) listGrants() (cloud.Effect, error) {
	var in struct {
		page
		KeyID            string `json:"KeyId"`
		GrantID          string `json:"GrantId"`
		GranteePrincipal string
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	key, err := c.identifiedKey(in.KeyID, Use{})
	if err != nil {
		return nil, err
	}
	items := []grantItem{}
	late := c.lateRoles(key)
	for _, g := range slices.Concat(key.grants, key.stillListed()) {
		if in.GrantID != "" && in.GrantID != g.id || in.GranteePrincipal != "" && !g.grantee.mayBeListedAs(in.GranteePrincipal) {
			continue
		}
		item := c.grantItem(g)
		if late[g.grantee.id] {
			item.GranteePrincipal = g.grantee.id
		}
		if in.GranteePrincipal != "" && in.GranteePrincipal != item.GranteePrincipal {
			continue
		}
		if g.unlisted.Waits() {
			continue
		}
		items = append(items, item)
	}
	items, next, err := cut(c, in.page, items, 100, 50)
	if err != nil {
		return nil, err
	}
	return cloud.Answer(paged("Grants", items, next)), nil
}

// mayBeListedAs is false for what a grantee is never listed as.
func (g grantee) mayBeListedAs(principal string) bool { return principal == g.arn || principal == g.id }

// lateRoles are the unique ids of grantees that ListGrants shows by them, because KMS has just learnt of the role.
// https://docs.aws.amazon.com/kms/latest/developerguide/accessing-kms.html
func (s *Service) lateRoles(key *Key) map[string]bool {
	late := map[string]bool{}
	if s.Hostility.NewRoleListedByID == 0 {
		return late
	}
	for _, g := range key.grants {
		if _, known := late[g.grantee.id]; known {
			continue
		}
		r := s.RoleByARN(g.grantee.arn)
		late[g.grantee.id] = r != nil && r.ID == g.grantee.id && r.ListedByID.Waits()
	}
	return late
}

// stillListed are the grants that have ended and are listed all the same.
func (k *Key) stillListed() []*Grant {
	k.ended = slices.DeleteFunc(k.ended, func(g *Grant) bool { return !g.listed.Waits() })
	return k.ended
}

// listRetirableGrants shows the grants that a principal of the caller's account may retire, on any account's keys.
func (c *call) listRetirableGrants() (cloud.Effect, error) {
	var in struct {
		page
		RetiringPrincipal string
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	if !strings.Contains(in.RetiringPrincipal, "::"+c.Account.ID+":") {
		return nil, c.Refusal("kms:ListRetirableGrants", in.RetiringPrincipal, "the principal belongs to another account")
	}
	items := []grantItem{}
	for _, key := range cloud.SortedValues(c.keys) {
		for _, g := range key.grants {
			if key.Region == c.Region && g.retiring != nil && c.shown(*g.retiring) == in.RetiringPrincipal {
				items = append(items, c.grantItem(g))
			}
		}
	}
	slices.SortFunc(items, func(a, b grantItem) int { return cmp.Compare(a.GrantID, b.GrantID) })
	items, next, err := cut(c, in.page, items, 100, 50)
	if err != nil {
		return nil, err
	}
	return cloud.Answer(paged("Grants", items, next)), nil
}

type endGrantInput struct {
	KeyID      string `json:"KeyId"`
	GrantID    string `json:"GrantId"`
	GrantToken string
	DryRun     bool
}

// revokeGrant is for those whom the key's policy lets.
func (c *call) revokeGrant() (cloud.Effect, error) {
	var in endGrantInput
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	key, err := c.identifiedKey(in.KeyID, Use{})
	if err != nil {
		return nil, err
	}
	return key.end(in.GrantID, cloud.Lag(c.Hostility.EndedGrantListed))
}

// end is the effect of taking a grant away.
func (k *Key) end(id string, lag cloud.Lag) (cloud.Effect, error) {
	at := slices.IndexFunc(k.grants, func(g *Grant) bool { return g.id == id })
	if at < 0 {
		return nil, wire.Errorf(http.StatusBadRequest, "InvalidGrantIdException", "Grant ID %s is not valid for key %s", id, k.ARN)
	}
	return func() (any, error) {
		ended := k.grants[at]
		ended.listed = lag
		k.ended = append(k.ended, ended)
		k.grants = slices.Delete(k.grants, at, at+1)
		return nil, nil
	}, nil
}

// retireGrant is for the retiring principal, a grantee that was given RetireGrant, and whom the issuing account lets. A
// key policy has no say in it. https://docs.aws.amazon.com/kms/latest/APIReference/API_RetireGrant.html
func (c *call) retireGrant() (cloud.Effect, error) {
	var in endGrantInput
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	if in.GrantToken != "" {
		return c.retireByToken(in.GrantToken)
	}
	if !strings.HasPrefix(in.KeyID, "arn:") || refuseAlias(in.KeyID) != nil {
		return nil, notFound("Invalid arn %s", in.KeyID)
	}
	key, problem := c.Find(in.KeyID, c.Account.ID, c.Region)
	if problem != nil {
		return nil, c.foreignRefusal(c.Action)
	}
	c.Entry.Resource = key.ARN
	at := slices.IndexFunc(key.grants, func(g *Grant) bool { return g.id == in.GrantID })
	if at < 0 || !c.mayRetire(key.grants[at]) {
		if at < 0 && c.Account == key.account {
			return key.end(in.GrantID, cloud.Lag(c.Hostility.EndedGrantListed))
		}
		return nil, c.foreignRefusal(c.Action)
	}
	return key.end(in.GrantID, cloud.Lag(c.Hostility.EndedGrantListed))
}

func (c *call) retireByToken(token string) (cloud.Effect, error) {
	for _, key := range c.keys {
		for _, g := range key.grants {
			if g.token == token && key.Region == c.Region {
				if !c.mayRetire(g) {
					return nil, c.foreignRefusal(c.Action)
				}
				return key.end(g.id, cloud.Lag(c.Hostility.EndedGrantListed))
			}
		}
	}
	return nil, wire.Errorf(http.StatusBadRequest, "InvalidGrantTokenException", "The grant token is not valid")
}

func (c *call) mayRetire(g *Grant) bool {
	context := c.keyContext(g.key, Use{Principal: c.Caller, Op: "RetireGrant", conditions: g.constraints.conditions()})
	maps.Copy(context, c.Origin())
	own := c.IdentityAllows(c.Caller, context, "kms:RetireGrant", g.key.ARN)
	inSession := c.SessionAllows(c.Caller, context, "kms:RetireGrant", g.key.ARN)
	retiring := &Grant{}
	if g.retiring != nil {
		retiring.grantee = *g.retiring
	}
	switch {
	case own.Denied:
		c.Entry.Reason = own.Reason
		return false
	case g.retiring != nil && retiring.covers(c.Caller, own.Allowed, inSession):
		c.Entry.Reason = "the caller is the retiring principal"
	case slices.Contains(g.operations, "RetireGrant") && g.covers(c.Caller, own.Allowed, inSession):
		c.Entry.Reason = "the grant lets its grantee retire it"
	case g.issuer == c.Account && own.Allowed:
		c.Entry.Reason = "the grant was issued from account " + c.Account.ID + ", and " + own.Reason
	default:
		c.Entry.Reason = "the caller is neither retiring principal nor grantee, and its policies do not allow kms:RetireGrant on a grant of its account"
		return false
	}
	return true
}
