#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Contract 1: attach, detach, list, and one clear line for what goes wrong."""
import os
import sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from mslib import *


def refused(net, status, words, name, *args, **kw):
    r = net.ctl(*args, check=False, **kw)
    lines = r.stderr.splitlines()
    ok(r.returncode == status and len(lines) == 1 and words in lines[0], name,
       f"status {r.returncode}, want {status}\n{r.stderr}")


def test(net):
    host_ns(net)
    with in_ns(net.h):
        run("ip", "link", "add", "eth2", "type", "veth", "peer", "name", "eth3")
    progs = lambda: run("ip", "-d", "link", "show", "eth1").stdout

    eq(net.ctl("-h", "valem:eth1").returncode, 0, "-h attaches")
    l = net.list()["switches"]
    ok(len(l) == 1 and l[0]["name"] == "valem" and l[0]["nic"] == "eth1" and l[0]["host"]
       and l[0]["nic_present"] and l[0]["hook"] in ("tcx", "clsact"), "-l --json shows it", l)
    ok("valem: eth1, with the host's stack" in net.ctl("-l").stdout, "-l shows it")
    eq(net.ctl("-h", "vale_2:eth2").returncode, 0, "a second switch")
    eq(net.ctl("-a", "vale3:eth3").returncode, 0, "-a attaches without the host")
    l = {s["name"]: s for s in net.list()["switches"]}
    eq(sorted(l), ["vale3", "vale_2", "valem"], "all are listed")
    ok(not l["vale3"]["host"], "-a is without the host's stack")
    eq([s["name"] for s in json.loads(net.ctl("-l", "valem", "--json").stdout)["switches"]],
       ["valem"], "-l of one")

    refused(net, 6, "already attached", "a switch twice", "-h", "valem:eth1")
    refused(net, 6, "already attached", "a NIC twice", "-h", "valex:eth1")
    refused(net, 5, "no NIC nosuch", "a missing NIC", "-h", "valex:nosuch")
    refused(net, 5, "no switch", "detaching what is not there", "-d", "valeq")
    refused(net, 5, "not to eth9", "detaching with the wrong NIC", "-d", "valem:eth9")
    refused(net, 5, "no switch", "listing what is not there", "-l", "valeq")
    refused(net, 1, "no name for a switch", "an illegal name", "-h", "bridge0:eth1")
    refused(net, 1, "no name for a switch", "a name too long", "-h", "vale" + "x" * 12 + ":eth1")
    refused(net, 1, "lo is no NIC", "lo", "-h", "valex:lo")
    refused(net, 2, "SWITCH:NIC", "no NIC given", "-h", "valem")
    refused(net, 2, "no option", "an unknown option", "-x")
    refused(net, 2, "no command", "an unknown command", "frob")
    refused(net, 2, "is no limit", "an unknown limit", "limit", "valem:x", "foo=1")
    refused(net, 5, "no port", "limits of a port that is not there", "limit", "valem:x", "tx-pps=1")
    refused(net, 4, "only root", "no privilege to attach", "-h", "valeu:eth1", uid=NOBODY)
    refused(net, 4, "only root", "no privilege to detach", "-d", "valem", uid=NOBODY)
    refused(net, 4, "only root", "no privilege to watch", "watch", uid=NOBODY)
    refused(net, 3, "is it running", "no daemon", "--socket", net.dir + "/nobody", "-l")
    eq(net.ctl("-l", uid=NOBODY).returncode, 0, "anybody may list")
    eq(run(f"{BUILD}/multistackctl", "--help").returncode, 0, "--help")
    ok("multistackctl" in run(f"{BUILD}/multistackctl", "--version").stdout, "--version")

    eq(net.ctl("-d", "vale_2:eth2").returncode, 0, "-d detaches")
    eq(net.ctl("-d", "vale3").returncode, 0, "-d without the NIC's name")
    eq([s["name"] for s in net.list()["switches"]], ["valem"], "one is left")
    p = Port("valem:vp0")
    p.own(f"udp:{H4}:5000")
    refused(net, 2, "too many", "too many arguments", "-d", "valem", "more")
    refused(net, 4, "only root", "no privilege to close somebody's port", "close", "valem:vp0",
            uid=NOBODY)
    refused(net, 5, "no such port", "closing a port that is not there", "close", "valem:vp9")
    q = Port("valem:closed")
    eq(net.ctl("close", "valem:closed").returncode, 0, "close ends a port")
    ok(net_down(q), "its client is told")
    eq([x["name"] for x in net.list()["ports"]], ["valem:vp0"], "and no other is touched")
    q.close()

    w = subprocess.Popen([net.dir + "/multistackctl", "--count", "1", "watch"],
                         stdout=subprocess.PIPE, text=True)
    # a report is made once: until the watcher is there, nobody sees it
    stop = time.monotonic() + WAIT_S
    while w.poll() is None and time.monotonic() < stop:
        p.send(packet(H4, P4, 17, 22, 9))
        time.sleep(0.05)
    out = w.communicate(timeout=WAIT_S)[0]
    ok(w.returncode == 0 and len(out.splitlines()) == 1 and "valem:vp0" in out and
       "not-owner" in out and f"udp:{H4}:22 > {P4}:9" in out, "watch prints a line for people", out)
    eq(net.ctl("-d", "valem").returncode, 0, "-d of a switch with a port")
    eq(net.links(), [], "the port's link is gone")
    ok(net_down(p), "the client is told")
    p.close()

    # the kernel takes its time to free what is taken off
    bad = [r for r in (net.ctl(*a, check=False) for _ in range(100)
                       for a in (("-h", "valem:eth1"), ("-d", "valem"))) if r.returncode]
    ok(not bad, "attaching right after detaching, a hundred times", bad[:1])

    # a second daemon in the same place, and bad options
    r = run(*net.command(), check=False)
    ok(r.returncode == 1 and "another multistackd" in r.stderr, "a second daemon", r.stderr)
    r = run(*net.command("--grace", "x"), check=False)
    ok(r.returncode == 2 and "--grace takes a number" in r.stderr, "a bad option", r.stderr)
    r = run(f"{net.dir}/multistackd", "--run-dir", net.dir + "/u", "--bpffs", net.dir + "/ub",
            check=False, preexec_fn=lambda: become(NOBODY))
    ok(r.returncode == 1 and len(r.stderr.splitlines()) <= 2 and "cannot" in r.stderr,
       "the daemon without privilege", r.stderr)


def net_down(p):
    try:
        wait_for(lambda: p.recv() and False)
    except MsError as e:
        return e.err == errno.ENETDOWN
    return False


main(test, attach=False)
