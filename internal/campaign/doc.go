// SPDX-License-Identifier: MPL-2.0

// Package campaign holds nothing but tests. They let every call of a whole run fail in every way, one after the other,
// and hold against the local AWS's state what the run told: its error, its report item by item, what a rollback restored,
// and what a second run makes of it.
//
// The cases are generated from the journal of a run without faults, so that a new call is part of the campaign without
// anybody thinking of it. The post-processor runs in a bubble of testing/synctest, in which its waits take no time; the
// local AWS is outside, on a real socket. A goroutine that a run leaves behind ends the bubble, and so the test.
package campaign
