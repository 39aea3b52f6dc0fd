#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Bad input: messages of the wrong size or version, clients that never read, full
tables, a NIC that disappears, a random flood at both ends; nothing is lost for
anybody else.
"""
import os
import random
import sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from mslib import *

VERSION = 1
OPEN, READY, BIND, UNBIND, INFO, STATS, ATTACH, DETACH, LSW, LPORT, LTUP, LIMIT, WATCH, EVENT, \
    DAEMON, CLOSE = range(1, 17)


def connect(net):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(5)
    s.connect(net.sock)
    return s


def msg(typ, body=b"", size=None, version=VERSION, seq=1):
    return struct.pack("=IHHIi", 16 + len(body) if size is None else size, version, typ, seq, 0) + body


def reply(s):
    b = s.recv(20000)
    size, version, typ, seq, err = struct.unpack("=IHHIi", b[:16])
    return err, b[16:].decode(errors="replace"), seq


def messages(net):
    counters = lambda: net.list()["daemon"]
    before = counters()["bad_messages"]
    cases = [
        ("one byte", b"x", errno.EMSGSIZE), ("no body", msg(OPEN), errno.EMSGSIZE),
        ("half a header", msg(INFO)[:9], errno.EMSGSIZE),
        ("a size that is not the message's", msg(INFO, size=17), errno.EMSGSIZE),
        ("size 0", msg(INFO, size=0), errno.EMSGSIZE),
        ("a body too long", msg(INFO, b"y" * 100), errno.EMSGSIZE),
        ("a body one short", msg(BIND, b"y" * 23), errno.EMSGSIZE),
        ("more than any message", msg(INFO, b"z" * 20000), errno.EMSGSIZE),
        ("version 0", msg(INFO, version=0), errno.EPROTO),
        ("version 2", msg(INFO, version=2), errno.EPROTO),
        ("type 0", msg(0), errno.ENOSYS), ("type 999", msg(999), errno.ENOSYS),
        ("an event", msg(EVENT), errno.ENOSYS),
    ]
    for name, m, err in cases:
        s = connect(net)
        s.send(m)
        e, text, _ = reply(s)
        ok(e == -err and text, f"message: {name}", (errno.errorcode.get(-e, e), text))
        # and the connection is good for a right one
        s.send(msg(DAEMON, seq=77))
        e, _, seq = reply(s)
        ok(e == 0 and seq == 77, f"message: {name}: the connection lives on")
        s.close()
    eq(counters()["bad_messages"] - before, len(cases), "each is counted")
    s = connect(net)
    for t, body in ((BIND, bytes(24)), (UNBIND, bytes(24)), (INFO, b""), (STATS, b""), (READY, b"")):
        s.send(msg(t, body))
        eq(reply(s)[0], -errno.EBADFD, f"message type {t} without a port")
    name = lambda n: n.ljust(48, b"\0")
    s.send(msg(OPEN, b"v" * 48 + bytes(12)))
    eq(reply(s)[0], -errno.EINVAL, "a name without an end")
    s.send(msg(OPEN, name(b"valem:x") + struct.pack("=III", 9, 0, 0)))
    eq(reply(s)[0], -errno.EINVAL, "an unknown kind")
    s.send(msg(OPEN, name(b"valem:x") + struct.pack("=III", 0, 0xff, 0)))
    eq(reply(s)[0], -errno.EINVAL, "unknown offloads")
    s.send(msg(OPEN, name(b"valem:x") + struct.pack("=III", 0, 0, 1 << 30)))
    eq(reply(s)[0], -errno.EINVAL, "a huge ring")
    s.send(msg(ATTACH, b"v" * 48 + b"n" * 16 + bytes(4)))
    eq(reply(s)[0], -errno.EINVAL, "attach with names without an end")
    s.send(msg(LIMIT, name(b"valem:x") + struct.pack("=I4xQQ", 99, 1, 1)))
    eq(reply(s)[0], -errno.EINVAL, "an unknown limit")
    s.close()


def descriptors(net):
    """Descriptors that no request asked for are closed."""
    n = lambda: len(os.listdir(f"/proc/{net.daemon.pid}/fd"))
    s = connect(net)
    s.send(msg(DAEMON))
    reply(s)
    before = n()
    null = os.open("/dev/null", os.O_RDONLY)
    for k in (1, 2, 3, 8, 100):
        for _ in range(3):
            socket.send_fds(s, [msg(DAEMON)], [null] * k)
            e, _, _ = reply(s)
        ok(e in (0, -errno.EMSGSIZE), f"{k} descriptors with a request that has no use for them")
    eq(n(), before, "the daemon holds none of them")
    # a descriptor of a connection to itself, passed around
    socket.send_fds(s, [msg(BIND, bytes(24))], [s.fileno()])
    reply(s)
    eq(n(), before, "nor its own connection")
    os.close(null)
    s.close()


def slow(net):
    """Clients that send and never read; a watcher that does not either."""
    before = net.list()["daemon"]["slow_clients"]
    s = connect(net)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    s.setblocking(False)
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        try:
            s.send(msg(LPORT, bytes(4)))
        except BlockingIOError:
            time.sleep(0.001)
        except (BrokenPipeError, ConnectionResetError):
            break
    ok(wait_for(lambda: net.list()["daemon"]["slow_clients"] > before),
       "who does not read its replies is hung up on, and counted")
    s.close()
    w = connect(net)
    w.send(msg(WATCH))
    with Port("valem:noise") as p:
        p.own(f"udp:{H4}:5000")
        net.ctl("limit", "valem:noise", "event-rate=0")
        f = packet(H4, P4, 17, 1, 9)
        for _ in range(100):
            p.send(*[f] * 64)
        ok(wait_for(lambda: net.list()["daemon"]["events_lost"] > 0), "a watcher that does not read loses events, counted")
        eq(p.drops().get("not-owner"), 6400, "and the counters are right all the same")
    w.close()


def full(net):
    """Tables that are full."""
    with Port("valem:full") as p, Port("valem:other") as o:
        o.own(f"udp:{H4}:4000")
        made = 0
        try:
            for i in range(100):
                p.own(f"udp:{H4}:{20000 + i}")
                made += 1
        except MsError as e:
            ok(e.err == errno.ENOMEM and "--max-tuples" in e.text, "the table of tuples is full", str(e))
        eq(made, 31, "when it has what it was made for")
        wire = Wire(net.p, "w0")
        wire.send(packet(P4, H4, 17, 9, 4000), packet(P4, H4, 17, 9, 20030))
        eq((len(o.recv_wait(1)), len(p.recv_wait(1))), (1, 1), "who is in it is served")
        p.unbind(f"udp:{H4}:20000")
        p.own(f"udp:{H4}:20099")
        ok(True, "and a place that is given back can be had")
        wire.close()
    ports = []
    try:
        for i in range(20):
            ports.append(Port(f"valem:f{i}"))
    except MsError as e:
        ok(e.err == errno.ENOSPC and "--max-ports" in e.text, "the table of ports is full", str(e))
    eq(len(ports), 11, "when it has what it was made for")
    for p in ports:
        p.close()


def random_flood(net):
    """Random bytes at the socket, at a port, at the NIC; a bystander is served."""
    rnd = random.Random(1)
    wire = Wire(net.p, "w0")
    with Port("valem:by") as by, Port("valem:mad") as mad:
        by.own(f"udp:{H4}:5001")
        mad.own(f"udp:{H4}:5000")
        for i in range(300):
            s = connect(net)
            b = bytearray(rnd.randbytes(rnd.choice((1, 16, 40, 84, 200))))
            if len(b) >= 16 and i % 2:
                b[:8] = struct.pack("=IHH", len(b), VERSION, rnd.randrange(18))
                if b[6] in (ATTACH, DETACH, CLOSE, WATCH):
                    b[6] = INFO
            s.send(bytes(b))
            if i % 3:
                try:
                    s.recv(20000)
                except OSError:
                    pass
            s.close()
        base = packet(H4, P4, 17, 5000, 9, b"r" * 60)
        base6 = packet(H6, P6, 17, 5000, 9, b"r" * 60)
        for i in range(3000):
            f = bytearray(rnd.choice((base, base6)))
            for _ in range(rnd.randrange(1, 6)):
                f[rnd.randrange(12, len(f))] = rnd.randrange(256)
            f = bytes(f[:rnd.randrange(14, len(f) + 1)])
            mad.send(f)
            wire.send(f if len(f) > 14 else base)
        # vnet headers of all sorts, past the library
        refused = 0
        for i in range(2000):
            h = rnd.randbytes(12) if i % 2 else struct.pack("<BBHHHHH", 1, rnd.choice((0, 1, 4, 5)), 42,
                                                            rnd.randrange(3000), rnd.randrange(120),
                                                            rnd.randrange(40), 0)
            try:
                os.write(mad.fd(), h + base)
            except OSError:
                refused += 1
        diag(f"the kernel refused {refused} of 2000 virtio-net headers; drops {mad.drops()}")
        for f in wire.recv():
            if f[6:12] == HOST_MAC and is_ip(f, 17, H4, P4) and not is_ip(f, 17, H4, P4, 5000) and \
                    f[20:22] == b"\0\0":
                ok(False, "a frame left that is not the port's own", f.hex())
        by.recv_wait(100, 0.1)
        wire.send(*[packet(P4, H4, 17, 9, 5001)] * 20)
        eq(len(by.recv_wait(20, match=lambda f: is_ip(f, 17))), 20, "the bystander receives")
        wire.recv()
        by.send(*[packet(H4, P4, 17, 5001, 9)] * 20)
        eq(len(wire.recv_wait(lambda f: is_ip(f, 17, H4, P4, 5001), 20)), 20, "and sends")
        ok(net.daemon.poll() is None, "the daemon lives")
    wire.close()




def nic_gone(net):
    """The NIC disappears and comes back."""
    p = Port("valem:gone")
    p.own(f"udp:{H4}:5000")
    run("ip", "link", "del", "eth1")
    sw = lambda: net.list()["switches"][0]
    ok(wait_for(lambda: not sw()["nic_present"]), "a NIC that disappears is noticed")
    ok("(gone)" in net.ctl("-l").stdout, "and listed as gone")
    p.send(packet(H4, P4, 17, 5000, 9))
    # with the NIC its addresses have gone, and with them the tuples
    ok(wait_for(lambda: p.drops().get("no-nic") or p.drops().get("not-owner")),
       "its ports' packets are counted", p.drops())
    try:
        Port("valem:late")
        ok(False, "a port of it is not to be had")
    except MsError as e:
        eq(e.err, errno.ENODEV, "a port of it is not to be had")
    try:
        p.bind(f"sctp:{H4}:1")
        ok(False, "nor a tuple")
    except MsError as e:
        ok(e.err in (errno.ENODEV, errno.EADDRNOTAVAIL), "nor a tuple", str(e))
    run("ip", "link", "add", "eth1", "address", HOST_MAC.hex(":"), "type", "veth", "peer", "name", "w0",
        "address", PEER_MAC.hex(":"), "netns", net.p)
    for ns, dev, a4, a6 in ((net.h, "eth1", H4, H6), (net.p, "w0", P4, P6)):
        run("ip", "-n", ns, "addr", "add", a4 + "/24", "dev", dev)
        run("ip", "-n", ns, "addr", "add", a6 + "/64", "dev", dev, "nodad")
        run("ip", "-n", ns, "link", "set", dev, "up")
    run("ip", "neigh", "replace", P4, "lladdr", PEER_MAC.hex(":"), "dev", "eth1")
    ok(wait_for(lambda: sw()["nic_present"]), "when it is back it is attached again")
    ok(wait_for(lambda: any(t["state"] == "live" for t in net.list()["tuples"])), "with its tuples",
       net.list()["tuples"])
    wire = Wire(net.p, "w0")
    wire.send(packet(P4, H4, 17, 9, 5000))
    eq(len(p.recv_wait(1)), 1, "and the port receives")
    p.send(packet(H4, P4, 17, 5000, 9))
    eq(len(wire.recv_wait(lambda f: is_ip(f, 17, H4, P4, 5000))), 1, "and sends")
    p.close()
    wire.close()
    run("ip", "link", "set", "eth1", "mtu", "1400")
    ok(wait_for(lambda: sw()["mtu"] == 1400), "a change of its MTU is followed")


def test(net):
    host_ns(net)
    messages(net)
    descriptors(net)
    slow(net)
    full(net)
    random_flood(net)
    nic_gone(net)
    # a state directory of another version
    net.kill(signal.SIGTERM)
    run("bpftool", "map", "update", "pinned", net.bpffs + "/st_abi", "key", "0", "0", "0", "0", "value",
        *["99", "0", "0", "0"] * 4)
    r = run(*net.command(), check=False)
    ok(r.returncode == 1 and "incompatible version" in r.stderr and "--cleanup" in r.stderr,
       "maps of another version are refused", r.stderr)
    eq(net.cleanup_cmd().returncode, 0, "and --cleanup removes them")
    ok(not os.path.exists(net.bpffs), "all of them")


main(test, "--grace", "0", "--max-tuples", "32", "--max-ports", "12")
