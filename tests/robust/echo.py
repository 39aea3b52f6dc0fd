# SPDX-License-Identifier: GPL-2.0-only
"""Echo TCP on a port of all addresses; print each visitor's address."""
import socket
import sys
import threading


def serve(conn):
    try:
        while True:
            data = conn.recv(65536)
            if not data:
                break
            conn.sendall(data)
    except OSError:
        pass
    conn.close()


listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("", int(sys.argv[1])))
listener.listen(128)
while True:
    c, who = listener.accept()
    print(who[0], flush=True)
    threading.Thread(target=serve, args=(c,), daemon=True).start()
