#!/bin/sh
# Turns the rendered pages into the layout of the integrations portal: webdocs.sh RENDERED TARGET.
# A page loses its front matter and its title, which the portal sets itself.
set -eu

rendered=$1 target=$2

# page KIND SLUG FILE
page() {
	mkdir -p "$target/components/$1/$2"
	awk '
		NR == 1 && $0 == "---" { front = 1; next }
		front { if ($0 == "---") front = 0; next }
		!started && ($0 == "" || /^# /) { next }
		{ started = 1; print }
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
