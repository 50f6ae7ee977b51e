// SPDX-License-Identifier: MPL-2.0

// Package amishare is the post-processor "ami-share": it reads its configuration, takes the AMIs of the artifact and
// drives a run, from looking at AWS to the report. internal/plan decides what has to change, internal/awsapi looks and
// changes, and internal/verify looks afterwards.
package amishare
