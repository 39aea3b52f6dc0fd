#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The hand-made part of the corpus: one small frame for each way through the parser."""
import os
import sys

os.environ.setdefault("MS_BUILD", sys.argv[2])
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests"))
from mslib import *  # noqa: E402


def frames():
    for fam, h, p in ((4, H4, P4), (6, H6, P6)):
        ip = ip6 if fam == 6 else ip4
        for name, num in (("tcp", 6), ("udp", 17), ("lite", 136), ("sctp", 132), ("dccp", 33), ("gre", 47)):
            yield f"{name}{fam}", packet(p, h, num, 1000, 5000, b"x")
        yield f"vlan{fam}", packet(p, h, 17, 1000, 5000, vlan=42)
        for i, f in enumerate(fragments(p, h, 17, l4(17, p, h, 1000, 5000, b"y" * 80))):
            yield f"frag{fam}-{i}", f
        q = ip(h, p, 6, l4(6, h, p, 5000, 9, b"q"))
        yield f"icmp{fam}", icmp_error(p, h, q)
        yield f"icmp-cut{fam}", icmp_error(p, h, q[:(28 if fam == 4 else 48)])
        yield f"icmp-frag{fam}", icmp_error(p, h, fragments(h, p, 17, l4(17, h, p, 5000, 9, b"y" * 80))[1][14:])
        yield f"echo{fam}", eth(ip(p, h, 1 if fam == 4 else 58, b"\x08\0\0\0\0\1\0\1"))
        yield f"short{fam}", eth(ip(p, h, 17, b"abc"))
    yield "options", eth(ip4(P4, H4, 17, l4(17, P4, H4, 1, 2), options=b"\x01" * 40))
    yield "ihl4", eth(ip4(P4, H4, 17, b"x" * 20, ihl=4))
    yield "tot", eth(ip4(P4, H4, 17, b"x" * 20, tot=9))
    yield "tot0", eth(ip4(P4, H4, 17, b"x" * 20, tot=0))
    b = l4(17, P6, H6, 1, 2)
    o = b"\x3c\0\1\4\0\0\0\0"
    yield "hbh", eth(ip6(P6, H6, 0, b"\x11\0\1\4\0\0\0\0" + b))
    yield "hbh-second", eth(ip6(P6, H6, 60, b"\0\0\1\4\0\0\0\0" + b"\x11\0\1\4\0\0\0\0" + b))
    yield "ext7", eth(ip6(P6, H6, 60, o * 6 + b"\x11\0\1\4\0\0\0\0" + b))
    yield "ext8", eth(ip6(P6, H6, 60, o * 7 + b"\x11\0\1\4\0\0\0\0" + b))
    yield "routing", eth(ip6(P6, H6, 43, b"\x11\2" + b"\0" * 22 + b))
    yield "ah", eth(ip6(P6, H6, 51, b"\x11\4" + b"\0" * 22 + b))
    yield "frag-frag", eth(ip6(P6, H6, 44, b"\x2c\0\0\1\0\0\0\1" + b"\x11\0\0\0\0\0\0\1" + b))
    yield "atomic", eth(ip6(P6, H6, 44, b"\x11\0\0\0\0\0\0\1" + b))
    yield "arp", eth(b"\0" * 28, ethertype=0x806)


os.makedirs(sys.argv[1], exist_ok=True)
for name, f in frames():
    with open(os.path.join(sys.argv[1], name), "wb") as out:
        out.write(b"\0" + f)
    if name in ("tot0", "tcp4", "tcp6"):
        with open(os.path.join(sys.argv[1], name + "-gso"), "wb") as out:
            out.write(b"\1" + f)
