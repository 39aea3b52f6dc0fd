# SPDX-License-Identifier: GPL-2.0-only
"""What processes share after fork(): connections, offsets, flags, listeners."""
import fcntl
import os
import signal
import socket
import sys


def ok(name, good):
    print("ok" if good else "not ok", name, flush=True)


def child(fn):
    pid = os.fork()
    if pid:
        return pid
    code = 99
    try:
        code = fn() or 0
    finally:
        os._exit(code)


def status(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


lst = socket.socket()
lst.bind((sys.argv[1], 0))
lst.listen(16)
addr = lst.getsockname()

# A connection is one, whoever writes.
conn = socket.create_connection(addr)
srv, _ = lst.accept()
for text in (b"one ", b"two ", b"three"):
    ok("child writes", status(child(lambda t=text: conn.send(t) and 0)) == 0)
ok("all in order", srv.recv(100) == b"one two three")

# Closing in the child does not close.
status(child(conn.close))
srv.setblocking(False)
try:
    ok("not closed by the child's end", srv.recv(1) is None)
except BlockingIOError:
    ok("not closed by the child's end", True)
srv.setblocking(True)


def nonblock():
    fcntl.fcntl(srv.fileno(), fcntl.F_SETFL, os.O_RDWR | os.O_NONBLOCK)
    return 0


status(child(nonblock))
ok("O_NONBLOCK set in the child is seen", bool(fcntl.fcntl(srv.fileno(), fcntl.F_GETFL) & os.O_NONBLOCK))
fcntl.fcntl(srv.fileno(), fcntl.F_SETFL, os.O_RDWR)
status(child(lambda: fcntl.fcntl(srv.fileno(), fcntl.F_SETFD, 0) and 0))
ok("close-on-exec is not shared", bool(fcntl.fcntl(srv.fileno(), fcntl.F_GETFD) & fcntl.FD_CLOEXEC))
status(child(lambda: srv.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1) or 0))
ok("options are shared", srv.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1)

# A file of the stack has one offset.
f = os.open("/proc/net/dev", os.O_RDONLY)
status(child(lambda: len(os.read(f, 10)) - 10))
ok("one offset", os.lseek(f, 0, os.SEEK_CUR) == 10)

# shutdown() is everybody's.
status(child(lambda: conn.shutdown(socket.SHUT_WR) or 0))
ok("shutdown in the child", srv.recv(1) == b"")

# The last one to close, closes.
conn2 = socket.create_connection(addr)
srv2, _ = lst.accept()
go_r, go_w = os.pipe()


def hold():
    os.close(go_w)
    os.read(go_r, 1)
    return 0


pid = child(hold)
conn2.close()
srv2.settimeout(0.1)
try:
    ok("held open by the child", srv2.recv(1) is None)
except TimeoutError:
    ok("held open by the child", True)
os.close(go_w)
srv2.settimeout(5)
ok("closed with it", srv2.recv(1) == b"")
status(pid)

# The same when it is killed.
conn3 = socket.create_connection(addr)
srv3, _ = lst.accept()
go_r, go_w = os.pipe()
pid = child(hold)
conn3.close()
os.kill(pid, signal.SIGKILL)
srv3.settimeout(5)
ok("closed when it is killed", srv3.recv(1) == b"")
ok("killed", status(pid) == -9)


# Several wait in accept() on one listener; each connection wakes one.
def accepter():
    c, _ = lst.accept()
    c.send(b"%d" % os.getpid())
    c.close()
    return 0


pids = [child(accepter) for _ in range(5)]
got = set()
for _ in pids:
    c = socket.create_connection(addr)
    got.add(int(c.recv(20)))
    c.close()
ok("five accept, each once", got == set(pids))
ok("all ended", [status(p) for p in pids] == [0] * 5)


# SO_REUSEPORT: each its own listener.
def reuse(port, n):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind((sys.argv[1], port))
    s.listen(16)
    os.write(go_w, b"x")
    while True:
        c, _ = s.accept()
        c.send(b"%d" % n)
        c.close()


go_r, go_w = os.pipe()
first = socket.socket()
first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
first.bind((sys.argv[1], 0))
port = first.getsockname()[1]
pids = [child(lambda i=i: reuse(port, i)) for i in range(3)]
for _ in pids:
    os.read(go_r, 1)
seen = set()
for _ in range(60):
    c = socket.create_connection((sys.argv[1], port))
    seen.add(c.recv(10))
    c.close()
ok("SO_REUSEPORT spreads over %d of 3" % len(seen), len(seen) >= 2)
for p in pids:
    os.kill(p, signal.SIGTERM)
ok("ended by SIGTERM", [status(p) for p in pids] == [-15] * 3)


# A call of the stack is interrupted in a child.
def interrupted():
    hits = []
    signal.signal(signal.SIGALRM, lambda *a: hits.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
    lst.settimeout(0.3)
    try:
        lst.accept()
    except TimeoutError:
        return 0 if len(hits) >= 3 else 1
    return 2


ok("signals in a blocked accept()", status(child(interrupted)) == 0)


# Threads of a child are clients, too.
def threads():
    import threading
    bad = []

    def one(i):
        c = socket.create_connection(addr)
        c.send(b"%d" % i)
        if c.recv(10) != b"%d" % i:
            bad.append(i)
        c.close()

    def serve():
        for _ in range(20):
            c, _ = lst.accept()
            c.send(c.recv(10))
            c.close()

    lst.settimeout(None)
    ts = [threading.Thread(target=serve)] + [threading.Thread(target=one, args=(i,)) for i in range(20)]
    for t in ts:
        t.start()
    for t in ts:
        t.join()
    # and they fork, too
    return status(child(lambda: socket.socket().close() or len(bad)))


ok("threads in a child", status(child(threads)) == 0)


# What a child had open is closed when its parent knows of its end.
def listens(threads_too):
    import threading
    s = socket.socket()
    s.bind((sys.argv[1], free))
    s.listen()
    if threads_too:
        t = threading.Thread(target=lambda: socket.socket().close())
        t.start()
        t.join()
    os._exit(0)


probe = socket.socket()
probe.bind((sys.argv[1], 0))
free = probe.getsockname()[1]
probe.close()
late = 0
for i in range(40):
    status(child(lambda n=i: listens(n & 1)))
    s = socket.socket()
    try:
        s.bind((sys.argv[1], free))
    except OSError:
        late += 1
    s.close()
ok("closed before the parent knows, %d times not" % late, late == 0)


# Generations.
def generation(n):
    s = socket.create_connection(addr)
    s.close()
    return n if n == 8 else status(child(lambda: generation(n + 1)))


ok("eight generations", status(child(lambda: generation(1))) == 8)
try:
    ok("nobody is left", os.waitpid(-1, os.WNOHANG) is None)
except ChildProcessError:
    ok("nobody is left", True)
