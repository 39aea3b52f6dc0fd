# SPDX-License-Identifier: GPL-2.0-only
"""The peer's web server: DIRECTORY by HTTP on 8000 and HTTPS on 8443, both families.

Takes PUT as well, into DIRECTORY.  Arguments: DIRECTORY CERTIFICATE KEY.
"""
import http.server
import os
import socket
import ssl
import sys
import threading


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        name = os.path.basename(self.path)
        left = int(self.headers["Content-Length"])
        with open(os.path.join(self.directory, name), "wb") as out:
            while left:
                data = self.rfile.read(min(left, 65536))
                if not data:
                    break
                out.write(data)
                left -= len(data)
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    request_queue_size = 128

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.server_address = self.server_address
        super(http.server.HTTPServer, self).server_bind()
        self.server_name, self.server_port = self.server_address[:2]


def handler(*args):
    return Handler(*args, directory=sys.argv[1])


plain = Server(("::", 8000), handler)
threading.Thread(target=plain.serve_forever, daemon=True).start()
secure = Server(("::", 8443), handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
# The handshake is the connection's thread's, not that of accept().
secure.socket = context.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=False)
secure.serve_forever()
