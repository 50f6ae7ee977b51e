package awssim

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Fault makes calls fail, or take long, on request. It matches the calls that fit all of Action, Account and Region;
// an empty field fits every call.
type Fault struct {
	// Action with its service, as in "kms:CreateGrant".
	Action string `json:"action,omitempty"`
	// Account of the caller.
	Account string `json:"account,omitempty"`
	// Region of the call.
	Region string `json:"region,omitempty"`
	// Nth matching call it happens to, counted from 1; 0 means to every one.
	Nth int `json:"nth,omitempty"`
	// Code and Status of the error; Status is 400 unless given. Without a Code there is no error.
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
	Status  int    `json:"status,omitempty"`
	// Drop closes the connection without an answer.
	Drop bool `json:"drop,omitempty"`
	// AfterEffect lets the call have its effect before it fails or its connection is dropped.
	AfterEffect bool `json:"after_effect,omitempty"`
	// DelayMillis is how much longer the answer takes.
	DelayMillis int `json:"delay_millis,omitempty"`
}

// activeFault counts the calls that a fault matched.
type activeFault struct {
	Fault
	seen int
}

// checkFault returns what makes a fault one that never happens.
func (s *Server) checkFault(f Fault) error {
	switch {
	case f.Action != "" && !slices.Contains(s.Actions(), f.Action):
		return fmt.Errorf("fault: the action %q is not known here; actions have their service in front, as in \"kms:CreateGrant\"", f.Action)
	case f.Account != "" && s.account(f.Account) == nil:
		return fmt.Errorf("fault: the account %q does not exist", f.Account)
	case f.Code == "" && !f.Drop && f.DelayMillis == 0:
		return errors.New("fault: nothing happens: code, drop or delay_millis is missing")
	case f.Nth < 0 || f.DelayMillis < 0 || f.Status != 0 && (f.Status < 400 || f.Status > 599):
		return errors.New("fault: nth and delay_millis are not negative, status is from 400 to 599")
	default:
		return nil
	}
}

// Fail adds a fault. It also counts from now on.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &activeFault{Fault: f})
}

// faultFor counts a call and returns the fault that happens to it, or nil.
func (s *Server) faultFor(c *call) *activeFault {
	var happening *activeFault
	for _, f := range s.faults {
		if !f.matches(c) {
			continue
		}
		f.seen++
		if happening == nil && (f.Nth == 0 || f.Nth == f.seen) {
			happening = f
		}
	}
	return happening
}

func (f *activeFault) matches(c *call) bool {
	return (f.Action == "" || f.Action == c.entry.Action) && (f.Account == "" || f.Account == c.account.id) &&
		(f.Region == "" || f.Region == c.region)
}

// before is what happens to a call before its effect.
func (f *activeFault) before(a *answer) error {
	if f == nil {
		return nil
	}
	a.delay += time.Duration(f.DelayMillis) * time.Millisecond
	if f.AfterEffect {
		return nil
	}
	return f.happen(a)
}

// after is what happens to it after its effect.
func (f *activeFault) after(a *answer) error {
	if f == nil || !f.AfterEffect {
		return nil
	}
	return f.happen(a)
}

func (f *activeFault) happen(a *answer) error {
	a.drop = f.Drop
	switch {
	case f.Drop:
		return errorf(http.StatusInternalServerError, "ConnectionDropped", "the connection is dropped")
	case f.Code == "":
		return nil
	}
	status := f.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	return errorf(status, f.Code, "%s", cmp.Or(f.Message, "fault on request"))
}
