#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Contract 3 and 4: exactly the tuple's packets reach the port, everything else the
host; only owned sources leave.  Protocol x family x VLAN x GSO x checksum x
fragments x ICMP, over ports of both kinds.
"""
import os
import sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from mslib import *

OWN, OTHER = 5000, 5001
PROTOS = {"tcp": 6, "udp": 17, "udplite": 136, "sctp": 132, "dccp": 33}


def addrs(fam):
    return (H4, P4) if fam == 4 else (H6, P6)


class Inside:
    """What the host's IP layer is given of a NIC: packet sockets of one protocol come after the demux."""

    def __init__(self, ns, dev):
        self.socks = []
        with in_ns(ns):
            for proto in (0x800, 0x86dd):
                s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(proto))
                s.bind((dev, proto))
                s.setblocking(False)
                self.socks.append(s)

    def recv(self):
        out = []
        for s in self.socks:
            try:
                while True:
                    out.append(s.recv(70000))
            except BlockingIOError:
                pass
        return out

    def close(self):
        for s in self.socks:
            s.close()


class World:
    """
    A port, the wire and the host.  All frames take the queues of one CPU, in
    order.  So what a frame has led to is there when one that was sent after it
    has come, and nothing waits for a time to be over.
    """

    def __init__(self, net, kind):
        self.net, self.kind = net, kind
        self.wire = Wire(net.p, "w0")
        self.name = "TAP" if kind == TAP else "AF_XDP"
        self.port = Port("valem:m", kind=kind)
        for fam, a in ((4, H4), (6, f"[{H6}]")):
            for proto in ("tcp", "udp", "udplite"):
                self.port.own(f"{proto}:{a}:{OWN}")
            for proto in ("sctp", "dccp"):
                wait_for(lambda: self.port.may_bind(f"{proto}:{a}:{OWN}"))      # once the policy is read
                self.port.bind(f"{proto}:{a}:{OWN}")
            self.port.bind(f"47:{a}")
        self.host = Inside(net.h, "eth1")
        self.marks = 0

    def close(self):
        for x in (self.port, self.wire, self.host):
            x.close()

    def until(self, recv, send, src, dst):
        """The frames that come before one that is sent now."""
        self.marks += 1
        mark = b"mark %08d" % self.marks
        send(packet(src, dst, 17, OWN, OWN, mark))
        got = []
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            new = recv()
            for i, f in enumerate(new):
                if mark in getattr(f, "data", f):
                    return got + new[:i]
            got += new
        raise TimeoutError("a frame that is the port's own is lost")

    def to_port(self):
        return self.until(self.port.recv, self.wire.send, P4, H4)

    def to_wire(self):
        return self.until(self.wire.recv, self.port.send, H4, P4)

    def flush(self):
        # an answer of the peer's stack is under way behind the first
        for _ in range(2):
            self.to_port()
            self.to_wire()
        self.to_port()
        self.wire.recv()
        self.host.recv()

    def rx(self, name, frames, to_port, n=None):
        """Send frames from the wire; they reach the port, or the host."""
        self.flush()
        before = self.port.stats().rx_packets
        self.wire.send(*frames)
        n = len(frames) if n is None else n
        got = self.to_port()
        counted = self.port.stats().rx_packets - before - 1
        hosts = sum(f in map(untagged, frames) for f in self.host.recv())
        ok((len(got), counted > 0, hosts) == ((n, True, 0) if to_port else (0, False, len(frames))),
           f"{self.name} rx {name}: {'port' if to_port else 'not the port'}",
           f"port got {len(got)}, counter +{counted}, host +{hosts}")
        return got

    def tx(self, name, frames, reason=None, n=None, **kw):
        """Send from the port; they leave, or are counted for the reason."""
        self.flush()
        before = self.port.drops().get(reason, 0) if reason else 0
        out = self.port.stats().tx_packets
        self.port.send(*frames, **kw)
        n = len(frames) if n is None else n
        # the host itself speaks ARP, neighbour discovery and MLD
        mine = lambda f: f[6:12] == HOST_MAC and f[12:14] != b"\x08\x06" and \
            not (f[12:14] == b"\x86\xdd" and (f[20] == 0 or f[20] == 58 and f[54] >= 130))
        got = [f for f in self.to_wire() if mine(f)]
        if reason is None:
            ok(len(got) == n, f"{self.name} tx {name}: leaves",
               f"wire got {len(got)} of {n}, drops {self.port.drops()}")
            return got
        ok(not got and self.port.drops().get(reason, 0) == before + n and
           self.port.stats().tx_packets == out + 1, f"{self.name} tx {name}: {reason}",
           f"wire got {len(got)}, drops {self.port.drops()}")
        return got


def untagged(f):
    """A frame as a packet socket shows it: its VLAN tag is beside it."""
    return f[:12] + f[16:] if f[12:14] == b"\x81\x00" else f


def rx_tests(w):
    for fam in (4, 6):
        h, p = addrs(fam)
        for name, num in PROTOS.items():
            w.rx(f"{name} v{fam}", [packet(p, h, num, 1000, OWN)], True)
            w.rx(f"{name} v{fam} of another port", [packet(p, h, num, 1000, OTHER)], False)
            # the port numbers' places taken by those of the peer
            w.rx(f"{name} v{fam} from our port number", [packet(p, h, num, OWN, OTHER)], False)
        w.rx(f"GRE v{fam}", [eth((ip6 if fam == 6 else ip4)(p, h, 47, b"\0\0\x08\0" + b"z" * 20))], True)
        w.rx(f"protocol 50 v{fam}", [eth((ip6 if fam == 6 else ip4)(p, h, 50, b"\x13\x88" * 20))], False)
        w.rx(f"VLAN v{fam}", [packet(p, h, 17, 1000, OWN, vlan=42)], False)
        w.rx(f"VLAN 0 v{fam}", [packet(p, h, 17, 1000, OWN, vlan=0)], False)
        # another address of ours, another host's MAC address
        f = packet(p, h, 17, 1000, OWN)
        w.rx(f"another MAC v{fam}", [b"\x02\0\0\0\0\x99" + f[6:]], False)
        w.rx(f"broadcast MAC v{fam}", [b"\xff" * 6 + f[6:]], False)
        w.rx(f"padded v{fam}", [f + b"\0" * 30], True)
        # fragments: in order; the second first goes to the host
        b = l4(17, p, h, 1000, OWN, b"y" * 200)
        one, two = fragments(p, h, 17, b, ident=500 + fam)
        w.rx(f"fragments v{fam}", [one, two], True)
        one, two = fragments(p, h, 17, b, ident=600 + fam)
        w.rx(f"a later fragment alone v{fam}", [two], False)
        b = l4(17, p, h, 1000, OTHER, b"\x13\x88" * 100)
        w.rx(f"fragments of another v{fam}", fragments(p, h, 17, b, ident=700 + fam), False)
        # ICMP errors: about our packets to us, about others' not; the host gets all
        q = (ip6 if fam == 6 else ip4)(h, p, 17, l4(17, h, p, OWN, 9, b"q" * 16))
        w.flush()
        w.wire.send(icmp_error(p, h, q))
        got = w.to_port()
        ok(len(got) == 1 and icmp_error(p, h, q) in w.host.recv(),
           f"{w.name} rx ICMP error v{fam}: the port and the host")
        w.flush()
        w.wire.send(icmp_error(p, h, q, code=4, typ6=2))
        got = w.to_port()
        ok(len(got) == 1 and got[0].data[34 if fam == 4 else 54] == (3 if fam == 4 else 2),
           f"{w.name} rx ICMP v{fam}: packet too big, for path MTU discovery")
        q = (ip6 if fam == 6 else ip4)(h, p, 17, l4(17, h, p, OTHER, 9, b"q" * 16))
        w.rx(f"ICMP error about another v{fam}", [icmp_error(p, h, q)], False)
        q = (ip6 if fam == 6 else ip4)("10.9.0.9" if fam == 4 else "fd09::9", p, 17,
                                       l4(17, h, p, OWN, 9, b"q" * 16))
        w.rx(f"ICMP error about another address v{fam}", [icmp_error(p, h, q)], False)
    w.rx("IPv4 options", [eth(ip4(P4, H4, 17, l4(17, P4, H4, 1000, OWN, b"o"), options=b"\x01" * 8))], True)
    w.rx("IPv4 options that look like ports",
         [eth(ip4(P4, H4, 17, l4(17, P4, H4, 1000, OTHER, b"o"), options=b"\x13\x88" * 4))], False)
    # IPv6 extension headers
    b = l4(17, P6, H6, 1000, OWN, b"e" * 8)
    hbh = b"\x3c\x00\x01\x04\0\0\0\0"            # hop-by-hop, next: destination options
    dst = b"\x11\x00\x01\x04\0\0\0\0"            # destination options, next: UDP
    w.rx("hop-by-hop and destination options", [eth(ip6(P6, H6, 0, hbh + dst + b))], True)
    w.rx("8 extension headers", [eth(ip6(P6, H6, 60, (b"\x3c\x00\x01\x04\0\0\0\0" * 6) + dst + b))], True)
    w.rx("9 extension headers", [eth(ip6(P6, H6, 60, (b"\x3c\x00\x01\x04\0\0\0\0" * 8) + dst + b))], False)
    w.rx("ESP", [eth(ip6(P6, H6, 50, b"\x13\x88\x13\x88" * 10))], False)
    w.rx("AH", [eth(ip6(P6, H6, 51, b"\x11\x02" + b"\0" * 22 + b))], False)
    # too short, contradicting
    w.rx("IHL of 4", [eth(ip4(P4, H4, 17, b, ihl=4))], False)
    w.rx("total length beyond the frame", [eth(ip4(P4, H4, 17, l4(17, P4, H4, 1, OWN), tot=500))], False)
    w.rx("total length below IHL", [eth(ip4(P4, H4, 17, l4(17, P4, H4, 1, OWN), tot=16))], False)
    w.rx("no room for ports", [eth(ip4(P4, H4, 17, b"\x03\xe8\x13"))], False)


def tx_tests(w):
    for fam in (4, 6):
        h, p = addrs(fam)
        for name, num in PROTOS.items():
            w.tx(f"{name} v{fam}", [packet(h, p, num, OWN, 9)])
            w.tx(f"{name} v{fam} of another port", [packet(h, p, num, OTHER, 9)], "not-owner")
        other = "10.9.0.9" if fam == 4 else "fd09::9"
        w.tx(f"another address v{fam}", [packet(other, p, 17, OWN, 9)], "not-owner")
        w.tx(f"VLAN v{fam}", [packet(h, p, 17, OWN, 9, vlan=42)], "vlan")
        w.tx(f"to ourselves, loopback v{fam}",
             [packet(h, "127.0.0.1" if fam == 4 else "::1", 17, OWN, 9)], "bad-dst")
        w.tx(f"multicast v{fam}",
             [packet(h, "224.0.0.1" if fam == 4 else "ff02::1", 17, OWN, 9)], "bad-dst")
        ip = ip6 if fam == 6 else ip4
        b = l4(17, h, p, OWN, 9, b"y" * 200)
        w.tx(f"fragments v{fam}", fragments(h, p, 17, b, ident=800 + fam))
        w.tx(f"a later fragment alone v{fam}", fragments(h, p, 17, b, ident=810 + fam)[1:], "frag")
        b = l4(17, h, p, OTHER, 9, b"y" * 200)
        w.tx(f"fragments of another v{fam}", fragments(h, p, 17, b, ident=820 + fam)[:1], "not-owner")
        # an error about a packet that came for us, and some that did not
        q = ip(p, h, 17, l4(17, p, h, 9, OWN, b"q" * 16))
        w.tx(f"ICMP error v{fam}", [icmp_error(h, p, q)])
        q = ip(p, h, 17, l4(17, p, h, 9, OTHER, b"q" * 16))
        w.tx(f"ICMP error about another v{fam}", [icmp_error(h, p, q)], "icmp")
        q = ip(p, h, 17, l4(17, p, h, 9, OWN, b"q" * 16))
        w.tx(f"ICMP error from another v{fam}", [icmp_error(other, p, q)], "icmp")
        w.tx(f"ICMP error to another v{fam}", [icmp_error(h, other, q)], "icmp")
        echo = b"\x08\0\0\0\0\1\0\1" if fam == 4 else b"\x80\0\0\0\0\1\0\1"
        w.tx(f"echo v{fam}", [eth(ip(h, p, 1 if fam == 4 else 58, echo))], "icmp")
        w.tx(f"redirect v{fam}", [icmp_error(h, p, q, typ=5, typ6=137)], "icmp")
    w.tx("ARP", [eth(b"\0\1\x08\0\6\4\0\1" + b"\0" * 20, ethertype=0x806)], "not-ip")
    w.tx("an unknown ethertype", [eth(b"\0" * 50, ethertype=0x88cc)], "not-ip")
    w.tx("a tag with nothing", [HOST_MAC + PEER_MAC + b"\x88\xa8" + b"\0" * 50], "vlan")
    w.tx("IPv6 under IPv4's ethertype", [eth(ip6(H6, P6, 17, b"\0" * 20), ethertype=0x800)], "malformed")
    w.tx("IHL of 4", [eth(ip4(H4, P4, 17, b"\0" * 20, ihl=4))], "malformed")
    w.tx("total length beyond the frame", [eth(ip4(H4, P4, 17, l4(17, H4, P4, OWN, 9), tot=500))], "short")
    w.tx("no room for ports", [eth(ip4(H4, P4, 17, b"\x13\x88\0"))], "short")
    w.tx("half a TCP header", [eth(ip4(H4, P4, 6, b"\x13\x88\0\x09" + b"\0" * 8))], "short")
    w.tx("a bare IP header cut off", [eth(ip4(H4, P4, 17, b"")[:12])], "short")
    b = l4(17, H6, P6, OWN, 9, b"e" * 8)
    w.tx("destination options", [eth(ip6(H6, P6, 60, b"\x11\x00\x01\x04\0\0\0\0" + b))])
    w.tx("9 extension headers", [eth(ip6(H6, P6, 60, b"\x3c\x00\x01\x04\0\0\0\0" * 9 + b))], "exthdr")
    w.tx("ESP", [eth(ip6(H6, P6, 50, b"\x13\x88" * 20))], "exthdr")
    w.tx("GRE", [eth(ip4(H4, P4, 47, b"\0\0\x08\0" + b"z" * 20))])
    w.tx("IP in IP", [eth(ip4(H4, P4, 4, ip4(H4, P4, 17, b)))], "not-owner")
    if w.kind == TAP:
        w.tx("longer than the MTU", [packet(H4, P4, 17, OWN, 9, b"l" * 1600)], "too-big")
    f = w.tx("any MAC addresses", [b"\0" * 12 + packet(H4, P4, 17, OWN, 9)[12:]])
    ok(f and f[0][:6] == PEER_MAC and f[0][6:12] == HOST_MAC, f"{w.name} tx: MAC addresses are the host's")


def checksum_tests(w):
    """CHECKSUM_PARTIAL both ways."""
    for fam in (4, 6):
        h, p = addrs(fam)
        # from the peer's own stack: veth leaves the checksum to be done
        w.flush()
        with in_ns(w.net.p):
            s = socket.socket(socket.AF_INET6 if fam == 6 else socket.AF_INET, socket.SOCK_DGRAM)
        s.sendto(b"partial" * 9, (h, OWN))
        got = w.port.recv_wait(1)
        ok(len(got) == 1 and good_checksum(got[0].data) and not got[0].flags & NEEDS_CSUM,
           f"{w.name} rx v{fam} with the checksum left to do: done before the port sees it")
        # a client that leaves it to the port
        at = 14 + (40 if fam == 6 else 20)
        w.tx(f"v{fam} with the checksum left to do",
             [packet(h, p, 17, OWN, 9, b"left to you", partial=True)],
             flags=NEEDS_CSUM, csum_start=at, csum_offset=6)
        # what the peer's stack makes of it is the proof
        with in_ns(w.net.p):
            r = socket.socket(socket.AF_INET6 if fam == 6 else socket.AF_INET, socket.SOCK_DGRAM)
            r.bind((p, 9))
        r.settimeout(2)
        w.port.send(packet(h, p, 17, OWN, 9, b"left to you", partial=True), flags=NEEDS_CSUM,
                    csum_start=at, csum_offset=6)
        try:
            ok(r.recv(100) == b"left to you", f"{w.name} tx v{fam}: the peer's stack takes it")
        except TimeoutError:
            ok(False, f"{w.name} tx v{fam}: the peer's stack takes it")
        r.close()
        s.close()


def gso_tests(net):
    # rx without offloads: cut into MTU-size packets by the kernel
    for kind in (TAP, XSK):
        for fam in (4, 6):
            h, p = addrs(fam)
            with Port("valem:g", kind=kind) as port:
                port.own(f"udp:{h if fam == 4 else '[' + h + ']'}:{OWN}")
                with in_ns(net.p):
                    s = socket.socket(socket.AF_INET6 if fam == 6 else socket.AF_INET, socket.SOCK_DGRAM)
                s.setsockopt(17, 103, struct.pack("i", 1000))    # UDP_SEGMENT
                s.sendto(b"s" * 3500, (h, OWN))
                got = port.recv_wait(4)
                ok(len(got) == 4 and all(good_checksum(f.data) for f in got),
                   f"{'TAP' if kind == TAP else 'AF_XDP'} rx UDP GSO v{fam}: four good datagrams",
                   [len(f.data) for f in got])
                eq(port.stats().rx_packets, 4, "counted as four")
                s.close()
    for fam in (4, 6):
        h, p = addrs(fam)
        with Port("valem:g", offloads=ALL) as port:
            for proto in ("udp", "tcp"):
                port.own(f"{proto}:{h if fam == 4 else '[' + h + ']'}:{OWN}")
            with in_ns(net.p):
                s = socket.socket(socket.AF_INET6 if fam == 6 else socket.AF_INET, socket.SOCK_DGRAM)
            s.setsockopt(17, 103, struct.pack("i", 1000))
            s.sendto(b"s" * 3500, (h, OWN))
            got = port.recv_wait(1)
            ok(len(got) == 1 and got[0].gso_type == 5 and got[0].gso_size == 1000 and
               got[0].flags & NEEDS_CSUM, f"TAP with offloads rx UDP GSO v{fam}: one frame",
               [(len(f.data), f.gso_type, f.gso_size) for f in got])
            s.close()
            # a TCP super-packet, put on the wire as a guest's would be
            vw = Wire(net.p, "w0", vnet=True)
            b = packet(p, h, 6, 1000, OWN, b"t" * 30000, partial=True)
            at = 14 + (40 if fam == 6 else 20)
            vw.send(b, vnet=struct.pack("<BBHHHH", 1, 4 if fam == 6 else 1, at + 20, 1400, at, 16))
            got = port.recv_wait(1)
            ok(len(got) == 1 and got[0].gso_type == (4 if fam == 6 else 1) and
               got[0].gso_size == 1400 and len(got[0].data) == len(b),
               f"TAP with offloads rx TCP GSO v{fam}: one frame",
               [(len(f.data), f.gso_type, f.gso_size) for f in got])
            eq(port.stats().rx_packets, 4 + 22, "counted by what it divides into")
            # tx: one frame in, seen on the wire as a super-packet or its parts
            out = packet(h, p, 6, OWN, 9, b"u" * 30000, partial=True)
            vw.recv()
            port.send(out, flags=NEEDS_CSUM, gso_type=4 if fam == 6 else 1, gso_size=1400,
                      csum_start=at, csum_offset=16)
            mine = lambda f: is_ip(f, 6, h, p, OWN)
            n = lambda f: len(f) - at - 20
            got = vw.recv_wait(mine, 1)
            end = time.monotonic() + WAIT_S
            while sum(map(n, got)) < 30000 and time.monotonic() < end:
                got += vw.recv_wait(mine, 1, 0.1)
            eq(sum(map(n, got)), 30000, f"TAP tx TCP GSO v{fam}: all of it on the wire")
            eq(port.stats().tx_packets, 22, "counted by what it divides into")
            port.send(out, flags=NEEDS_CSUM, gso_type=4 if fam == 6 else 1, gso_size=1470,
                      csum_start=at, csum_offset=16)
            ok(wait_for(lambda: port.drops().get("too-big")), f"TAP tx TCP GSO v{fam}: segments over the MTU: too-big")
            out = packet(h, p, 6, OTHER, 9, b"u" * 30000, partial=True)
            port.send(out, flags=NEEDS_CSUM, gso_type=4 if fam == 6 else 1, gso_size=1400,
                      csum_start=at, csum_offset=16)
            ok(wait_for(lambda: port.drops().get("not-owner")), f"TAP tx GSO v{fam} of another port: not-owner")
            vw.close()


def host_unharmed(net):
    """The host's own sockets, on the same address, beside the port."""
    for fam in (4, 6):
        h, p = addrs(fam)
        f = socket.AF_INET6 if fam == 6 else socket.AF_INET
        srv = socket.socket(f, socket.SOCK_STREAM)
        srv.bind((h, 5080))
        srv.listen()
        with in_ns(net.p):
            c = socket.socket(f, socket.SOCK_STREAM)
        c.settimeout(5)
        c.connect((h, 5080))
        a, _ = srv.accept()
        a.sendall(b"host")
        eq(c.recv(10), b"host", f"the host's own server v{fam}")
        for s in (a, c, srv):
            s.close()
    with in_ns(net.p):
        r = subprocess.run(["ping", "-c1", "-W10", H4], capture_output=True)
        eq(r.returncode, 0, "the host answers ping")


def test(net):
    host_ns(net)
    with open(net.policy, "w") as f:
        f.write("root sctp * *\nroot dccp * *\nroot gre * -\n")
    net.daemon.send_signal(signal.SIGHUP)
    # one CPU, one queue
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for kind in (TAP, XSK):
        w = World(net, kind)
        rx_tests(w)
        tx_tests(w)
        checksum_tests(w)
        if kind == TAP:
            host_unharmed(net)
        w.close()
    gso_tests(net)


main(test, "--grace", "0", "--icmp-rate", "0", "--frag-rate", "0")
