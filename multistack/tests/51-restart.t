#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Contract 5: the daemon is killed with -9 under load and started again.  No packet of
a live tuple is lost, no RST is seen, no client notices.
"""
import mmap
import os
import sys
import threading
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from mslib import *

ROUNDS = int(os.environ.get("MS_ROUNDS", "4"))


AHEAD = 1500        # with the SYNs less than half of what a port's ring holds
progress = mmap.mmap(-1, 8)


class Load:
    """
    A child in the peer's namespace: numbered datagrams at a steady rate, and SYNs.
    It waits for a reader that does not get the processor: what does not fit into
    the ring is lost with any daemon.
    """

    def __init__(self, net, dport, pps=2000):
        self.r, w = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                wire = Wire(net.p, "w0")
                done = [False]
                signal.signal(signal.SIGTERM, lambda *_: done.__setitem__(0, True))
                n = rst = 0
                t0 = time.monotonic()
                while not done[0] and n < 200000:
                    due = int((time.monotonic() - t0) * pps)
                    while n < due and n < struct.unpack("Q", progress)[0] + AHEAD:
                        wire.send(packet(P4, H4, 17, 9, dport, struct.pack(">I", n)))
                        n += 1
                        # the host would answer this with a reset
                        if n % 4 == 0:
                            wire.send(packet(P4, H4, 6, 9, dport))
                    for f in wire.recv():
                        if is_ip(f, 6, H4) and f[47] & 4 or is_ip(f, 1, H4) and f[34] == 3:
                            rst += 1
                    time.sleep(0.001)
                time.sleep(0.1)
                os.write(w, json.dumps([n, rst]).encode())
            finally:
                os._exit(0)
        os.close(w)

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)
        out = json.loads(os.read(self.r, 100))
        os.waitpid(self.pid, 0)
        os.close(self.r)
        return out


def drain(p, seen, secs):
    end = time.monotonic() + secs
    while time.monotonic() < end:
        got = p.recv()
        for f in got:
            if is_ip(f.data, 17):
                seen.add(struct.unpack(">I", f.data[42:46])[0])
        struct.pack_into("Q", progress, 0, len(seen))
        if not got:
            time.sleep(0.001)


def restart(net, p, seen, **kw):
    """Start the daemon while the client goes on."""
    t = time.monotonic()
    ns = net.h
    log = open(net.log, "a")
    net.daemon = subprocess.Popen(net.command(), stdin=subprocess.DEVNULL, stdout=log,
                                  stderr=log, preexec_fn=lambda: enter_ns(ns),
                                  env=dict(os.environ, **kw.get("env", {})))
    log.close()
    while time.monotonic() < t + WAIT_S:
        drain(p, seen, 0.05)
        if "ready" in net.logged().splitlines()[-1:][0] if net.logged() else False:
            return


def under_load(net, kind):
    name = "TAP" if kind == TAP else "AF_XDP"
    p = Port("valem:r", kind=kind, ring_size=4096)
    p.own(f"udp:{H4}:5000")
    p.own(f"tcp:{H4}:5000")
    gen = net.port("valem:r")["generation"]
    seen = set()
    struct.pack_into("Q", progress, 0, 0)
    load = Load(net, 5000)
    drain(p, seen, 0.3)
    for _ in range(ROUNDS):
        net.kill()
        drain(p, seen, 0.2)
        restart(net, p, seen)
        drain(p, seen, 0.1)
    n, rst = load.stop()
    wait_for(lambda: drain(p, seen, 0.1) or len(seen) >= n)
    diag(f"{name}: {n} datagrams over {ROUNDS} restarts")
    eq(n - len(seen), 0, f"{name}: no packet is lost over {ROUNDS} kills and restarts")
    eq(rst, 0, f"{name}: no RST, no ICMP error to the peer")
    now = net.port("valem:r")
    ok(now and now["generation"] == gen and now["tuples"] == 2, f"{name}: the port is the same one", now)
    ok(p.info().mtu == 1500, f"{name}: its connection works")
    p.own(f"udp:{H4}:5001")
    p.unbind(f"udp:{H4}:5001")
    ok(True, f"{name}: bind and unbind, too")
    try:
        credential(f"tcp:{H4}:5000").close()
        ok(False, f"{name}: the credential is still held")
    except OSError as e:
        eq(e.errno, errno.EADDRINUSE, f"{name}: the credential is still held")
    # a request made while there is no daemon waits for the next one
    net.kill()
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        time.sleep(0.5)
        os.write(w, json.dumps(time.monotonic()).encode())
        net.start()
        os._exit(0)
    p.own(f"udp:{H4}:5002")
    done = time.monotonic()
    ok(done > json.loads(os.read(r, 100)), f"{name}: a request waits for the next daemon")
    os.close(r)
    os.close(w)
    os.waitpid(pid, 0)
    net.daemon = find_daemon(net)
    wire = Wire(net.p, "w0")
    wire.send(packet(P4, H4, 17, 9, 5002, b"here"))
    ok(p.recv_wait(1, match=lambda f: b"here" in f), f"{name}: and is done")
    # a client that dies while there is no daemon
    net.kill()
    wire.close()
    return p


class Adopted:
    """A daemon that is not our child."""

    def __init__(self, pid):
        self.pid = pid

    def poll(self):
        try:
            with open(f"/proc/{self.pid}/stat") as f:
                return 0 if f.read().rsplit(")", 1)[1].split()[0] == "Z" else None
        except OSError:
            return 0

    def send_signal(self, sig):
        os.kill(self.pid, sig)

    def wait(self, t):
        wait_for(lambda: self.poll() is not None, t)


def find_daemon(net):
    return Adopted(net.list_daemon_pid())


Net.list_daemon_pid = lambda self: self.list()["daemon"]["pid"]


def died_meanwhile(net, p, kind):
    """p's daemon is dead; so is then the client of another port."""
    name = "TAP" if kind == TAP else "AF_XDP"
    net.start()
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        q = Port("valem:dies", kind=kind)
        q.own(f"udp:{H4}:5900")
        os.write(w, b"x")
        time.sleep(60)
        os._exit(0)
    os.read(r, 1)
    net.kill()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    net.start()
    names = [x["name"] for x in net.list()["ports"]]
    ok("valem:dies" not in names and "valem:r" in names,
       f"{name}: who died while there was no daemon is gone, who lives is not", names)
    eq(len(net.links()), 1, f"{name}: and so is its link")
    credential(f"udp:{H4}:5900").close()
    ok(True, f"{name}: and its credential")
    p.close()
    ok(wait_for(lambda: not net.links()), f"{name}: the last port ends as ever")


def fdstore(net):
    """systemd's descriptor store in place of the keeper, played by this test."""
    path = net.dir + "/notify"
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    s.setblocking(False)
    store = []
    lock = threading.Lock()
    env = {"NOTIFY_SOCKET": path, "FDSTORE": "1000"}

    def pump():
        with lock:
            take()

    def take():
        while True:
            try:
                msg, fds, _, _ = socket.recv_fds(s, 4096, 8)
            except BlockingIOError:
                return
            d = dict(l.split("=", 1) for l in msg.decode().splitlines())
            if "FDSTOREREMOVE" in d:
                for e in [e for e in store if e[0] == d["FDNAME"]]:
                    os.close(e[1])
                    store.remove(e)
            elif "FDSTORE" in d:
                store.extend((d["FDNAME"], fd) for fd in fds)
                fds = []
            for fd in fds:
                os.close(fd)

    def spawn():
        ns = net.h
        log = open(net.log, "a")
        pump()
        fds = [fd for _, fd in store]
        names = ":".join(n for n, _ in store)
        pid = os.fork()
        if pid == 0:
            # as systemd does: from descriptor 3 on, in order
            high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 200) for fd in fds]
            enter_ns(ns)
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            for i, fd in enumerate(high):
                os.dup2(fd, 3 + i, inheritable=True)
            os.closerange(3 + len(high), 400)
            os.execve(net.dir + "/multistackd", net.command(),
                      dict(os.environ, LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(fds)),
                           LISTEN_FDNAMES=names, **env))
        net.daemon = Adopted(pid)
        net.child = pid

    net.kill(signal.SIGTERM)
    net.cleanup_cmd()
    spawn()
    ok(wait_for(lambda: pump() or run(net.dir + "/multistackctl", "-l", check=False).returncode == 0),
       "with systemd's store: the daemon starts")
    stop = []
    pumping = threading.Thread(target=lambda: [time.sleep(0.01) or pump() for _ in iter(lambda: not stop, False)],
                               daemon=True)
    pumping.start()
    net.ctl("-h", "valem:eth1")
    p = Port("valem:s")
    p.own(f"udp:{H4}:5000")
    kinds = lambda: {n.split("-")[0] for n, _ in list(store)}
    ok(wait_for(lambda: {"listen", "cred", "conn"} <= kinds()), "it stores its descriptors", store)
    os.kill(net.child, signal.SIGKILL)
    os.waitpid(net.child, 0)
    spawn()
    eq(p.info().name, b"valem:s", "a successor takes them over")
    p.unbind(f"udp:{H4}:5000")
    credential(f"udp:{H4}:5000").close()
    ok(True, "and gives a credential back when it is done with it")
    p.close()
    ok(wait_for(lambda: [n for n, _ in store] == ["listen"]), "the store holds the socket alone",
       [n for n, _ in store])
    os.kill(net.child, signal.SIGKILL)
    os.waitpid(net.child, 0)
    stop.append(1)
    pumping.join()
    for _, fd in store:
        os.close(fd)
    s.close()


def test(net):
    host_ns(net)
    for kind in (TAP, XSK):
        p = under_load(net, kind)
        died_meanwhile(net, p, kind)
    fdstore(net)


main(test, "--grace", "200")
