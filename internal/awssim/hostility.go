package awssim

import "net/http"

// Hostility are the ways in which AWS is hard to work with. Everything is counted in calls, nothing is random, and the
// zero value is friendly.
type Hostility struct {
	// NewRoleUnknownToKMS is how many calls naming a new role KMS refuses before it knows it.
	NewRoleUnknownToKMS int `json:"new_role_unknown_to_kms,omitempty"`
	// NewGrantUnlisted is how many ListGrants don't show a new grant.
	NewGrantUnlisted int `json:"new_grant_unlisted,omitempty"`
	// NewGrantUnusable is how many uses a new grant does not allow yet.
	NewGrantUnusable int `json:"new_grant_unusable,omitempty"`
	// PageSize is the most that any listing returns at once.
	PageSize int `json:"page_size,omitempty"`
	// ThrottleEveryNthWrite throttles one write call in so many.
	ThrottleEveryNthWrite int `json:"throttle_every_nth_write,omitempty"`
	// SessionCalls is how many calls the credentials of an assumed role are good for.
	SessionCalls int `json:"session_calls,omitempty"`
}

// pageSize returns how much a page holds: what was requested, at most most, less when pages are small.
func (s *Server) pageSize(requested, most int) int {
	size := most
	if requested > 0 {
		size = min(requested, most)
	}
	if s.hostility.PageSize > 0 {
		size = min(size, s.hostility.PageSize)
	}
	return size
}

// throttle refuses every nth write.
func (s *Server) throttle(c *call, op operation) error {
	if !op.write || s.hostility.ThrottleEveryNthWrite == 0 {
		return nil
	}
	s.writes++
	if s.writes%s.hostility.ThrottleEveryNthWrite != 0 {
		return nil
	}
	c.entry.Reason = "throttled"
	switch c.service {
	case "ec2":
		return errorf(http.StatusServiceUnavailable, "RequestLimitExceeded", "Request limit exceeded.")
	case "kms":
		return errorf(http.StatusBadRequest, "ThrottlingException", "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.")
	default:
		return errorf(http.StatusBadRequest, "Throttling", "Rate exceeded")
	}
}
