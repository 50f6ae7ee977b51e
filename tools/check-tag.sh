#!/bin/sh
# SPDX-License-Identifier: MPL-2.0

# Fails unless a tag can be released: check-tag.sh v1.2.3 origin/main
# Its commit is one that the branch has, since what gets there was reviewed; its version is the one in the source; and the changelog has its notes.
set -eu
cd "$(dirname "$0")/.."
git merge-base --is-ancestor "$1^{commit}" "$2" || {
	echo "the tag $1 is not on $2: only what is there is released" >&2
	exit 1
}
tools/check-version.sh "${1#v}"
tools/release-notes.sh CHANGELOG.md "$1" >/dev/null
