#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Contract 7: the attacker suite.  Each attack runs as an unprivileged uid, and each is
refused with its own error, or dropped and counted for its own reason.
"""
import os
import sys
import threading
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from mslib import *

ATTACKER = NOBODY
VICTIM = 65533


def attempt(fn):
    """As the attacker; the errno of what was refused, 0 if it was not."""
    def run_it():
        try:
            fn()
            return [0, ""]
        except MsError as e:
            return [e.err, e.text]
        except OSError as e:
            return [-e.errno, str(e)]
    return as_child(run_it, uid=ATTACKER)


def refused(err, words, name, fn):
    e, text = attempt(fn)
    ok(e == err and words in text, name,
       f"got {errno.errorcode.get(e, e)}: {text}, want {errno.errorcode[err]}")


def setopt(level, opt, val=1):
    return lambda s: s.setsockopt(level, opt, val)


def credentials(net):
    def bind_with(t, prepare=None, sock=None, after=None):
        def fn():
            p = Port("valem:evil")
            s = sock() if sock else credential(t, prepare)
            if after:
                after(s)
            p.bind(t, s)
        return fn

    IP, V6, SOL = socket.IPPROTO_IP, socket.IPPROTO_IPV6, socket.SOL_SOCKET
    refused(errno.EPERM, "FREEBIND", "IP_FREEBIND, the NIC's address",
            bind_with(f"udp:{H4}:7000", setopt(IP, 15)))
    refused(errno.EPERM, "FREEBIND", "IPV6_FREEBIND",
            bind_with(f"udp:[{H6}]:7000", setopt(V6, 78)))
    refused(errno.EADDRNOTAVAIL, "not one of", "IP_FREEBIND, a stranger's address",
            bind_with("udp:203.0.113.7:7000", setopt(IP, 15)))
    refused(errno.ENOTUNIQ, "SO_REUSEADDR", "UDP with SO_REUSEADDR",
            bind_with(f"udp:{H4}:7000", setopt(SOL, socket.SO_REUSEADDR)))
    refused(errno.ENOTUNIQ, "SO_REUSEPORT", "UDP with SO_REUSEPORT",
            bind_with(f"udp:{H4}:7000", setopt(SOL, socket.SO_REUSEPORT)))
    refused(errno.ENOTUNIQ, "SO_REUSEADDR", "TCP with SO_REUSEADDR",
            bind_with(f"tcp:{H4}:7000", setopt(SOL, socket.SO_REUSEADDR)))
    # a device of its own makes the same tuple another one for the kernel
    refused(errno.ENXIO, "device", "SO_BINDTODEVICE lo beside a server's socket",
            bind_with("udp:*:7100", setopt(SOL, socket.SO_BINDTODEVICE, b"lo")))

    # a host server with SO_REUSEADDR; the attacker joins and clears its own flag
    v = credential(f"udp:{H4}:7200", setopt(SOL, socket.SO_REUSEADDR))
    refused(errno.ENOTUNIQ, "another socket", "SO_REUSEADDR, cleared after joining a server's tuple",
            bind_with(f"udp:{H4}:7200", setopt(SOL, socket.SO_REUSEADDR),
                      after=setopt(SOL, socket.SO_REUSEADDR, 0)))
    v.close()
    v = credential("udp:*:7201", setopt(SOL, socket.SO_REUSEADDR))
    refused(errno.ENOTUNIQ, "another socket", "the same with a server's wildcard",
            bind_with(f"udp:{H4}:7201", setopt(SOL, socket.SO_REUSEADDR),
                      after=setopt(SOL, socket.SO_REUSEADDR, 0)))
    v.close()
    v = credential("udp:[::]:7202", setopt(SOL, socket.SO_REUSEADDR))
    refused(errno.ENOTUNIQ, "another socket", "the same with a server's [::]",
            bind_with(f"udp:{H4}:7202", setopt(SOL, socket.SO_REUSEADDR),
                      after=setopt(SOL, socket.SO_REUSEADDR, 0)))
    v.close()

    def own_ns():
        if libc.unshare(0x50000000):     # CLONE_NEWUSER | CLONE_NEWNET
            raise OSError(ctypes.get_errno(), "unshare")
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        s.setsockopt(IP, 15, 1)
        s.bind((H4, 80))
        return s

    def foreign(in_child):
        def fn():
            p = Port("valem:evil")
            a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
            pid = os.fork()
            if pid == 0:
                try:
                    socket.send_fds(b, [b"x"], [in_child().fileno()])
                except OSError:
                    pass
                os._exit(0)
            b.close()
            _, fds, _, _ = socket.recv_fds(a, 1, 1)
            os.waitpid(pid, 0)
            if not fds:
                raise OSError(errno.ENOSYS, "no user namespaces here")
            p.bind(f"tcp:{H4}:80", fds[0])
        return fn
    e, text = attempt(foreign(own_ns))
    if e == -errno.ENOSYS:
        skip("a socket of another network namespace", "unprivileged user namespaces are off")
    else:
        ok(e == errno.EXDEV, "a socket of another network namespace, bound to port 80", text)
    refused(errno.ENOTSOCK, "not a socket", "a file", lambda: Port("valem:evil").bind(
        f"udp:{H4}:7000", os.open("/dev/null", os.O_RDONLY)))
    refused(errno.EAFNOSUPPORT, "family", "a netlink socket", lambda: Port("valem:evil").bind(
        f"udp:{H4}:7000", socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)))
    refused(errno.EPROTONOSUPPORT, "protocol", "a UDP socket for a TCP tuple",
            lambda: Port("valem:evil").bind(f"tcp:{H4}:7000", credential(f"udp:{H4}:7000")))
    refused(errno.EINVAL, "not bound", "an unbound socket", lambda: Port("valem:evil").bind(
        f"udp:{H4}:7000", socket.socket(socket.AF_INET, socket.SOCK_DGRAM)))
    refused(errno.EINVAL, "another address", "bound to loopback", lambda: Port("valem:evil").bind(
        f"udp:{H4}:7000", credential("udp:127.0.0.1:7000")))
    for proto, n in (("sctp", "SCTP"), ("dccp", "DCCP")):
        refused(errno.EACCES, "does not grant", f"{n} without socket or grant",
                lambda: Port("valem:evil").bind(f"{proto}:{H4}:7000"))
    refused(errno.EACCES, "does not grant", "GRE", lambda: Port("valem:evil").bind(f"47:{H4}"))
    for n in (1, 2, 58, 44, 60, 255 + 1):
        t = tup(f"17:{H4}:7000")
        t.protocol, t.port = n, 0
        refused(errno.EPROTONOSUPPORT, "never a port's", f"protocol {n}",
                lambda: Port("valem:evil").bind(t))
    refused(errno.EPROTOTYPE, "credential", "TCP without a socket",
            lambda: Port("valem:evil").bind(f"tcp:{H4}:7000"))


def toggles(net):
    """Flags set after the bind: the tuple is revoked."""
    IP, SOL = socket.IPPROTO_IP, socket.SOL_SOCKET
    for name, level, opt, in (("SO_REUSEADDR", SOL, socket.SO_REUSEADDR), ("IP_FREEBIND", IP, 15)):
        revoked = lambda: net.list()["daemon"]["revoked"]
        before = revoked()

        def hold():
            p = Port("valem:toggle")
            s = credential(f"udp:{H4}:7000")
            p.bind(f"udp:{H4}:7000", s)
            s.setsockopt(level, opt, 1)
            return wait_for(lambda: revoked() - before)
        as_child(hold, uid=ATTACKER)
        eq(revoked(), before + 1, f"{name} set afterwards revokes the tuple")


def spoof(net, wire):
    """Frames in another's name."""
    r, w = os.pipe()
    victim = os.fork()
    if victim == 0:
        become(VICTIM)
        p = Port("valem:victim")
        p.own(f"udp:{H4}:5000")
        os.write(w, b"r")
        got = p.recv_wait(1, LIMIT_S)
        os.write(w, json.dumps([f.data.hex() for f in got]).encode().ljust(4096))
        os._exit(0)
    os.read(r, 1)

    def evil():
        p = Port("valem:evil")
        p.own(f"udp:{H4}:6000")
        cases = [
            ("other-owner", packet(H4, P4, 17, 5000, 9)),
            ("not-owner", packet(H4, P4, 17, 22, 9)),
            ("not-owner", packet(H4, P4, 6, 6000, 9)),
            ("not-owner", packet("10.9.0.3", P4, 17, 6000, 9)),
            ("not-owner", packet("127.0.0.1", H4, 17, 6000, 9)),
            ("vlan", packet(H4, P4, 17, 6000, 9, vlan=42)),
            ("vlan", eth(b"\0\x2a\x81\x00" + packet(H4, P4, 17, 5000, 9)[12:], ethertype=0x88a8)),
            ("not-ip", eth(b"\0\1\x08\0\6\4\0\2" + HOST_MAC + ip_bytes(P4) + PEER_MAC + ip_bytes(H4),
                           ethertype=0x806)),
            ("icmp", icmp_error(H4, P4, ip4(P4, H4, 17, l4(17, P4, H4, 9, 5000, b"z" * 8)))),
            ("icmp", eth(ip6(H6, "ff02::1", 58, b"\x86" + b"\0" * 15))),         # router advertisement
            ("icmp", eth(ip6(H6, P6, 58, b"\x88\0\0\0\x60\0\0\0" + ip_bytes(H6)))),  # neighbour advertisement
            ("frag", fragments(H4, P4, 17, l4(17, H4, P4, 5000, 9, b"f" * 99))[1]),
            ("other-owner", fragments(H4, P4, 17, l4(17, H4, P4, 5000, 9, b"f" * 99))[0]),
            ("short", eth(ip4(H4, P4, 17, b"\x17"))),
            ("bad-dst", packet(H4, "127.0.0.1", 17, 6000, 22)),
            ("bad-dst", packet(H4, "255.255.255.255", 17, 6000, 67)),
            ("not-owner", eth(ip4(H4, P4, 4, ip4(H4, P4, 17, l4(17, H4, P4, 5000, 9))))),
            ("exthdr", eth(ip6(H6, P6, 51, b"\x11\x04" + b"\0" * 22))),
        ]
        out = []
        for reason, f in cases:
            before = p.drops().get(reason, 0)
            p.send(f)
            end = time.monotonic() + 1
            while p.drops().get(reason, 0) == before and time.monotonic() < end:
                pass
            out.append([reason, p.drops().get(reason, 0) - before])
        # the offset-0 fragment of an own datagram, the same again for the victim's
        own = fragments(H4, P4, 17, l4(17, H4, P4, 6000, 9, b"f" * 99), ident=5)
        p.send(own[0])
        before = p.drops().get("other-owner", 0)
        p.send(fragments(H4, P4, 17, l4(17, H4, P4, 5000, 9, b"f" * 99), ident=5)[0])
        out.append(["first fragment twice, other-owner", p.drops().get("other-owner", 0) - before])
        return out
    wire.recv()
    for reason, n in as_child(evil, uid=ATTACKER):
        eq(n, 1, f"spoofed frame: {reason}")
    got = wire.recv_wait(lambda f: f[6:12] == HOST_MAC and is_ip(f, None, H4, P4) and
                         not is_ip(f, 17, H4, P4, 6000, 9), 1, 0.2)
    eq(len(got), 0, "none of them is on the wire")

    # steal the victim's tuple, name, or packets
    refused(errno.EBUSY, "open already", "the victim's port name", lambda: Port("valem:victim"))

    def steal():
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((H4, 5000))
    e, text = attempt(steal)
    eq(e, -errno.EADDRINUSE, "the victim's tuple is not to be bound by anybody else")

    def listen_in():
        fd = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(fd, 0x400454ca, struct.pack("16sH22x", b"ms1", 0x5002))
    e, text = attempt(listen_in)
    ok(e in (-errno.EPERM, -errno.EBUSY, -errno.EACCES), "the victim's TAP is not to be attached to", text)
    e, _ = attempt(lambda: socket.socket(44, socket.SOCK_RAW, 0))
    ok(e in (-errno.EPERM, -errno.EACCES), "nor an AF_XDP socket to be made")
    e, _ = attempt(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
    ok(e in (-errno.EPERM, -errno.EACCES), "nor a packet socket")
    e, _ = attempt(lambda: os.listdir(net.bpffs))
    eq(e, -errno.EACCES, "the pinned maps are out of reach")

    def keeper_sock():
        s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        s.connect(net.run_dir + "/keeper.sock")
    e, _ = attempt(keeper_sock)
    eq(e, -errno.EACCES, "the keeper's socket, too")

    # what the holder of a descriptor may do to it
    def xsk_other():
        p = Port("valem:evil", kind=XSK)
        out = []
        for ifindex in (1, 2, 3, p.info().ifindex, p.info().nic_ifindex):
            try:
                libc_bind(p.fd(), struct.pack("=HHIII", 44, 0, ifindex, 0, 0))
                out.append(0)
            except OSError as e:
                out.append(e.errno)
        return out
    r_ = as_child(xsk_other, uid=ATTACKER)
    ok(all(r_), "an AF_XDP socket is not to be bound to anything else", r_)
    wire.send(packet(P4, H4, 17, 9, 5000, b"for the victim"))
    got = json.loads(os.read(r, 8192))
    os.waitpid(victim, 0)
    ok(len(got) == 1 and b"for the victim" in bytes.fromhex(got[0]), "the victim gets its packet")

    def tap_tricks():
        p = Port("valem:evil")
        p.own(f"udp:{H4}:6000")
        fd, done = p.fd(), []
        for name, req, arg in (("SNDBUF", 0x400454d4, struct.pack("i", 1 << 30)),
                               ("OFFLOAD", 0x400454d0, 0x7f), ("CARRIER", 0x400454e2, struct.pack("i", 1)),
                               ("PERSIST", 0x400454cb, 1), ("OWNER", 0x400454cc, ATTACKER),
                               ("VNETHDRSZ", 0x400454d8, struct.pack("i", 24)),
                               ("VNETHDRSZ", 0x400454d8, struct.pack("i", 12)),
                               ("HWADDR", 0x8924, struct.pack("16sH6s14x", b"ms2", 1, PEER_MAC))):
            try:
                fcntl.ioctl(fd, req, arg)
                done.append(name)
            except OSError:
                pass
        p.send(packet(H4, P4, 17, 5000, 9), packet(H4, P4, 17, 6000, 9))
        return [done, p.drops()]
    wire.recv()
    done, drops = as_child(tap_tricks, uid=ATTACKER)
    diag(f"what the kernel lets the holder of a TAP do: {done}")
    # the other was sent first
    got = wire.recv_wait(lambda f: is_ip(f, 17, H4))
    ok(len(got) == 1 and is_ip(got[0], 17, H4, P4, 6000) and got[0][6:12] == HOST_MAC,
       "and after it all only its own packets leave, with the NIC's address", drops)
    ok(wait_for(lambda: not net.links()), "and the link is removed at the end")


def libc_bind(fd, sa):
    if libc.bind(fd, sa, len(sa)):
        raise OSError(ctypes.get_errno(), "bind")


def watch(net, wire):
    w = subprocess.Popen([net.dir + "/multistackctl", "--json", "watch"], stdout=subprocess.PIPE, text=True)
    lines = []
    reader = threading.Thread(target=lambda: [lines.append(l) for l in w.stdout], daemon=True)
    reader.start()
    with Port("valem:w") as p:
        p.own(f"udp:{H4}:6000")
        # a report is made once: until the watcher is there, nobody sees it
        wait_for(lambda: p.send(packet(H4, P4, 17, 21, 9)) and lines, step=0.05)
        p.send(packet(H4, P4, 17, 22, 9), packet(H4, P4, 17, 6000, 9, vlan=3), eth(b"\0" * 46, ethertype=0x806))
        events = lambda: [e for e in map(json.loads, list(lines)) if e.get("source") != f"udp:{H4}:21"]
        ev = wait_for(lambda: len(events()) >= 3 and events()) or events()
    w.kill()
    w.wait()
    reader.join()
    eq([e["reason"] for e in ev], ["not-owner", "vlan", "not-ip"], "watch prints violations")
    ok(ev and ev[0]["port"] == "valem:w" and ev[0]["source"] == f"udp:{H4}:22" and
       ev[0]["destination"] == f"udp:{P4}:9", "with port and tuples", ev[:1])


def daemon(net):
    """What the daemon has kept for itself."""
    st = dict(l.split(":\t", 1) for l in open(f"/proc/{net.daemon.pid}/status").read().splitlines())
    eq(int(st["CapEff"], 16), 1 << 12 | 1 << 39, "the daemon has CAP_NET_ADMIN and CAP_BPF alone")
    eq(int(st["CapBnd"], 16), 1 << 12 | 1 << 39, "and can get no more")
    eq(st["Seccomp"].strip(), "2", "and a seccomp filter")
    eq(st["NoNewPrivs"].strip(), "1", "and no_new_privs")
    for pid in os.listdir("/proc"):
        try:
            comm = open(f"/proc/{pid}/comm").read().strip()
            cmd = open(f"/proc/{pid}/cmdline").read()
        except OSError:
            continue
        if comm in ("multistack-keep", "multistack-ns") and net.run_dir in cmd:
            st = dict(l.split(":\t", 1) for l in open(f"/proc/{pid}/status").read().splitlines())
            want = 0 if comm == "multistack-keep" else 1 << 21 | 1 << 12 | 1 << 13
            ok(int(st["CapEff"], 16) == want and st["Seccomp"].strip() == "2",
               f"{comm} has what it needs alone", st["CapEff"])
    m = os.stat(net.sock)
    eq(m.st_mode & 0o777, 0o660, "the socket's mode is as configured")
    eq(m.st_gid, NOBODY, "and its group")
    e, text = as_child(lambda: attempt_open(), uid=1)
    eq(e, errno.EACCES, "who is not in the group cannot connect")


def as_user(net):
    """The daemon as a user of its own."""
    net.kill(signal.SIGTERM)
    net.cleanup_cmd()
    net.args += ["--user", "nobody"]
    net.start()
    net.ctl("-h", "valem:eth1")
    st = dict(l.split(":\t", 1) for l in open(f"/proc/{net.daemon.pid}/status").read().splitlines())
    eq(st["Uid"].split(), [str(NOBODY)] * 4, "--user: it is that user")
    wire = Wire(net.p, "w0")
    for kind, name in ((TAP, "TAP"), (XSK, "AF_XDP")):
        with Port("valem:u", kind=kind) as p:
            p.own(f"udp:{H4}:5000")
            wire.send(packet(P4, H4, 17, 9, 5000))
            eq(len(p.recv_wait(1)), 1, f"--user: a {name} port works")
            net.kill()
            net.start()
            p.own(f"udp:{H4}:5001")
            wire.send(packet(P4, H4, 17, 9, 5001))
            ok(any(is_ip(f.data, 17, P4, H4, 9, 5001) for f in p.recv_wait(1)), f"--user: a {name} port lives through a restart")
    wire.close()


def attempt_open():
    try:
        Port("valem:evil")
        return [0, ""]
    except MsError as e:
        return [e.err, e.text]


def test(net):
    host_ns(net)
    wire = Wire(net.p, "w0")
    credentials(net)
    toggles(net)
    spoof(net, wire)
    watch(net, wire)
    net.kill(signal.SIGTERM)
    net.cleanup_cmd()
    net.args += ["--socket-mode", "0660", "--socket-group", "nogroup"]
    net.start()
    daemon(net)
    as_user(net)


main(test, "--grace", "0", "--sweep", "100")
