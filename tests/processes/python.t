#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Python: multiprocessing servers, sockets passed between processes, asyncio and poll
# over files of both kernels in a child.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need python3 setpriv
begin
HERE=${0%/*}
PY=/usr/bin/python3
LIMIT=60

run_nuse $PY "$HERE/shared.py" $OUR4
check "one connection, one listener, many processes" ran_well
check "shared.py: no test failed" sh -c "! grep -v '^ok' '$T/out'"
note "$(grep -c ^ok "$T/out") checks inside"

run_nuse $PY "$HERE/pass.py"
check "sockets passed by SCM_RIGHTS, both ways" ran_well
check "pass.py: no test failed" sh -c "! grep -v '^ok' '$T/out'"

run_nuse $PY "$HERE/mixed.py"
check "poll, select, epoll and asyncio over both kernels' files in a child" ran_well
check "mixed.py: no test failed" sh -c "! grep -v '^ok' '$T/out'"

# The same by one that was root and is nobody: the home has no more rights than its children.
cp "$HERE/mixed.py" "$T/mixed.py"
chmod 755 "$T"
run_nuse setpriv --reuid=65534 --regid=65534 --clear-groups $PY "$T/mixed.py"
check "mixed.py, without privileges" ran_well
check "mixed.py, without privileges: no test failed" sh -c "! grep -v '^ok' '$T/out'"

# A pool of workers that accept from one listener, asked from outside.
start_nuse $PY "$HERE/workers.py" 4310 3
wait_for 10 we_accept 4310 || :
peer $PY "$HERE/asker.py" $OUR4 4310 60 > "$T/asked" 2>&1 || :
check "60 connections to 3 workers are answered: $(cat "$T/asked")" grep -q '^answered 60' "$T/asked"
check "by more than one of them" sh -c "! grep -q 'by 1\$' '$T/asked'"
stop_nuse TERM
check "the workers end" test "$status" -eq 0
proved "workers" snmp.Tcp.PassiveOpens 60
finish
