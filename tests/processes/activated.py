# SPDX-License-Identifier: GPL-2.0-only
"""activated.py [listen PORT PROGRAM...]: socket activation, both roles.

listen: opens sockets of the stack as a manager of services does, at descriptors
from 3 on, says so by LISTEN_PID and LISTEN_FDS, and executes the program.
Without it: the server, which takes what it was given and says what that is.
"""
import os
import socket
import sys


def listen(port, argv):
    tcp = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("0.0.0.0", port))
    at = [os.dup2(s.fileno(), 100 + i) for i, s in enumerate((tcp, udp))]
    for i, fd in enumerate(at):
        os.dup2(fd, 3 + i)
        os.close(fd)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", LISTEN_FDNAMES="tcp:udp")
    os.execvp(argv[0], argv)


def serve():
    assert int(os.environ["LISTEN_PID"]) == os.getpid(), "LISTEN_PID is another's"
    for fd in range(3, 3 + int(os.environ["LISTEN_FDS"])):
        s = socket.socket(fileno=fd)
        print(fd, s.family.name, s.type.name, s.getsockname()[1], flush=True)
        if s.type == socket.SOCK_DGRAM:
            data, who = s.recvfrom(2000)
            s.sendto(data, who)
        else:
            c, who = s.accept()
            with c:
                while data := c.recv(65536):
                    c.sendall(data)


if sys.argv[1:2] == ["listen"]:
    listen(int(sys.argv[2]), sys.argv[3:])
else:
    serve()
