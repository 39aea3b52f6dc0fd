#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Programs of all kinds, as the distribution ships them, run under the glue as
# they run natively: same output, same wait status.
# shellcheck disable=SC2016 # what is in single quotes is for other interpreters
set -eu
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

have() { # have NAME PROGRAM
	command -v "$2" >/dev/null && return 0
	skip "$1" "no $2"
	return 1
}

same true -- /bin/true
same false -- /bin/false
same "ls -lR" -- /bin/ls -lR /usr/include/linux
r=0
"$GRUN" /nonexistent 2>"$TMP/err" || r=$?
{ [ $r -eq 127 ] && grep -q 'No such file' "$TMP/err"; } && r=0 || r=1
ok $r "a program that is not there"
same cat -- /bin/cat /usr/include/stdio.h
same "md5sum of libc" -- /usr/bin/md5sum /lib/x86_64-linux-gnu/libc.so.6
same sort -- /usr/bin/sort --parallel=4 -S 1M /usr/include/elf.h
same bash -- /bin/bash -c 'for i in {1..200}; do x=$((x + i)); done; echo $x; trap "echo trapped" USR1; kill -USR1 $$; printf %s "$BASH_VERSION"'
same "bash: here-document, arithmetic, exit" -- /bin/bash -c 'read -r a <<< "one two"; echo "$a"; exit 7'
same "dd" -- /bin/dd if=/dev/zero of=/dev/null bs=4096 count=20000 status=none
same "awk" -- /usr/bin/awk 'BEGIN { for (i = 0; i < 100000; i++) s += i; print s }'
same "perl" -- /usr/bin/perl -e 'alarm 1; $SIG{ALRM} = sub { print "alarm\n"; exit 3 }; 1 while 1'
same "a script" -- "$(dirname "$0")/prog-script.sh" a "b c"

if have sqlite3 /usr/bin/sqlite3; then
	same sqlite3 -- /usr/bin/sqlite3 :memory: \
		'with recursive c(x) as (select 1 union all select x+1 from c where x<20000) select sum(x) from c'
fi
if have python3 /usr/bin/python3; then
	py=/usr/bin/python3
	same "python: threads" -- $py -c '
import threading
l = []
t = [threading.Thread(target=lambda i=i: l.append(i)) for i in range(50)]
[x.start() for x in t]; [x.join() for x in t]
print(sorted(l))'
	same "python: signals" -- $py -c '
import signal, time
got = []
signal.signal(signal.SIGALRM, lambda *a: got.append(1))
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
e = time.time() + 20
while time.time() < e and len(got) < 5: time.sleep(1)
signal.setitimer(signal.ITIMER_REAL, 0)	# which would end an interpreter that gives back its handlers
print(len(got) >= 5)'
	same "python: asyncio" -- $py -c '
import asyncio
async def f(i):
    await asyncio.sleep(0.001 * i)
    return i
async def main():
    r, w = await asyncio.open_unix_connection(sock=None) if 0 else (None, None)
    print(await asyncio.gather(*[f(i) for i in range(20)]))
    await asyncio.get_running_loop().run_in_executor(None, print, "executor")
asyncio.run(main())'
	same "python: files, mmap, ctypes" -- $py -c '
import mmap, os, tempfile, ctypes, sys
with tempfile.TemporaryFile() as f:
    f.write(b"x" * 100000); f.flush()
    m = mmap.mmap(f.fileno(), 0); print(m[99999], len(m))
print(ctypes.CDLL(None).getpid() == os.getpid(), os.path.basename(os.readlink("/proc/self/exe")))'
fi
if have node node; then
	node=$(readlink -f "$(command -v node)")
	same "node" -- "$node" -e 'setTimeout(() => console.log("later", 6 * 7), 20); let o = {}; for (let i = 0; i < 1e6; i++) o["k" + i % 1000] = i; console.log(Object.keys(o).length)'
	same "node: workers and files" -- "$node" -e '
const { Worker, isMainThread, parentPort } = require("worker_threads");
const fs = require("fs");
fs.promises.readFile("/etc/passwd").then(d => console.log(d.length > 10));
const w = new Worker("require(\"worker_threads\").parentPort.postMessage(41 + 1)", { eval: true });
w.on("message", m => console.log("worker", m));'
fi
if have busybox /bin/busybox; then
	same "busybox, static" -- /bin/busybox ls -l /usr/include/linux
	same "busybox sh" -- /bin/busybox sh -c 'i=0; while [ $i -lt 1000 ]; do i=$((i+1)); done; echo $i'
	same "busybox, contained, 3 times" -k -- /bin/busybox md5sum /bin/busybox
fi
if have openssl /usr/bin/openssl; then
	same "openssl: digests, keys" -- /usr/bin/openssl dgst -sha512 /lib/x86_64-linux-gnu/libc.so.6
	r=0
	{ "$GRUN" /usr/bin/openssl speed -seconds 1 -bytes 1024 sha256 >"$TMP/out" 2>&1 && grep -q '^sha256 ' "$TMP/out"; } || r=1
	ok $r "openssl speed: its alarm ends it"
fi
if have java java; then
	java=$(readlink -f "$(command -v java)")
	cat >"$TMP/T.java" <<'JAVA'
public class T {
	static int depth(int n) { return depth(n + 1) + 1; }
	public static void main(String[] a) throws Exception {
		int n = 0;
		try { depth(0); } catch (StackOverflowError e) { n++; }
		try { ((Object) null).hashCode(); } catch (NullPointerException e) { n++; }
		Thread[] t = new Thread[20];
		for (int i = 0; i < 20; i++) { t[i] = new Thread(() -> { byte[] b = new byte[1 << 20]; System.gc(); }); t[i].start(); }
		for (Thread x : t) x.join();
		System.out.println("java " + n);
	}
}
JAVA
	if command -v javac >/dev/null && javac -d "$TMP" "$TMP/T.java" 2>/dev/null; then
		same "java: threads, GC, faults" -- "$java" -Xmx128m -cp "$TMP" T
	else
		same "java -version" -- "$java" -version
	fi
fi
export ASAN_OPTIONS=detect_leaks=0
same "AddressSanitizer: a good program" -- "$B/tests/prog-asan"
same "AddressSanitizer: a bad one" -- "$B/tests/prog-asan" bad
grep -q heap-buffer-overflow "$TMP/err2" && r=0 || r=1
ok $r "and it says what is wrong"
same "C++: exceptions and threads" -- "$B/tests/prog-cxx"
if [ -x "$B/tests/prog-go" ]; then
	same "Go" -- "$B/tests/prog-go"
	same "Go, every call trapped" -n -- "$B/tests/prog-go"
	same "Go, stripped" -- "$B/tests/prog-go-stripped"
else
	skip "Go" "no go compiler"
fi
finish
