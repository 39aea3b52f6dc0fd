#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Children that do not use the stack are no clients of it, those that come to use it
# are, and what never came does not keep the home.
# shellcheck source=../lib.sh disable=SC2016
. "${0%/*}/../lib.sh"
need python3 ip
begin
LIMIT=60

run_nuse /usr/bin/python3 "${0%/*}/quiet.py"
check "children of the home" ran_well
check "all of it" sh -c "! grep -v '^ok' '$T/out' && [ \$(wc -l < '$T/out') -eq 11 ]"
run_nuse sh -c '/usr/bin/python3 "$1"; exit $?' sh "${0%/*}/quiet.py"
check "children of a client" ran_well
check "all of it" sh -c "! grep -v '^ok' '$T/out' && [ \$(wc -l < '$T/out') -eq 11 ]"

empty()
{
	[ -z "$(ip netns pids "$NSX")" ]
}

# A stack with clients goes on in another process when its program ends.
left=0
for _ in 1 2 3 4 5 6 7 8 9 10; do
	run_nuse sh -c 'true; /bin/true; (exit 3)'
	[ "$status" -eq 3 ] || left=$((left + 1))
	empty || left=$((left + 1))
done
check "the home ends with its program ($left of 10 did not)" test "$left" -eq 0
run_nuse sh -c 'sleep 200 > /dev/null 2>&1 < /dev/null & echo $!'
last=$(tail -n 1 "$T/out")
check "but not while there is one left" sh -c 'ip netns pids "$1" | grep -qvx "$2"' sh "$NSX" "$last"
kill "$last"
check "which ends" wait_for 5 empty
finish
