#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# However a program ends, the wait status is the one it has natively: as the
# process's own program, contained in a process that outlives it, and as the program
# of a home, which only a core ends with it.
set -eu
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

ulimit -c 0
for how in exit exit300 threadexit segv nullcall thread abort fpe ill trap bus overflow term int \
	   pipe alarm spinalarm sigsys sentsegv ignoredsegv blockedsegv resethand again badstack \
	   kill9 rt wildcall wildcalldies none; do
	same "$how" -- "$B/tests/prog-crash" $how
	same "$how, contained" -k -- "$B/tests/prog-crash" $how
	same "$how, as a home" -H -- "$B/tests/prog-crash" $how
done

finish
