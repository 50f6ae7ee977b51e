// SPDX-License-Identifier: MPL-2.0

// Package bench measures what the plugin takes: time against the shortest path of calls that depend on each other, calls against the formula of
// docs/design.md, memory, processor time and sockets of the plugin's own process, in sizes up to 15 Regions and 1,000 accounts, and
// under the rates at which AWS takes calls. It also runs the shell commands of the how-to that the plugin replaces.
//
// The plugin is the real binary, spoken to over Packer's protocol as Packer does; AWS is the local one. Times of one machine mean little, so
// that everything is told as a ratio to its bar, or to something that was measured in the same run.
package bench
