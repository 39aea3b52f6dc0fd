#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The fall-back of kernels without tcx: clsact filters, kept over a restart, leaving nothing."""
import os
import sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from mslib import *


def test(net):
    host_ns(net)
    eq(net.list()["switches"][0]["hook"], "clsact", "the hook is clsact")
    w = Wire(net.p, "w0")
    for kind, name in ((TAP, "TAP"), (XSK, "AF_XDP")):
        p = Port(f"valem:{name}".replace("AF_XDP", "x"), kind=kind)
        p.own(f"udp:{H4}:5000")
        w.send(packet(P4, H4, 17, 1000, 5000))
        eq(len(p.recv_wait()), 1, f"{name}: rx")
        p.send(packet(H4, P4, 17, 5001, 99), packet(H4, P4, 17, 5000, 99))
        eq([is_ip(f, 17, H4, P4, 5000) for f in w.recv_wait(lambda f: is_ip(f, 17, H4))], [True], f"{name}: tx, own source only")
        eq(p.drops().get("not-owner"), 1, f"{name}: the other is counted")
        if kind == TAP:
            p.recv()
            net.kill()
            w.send(packet(P4, H4, 17, 1000, 5000))
            eq(len(p.recv_wait(match=lambda f: is_ip(f, 17))), 1, "rx without a daemon")
            net.start()
            w.send(packet(P4, H4, 17, 1000, 5000))
            eq(len(p.recv_wait(match=lambda f: is_ip(f, 17))), 1, "rx after its restart")
        p.close()
        wait_for(lambda: not net.links())
    net.ctl("-d", "valem")
    for dev in ("eth1", "lo"):
        eq(run("tc", "qdisc", "show", "dev", dev).stdout.count("clsact"), 0,
           f"no clsact is left on {dev}")


main(test, "--force-clsact", "--grace", "0")
