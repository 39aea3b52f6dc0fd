# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# TAP for the room's shell tests; sourced.  $B is the room's build folder.

: "${B:?the build folder of the room}"
GRUN=$B/tests/grun
TMP=$(mktemp -d)
export XDG_CACHE_HOME=$TMP/cache
tap_n=0
tap_failed=0

cleanup() {
	rm -rf "$TMP"
}
trap cleanup EXIT

ok() { # ok STATUS NAME
	tap_n=$((tap_n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_n - $2"
	else
		echo "not ok $tap_n - $2"
		tap_failed=1
	fi
}

skip() { # skip NAME REASON
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

# The wait status of a command, in decimal; its output goes where ours does.
status_of() {
	perl -e 'alarm 60; system { $ARGV[0] } @ARGV; print STDERR "";
		 open F, ">", $ENV{STATUS_FILE}; print F $?;' "$@"
}

# same NAME [GRUN-OPTIONS] -- PROGRAM ARGUMENTS: stdout and wait status, natively
# and under the glue, are the same.
same() {
	local name=$1 opts=() r=0
	shift
	while [ "$1" != -- ]; do
		opts+=("$1")
		shift
	done
	shift
	command -v "$1" >/dev/null || r=1
	STATUS_FILE=$TMP/st1 status_of timeout -k 1 60 "$@" >"$TMP/out1" 2>"$TMP/err1" </dev/null || true
	STATUS_FILE=$TMP/st2 status_of timeout -k 1 60 "$GRUN" "${opts[@]}" "$@" >"$TMP/out2" 2>"$TMP/err2" </dev/null || true
	cmp -s "$TMP/out1" "$TMP/out2" && cmp -s "$TMP/st1" "$TMP/st2" || r=1
	ok $r "$name"
	if [ $r -ne 0 ]; then
		echo "# $name: wait status $(cat "$TMP/st1") natively, $(cat "$TMP/st2") here"
		diff "$TMP/out1" "$TMP/out2" | head -10 | sed 's/^/# /'
		head -c 1000 "$TMP/err2" | sed 's/^/# /'
	fi >&2
}

finish() {
	echo "1..$tap_n"
	exit $tap_failed
}
