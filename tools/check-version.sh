#!/bin/sh
# Fails unless a release's version is the one in version/version.go: check-version.sh 1.2.3
# A binary that reports another version than its name has is refused by Packer's installer.
set -eu
cd "$(dirname "$0")/.."
case $1 in
*[!0-9.]*) echo "$1 is no version of a release: Packer installs none that has more than three numbers" >&2; exit 1 ;;
esac
grep -q "Version = \"$1\"\$" version/version.go || {
	echo "the release is $1, and version/version.go has$(sed -n 's/.*Version = \("[0-9][^"]*"\)$/ \1/p' version/version.go)" >&2
	exit 1
}
