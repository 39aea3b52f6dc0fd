#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Contract 5: clients that end in every way, by the hundreds; nothing is left, and a
peer sees no reset.
"""
import os
import sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from mslib import *

PATIENCE_S = 180
CYCLES = int(os.environ.get("MS_CYCLES", "1000"))


def leftovers(net):
    """
    What could leak: links, pins, tuples, and descriptors of the daemon and its
    helpers.  The namespace of an AF_XDP port has no process and no name: it
    lives by these descriptors and the client's.
    """
    pins = sorted(f for f in os.listdir(net.bpffs) if f[:2] in ("l_", "q_"))
    fds = len(os.listdir(f"/proc/{net.daemon.pid}/fd"))
    kfds = len(os.listdir(f"/proc/{keeper(net)}/fd"))
    nfds = len(os.listdir(f"/proc/{keeper(net, 'multistack-ns')}/fd"))
    l = net.list()
    return {"links": net.links(), "pins": pins, "fds": fds, "keeper fds": kfds, "nsmaker fds": nfds,
            "ports": len(l["ports"]), "tuples": len(l["tuples"])}


def keeper(net, name="multistack-keep"):
    for pid in os.listdir("/proc"):
        if not pid.isdigit():
            continue
        try:
            with open(f"/proc/{pid}/comm") as f, open(f"/proc/{pid}/cmdline") as c:
                if f.read() == name + "\n" and net.run_dir in c.read():
                    return int(pid)
        except OSError:
            pass


def client(net, kind, ready, how):
    """A child that opens a port, binds, and then sends and receives until it ends."""
    pid = os.fork()
    if pid:
        return pid
    try:
        p = Port("valem:life", kind=kind)
        p.own(f"tcp:{H4}:5000")
        os.write(ready, b"r")
        end = time.monotonic() + 20
        while time.monotonic() < end:
            p.recv()
            p.send(*[packet(H4, P4, 6, 5000, 9)] * 8)
            if how == "close":
                p.close()
                os._exit(0)
            if how == "exit":
                os._exit(0)
    finally:
        os._exit(1)


def knock(wire, secs):
    """SYNs from the peer for so long; how many resets it gets."""
    rst = 0
    stop = time.monotonic() + secs
    while time.monotonic() < stop:
        wire.send(*[packet(P4, H4, 6, 9, 5000)] * 8)
        rst += sum(is_ip(f, 6, H4, P4, 5000) and f[47] & 4 > 0 for f in wire.recv())
        time.sleep(0.005)
    return rst


def ends(net, wire, kind, how, base):
    name = f"{'TAP' if kind == TAP else 'AF_XDP'}, {how}"
    r, w = os.pipe()
    pid = client(net, kind, w, how)
    os.read(r, 1)
    wire.recv()
    rst = knock(wire, 0.2)
    if how.startswith("kill"):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    # looked at before anything that takes long: it is dead for a while only
    dead = wait_for(lambda: [t for t in net.list()["tuples"] if t["state"] == "dead"])
    rst += knock(wire, 0.5)
    os.close(r)
    os.close(w)
    ok(wait_for(lambda: not net.links()), f"{name}: its link is gone", net.links())
    eq(rst, 0, f"{name}: the peer saw no RST")
    ok(len(dead) == 1, f"{name}: the tuple is dead for its grace", dead)
    with Port("valem:again", kind=kind) as p:
        p.own(f"tcp:{H4}:5000")
        wire.send(packet(P4, H4, 6, 9, 5000))
        ok(p.recv_wait(1, match=lambda f: is_ip(f, 6, P4, H4, 9, 5000) and not f[47] & 4),
           f"{name}: another client takes the dead tuple over")
    ok(wait_for(lambda: not net.list()["tuples"]), f"{name}: and then it is free")
    wait_for(lambda: leftovers(net) == base)
    eq(leftovers(net), base, f"{name}: nothing is left")


def persist(net, base):
    """What the holder of a TAP's descriptor can do to keep it."""
    def run_it():
        import fcntl
        p = Port("valem:persist")
        p.own(f"tcp:{H4}:5000")
        for req in (0x400454cb, 0x400454cc):     # TUNSETPERSIST, TUNSETOWNER
            fcntl.ioctl(p.fd(), req, 1 if req == 0x400454cb else NOBODY)
        return True
    as_child(run_it)
    ok(wait_for(lambda: not net.links()), "a TAP made persistent by its client is removed")
    wait_for(lambda: leftovers(net) == base)
    eq(leftovers(net), base, "and nothing is left")


def held_by_child(net, base):
    """The opener dies, a child of its goes on holding everything."""
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        Port("valem:orphan").own(f"tcp:{H4}:5000")
        kid = os.fork()
        if kid == 0:
            time.sleep(30)
            os._exit(0)
        os.write(w, str(kid).encode())
        os.kill(os.getpid(), signal.SIGKILL)
    kid = int(os.read(r, 20))
    os.waitpid(pid, 0)
    ok(wait_for(lambda: not net.list()["ports"]), "a port ends with the process that opened it")
    os.kill(kid, signal.SIGKILL)
    wait_for(lambda: leftovers(net) == base)
    eq(leftovers(net), base, "and nothing is left")
    os.close(r)
    os.close(w)


def generations(net, wire):
    gens = []
    for _ in range(3):
        with Port("valem:gen") as p:
            p.own(f"udp:{H4}:5000")
            gens.append(net.port("valem:gen")["generation"])
    # port numbers are given out in turn, so generations of one are apart
    ok(all(g >= 1 for g in gens), "ports have generations", gens)


def many(net, base):
    t0 = time.monotonic()
    done = as_child(lambda: loop(CYCLES), timeout=LIMIT_S)
    diag(f"{CYCLES} clients in {time.monotonic() - t0:.1f} s")
    eq(done, CYCLES, f"{CYCLES} clients come and go")
    # the last of them are being taken down
    wait_for(lambda: net.ctl("-l", check=False).returncode == 0, PATIENCE_S)
    ok(wait_for(lambda: not net.links()), "no link is left", net.links())
    wait_for(lambda: leftovers(net) == base)
    eq(leftovers(net), base, "nothing is left")


def loop(n):
    """
    Making and removing a link each take several grace periods of RCU, and these are
    seconds where dozens of processes want the processor: a client has patience.
    """
    done = 0
    batch = 25
    while done < n:
        k = min(batch, n - done)
        kids = []
        for i in range(k):
            pid = os.fork()
            if pid == 0:
                try:
                    kind = XSK if (done + i) % 10 == 9 else TAP
                    p = Port(f"valem:n{done + i}", kind=kind, ring_size=64, timeout_ms=PATIENCE_S * 1000)
                    p.own(f"udp:{H4}:{10000 + done + i}")
                    p.send(packet(H4, P4, 17, 10000 + done + i, 9))
                    if i % 3 == 0:
                        os.kill(os.getpid(), signal.SIGKILL)
                    if i % 3 == 1:
                        p.close()
                    os._exit(0)
                except BaseException as e:
                    print(f"# {e}", flush=True)
                    os._exit(1)
            kids.append(pid)
        for i, pid in enumerate(kids):
            _, st = os.waitpid(pid, 0)
            if (i % 3 == 0 and os.WIFSIGNALED(st)) or st == 0:
                done += 1
            else:
                return done
    return done


def test(net):
    host_ns(net)
    wire = Wire(net.p, "w0")
    base = leftovers(net)
    for kind in (TAP, XSK):
        for how in ("close", "exit", "kill -9 under load"):
            ends(net, wire, kind, how, base)
    persist(net, base)
    held_by_child(net, base)
    generations(net, wire)
    wait_for(lambda: leftovers(net) == base)
    many(net, base)

    # cleanup, with clients at work
    p, q = Port("valem:a"), Port("valem:b", kind=XSK)
    p.own(f"udp:{H4}:5000")
    q.own(f"udp:{H4}:5001")
    r = net.cleanup_cmd()
    ok(r.returncode == 1 and "at work" in r.stderr and len(net.links()) == 2,
       "--cleanup does nothing beside a daemon that is at work", r.stderr)
    net.kill()
    r = net.cleanup_cmd()
    eq(r.returncode, 0, "--cleanup")
    eq(net.links(), [], "removes links")
    ok(not os.path.exists(net.bpffs), "and pins")
    eq(keeper(net), None, "and the keeper")
    ok(not os.path.exists(net.run_dir), "and its directory", os.listdir(net.dir))
    out = run("tc", "-j", "qdisc", "show").stdout
    ok("clsact" not in out, "and qdiscs")
    prog = run("bpftool", "net", "show").stdout
    ok("ms_" not in prog, "and programs", prog)
    p.close()
    q.close()
    eq(net.cleanup_cmd().returncode, 0, "--cleanup of nothing")


main(test, "--grace", "2000")
