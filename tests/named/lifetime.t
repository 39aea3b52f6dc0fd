#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# How long a stack lives: longer than the program of nuse, if others use it.
# shellcheck source=../lib.sh disable=SC2016,SC2034
. "${0%/*}/../lib.sh"
# shellcheck source=named.sh
. "${0%/*}/named.sh"
need ip ping jq nc
begin_named

# The stack before may have a client's end to see to, when all that it says is said.
device_free()
{
	ip -n "$NS" link show tap0 | grep -q NO-CARRIER
}

# start NAME-OR-"" COMMAND... - nuse in the foreground
start()
{
	name=$1
	shift
	wait_for 5 device_free || note "the stack before keeps its device"
	in_ns "$NUSE" ${TEST_KERNEL:+--kernel "$TEST_KERNEL"} -c "$T/nuse.conf" \
		--stats="$T/stats" ${name:+--name "$name"} -- "$@"
}

# No client: as ever.
# Whatever else fails, nothing here may hang.
LIMIT=15
start web true
check "--name, and nobody comes: nuse ends with the program" ran_well
check "and the name is gone" test ! -e "$T/run/libos/web"
start web sh -c 'exit 3'
check "exit status" test "$status" -eq 3

mkfifo "$T/go"

# An attached program outlives the home's own.
ip netns exec "$NS" "$NUSE" ${TEST_KERNEL:+--kernel "$TEST_KERNEL"} -c "$T/nuse.conf" \
	--stats="$T/stats" --name web -- sh -c "read -r x < $T/go; exit 5" > "$T/home.out" 2>&1 < /dev/null &
nuse=$!
pids="$pids $nuse"
check "the stack is up" wait_for 10 has web
STACK=web
old=$(home)
at_bg "$T/server" nc -lk 7
check "an attached server" wait_for 10 peer nc -z -w 1 $OUR4 7
check "the counters are not written yet" test ! -s "$T/stats"
echo > "$T/go"
status=0
before=$(date +%s%N)
wait "$nuse" || status=$?
check "nuse ends with its program's status" test "$status" -eq 5
check "the stack is still there" has web
check "in another process" test "$(home)" != "$old"
check "that has no terminal" test "$(cut -d' ' -f7 "/proc/$(home)/stat")" = 0
check "and no pipe of the user's" sh -c "! ls -l /proc/$(home)/fd | grep -qE ' [01] -> (pipe|$T/home)'"
check "the peer still reaches the server" peer sh -c "echo hi | nc -N -w 10 $OUR4 7"
at ping -c 1 -W 10 $PEER4
check "one may attach to it as before" ran_well
home=$(home)
kill "$AT_PID" || show "$T/server"
check "with the last program the stack ends" wait_for 5 gone "$home"
check "the name is gone" test ! -e "$T/run/libos/web"
check "the counters are there" grep -q '^eth0.tx_frames [1-9]' "$T/stats"
check "and count what came later, too" test "$(counter snmp.Icmp.InEchoReps)" -ge 1

# --stop of a stack with a program of its own and one that does not want to go.
ip netns exec "$NS" "$NUSE" ${TEST_KERNEL:+--kernel "$TEST_KERNEL"} -c "$T/nuse.conf" --name web \
	-- sleep 60 > "$T/home.out" 2>&1 < /dev/null &
nuse=$!
pids="$pids $nuse"
check "another one" wait_for 10 has web
at_bg "$T/stubborn" sh -c 'trap "" TERM; echo up; while :; do sleep 0.2 < /dev/null || read -r x < /dev/zero; done'
stubborn=$AT_PID
check "a program that ignores SIGTERM" wait_for 5 grep -q up "$T/stubborn"
stop_stack
check "--stop ends them all the same" ran_well
check "the program" wait_for 5 gone "$stubborn"
status=0
wait "$nuse" || status=$?
check "nuse tells how its own program ended" test "$status" -eq 143

# A child that outlives its parent: the command returns, the pipe is let go.
if start "" sh -c '(exit 0) & wait' && grep -q 'cannot start other processes' "$T/err"; then
	skip "children" "no fork yet"
	finish
fi
cat > "$T/daemon.py" <<'END'
import os, socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("0.0.0.0", 9))
s.listen()
if os.fork():
    os._exit(4)
os.setsid()
null = os.open("/dev/null", os.O_RDWR)
for fd in 0, 1, 2:
    os.dup2(null, fd)
while True:
    c, a = s.accept()
    if c.recv(100).startswith(b"end"):
        sys.exit(0)
    c.send(b"pid %d\n" % os.getpid())
    c.close()
END
status=0
out=$(timeout 10 ip netns exec "$NS" "$NUSE" ${TEST_KERNEL:+--kernel "$TEST_KERNEL"} -c "$T/nuse.conf" \
	--stats="$T/stats" -- /usr/bin/python3 "$T/daemon.py" 2>&1 && echo) || status=$?
check "a daemon: the command returns, with its status" test "$status" -eq 4
: "$out"
check "the daemon serves" sh -c "echo x | ip netns exec $NS nc -N -w 10 $OUR4 9 | grep -q '^pid '"
check "the counters are not written yet" test ! -s "$T/stats"
peer sh -c "echo end | nc -N -w 10 $OUR4 9" || :
check "with the daemon's end the stack ends" wait_for 5 grep -q '^snmp.Tcp.PassiveOpens [2-9]' "$T/stats"

# What a child sees when nuse has gone: the stack, and its files of /etc.
echo 'hosts 10.77.0.1 peer.test' >> "$T/nuse.conf"
start "" sh -c "(until [ -e $T/go2 ]; do sleep 0.05; done; ping -c 1 -W 10 peer.test > $T/late 2>&1) > /dev/null 2>&1 & exit 0"
check "a background job: nuse ends at once" ran_well
: > "$T/go2"
check "the job has the stack and the hosts of the configuration" wait_for 5 grep -q '1 received' "$T/late"

# A daemon of a run line does not keep the stack.
echo 'run /usr/bin/python3 '"$T/helper.py" >> "$T/nuse.conf"
cat > "$T/helper.py" <<'END'
import os, time
if os.fork():
    os._exit(0)
open(os.environ["HELPER"], "w").write(str(os.getpid()))
null = os.open("/dev/null", os.O_RDWR)
for fd in 0, 1, 2:
    os.dup2(null, fd)
time.sleep(60)
END
export HELPER="$T/helper.pid"
start "" sh -c "until [ -s $T/helper.pid ]; do sleep 0.05; done; exit 6"
check "a daemon of a run line: nuse ends with its program" test "$status" -eq 6
check "and the daemon with it" wait_for 5 gone "$(cat "$T/helper.pid")"
finish
