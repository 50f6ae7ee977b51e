// SPDX-License-Identifier: MPL-2.0

// Package fuzz holds nothing but a fuzz test of the local AWS as a whole. It has a package of its own because the tests of
// awssim itself are linked with the SDK's service clients, which take many minutes to compile for fuzzing.
package fuzz
