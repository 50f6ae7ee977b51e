// SPDX-License-Identifier: MPL-2.0

// Package awscli holds nothing but tests: the AWS CLI, a client that knows nothing of this project, carries out by hand
// on the local AWS what the how-tos for sharing an encrypted AMI with an Auto Scaling group of another account say, and
// leaves out one step at a time.
//
// The tests need an AWS CLI of version 2.9 or newer. tools/awscli.sh finds or installs one, and make test calls it.
package awscli
