package awssim

import (
	"cmp"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
)

// stsOperations is the table of contents of STS. AssumeRole is decided by the role's trust policy as well.
func stsOperations() map[string]operation {
	return map[string]operation{
		"GetCallerIdentity": {open: true, handle: (*call).getCallerIdentity},
		"AssumeRole": {
			open: true, handle: (*call).assumeRole,
			params: "RoleArn RoleSessionName ExternalId DurationSeconds Policy PolicyArns.member.N.arn Tags.member.N.Key" +
				" Tags.member.N.Value TransitiveTagKeys.member.N SourceIdentity",
		},
	}
}

func (c *call) getCallerIdentity() (effect, error) {
	c.entry.Reason = "everybody may ask who they are"
	return answering(&struct {
		Account string
		Arn     string
		UserID  string `xml:"UserId"`
	}{c.account.id, c.caller.arn, c.caller.userID}), nil
}

var (
	sessionNamePattern = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
	externalIDPattern  = regexp.MustCompile(`^[\w+=,.@:/-]+$`) // 2 to 1,224 characters
)

// The longest inline and managed session policies together.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const largestSessionPolicy = 2048

type assumedRole struct {
	User struct {
		ARN string `xml:"Arn"`
		ID  string `xml:"AssumedRoleId"`
	} `xml:"AssumedRoleUser"`
	Credentials struct {
		AccessKeyID     string `xml:"AccessKeyId"`
		SecretAccessKey string
		SessionToken    string
		Expiration      string
	}
	SourceIdentity string `xml:",omitempty"`
}

func (c *call) assumeRole() (effect, error) {
	arn := c.form.get("RoleArn")
	c.entry.Resource = arn
	seconds, err := c.checkAssumeRole()
	if err != nil {
		return nil, err
	}
	r := c.server.roleByARN(arn)
	if err := c.mayAssume(r, arn); err != nil {
		return nil, err
	}
	if seconds > r.maxSession {
		return nil, validationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	if c.caller.role != nil && seconds > 3600 {
		return nil, validationError("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	}
	if r.account.disabled[c.region] {
		return nil, errorf(http.StatusForbidden, "RegionDisabledException", "STS is not activated in this region for account:%s. "+
			"Your account administrator can activate STS in this region using the IAM Console.", r.account.id)
	}
	who := r.as(c.form.get("RoleSessionName"))
	if who.sessionOnly, err = c.sessionPolicies(r); err != nil {
		return nil, err
	}
	who.tags, who.transitive = c.sessionTags(r)
	who.sourceIdentity = c.sourceIdentity()
	return func() (any, error) {
		return c.server.openSession(who, c.server.now().Add(time.Duration(seconds)*time.Second)), nil
	}, nil
}

// checkAssumeRole checks the shape of the parameters and returns the duration.
func (c *call) checkAssumeRole() (int, error) {
	seconds := 3600
	if text := c.form.get("DurationSeconds"); text != "" {
		var err error
		if seconds, err = strconv.Atoi(text); err != nil || seconds < 900 || seconds > 43200 {
			return 0, validationError("1 validation error detected: Value '%s' at 'durationSeconds' failed to satisfy constraint: Member must be between 900 and 43200", text)
		}
	}
	if name := c.form.get("RoleSessionName"); !sessionNamePattern.MatchString(name) {
		return 0, validationError("1 validation error detected: Value '%s' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*", name)
	}
	if id := c.form.get("ExternalId"); id != "" && (len(id) < 2 || len(id) > 1224 || !externalIDPattern.MatchString(id)) {
		return 0, validationError("1 validation error detected: Value '%s' at 'externalId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@:\\/-]*", id)
	}
	if arn := c.form.get("RoleArn"); len(arn) < 20 || !strings.HasPrefix(arn, "arn:") {
		return 0, validationError("%s is invalid", arn)
	}
	if id := c.form.get("SourceIdentity"); id != "" && !sessionNamePattern.MatchString(id) {
		return 0, validationError("1 validation error detected: Value '%s' at 'sourceIdentity' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*", id)
	}
	return seconds, c.checkSessionTags()
}

// checkSessionTags refuses tags that no session can have, and those that would take the place of a tag that came along
// with the caller's session. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
func (c *call) checkSessionTags() error {
	tags := c.form.structs("Tags.member")
	if len(tags) > 50 {
		return validationError("1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50")
	}
	named := map[string]bool{}
	for _, tag := range tags {
		key, value := tag.get("Key"), tag.get("Value")
		switch {
		case key == "" || len(key) > 128 || len(value) > 256 || named[key]:
			return validationError("the session tag %q is empty, too long or there twice", key)
		case slices.Contains(c.caller.transitive, key):
			return validationError("One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session: %s", key)
		}
		named[key] = true
	}
	for _, key := range c.form.list("TransitiveTagKeys.member") {
		if !named[key] {
			return validationError("The transitive tag key %q is not the key of a session tag", key)
		}
	}
	return nil
}

// sourceIdentity is who the sessions of a chain of roles say they began with: once set, it stays.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
func (c *call) sourceIdentity() string {
	return cmp.Or(c.caller.sourceIdentity, c.form.get("SourceIdentity"))
}

// mayAssume asks both sides: the trust policy, and the caller's own policies unless the caller is of the same account
// and named by the trust policy itself. All refusals read the same, so that nothing is told about a foreign role.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
func (c *call) mayAssume(r *role, arn string) error {
	actions := []string{"sts:AssumeRole"}
	if len(c.form.structs("Tags.member")) > 0 || len(c.caller.transitive) > 0 {
		actions = append(actions, "sts:TagSession")
	}
	if c.sourceIdentity() != "" {
		actions = append(actions, "sts:SetSourceIdentity")
	}
	refuse := func(action string) error {
		return errorf(http.StatusForbidden, "AccessDenied", "User: %s is not authorized to perform: %s on resource: %s", c.caller.arn, action, arn)
	}
	if asked := c.form.get("SourceIdentity"); asked != "" && asked != c.sourceIdentity() {
		c.entry.Reason = "the caller's session has another source identity"
		return refuse("sts:SetSourceIdentity")
	}
	for _, action := range actions {
		if why := c.trusts(r, arn, action); why != "" {
			c.entry.Reason = why
			return refuse(action)
		}
	}
	c.entry.Reason = "the trust policy of " + arn + " and the caller's own policies allow it"
	return nil
}

// trusts returns why an action on a role is refused, "" when it is not.
func (c *call) trusts(r *role, arn, action string) string {
	if r == nil {
		return "the role does not exist"
	}
	context := c.context(c.trustConditions())
	trust := r.trust.document.Decide(iampolicy.Request{Action: action, Principal: c.caller.forPolicies(c.server.partition), Context: context})
	if trust.Effect != iampolicy.Allow {
		return trust.Reason
	}
	own := c.server.identityAllows(c.caller, context, action, arn)
	byName := r.account == c.account && (trust.Itself || trust.Named && c.server.sessionAllows(c.caller, context, action, arn))
	if own.denied || !own.allowed && !byName {
		return own.reason
	}
	return ""
}

func (c *call) trustConditions() map[string][]string {
	conditions := map[string][]string{"sts:RoleSessionName": {c.form.get("RoleSessionName")}}
	if id := c.form.get("ExternalId"); id != "" {
		conditions["sts:ExternalId"] = []string{id}
	}
	if id := c.sourceIdentity(); id != "" {
		conditions["sts:SourceIdentity"] = []string{id}
	}
	for _, tag := range c.form.structs("Tags.member") {
		conditions["aws:RequestTag/"+tag.get("Key")] = []string{tag.get("Value")}
		conditions["aws:TagKeys"] = append(conditions["aws:TagKeys"], tag.get("Key"))
	}
	if keys := c.form.list("TransitiveTagKeys.member"); len(keys) > 0 {
		conditions["sts:TransitiveTagKeys"] = keys
	}
	return conditions
}

// sessionPolicies returns what narrows the session, nil when nothing does.
func (c *call) sessionPolicies(r *role) ([]*policyDocument, error) {
	var documents []*policyDocument
	inline := c.form.get("Policy")
	size := len(inline)
	if inline != "" {
		document, err := parsePolicy(iampolicy.Session, []byte(inline))
		if err != nil {
			return nil, errorf(http.StatusBadRequest, "MalformedPolicyDocument", "%v", err)
		}
		documents = append(documents, document)
	}
	for _, member := range c.form.structs("PolicyArns.member") {
		policy := c.server.managedPolicy(r.account, member.get("arn"))
		if policy == nil {
			return nil, validationError("the policy %s does not exist or is not attachable in account %s", member.get("arn"), r.account.id)
		}
		size += len(member.get("arn"))
		documents = append(documents, policy.document)
	}
	if size > largestSessionPolicy {
		return nil, errorf(http.StatusBadRequest, "PackedPolicyTooLarge", "Packed size of session policies and tags consumes %d%% of allotted space.", size*100/largestSessionPolicy)
	}
	return documents, nil
}

// sessionTags lays the session's tags, and the transitive ones of the caller's session, over the role's. It returns the
// keys of those that go on to the next session, too.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_role-chaining
func (c *call) sessionTags(r *role) (tags map[string]string, transitive []string) {
	tags = maps.Clone(r.tags)
	if tags == nil {
		tags = map[string]string{}
	}
	for _, tag := range c.form.structs("Tags.member") {
		tags[tag.get("Key")] = tag.get("Value")
	}
	for _, key := range c.caller.transitive {
		tags[key] = c.caller.tags[key]
	}
	return tags, slices.Concat(c.caller.transitive, c.form.list("TransitiveTagKeys.member"))
}

// openSession hands out credentials.
func (s *Server) openSession(who *principal, expires time.Time) *assumedRole {
	open := &session{principal: who, secret: hash([]byte(s.newID("secret"))), token: hash([]byte(s.newID("token"))), callsLeft: -1}
	if s.hostility.SessionCalls > 0 {
		open.callsLeft = s.hostility.SessionCalls
	}
	id := strings.ToUpper(s.newID("ASIA"))
	s.sessions[id] = open
	answer := &assumedRole{SourceIdentity: who.sourceIdentity}
	answer.User.ARN, answer.User.ID = who.arn, who.userID
	answer.Credentials.AccessKeyID, answer.Credentials.SecretAccessKey, answer.Credentials.SessionToken = id, open.secret, open.token
	answer.Credentials.Expiration = expires.Format(time.RFC3339)
	return answer
}
