#!/bin/sh
# SPDX-License-Identifier: MPL-2.0

# Turns the rendered pages into the layout of the integrations portal: webdocs.sh RENDERED TARGET.
# A page loses its front matter and its title, which the portal sets itself. Examples in the comments of Go are indented by a
# tab between empty lines, as gofmt wants them: a fenced block loses what all of it has of both. A comment of Go begins with the
# name of what it describes: a page loses "TargetConfig is" and begins with the rest.
set -eu

rendered=$1 target=$2

# page KIND SLUG FILE
page() {
	mkdir -p "$target/components/$1/$2"
	awk '
		NR == 1 && $0 == "---" { front = 1; next }
		front { if ($0 == "---") front = 0; next }
		!started && ($0 == "" || /^# /) { next }
		{ started = 1 }
		/^```/ && !fenced { fenced = 1; lines = 0; tabbed = 1; print; next }
		/^```/ { fenced = 0; flush_block(); print; next }
		fenced { block[++lines] = $0; if ($0 != "" && $0 !~ /^\t/) tabbed = 0; next }
		sub(/^([A-Z][A-Za-z]*)?(Config|Output) is /, "") { $0 = toupper(substr($0, 1, 1)) substr($0, 2) }
		{ print }
		function flush_block(   first, last, i) {
			first = 1; last = lines
			while (first < last && block[first] == "") first++
			while (last > first && block[last] == "") last--
			for (i = first; i <= last; i++) { if (tabbed) sub(/^\t/, "", block[i]); print block[i] }
		}
	' "$3" >"$target/components/$1/$2/README.md"
}

rm -rf "$target/components"
cp "$rendered/README.md" "$target/README.md"
for file in "$rendered"/post-processors/*.mdx; do
	page post-processor "$(basename "$file" .mdx)" "$file"
done
for file in "$rendered"/datasources/*.mdx; do
	page data-source "$(basename "$file" .mdx)" "$file"
done
