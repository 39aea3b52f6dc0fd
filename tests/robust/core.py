# SPDX-License-Identifier: GPL-2.0-only
"""Is this core one of crash.c?  core.py CORE SIGNAL; says what it found.

The notes of the thread that died must hold the signal, and its registers MARK.
"""
import struct
import sys

MARK = 0x6C69626F73636F72
NT_PRSTATUS = 1

with open(sys.argv[1], "rb") as f:
    head = f.read(64)
    phoff, = struct.unpack_from("<Q", head, 32)
    phentsize, phnum = struct.unpack_from("<HH", head, 54)
    notes = b""
    for i in range(phnum):
        f.seek(phoff + i * phentsize)
        ph = struct.unpack("<IIQQQQQQ", f.read(56))
        if ph[0] == 4:
            f.seek(ph[2])
            notes += f.read(ph[5])
pos = 0
while pos + 12 <= len(notes):
    namesz, descsz, kind = struct.unpack_from("<III", notes, pos)
    desc = pos + 12 + (namesz + 3 & ~3)
    if kind == NT_PRSTATUS:
        sig, = struct.unpack_from("<H", notes, desc + 12)
        r12, = struct.unpack_from("<Q", notes, desc + 112 + 3 * 8)
        print("# signal %d, r12 %#x" % (sig, r12))
        # The first thread of a core is the one that died.
        sys.exit(0 if sig == int(sys.argv[2]) and r12 == MARK else 1)
    pos = desc + (descsz + 3 & ~3)
sys.exit("no thread in this core")
