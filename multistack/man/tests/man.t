#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# man.t - the manual pages are well-formed, and name every option there is
set -eu

if [ -n "${MS_BUILD:-}" ]; then
	PATH=$MS_BUILD:$PATH
	LD_LIBRARY_PATH=$MS_BUILD
	export PATH LD_LIBRARY_PATH
fi
man=$(cd "$(dirname "$0")/.." && pwd)
command -v mandoc >/dev/null || {
	echo "1..0 # SKIP mandoc is not installed"
	exit 0
}

count=0
failed=0
result() {	# STATUS NAME
	count=$((count + 1))
	[ "$1" = 0 ] && echo "ok $count - $2" && return
	echo "not ok $count - $2"
	failed=1
}

text() {	# PAGE
	mandoc -Tutf8 "$1" | sed 's/.\x08//g; s/‐/-/g; s/−/-/g'
}

for page in "$man"/*.[0-9]; do
	complaints=$(mandoc -Tlint -Wwarning "$page" || true)
	status=0
	[ -z "$complaints" ] || status=1
	result $status "$(basename "$page") is well-formed"
	[ -z "$complaints" ] || echo "$complaints" | sed 's/^/# /'
done

documents() {	# PAGE PATTERN HELP...
	page=$1 pattern=$2
	shift 2
	text "$man/$page" >"${tmp:=$(mktemp)}"
	missing=
	for word in $("$@" | grep -oE -- "$pattern" | tr -d ' ' | sort -u); do
		grep -qF -- "$word" "$tmp" || missing="$missing $word"
	done
	status=0
	[ -z "$missing" ] || status=1
	result $status "$page names every option of --help"
	[ -z "$missing" ] || echo "# missing:$missing"
	rm -f "$tmp"
	tmp=
}

tmp=
documents ms-pktgen.1 '^ +-[a-zA-Z]' ms-pktgen -h
documents multistackd.8 '--[a-z-]+' multistackd --help
documents multistackctl.8 '(^ +-[a-z]|--[a-z]+|[a-z]+-(pps|bps|rate))' \
	multistackctl --help

# each reason of a drop, by the name that multistackctl prints
text "$man/multistackctl.8" >"${tmp:=$(mktemp)}"
missing=
reasons=$(sed -n 's/.*\[MS_R_[A-Z_]*\] = { "\([a-z-]*\)".*/\1/p' \
	"$man/../lib/text.c")
for reason in $reasons; do
	[ "$reason" = none ] || grep -qw -- "$reason" "$tmp" ||
		missing="$missing $reason"
done
rm -f "$tmp"
status=0
[ -n "$reasons" ] && [ -z "$missing" ] || status=1
result $status "multistackctl.8 names every reason"
[ -z "$missing" ] || echo "# missing:$missing"

echo "1..$count"
exit $failed
