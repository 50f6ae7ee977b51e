// SPDX-License-Identifier: MPL-2.0

package awssim

// settler is a service that shows things late.
type settler interface {
	// Settle makes everything that is late arrive.
	Settle()
}

// Settle makes everything that is late arrive, as it does on AWS when minutes go by.
func (s *Server) Settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.services {
		if late, ok := one.(settler); ok {
			late.Settle()
		}
	}
}
