#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Contracts 1 and 3: two NICs with a switch each.  A tuple is one NIC's, whatever
comes in by another.
"""
import os
import sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from mslib import *

SH4, SP4 = "10.11.0.1", "10.11.0.2"
MAC2 = bytes.fromhex("020000000003")


def second_nic(net):
    run("ip", "link", "add", "eth2", "address", MAC2.hex(":"), "type", "veth", "peer", "name",
        "w2", "address", PEER_MAC.hex(":"), "netns", net.p)
    run("ip", "-n", net.p, "link", "set", "w2", "up")
    run("ip", "addr", "add", SH4 + "/24", "dev", "eth2")
    run("ip", "link", "set", "eth2", "up")
    run("ip", "neigh", "replace", SP4, "lladdr", PEER_MAC.hex(":"), "dev", "eth2")


def two(net, wire, wire2):
    """The same port number on each."""
    net.ctl("-h", "vale2:eth2")
    with Port("valem:a") as a, Port("vale2:b") as b:
        a.own(f"udp:{H4}:5000")
        b.own(f"udp:{SH4}:5000")
        frame2 = lambda src, dst: MAC2 + packet(src, dst, 17, 9, 5000)[6:]
        wire.send(packet(P4, H4, 17, 9, 5000))
        wire2.send(frame2(SP4, SH4))
        eq((len(a.recv_wait(1)), len(b.recv_wait(1))), (1, 1), "each has its own NIC's packet")
        wire.send(packet(SP4, SH4, 17, 9, 5000))
        wire2.send(frame2(P4, H4))
        eq((len(a.recv_wait(1, 0.1)), len(b.recv_wait(1, 0.1))), (0, 0),
           "and not what came for it by the other")
        try:
            b.own(f"udp:{H4}:5001")
            ok(False, "a port has tuples of its own NIC's addresses alone")
        except MsError as e:
            eq(e.err, errno.EADDRNOTAVAIL, "a port has tuples of its own NIC's addresses alone")
        b.send(packet(H4, SP4, 17, 5000, 9))
        ok(wait_for(lambda: b.drops().get("not-owner") == 1), "nor does it send from the other's tuple",
           b.drops())
        # from NIC to NIC of one host: by the host's own delivery, not by the wire
        wire2.recv()
        a.send(packet(H4, SH4, 17, 5000, 5000, b"across"))
        ok(any(b"across" in f.data for f in b.recv_wait(1)), "from one to the other within the host")
        eq([f for f in wire2.recv() if is_ip(f, 17)], [], "which the wire does not see")
        net.ctl("-d", "vale2")
        wire.send(packet(P4, H4, 17, 9, 5000))
        eq(len(a.recv_wait(1)), 1, "one NIC taken away leaves the other")


def test(net):
    host_ns(net)
    second_nic(net)
    wire, wire2 = Wire(net.p, "w0"), Wire(net.p, "w2")
    two(net, wire, wire2)
    wire.close()
    wire2.close()


main(test, "--grace", "0")
