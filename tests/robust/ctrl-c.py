# SPDX-License-Identifier: GPL-2.0-only
"""Ctrl-C: run COMMAND in a session of its own, and when it has said "ready" send
SIGINT to its process group.  Prints the status as a shell has it."""
import os
import signal
import subprocess
import sys

p = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                     start_new_session=True,
                     preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
for line in p.stdout:
    if line.strip() == b"ready":
        os.killpg(p.pid, signal.SIGINT)
        break
else:
    print("it was never ready")
try:
    status = p.wait(60)
except subprocess.TimeoutExpired:
    print("it does not end")
    os.killpg(p.pid, signal.SIGKILL)
    status = p.wait()
try:
    os.killpg(p.pid, 0)
    print("a process is left")
except ProcessLookupError:
    pass
print(status if status >= 0 else 128 - status)
