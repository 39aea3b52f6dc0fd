#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Contract 6: token buckets both ways, ICMP and fragment shares, and a port that floods
while another port and the host go on.
"""
import os
import sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from mslib import *


def limits(net, wire):
    with Port("valem:l") as p:
        p.own(f"udp:{H4}:5000")
        net.ctl("limit", "valem:l", "tx-pps=100,50", "rx-pps=100,40")
        l = net.port("valem:l")["limits"]
        ok(l["tx-pps"] == {"rate": 100, "burst": 50} and l["rx-pps"] == {"rate": 100, "burst": 40},
           "limits are listed as set", l)
        t0 = time.monotonic()
        p.send(*[packet(H4, P4, 17, 5000, 9)] * 500)
        s = p.stats()
        dt = time.monotonic() - t0
        lo, hi = 50, 50 + 100 * dt + 2
        ok(lo <= s.tx_packets <= hi and s.tx_packets + p.drops()["rate"] == 500,
           "tx: the burst passes, the rest is dropped and counted", (s.tx_packets, p.drops()))
        time.sleep(0.3)
        before, t0 = p.stats().tx_packets, time.monotonic()
        p.send(*[packet(H4, P4, 17, 5000, 9)] * 500)
        more = p.stats().tx_packets - before
        hi = 50 + 100 * (time.monotonic() - t0)
        ok(25 <= more <= hi, "tx: the bucket fills at its rate", (more, hi))
        t0 = time.monotonic()
        wire.send(*[packet(P4, H4, 17, 9, 5000)] * 500)
        wait_for(lambda: p.stats().rx_packets + p.drops("rx").get("rate", 0) >= 500)
        s = p.stats()
        dt = time.monotonic() - t0
        ok(40 <= s.rx_packets <= 40 + 100 * dt + 10, "rx: before the redirect, the same",
           (s.rx_packets, p.drops("rx")))
        p.recv_wait(1000, 0.1)

        net.ctl("limit", "valem:l", "tx-pps=0", "rx-pps=0", "tx-bps=10000,5000")
        before, t0 = p.stats().tx_packets, time.monotonic()
        f = packet(H4, P4, 17, 5000, 9, b"b" * 458)     # 500 bytes
        p.send(*[f] * 100)
        more = p.stats().tx_packets - before
        hi = 11 + 20 * (time.monotonic() - t0)
        ok(10 <= more <= hi, "tx by bytes", (more, hi))
        net.ctl("limit", "valem:l", "tx-bps=0")
        before = p.stats().tx_packets
        p.send(*[f] * 100)
        eq(p.stats().tx_packets - before, 100, "0 takes a limit away")

        # GSO frames cost what they divide into
        net.ctl("limit", "valem:l", "tx-pps=1,10")
        at = 34
        out = packet(H4, P4, 17, 5000, 9, b"u" * 5000, partial=True)
        before = p.stats().tx_packets
        for _ in range(4):
            p.send(out, flags=NEEDS_CSUM, gso_type=5, gso_size=1000, csum_start=at, csum_offset=6)
        eq(p.stats().tx_packets - before, 10, "a GSO frame costs what it divides into")
        net.ctl("limit", "valem:l", "tx-pps=0")

        net.ctl("limit", "valem:l", "icmp-rate=1,5")
        q = ip4(H4, P4, 17, l4(17, H4, P4, 5000, 9, b"q" * 16))
        p.recv_wait(1000, 0.1)
        before, t0 = p.stats().rx_packets, time.monotonic()
        wire.send(*[icmp_error(P4, H4, q)] * 20)
        passed = lambda: p.stats().rx_packets - before
        dropped = lambda: p.drops("rx").get("icmp-rate", 0)
        wait_for(lambda: passed() + dropped() == 20)
        hi = 5 + (time.monotonic() - t0)
        ok(5 <= passed() <= hi and passed() + dropped() == 20 and len(p.recv_wait(passed())) == passed(),
           "ICMP errors have a rate of their own", (passed(), hi, p.drops("rx")))

        net.ctl("limit", "valem:l", "frag-rate=1,5")
        b = l4(17, H4, P4, 5000, 9, b"y" * 200)
        t0 = time.monotonic()
        p.send(*[fragments(H4, P4, 17, b, ident=i)[0] for i in range(20)])
        lost = p.drops().get("frag-share")
        ok(15 - (time.monotonic() - t0) <= lost <= 15, "fragmented datagrams, too", lost)


def shares(net, wire):
    """A port that fills the table of fragments does not take another's share."""
    with Port("valem:a") as a, Port("valem:b") as b:
        a.own(f"udp:{H4}:5000")
        b.own(f"udp:{H4}:5001")
        net.ctl("limit", "valem:a", "frag-rate=1,30")
        d = l4(17, P4, H4, 9, 5001, b"b" * 200)
        one, two = fragments(P4, H4, 17, d, ident=9999)
        wire.send(one)
        flood = l4(17, P4, H4, 9, 5000, b"a" * 200)
        for i in range(400):
            wire.send(fragments(P4, H4, 17, flood, ident=i)[0])
        wait_for(lambda: a.drops("rx").get("frag-share", 0) > 300)
        wire.send(two)
        eq(len(b.recv_wait(2)), 2, "the other's later fragment still finds its way")


def rate(net, name):
    """
    The packets a second that a port sends.  Looking takes its time, too, and at
    which moment of it is not known: by all of it, so that no wait makes it more.
    """
    t0 = time.monotonic()
    n = net.port(name)["tx_packets"]
    time.sleep(0.5)
    return (net.port(name)["tx_packets"] - n) / (time.monotonic() - t0)


def flood(net, wire):
    """One port floods; another port's and the host's round trips go on."""
    stop = os.pipe()
    ready = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            p = Port("valem:flood")
            p.own(f"udp:{H4}:5000")
            os.write(ready[1], b"r")
            os.set_blocking(stop[0], False)
            frames = [packet(H4, P4, 17, 5000, 9)] * 64
            end = time.monotonic() + 60
            while time.monotonic() < end:
                p.send(*frames)
                try:
                    if os.read(stop[0], 1):
                        break
                except BlockingIOError:
                    pass
        finally:
            os._exit(0)
    os.read(ready[0], 1)
    net.ctl("limit", "valem:flood", "tx-pps=2000,200")
    time.sleep(0.2)
    with Port("valem:good") as p:
        p.own(f"udp:{H4}:5001")
        sent = 200
        for i in range(sent):
            p.send(packet(H4, P4, 17, 5001, 9, struct.pack(">I", i)))
            time.sleep(0.002)
            if i % 20 == 0:
                wire.recv()
        eq(p.stats().tx_packets, sent, "beside a flood the other port's packets all pass")
        wire.send(*[packet(P4, H4, 17, 9, 5001)] * 50)
        eq(len(p.recv_wait(50, match=lambda f: is_ip(f, 17))), 50, "and it receives all of its own")
    with in_ns(net.p):
        r = subprocess.run(["ping", "-c20", "-i0.02", "-W10", H4], capture_output=True, text=True)
    ok(" 0% packet loss" in r.stdout, "and the host answers every ping", r.stdout)
    rates = [rate(net, "valem:flood")]
    # slower only while the flood itself does not get the processor
    wait_for(lambda: rates[-1] >= 1500 or rates.append(rate(net, "valem:flood")))
    ok(1500 <= rates[-1] and max(rates) <= 2500, "the flood goes at its limit", rates)
    d = net.port("valem:flood")
    ok(d["tx_drop"].get("rate", 0) > 1000, "and is counted", d["tx_drop"])
    os.write(stop[1], b"x")
    os.waitpid(pid, 0)
    # the same towards a port: a flood from the wire at one, the other unharmed
    with Port("valem:v") as v, Port("valem:o") as o:
        v.own(f"udp:{H4}:5000")
        o.own(f"udp:{H4}:5001")
        net.ctl("limit", "valem:v", "rx-pps=100,10")
        f, g = packet(P4, H4, 17, 9, 5000), packet(P4, H4, 17, 9, 5001)
        for i in range(100):
            wire.send(*[f] * 20, g)
        eq(len(o.recv_wait(100, match=lambda f: is_ip(f, 17))), 100, "a flood at one port costs the other nothing")
        ok(v.drops("rx").get("rate", 0) > 1800, "and is dropped before it", v.drops("rx"))


def unread(net, wire):
    """A client that never reads loses its own packets, and only those."""
    with Port("valem:lazy", ring_size=64) as a, Port("valem:x", kind=XSK, ring_size=64) as x, \
            Port("valem:b") as b:
        a.own(f"udp:{H4}:5000")
        x.own(f"udp:{H4}:5002")
        b.own(f"udp:{H4}:5001")
        for i in range(300):
            wire.send(packet(P4, H4, 17, 9, 5000), packet(P4, H4, 17, 9, 5002),
                      packet(P4, H4, 17, 9, 5001))
        eq(len(b.recv_wait(300)), 300, "who reads gets everything")
        ok(wait_for(lambda: a.stats().rx_ring_full >= 300 - 64), "who does not loses what does not fit, counted (TAP)",
           a.stats().rx_ring_full)
        ok(wait_for(lambda: x.stats().rx_ring_full >= 100), "and with AF_XDP", x.stats().rx_ring_full)


def test(net):
    host_ns(net)
    wire = Wire(net.p, "w0")
    limits(net, wire)
    shares(net, wire)
    flood(net, wire)
    unread(net, wire)


main(test, "--grace", "0")
