# SPDX-License-Identifier: GPL-2.0-only
"""Stack sockets in SCM_RIGHTS messages between processes of one stack."""
import array
import os
import socket


def ok(name, good):
    print("ok" if good else "not ok", name, flush=True)


up, down = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
pid = os.fork()
if not pid:
    up.close()
    for i in range(3):
        msg, fds, _, _ = socket.recv_fds(down, 100, 2)
        c = socket.socket(fileno=fds[0])
        c.sendall(b"child got " + msg)
        c.close()
    # a listener made here, for the parent; twice in one message
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen()
    socket.send_fds(down, [b"listener"], [s.fileno(), s.fileno()])
    c, _ = s.accept()
    c.sendall(b"through the passed one")
    c.close()
    # close-on-exec as asked for
    msg, anc, _, _ = down.recvmsg(10, 1000, socket.MSG_CMSG_CLOEXEC)
    fd = array.array("i", anc[0][2])[0]
    ok("MSG_CMSG_CLOEXEC", not os.get_inheritable(fd))
    # kept until asked
    down.recv(1)
    os._exit(0)

down.close()
lst = socket.socket()
lst.bind(("127.0.0.1", 0))
lst.listen()
for i in range(3):
    c = socket.create_connection(lst.getsockname())
    x, _ = lst.accept()
    socket.send_fds(up, [b"%d" % i], [x.fileno()])
    x.close()
    ok("connection %d served by another process" % i, c.makefile("rb").read() == b"child got %d" % i)
    c.close()

msg, fds, _, _ = socket.recv_fds(up, 100, 2)
ok("two of one message", len(fds) == 2)
passed = socket.socket(fileno=fds[0])
c = socket.create_connection(passed.getsockname())
ok("a listener passed up", c.recv(100) == b"through the passed one")
os.close(fds[1])
socket.send_fds(up, [b"x"], [lst.fileno()])

# Sent to oneself, looked at before it is taken.
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
socket.send_fds(a, [b"self"], [lst.fileno()])
_, anc, _, _ = b.recvmsg(10, 1000, socket.MSG_PEEK)
p1 = array.array("i", anc[0][2])[0]
_, fds, _, _ = socket.recv_fds(b, 10, 1)
ok("peeked at and received", socket.socket(fileno=p1).getsockname() == lst.getsockname() ==
   socket.socket(fileno=fds[0]).getsockname())

# A sender that has ended when its message is received.

here, there = socket.socketpair()
sender = os.fork()
if not sender:
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen()
    socket.send_fds(there, [b"left behind"], [s.fileno()])
    os._exit(0)
os.waitpid(sender, 0)
msg, fds, _, _ = socket.recv_fds(here, 100, 1)
left = socket.socket(fileno=fds[0])
c = socket.create_connection(left.getsockname())
x, _ = left.accept()
x.sendall(b"alive")
ok("a listener whose sender has ended", msg == b"left behind" and c.recv(10) == b"alive")
for s in c, x, left:
    s.close()

# What nobody receives is closed with the message, whether or not the sender lives.
for how in "ends", "lives":
    here, there = socket.socketpair()
    sender = os.fork()
    if not sender:
        here.close()
        c = socket.create_connection(lst.getsockname())
        socket.send_fds(there, [b"for nobody"], [c.fileno()])
        c.close()
        there.close()
        if how == "lives":
            up.recv(1)
        os._exit(0)
    there.close()
    x, _ = lst.accept()
    x.settimeout(10)
    here.recv(1, socket.MSG_PEEK)   # it has been sent
    if how == "ends":
        os.waitpid(sender, 0)
    x.sendall(b"anybody?")
    here.close()
    try:
        end = x.recv(1) == b""
    except ConnectionResetError:    # it had not read what we sent
        end = True
    except TimeoutError:
        end = False
    ok("nobody receives it, the sender " + how, end)
    x.close()
    if how == "lives":
        os.kill(sender, 9)
        os.waitpid(sender, 0)

# With a host file beside it.
r, w = os.pipe()
socket.send_fds(a, [b"both"], [lst.fileno(), w])
_, fds, _, _ = socket.recv_fds(b, 10, 2)
os.write(fds[1], b"pipe")
ok("a host file in the same message", os.read(r, 10) == b"pipe" and
   socket.socket(fileno=fds[0]).getsockname() == lst.getsockname())
up.send(b"x")
ok("child", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0)
