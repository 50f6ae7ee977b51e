// SPDX-License-Identifier: MPL-2.0

package kms

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/world"
)

// ManagedByAWS is the KeyManager of alias/aws/ebs and its like.
const ManagedByAWS = "AWS"

// api is KMS. Most actions are decided by key policy, grants and identity policies together, in their handlers.
// https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html
func (s *Service) api() *cloud.API {
	return &cloud.API{
		Name: "kms", Protocol: wire.JSON, Target: "TrentService", Actions: cloud.Actions(actions(), s.bind),
		ConditionKeys: "kms:CallerAccount kms:ViaService kms:GrantIsForAWSResource kms:GranteePrincipal kms:GrantOperations" +
			" kms:GrantConstraintType kms:RetiringPrincipal kms:EncryptionContext: kms:EncryptionContextKeys" +
			" kms:RequestAlias kms:ResourceAliases kms:KeySpec kms:KeyUsage kms:KeyOrigin kms:MultiRegion kms:BypassPolicyLockoutSafetyCheck" +
			// Of calls with parameters that are not known here.
			" kms:GranteeServicePrincipal kms:RetiringServicePrincipal kms:GrantConstraintSourceArn",
		Context: func(c *cloud.Call) map[string][]string {
			return map[string][]string{"kms:CallerAccount": {c.Account.ID}}
		},
		Throttled: wire.Errorf(http.StatusBadRequest, "ThrottlingException",
			"You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls."),
	}
}

func actions() map[string]action {
	return map[string]action{
		"DescribeKey":                     {Open: true, Handle: (*call).describeKey},
		"ListKeys":                        {Handle: (*call).listKeys},
		"ListAliases":                     {Handle: (*call).listAliases},
		"CreateKey":                       {Write: true, Conditions: keyConditions, Handle: (*call).createKey},
		"CreateAlias":                     {Open: true, Write: true, Handle: (*call).createAlias},
		"DeleteAlias":                     {Open: true, Write: true, Handle: (*call).deleteAlias},
		"GetKeyPolicy":                    {Open: true, Handle: (*call).getKeyPolicy},
		"PutKeyPolicy":                    {Open: true, Write: true, Handle: (*call).putKeyPolicy},
		"ListResourceTags":                {Open: true, Handle: (*call).listResourceTags},
		"EnableKey":                       {Open: true, Write: true, Handle: (*call).enableKey},
		"DisableKey":                      {Open: true, Write: true, Handle: (*call).disableKey},
		"ScheduleKeyDeletion":             {Open: true, Write: true, Handle: (*call).scheduleKeyDeletion},
		"CancelKeyDeletion":               {Open: true, Write: true, Handle: (*call).cancelKeyDeletion},
		"CreateGrant":                     {Open: true, Write: true, Handle: (*call).createGrant},
		"ListGrants":                      {Open: true, Handle: (*call).listGrants},
		"ListRetirableGrants":             {Handle: (*call).listRetirableGrants},
		"RevokeGrant":                     {Open: true, Write: true, Handle: (*call).revokeGrant},
		"RetireGrant":                     {Open: true, Write: true, Handle: (*call).retireGrant},
		"Encrypt":                         {Open: true, Handle: (*call).encrypt},
		"Decrypt":                         {Open: true, Handle: (*call).decrypt},
		"GenerateDataKey":                 {Open: true, Handle: (*call).generateDataKey},
		"ReEncrypt":                       {Open: true, Handle: (*call).reEncrypt},
		"GenerateDataKeyWithoutPlaintext": {Open: true, Handle: (*call).generateDataKeyWithoutPlaintext},
	}
}

// Key states. https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
const (
	Enabled         = "Enabled"
	Disabled        = "Disabled"
	PendingDeletion = "PendingDeletion"
	PendingImport   = "PendingImport"
	Unavailable     = "Unavailable"
	Creating        = "Creating"
	Updating        = "Updating"
)

// Key is a key in one Region.
type Key struct {
	account     *cloud.Account
	ARN, id     string
	Region      string
	Manager     string // "AWS" or "CUSTOMER"
	State       string
	spec        string
	usage       string
	origin      string
	multiRegion string // "", "PRIMARY" or "REPLICA"
	description string
	policy      *iampolicy.Document // bound to the principals as they were
	grants      []*Grant            // oldest first
	ended       []*Grant            // that are still listed
	grantLimit  int
	tags        map[string]string
	created     time.Time
	deletion    time.Time
	secret      []byte
}

// usable returns why the key can't be used for cryptography, nil when it can.
func (k *Key) usable() *wire.Error {
	switch k.State {
	case Enabled:
		return nil
	case Disabled:
		return wire.Errorf(http.StatusBadRequest, "DisabledException", "%s is disabled.", k.ARN)
	}
	states := map[string]string{
		PendingDeletion: "pending deletion", PendingImport: "pending import",
		Unavailable: "unavailable", Creating: "creating", Updating: "updating",
	}
	return wire.Errorf(http.StatusBadRequest, "KMSInvalidStateException", "%s is %s.", k.ARN, states[k.State])
}

// symmetric tells whether the key encrypts and decrypts data keys, which is what EBS needs of one.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html
func (k *Key) symmetric() bool {
	return k.spec == "SYMMETRIC_DEFAULT" && k.usage == "ENCRYPT_DECRYPT"
}

// UsableForEBS returns why EBS can't use the key.
func (k *Key) UsableForEBS() *wire.Error {
	if !k.symmetric() {
		return wire.Errorf(http.StatusBadRequest, "InvalidKeyUsageException", "EBS uses symmetric encryption keys only, and the spec of %s is %s.", k.ARN, k.spec)
	}
	return k.usable()
}

func notFound(format string, args ...any) *wire.Error {
	return wire.Errorf(http.StatusBadRequest, "NotFoundException", format, args...)
}

func validation(format string, args ...any) *wire.Error {
	return wire.Errorf(http.StatusBadRequest, "ValidationException", format, args...)
}

// Find resolves a key id, key ARN, alias name or alias ARN as a caller of an account in a Region names it. It does
// not decide whether the caller may know of the key.
func (s *Service) Find(ref, accountID, region string) (*Key, *wire.Error) {
	arn := ref
	if !strings.HasPrefix(ref, "arn:") {
		prefix := "arn:" + s.Partition + ":kms:" + region + ":" + accountID + ":"
		arn = prefix + "key/" + ref
		if strings.HasPrefix(ref, "alias/") {
			arn = prefix + ref
		}
	}
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "kms" || parts[3] != region {
		return nil, notFound("Invalid arn %s", cmp.Or(strings.Join(parts[min(3, len(parts)):min(4, len(parts))], ""), ref))
	}
	if strings.HasPrefix(parts[5], "alias/") {
		return s.keyOfAlias(arn, parts[5], accountID, region)
	}
	if key := s.keys[arn]; key != nil {
		return key, nil
	}
	return nil, notFound("Key '%s' does not exist", arn)
}

// keyOfAlias resolves an alias. Looking at the predefined alias of EBS makes its key.
func (s *Service) keyOfAlias(arn, name, accountID, region string) (*Key, *wire.Error) {
	owner := s.AccountByID(strings.Split(arn, ":")[4])
	if name == ebsAlias && owner != nil && owner.ID == accountID {
		return s.EBSKey(owner, region), nil
	}
	if key := s.aliases[arn]; key != nil {
		return key, nil
	}
	return nil, notFound("Alias %s is not found.", arn)
}

const ebsAlias = "alias/aws/ebs"

// EBSKey returns the key behind alias/aws/ebs, which is made when it is first looked for. Its policy lets
// EC2 use it for everybody of the account. https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html
func (s *Service) EBSKey(a *cloud.Account, region string) *Key {
	alias := "arn:" + s.Partition + ":kms:" + region + ":" + a.ID + ":" + ebsAlias
	if key := s.aliases[alias]; key != nil {
		return key
	}
	const actions = `["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:CreateGrant","kms:DescribeKey"]`
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":` + actions + `,"Resource":"*",
		"Condition":{"StringEquals":{"kms:CallerAccount":"` + a.ID + `","kms:ViaService":"ec2.` + region + `.amazonaws.com"}}},
		{"Effect":"Allow","Principal":{"AWS":"arn:` + s.Partition + `:iam::` + a.ID + `:root"},
		"Action":["kms:Describe*","kms:Get*","kms:List*","kms:RevokeGrant"],"Resource":"*"}]}`
	key, err := s.newKey(a, world.Key{Region: region, Policy: json.RawMessage(policy), AWSManaged: true})
	if err != nil {
		panic(err) // the policy above is a constant but for ids
	}
	s.keys[key.ARN], s.aliases[alias] = key, key
	return key
}

// permittedKey finds a key and asks whether the caller may do the action on it. A foreign key that does not exist is
// refused like one that may not be touched. It returns the grant that allows the action as well, nil when policies alone do.
func (c *call) permittedKey(ref string, use Use) (*Key, *Grant, error) {
	if ref == "" {
		return nil, nil, validation("1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null")
	}
	use.Principal, use.Op = c.Caller, cmp.Or(use.Op, c.Action)
	key, problem := c.Find(ref, c.Account.ID, c.Region)
	if problem != nil {
		if owner := strings.Split(ref+":::::", ":")[4]; owner != "" && owner != c.Account.ID && !strings.HasPrefix(problem.Message, "Invalid arn") {
			return nil, nil, c.foreignRefusal(use.Op)
		}
		return nil, nil, problem
	}
	c.Entry.Resource = key.ARN
	conditions := map[string][]string{}
	maps.Copy(conditions, use.conditions)
	maps.Copy(conditions, c.Origin())
	if _, alias, ok := strings.Cut(ref, "alias/"); ok {
		conditions["kms:RequestAlias"] = []string{"alias/" + alias}
	}
	use.conditions = conditions
	verdict, by := c.Allow(key, use)
	c.Entry.Reason = verdict.Reason
	switch {
	case verdict.Allowed:
		return key, by, nil
	case key.account != c.Account && (!verdict.Denied || verdict.Kind == iampolicy.Key || verdict.Kind == iampolicy.ResourceControl):
		return nil, nil, c.foreignRefusal(use.Op) // it tells nothing of another account's policies
	default:
		return nil, nil, c.Refuse("kms:"+use.Op, key.ARN, verdict)
	}
}

// identifiedKey is permittedKey for an action that takes a key's id or ARN, and no alias.
func (c *call) identifiedKey(ref string, use Use) (*Key, error) {
	if err := refuseAlias(ref); err != nil {
		return nil, err
	}
	key, _, err := c.permittedKey(ref, use)
	return key, err
}

func (c *call) foreignRefusal(op string) error {
	return wire.Errorf(http.StatusBadRequest, "AccessDeniedException", "User: %s is not authorized to perform: kms:%s on this resource because "+
		"the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access",
		c.Caller.ARN, op)
}

// refuseAlias refuses an alias where only a key id or key ARN will do.
func refuseAlias(ref string) error {
	if strings.HasPrefix(ref, "alias/") || strings.Contains(ref, ":alias/") {
		return notFound("Invalid keyId %s", ref)
	}
	return nil
}

func (c *call) describeKey() (cloud.Effect, error) {
	var in struct {
		KeyID       string `json:"KeyId"`
		GrantTokens []string
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	key, _, err := c.permittedKey(in.KeyID, Use{tokens: in.GrantTokens})
	if err != nil {
		return nil, err
	}
	return cloud.Answer(map[string]any{"KeyMetadata": c.metadata(key)}), nil
}

// ownKeys are the keys of the caller's account in the Region, by ARN.
func (c *call) ownKeys() []*Key {
	return slices.DeleteFunc(cloud.SortedValues(c.keys), func(k *Key) bool { return k.account != c.Account || k.Region != c.Region })
}

type page struct {
	Limit  *int
	Marker string
}

// cut returns the page of a listing, as long as asked for and as AWS sets it, and the marker of the next one.
func cut[T any](c *call, p page, all []T, most, unasked int) ([]T, string, error) {
	limit := unasked
	if p.Limit != nil {
		limit = *p.Limit
	}
	if limit < 1 || limit > most {
		return nil, "", validation("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and %d", limit, most)
	}
	page, next, ok := cloud.Cut(c.Call, all, p.Marker, limit, most)
	if !ok {
		return nil, "", wire.Errorf(http.StatusBadRequest, "InvalidMarkerException", "Could not deserialize marker '%s'", p.Marker)
	}
	return page, next, nil
}

func paged(name string, list any, next string) map[string]any {
	answer := map[string]any{name: list, "Truncated": next != ""}
	if next != "" {
		answer["NextMarker"] = next
	}
	return answer
}

func (c *call) listKeys() (cloud.Effect, error) {
	var in page
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	keys, next, err := cut(c, in, c.ownKeys(), 1000, 100)
	if err != nil {
		return nil, err
	}
	list := []map[string]string{}
	for _, key := range keys {
		list = append(list, map[string]string{"KeyArn": key.ARN, "KeyId": key.id})
	}
	return cloud.Answer(paged("Keys", list, next)), nil
}

type createKeyInput struct {
	Policy                         string
	BypassPolicyLockoutSafetyCheck bool
	Description                    string
	KeySpec                        string
	KeyUsage                       string
	MultiRegion                    bool
}

// keyConditions are the condition keys of CreateKey. One that can't be read has none, and is refused later.
func keyConditions(c *call) map[string][]string {
	var in createKeyInput
	if c.Decode(&in) != nil {
		return nil
	}
	return map[string][]string{
		"kms:BypassPolicyLockoutSafetyCheck": cloud.Boolean(in.BypassPolicyLockoutSafetyCheck),
		"kms:KeySpec":                        {cmp.Or(in.KeySpec, "SYMMETRIC_DEFAULT")},
		"kms:KeyUsage":                       {cmp.Or(in.KeyUsage, "ENCRYPT_DECRYPT")},
		"kms:KeyOrigin":                      {"AWS_KMS"},
		"kms:MultiRegion":                    cloud.Boolean(in.MultiRegion),
	}
}

func (c *call) createKey() (cloud.Effect, error) {
	var in createKeyInput
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	if in.KeyUsage == "" && cmp.Or(in.KeySpec, "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT" {
		return nil, validation("You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.")
	}
	wanted := world.Key{Region: c.Region, Policy: json.RawMessage(in.Policy), Spec: in.KeySpec, Usage: in.KeyUsage}
	if in.MultiRegion {
		wanted.MultiRegion = "PRIMARY"
	}
	if err := checkKey(wanted); err != nil {
		return nil, validation("%v", err)
	}
	key, err := c.newKey(c.Account, wanted)
	if err != nil {
		return nil, err
	}
	if !in.BypassPolicyLockoutSafetyCheck && !c.mayPutPolicy(key) {
		return nil, lockedOut()
	}
	key.description = in.Description
	c.Entry.Resource = key.ARN
	return func() (any, error) {
		c.keys[key.ARN] = key
		return map[string]any{"KeyMetadata": c.metadata(key)}, nil
	}, nil
}

var aliasPattern = regexp.MustCompile(`^alias/[a-zA-Z0-9/_-]+$`)
