package awssim

import (
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
