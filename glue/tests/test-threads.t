#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Threads, registers, memory.
set -eu
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

same "10000 threads made and joined" -- "$B/tests/prog-threads" churn 10000
same "2000 detached" -- "$B/tests/prog-threads" detached 2000
same "the first thread ends first" -- "$B/tests/prog-threads" lastexit
same "a thread ends the program" -- "$B/tests/prog-threads" exitgroup
same "a thread ends the program, contained" -k -- "$B/tests/prog-threads" exitgroup
same "a robust mutex's owner dies" -- "$B/tests/prog-threads" robust
same "threads, every call trapped" -n -- "$B/tests/prog-threads" churn 1000
same "registers, red zone, small stacks" -- "$B/tests/prog-regs"
same "the same, every call trapped" -n -- "$B/tests/prog-regs"
same "the same, seccomp" -c -- "$B/tests/prog-regs"
same "memory, images, itself" -- "$B/tests/prog-mem"
same "the same, every call trapped" -n -- "$B/tests/prog-mem"
r=0
"$GRUN" "$B/tests/prog-mem" hosted >"$TMP/out" 2>&1 || r=1
ok $r "the vDSO cannot be seen"

# Programs one after another in a process leave nothing behind.
"$GRUN" -k -r 200 "$B/tests/prog-threads" count >"$TMP/out" 2>&1
first=$(sed -n 100p "$TMP/out")
last=$(tail -1 "$TMP/out")
r=0
# The host merges mappings as their neighbours allow, so their number wanders by a
# dozen; one leaked by each program would be a hundred more.
{ [ "$(wc -l <"$TMP/out")" -eq 200 ] && [ "${first#*,}" = "${last#*,}" ] &&
	[ "${last%% *}" -lt $((${first%% *} + 50)) ]; } || r=1
ok $r "200 programs in a process: fds and mappings of the last as of the 100th ($first, $last)"
r=0
"$GRUN" -k -r 50 "$B/tests/prog-mem" leave >"$TMP/out" 2>&1 || r=1
{ [ "$(wc -l <"$TMP/out")" -eq 50 ] && [ "$(sort -u "$TMP/out" | wc -l)" -eq 1 ]; } || r=1
ok $r "timers, working directory and umask do not outlive a program"
finish
