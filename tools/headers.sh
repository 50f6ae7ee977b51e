#!/bin/sh
# SPDX-License-Identifier: MPL-2.0

# Puts the licence into the first line of each source file that has none: headers.sh
# With "check" it changes nothing, names those files and fails. What is generated is left alone.
set -eu
cd "$(dirname "$0")/.."
mkdir -p .tools
licence='SPDX-License-Identifier: MPL-2.0'

git ls-files --cached --others --exclude-standard -- '*.go' '*.sh' GNUmakefile .ci/run tools/hooks |
	grep -v '\.hcl2spec\.go$' | while IFS= read -r file; do
	[ -f "$file" ] || continue
	head -n 3 "$file" | grep -q "$licence" && continue
	if [ "${1:-}" = check ]; then
		echo "$file"
		continue
	fi
	case $file in
	*.go) { printf '// %s\n\n' "$licence"; cat "$file"; } >"$file.new" ;;
	GNUmakefile) { printf '# %s\n\n' "$licence"; cat "$file"; } >"$file.new" ;;
	*) { head -n 1 "$file"; printf '# %s\n\n' "$licence"; tail -n +2 "$file"; } >"$file.new" ;;
	esac
	cat "$file.new" >"$file" # keeps the mode
	rm "$file.new"
done >.tools/headers.txt
if [ -s .tools/headers.txt ]; then
	echo "without a licence in the first lines (make fmt adds it):" >&2
	cat .tools/headers.txt >&2
	exit 1
fi
