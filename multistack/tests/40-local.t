#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Traffic that does not come from the wire: the host's own programs and user stacks
on the same machine (lo), port to port, what the host's stack must not say (guard),
what strangers may not put into a port's link (inject), and -a without the host.
"""
import os
import sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from mslib import *


def lo(kind, fam):
    h = H4 if fam == 4 else H6
    a = h if fam == 4 else f"[{h}]"
    f = socket.AF_INET if fam == 4 else socket.AF_INET6
    name = f"{'TAP' if kind == TAP else 'AF_XDP'} v{fam}"
    with Port("valem:lo", kind=kind) as p:
        p.own(f"udp:{a}:5000")
        s = socket.socket(f, socket.SOCK_DGRAM)
        s.bind((h, 6000))
        s.settimeout(2)
        s.sendto(b"from the host", (h, 5000))
        got = p.recv_wait(1)
        ok(len(got) == 1 and got[0].data.endswith(b"from the host"), f"{name}: host to port")
        i = p.info()
        if got:
            ok(got[0].data[:6] == bytes(i.mac) and got[0].data[6:12] == bytes(i.peer_mac) and
               good_checksum(got[0].data), f"{name}: with MAC addresses and a checksum")
        p.send(packet(h, h, 17, 5000, 6000, b"from the port"))
        try:
            eq(s.recv(100), b"from the port", f"{name}: port to host")
        except TimeoutError:
            ok(False, f"{name}: port to host", p.drops())
        # an ICMP error of the host's stack about our packet comes back
        p.send(packet(h, h, 17, 5000, 6999, b"to nobody"))
        got = p.recv_wait(1)
        ok(len(got) == 1 and b"to nobody" in got[0].data, f"{name}: the host's ICMP error comes back")
        s.close()
        with Port("valem:lo2") as q:
            q.own(f"udp:{a}:5001")
            p.send(packet(h, h, 17, 5000, 5001, b"port to port"))
            got = q.recv_wait(1)
            ok(len(got) == 1 and got[0].data.endswith(b"port to port"), f"{name}: port to port")
            p.send(packet(h, h, 17, 5001, 5000, b"forged"))
            ok(wait_for(lambda: p.drops().get("other-owner") == 1) and not q.recv_wait(1, 0.05),
               f"{name}: but not from another's tuple")


def guard(net, wire):
    s = credential(f"udp:{H4}:5000")
    t = credential(f"tcp:{H4}:5000")
    with Port() as p:
        p.bind(f"udp:{H4}:5000", s)
        p.bind(f"tcp:{H4}:5000", t)
        wire.recv()
        s.sendto(b"by the host's stack", (P4, 9))
        ok(wait_for(lambda: p.drops().get("guard") == 1) and
           not wire.recv_wait(lambda f: is_ip(f, 17, H4, P4, 5000), 1, 0.05),
           "the host's stack does not send from a port's tuple")
        t.setblocking(False)
        try:
            t.connect((P4, 9))
        except BlockingIOError:
            pass
        ok(wait_for(lambda: p.drops().get("guard", 0) >= 2) and
           not wire.recv_wait(lambda f: is_ip(f, 6, H4, P4, 5000), 1, 0.05),
           "nor does it connect from it")
        # a SYN for a bound, not listening socket: no RST from the host
        wire.send(packet(P4, H4, 6, 1000, 5000))
        eq(len(p.recv_wait(1)), 1, "a SYN goes to the port")
        ok(not wire.recv_wait(lambda f: is_ip(f, 6, H4), 1, 0.1), "and the host answers nothing")
    s.close()
    t.close()


def inject(net):
    with Port() as p:
        p.own(f"udp:{H4}:5000")
        dev = p.info().ifname.decode()

        def stranger():
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, dev.encode())
            try:
                s.sendto(b"hello", ("203.0.113.1", 5000))
                return "sent"
            except OSError as e:
                return str(e)
        diag("a stranger bound to the port's link: " + as_child(stranger, uid=NOBODY))
        ok(not p.recv_wait(1, 0.1), "a stranger's packet does not reach the port")
        ok(wait_for(lambda: p.drops("rx").get("inject", 0) >= 1), "it is counted", p.drops("rx"))
        # root, with a packet socket, is stopped too
        w = Wire(net.h, dev)
        try:
            w.send(packet(P4, H4, 17, 1, 5000))
        except OSError as e:
            eq(e.errno, errno.ENOBUFS, "who puts one on the link is told of the drop")
        ok(not p.recv_wait(1, 0.1), "nor does one that is put on the link by a packet socket")
        w.close()


def unattached(net, wire):
    net.ctl("-d", "valem")
    net.ctl("-a", "valem:eth1")
    with Port() as p:
        p.own(f"udp:{H4}:5000")
        wire.recv()
        wire.send(packet(P4, H4, 17, 1000, 5000), packet(P4, H4, 17, 1000, 5001))
        eq(len(p.recv_wait(2, 0.3)), 1, "-a: the port gets its own")
        p.send(packet(H4, P4, 17, 5000, 9))
        eq(len(wire.recv_wait(lambda f: is_ip(f, 17, H4, P4, 5000))), 1, "-a: and sends")
        d = lambda k, why="unattached": net.list()["switches"][0][k].get(why, 0)
        ok(d("rx_drop") >= 1, "-a: what is nobody's is dropped and counted")
        with in_ns(net.p):
            r = subprocess.run(["ping", "-c1", "-W1", H4], capture_output=True)
        ok(r.returncode != 0, "-a: the host does not answer ping")
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.sendto(b"x", (P4, 9))
        ok(wait_for(lambda: d("tx_drop") >= 1) and
           not wire.recv_wait(lambda f: is_ip(f, 17, H4, P4, None, 9), 1, 0.05),
           "-a: nor does it send")
        p.recv_wait(9, 0.1)
        run("ip", "-n", net.p, "neigh", "del", H4, "dev", "w0")
        with in_ns(net.p):
            s2 = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s2.sendto(b"resolve me", (H4, 5000))
        eq(len(p.recv_wait(1, match=lambda f: is_ip(f, 17))), 1, "-a: ARP is still answered")
        p.send(packet(H4, H4, 17, 5000, 6000))
        ok(wait_for(lambda: p.drops().get("no-host") == 1), "-a: a port does not reach the host")
        before = d("rx_drop", "no-host")
        s.sendto(b"x", (H4, 5000))
        ok(wait_for(lambda: d("rx_drop", "no-host") == before + 1), "-a: nor the host a port")
        # errors of the peer's about what was sent above may still come
        eq([f for f in p.recv_wait(1, 0.1) if is_ip(f.data, 17)], [], "-a: which gets nothing")
        s.close()
        s2.close()


def test(net):
    host_ns(net)
    wire = Wire(net.p, "w0")
    for kind in (TAP, XSK):
        for fam in (4, 6):
            lo(kind, fam)
    guard(net, wire)
    inject(net)
    unattached(net, wire)


main(test, "--grace", "0")
