// SPDX-License-Identifier: MPL-2.0

package awssim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// EC2Actions and AutoScalingActions are the tables of contents, so that tests can see that they leave nothing out.
func EC2Actions() []string { return actionsOf("ec2:") }

// AutoScalingActions is the same for Auto Scaling.
func AutoScalingActions() []string { return actionsOf("autoscaling:") }

// OrganizationsActions is the same for Organizations.
func OrganizationsActions() []string { return actionsOf("organizations:") }

func actionsOf(prefix string) []string {
	var names []string
	for _, action := range empty().Actions() {
		if name, ok := strings.CutPrefix(action, prefix); ok {
			names = append(names, name)
		}
	}
	return names
}

func empty() *Server {
	s, err := New(World{})
	if err != nil {
		panic(err)
	}
	return s
}

// CoreActions is the same for all other services, as they are named in policies.
func CoreActions() []string {
	return slices.DeleteFunc(empty().Actions(), func(action string) bool {
		service, _, _ := strings.Cut(action, ":")
		return slices.Contains([]string{"ec2", "autoscaling", "organizations"}, service)
	})
}

// Parameters are those that an action takes, of the services with the query protocol.
func Parameters(action string) []string {
	for _, a := range empty().apis {
		for name, op := range a.Actions {
			if a.Permission(name) == action {
				return strings.Fields(op.Params)
			}
		}
	}
	return nil
}

// SetClock makes the time stand still, but for what the clock says.
func (s *Server) SetClock(clock func() time.Time) { s.cloud.SetClock(clock) }

// Census is everything that calls can change: the state, and the numbers of everything that the state leaves out.
func (s *Server) Census() string {
	return fmt.Sprint(string(s.State()), s.Numbers())
}

// ConditionKeys are those that the services declare as their own, in lower case.
func ConditionKeys() []string {
	var keys []string
	for _, a := range empty().apis {
		keys = append(keys, strings.Fields(strings.ToLower(a.ConditionKeys))...)
	}
	return keys
}
