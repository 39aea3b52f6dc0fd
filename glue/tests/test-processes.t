#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Other processes, other images: as natively, but for who carries the calls out.
# shellcheck disable=SC2016 # what is in single quotes is for other interpreters
set -eu
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

P=$B/tests/prog-process
for c in basic memory threads signals session clones spawn failures exec exec-thread \
	exec-last-thread chain race timer; do
	same "$c" -- "$P" "$c"
done
same "vfork-killed" -- "$P" vfork-killed
same "vfork-killed, contained" -k -- "$P" vfork-killed
for c in basic signals exec-thread spawn; do
	same "$c, as a home" -H -- "$P" "$c"
	same "$c, contained" -k -- "$P" "$c"
	same "$c, every call trapped" -n -- "$P" "$c"
	same "$c, seccomp" -c -- "$P" "$c"
done

same "sh: pipelines" -- /bin/sh -c 'echo b a c | tr " " "\n" | sort | head -2; ls /nonexistent; echo $?; (exit 3) || echo $?'
same "bash: substitutions, jobs, coprocess" -- /bin/bash -c '
for i in 1 2 3; do /bin/echo $i; done | sort -r | paste -sd,
x=$(seq 5 | wc -l); echo $x
diff <(seq 3) <(seq 4); echo $?
sleep 0.1 & wait $!; echo $?
coproc cat; echo hello >&${COPROC[1]}; read -r y <&${COPROC[0]}; echo $y; eval "exec ${COPROC[1]}>&-"; wait
trap "echo child ended" CHLD; /bin/true; exec /bin/echo done'
same "bash: killed children" -- /bin/bash -c 'sleep 100 & kill $!; wait $!; echo $?; bash -c "kill -9 \$\$"; echo $?'
same "a script that runs scripts" -- /bin/bash -c '"$0" one; exec "$0" two' "$(dirname "$0")/prog-script.sh"
same "xargs in parallel" -- /bin/sh -c 'seq 40 | xargs -P 4 -n 1 /bin/echo | sort -n | md5sum'
same "env, nice, nohup, timeout" -- /bin/sh -c 'env -i A=b nice timeout 5 /usr/bin/env | sort; timeout 0.1 sleep 5; echo $?'
same "setsid, flock" -- /bin/sh -c 'setsid -w /bin/true; echo $?; flock /tmp true; echo $?'
unset MAKEFLAGS		# of the make that runs this
same "make -j" -- /bin/sh -c 'd=$(mktemp -d); cd $d; printf "all: %s\n\t@cat [0-9]*.o | sort -n | md5sum\n%%.o:\n\t@echo \$* > \$@\n" "$(seq -s " " -f %g.o 30)" > Makefile; make -s -j4; rm -r $d'
same "perl: fork, pipes, backquotes" -- /usr/bin/perl -e '
$| = 1; print `echo perl`; system("exit 3"); print $? >> 8, "\n";
if (my $p = fork) { waitpid $p, 0; print $? >> 8, "\n" } else { exit 4 }
open F, "-|", "seq", "3" or die; print <F>; close F; exec "echo", "end"'
printf '#!%0300d/bin/sh\necho not this one\n' 0 | tr 0 / > "$TMP/long"
chmod 755 "$TMP/long"
same "an interpreter whose name is too long" -- /bin/sh -c "python3 -c 'import os; os.execv(\"$TMP/long\", [\"x\"])' 2>&1 | tail -n 1"
if command -v python3 > /dev/null; then
	py=/usr/bin/python3
	same "python: subprocess" -- $py -c '
import subprocess, sys
print(subprocess.run(["echo", "x"], capture_output=True))
print(subprocess.run("exit 5", shell=True).returncode)
for bad in ("/nonexistent", "/etc/passwd", "/"):
    try: subprocess.run([bad])
    except OSError as e: print(e)
p = subprocess.Popen(["cat"], stdin=-1, stdout=-1); print(p.communicate(b"through cat"))
print(subprocess.run([sys.executable, "-c", "import sys; sys.exit(6)"], preexec_fn=lambda: None).returncode)
p = subprocess.Popen(["sleep", "100"], start_new_session=True); p.terminate(); print(p.wait())
print(subprocess.run(["sleep", "0"], close_fds=False).returncode)'
	same "python: multiprocessing, fork and spawn" -- $py -c '
import multiprocessing as m
def f(x): return x * x
if __name__ == "__main__":
    with m.get_context("fork").Pool(3) as p: print(p.map(f, range(20)))
    q = m.Queue(); p = m.Process(target=q.put, args=(42,)); p.start(); print(q.get()); p.join(); print(p.exitcode)
    a = m.Array("i", 3); p = m.Process(target=lambda: a.__setitem__(1, 9)); p.start(); p.join(); print(a[:])'
	same "python: asyncio subprocess" -- $py -c '
import asyncio
async def main():
    p = await asyncio.create_subprocess_exec("sh", "-c", "read x; echo got $x; exit 2", stdin=-1, stdout=-1)
    print(await p.communicate(b"line\n"), p.returncode)
asyncio.run(main())'
fi
if command -v busybox > /dev/null; then
	same "busybox, static: sh" -- /bin/busybox sh -c 'for i in 1 2 3; do /bin/busybox echo $i; done | busybox sort -r; x=$(busybox seq 3 | busybox wc -l); echo $x; busybox sh -c "exit 4"; echo $?'
fi
if [ -x "$B/tests/prog-go-exec" ]; then
	same "Go: exec" -- "$B/tests/prog-go-exec"
else
	skip "Go: exec" "no go compiler"
fi
if command -v node > /dev/null; then
	node=$(readlink -f "$(command -v node)")
	same "node: child processes" -- "$node" -e '
const cp = require("child_process");
console.log(cp.execSync("echo sync").toString());
cp.execFile("sh", ["-c", "echo out; exit 3"], (e, out) => console.log(e.code, out));
cp.spawn("/nonexistent").on("error", e => console.log(e.code));'
fi

same "a child sees its own descriptors only" -- /bin/sh -c 'ls /proc/self/fd | wc -l'

# Privileges: refused unless they are the caller's anyway.
if [ "$(id -u)" -eq 0 ] && command -v setpriv > /dev/null; then
	cp /bin/true "$TMP/suid"
	chmod 755 "$TMP"
	chmod 4755 "$TMP/suid"
	same "set-user-ID, as that user" -- /bin/sh -c "$TMP/suid; echo \$?"
	cp "$GRUN" "$TMP/grun"
	chmod 755 "$TMP/grun"
	r=0
	setpriv --reuid 65534 --clear-groups --regid 65534 "$TMP/grun" /bin/sh -c "$TMP/suid; echo \$?" > "$TMP/out" 2> "$TMP/err" || r=$?
	{ [ "$r" -eq 0 ] && grep -qx 126 "$TMP/out" && grep -q '^nuse: .*suid: is set-user-ID' "$TMP/err"; } && r=0 || r=1
	ok "$r" "set-user-ID, as another: refused in one line"
else
	skip "set-user-ID" "needs root and setpriv"
fi
finish
