#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The documents say what the program does: every key and option is in its manual
# page and in the completion, the pages are clean, the examples are read.
#
# O: the build tree.
set -eu

room=$(cd "$(dirname "$0")/.." && pwd)
top=$(cd "$room/.." && pwd)
NUSE_BUILD=${NUSE_BUILD:-${O:-$top/build}/nuse}
conf=$NUSE_BUILD/tests/test-conf
n=0
fail=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# ok STATUS TEXT
ok()
{
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		[ ! -s "$tmp/out" ] || sed 's/^/#   /' "$tmp/out"
		fail=1
	fi
}

# try TEXT COMMAND...
try()
{
	text=$1
	shift
	: > "$tmp/out"
	if "$@" > "$tmp/out" 2>&1; then ok 0 "$text"; else ok 1 "$text"; fi
}

# shellcheck disable=SC2317 # called by name
# Is KEY ($1) defined in the manual page as a key of its own, or in a pair?
in_page()
{
	grep -Eq "^\.(It|Ss|Op|Dl|D1) .*(Cm )?$1( |$)" "$top/man/nuse.conf.5"
}

# shellcheck disable=SC2317 # called by name
in_completion()
{
	sed -n "/^_nuse_if_keys=/,/^$/p" "$room/completion/nuse" | tr "'=\t" '   ' |
		grep -Eq "(^| )$1( |$)"
}

for page in nuse.1 nuse.conf.5 libos.3; do
	if command -v mandoc > /dev/null; then
		# References to pages that are not installed here are no fault.
		mandoc -Tlint -W warning "$top/man/$page" > "$tmp/out" 2>&1 || true
		if [ -s "$tmp/out" ]; then ok 1 "mandoc -Tlint $page"; else ok 0 "mandoc -Tlint $page"; fi
	else
		n=$((n + 1))
		echo "ok $n - mandoc -Tlint $page # SKIP no mandoc"
	fi
done

"$conf" --keys > "$tmp/keys"
while read -r scope key; do
	try "nuse.conf(5) has the key $key ($scope)" in_page "$key"
	[ "$scope" = route ] || try "the completion has the key $key" in_completion "$key"
done < "$tmp/keys"

# The options that cmdline.c knows.
sed -n 's/^	{ "\([a-z-]*\)", \(no\|required\|optional\)_argument.*/\1/p' "$room/cmdline.c" > "$tmp/options"
try "cmdline.c has options" test "$(wc -l < "$tmp/options")" -ge 12
while read -r opt; do
	# mdoc writes "--pcap" as "Fl -pcap".
	try "nuse(1) has --$opt" grep -Eq "^\.It .*Fl -$opt( |$)" "$top/man/nuse.1"
	try "the help has --$opt" grep -q -- "--$opt" "$room/cmdline.c"
	try "the completion has --$opt" grep -Eq -- "--$opt([ '=]|$)" "$room/completion/nuse"
done < "$tmp/options"

for file in "$room"/examples/*.conf; do
	try "example $(basename "$file")" "$conf" --parse "$file"
done

# Configurations shown in the cookbook and in the page.
awk -v dir="$tmp" '
	/^```/ { if (f) { close(f); f = "" } else if ($0 == "```nuse") f = dir "/book" ++i ".conf"; next }
	f { print > f }' "$top/docs/nuse.md" "$top/docs/vpn.md"
awk -v dir="$tmp" '
	/^\.Ed/ { f = "" }
	f { print > f }
	/^\.Bd/ { f = dir "/page" ++i ".conf" }' "$top/man/nuse.conf.5"
for file in "$tmp"/book*.conf "$tmp"/page*.conf; do
	try "shown configuration $(basename "$file" .conf): $(grep -m1 . "$file")" "$conf" --parse "$file"
done

if command -v systemd-analyze > /dev/null; then
	mkdir "$tmp/run"
	sed "s|=nuse |=$NUSE_BUILD/nuse |" "$room/systemd/nuse@.service" > "$tmp/nuse@web.service"
	XDG_RUNTIME_DIR=$tmp/run systemd-analyze --user --man=no verify "$tmp/nuse@web.service" \
		> "$tmp/out" 2>&1 || echo "exit status $?" >> "$tmp/out"
	if [ -s "$tmp/out" ]; then ok 1 "systemd-analyze verify nuse@.service"; else ok 0 "systemd-analyze verify nuse@.service"; fi
else
	n=$((n + 1))
	echo "ok $n - systemd-analyze verify nuse@.service # SKIP no systemd-analyze"
fi

if command -v shellcheck > /dev/null; then
	try "shellcheck" shellcheck -x -P "$room/tests" "$room/completion/nuse" "$room"/tests/*.t "$room"/tests/*.sh
else
	n=$((n + 1))
	echo "ok $n - shellcheck # SKIP no shellcheck"
fi
try "bash reads the completion" bash -n "$room/completion/nuse"

# What is offered for the words $1..., the last of which is being typed.
cat > "$tmp/complete" <<'END'
nuse()
{
	printf 'NAME PID\nweb 1\nweb.two 2\nother 3\n'
}
. "$completion"
COMP_WORDS=(nuse "$@")
COMP_CWORD=$#
_nuse
echo "${COMPREPLY[@]}"
END
# shellcheck disable=SC2317 # called by name
offers()
{
	want=$1
	shift
	got=$(completion="$room/completion/nuse" bash "$tmp/complete" "$@")
	echo "offered: $got"
	[ "$got" = "$want" ]
}
try "--attach completes names of stacks" offers "web web.two" --attach we
try "--stop, too" offers "web web.two other" --stop ''
try "--name does not: it is to be a new one" offers "" --name we
try "options" offers "--daemon" --dae

echo "1..$n"
exit $fail
