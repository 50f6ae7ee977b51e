package awssim

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// kmsOperations is the table of contents of KMS. Each is decided by key policy, grants and identity policies together,
// in its handler. https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html
func kmsOperations() map[string]operation {
	return map[string]operation{
		"DescribeKey":                     {open: true, handle: (*call).describeKey},
		"ListKeys":                        {handle: (*call).listKeys},
		"ListAliases":                     {handle: (*call).listAliases},
		"CreateKey":                       {write: true, handle: (*call).createKey},
		"CreateAlias":                     {open: true, write: true, handle: (*call).createAlias},
		"DeleteAlias":                     {open: true, write: true, handle: (*call).deleteAlias},
		"GetKeyPolicy":                    {open: true, handle: (*call).getKeyPolicy},
		"PutKeyPolicy":                    {open: true, write: true, handle: (*call).putKeyPolicy},
		"ListResourceTags":                {open: true, handle: (*call).listResourceTags},
		"EnableKey":                       {open: true, write: true, handle: (*call).enableKey},
		"DisableKey":                      {open: true, write: true, handle: (*call).disableKey},
		"ScheduleKeyDeletion":             {open: true, write: true, handle: (*call).scheduleKeyDeletion},
		"CancelKeyDeletion":               {open: true, write: true, handle: (*call).cancelKeyDeletion},
		"CreateGrant":                     {open: true, write: true, handle: (*call).createGrant},
		"ListGrants":                      {open: true, handle: (*call).listGrants},
		"ListRetirableGrants":             {handle: (*call).listRetirableGrants},
		"RevokeGrant":                     {open: true, write: true, handle: (*call).revokeGrant},
		"RetireGrant":                     {open: true, write: true, handle: (*call).retireGrant},
		"Encrypt":                         {open: true, handle: (*call).encrypt},
		"Decrypt":                         {open: true, handle: (*call).decrypt},
		"GenerateDataKey":                 {open: true, handle: (*call).generateDataKey},
		"GenerateDataKeyWithoutPlaintext": {open: true, handle: (*call).generateDataKeyWithoutPlaintext},
	}
}

// Key states. https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
const (
	keyEnabled         = "Enabled"
	keyDisabled        = "Disabled"
	keyPendingDeletion = "PendingDeletion"
	keyPendingImport   = "PendingImport"
	keyUnavailable     = "Unavailable"
	keyCreating        = "Creating"
	keyUpdating        = "Updating"
)

// kmsKey is a key in one Region.
type kmsKey struct {
	account     *account
	arn, id     string
	region      string
	manager     string // "AWS" or "CUSTOMER"
	state       string
	spec        string
	usage       string
	origin      string
	multiRegion string // "", "PRIMARY" or "REPLICA"
	description string
	policy      *policyDocument // bound to the principals as they were
	grants      []*grant        // oldest first
	grantLimit  int
	tags        map[string]string
	created     time.Time
	deletion    time.Time
	secret      []byte
}

// usable returns why the key can't be used for cryptography, nil when it can.
func (k *kmsKey) usable() *apiError {
	switch k.state {
	case keyEnabled:
		return nil
	case keyDisabled:
		return errorf(http.StatusBadRequest, "DisabledException", "%s is disabled.", k.arn)
	}
	states := map[string]string{
		keyPendingDeletion: "pending deletion", keyPendingImport: "pending import",
		keyUnavailable: "unavailable", keyCreating: "creating", keyUpdating: "updating",
	}
	return errorf(http.StatusBadRequest, "KMSInvalidStateException", "%s is %s.", k.arn, states[k.state])
}

// symmetric tells whether the key encrypts and decrypts data keys, which is what EBS needs of one.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html
func (k *kmsKey) symmetric() bool {
	return k.spec == "SYMMETRIC_DEFAULT" && k.usage == "ENCRYPT_DECRYPT"
}

// usableForEBS returns why EBS can't use the key.
func (k *kmsKey) usableForEBS() *apiError {
	if !k.symmetric() {
		return errorf(http.StatusBadRequest, "InvalidKeyUsageException", "EBS uses symmetric encryption keys only, and the spec of %s is %s.", k.arn, k.spec)
	}
	return k.usable()
}

func notFound(format string, args ...any) *apiError {
	return errorf(http.StatusBadRequest, "NotFoundException", format, args...)
}

func kmsValidation(format string, args ...any) *apiError {
	return errorf(http.StatusBadRequest, "ValidationException", format, args...)
}

// findKey resolves a key id, key ARN, alias name or alias ARN as a caller of an account in a Region names it. It does
// not decide whether the caller may know of the key.
func (s *Server) findKey(ref, accountID, region string) (*kmsKey, *apiError) {
	arn := ref
	if !strings.HasPrefix(ref, "arn:") {
		prefix := "arn:" + s.partition + ":kms:" + region + ":" + accountID + ":"
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
func (s *Server) keyOfAlias(arn, name, accountID, region string) (*kmsKey, *apiError) {
	owner := s.account(strings.Split(arn, ":")[4])
	if name == ebsAlias && owner != nil && owner.id == accountID {
		return s.awsManagedEBSKey(owner, region), nil
	}
	if key := s.aliases[arn]; key != nil {
		return key, nil
	}
	return nil, notFound("Alias %s is not found.", arn)
}

const ebsAlias = "alias/aws/ebs"

// awsManagedEBSKey returns the key behind alias/aws/ebs, which is made when it is first looked for. Its policy lets
// EC2 use it for everybody of the account. https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html
func (s *Server) awsManagedEBSKey(a *account, region string) *kmsKey {
	alias := "arn:" + s.partition + ":kms:" + region + ":" + a.id + ":" + ebsAlias
	if key := s.aliases[alias]; key != nil {
		return key
	}
	const actions = `["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:CreateGrant","kms:DescribeKey"]`
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":` + actions + `,"Resource":"*",
		"Condition":{"StringEquals":{"kms:CallerAccount":"` + a.id + `","kms:ViaService":"ec2.` + region + `.amazonaws.com"}}},
		{"Effect":"Allow","Principal":{"AWS":"arn:` + s.partition + `:iam::` + a.id + `:root"},
		"Action":["kms:Describe*","kms:Get*","kms:List*","kms:RevokeGrant"],"Resource":"*"}]}`
	key, err := s.newKey(a, WorldKey{Region: region, Policy: json.RawMessage(policy), AWSManaged: true})
	if err != nil {
		panic(err) // the policy above is a constant but for ids
	}
	s.keys[key.arn], s.aliases[alias] = key, key
	return key
}

// request reads the JSON of a call. A field that the action does not know refuses it.
func (c *call) request(into any) error {
	decoder := json.NewDecoder(bytes.NewReader(c.body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return errorf(http.StatusBadRequest, "SerializationException", "%v", err)
	}
	return nil
}

// permittedKey finds a key and asks whether the caller may do the action on it. A foreign key that does not exist is
// refused like one that may not be touched.
func (c *call) permittedKey(ref string, use keyUse) (*kmsKey, decision, error) {
	if ref == "" {
		return nil, decision{}, kmsValidation("1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null")
	}
	key, problem := c.server.findKey(ref, c.account.id, c.region)
	if problem != nil {
		if owner := strings.Split(ref+":::::", ":")[4]; owner != "" && owner != c.account.id && !strings.HasPrefix(problem.message, "Invalid arn") {
			return nil, decision{}, c.foreignRefusal()
		}
		return nil, decision{}, problem
	}
	c.entry.Resource = key.arn
	use.principal, use.op = c.caller, c.action
	if _, alias, ok := strings.Cut(ref, "alias/"); ok {
		use.conditions = map[string][]string{"kms:RequestAlias": {"alias/" + alias}}
	}
	verdict := c.server.allowKey(key, use)
	c.entry.Reason = verdict.reason
	switch {
	case verdict.allowed:
		return key, verdict, nil
	case key.account != c.account:
		return nil, verdict, c.foreignRefusal()
	default:
		return nil, verdict, c.refusal("kms:"+c.action, key.arn, verdict.reason)
	}
}

func (c *call) foreignRefusal() error {
	return errorf(http.StatusBadRequest, "AccessDeniedException", "User: %s is not authorized to perform: kms:%s on this resource because "+
		"the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access",
		c.caller.arn, c.action)
}

// refuseAlias refuses an alias where only a key id or key ARN will do.
func refuseAlias(ref string) error {
	if strings.HasPrefix(ref, "alias/") || strings.Contains(ref, ":alias/") {
		return notFound("Invalid keyId %s", ref)
	}
	return nil
}

type keyMetadata struct {
	AWSAccountID   string `json:"AWSAccountId"`
	Arn            string
	CreationDate   float64
	DeletionDate   float64 `json:",omitempty"`
	Description    string
	Enabled        bool
	KeyID          string `json:"KeyId"`
	KeyManager     string
	KeySpec        string
	KeyState       string
	KeyUsage       string
	MultiRegion    bool
	Configuration  *multiRegionConfiguration `json:"MultiRegionConfiguration,omitempty"`
	Origin         string
	CustomKeyStore string   `json:"CustomKeyStoreId,omitempty"`
	Algorithms     []string `json:"EncryptionAlgorithms,omitempty"`
}

type multiRegionConfiguration struct {
	MultiRegionKeyType string
	PrimaryKey         *regionalKey
	ReplicaKeys        []regionalKey
}

type regionalKey struct{ Arn, Region string }

func (s *Server) metadata(k *kmsKey) keyMetadata {
	m := keyMetadata{
		AWSAccountID: k.account.id, Arn: k.arn, CreationDate: seconds(k.created), Description: k.description,
		Enabled: k.state == keyEnabled, KeyID: k.id, KeyManager: k.manager, KeySpec: k.spec, KeyState: k.state, KeyUsage: k.usage,
		MultiRegion: k.multiRegion != "", Origin: k.origin,
	}
	if k.state == keyPendingDeletion {
		m.DeletionDate = seconds(k.deletion)
	}
	if k.origin == "AWS_CLOUDHSM" || k.origin == "EXTERNAL_KEY_STORE" {
		m.CustomKeyStore = "cks-1234567890abcdef0"
	}
	if k.usage == "ENCRYPT_DECRYPT" && k.spec == "SYMMETRIC_DEFAULT" {
		m.Algorithms = []string{"SYMMETRIC_DEFAULT"}
	}
	if m.MultiRegion {
		m.Configuration = s.relatives(k)
	}
	return m
}

// relatives finds the primary and the replicas of a multi-Region key: they share account and id.
func (s *Server) relatives(k *kmsKey) *multiRegionConfiguration {
	c := &multiRegionConfiguration{MultiRegionKeyType: k.multiRegion, ReplicaKeys: []regionalKey{}}
	for _, other := range sortedValues(s.keys) {
		switch {
		case other.account != k.account || other.id != k.id:
		case other.multiRegion == "PRIMARY":
			c.PrimaryKey = &regionalKey{other.arn, other.region}
		default:
			c.ReplicaKeys = append(c.ReplicaKeys, regionalKey{other.arn, other.region})
		}
	}
	return c
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func (c *call) describeKey() (effect, error) {
	var in struct {
		KeyID       string `json:"KeyId"`
		GrantTokens []string
	}
	if err := c.request(&in); err != nil {
		return nil, err
	}
	key, _, err := c.permittedKey(in.KeyID, keyUse{tokens: in.GrantTokens})
	if err != nil {
		return nil, err
	}
	return answering(map[string]any{"KeyMetadata": c.server.metadata(key)}), nil
}

// ownKeys are the keys of the caller's account in the Region, by ARN.
func (c *call) ownKeys() []*kmsKey {
	return slices.DeleteFunc(sortedValues(c.server.keys), func(k *kmsKey) bool { return k.account != c.account || k.region != c.region })
}

type kmsPage struct {
	Limit  *int
	Marker string
}

// cut returns the page of a listing, as long as asked for and as AWS sets it, and the marker of the next one.
func cut[T any](c *call, p kmsPage, all []T, most, unasked int) ([]T, string, error) {
	limit := unasked
	if p.Limit != nil {
		limit = *p.Limit
	}
	if limit < 1 || limit > most {
		return nil, "", kmsValidation("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and %d", limit, most)
	}
	start := 0
	if p.Marker != "" {
		start = -1
		for i := range all {
			if p.Marker == marker(i) {
				start = i
			}
		}
		if start < 0 {
			return nil, "", errorf(http.StatusBadRequest, "InvalidMarkerException", "Could not deserialize marker '%s'", p.Marker)
		}
	}
	end := min(start+c.server.pageSize(limit, most), len(all))
	if end == len(all) {
		return all[start:], "", nil
	}
	return all[start:end], marker(end), nil
}

func marker(i int) string { return "AE" + decimal(int64(i)) }

func paged(name string, list any, next string) map[string]any {
	answer := map[string]any{name: list, "Truncated": next != ""}
	if next != "" {
		answer["NextMarker"] = next
	}
	return answer
}

func (c *call) listKeys() (effect, error) {
	var in kmsPage
	if err := c.request(&in); err != nil {
		return nil, err
	}
	keys, next, err := cut(c, in, c.ownKeys(), 1000, 100)
	if err != nil {
		return nil, err
	}
	list := []map[string]string{}
	for _, key := range keys {
		list = append(list, map[string]string{"KeyArn": key.arn, "KeyId": key.id})
	}
	return answering(paged("Keys", list, next)), nil
}

func (c *call) createKey() (effect, error) {
	var in struct {
		Policy                         string
		BypassPolicyLockoutSafetyCheck bool
		Description                    string
		KeySpec                        string
		KeyUsage                       string
		MultiRegion                    bool
	}
	if err := c.request(&in); err != nil {
		return nil, err
	}
	if in.KeyUsage == "" && cmp.Or(in.KeySpec, "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT" {
		return nil, kmsValidation("You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.")
	}
	world := WorldKey{Region: c.region, Policy: json.RawMessage(in.Policy), Spec: in.KeySpec, Usage: in.KeyUsage}
	if in.MultiRegion {
		world.MultiRegion = "PRIMARY"
	}
	if err := world.check(); err != nil {
		return nil, kmsValidation("%v", err)
	}
	key, err := c.server.newKey(c.account, world)
	if err != nil {
		return nil, err
	}
	if !in.BypassPolicyLockoutSafetyCheck && !c.mayPutPolicy(key) {
		return nil, lockedOut()
	}
	key.description = in.Description
	c.entry.Resource = key.arn
	return func() (any, error) {
		c.server.keys[key.arn] = key
		return map[string]any{"KeyMetadata": c.server.metadata(key)}, nil
	}, nil
}

var aliasPattern = regexp.MustCompile(`^alias/[a-zA-Z0-9/_-]+$`)
