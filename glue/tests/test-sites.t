#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Which system calls are rewritten, and that none escapes.
set -eu
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

# What the decoder finds is what a disassembler lists, and each site but those of
# rt_sigreturn has a method.
# shellcheck disable=SC2001 # a field by its name
coverage() { # coverage NAME FILE LEFT
	local out want sites left
	[ -r "$2" ] || { skip "$1" "no $2"; return 0; }
	out=$("$B/tests/sites" "$2")
	want=$(objdump -d --no-show-raw-insn "$2" | grep -c '	syscall')
	sites=$(sed 's/.* sites \([0-9]*\) .*/\1/' <<<"$out")
	left=$(sed 's/.* left \([0-9]*\) .*/\1/' <<<"$out")
	r=0
	{ [ "$sites" -ge $((want - 2)) ] && [ "$left" -le "$3" ] && [ "$sites" -gt 0 ]; } || r=1
	ok $r "$1: $sites of $want sites; ${out#* }"
}
coverage libc /lib/x86_64-linux-gnu/libc.so.6 1
coverage ld.so /lib64/ld-linux-x86-64.so.2 1
coverage busybox /bin/busybox 1
[ ! -x "$B/tests/prog-go" ] || coverage Go "$B/tests/prog-go" 1
[ ! -x "$B/tests/prog-go" ] || coverage "Go, stripped" "$B/tests/prog-go-stripped" 1

calls() {
	sed -n 's/.*: \([0-9]*\) calls, \([0-9]*\) trapped.*/\1 \2/p' "$TMP/err"
}

# All calls trapped, and all rewritten: the same number arrives, and in the second
# case without a trap.  As many as the kernel's own tracer counts.
for p in "/bin/true" "/bin/ls /usr/include" "/bin/busybox ls /usr/include" \
	 "/usr/bin/sqlite3 :memory: select(1)"; do
	[ -x "${p%% *}" ] || { skip "$p" "not installed"; continue; }
	# shellcheck disable=SC2086 # words are wanted
	"$GRUN" -s -n $p >/dev/null 2>"$TMP/err"
	read -r trapped t1 <<<"$(calls)"
	# shellcheck disable=SC2086
	"$GRUN" -s $p >/dev/null 2>"$TMP/err"
	read -r rewritten t2 <<<"$(calls)"
	r=0
	{ [ "$trapped" = "$t1" ] && [ "$trapped" = "$rewritten" ] && [ "$t2" = 0 ]; } || r=1
	ok $r "$p: $rewritten calls rewritten, $t2 trapped; $trapped when all trap"
	command -v strace >/dev/null || { skip "$p: strace" "no strace"; continue; }
	# execve() is the caller's.
	# shellcheck disable=SC2086
	strace -f -o "$TMP/trace" $p >/dev/null 2>&1
	want=$(grep -c '^[0-9]* *[a-z_0-9]*(' "$TMP/trace")
	r=0
	{ [ "$rewritten" -ge $((want - 1)) ] && [ "$rewritten" -le $((want + 40)) ]; } || r=1
	ok $r "$p: strace sees $want"
done

# Without a net, all the same; and text that could escape is refused.
r=0
{ "$GRUN" -p -s /bin/ls /usr/include >"$TMP/out" 2>"$TMP/err" &&
	/bin/ls /usr/include >"$TMP/want" && cmp -s "$TMP/want" "$TMP/out"; } || r=1
ok $r "ls without a net"
r=0
"$GRUN" -p /bin/busybox true 2>"$TMP/err" || r=$?
[ $r -eq 127 ] && grep -q 'cannot be rewritten' "$TMP/err" && r=0 || r=1
ok $r "a file that cannot be decoded whole is refused without a net"

# The cache: a second process decodes nothing and rewrites the same.
"$GRUN" -s /bin/true 2>"$TMP/err"
a=$(sed 's/.*sites/sites/' "$TMP/err")
r=0
ls "$XDG_CACHE_HOME"/libos/sites/* >/dev/null || r=1
ok $r "sites are kept"
"$GRUN" -s -x /bin/true 2>"$TMP/err"
r=0
[ "$a" = "$(sed 's/.*sites/sites/' "$TMP/err")" ] || r=1
ok $r "with the cache as without"
for f in "$XDG_CACHE_HOME"/libos/sites/*; do
	head -c 100 /dev/urandom >>"$f"
done
"$GRUN" -s /bin/true 2>"$TMP/err"
r=0
[ "$a" = "$(sed 's/.*sites/sites/' "$TMP/err")" ] || r=1
ok $r "a damaged cache is not used"
finish
