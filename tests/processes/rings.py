# SPDX-License-Identifier: GPL-2.0-only
"""A packet socket's ring, mapped, in processes that come and go."""
import mmap
import os
import socket
import struct
import sys
import time

ETH_P_ALL, SOL_PACKET, PACKET_RX_RING = 3, 263, 5
FRAME, FRAMES, BLOCK = 2048, 72, 16384
STATUS, MAC = "L", "16xH"           # of struct tpacket_hdr
USER, KERNEL = 1, 0
UDP_DATA = 14 + 20 + 8


class Ring:
    def __init__(self):
        self.packet = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.packet.setsockopt(SOL_PACKET, PACKET_RX_RING,
                               struct.pack("IIII", BLOCK, FRAME * FRAMES // BLOCK, FRAME, FRAMES))
        self.map = mmap.mmap(self.packet.fileno(), FRAME * FRAMES)
        self.packet.bind(("lo", ETH_P_ALL))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.udp.connect(self.udp.getsockname())
        self.next = 0

    def sees(self):
        """A datagram, as it goes out and as it comes in."""
        text = b"frame %d" % self.next
        self.udp.send(text)
        self.udp.recv(100)
        for _ in range(2):
            at = self.next % FRAMES * FRAME
            status, = struct.unpack_from(STATUS, self.map, at)
            mac, = struct.unpack_from(MAC, self.map, at)
            data = at + mac + UDP_DATA
            if not status & USER or self.map[data:data + len(text)] != text:
                return False
            struct.pack_into(STATUS, self.map, at, KERNEL)
            self.next += 1
        return True

    def sees_many(self):
        return all(self.sees() for _ in range(100))


def sockets():
    with open("/proc/net/packet", encoding="ascii") as f:
        return len(f.readlines()) - 1


def forks():
    """The parent lets go of the ring, the child does not."""
    r, w = os.pipe()
    ring = Ring()
    good = ring.sees_many()
    pid = os.fork()
    if pid == 0:
        os.close(w)
        good = ring.sees_many()
        os.read(r, 1)
        os._exit(0 if good and ring.sees_many() else 1)
    os.close(r)
    ring.map.close()
    ring.packet.close()
    os.close(w)
    good &= os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    print("forks", good, sockets(), flush=True)


def daemon(path):
    """The command returns, its child goes on."""
    ring = Ring()
    parent = os.getpid()
    if os.fork():
        os._exit(0 if ring.sees_many() else 1)
    while os.getppid() == parent:
        time.sleep(0.01)
    # The parent has used the ring, too.
    ring.next = 200
    good = ring.sees_many()
    with open(path + ".new", "w", encoding="ascii") as f:
        print("daemon", good, sockets(), file=f)
    os.rename(path + ".new", path)


def execs():
    """Another program has nothing of it."""
    ring = Ring()
    good = ring.sees_many()
    print("execs", good, sockets(), flush=True)
    os.execvp("cat", ["cat", "/proc/net/packet"])


{"forks": forks, "daemon": daemon, "execs": execs}[sys.argv[1]](*sys.argv[2:])
