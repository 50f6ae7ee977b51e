package awssim

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Entry is the journal's line about one call, or about one use that EC2 makes of a key in somebody's name.
type Entry struct {
	Time      time.Time `json:"time"`
	RequestID string    `json:"request_id"`
	// Caller is the ARN of who signed the call; empty when nobody could be made out.
	Caller  string `json:"caller,omitempty"`
	Account string `json:"account,omitempty"`
	Service string `json:"service,omitempty"`
	// Action with its service, as in "kms:CreateGrant".
	Action string `json:"action,omitempty"`
	Region string `json:"region,omitempty"`
	// Resource that the call is about: an ARN or an id.
	Resource string `json:"resource,omitempty"`
	// Decision is "allow", "deny", or "error" for what failed for another reason than permission.
	Decision string `json:"decision"`
	// Reason of the decision.
	Reason string `json:"reason,omitempty"`
	Status int    `json:"status"`
	Code   string `json:"code,omitempty"`
	// Message of the error.
	Message string `json:"message,omitempty"`
	// DryRun says that the caller only asked whether the call would work.
	DryRun bool `json:"dry_run,omitempty"`
	// Write says that the action can change state.
	Write bool `json:"write,omitempty"`
	// Parameters of the call, as it was sent; secrets are not among them.
	Parameters map[string]string `json:"parameters,omitempty"`
}

// Journal returns all calls so far, oldest first.
func (s *Server) Journal() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.journal)
}

func (e *Entry) finish(c *call, err error) {
	if c.caller != nil {
		e.Caller, e.Account = c.caller.arn, c.account.id
	}
	e.Parameters = c.form
	if len(c.body) > 0 {
		e.Parameters = map[string]string{"body": string(c.body)}
	}
	e.Status, e.Decision = http.StatusOK, cmp.Or(e.Decision, "allow")
	if err == nil {
		return
	}
	problem := asAPIError(err)
	e.Status, e.Code, e.Message, e.Decision = problem.status, problem.code, problem.message, "error"
	switch {
	case strings.HasPrefix(problem.code, "DryRunOperation"):
		e.DryRun, e.Decision = true, "allow"
	case slices.Contains([]string{"UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "AuthFailure"}, problem.code):
		e.Decision = "deny"
	}
	e.Reason = cmp.Or(e.Reason, problem.message)
}

// journalKeyUse writes down a use that EC2 makes of a key in somebody's name.
func (s *Server) journalKeyUse(who *principal, need keyNeed, verdict decision, unusable *apiError) {
	entry := Entry{
		Time: s.now(), Caller: who.arn, Account: who.account.id, Service: "ec2", Action: "kms:" + need.op, Region: need.key.region,
		Resource: need.key.arn, Decision: "allow", Reason: verdict.reason, Status: http.StatusOK,
	}
	switch {
	case !verdict.allowed:
		entry.Decision, entry.Status, entry.Code = "deny", http.StatusBadRequest, "AccessDeniedException"
	case unusable != nil:
		entry.Decision, entry.Status, entry.Code, entry.Reason = "error", unusable.status, unusable.code, unusable.message
	}
	s.journal = append(s.journal, entry)
}

// serveControl answers what is not AWS: GET /_awssim/journal (JSON lines), GET /_awssim/state, POST /_awssim/faults.
func (s *Server) serveControl(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case r.Method == http.MethodGet && r.URL.Path == "/_awssim/journal":
		encoder := json.NewEncoder(w)
		for _, entry := range s.Journal() {
			if encoder.Encode(entry) != nil {
				break
			}
		}
	case r.Method == http.MethodGet && r.URL.Path == "/_awssim/state":
		_, _ = w.Write(s.State()) // the client is gone; there is nobody to tell
	case r.Method == http.MethodPost && r.URL.Path == "/_awssim/faults":
		var fault Fault
		decoder := json.NewDecoder(r.Body)
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&fault); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			break
		}
		if err := s.checkFault(fault); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			break
		}
		s.Fail(fault)
	case strings.HasPrefix(r.URL.Path, "/_awssim/"):
		http.NotFound(w, r)
	default:
		return false
	}
	return true
}
