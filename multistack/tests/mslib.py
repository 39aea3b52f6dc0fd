# SPDX-License-Identifier: GPL-2.0-only
"""
What the tests share: TAP output, network namespaces, the daemon, the library.

Topology, all names unique to the test and removed at its end:

        <id>h (the host)                     <id>p (the peer, on the wire)
        eth1 10.9.0.1 fd09::1  ----------- w0 10.9.0.2 fd09::2
        multistackd, clients                 frames made by hand, captures

The test's own process moves between the namespaces with setns(); a socket
stays in the one where it was opened.
"""
import contextlib
import ctypes
import errno
import fcntl
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

BUILD = os.environ.get("MS_BUILD") or sys.exit("MS_BUILD is not set; run make check")
SRC = os.environ.get("MS_SRC", os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIMIT_S = 480
WAIT_S = 20.0     # for what comes at once, unless the machine is busy

libc = ctypes.CDLL(None, use_errno=True)
NOBODY = 65534

HOST_MAC = bytes.fromhex("020000000001")
PEER_MAC = bytes.fromhex("020000000002")
H4, P4, H6, P6 = "10.9.0.1", "10.9.0.2", "fd09::1", "fd09::2"

# ---- TAP ----

_count = 0
_failed = 0


def ok(cond, name, why=""):
    global _count, _failed
    _count += 1
    if cond:
        print(f"ok {_count} - {name}", flush=True)
    else:
        _failed += 1
        print(f"not ok {_count} - {name}", flush=True)
        if why != "":
            for line in str(why).splitlines():
                print(f"# {line}", flush=True)
    return bool(cond)


def eq(got, want, name):
    return ok(got == want, name, f"got {got!r}, want {want!r}")


def skip(name, why):
    global _count
    _count += 1
    print(f"ok {_count} - {name} # SKIP {why}", flush=True)


def diag(text):
    print(f"# {text}", flush=True)


def skip_all(why):
    print(f"1..0 # SKIP {why}")
    sys.exit(0)


def wait_for(fn, timeout=WAIT_S, step=0.02):
    """The first true result of fn(), or its last."""
    end = time.monotonic() + timeout
    while True:
        r = fn()
        if r or time.monotonic() > end:
            return r
        time.sleep(step)


def wait_frames(recv, n, timeout, match=None):
    """
    At least n frames that match, by recv(), or till the time is over.  What is
    there by then counts, however late this process gets to look.
    """
    out = []
    end = time.monotonic() + timeout
    while True:
        late = time.monotonic() > end
        got = recv()
        out += [f for f in got if not match or match(getattr(f, "data", f))]
        if len(out) >= n or late and not got:
            return out
        if not got:
            time.sleep(0.002)


# ---- namespaces and commands ----

def run(*cmd, check=True, **kw):
    r = subprocess.run(cmd, capture_output=True, text=True, timeout=60, **kw)
    if check and r.returncode:
        raise RuntimeError(f"{' '.join(cmd)}: {r.returncode}\n{r.stdout}{r.stderr}")
    return r


_home = os.open("/proc/self/ns/net", os.O_RDONLY)


@contextlib.contextmanager
def in_ns(name):
    fd = os.open(f"/run/netns/{name}", os.O_RDONLY)
    try:
        if libc.setns(fd, 0x40000000):
            raise OSError(ctypes.get_errno(), "setns")
        yield
    finally:
        libc.setns(_home, 0x40000000)
        os.close(fd)


def enter_ns(name):
    """For children that stay there."""
    fd = os.open(f"/run/netns/{name}", os.O_RDONLY)
    libc.setns(fd, 0x40000000)
    os.close(fd)


def become(uid):
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def as_child(fn, uid=None, ns=None, timeout=120):
    """fn() in a child; its JSON-able result, or the text of its exception."""
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(r)
            signal.alarm(timeout)
            if ns:
                enter_ns(ns)
            if uid is not None:
                become(uid)
            out = ["ok", fn()]
        except BaseException as e:
            out = ["exception", f"{type(e).__name__}: {e}"]
        try:
            os.write(w, json.dumps(out).encode())
        finally:
            os._exit(0)
    os.close(w)
    data = b""
    while True:
        b = os.read(r, 65536)
        if not b:
            break
        data += b
    os.close(r)
    os.waitpid(pid, 0)
    if not data:
        raise RuntimeError("the child died")
    kind, val = json.loads(data)
    if kind != "ok":
        raise RuntimeError(val)
    return val


class Net:
    """The topology, and one daemon in it."""

    def __init__(self, *daemon_args, attach=True, start=True, mode="-h"):
        self.id = f"mst{os.getpid() % 100000}"
        self.h, self.p = self.id + "h", self.id + "p"
        self.dir = tempfile.mkdtemp(prefix="mst-", dir="/tmp")
        os.chmod(self.dir, 0o755)
        self.run_dir = os.path.join(self.dir, "run")
        self.bpffs = os.path.join(self.dir, "bpf")
        self.sock = os.path.join(self.run_dir, "multistack.sock")
        self.policy = os.path.join(self.dir, "policy")
        self.args = list(daemon_args) + os.environ.get("MS_DAEMON_ARGS", "").split()
        self.daemon = None
        self.log = os.path.join(self.dir, "log")
        os.environ["MULTISTACK_SOCKET"] = self.sock
        # where every uid can run them
        shutil.copy(f"{BUILD}/multistackctl", self.dir)
        # MS_DAEMON: another build of it, with sanitizers for instance
        shutil.copy(os.environ.get("MS_DAEMON", f"{BUILD}/multistackd"), self.dir + "/multistackd")
        try:
            self.make_links()
            if start:
                self.start()
            if start and attach:
                self.ctl(mode, "valem:eth1")
        except BaseException:
            self.close()
            raise

    def make_links(self):
        for ns in (self.h, self.p):
            run("ip", "netns", "add", ns)
            run("ip", "-n", ns, "link", "set", "lo", "up")
        ip = lambda *a: run("ip", *a)
        ip("-n", self.h, "link", "add", "eth1", "address", HOST_MAC.hex(":"),
           "type", "veth", "peer", "name", "w0", "address", PEER_MAC.hex(":"),
           "netns", self.p)
        for ns, dev, a4, a6 in ((self.h, "eth1", H4, H6), (self.p, "w0", P4, P6)):
            ip("-n", ns, "addr", "add", a4 + "/24", "dev", dev)
            ip("-n", ns, "addr", "add", a6 + "/64", "dev", dev, "nodad")
            ip("-n", ns, "link", "set", dev, "up")
        ip("-n", self.h, "neigh", "replace", P4, "lladdr", PEER_MAC.hex(":"), "dev", "eth1")
        ip("-n", self.h, "neigh", "replace", P6, "lladdr", PEER_MAC.hex(":"), "dev", "eth1")
        ip("-n", self.p, "neigh", "replace", H4, "lladdr", HOST_MAC.hex(":"), "dev", "w0")
        ip("-n", self.p, "neigh", "replace", H6, "lladdr", HOST_MAC.hex(":"), "dev", "w0")

    def command(self, *args):
        return [f"{self.dir}/multistackd", "--run-dir", self.run_dir, "--bpffs", self.bpffs,
                "--policy", self.policy, *self.args, *args]

    def start(self, *args, env=None):
        ns = self.h
        log = open(self.log, "a")
        self.daemon = subprocess.Popen(self.command(*args), stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log, preexec_fn=lambda: enter_ns(ns),
                                       env=dict(os.environ, **(env or {})))
        log.close()

        def up():
            if self.daemon.poll() is not None:
                raise RuntimeError("multistackd ended:\n" + self.logged())
            # ready only when it answers, for the socket outlives the daemon
            return run(f"{BUILD}/multistackctl", "-l", check=False).returncode == 0
        if not wait_for(up):
            raise RuntimeError("multistackd does not answer:\n" + self.logged())

    def kill(self, sig=signal.SIGKILL):
        self.daemon.send_signal(sig)
        self.daemon.wait(WAIT_S)

    def logged(self):
        with open(self.log) as f:
            return f.read()

    def ctl(self, *args, check=True, uid=None, ns=None):
        pre = (lambda: become(uid)) if uid is not None else None
        return run(f"{self.dir}/multistackctl", *args, check=check, preexec_fn=pre)

    def list(self):
        return json.loads(self.ctl("-l", "--json").stdout)

    def port(self, name):
        return next((p for p in self.list()["ports"] if p["name"] == name), None)

    def links(self):
        """The links in the host's namespace that are ours."""
        out = run("ip", "-j", "-n", self.h, "link").stdout
        return [l["ifname"] for l in json.loads(out) if l["ifname"].startswith("ms")]

    def cleanup_cmd(self):
        ns = self.h
        return run(*self.command("--cleanup"), check=False, preexec_fn=lambda: enter_ns(ns))

    def close(self):
        try:
            if self.daemon and self.daemon.poll() is None:
                self.kill(signal.SIGTERM)
            if os.path.exists(f"/run/netns/{self.h}"):
                self.cleanup_cmd()
        finally:
            for ns in (self.h, self.p):
                run("ip", "netns", "del", ns, check=False)
            run("umount", "-l", self.bpffs, check=False)
            shutil.rmtree(self.dir, ignore_errors=True)


def main(fn, *args, **kw):
    """Run a test file's function with a Net; tidy up whatever happens."""
    if os.getuid():
        skip_all("needs root to make network namespaces")
    signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(TimeoutError("time limit")))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.alarm(LIMIT_S)
    net = None
    try:
        net = Net(*args, **kw)
        fn(net)
    except BaseException:
        ok(False, "ran to its end", traceback.format_exc())
        if net and os.path.exists(net.log):
            diag("daemon's log:")
            for line in net.logged().splitlines()[-20:]:
                diag("  " + line)
    finally:
        signal.alarm(60)
        if net:
            net.close()
    print(f"1..{_count}", flush=True)
    sys.stdout.flush()
    os._exit(1 if _failed else 0)


# ---- libmultistack ----

class Opts(ctypes.Structure):
    _fields_ = [("sz", ctypes.c_size_t), ("socket_path", ctypes.c_char_p),
                ("kind", ctypes.c_int), ("offloads", ctypes.c_uint32),
                ("ring_size", ctypes.c_uint32), ("timeout_ms", ctypes.c_uint32)]


class CTuple(ctypes.Structure):
    _fields_ = [("family", ctypes.c_uint16), ("protocol", ctypes.c_uint16),
                ("port", ctypes.c_uint16), ("reserved", ctypes.c_uint16),
                ("addr", ctypes.c_uint8 * 16)]


class CFrame(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("len", ctypes.c_uint32),
                ("flags", ctypes.c_uint8), ("gso_type", ctypes.c_uint8),
                ("gso_size", ctypes.c_uint16), ("hdr_len", ctypes.c_uint16),
                ("csum_start", ctypes.c_uint16), ("csum_offset", ctypes.c_uint16),
                ("reserved", ctypes.c_uint16)]


class CInfo(ctypes.Structure):
    _fields_ = [("sz", ctypes.c_size_t), ("kind", ctypes.c_int),
                ("ifindex", ctypes.c_uint32), ("nic_ifindex", ctypes.c_uint32),
                ("mtu", ctypes.c_uint32), ("frame_max", ctypes.c_uint32),
                ("offloads", ctypes.c_uint32), ("gso_max_size", ctypes.c_uint32),
                ("gso_max_segs", ctypes.c_uint32), ("mac", ctypes.c_uint8 * 6),
                ("peer_mac", ctypes.c_uint8 * 6), ("name", ctypes.c_char * 48),
                ("nic", ctypes.c_char * 16), ("ifname", ctypes.c_char * 16)]


R_MAX = 23


class CStats(ctypes.Structure):
    _fields_ = [("sz", ctypes.c_size_t), ("rx_packets", ctypes.c_uint64),
                ("rx_bytes", ctypes.c_uint64), ("tx_packets", ctypes.c_uint64),
                ("tx_bytes", ctypes.c_uint64), ("rx_ring_full", ctypes.c_uint64),
                ("rx_drop", ctypes.c_uint64 * R_MAX), ("tx_drop", ctypes.c_uint64 * R_MAX)]


ms = ctypes.CDLL(f"{BUILD}/libmultistack.so")
for f in ("ms_last_error", "ms_reason_name", "ms_version"):
    getattr(ms, f).restype = ctypes.c_char_p
ms.ms_port_open.argtypes = [ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p]
for f in ("ms_port_close", "ms_port_fd", "ms_port_life_fd"):
    getattr(ms, f).argtypes = [ctypes.c_void_p]
ms.ms_port_bind.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
ms.ms_port_unbind.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
ms.ms_port_send.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint]
ms.ms_port_recv.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint]
ms.ms_port_info.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
ms.ms_port_stats.argtypes = [ctypes.c_void_p, ctypes.c_void_p]

REASONS = [ms.ms_reason_name(i).decode() for i in range(R_MAX)]

TAP, XSK = 0, 1
CSUM, TSO4, TSO6, USO = 1, 2, 4, 8
ALL = 15
NEEDS_CSUM = 1


class MsError(Exception):
    def __init__(self, err):
        self.err = -err
        self.text = ms.ms_last_error().decode()
        super().__init__(f"{errno.errorcode.get(-err, err)}: {self.text}")


def check(err):
    if err < 0:
        raise MsError(err)
    return err


class Frame:
    def __init__(self, c):
        self.data = ctypes.string_at(c.data, c.len)
        for f in ("flags", "gso_type", "gso_size", "csum_start", "csum_offset"):
            setattr(self, f, getattr(c, f))


class Port:
    def __init__(self, name="valem:vp0", kind=TAP, offloads=0, ring_size=0, timeout_ms=0,
                 path=None):
        o = Opts(ctypes.sizeof(Opts), path, kind, offloads, ring_size, timeout_ms)
        self.p = ctypes.c_void_p()
        check(ms.ms_port_open(name.encode(), ctypes.byref(o), ctypes.byref(self.p)))

    def bind(self, t, sock=None):
        t = tup(t) if isinstance(t, str) else t
        fd = -1 if sock is None else sock if isinstance(sock, int) else sock.fileno()
        check(ms.ms_port_bind(self.p, ctypes.byref(t), fd))

    def own(self, t, **kw):
        """Bind a socket to the tuple and the tuple to the port."""
        with credential(t, **kw) as s:
            self.bind(t, s)

    def may_bind(self, t):
        try:
            self.bind(t)
        except MsError as e:
            return e.err != errno.EACCES
        return True

    def unbind(self, t):
        t = tup(t) if isinstance(t, str) else t
        check(ms.ms_port_unbind(self.p, ctypes.byref(t)))

    def fd(self):
        return ms.ms_port_fd(self.p)

    def life_fd(self):
        return ms.ms_port_life_fd(self.p)

    def send(self, *frames, flags=0, gso_type=0, gso_size=0, csum_start=0, csum_offset=0):
        n = len(frames)
        arr = (CFrame * n)()
        keep = [ctypes.create_string_buffer(f, len(f)) for f in frames]
        for a, b, f in zip(arr, keep, frames):
            a.data = ctypes.addressof(b)
            a.len = len(f)
            a.flags, a.gso_type, a.gso_size = flags, gso_type, gso_size
            a.csum_start, a.csum_offset = csum_start, csum_offset
        return check(ms.ms_port_send(self.p, arr, n))

    def recv(self, n=64):
        arr = (CFrame * n)()
        got = check(ms.ms_port_recv(self.p, arr, n))
        return [Frame(a) for a in arr[:got]]

    def recv_wait(self, n=1, timeout=WAIT_S, match=None):
        """
        At least n frames, or those that came before the time was over.  To what a
        port has sent, the peer's own stack may answer with an ICMP error or a RST,
        at any time: where it can, @match says what counts.
        """
        return wait_frames(self.recv, n, timeout, match)

    def info(self):
        i = CInfo(ctypes.sizeof(CInfo))
        check(ms.ms_port_info(self.p, ctypes.byref(i)))
        return i

    def stats(self):
        s = CStats(ctypes.sizeof(CStats))
        check(ms.ms_port_stats(self.p, ctypes.byref(s)))
        return s

    def drops(self, d="tx"):
        a = getattr(self.stats(), d + "_drop")
        return {REASONS[i]: a[i] for i in range(R_MAX) if a[i]}

    def close(self):
        if self.p:
            ms.ms_port_close(self.p)
        self.p = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def tup(text):
    t = CTuple()
    check(ms.ms_tuple_from_text(ctypes.byref(t), text.encode()))
    return t


PROTO = {"tcp": (socket.SOCK_STREAM, 6), "udp": (socket.SOCK_DGRAM, 17),
         "udplite": (socket.SOCK_DGRAM, 136)}


def split(text):
    proto, rest = text.split(":", 1)
    addr, port = rest.rsplit(":", 1)
    return proto, addr.strip("[]"), int(port)


def credential(text, prepare=None, ns=None):
    """A socket bound to a tuple; prepare(socket) before bind()."""
    proto, addr, port = split(text)
    fam = socket.AF_INET6 if ":" in addr else socket.AF_INET
    with in_ns(ns) if ns else contextlib.nullcontext():
        s = socket.socket(fam, *PROTO[proto])
    if prepare:
        prepare(s)
    s.bind(("" if addr == "*" else addr, port))
    return s


def host_ns(net):
    """The test itself lives in the host's namespace from here on."""
    global _home
    enter_ns(net.h)
    os.close(_home)
    _home = os.open("/proc/self/ns/net", os.O_RDONLY)


# ---- frames ----

def csum(b, start=0):
    if len(b) & 1:
        b += b"\0"
    s = start + sum(struct.unpack(f">{len(b) // 2}H", b))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return s


def ip_bytes(a):
    return socket.inet_pton(socket.AF_INET6 if ":" in a else socket.AF_INET, a)


def pseudo(src, dst, proto, n):
    s, d = ip_bytes(src), ip_bytes(dst)
    if len(s) == 4:
        return s + d + struct.pack(">BBH", 0, proto, n)
    return s + d + struct.pack(">II", n, proto)


def l4(proto, src, dst, sport, dport, payload=b"", partial=False, flags=0x10):
    """A transport header and payload with its checksum; partial: half of it."""
    if proto == 6:
        h = struct.pack(">HHIIBBHHH", sport, dport, 1, 1, 5 << 4, flags, 8192, 0, 0)
        at = 16
    elif proto in (17, 136):
        h = struct.pack(">HHHH", sport, dport, 8 + len(payload), 0)
        at = 6
    elif proto == 132:
        return struct.pack(">HHII", sport, dport, 1, 0) + payload
    elif proto == 33:
        return struct.pack(">HHBBHI", sport, dport, 3, 0, 0, 0) + payload
    else:
        return payload
    b = h + payload
    ps = csum(pseudo(src, dst, proto, len(b)))
    c = ps if partial else (~csum(b, ps) & 0xffff) or 0xffff
    return b[:at] + struct.pack(">H", c) + b[at + 2:]


def ip4(src, dst, proto, payload, ident=1, frag=0, ttl=64, tot=None, ihl=5, options=b""):
    n = 20 + len(options) + len(payload) if tot is None else tot
    h = struct.pack(">BBHHHBBH", 0x40 | ihl + len(options) // 4, 0, n & 0xffff, ident, frag,
                    ttl, proto, 0) + ip_bytes(src) + ip_bytes(dst) + options
    c = ~csum(h) & 0xffff
    return h[:10] + struct.pack(">H", c) + h[12:] + payload


def ip6(src, dst, nxt, payload, plen=None):
    n = len(payload) if plen is None else plen
    return struct.pack(">IHBB", 6 << 28, n & 0xffff, nxt, 64) + ip_bytes(src) + \
        ip_bytes(dst) + payload


def eth(payload, ethertype=None, dst=HOST_MAC, src=PEER_MAC, vlan=None):
    if ethertype is None:
        ethertype = 0x800 if payload[0] >> 4 == 4 else 0x86dd
    tag = struct.pack(">HH", 0x8100, vlan) if vlan is not None else b""
    return dst + src + tag + struct.pack(">H", ethertype) + payload


def packet(src, dst, proto, sport, dport, payload=b"x" * 20, partial=False, **kw):
    """An Ethernet frame with an IPv4 or IPv6 packet."""
    b = l4(proto, src, dst, sport, dport, payload, partial)
    v = {k: kw.pop(k) for k in ("vlan",) if k in kw}
    ip = ip6(src, dst, proto, b, **kw) if ":" in src else ip4(src, dst, proto, b, **kw)
    return eth(ip, **v)


def fragments(src, dst, proto, l4bytes, cut=64, ident=77, nxt=44):
    """The packet as two fragments."""
    if ":" in src:
        def fh(off, more):
            return struct.pack(">BBHI", proto, 0, off | more, ident)
        return [eth(ip6(src, dst, 44, fh(0, 1) + l4bytes[:cut])),
                eth(ip6(src, dst, 44, fh(cut, 0) + l4bytes[cut:]))]
    return [eth(ip4(src, dst, proto, l4bytes[:cut], ident=ident, frag=0x2000)),
            eth(ip4(src, dst, proto, l4bytes[cut:], ident=ident, frag=cut // 8))]


def icmp_error(src, dst, quoted, typ=3, code=1, typ6=1):
    """An ICMP error that quotes an IP packet."""
    if ":" in src:
        b = struct.pack(">BBHI", typ6, 0, 0, 0) + quoted[:1200]
        c = ~csum(b, csum(pseudo(src, dst, 58, len(b)))) & 0xffff
        return eth(ip6(src, dst, 58, b[:2] + struct.pack(">H", c) + b[4:]))
    b = struct.pack(">BBHI", typ, code, 0, 0) + quoted[:548]
    c = ~csum(b) & 0xffff
    return eth(ip4(src, dst, 1, b[:2] + struct.pack(">H", c) + b[4:]))


def good_checksum(frame):
    """Whether the transport checksum of a frame from a port is right."""
    b = frame[14:]
    if b[0] >> 4 == 4:
        hl = (b[0] & 15) * 4
        n = struct.unpack(">H", b[2:4])[0]
        src, dst, proto, l = b[12:16], b[16:20], b[9], b[hl:n]
        ph = src + dst + struct.pack(">BBH", 0, proto, len(l))
    else:
        n = 40 + struct.unpack(">H", b[4:6])[0]
        src, dst, proto, l = b[8:24], b[24:40], b[6], b[40:n]
        ph = src + dst + struct.pack(">II", len(l), proto)
    return csum(l, csum(ph)) == 0xffff


# ---- the wire ----

class Wire:
    """A packet socket on a link: sends frames, sees those that come."""

    def __init__(self, ns, dev, vnet=False):
        with in_ns(ns):
            self.s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            self.s.setsockopt(263, 23, 1)      # PACKET_IGNORE_OUTGOING
            self.vnet = vnet
            if vnet:
                self.s.setsockopt(263, 15, 1)  # PACKET_VNET_HDR
            self.s.bind((dev, 3))
        self.s.setblocking(False)
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)

    def send(self, *frames, vnet=bytes(10)):
        for f in frames:
            self.s.send((vnet if self.vnet else b"") + f)

    def recv(self):
        out = []
        while True:
            try:
                b = self.s.recv(70000)
            except BlockingIOError:
                return out
            out.append(b[10:] if self.vnet else b)

    def recv_wait(self, match=None, n=1, timeout=WAIT_S):
        """Frames that match, at least n of them or till the time is over."""
        return wait_frames(self.recv, n, timeout, match)

    def close(self):
        self.s.close()


def is_ip(frame, proto=None, src=None, dst=None, sport=None, dport=None):
    """Whether a frame is such a packet (first header only, no options)."""
    if frame[12:14] == b"\x08\x00":
        p, s, d, at = frame[23], frame[26:30], frame[30:34], 14 + (frame[14] & 15) * 4
    elif frame[12:14] == b"\x86\xdd":
        p, s, d, at = frame[20], frame[22:38], frame[38:54], 54
    else:
        return False
    sp, dp = struct.unpack(">HH", frame[at:at + 4]) if len(frame) >= at + 4 else (None, None)
    return (proto in (None, p) and (src is None or ip_bytes(src) == s) and
            (dst is None or ip_bytes(dst) == d) and sport in (None, sp) and dport in (None, dp))
