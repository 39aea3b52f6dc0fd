#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Names, --daemon, --attach, --list and --stop: who gets in, what is seen, what is
# left behind.
# shellcheck source=../lib.sh disable=SC2016,SC2034
. "${0%/*}/../lib.sh"
# shellcheck source=named.sh
. "${0%/*}/named.sh"
need ip ping jq setpriv
begin_named
{
	conf
	echo 'nameserver 192.0.2.53'
	echo 'hosts 10.77.0.1 peer.test'
	echo 'bypass 127.0.0.0/8'
	echo 'sysctl net.ipv4.ip_default_ttl 77'
	echo 'run ip link add from-run type dummy'
} > "$T/nuse.conf"

check "no stack: an empty list" test "$("$NUSE" --list | wc -l)" -eq 0
check "no stack: an empty array" test "$("$NUSE" --list --json | jq length)" = 0
at true
check "no stack to attach to: 125" test "$status" -eq 125
check "and a line" err_has '^nuse: found no stack named t, expected one that nuse --list shows$'

boot
check "--daemon returns with 0" ran_well
check "and the stack is up" has t
home=$(home)
check "its home is a process" test -d "/proc/$home"
check "of its own session" test "$(cut -d' ' -f6 "/proc/$home/stat")" = "$home"
check "in the directory of a user's" test "$(stat -c %a "$T/run/libos")" = 700
boot
check "the name is in use: 125" test "$status" -eq 125
check "one line says so" err_has '^nuse: --name t: a stack of that name is running; .* nuse --stop t$'
in_ns "$NUSE" --name t -o fallback=none true
check "for --name with a program, too" test "$status" -eq 125
check "the first one is still there" has t

# What an attached program sees.
at ip -br address
check "attached: the stack's addresses" out_has "^eth0 .*$OUR4/24"
check "attached: what run lines made" out_has '^from-run '
at cat /etc/resolv.conf /etc/hosts
check "attached: the configuration's name server" out_has '^nameserver 192\.0\.2\.53$'
check "attached: the configuration's hosts" out_has '^10\.77\.0\.1 peer\.test$'
at sh -c '(head -n 1 /etc/hosts) | cat; bash -c "bash -c \"head -n 1 /etc/hosts\""; exec head -n 1 /etc/hosts'
check "and so do its children, and what they execute" test "$(grep -c '^10\.77\.0\.1 peer\.test$' "$T/out")" -eq 3
at cat /proc/sys/net/ipv4/ip_default_ttl
check "attached: the stack's sysctl" out_has '^77$'
at sh -c 'exit 9'
check "attached: exit status" test "$status" -eq 9
at sh -c 'kill -TERM $$'
check "attached: a signal" test "$status" -eq 143
at no-such-program-here
check "attached: no such program" test "$status" -eq 127
NUSECONF=/nonexistent at true
check "attached: NUSECONF is not for it" ran_well
before=$(peer_saw)
at ping -c 3 -i 0.2 -W 10 $PEER4
check "attached: ping through the home's interface" out_has ' 3 received'
check "and the peer saw it" test "$(peer_saw)" -ge $((before + 3))
at ping -c 1 -W 10 peer.test
check "attached: by the name of the hosts line" ran_well
at /usr/bin/python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
c = socket.create_connection(s.getsockname()); print("bypass", s.getsockname()[0])'
check "attached: bypass destinations stay with the host" out_has '^bypass 127.0.0.1$'

# Several at once, and the list.
at_bg "$T/one" sleep 30
one=$AT_PID
at_bg "$T/two" sleep 31
two=$AT_PID
at ip link add seen type dummy
listed()
{
	"$NUSE" --list --json | jq -e --argjson n "$1" '.[0].programs_total == $n'
}
check "the list has the programs" wait_for 5 listed 2
"$NUSE" --list > "$T/out"
check "--list: a line for it" out_has "^t +$home +[0-9.]+ +[0-9]+s .* eth0 +sleep,sleep$"
"$NUSE" --list --json > "$T/out"
check "--list --json: pids of the programs" sh -c "jq -e '[.[0].programs[].pid] | index($one)' '$T/out' > /dev/null"
check "--list --json: the kernel, the home" sh -c \
	"jq -e '.[0].pid == $home and (.[0].kernel | test(\"^6\"))' '$T/out' > /dev/null"
check "--list --json: interfaces, those that were added, too" sh -c \
	"jq -e '[.[0].interfaces[].name] | index(\"eth0\") and index(\"seen\")' '$T/out' > /dev/null"
check "--list --json: traffic" sh -c \
	"jq -e '.[0].interfaces[] | select(.name == \"eth0\") | .rx_packets >= 3 and .tx_bytes > 200' '$T/out' > /dev/null"
kill -9 "$one"
check "a killed program is out of the list" wait_for 5 listed 1
at ping -c 1 -W 10 $PEER4
check "and the stack is unhurt" ran_well

for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	"$NUSE" --attach t cat /proc/sys/net/ipv4/ip_default_ttl &
done > "$T/many" 2>&1
check "twenty at once" wait_for 10 sh -c "[ \$(grep -c '^77\$' '$T/many') -eq 20 ]"

# What an answer has no room for is left out.
for i in $(seq 1500); do echo "link add a-long-nam-$i group 7 type dummy"; done > "$T/links"
at ip -batch "$T/links"
check "1500 links more" ran_well
in_ns "$NUSE" --list --json
check "the list is given" ran_well
check "with its programs and many of the links" sh -c \
	"jq -e '.[0] | (.programs | length > 0) and (.interfaces | length > 400)' '$T/out' > /dev/null"
at ip link delete group 7
check "without them again" ran_well

# Others do not get in.
chmod 755 "$T"
cp "$NUSE" "$T/nuse"
chmod 755 "$T/nuse"
other="setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all"
# shellcheck disable=SC2086
in_ns $other "$T/nuse" --attach t true
check "another user: 125" test "$status" -eq 125
check "and a line" err_has '^nuse: .*(no stack named t|another user)'
# With the directory wide open there still is the question who is asking.
chmod 777 "$T/run" "$T/run/libos"
chmod 666 "$T/run/libos/t"
cat > "$T/knock.py" <<'END'
import errno, socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.settimeout(5)
s.connect(sys.argv[1])
try:
    s.send(bytes.fromhex(sys.argv[2]))
    got = s.recv(65536)
except ConnectionError:
    got = b""
print("answer", 0 if not got else "refused" if struct.pack("i", -errno.EPERM) in got else got)
END
# What a question looks like is seen by being asked one.
cat > "$T/record.py" <<'END'
import os, socket, sys
os.makedirs(sys.argv[1] + "/libos", 0o700)
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind(sys.argv[1] + "/libos/t")
s.listen()
c, a = s.accept()
print(c.recv(65536).hex())
END
mkdir -m 700 "$T/run2"
/usr/bin/python3 "$T/record.py" "$T/run2" > "$T/question" &
pids="$pids $!"
check "a false stack" wait_for 5 test -S "$T/run2/libos/t"
XDG_RUNTIME_DIR="$T/run2" at true
check "which answers nothing: 125" test "$status" -eq 125
check "and a line" err_has '^nuse: --attach t: '
in_ns /usr/bin/python3 "$T/knock.py" "$T/run/libos/t" "$(cat "$T/question")"
check "the user is answered" out_has 'resolv.conf'
# shellcheck disable=SC2086
in_ns $other /usr/bin/python3 "$T/knock.py" "$T/run/libos/t" "$(cat "$T/question")"
check "another user at the socket itself is refused" out_has "^answer (0|refused)\$"
chmod 700 "$T/run/libos" "$T/run"
at true
check "the stack has not minded" ran_well

# Nonsense from the same user.
cat > "$T/nonsense.py" <<'END'
import os, socket, sys
for n in range(200):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect(sys.argv[1])
    try:
        for m in range(n % 4):
            s.send(os.urandom(1 + n * 7 % 1500))
    except ConnectionError:
        pass
    s.close()
END
in_ns /usr/bin/python3 "$T/nonsense.py" "$T/run/libos/t"
check "200 connections with nonsense" ran_well
at true
check "do no harm" ran_well

# The end.
check "it is the home's, still" test "$(home)" = "$home"
stop_stack
check "--stop" ran_well
check "the stack is gone" sh -c "! '$NUSE' --list | grep -q ."
check "its home, too" wait_for 5 gone "$home"
check "and its programs" wait_for 5 gone "$two"
check "and its socket" test ! -e "$T/run/libos/t"
check "counters were written at the stack's end" grep -q '^eth0.tx_frames [1-9]' "$T/stats"
stop_stack
check "--stop of what is not there: 125" test "$status" -eq 125

# SIGTERM to the home, and SIGKILL.
boot
at_bg "$T/two" sleep 32
check "a program is there" wait_for 5 listed 1
kill -TERM "$(home)"
check "SIGTERM ends it" wait_for 5 test ! -e "$T/run/libos/t"
check "with a line in the log" wait_for 2 grep -q '^nuse: t: ended by SIGTERM, with programs that still used it$' "$T/log"
boot
home=$(home)
at_bg "$T/two" /usr/bin/python3 -c 'import socket
s = socket.socket(); s.bind(("10.77.0.2", 81)); s.listen()
print("listening", flush=True)
try: s.accept()
except OSError as e: print("error", e, flush=True)'
client=$AT_PID
check "a program listens" wait_for 5 grep -q listening "$T/two"
kill -KILL "$home"
check "SIGKILL of the home: its client gets an error, at once" wait_for 5 gone "$client"
check "and says so" grep -q '^error' "$T/two"
check "the socket is dead and there" test -S "$T/run/libos/t"
check "a dead stack is not listed" sh -c "! '$NUSE' --list | grep -q ."
check "and its socket has gone" test ! -e "$T/run/libos/t"
boot
check "the name is free again" ran_well
stop_stack

# Without any rights, and without a directory for runtime files: in /tmp.
uid=$((60000 + $$ % 5000))
kernel=$("$NUSE" ${TEST_KERNEL:+--kernel "$TEST_KERNEL"} -n true | sed -n 's/^# kernel: \(.*\) (.*/\1/p')
cp "$kernel" "$T/liblinux.so"
chmod 644 "$T/liblinux.so"
user="env -u XDG_RUNTIME_DIR setpriv --reuid $uid --regid $uid --clear-groups --inh-caps=-all"
# shellcheck disable=SC2086
in_ns $user "$T/nuse" --kernel "$T/liblinux.so" --daemon --name mine
check "a user without rights has stacks, too" ran_well
check "in a directory of the user's in /tmp" test "$(stat -c '%u %a' "/tmp/libos-$uid")" = "$uid 700"
# shellcheck disable=SC2086
in_ns $user "$T/nuse" --attach mine ip -br address
check "attached, without rights" out_has '^eth0 .*10\.0\.2\.15/24'
# shellcheck disable=SC2086
in_ns $user "$T/nuse" --attach mine ping -c 1 -W 10 10.0.2.2
check "ping, without rights" ran_well
check "root has no such stack" sh -c "! '$NUSE' --list | grep -q mine"
# shellcheck disable=SC2086
in_ns $user "$T/nuse" --stop mine
check "and it ends" ran_well
rm -rf "/tmp/libos-$uid"

# What fails while starting is said by the command.
boot -o 'run=false'
check "a run line that fails: --daemon fails" test "$status" -eq 125
check "with its line" err_has "run: 'false' failed with exit status 1"
check "and no name is left" test ! -e "$T/run/libos/t"
finish
