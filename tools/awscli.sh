#!/bin/sh
# SPDX-License-Identifier: MPL-2.0

# Makes sure that there is an AWS CLI of version 2.9 or newer, for the tests of internal/awssim/awscli, and links it as
# .tools/bin/aws. One that is on the PATH will do, and nothing is installed. Without one, root on a system with apt gets the
# package awscli, after a line that says so; everybody else is told what to install.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
link=$root/.tools/bin/aws

# recent_enough FILE: it runs, and is of version 2.9 or newer.
recent_enough() {
	[ -x "$1" ] || return 1
	version=$("$1" --version 2>&1) || return 1
	version=${version#aws-cli/}
	major=${version%%.*}
	minor=${version#*.}
	minor=${minor%%.*}
	case $major$minor in
	*[!0-9]* | '') return 1 ;;
	esac
	[ "$major" -gt 2 ] || { [ "$major" -eq 2 ] && [ "$minor" -ge 9 ]; }
}

# link_one: links the first on the PATH that is recent enough. An older one may come before it.
link_one() {
	before=$IFS
	IFS=:
	for dir in $PATH; do
		IFS=$before
		if recent_enough "$dir/aws"; then
			mkdir -p "$root/.tools/bin"
			ln -sf "$dir/aws" "$link"
			return 0
		fi
	done
	IFS=$before
	return 1
}

# can_install: there is apt, and the right to use it.
can_install() {
	command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]
}

install() {
	echo "there is no AWS CLI of version 2.9 or newer on the PATH: installing Debian's package awscli for the whole system, with apt-get" >&2
	DEBIAN_FRONTEND=noninteractive
	export DEBIAN_FRONTEND
	{ apt-get update && apt-get install -y --no-install-recommends awscli; } >&2
}

hint() {
	case $(uname -s) in
	Darwin) echo "brew install awscli" ;;
	Linux) if command -v apt-get >/dev/null; then echo "sudo apt-get install awscli"; else echo "install the package awscli of your distribution"; fi ;;
	*) echo "install it from AWS's page \"Installing or updating to the latest version of the AWS CLI\"" ;;
	esac
}

if recent_enough "$link" || link_one || { can_install && install && link_one; }; then
	"$link" --version
	exit 0
fi
echo "there is no AWS CLI of version 2.9 or newer on the PATH, which some tests use: $(hint), and run this again" >&2
exit 1
