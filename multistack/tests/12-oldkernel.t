#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Contract 1: kernels that lack something.  One clear line and a status, or the
fall-back; and nothing is left where MultiStack cannot be.
"""
import os
import sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from mslib import *


def lacking(net, what):
    """The command of a daemon on such a kernel."""
    return [f"{BUILD}/tests/old-kernel", what, *Net.command(net)]


def does_not_start(net, what, words):
    before = os.path.exists(net.run_dir), os.path.ismount(net.bpffs)
    ns = net.h
    r = run(*lacking(net, what), check=False, preexec_fn=lambda: enter_ns(ns))
    lines = r.stderr.splitlines()
    eq(r.returncode, 1, f"without {what}: status 1")
    ok(len(lines) == 1 and words in lines[0], f"without {what}: one line that says so", r.stderr)
    eq(os.path.ismount(net.bpffs), before[1], f"without {what}: no bpffs is left mounted")
    r = net.ctl("-h", "valem:eth1", check=False)
    ok(r.returncode == 3 and len(r.stderr.splitlines()) == 1 and "is it running" in r.stderr,
       f"without {what}: multistackctl has no daemon, status 3", r.stderr)


def start(net, what):
    net.command = lambda *args: lacking(net, what) + list(args)
    net.start()


def stop(net):
    net.kill(signal.SIGTERM)
    del net.command
    eq(net.cleanup_cmd().returncode, 0, "cleanup")


def both_ways(net, name, kind=TAP, **kw):
    w = Wire(net.p, "w0")
    with Port("valem:old", kind=kind, **kw) as p:
        p.own(f"udp:{H4}:5000")
        w.send(packet(P4, H4, 17, 1000, 5000))
        eq(len(p.recv_wait()), 1, f"{name}: a port receives")
        p.send(packet(H4, P4, 17, 5001, 99), packet(H4, P4, 17, 5000, 99))
        eq([is_ip(f, 17, H4, P4, 5000) for f in w.recv_wait(lambda f: is_ip(f, 17, H4))], [True], f"{name}: and sends its own")
        eq(p.drops().get("not-owner"), 1, f"{name}: and nothing else")
    w.close()


def without_tcx(net):
    start(net, "tcx")
    net.ctl("-h", "valem:eth1")
    eq(net.list()["switches"][0]["hook"], "clsact", "without tcx: clsact takes its place")
    both_ways(net, "without tcx")
    net.ctl("-d", "valem")
    # a qdisc that looks like clsact and has but one side
    run("tc", "qdisc", "add", "dev", "eth1", "ingress")
    r = net.ctl("-h", "valem:eth1", check=False)
    ok(r.returncode == 1 and len(r.stderr.splitlines()) == 1 and "ingress qdisc" in r.stderr,
       "without tcx: an ingress qdisc in the way is refused", (r.returncode, r.stderr))
    eq(run("tc", "filter", "show", "dev", "eth1", "ingress").stdout.count("ms_"), 0,
       "without tcx: and has no filter of ours")
    eq(net.list()["switches"], [], "without tcx: and no switch is left")
    run("tc", "qdisc", "del", "dev", "eth1", "ingress")
    net.ctl("-h", "valem:eth1")
    both_ways(net, "without tcx, out of the way")
    stop(net)


def without_either(net):
    start(net, "tcx,clsact")
    r = net.ctl("-h", "valem:eth1", check=False)
    ok(r.returncode == 7 and len(r.stderr.splitlines()) == 1 and
       "neither tcx (6.6) nor clsact" in r.stderr,
       "without tcx and clsact: one line, status 7", (r.returncode, r.stderr))
    eq(net.list()["switches"], [], "without tcx and clsact: no switch is left")
    stop(net)


def without_uso(net):
    start(net, "uso")
    net.ctl("-h", "valem:eth1")
    with Port("valem:u", offloads=ALL) as p:
        eq(p.info().offloads, CSUM | TSO4 | TSO6, "without USO: the port does not claim it")
        p.own(f"udp:{H4}:5000")
        out = packet(H4, P4, 17, 5000, 9, b"u" * 5000, partial=True)
        try:
            p.send(out, flags=NEEDS_CSUM, gso_type=5, gso_size=1000, csum_start=34, csum_offset=6)
            ok(False, "without USO: such a frame is refused")
        except MsError as e:
            eq(e.err, errno.EOPNOTSUPP, "without USO: such a frame is refused")
        # what the far end sends so arrives as datagrams, checksums open or not
        with in_ns(net.p):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(17, 103, struct.pack("i", 1000))    # UDP_SEGMENT
        s.sendto(b"s" * 3500, (H4, 5000))
        got = p.recv_wait(4)
        ok(len(got) == 4 and not any(f.gso_type for f in got), "without USO: received in pieces",
           [(len(f.data), f.gso_type) for f in got])
        s.close()
        net.kill()
        net.start()
        eq(p.info().offloads, CSUM | TSO4 | TSO6, "without USO: nor after a restart")
    stop(net)
    net.start()
    net.ctl("-h", "valem:eth1")
    with Port("valem:u", offloads=ALL) as p:
        eq(p.info().offloads, ALL, "with USO: it does")
    net.kill(signal.SIGTERM)
    net.cleanup_cmd()


def without_xdp(net):
    start(net, "xdp-sockets")
    net.ctl("-h", "valem:eth1")
    try:
        Port("valem:x", kind=XSK)
        ok(False, "without AF_XDP: such a port is refused")
    except MsError as e:
        ok(e.err == errno.EOPNOTSUPP and "AF_XDP" in e.text and "TAP" in e.text,
           "without AF_XDP: such a port is refused", str(e))
    eq(net.links(), [], "without AF_XDP: no link is left of it")
    both_ways(net, "without AF_XDP")
    stop(net)


def test(net):
    host_ns(net)
    does_not_start(net, "bpf", "without BPF (CONFIG_BPF_SYSCALL)")
    does_not_start(net, "netns-cookie", "SO_NETNS_COOKIE, Linux 5.14")
    without_tcx(net)
    without_either(net)
    without_uso(net)
    without_xdp(net)


main(test, "--grace", "0", attach=False, start=False)
