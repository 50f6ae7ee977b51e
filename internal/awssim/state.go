// SPDX-License-Identifier: MPL-2.0

package awssim

import (
	"encoding/json"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
)

func (s *Server) dump() *cloud.Dump {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := cloud.NewDump()
	for _, one := range s.services {
		one.Dump(d)
	}
	return d
}

// State returns everything that sharing can change, in JSON that is equal when the states are: ids and times of what
// comes and goes are left out.
func (s *Server) State() json.RawMessage {
	text, err := json.MarshalIndent(s.dump().State, "", "  ")
	if err != nil {
		panic(err) // strings, numbers and maps of them
	}
	return text
}

// Numbers are those of everything that the state leaves out: instances of an account in a Region, versions of a parameter, reports.
func (s *Server) Numbers() map[string]int { return s.dump().Counts }
