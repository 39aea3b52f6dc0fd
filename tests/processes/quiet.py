# SPDX-License-Identifier: GPL-2.0-only
"""Children that ask the stack for nothing, or not at once: clients when they need it."""
import fcntl
import os
import signal
import socket
import subprocess
import threading


def ok(name, good):
    print("ok" if good else "not ok", name, flush=True)


def child(fn):
    pid = os.fork()
    if pid:
        return pid
    code = 99
    try:
        code = int(not fn())
    finally:
        os._exit(code)


def good(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def client():
    # maps leaves out what is the library's.
    with open("/proc/self/smaps") as maps:
        return "memfd:libos-remote" in maps.read()


def talk():
    with socket.create_server(("127.0.0.1", 0)) as lst:
        with socket.create_connection(lst.getsockname()) as a:
            b, _ = lst.accept()
            with b:
                a.sendall(b"x")
                return b.recv(2) == b"x"


def in_thread(fn):
    said = []
    t = threading.Thread(target=lambda: said.append(fn()))
    t.start()
    t.join()
    return said == [True]


def owner():
    with socket.socket() as s:
        fcntl.fcntl(s, fcntl.F_SETOWN, os.getpid())
        return fcntl.fcntl(s, fcntl.F_GETOWN) == os.getpid()


def urgent():
    got = []
    signal.signal(signal.SIGURG, lambda *_: got.append(1))
    with socket.create_server(("127.0.0.1", 0)) as lst:
        with socket.create_connection(lst.getsockname()) as a:
            b, _ = lst.accept()
            with b:
                fcntl.fcntl(b, fcntl.F_SETOWN, os.getpid())
                a.send(b"!", socket.MSG_OOB)
                for _ in range(1000):
                    if got:
                        return True
                    signal.sigtimedwait([], 0.01)
    return False


# The program itself is not touched by any of this: no file of the stack is open here.
ok("a child without files is no client", good(child(lambda: not client())))
ok("it is one when it needs to be", good(child(lambda: talk() and client())))
ok("in a thread", good(child(lambda: not client() and in_thread(talk) and client())))
ok("a child's child is one", good(child(lambda: good(child(talk)) and talk())))
ok("and one that is none", good(child(lambda: good(child(lambda: not client())))))
ok("its number is its own", good(child(owner)))
ok("a signal of the stack finds it", good(child(urgent)))
out = subprocess.run(["ip", "-o", "addr", "show", "dev", "lo"], stdout=subprocess.PIPE)
ok("what it executes is one", b"127.0.0.1/8" in out.stdout)
ok("200 quiet ones", all(good(child(lambda: True)) for _ in range(200)))

# With a file of the stack it is one from the start, for that is closed when it ends.
lst = socket.create_server(("127.0.0.1", 0))
addr = lst.getsockname()
pid = child(client)
lst.close()
ok("a child with a file is one", good(pid))
with socket.socket() as s:
    ok("whose file is closed when its parent knows", s.bind(addr) is None)
