#!/bin/sh
# SPDX-License-Identifier: MPL-2.0

# Prints a version's section of the changelog: release-notes.sh CHANGELOG.md v1.2.3
# Its heading is "## 1.2.3 (Month D, YYYY)"; one that says "(Unreleased)" is no release's yet.
set -eu
notes=$(awk -v version="${2#v}" '
	/^## / { found = ($2 == version && $0 ~ /\([A-Z][a-z]+ [0-9]+, [0-9]+\)/) ; next }
	found { print }
' "$1")
if [ -z "$(printf %s "$notes" | tr -d '[:space:]')" ]; then
	echo "$1 has no section \"## ${2#v} (Month D, YYYY)\" with notes in it" >&2
	exit 1
fi
printf '%s\n' "$notes" | sed '1{/^$/d;}'
