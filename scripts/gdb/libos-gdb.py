# SPDX-License-Identifier: GPL-2.0-only
"""Look into a stack with gdb: source this file, then `help libos`.

What a stack knows is in its memory, and this file only reads memory: it calls no
function of the process, so it works on a process that was stopped anywhere, on one
attached to, and on a core file.

The images.  host/debug.c keeps the list libos_debug_maps: which kernel library is
mapped where.  Several entries are several instances; libos-use selects one.

Symbols and types.  liblinux.so is stripped.  For each library two files are looked
for, which types.sh makes from the kernel's build tree: NAME.symbols, that gdb gets
at the library's address, and NAME.types, an object with nothing but types.  Every
offset comes from there, none is written down here.  Both must be of the very library
that is mapped; what they lead to is looked at to be sure.

Stacks.  A task that does not run is a fiber with its registers on its stack, in the
order of arch/lib/kernel/fiber_64.S, and all kernel code has frame pointers, so its
frames are found without a register of the process being touched.  A fiber that runs
was entered from the stack of a host thread: the unwinder leads gdb's own backtrace
from the fiber's first frame on to that thread's.
"""

import bisect
import os
import socket
import struct

import gdb
from gdb.unwinder import Unwinder, register_unwinder

HERE = os.path.dirname(os.path.abspath(__file__))       # gdb forgets it

HOST_STACK = 0x1000

SCHEDULER = ("lib_fiber_switch", "__switch_to", "__schedule", "schedule", "lib_leave",
             "preempt_schedule", "schedule_timeout", "schedule_hrtimeout_range",
             "schedule_hrtimeout_range_clock", "schedule_hrtimeout", "schedule_idle",
             "schedule_preempt_disabled", "io_schedule", "io_schedule_timeout")


def fail(text):
    raise gdb.GdbError("libos: " + text)


def read(addr, size):
    return gdb.selected_inferior().read_memory(addr, size).tobytes()


def word(addr):
    return struct.unpack("<Q", read(addr, 8))[0]


def find(path):
    """The files for the kernel library at @path: (symbols, types)."""
    here, name = os.path.dirname(path), os.path.basename(path)
    if name == "liblinux.so":
        name = os.path.basename(here)
    elif name.startswith("liblinux-"):
        name = name[len("liblinux-"):-len(".so")]
    dirs = [d for d in os.environ.get("LIBOS_GDB", "").split(":") if d] + [
        here, HERE, os.path.join(here, "../../share/libos/gdb")]
    files = [(os.path.join(d, name + ".symbols"), os.path.join(d, name + ".types")) for d in dirs]
    for symbols, types in files:
        if os.path.exists(symbols) and os.path.exists(types):
            return symbols, types
    return None, None


class Elf:
    """As much of an ELF file as its symbols are."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = f.read()
        shoff, = struct.unpack_from("<Q", self.data, 40)
        size, num = struct.unpack_from("<HH", self.data, 58)
        self.sections = [struct.unpack_from("<IIQQQQIIQQ", self.data, shoff + i * size)
                         for i in range(num)]

    def string(self, table, off):
        start = table[4] + off
        return self.data[start:self.data.index(b"\0", start)].decode()

    def symbols(self):
        for s in self.sections:
            if s[1] != 2:                       # SHT_SYMTAB
                continue
            table = self.sections[s[6]]
            for name, info, _, ndx, value, size in struct.iter_unpack(
                    "<IBBHQQ", self.data[s[4]:s[4] + s[5]]):
                if name and ndx and ndx < 0xff00 and info & 15 in (0, 1, 2):
                    yield self.string(table, name), info & 15, value, size


class Kernel:
    """A kernel library, whoever mapped it: its symbols and types."""
    known = {}

    def __init__(self, path):
        self.path = path
        self.symbols, self.types = find(path)
        if not self.symbols:
            fail("no symbols of %s; make them: scripts/gdb/types.sh KERNEL-BUILD DIR NAME,"
                 " and set LIBOS_GDB=DIR" % path)
        elf = Elf(self.symbols)
        self.value, self.funcs = {}, []
        for name, kind, value, size in elf.symbols():
            self.value.setdefault(name, (value, size))
            if kind == 2:                       # STT_FUNC
                self.funcs.append((value, name, size))
        self.funcs.sort()
        self.starts = [f[0] for f in self.funcs]
        self.text = None                        # the objfile with the types
        self.cache = {}

    def types_of(self):
        if not self.text:
            gdb.execute("add-symbol-file %s %#x" % (self.types, HOST_STACK), to_string=True)
            self.text = [o for o in gdb.objfiles() if o.filename and
                         os.path.realpath(o.filename) == os.path.realpath(self.types)][-1]
        return self.text

    def lookup(self, name, domain):
        key = name, domain
        if key not in self.cache:
            objfile = self.types_of()
            sym = objfile.lookup_static_symbol(name, domain) or \
                objfile.lookup_global_symbol(name, domain)
            self.cache[key] = sym
        return self.cache[key]

    def type(self, name):
        sym = self.lookup(name, gdb.SYMBOL_STRUCT_DOMAIN)
        if not sym:
            fail("%s has no struct %s" % (self.path, name))
        return sym.type

    def const(self, name):
        return int(self.lookup(name, gdb.SYMBOL_VAR_DOMAIN).value())

    def enum(self, name):
        """The names of the enum that has @name, by value."""
        return {f.enumval: f.name for f in self.lookup(name, gdb.SYMBOL_VAR_DOMAIN).type.fields()}

    @classmethod
    def get(cls, path):
        if path not in cls.known:
            cls.known[path] = cls(path)
        return cls.known[path]


class Instance:
    """A mapped kernel library."""

    def __init__(self, base, path):
        self.base = base
        self.path = path
        self.kernel = Kernel.get(path)
        self.checked = False
        self.host_sp = 0                        # where the host's stack pointer is saved

    def check(self):
        """Is what is mapped what the symbols are of?"""
        if self.checked:
            return self
        k = self.kernel
        if not all(x in k.value for x in ("linux_banner", "init_task", "lib_current")) or \
                read(self.addr("linux_banner"), 14) != b"Linux version " or \
                not text_of(self.var("init_task", "task_struct")["comm"]).startswith("swapper"):
            fail("%s is not of the library that is mapped at %#x" % (k.symbols, self.base))
        self.checked = True
        return self

    def addr(self, name):
        if name not in self.kernel.value:
            return None
        return self.base + self.kernel.value[name][0]

    def at(self, addr, type_name):
        return gdb.Value(int(addr)).cast(self.kernel.type(type_name).pointer()).dereference()

    def var(self, name, type_name):
        addr = self.addr(name)
        return None if addr is None else self.at(addr, type_name)

    def name(self, pc):
        """(function, offset) of an address of the image, or None."""
        k = self.kernel
        i = bisect.bisect_right(k.starts, pc - self.base) - 1
        if i < 0:
            return None
        value, name, size = k.funcs[i]
        off = pc - self.base - value
        return (name, off) if off <= size else None

    def offset(self, type_name, member):
        v = gdb.Value(0).cast(self.kernel.type(type_name).pointer()).dereference()
        for part in member.split("."):
            v = v[part]
        return int(v.address)

    def entries(self, head, type_name, member):
        """Of the list_head at @head."""
        off = self.offset(type_name, member)
        node = word(head)
        for _ in range(1 << 20):
            if node == head or not node:
                return
            yield self.at(node - off, type_name)
            node = word(node)

    # --- tasks ---------------------------------------------------------------

    def tasks(self):
        init = self.var("init_task", "task_struct")
        yield init
        for group in self.entries(int(init["tasks"].address), "task_struct", "tasks"):
            yield from self.entries(int(group["signal"]["thread_head"].address),
                                    "task_struct", "thread_node")

    def task(self, pid):
        for t in self.tasks():
            if int(t["pid"]) == pid:
                return t
        fail("no task %d" % pid)

    def current(self):
        return word(self.addr("lib_current"))

    def saved(self, sp):
        """What lib_fiber_switch() has saved: registers, and those after the return."""
        names = ("r15", "r14", "r13", "r12", "rbx", "rbp", "rip")
        regs = dict(zip(names, struct.unpack("<7Q", read(sp, 56))))
        regs["rsp"] = sp + 56
        return regs

    def frames(self, task):
        """The program counters of a task that does not run, innermost first."""
        low = int(task["stack"])
        high = low + self.kernel.const("libos_thread_size")
        sp = int(task["thread"]["sp"])
        if not low <= sp <= high - 56:
            return
        regs = self.saved(sp)
        pc, fp, last = regs["rip"], regs["rbp"], sp
        while self.name(pc):
            yield pc
            if not last < fp <= high - 16:
                return
            last = fp
            fp, pc = struct.unpack("<2Q", read(fp, 16))

    def runner(self):
        """The thread that is inside, running the current task; None if nobody is."""
        task = self.at(self.current(), "task_struct")
        low = int(task["stack"])
        high = low + self.kernel.const("libos_thread_size")
        was, frame, found = gdb.selected_thread(), gdb.selected_frame(), None
        for thread in gdb.selected_inferior().threads():
            thread.switch()
            f, depth = gdb.newest_frame(), 0
            while f and depth < 64 and not found:
                if low <= int(f.read_register("rsp")) < high:
                    found = thread
                try:
                    f = f.older()
                except gdb.error:
                    break
                depth += 1
            if found:
                break
        was.switch()
        frame.select()
        return found


class Stacks:
    """The instances of the process that is debugged."""
    chosen = 0
    cache = {}

    @classmethod
    def all(cls):
        try:
            node = int(gdb.parse_and_eval("*(unsigned long *)&libos_debug_maps"))
        except gdb.error:
            return []
        found = []
        while node:
            # As struct link_map: address, name, dynamic section, next.
            base, path, _, node = struct.unpack("<4Q", read(node, 32))
            path = gdb.Value(path).cast(gdb.lookup_type("char").pointer()).string()
            key = (gdb.selected_inferior().pid, base, path)
            if key not in cls.cache:
                cls.cache[key] = Instance(base, path)
            found.append(cls.cache[key])
        found.reverse()                         # in the order they were mapped
        return found

    @classmethod
    def get(cls):
        found = cls.all()
        if not found:
            fail("no stack is mapped (yet): is this a nuse, and has it got so far?")
        if cls.chosen >= len(found):
            cls.chosen = 0
        cls.load()
        return found[cls.chosen].check()

    @classmethod
    def load(cls):
        """Give gdb the symbols of what has been mapped since."""
        for i in cls.all():
            if i.host_sp:
                continue
            # All of gdb's objects for that file: each knows where it is.
            libs = [o for o in gdb.objfiles() if o.owner is None and o.filename == i.path]
            have = [o.owner for o in gdb.objfiles() if o.owner is not None]
            for o in libs:
                if o not in have:
                    o.add_separate_debug_file(i.kernel.symbols)
            if not libs:
                gdb.execute("add-symbol-file %s -o %#x" % (i.kernel.symbols, i.base),
                            to_string=True)
            # Now, since nothing can be loaded while gdb unwinds.
            i.host_sp = i.addr("vcpu") + i.offset("libos_vcpu", "host_sp")


def new_objfile(event):
    name = event.new_objfile.filename or ""
    if "liblinux" in os.path.basename(name):
        try:
            Stacks.load()
        except (gdb.error, gdb.GdbError) as e:
            gdb.write("%s\n" % e)


def forget(_event):
    Stacks.cache.clear()


gdb.events.new_objfile.connect(new_objfile)
gdb.events.clear_objfiles.connect(forget)


class FiberId:
    def __init__(self, sp, pc):
        self.sp = sp
        self.pc = pc


class FiberUnwinder(Unwinder):
    """From a fiber's first frame to the host thread that entered it, by way of the frame
that types.c describes.  It exists for gdb only: no program has this address."""

    def __init__(self):
        super().__init__("libos-fiber")

    def __call__(self, pending):
        pc = int(pending.read_register("rip"))
        for i in Stacks.cache.values():
            entry = i.kernel.value.get("lib_fiber_entry")
            if not entry or not entry[0] < pc - i.base <= entry[0] + entry[1]:
                continue
            rsp, rip = pending.read_register("rsp"), pending.read_register("rip")
            info = pending.create_unwind_info(FiberId(rsp, rip))
            info.add_saved_register("rsp", gdb.Value(word(i.host_sp)).cast(rsp.type))
            info.add_saved_register("rip", gdb.Value(HOST_STACK).cast(rip.type))
            return info
        return None


register_unwinder(None, FiberUnwinder(), replace=True)


# --- commands ------------------------------------------------------------------

class Libos(gdb.Command):
    """Look into the stacks of a process: libos-instances, libos-use, libos-tasks,
libos-bt, libos-sockets, libos-interfaces, libos-log."""

    def __init__(self):
        super().__init__("libos", gdb.COMMAND_STATUS, prefix=True)


class Command(gdb.Command):
    def __init__(self):
        super().__init__(self.name, gdb.COMMAND_STATUS)

    def invoke(self, arg, from_tty):
        self.dont_repeat()
        self.run(gdb.string_to_argv(arg))


def command(cls):
    cls()
    return cls


def out(text):
    gdb.write(text + "\n")


def text_of(array):
    return array.string(errors="replace").split("\0")[0]


def describe(i, pc):
    name, off = i.name(pc)
    line = gdb.find_pc_line(pc - 1)
    where = " at %s:%d" % (line.symtab.filename, line.line) if line.symtab and line.line else ""
    return "%#018x in %s+%#x%s" % (pc, name, off, where)


@command
class Instances(Command):
    """List the stacks that are mapped; * is the one that the commands look into."""
    name = "libos-instances"

    def run(self, _argv):
        Stacks.get()
        for n, i in enumerate(Stacks.all()):
            banner = gdb.Value(i.check().addr("linux_banner")).cast(
                gdb.lookup_type("char").pointer()).string()
            out("%s %d  %#x  %s  %s" % ("*" if n == Stacks.chosen else " ", n, i.base,
                                       " ".join(banner.split()[:3]), i.path))


@command
class Use(Command):
    """libos-use N: look into the stack that libos-instances lists as N."""
    name = "libos-use"

    def run(self, argv):
        if len(argv) != 1 or not argv[0].isdigit() or int(argv[0]) >= len(Stacks.all()):
            fail("libos-use takes a number of libos-instances")
        Stacks.chosen = int(argv[0])


@command
class Tasks(Command):
    """List the tasks of the stack: pid, state, name, and where each one waits.

R is runnable, S and D asleep with and without signals, I idle, Z and X ended, * runs.
A task that waits in no call executes its program."""
    name = "libos-tasks"

    def state(self, k, t, running):
        if running:
            return "*"
        if int(t["exit_state"]) & k.const("libos_exit_zombie"):
            return "Z"
        if int(t["exit_state"]) & k.const("libos_exit_dead"):
            return "X"
        state = int(t["__state"])
        if state & k.const("libos_task_noload"):
            return "I"
        if state & k.const("libos_task_uninterruptible"):
            return "D"
        return "S" if state & k.const("libos_task_interruptible") else "R"

    def run(self, _argv):
        i = Stacks.get()
        current, runner = i.current(), i.runner()
        out("%7s %7s S %-16s %s" % ("PID", "TGID", "COMM", "WAITS IN"))
        for t in i.tasks():
            running = runner is not None and int(t.address) == current
            if running:
                waits = "runs on thread %d" % runner.num
            else:
                names = [i.name(pc)[0] for pc in i.frames(t)]
                names = [n for n in names if n not in SCHEDULER]
                waits = " < ".join(names[:4])
                if names and names[0] == "lib_user_loop":
                    waits = "(its program)"
            out("%7d %7d %s %-16s %s" % (t["pid"], t["tgid"], self.state(i.kernel, t, running),
                                         text_of(t["comm"]), waits))


@command
class Backtrace(Command):
    """libos-bt PID: the frames of a task of the stack, as libos-tasks numbers it.
If it runs, those of the host thread on which it does."""
    name = "libos-bt"

    def run(self, argv):
        if len(argv) != 1 or not argv[0].isdigit():
            fail("libos-bt takes the pid of a task of libos-tasks")
        i = Stacks.get()
        t = i.task(int(argv[0]))
        if int(t.address) == i.current():
            thread = i.runner()
            if thread:
                out("Task %s runs on thread %d:" % (argv[0], thread.num))
                was, frame = gdb.selected_thread(), gdb.selected_frame()
                thread.switch()
                gdb.execute("backtrace")
                was.switch()
                frame.select()
                return
        for n, pc in enumerate(i.frames(t)):
            out("#%-3d %s" % (n, describe(i, pc)))


@command
class Log(Command):
    """Print the kernel's log buffer."""
    name = "libos-log"

    def run(self, _argv):
        i = Stacks.get()
        rb = i.at(word(i.addr("prb")), "printk_ringbuffer")
        ring, data = rb["desc_ring"], rb["text_data_ring"]
        count, size = 1 << int(ring["count_bits"]), 1 << int(data["size_bits"])
        text = read(int(data["data"]), size)
        states = i.kernel.enum("desc_finalized")
        flags = gdb.lookup_type("unsigned long").sizeof * 8 - 2
        mask = (1 << flags) - 1
        at = number(ring["tail_id"])
        head = number(ring["head_id"])
        while True:
            n = at % count
            desc, info = ring["descs"][n], ring["infos"][n]
            var = number(desc["state_var"])
            begin, end = (int(desc["text_blk_lpos"][x]) for x in ("begin", "next"))
            if var & mask == at & mask and not begin & 1 and \
                    states.get(var >> flags & 3) in ("desc_committed", "desc_finalized"):
                start = begin % size if begin // size == end // size else 0
                start += i.kernel.type("prb_data_block").sizeof
                ns = int(info["ts_nsec"])
                line = text[start:start + int(info["text_len"])].decode(errors="replace")
                out("[%5d.%06d] %s" % (ns // 10**9, ns // 1000 % 10**6, line))
            if at == head:
                break
            at = (at + 1) & mask


def ip4(value):
    return socket.inet_ntop(socket.AF_INET, struct.pack("<I", int(value) & 0xffffffff))


def ip6(value):
    return socket.inet_ntop(socket.AF_INET6, read(int(value.address), 16))


def number(value):
    """What is in atomic_t, local64_t, u64_stats_t."""
    while value.type.strip_typedefs().code == gdb.TYPE_CODE_STRUCT:
        value = value[value.type.strip_typedefs().fields()[0]]
    return int(value)


def namespaces(i):
    return i.entries(i.addr("net_namespace_list"), "net", "list")


@command
class Interfaces(Command):
    """List the interfaces of the stack: flags, MTU, addresses, packets and bytes."""
    name = "libos-interfaces"

    def flags(self, i, dev):
        names = i.kernel.enum("IFF_UP")
        flags = int(dev["flags"])
        return ",".join(n[4:] for v, n in sorted(names.items()) if v & flags) or "-"

    def counters(self, i, dev):
        """[packets, bytes] received and sent."""
        if int(dev["netdev_ops"]["ndo_start_xmit"]) == i.addr("netdev_start_xmit_skb"):
            end = int(dev.address) + i.kernel.type("net_device").sizeof     # netdev_priv()
            align = i.kernel.const("libos_netdev_align")
            own = i.at(word((end + align - 1) & -align), "libos_netdev")
            return [int(own[x]) for x in ("rx_packets", "rx_bytes", "tx_packets", "tx_bytes")]
        if int(dev["flags"]) & i.kernel.const("libos_iff_loopback"):
            return [number(dev["lstats"][x]) for x in ("packets", "bytes")] * 2
        return [int(dev["stats"][x]) for x in ("rx_packets", "rx_bytes", "tx_packets", "tx_bytes")]

    def addresses(self, i, dev):
        if int(dev["ip_ptr"]):
            a = dev["ip_ptr"]["ifa_list"]
            while int(a):
                yield "%s/%d" % (ip4(a["ifa_local"]), a["ifa_prefixlen"])
                a = a["ifa_next"]
        if int(dev["ip6_ptr"]):
            head = int(dev["ip6_ptr"]["addr_list"].address)
            for a in i.entries(head, "inet6_ifaddr", "if_list"):
                yield "%s/%d" % (ip6(a["addr"]), a["prefix_len"])

    def run(self, _argv):
        i = Stacks.get()
        nets = list(namespaces(i))
        for net in nets:
            if len(nets) > 1:
                out("network namespace %d:" % net["ns"]["inum"])
            for dev in i.entries(int(net["dev_base_head"].address), "net_device", "dev_list"):
                mac = read(int(dev["dev_addr"]), int(dev["addr_len"]))
                out("%d: %s: <%s> mtu %d%s" % (dev["ifindex"], text_of(dev["name"]),
                                               self.flags(i, dev), dev["mtu"],
                                               " link " + mac.hex(":") if mac else ""))
                for a in self.addresses(i, dev):
                    out("    address %s" % a)
                out("    rx %d packets %d bytes, tx %d packets %d bytes" %
                    tuple(self.counters(i, dev)))


@command
class Sockets(Command):
    """List the sockets of the stack: those that tasks have open, with the tasks, and TCP
connections and UDP sockets that nobody has (TIME-WAIT, not yet accepted, the kernel's).
The queues are ss's: bytes not yet read and not yet acknowledged; for a listener the
connections to be accepted, and how many may be."""
    name = "libos-sockets"

    def of_tasks(self, i):
        ops, users = i.addr("socket_file_ops"), {}
        for t in i.tasks():
            if not int(t["files"]):
                continue
            fdt = t["files"]["fdt"]
            num = int(fdt["max_fds"])
            for fd, file in enumerate(struct.unpack("<%dQ" % num, read(int(fdt["fd"]), 8 * num))):
                if not file:
                    continue
                f = i.at(file, "file")
                if int(f["f_op"]) != ops:
                    continue
                sk = int(i.at(f["private_data"], "socket")["sk"])
                if sk:
                    users.setdefault(sk, []).append((int(t["tgid"]), fd, text_of(t["comm"])))
        return users

    def hashed(self, i, table, length, bucket, member):
        """Heads of an array of hash buckets, to their nodes; nulls lists end with an odd one."""
        size, off = i.kernel.type(bucket).sizeof, i.offset(bucket, member)
        data = read(table, size * length)
        for n in range(length):
            node, = struct.unpack_from("<Q", data, n * size + off)
            while node and not node & 1:
                yield node
                node = word(node)

    def others(self, i):
        info = i.var("tcp_hashinfo", "inet_hashinfo")
        off = i.offset("sock_common", "skc_nulls_node")
        for node in self.hashed(i, int(info["ehash"]), int(info["ehash_mask"]) + 1,
                                "inet_ehash_bucket", "chain.first"):
            yield node - off
        table = i.var("udp_table", "udp_table")
        off = i.offset("sock_common", "skc_node")
        for node in self.hashed(i, int(table["hash"]), int(table["mask"]) + 1,
                                "udp_hslot", "head.first"):
            yield node - off

    def addresses(self, i, c):
        family = int(c["skc_family"])
        peer = socket.ntohs(int(c["skc_dport"]))
        if family == i.kernel.const("libos_af_inet"):
            return ("%s:%d" % (ip4(c["skc_rcv_saddr"]), c["skc_num"]),
                    "%s:%d" % (ip4(c["skc_daddr"]), peer))
        if family == i.kernel.const("libos_af_inet6"):
            return ("[%s]:%d" % (ip6(c["skc_v6_rcv_saddr"]), c["skc_num"]),
                    "[%s]:%d" % (ip6(c["skc_v6_daddr"]), peer))
        return "-", "-"

    def queues(self, i, sk, state, proto):
        if state == "LISTEN":
            return int(sk["sk_ack_backlog"]), int(sk["sk_max_ack_backlog"])
        if proto.startswith("TCP"):
            tp = i.at(sk.address, "tcp_sock")
            return ((int(tp["rcv_nxt"]) - int(tp["copied_seq"])) & 0xffffffff,
                    (int(tp["write_seq"]) - int(tp["snd_una"])) & 0xffffffff)
        return (number(sk["sk_backlog"]["rmem_alloc"]),
                max(number(sk["sk_wmem_alloc"]) - 1, 0))

    def line(self, i, addr, users):
        c = i.at(addr, "sock_common")
        states = i.kernel.enum("TCP_ESTABLISHED")
        inet = int(c["skc_family"]) in (i.kernel.const("libos_af_inet"),
                                        i.kernel.const("libos_af_inet6"))
        state = states.get(int(c["skc_state"]), "?").replace("TCP_", "")
        proto = c["skc_prot"]["name"].string()
        mini = state in ("TIME_WAIT", "NEW_SYN_RECV")
        rx, tx = (0, 0) if mini else self.queues(i, i.at(addr, "sock"), state, proto)
        if not inet or not proto.startswith(("TCP", "MPTCP", "SCTP", "DCCP")):
            state = "-" if state == "CLOSE" else state
        ours, peers = self.addresses(i, c)
        out("%-11s %-12s %6d %6d %-24s %-24s %s" % (
            proto, state, rx, tx, ours, peers,
            " ".join("%s(%d,fd=%d)" % (comm, pid, fd) for pid, fd, comm in users)))

    def run(self, _argv):
        i = Stacks.get()
        out("%-11s %-12s %6s %6s %-24s %-24s %s" % ("PROTO", "STATE", "RECV-Q", "SEND-Q",
                                                   "LOCAL", "PEER", "USERS"))
        users = self.of_tasks(i)
        for sk, who in users.items():
            self.line(i, sk, sorted(set(who)))
        for sk in self.others(i):
            if sk not in users:
                self.line(i, sk, [])


Libos()
