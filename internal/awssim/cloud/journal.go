// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// Entry is a line of the journal: about one call, or about one use that EC2 makes of a key in somebody's name.
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

// Note writes a line of the journal.
func (c *Cloud) Note(e Entry) { c.journal = append(c.journal, e) }

// Journal returns all lines so far, oldest first.
func (c *Cloud) Journal() []Entry { return slices.Clone(c.journal) }

// Finish writes the line about a call, with the error that it ended in.
func (c *Call) Finish(err error) {
	c.Entry.finish(c, err)
	c.cloud.Note(*c.Entry)
}

func (e *Entry) finish(c *Call, err error) {
	if c.Caller != nil {
		e.Caller, e.Account = c.Caller.ARN, c.Account.ID
	}
	e.Parameters = c.Form
	if len(c.body) > 0 {
		e.Parameters = map[string]string{"body": string(c.body)}
	}
	e.Status, e.Decision = http.StatusOK, cmp.Or(e.Decision, "allow")
	if err == nil {
		return
	}
	problem := wire.AsError(err)
	e.Status, e.Code, e.Message, e.Decision = problem.Status, problem.Code, problem.Message, "error"
	switch {
	case strings.HasPrefix(problem.Code, "DryRunOperation"):
		e.DryRun, e.Decision = true, "allow"
	case slices.Contains([]string{"UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "AuthFailure"}, problem.Code):
		e.Decision = "deny"
	}
	e.Reason = cmp.Or(e.Reason, problem.Message)
}
