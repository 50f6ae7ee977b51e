// SPDX-License-Identifier: MPL-2.0

package sts

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// api is STS. AssumeRole is decided by the role's trust policy as well.
func (s *Service) api() *cloud.API {
	return &cloud.API{
		Name: "sts", Protocol: wire.Query, Version: "2011-06-15", Namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		Actions: cloud.Actions(actions(), s.bind), ConditionKeys: "sts:ExternalId sts:RoleSessionName sts:SourceIdentity sts:TransitiveTagKeys",
	}
}

func actions() map[string]action {
	return map[string]action{
		"GetCallerIdentity": {Open: true, Handle: (*call).getCallerIdentity},
		"AssumeRole": {
			Open: true, Handle: (*call).assumeRole,
			Params: "RoleArn RoleSessionName ExternalId DurationSeconds Policy PolicyArns.member.N.arn Tags.member.N.Key" +
				" Tags.member.N.Value TransitiveTagKeys.member.N SourceIdentity",
		},
		"AssumeRoleWithWebIdentity": {Unsigned: true, Handle: (*call).assumeRoleWithWebIdentity, Params: webIdentityParams},
	}
}

func (c *call) getCallerIdentity() (cloud.Effect, error) {
	c.Entry.Reason = "everybody may ask who they are"
	return cloud.Answer(&struct {
		Account string
		Arn     string
		UserID  string `xml:"UserId"`
	}{c.Account.ID, c.Caller.ARN, c.Caller.UserID}), nil
}

var (
	sessionNamePattern = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
	externalIDPattern  = regexp.MustCompile(`^[\w+=,.@:/-]+$`) // 2 to 1,224 characters
)

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
	SourceIdentity   string `xml:",omitempty"`
	PackedPolicySize int    `xml:",omitempty"`
}

func (c *call) assumeRole() (cloud.Effect, error) {
	arn := c.Form.Get("RoleArn")
	c.Entry.Resource = arn
	seconds, err := c.checkAssumeRole()
	if err != nil {
		return nil, err
	}
	r := c.RoleByARN(arn)
	if err := c.mayAssume(r, arn); err != nil {
		return nil, err
	}
	if seconds > r.MaxSession {
		return nil, wire.ValidationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	if c.Caller.Role != nil && seconds > 3600 {
		return nil, wire.ValidationError("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	}
	if r.Account.Disabled[c.Region] {
		return nil, wire.Errorf(http.StatusForbidden, "RegionDisabledException", "STS is not activated in this region for account:%s. "+
			"Your account administrator can activate STS in this region using the IAM Console.", r.Account.ID)
	}
	who, packed, err := c.comeIn(r)
	if err != nil {
		return nil, err
	}
	who.Tags, who.Transitive = c.sessionTags(r)
	who.SourceIdentity = c.sourceIdentity()
	return func() (any, error) {
		answer := c.openSession(who, c.Now().Add(time.Duration(seconds)*time.Second))
		answer.PackedPolicySize = packed
		return answer, nil
	}, nil
}

// comeIn returns the caller that a role becomes in the session that is asked for, and how many percent of the packed space its policies
// and tags take.
func (c *call) comeIn(r *cloud.Role) (who *cloud.Principal, packed int, err error) {
	who = r.As(c.Form.Get("RoleSessionName"), c.Now())
	if who.SessionOnly, err = c.sessionPolicies(r); err != nil {
		return nil, 0, err
	}
	packed, err = c.pack()
	return who, packed, err
}

// checkAssumeRole checks the shape of the parameters and returns the duration.
func (c *call) checkAssumeRole() (int, error) {
	seconds := 3600
	if text := c.Form.Get("DurationSeconds"); text != "" {
		var err error
		if seconds, err = strconv.Atoi(text); err != nil || seconds < 900 || seconds > 43200 {
			return 0, wire.ValidationError("1 validation error detected: Value '%s' at 'durationSeconds' failed to satisfy constraint: Member must be between 900 and 43200", text)
		}
	}
	if name := c.Form.Get("RoleSessionName"); !sessionNamePattern.MatchString(name) {
		return 0, wire.ValidationError("1 validation error detected: Value '%s' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*", name)
	}
	if id := c.Form.Get("ExternalId"); id != "" && (len(id) < 2 || len(id) > 1224 || !externalIDPattern.MatchString(id)) {
		return 0, wire.ValidationError("1 validation error detected: Value '%s' at 'externalId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@:\\/-]*", id)
	}
	if arn := c.Form.Get("RoleArn"); len(arn) < 20 || !strings.HasPrefix(arn, "arn:") {
		return 0, wire.ValidationError("%s is invalid", arn)
	}
	if id := c.Form.Get("SourceIdentity"); id != "" && !sessionNamePattern.MatchString(id) {
		return 0, wire.ValidationError("1 validation error detected: Value '%s' at 'sourceIdentity' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*", id)
	}
	return seconds, c.checkSessionTags()
}

// checkSessionTags refuses tags that no session can have, and those that would take the place of a tag that came along
// with the caller's session. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
func (c *call) checkSessionTags() error {
	tags := c.Form.Structs("Tags.member")
	if len(tags) > 50 {
		return wire.ValidationError("1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50")
	}
	named := map[string]bool{}
	for _, tag := range tags {
		key, value := tag.Get("Key"), tag.Get("Value")
		switch {
		case key == "" || len(key) > 128 || len(value) > 256 || named[key]:
			return wire.ValidationError("the session tag %q is empty, too long or there twice", key)
		case slices.Contains(c.transitive(), key):
			return wire.ValidationError("One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session: %s", key)
		}
		named[key] = true
	}
	for _, key := range c.Form.List("TransitiveTagKeys.member") {
		if !named[key] {
			return wire.ValidationError("The transitive tag key %q is not the key of a session tag", key)
		}
	}
	return nil
}

// transitive are the keys of tags that come along with the caller's session. Who comes with a token has none.
func (c *call) transitive() []string {
	if c.Caller == nil {
		return nil
	}
	return c.Caller.Transitive
}

// SourceIdentity is who the sessions of a chain of roles say they began with: once set, it stays.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
func (c *call) sourceIdentity() string {
	return cmp.Or(c.Caller.SourceIdentity, c.Form.Get("SourceIdentity"))
}

// mayAssume asks the trust policy of the role, and the caller's own policies unless the caller is of the same account and the
// trust policy names it. Refusals read the same whether a role of another account exists or not. Explicit denies are told, and
// what limits the caller: its organization, its session and its boundary.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func (c *call) mayAssume(r *cloud.Role, arn string) error {
	actions := []string{"sts:AssumeRole"}
	if len(c.Form.Structs("Tags.member")) > 0 || len(c.Caller.Transitive) > 0 {
		actions = append(actions, "sts:TagSession")
	}
	if c.sourceIdentity() != "" {
		actions = append(actions, "sts:SetSourceIdentity")
	}
	if asked := c.Form.Get("SourceIdentity"); asked != "" && asked != c.sourceIdentity() {
		return c.refuse("sts:SetSourceIdentity", arn, cloud.Decision{Reason: "the caller's session has another source identity"})
	}
	for _, action := range actions {
		if verdict := c.trusts(r, arn, action); !verdict.Allowed {
			return c.refuse(action, arn, verdict)
		}
	}
	c.Entry.Reason = "the trust policy of " + arn + " and the caller's own policies allow it"
	return nil
}

func (c *call) refuse(action, arn string, verdict cloud.Decision) error {
	c.Entry.Reason = verdict.Reason
	text := fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s", c.Caller.ARN, action, arn)
	return wire.Errorf(http.StatusForbidden, "AccessDenied", "%s", strings.TrimSpace(text+" "+verdict.Words))
}

// trusts decides an action on a role, nil for one that does not exist.
func (c *call) trusts(r *cloud.Role, arn, action string) cloud.Decision {
	context := c.Context(c.trustConditions())
	if r != nil {
		maps.Copy(context, cloud.TagConditions("iam", r.Tags))
	}
	own := c.IdentityAllows(c.Caller, context, action, arn)
	if own.Denied {
		return own
	}
	if !slices.Contains([]iampolicy.Kind{iampolicy.Session, iampolicy.Boundary}, own.Kind) {
		own.Words = "" // it does not tell of which side nothing allows
	}
	if r == nil {
		return cloud.Decision{Reason: "the role does not exist"}
	}
	policy := r.OldTrust.See(r.Trust).Document
	if policy == nil {
		return cloud.Decision{Reason: "STS does not know the role yet"}
	}
	trust := policy.Decide(iampolicy.Request{Action: action, Resource: arn, Principal: c.Caller.ForPolicies(c.Partition), Context: context})
	byName := r.Account == c.Account && (trust.Itself || trust.Named && c.SessionAllows(c.Caller, context, action, arn))
	if trust.Effect == iampolicy.Allow && !byName {
		return own
	}
	return cloud.DecisionOf(trust, action)
}

func (c *call) trustConditions() map[string][]string {
	conditions := map[string][]string{"sts:RoleSessionName": {c.Form.Get("RoleSessionName")}}
	if id := c.Form.Get("ExternalId"); id != "" {
		conditions["sts:ExternalId"] = []string{id}
	}
	if id := c.sourceIdentity(); id != "" {
		conditions["sts:SourceIdentity"] = []string{id}
	}
	for _, tag := range c.Form.Structs("Tags.member") {
		conditions["aws:RequestTag/"+tag.Get("Key")] = []string{tag.Get("Value")}
		conditions["aws:TagKeys"] = append(conditions["aws:TagKeys"], tag.Get("Key"))
	}
	if keys := c.Form.List("TransitiveTagKeys.member"); len(keys) > 0 {
		conditions["sts:TransitiveTagKeys"] = keys
	}
	return conditions
}

// sessionTags lays the session's tags, and the transitive ones of the caller's session, over the role's. It returns the
// keys of those that go on to the next session, too.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_role-chaining
func (c *call) sessionTags(r *cloud.Role) (tags map[string]string, transitive []string) {
	tags = maps.Clone(r.Tags)
	if tags == nil {
		tags = map[string]string{}
	}
	for _, tag := range c.Form.Structs("Tags.member") {
		tags[tag.Get("Key")] = tag.Get("Value")
	}
	for _, key := range c.Caller.Transitive {
		tags[key] = c.Caller.Tags[key]
	}
	return tags, slices.Concat(c.Caller.Transitive, c.Form.List("TransitiveTagKeys.member"))
}

// openSession hands out credentials.
func (s *Service) openSession(who *cloud.Principal, expires time.Time) *assumedRole {
	open := &cloud.Session{Principal: who, Secret: wire.Hash([]byte(s.NewID("secret"))), Token: wire.Hash([]byte(s.NewID("token"))), CallsLeft: -1}
	if s.Hostility.SessionCalls > 0 {
		open.CallsLeft = s.Hostility.SessionCalls
	}
	id := strings.ToUpper(s.NewID("ASIA"))
	s.Sessions[id] = open
	answer := &assumedRole{SourceIdentity: who.SourceIdentity}
	answer.User.ARN, answer.User.ID = who.ARN, who.UserID
	answer.Credentials.AccessKeyID, answer.Credentials.SecretAccessKey, answer.Credentials.SessionToken = id, open.Secret, open.Token
	answer.Credentials.Expiration = expires.Format(time.RFC3339)
	return answer
}
