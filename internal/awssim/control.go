// SPDX-License-Identifier: MPL-2.0

package awssim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/page"
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

// serveControl answers what is not AWS: the page for people at /_awssim/, its journal (JSON lines) and state, and POST /_awssim/faults.
func (s *Server) serveControl(w http.ResponseWriter, r *http.Request) bool {
	if !strings.HasPrefix(r.URL.Path, control) {
		return false
	}
	switch r.Method + " " + strings.TrimPrefix(r.URL.Path, control) {
	case "GET ":
		page.Serve(w, r.URL.Query(), s.shown())
	case "GET page.css":
		page.ServeStyle(w)
	case "GET journal":
		encoder := json.NewEncoder(w)
		for _, entry := range s.Journal() {
			if encoder.Encode(entry) != nil {
				break
			}
		}
	case "GET state":
		_, _ = w.Write(s.State()) // the client is gone; there is nobody to tell
	case "POST faults":
		if err := s.takeFault(r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	default:
		http.NotFound(w, r)
	}
	return true
}

const control = "/_awssim/"

// shown is what the page for people shows.
func (s *Server) shown() page.Source {
	names := map[string]string{}
	for _, a := range s.cloud.Accounts { // never changes
		names[a.ID] = a.Name
	}
	return page.Source{Names: names, State: s.State(), Journal: s.Journal()}
}

// takeFault adds the fault of a request.
func (s *Server) takeFault(r *http.Request) error {
	var fault Fault
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&fault); err != nil {
		return err
	}
	if err := s.checkFault(fault); err != nil {
		return err
	}
	s.Fail(fault)
	return nil
}
