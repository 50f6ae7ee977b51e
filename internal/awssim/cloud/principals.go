// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"net/http"
	"strings"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// Role is an IAM role. A role that is made again under the same name is another role, with another id.
type Role struct {
	Account    *Account
	Name, Path string
	ARN, ID    string
	Trust      TrustPolicy
	Policies   map[string]InlinePolicy
	Attached   map[string]*ManagedPolicy // by ARN
	Boundary   *iampolicy.Document       // nil for none
	MaxSession int
	Service    string // of a service-linked role
	Tags       map[string]string
	Created    time.Time
	Unknown    Lag // calls for which KMS does not know it yet
	ListedByID Lag // listings that show it by its unique id
	OldTrust   Stale[TrustPolicy]
}

// Role returns a role by its name, nil when the account has none. Names that differ in case only are one name.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func (a *Account) Role(name string) *Role {
	if r := a.Roles[name]; r != nil {
		return r
	}
	for other, r := range a.Roles {
		if strings.EqualFold(other, name) {
			return r
		}
	}
	return nil
}

// SetTrust changes who may assume the role. As many calls as the lag says are decided by what was before.
func (r *Role) SetTrust(now TrustPolicy, lag Lag) {
	r.OldTrust.Change(r.Trust, lag)
	r.Trust = now
}

// TrustPolicy says who may assume a role. Without a document it is nobody.
type TrustPolicy struct {
	Document *iampolicy.Document // bound to the principals as they were
	Text     []byte
}

// InlinePolicy is an inline policy of a role, with its text as it was put.
type InlinePolicy struct {
	Document *iampolicy.Document
	Text     []byte
}

// ManagedPolicy is a policy of an account that roles and sessions name by ARN.
type ManagedPolicy struct {
	ARN      string
	Document *iampolicy.Document
	Text     []byte
}

// documents are all identity policies of the role, inline and attached.
func (r *Role) documents() []*iampolicy.Document {
	var documents []*iampolicy.Document
	for _, policy := range SortedValues(r.Policies) {
		documents = append(documents, policy.Document)
	}
	for _, policy := range SortedValues(r.Attached) {
		documents = append(documents, policy.Document)
	}
	return documents
}

// ManagedPolicy returns a managed policy of an account, nil when it has none of that ARN.
func (c *Cloud) ManagedPolicy(a *Account, arn string) *ManagedPolicy { return a.Policies[arn] }

// Principal is who makes a call: a user, a session of a role, or a service in the name of one.
type Principal struct {
	Account     *Account
	ARN         string // the caller's ARN: a user's, or an assumed-role session's
	RoleARN     string // of the role behind a session
	UniqueID    string // of the user or role
	UserID      string // aws:userid: the unique id, for a session with ":" and its name
	Tags        map[string]string
	Role        *Role                 // of a session
	user        *User                 // of a user
	SessionOnly []*iampolicy.Document // session policies; nil means none were given
	Transitive  []string              // keys of session tags that go on to the next session
	// SourceIdentity of a session, "" for none.
	SourceIdentity string
	Issued         time.Time // when a session's credentials were
}

// User is an IAM user with an access key.
type User struct {
	Account     *Account
	Name, ARN   string
	ID          string
	Secret      string
	Tags        map[string]string
	Policies    []*iampolicy.Document // inline and attached
	Boundary    *iampolicy.Document   // nil for none
	AccessKeyID string
}

// Session are temporary credentials.
type Session struct {
	Secret, Token string
	Principal     *Principal
	CallsLeft     int // -1 means any number
}

func (u *User) principal() *Principal {
	return &Principal{Account: u.Account, ARN: u.ARN, UniqueID: u.ID, UserID: u.ID, Tags: u.Tags, user: u}
}

// As returns a session of a role.
func (r *Role) As(sessionName string, issued time.Time) *Principal {
	return &Principal{
		Issued: issued, Account: r.Account, RoleARN: r.ARN, UniqueID: r.ID, UserID: r.ID + ":" + sessionName, Role: r, Tags: r.Tags,
		ARN: strings.Replace(strings.Replace(r.ARN, ":iam:", ":sts:", 1), ":role"+r.Path+r.Name, ":assumed-role/"+r.Name+"/"+sessionName, 1),
	}
}

// identity returns the policies of the user or role.
func (p *Principal) identity() []*iampolicy.Document {
	if p.user != nil {
		return p.user.Policies
	}
	return p.Role.documents()
}

// boundary returns the permissions boundary of the user or role, nil for none.
func (p *Principal) boundary() *iampolicy.Document {
	if p.user != nil {
		return p.user.Boundary
	}
	return p.Role.Boundary
}

// gone tells whether the principal's role was deleted, or deleted and made again.
func (p *Principal) gone() bool {
	return p.Role != nil && p.Account.Roles[p.Role.Name] != p.Role
}

// ForPolicies is the principal as policies see it.
func (p *Principal) ForPolicies(partition string) iampolicy.Principal {
	return iampolicy.Principal{
		ARN: p.ARN, RoleARN: p.RoleARN, AccountID: p.Account.ID, UniqueID: p.UniqueID, Partition: partition, Bounded: p.boundary() != nil,
	}
}

// Authenticate finds out whose signature it is. There is no caller before the signature is verified.
func (c *Call) Authenticate(sig wire.Signature, r *http.Request, body []byte) error {
	var who *Principal
	secret, open := "", c.cloud.Sessions[sig.AccessKey]
	switch u := c.cloud.Users[sig.AccessKey]; {
	case u != nil:
		secret, who = u.Secret, u.principal()
	case open == nil || open.Token != r.Header.Get("X-Amz-Security-Token") || open.Principal.gone():
		return c.API.badToken()
	default:
		secret, who = open.Secret, open.Principal
	}
	if !sig.Verify(secret, r, body) {
		return c.API.badSignature()
	}
	if !sig.Fresh(r, time.Now()) {
		return c.API.tooOld()
	}
	c.Caller, c.Account = who, who.Account
	if open != nil {
		if open.CallsLeft == 0 {
			return c.API.expired()
		}
		open.CallsLeft = max(open.CallsLeft-1, -1)
	}
	if c.API.Scope == nil && c.Account.Disabled[c.Region] {
		return c.API.badToken()
	}
	return nil
}

// ServicePrincipal returns a session that a service has of its role, as Auto Scaling when it launches.
func (c *Cloud) ServicePrincipal(roleARN string) (*Principal, *wire.Error) {
	r := c.RoleByARN(roleARN)
	if r == nil || r.Service == "" {
		return nil, wire.Errorf(http.StatusBadRequest, "ValidationError", "The service-linked role %s does not exist", roleARN)
	}
	session, _, _ := strings.Cut(r.Service, ".")
	if session == "autoscaling" {
		session = "AutoScaling" // as CloudTrail shows it
	}
	return r.As(session, c.Now()), nil
}

// RoleByARN returns a role that exists.
func (c *Cloud) RoleByARN(arn string) *Role {
	a, name := c.ownerOf(arn)
	if a == nil || a.Roles[name] == nil || a.Roles[name].ARN != arn {
		return nil
	}
	return a.Roles[name]
}

// UniqueIDOf resolves the ARN of a user or role that exists.
func (c *Cloud) UniqueIDOf(arn string) (string, bool) {
	if r := c.RoleByARN(arn); r != nil {
		return r.ID, true
	}
	a, name := c.ownerOf(arn)
	if a == nil || a.Users[name] == nil || a.Users[name].ARN != arn {
		return "", false
	}
	return a.Users[name].ID, true
}

// Bind ties a policy to the users and roles that it names, as they are now, and returns those that don't exist, accounts and sessions
// of missing roles among them. AWS does not save a policy that names one.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func (c *Cloud) Bind(document *iampolicy.Document, known func(arn string) (string, bool)) (*iampolicy.Document, []string) {
	bound, unknown := document.Bind(known)
	for _, name := range document.Unbound() {
		if !c.exists(name) {
			unknown = append(unknown, name)
		}
	}
	return bound, unknown
}

// exists tells whether somebody has an account, given by its id or ARN, or the role of a session.
func (c *Cloud) exists(name string) bool {
	parts := strings.SplitN(name, ":", 6)
	if len(parts) < 6 {
		return c.AccountByID(name) != nil
	}
	a := c.AccountByID(parts[4])
	if a == nil || parts[5] == "root" {
		return a != nil
	}
	return len(strings.Split(parts[5], "/")) == 3 && a.Role(strings.Split(parts[5], "/")[1]) != nil
}

// ownerOf takes the ARN of a user or role apart. It looks at no other: there can be thousands of accounts.
func (c *Cloud) ownerOf(arn string) (a *Account, name string) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return nil, ""
	}
	return c.AccountByID(parts[4]), parts[5][strings.LastIndex(parts[5], "/")+1:]
}

// AliveID tells whether a unique id belongs to a user or role that exists.
func (c *Cloud) AliveID(id string) bool { return c.arnOfID(id) != "" }

// arnOfID returns the ARN of the user or role with a unique id, "" when it is gone.
func (c *Cloud) arnOfID(id string) string {
	for _, a := range c.Accounts {
		for _, r := range a.Roles {
			if r.ID == id {
				return r.ARN
			}
		}
	}
	for _, u := range c.Users {
		if u.ID == id {
			return u.ARN
		}
	}
	return ""
}
