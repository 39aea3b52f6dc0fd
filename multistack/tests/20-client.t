#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Contract 2: a client without any privilege, its names, tuples and errors."""
import os
import sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from mslib import *


def fails(err, name, fn, words=""):
    try:
        fn()
    except MsError as e:
        return ok(e.err == err and words in e.text, name,
                  f"got {errno.errorcode.get(e.err, e.err)}: {e.text}")
    return ok(False, name, "no error")


def names():
    for n in ("vp0", "valem", "valem:", ":vp0", "valem:vp 0", "valem:" + "x" * 32, "eth:vp0",
              "vale-m:vp0", "valem:a:b", ""):
        fails(errno.EINVAL, f"the name {n!r}", lambda: Port(n))
    for n in ("valem:" + "x" * 31, "valem:a_B-9.z", "valem:{}".format(0)):
        with Port(n) as p:
            eq(p.info().name.decode(), n, f"the name {n}")
    fails(errno.ENOENT, "an unknown switch", lambda: Port("valeq:vp0"), "multistackctl -h")
    fails(errno.EINVAL, "an unknown kind", lambda: Port(kind=7))
    fails(errno.EINVAL, "offloads without checksum", lambda: Port(offloads=TSO4))
    fails(errno.EINVAL, "offloads of an AF_XDP port", lambda: Port(kind=XSK, offloads=CSUM))
    fails(errno.EINVAL, "a ring that is no power of two", lambda: Port(kind=XSK, ring_size=100))
    with Port() as p:
        fails(errno.EBUSY, "a name that is taken", lambda: Port(), "open already")


def tuples():
    with Port() as p:
        for proto in ("tcp", "udp", "udplite"):
            for addr in (H4, f"[{H6}]"):
                t = f"{proto}:{addr}:5000"
                p.own(t)
                ok(True, f"bind {t}")
        p.own(f"udp:{H4}:5001")
        c = credential(f"udp:{H4}:5002")
        p.bind(f"udp:{H4}:5002", c)
        p.bind(f"udp:{H4}:5002", c)
        ok(True, "binding twice succeeds")
        c.close()
        try:
            credential(f"udp:{H4}:5002").close()
            ok(False, "the daemon keeps the credential")
        except OSError as e:
            eq(e.errno, errno.EADDRINUSE, "the daemon keeps the credential")
        p.unbind(f"udp:{H4}:5002")
        credential(f"udp:{H4}:5002").close()
        ok(True, "UNBIND lets it go")
        p.own(f"udp:{H4}:5002")
        ok(True, "and it can be bound again at once")
        fails(errno.ENOENT, "UNBIND of what is not bound", lambda: p.unbind(f"udp:{H4}:5999"))
        bad = tup(f"udp:{H4}:5000")
        bad.family = 1
        fails(errno.EINVAL, "UNBIND of nonsense", lambda: p.unbind(bad))

        # errors of BIND
        def try_bind(t, sock):
            with sock:
                p.bind(t, sock)
        fails(errno.EINVAL, "a socket bound to another port",
              lambda: try_bind(f"udp:{H4}:6001", credential(f"udp:{H4}:6000")))
        fails(errno.EINVAL, "an unbound socket",
              lambda: try_bind(f"udp:{H4}:6001", socket.socket(socket.AF_INET, socket.SOCK_DGRAM)))
        fails(errno.EADDRNOTAVAIL, "an address that is not the NIC's",
              lambda: try_bind("udp:127.0.0.1:6001", credential("udp:127.0.0.1:6001")))
        fails(errno.EINVAL, "bound to another address",
              lambda: try_bind(f"udp:{H4}:6001", credential("udp:127.0.0.1:6001")))
        fails(errno.EPROTONOSUPPORT, "another protocol",
              lambda: try_bind(f"tcp:{H4}:6001", credential(f"udp:{H4}:6001")))
        fails(errno.EAFNOSUPPORT, "another family",
              lambda: try_bind(f"udp:[{H6}]:6001", credential(f"udp:{H4}:6001")))
        fails(errno.EBADF, "a closed descriptor", lambda: p.bind(f"udp:{H4}:6001", 999))
        fd = os.open("/dev/null", os.O_RDONLY)
        fails(errno.ENOTSOCK, "not a socket", lambda: p.bind(f"udp:{H4}:6001", fd))
        os.close(fd)
        fails(errno.EAFNOSUPPORT, "a Unix socket", lambda: try_bind(
            f"udp:{H4}:6001", socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)))
        fails(errno.EPROTOTYPE, "no socket, although there is one for the protocol",
              lambda: p.bind(f"udp:{H4}:6001"))
        fails(errno.EACCES, "SCTP without a grant", lambda: p.bind(f"sctp:{H4}:6001"))
        fails(errno.EPROTONOSUPPORT, "ICMP", lambda: p.bind(f"1:{H4}"))
        fails(errno.EINVAL, "port 0", lambda: p.bind(f"udp:{H4}:0"))
        bad = tup(f"udp:{H4}:6001")
        bad.reserved = 7
        fails(errno.EINVAL, "reserved bytes", lambda: p.bind(bad))
        with Port("valem:vp1") as q:
            s = credential(f"udp:{H4}:5100")
            q.bind(f"udp:{H4}:5100", s)
            fails(errno.EBUSY, "a tuple of another port", lambda: p.bind(f"udp:{H4}:5100", s))
            s.close()
    return True


def wildcards(net):
    with Port() as p:
        p.own("udp:*:7000")
        have = lambda: sorted(t["tuple"] for t in net.list()["tuples"] if t["state"] == "live")
        eq(have(), [f"udp:{H4}:7000"], "* is each IPv4 address of the NIC")
        run("ip", "addr", "add", "10.9.0.77/24", "dev", "eth1")
        ok(wait_for(lambda: f"udp:10.9.0.77:7000" in have()), "and those that it gets later")
        run("ip", "addr", "del", "10.9.0.77/24", "dev", "eth1")
        ok(wait_for(lambda: f"udp:10.9.0.77:7000" not in have()), "and no longer when it is gone")
        p.unbind("udp:*:7000")
        eq(have(), [], "UNBIND of a wildcard")
    with Port() as p:
        p.own("udp:[::]:7001")
        got = set(t["tuple"] for t in net.list()["tuples"] if t["state"] == "live")
        ok({f"udp:{H4}:7001", f"udp:[{H6}]:7001"} <= got, "[::] is both families", got)
    with Port() as p:
        p.own("udp:[::]:7002", prepare=lambda s: s.setsockopt(socket.IPPROTO_IPV6,
                                                              socket.IPV6_V6ONLY, 1))
        got = set(t["tuple"] for t in net.list()["tuples"] if t["state"] == "live")
        ok(f"udp:[{H6}]:7002" in got and f"udp:{H4}:7002" not in got, "with V6ONLY just one", got)
    with Port() as p:
        p.own("udp:[::]:7004", prepare=lambda s: s.setsockopt(socket.IPPROTO_IPV6,
                                                              socket.IPV6_V6ONLY, 1))
        p.own("udp:*:7004")
        ok(True, "wildcards of both families side by side")
    with Port() as p:
        s = credential("tcp:*:7003")
        p.bind(f"tcp:{H4}:7003", s)
        ok(True, "a wildcard socket is proof for one address")
        s.close()


def end_to_end():
    w = []
    with Port("valem:user") as p:
        p.own(f"udp:{H4}:8000")
        i = p.info()
        w.append(i.mtu)
        got = p.recv_wait(1)
        for f in got:
            p.send(packet(H4, P4, 17, 8000, 1000, f.data[42:]))
        return [len(got), p.stats().tx_packets, os.getuid()]


def caps(net):
    ports = []
    try:
        while len(ports) < 20:
            ports.append(Port(f"valem:q{len(ports)}"))
    except MsError as e:
        return [len(ports), e.err, e.text]
    return [len(ports), 0, ""]


def tuple_caps():
    with Port("valem:t") as p:
        for i in range(10):
            try:
                p.own(f"udp:{H4}:{9000 + i}")
            except MsError as e:
                return [i, e.err]
    return [10, 0]


def test(net):
    host_ns(net)
    names()
    tuples()
    wildcards(net)
    wire = Wire(net.p, "w0")
    pid = os.fork()
    if pid == 0:
        # till the client, which takes its time to come, has got one
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            wire.send(packet(P4, H4, 17, 1000, 8000, b"hello, user"))
            time.sleep(0.05)
        os._exit(0)
    got, tx, uid = as_child(end_to_end, uid=NOBODY)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    ok(got >= 1 and tx >= 1 and uid == NOBODY, "an unprivileged client receives and sends",
       (got, tx, uid))
    ok(len(wire.recv_wait(lambda f: is_ip(f, 17, H4, P4, 8000, 1000) and b"hello, user" in f)) >= 1,
       "its answer is on the wire")
    n, e, text = as_child(lambda: caps(net), uid=NOBODY)
    ok(n == 8 and e == errno.EDQUOT and "--uid-ports" in text, "ports per uid are capped", (n, e, text))
    eq(as_child(tuple_caps, uid=NOBODY), [6, errno.EDQUOT], "tuples per uid are capped")
    with open(net.policy, "w") as f:
        f.write("# who proto addr port\nnobody sctp %s 3868\n65534 gre * -\n" % H4)
    net.daemon.send_signal(signal.SIGHUP)

    def granted():
        with Port("valem:pol") as p:
            wait_for(lambda: p.may_bind(f"sctp:{H4}:3868"))     # once the policy is read
            p.bind(f"47:{H4}")
            try:
                p.bind(f"sctp:{H4}:3869")
            except MsError as e:
                return e.err
    eq(as_child(granted, uid=NOBODY), errno.EACCES, "the policy file grants, and no more than it says")


main(test, "--uid-ports", "8", "--uid-tuples", "6", "--grace", "100")
