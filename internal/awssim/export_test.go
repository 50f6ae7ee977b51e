package awssim

import (
	"maps"
	"slices"
)

// EC2Actions and AutoScalingActions are the tables of contents, so that tests can see that they leave nothing out.
func EC2Actions() []string {
	return slices.Sorted(maps.Keys((&Server{}).ec2Operations()))
}

// AutoScalingActions is the same for Auto Scaling.
func AutoScalingActions() []string {
	return slices.Sorted(maps.Keys((&Server{}).autoscalingOperations()))
}
