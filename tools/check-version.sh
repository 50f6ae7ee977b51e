#!/bin/sh
# SPDX-License-Identifier: MPL-2.0

# Fails unless a release's version is the one in version/version.go: check-version.sh 1.2.3 [release]
# A binary that reports another version than its name has is refused by Packer's installer. With "release", as for one that is
# published, Go must be of the toolchain line's patch or a newer one: that line is raised for Go's security releases.
set -eu
cd "$(dirname "$0")/.."
case $1 in
*[!0-9.]*) echo "$1 is no version of a release: Packer installs none that has more than three numbers" >&2; exit 1 ;;
esac
grep -q "Version = \"$1\"\$" version/version.go || {
	echo "the release is $1, and version/version.go has$(sed -n 's/.*Version = \("[0-9][^"]*"\)$/ \1/p' version/version.go)" >&2
	exit 1
}
[ "${2:-}" = release ] || exit 0
least=$(sed -n 's/^toolchain go//p' go.mod)
found=$(go env GOVERSION)
found=${found#go}
# number 1.26.11 is 1026011
number() { echo "$1" | awk -F. '{ printf "%d%03d%03d\n", $1, $2, $3 }'; }
if [ "$(number "$found")" -lt "$(number "$least")" ]; then
	echo "this is Go $found, and a release is built with Go $least or newer: older ones have known vulnerabilities" >&2
	exit 1
fi
