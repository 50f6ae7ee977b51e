package awssim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// EC2Actions and AutoScalingActions are the tables of contents, so that tests can see that they leave nothing out.
func EC2Actions() []string {
	return slices.Sorted(maps.Keys((&Server{}).ec2Operations()))
}

// AutoScalingActions is the same for Auto Scaling.
func AutoScalingActions() []string {
	return slices.Sorted(maps.Keys((&Server{}).autoscalingOperations()))
}

// CoreActions is the same for STS, IAM, KMS and the tagging API, as they are named in policies.
func CoreActions() []string {
	s := &Server{}
	s.services = s.tableOfContents()
	return slices.DeleteFunc(s.Actions(), func(action string) bool {
		return strings.HasPrefix(action, "ec2:") || strings.HasPrefix(action, "autoscaling:")
	})
}

// Census is everything that calls can change: the state, and how many there are of what the state leaves out.
func (s *Server) Census() string {
	state := s.State()
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := map[string]int{"keys": len(s.keys), "aliases": len(s.aliases), "sessions": len(s.sessions)}
	for id, a := range s.accounts {
		counts[id+" policies"] = len(a.policies)
		for name, r := range a.roles {
			counts[id+" policies of "+name] = len(r.policies) + 1000*len(r.attached)
		}
		for name, r := range a.regions {
			name := id + " " + name
			counts[name+" volumes"], counts[name+" instances"] = len(r.volumes), len(r.instances)
			counts[name+" key pairs"], counts[name+" security groups"] = len(r.keyPairs), len(r.securityGroups)
			counts[name+" configurations"], counts[name+" templates"] = len(r.configurations), len(r.templates)
			for _, t := range r.templates {
				counts[name+" versions of "+t.name] = len(t.versions) + 1000*t.defaultVersion
			}
		}
	}
	return fmt.Sprint(string(state), counts)
}

// Parameters are those that an action takes, of the services with the query protocol.
func Parameters(action string) []string {
	s := &Server{}
	s.services = s.tableOfContents()
	for _, service := range s.services {
		for name, op := range service.operations {
			if service.permission(name) == action {
				return strings.Fields(op.params)
			}
		}
	}
	return nil
}
