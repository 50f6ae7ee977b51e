// SPDX-License-Identifier: MPL-2.0

// Package amishare is the post-processor "ami-share": it reads its configuration, takes the AMIs of the artifact and
// drives what has to happen, from looking at AWS to the report. What has to change is internal/plan's answer, how AWS is
// asked and told internal/awsapi's.
package amishare
