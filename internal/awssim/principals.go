package awssim

import (
	"net/http"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
)

// principal is who makes a call: a user, a session of a role, or a service in the name of one.
type principal struct {
	account     *account
	arn         string // the caller's ARN: a user's, or an assumed-role session's
	roleARN     string // of the role behind a session
	uniqueID    string // of the user or role
	userID      string // aws:userid: the unique id, for a session with ":" and its name
	tags        map[string]string
	role        *role             // of a session
	user        *user             // of a user
	sessionOnly []*policyDocument // session policies; nil means none were given
	transitive  []string          // keys of session tags that go on to the next session
	// sourceIdentity of a session, "" for none.
	sourceIdentity string
}

// policyDocument is a parsed policy with the name it has.
type policyDocument = iampolicy.Document

// user is an IAM user with an access key.
type user struct {
	account     *account
	name, arn   string
	id          string
	secret      string
	tags        map[string]string
	policies    []*policyDocument
	accessKeyID string
}

// session are temporary credentials.
type session struct {
	secret, token string
	principal     *principal
	callsLeft     int // -1 means any number
}

func (u *user) principal() *principal {
	return &principal{account: u.account, arn: u.arn, uniqueID: u.id, userID: u.id, tags: u.tags, user: u}
}

// as returns a session of a role.
func (r *role) as(sessionName string) *principal {
	return &principal{
		account: r.account, roleARN: r.arn, uniqueID: r.id, userID: r.id + ":" + sessionName, role: r, tags: r.tags,
		arn: strings.Replace(strings.Replace(r.arn, ":iam:", ":sts:", 1), ":role"+r.path+r.name, ":assumed-role/"+r.name+"/"+sessionName, 1),
	}
}

// identity returns the policies of the user or role.
func (p *principal) identity() []*policyDocument {
	if p.user != nil {
		return p.user.policies
	}
	return p.role.documents()
}

// gone tells whether the principal's role was deleted, or deleted and made again.
func (p *principal) gone() bool {
	return p.role != nil && p.account.roles[p.role.name] != p.role
}

func (p *principal) forPolicies(partition string) iampolicy.Principal {
	return iampolicy.Principal{ARN: p.arn, RoleARN: p.roleARN, AccountID: p.account.id, UniqueID: p.uniqueID, Partition: partition}
}

// authenticate finds out whose signature it is. Nobody is a caller before the signature is verified.
func (s *Server) authenticate(c *call, sig signature, r *http.Request, body []byte) error {
	var who *principal
	secret, open := "", s.sessions[sig.accessKey]
	switch u := s.users[sig.accessKey]; {
	case u != nil:
		secret, who = u.secret, u.principal()
	case open == nil || open.token != r.Header.Get("X-Amz-Security-Token") || open.principal.gone():
		return badToken(c.service)
	default:
		secret, who = open.secret, open.principal
	}
	if !sig.verify(secret, r, body) {
		return badSignature(c.service)
	}
	c.caller, c.account = who, who.account
	if open != nil {
		if open.callsLeft == 0 {
			return expiredToken(c.service)
		}
		open.callsLeft = max(open.callsLeft-1, -1)
	}
	if c.account.disabled[c.region] {
		return badToken(c.service)
	}
	return nil
}

// badToken is how each service refuses an access key that it does not know, which is also what a Region that the account
// has not enabled answers. https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
func badToken(service string) error {
	switch service {
	case "ec2":
		return errorf(http.StatusUnauthorized, "AuthFailure", "AWS was not able to validate the provided access credentials")
	case "kms", "tagging":
		return errorf(http.StatusBadRequest, "UnrecognizedClientException", "The security token included in the request is invalid.")
	default:
		return errorf(http.StatusForbidden, "InvalidClientTokenId", "The security token included in the request is invalid.")
	}
}

func badSignature(service string) error {
	const message = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method."
	switch service {
	case "ec2":
		return badToken(service)
	case "kms", "tagging":
		return errorf(http.StatusBadRequest, "InvalidSignatureException", message)
	default:
		return errorf(http.StatusForbidden, "SignatureDoesNotMatch", message)
	}
}

func expiredToken(service string) error {
	switch service {
	case "ec2":
		return errorf(http.StatusBadRequest, "RequestExpired", "Request has expired.")
	case "kms", "tagging":
		return errorf(http.StatusBadRequest, "ExpiredTokenException", "The security token included in the request is expired")
	default:
		return errorf(http.StatusForbidden, "ExpiredToken", "The security token included in the request is expired")
	}
}

// servicePrincipalOf returns a session that a service has of its role, as Auto Scaling when it launches.
func (s *Server) servicePrincipalOf(roleARN string) (*principal, *apiError) {
	r := s.roleByARN(roleARN)
	if r == nil || r.service == "" {
		return nil, errorf(http.StatusBadRequest, "ValidationError", "The service-linked role %s does not exist", roleARN)
	}
	service, _, _ := strings.Cut(r.service, ".")
	return r.as(service), nil
}

// roleByARN returns a role that exists.
func (s *Server) roleByARN(arn string) *role {
	for _, a := range s.accounts {
		for _, r := range a.roles {
			if r.arn == arn {
				return r
			}
		}
	}
	return nil
}

// uniqueIDOf resolves the ARN of a user or role that exists.
func (s *Server) uniqueIDOf(arn string) (string, bool) {
	if r := s.roleByARN(arn); r != nil {
		return r.id, true
	}
	for _, u := range s.users {
		if u.arn == arn {
			return u.id, true
		}
	}
	return "", false
}

// aliveID tells whether a unique id belongs to a user or role that exists.
func (s *Server) aliveID(id string) bool { return s.arnOfID(id) != "" }

// arnOfID returns the ARN of the user or role with a unique id, "" when it is gone.
func (s *Server) arnOfID(id string) string {
	for _, a := range s.accounts {
		for _, r := range a.roles {
			if r.id == id {
				return r.arn
			}
		}
	}
	for _, u := range s.users {
		if u.id == id {
			return u.arn
		}
	}
	return ""
}
