#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Out of the NIC: whose MAC addresses a port's frames get, remembered or not; and
bursts through a TAP, by one system call or by many.
"""
import os
import resource
import sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from mslib import *

OWN = 5000
FORGED = bytes.fromhex("020000000666")
MOVED = bytes.fromhex("020000000777")


def nexthops(net, addr):
    """What any CPU remembers of an address: {MAC: still valid}."""
    out = {}
    dump = run("bpftool", "-j", "map", "dump", "pinned", f"{net.bpffs}/ms_nexthop").stdout
    for e in json.loads(dump):
        for v in e["values"]:
            b = bytes(int(x, 16) for x in v["value"])
            if b[8:24] == ip_bytes(addr).ljust(16, b"\0"):
                mac = b[32:38]
                out[mac] = out.get(mac, False) or int.from_bytes(b[:8], sys.byteorder) > 0
    return out


def frame(src, dst, n=0):
    f = packet(src, dst, 17, OWN, 9, b"%04d" % n)
    return FORGED + FORGED + f[12:]


def mine(f):
    return is_ip(f, 17, sport=OWN)


def mine_in(f):
    return is_ip(f, 17, dport=OWN)


def number(f):
    return int(f[-4:])


def neigh(net, addr, mac):
    run("ip", "-n", net.h, "neigh", "replace", addr, "lladdr", mac.hex(":"), "dev", "eth1")


def addresses(net, port, wire, kind):
    for h, p, conf in ((H4, P4, "ipv4"), (H6, P6, "ipv6")):
        name = f"{kind}, {conf}"
        with in_ns(net.h), open(f"/proc/sys/net/{conf}/conf/eth1/forwarding") as f:
            eq(f.read().strip(), "0", f"{name}: the host does not forward")
        port.send(*(frame(h, p, i) for i in range(40)))
        got = wire.recv_wait(mine, 40)
        eq(len(got), 40, f"{name}: all frames leave")
        eq({bytes(f[:12]) for f in got}, {PEER_MAC + HOST_MAC}, f"{name}: none with the client's MAC addresses")
        eq(nexthops(net, p), {PEER_MAC: True}, f"{name}: and those of the kernel are remembered")

        neigh(net, p, MOVED)

        def goes_to(mac):
            port.send(frame(h, p))
            got = wire.recv_wait(mine, 1)
            return got and bytes(got[-1][:12]) == mac + HOST_MAC
        ok(wait_for(lambda: goes_to(MOVED)), f"{name}: a neighbour's new address is taken up")
        neigh(net, p, PEER_MAC)
        ok(wait_for(lambda: goes_to(PEER_MAC)), f"{name}: and its old one again")


def unresolved(net, port, wire, kind):
    """A packet that waits for its neighbour must not teach what another one says."""
    # another one for each kind: for a second, what was learned holds
    last = "77" if kind == "TAP" else "78"
    for h, p, away in ((H4, P4, f"10.9.0.{last}"), (H6, P6, f"fd09::{last}")):
        name = f"{kind}, {away}"
        wire.recv()
        port.send(frame(h, away, 1))
        for i in range(3):
            port.send(frame(h, p, 10 + i), frame(h, away, 20 + i))
        got = wire.recv_wait(mine, 3)
        eq([number(f) for f in got], [10, 11, 12], f"{name}: what waits for a neighbour waits")
        eq({bytes(f[:12]) for f in got}, {PEER_MAC + HOST_MAC}, f"{name}: the others' addresses are right")
        ok(not any(nexthops(net, away).values()), f"{name}: nothing is remembered of it",
           f"{nexthops(net, away)}")
        neigh(net, away, MOVED)
        port.send(frame(h, away, 30))
        late = lambda f: mine(f) and number(f) in (1, 20, 21, 22, 30)
        got = wire.recv_wait(late, 5)
        ok(got and number(got[-1]) == 30, f"{name}: then it leaves", f"{[number(f) for f in got]}")
        eq({bytes(f[:12]) for f in got}, {MOVED + HOST_MAC}, f"{name}: to the neighbour's address")
        run("ip", "-n", net.h, "neigh", "del", away, "dev", "eth1")


def rings():
    links = (os.path.join("/proc/self/fd", f) for f in os.listdir("/proc/self/fd"))
    return sum(os.path.islink(f) and "io_uring" in os.readlink(f) for f in links)


def burst(port, wire, name, n=200):
    wire.recv()
    eq(port.send(*(frame(H4, P4, i) for i in range(n))), n, f"{name}: a burst of {n} is taken")
    got = wire.recv_wait(mine, n)
    eq([number(f) for f in got], list(range(n)), f"{name}: and leaves in order")


def bursts(net, wire):
    try:
        with open("/proc/sys/kernel/io_uring_disabled") as f:
            have = f.read().strip() == "0"
    except FileNotFoundError:
        have = False

    with Port("valem:b") as port:
        port.own(f"udp:{H4}:{OWN}")
        port.send(frame(H4, P4))
        eq(rings(), 0, "a client of single frames has no ring")
        burst(port, wire, "TAP")
        if have:
            eq(rings(), 1, "by one system call a burst")
        else:
            skip("by one system call a burst", "no io_uring here")
        # one that the programs drop, and one that the library refuses
        fs = [frame(H4, P4, i) for i in range(20)]
        fs[7] = frame(P4, P4, 7)
        before = port.drops().get("not-owner", 0)
        eq(port.send(*fs), 20, "a burst with a forged frame is taken")
        got = wire.recv_wait(mine, 19)
        eq([number(f) for f in got], [i for i in range(20) if i != 7], "which alone does not leave")
        eq(port.drops().get("not-owner", 0), before + 1, "and is counted: not-owner")
        fs[7] = b"x" * 13
        eq(port.send(*fs), 7, "a burst ends before a frame that is none")
        eq([number(f) for f in wire.recv_wait(mine, 7)], list(range(7)), "what is before it leaves")
        fs[7] = frame(H4, P4, 7) + b"x" * 3000
        eq(port.send(*fs), 20, "a large frame among small ones")
        eq([number(f) for f in wire.recv_wait(mine, 19)], [i for i in range(20) if i != 7],
           "order is kept around it")

        for n in (64, 3, 200):
            frames = [packet(P4, H4, 17, 9, OWN, b"%04d" % i) for i in range(n)]
            wire.send(*frames)
            # the peer's host answers what was sent above with ICMP errors
            got = port.recv_wait(n, match=mine_in)
            eq([number(f.data) for f in got], list(range(n)), f"TAP: {n} frames are received in order")
        eq([f for f in port.recv() if mine_in(f.data)], [], "and no more")

        link = net.port("valem:b")["link"]
        run("ip", "-n", net.h, "link", "set", link, "down")
        try:
            port.send(*(frame(H4, P4, i) for i in range(64)))
            ok(False, "a burst into a link that is down")
        except MsError as e:
            eq(e.err, errno.ENETDOWN, "a burst into a link that is down")
        run("ip", "-n", net.h, "link", "set", link, "up")
        burst(port, wire, "up again")
        if have:
            def child():
                sent = [port.send(*(frame(H4, P4, 100 + i) for i in range(100)))]
                return sent + [rings()]
            wire.recv()
            # one for each direction by now
            eq(as_child(child), [100, 2], "after fork() the child makes its own ring, in place of the parent's")
            eq([number(f) for f in wire.recv_wait(mine, 100)], list(range(100, 200)),
               "what it sends leaves in order")
            burst(port, wire, "the parent after it")
    eq(rings(), 0, "a closed port leaves no ring")

    def without():
        with Port("valem:w") as port:
            port.own(f"udp:{H4}:{OWN}")
            # no descriptor for a ring, whichever are free
            limit = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (0, limit[1]))
            sent = port.send(*(frame(H4, P4, i) for i in range(100)))
            resource.setrlimit(resource.RLIMIT_NOFILE, limit)
            return [sent, rings()]
    wire.recv()
    eq(as_child(without), [100, 0], "without io_uring a burst is taken")
    got = wire.recv_wait(mine, 100)
    eq([number(f) for f in got], list(range(100)), "without io_uring it leaves in order")


def test(net):
    host_ns(net)
    # each CPU remembers for itself
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    wire = Wire(net.p, "w0")
    for kind, name in ((TAP, "TAP"), (XSK, "AF_XDP")):
        with Port("valem:m", kind=kind) as port:
            port.own(f"udp:{H4}:{OWN}")
            port.own(f"udp:[{H6}]:{OWN}")
            addresses(net, port, wire, name)
            unresolved(net, port, wire, name)
    bursts(net, wire)
    wire.close()


main(test)
