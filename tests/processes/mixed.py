# SPDX-License-Identifier: GPL-2.0-only
"""Waiting for files of the stack and of the host together, in a child process."""
import asyncio
import os
import select
import signal
import socket
import sys
import time


def ok(name, good):
    print("ok" if good else "not ok", name, flush=True)


r, w = os.pipe()
lst = socket.socket()
lst.bind(("127.0.0.1", 0))
lst.listen()

# The parent polls a mix before the fork, so that it has wrappers of its own.
p = select.poll()
p.register(r, select.POLLIN)
p.register(lst, select.POLLIN)
ok("parent: nothing yet", p.poll(10) == [])
ep0 = select.epoll()
ep0.register(r, select.EPOLLIN)
ep0.register(lst, select.EPOLLIN)


def waits(name, call, make_ready, fd):
    """Nothing for a while; then another process makes it ready while we wait."""
    ok(name + ": nothing", call(0.05) == [])
    pid = os.fork()
    if not pid:
        time.sleep(0.1)
        make_ready()
        os._exit(0)
    start = time.time()
    got = call(10)
    ok(name + ": woken", got == [fd] and time.time() - start < 5)
    os.waitpid(pid, 0)


def child():
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    u.bind(("127.0.0.1", 0))
    u2 = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def send():
        u2.sendto(b"x", u.getsockname())

    po = select.poll()
    po.register(r, select.POLLIN)
    po.register(u, select.POLLIN)

    def poll(t):
        return [fd for fd, _ in po.poll(t * 1000)]

    def sel(t):
        return [f if f == r else f.fileno() for f in select.select([r, u], [], [], t)[0]]

    ep = select.epoll()
    ep.register(r, select.EPOLLIN)
    ep.register(u, select.EPOLLIN)

    def epoll(t):
        return [fd for fd, _ in ep.poll(t)]

    ee = select.epoll()
    ee.register(r, select.EPOLLIN | select.EPOLLET)
    ee.register(u, select.EPOLLIN | select.EPOLLET)

    for name, call in (("poll", poll), ("select", sel), ("epoll", epoll)):
        waits(name + " of a socket", call, send, u.fileno())
        u.recv(1)
        waits(name + " of a pipe", call, lambda: os.write(w, b"x"), r)
        os.read(r, 1)
    ee.poll(0)
    for _ in range(3):
        os.write(w, b"x")
        ok("edge of a pipe", [fd for fd, _ in ee.poll(5)] == [r])
        ok("no edge", ee.poll(0) == [])
        os.read(r, 1)
        send()
        ok("edge of a socket", [fd for fd, _ in ee.poll(5)] == [u.fileno()])
        u.recv(1)

    # A number that is closed and used again is another file.
    fd = os.dup(r)
    ep.register(fd, select.EPOLLIN)
    os.close(fd)
    r2, w2 = os.pipe()
    ok("the number is used again", r2 == fd)
    ep.register(r2, select.EPOLLIN)
    os.write(w2, b"y")
    ok("epoll of a reused number", epoll(5) == [r2])
    ep.unregister(r2)

    # Many wake-ups, to and fro over both.
    a, b = socket.socketpair()
    pid = os.fork()
    if not pid:
        for _ in range(500):
            d = u2.recv(10) if 0 else b.recv(1)
            if not d:
                os._exit(1)
            send()
        os._exit(0)
    ep.register(a, select.EPOLLIN)
    n = 0
    start = time.time()
    a.send(b"x")
    while n < 500 and time.time() - start < 20:
        for fd, _ in ep.poll(5):
            if fd == u.fileno():
                u.recv(1)
                n += 1
                if n < 500:
                    a.send(b"x")
    ok("500 rounds over both kernels", n == 500)
    ok("the other side", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0)

    # A signal ends the wait.
    hits = []
    signal.signal(signal.SIGALRM, lambda *x: hits.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    poll(0.4)
    ok("a signal while polling", hits == [1])

    async def main():
        loop = asyncio.get_running_loop()
        got = asyncio.Queue()
        loop.add_reader(r, lambda: got.put_nowait(os.read(r, 100)))

        async def serve(rd, wr):
            wr.write(b"echo " + await rd.read(100))
            await wr.drain()
            wr.close()

        srv = await asyncio.start_server(serve, sock=lst)
        os.write(w, b"pipe")
        ok("asyncio: pipe", await got.get() == b"pipe")
        rd, wr = await asyncio.open_connection(*lst.getsockname())
        wr.write(b"me")
        ok("asyncio: socket", await rd.read(100) == b"echo me")
        wr.close()
        sub = await asyncio.create_subprocess_exec("cat", stdin=-1, stdout=-1)
        ok("asyncio: subprocess", await sub.communicate(b"cat") == (b"cat", None))
        loop.add_signal_handler(signal.SIGUSR1, lambda: got.put_nowait("usr1"))
        os.kill(os.getpid(), signal.SIGUSR1)
        ok("asyncio: signal", await got.get() == "usr1")
        srv.close()

    asyncio.run(main())
    return 0


sys.stdout.flush()
pid = os.fork()
if not pid:
    code = 99
    try:
        code = child()
    finally:
        sys.stdout.flush()
        os._exit(code)
ok("child", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0)
os.write(w, b"z")
ok("parent: its own epoll still works", [fd for fd, _ in ep0.poll(5)] == [r])
ok("parent: poll, too", [fd for fd, _ in p.poll(5000)] == [r])
