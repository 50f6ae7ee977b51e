// SPDX-License-Identifier: MPL-2.0

package awssim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Journal returns all calls so far, oldest first.
func (s *Server) Journal() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cloud.Journal()
}

// Fail adds a fault. It counts the calls from now on.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cloud.Fail(f)
}

// Heal takes all faults away.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cloud.Heal()
}

// checkFault refuses a fault that can never happen.
func (s *Server) checkFault(f Fault) error {
	switch {
	case f.Action != "" && !slices.Contains(s.Actions(), f.Action):
		return fmt.Errorf("fault: the action %q is not known here; actions have their service in front, as in \"kms:CreateGrant\"", f.Action)
	case f.Account != "" && s.cloud.AccountByID(f.Account) == nil:
		return fmt.Errorf("fault: the account %q does not exist", f.Account)
	case f.Code == "" && f.Body == "" && !f.Drop && !f.Cut && f.DelayMillis == 0:
		return errors.New("fault: nothing happens: code, body, drop, cut or delay_millis is missing")
	case f.Nth < 0 || f.From < 0 || f.DelayMillis < 0:
		return errors.New("fault: nth, from and delay_millis are not negative")
	case f.Body != "" && f.Status == http.StatusOK:
		return nil
	case f.Status != 0 && (f.Status < 400 || f.Status > 599):
		return errors.New("fault: status is from 400 to 599, or 200 with a body")
	default:
		return nil
	}
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
