// SPDX-License-Identifier: MPL-2.0

// Package sdkv1 tests that version 1 of the AWS SDK for Go, with which two of the amazon builders still work, reads the local
// AWS. It is a module of its own, so that nothing else of the project depends on an SDK that is no longer maintained.
package sdkv1
