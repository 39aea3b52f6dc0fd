// SPDX-License-Identifier: GPL-2.0-only
/*
 * slirp.c with a real guest: a namespace whose TAP device is joined to the slirp
 * channel by this test, and the host's programs on both sides.
 *
 *	namespace "guest"                this test            namespace "host"
 *	curl, dig, ping -> tap <--> tap channel | slirp <---> servers on loopback
 */
#include <sys/mount.h>
#include <sys/syscall.h>

#include "t.h"

static struct ns guest, host;
static struct libos_netio *tap, *slirp;
static const char *dir;

static void shovel(struct libos_netio *from, struct libos_netio *to, struct pool *p)
{
	int n, i;

	pool_reset(p);
	n = from->ops->rx(from, 0, p->f, LIBOS_BURST);
	for (i = 0; i < n; i++)
		frame_trim(p->f[i]);
	if (n > 0)
		send_all(to, p->f, n);
}

/* How often the router was stopped and taken up by another thread. */
static int moves;
static bool restless;

static void move_router(void)
{
	static __u64 last;

	if (!restless || t_now() - last < 20 * MS)
		return;
	if (slirp->ops->suspend(slirp) || slirp->ops->resume(slirp))
		bail("suspend, resume");
	last = t_now();
	moves++;
}

/* Carry frames until a command ends. */
static int until(pid_t pid)
{
	static struct pool p;
	struct libos_pollfd pf[4];
	struct pollfd fds[4];
	int status, i, n;

	if (!p.mem)
		pool_init(&p, 17, 4096);
	while (!ended(pid, &status)) {
		n = tap->ops->pollfds(tap, pf, 4);
		n += slirp->ops->pollfds(slirp, pf + n, 4 - n);
		for (i = 0; i < n; i++)
			fds[i] = (struct pollfd){ pf[i].fd, POLLIN, 0 };
		poll(fds, n, 20);
		shovel(tap, slirp, &p);
		shovel(slirp, tap, &p);
		move_router();
	}
	return status;
}

#define in_guest(...)	until(sh_start(&guest, __VA_ARGS__))

static void open_slirp(const char *args)
{
	struct netio_err err = { "" };

	if (netio_open("slirp", args, NULL, &slirp, &err)) {
		note("%s", err.text);
		bail("slirp");
	}
}

static void open_tap(unsigned int mtu)
{
	struct netio_tap_opts o = { .size = sizeof(o), .name = "tap0", .up = 1, .mtu = mtu,
				    .address = "10.0.2.15/24", .offload = NETIO_OFFLOAD_NONE };
	struct netio_err err;

	ns_enter(&guest);
	if (netio_tap_open(&o, &tap, &err))
		bail(err.text);
	must(&guest, "ip route add default via 10.0.2.2; "
	     "ip -6 addr add fec0::15/64 dev tap0 nodad; ip -6 route add default via fec0::2");
	ns_enter(&host);
}

/* A server on the host is up when its port can be connected to. */
static void wait_port(const struct ns *ns, const char *addr, int port)
{
	__u64 end = t_now() + 10000 * MS;

	while (sh(ns, "nc -z %s %d 2>/dev/null", addr, port) && t_now() < end)
		;
}

static void write_file(const char *name, const char *text)
{
	char path[100];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (!f)
		bail(path);
	fputs(text, f);
	fclose(f);
}

static const char dns_server[] =
	"import socket\n"
	"s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
	"s.bind(('127.0.0.1', 53))\n"
	"while True:\n"
	"    q, who = s.recvfrom(2048)\n"
	"    end = q.index(b'\\0', 12) + 5\n"
	"    s.sendto(q[:2] + b'\\x81\\x80' + q[4:6] + b'\\0\\1\\0\\0\\0\\0' + q[12:end] +\n"
	"             b'\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x3c\\0\\4' + bytes([192, 0, 2, 7]), who)\n";

static const char udp_echo[] =
	"import socket, sys\n"
	"s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
	"s.bind((sys.argv[1], int(sys.argv[2])))\n"
	"while True:\n"
	"    d, who = s.recvfrom(65535)\n"
	"    s.sendto(d[::-1], who)\n";

static const char udp_ask[] =
	"import socket, sys\n"
	"s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
	"s.settimeout(0.2)\n"
	"for i in range(50):\n"
	"    s.sendto(b'abc', (sys.argv[1], int(sys.argv[2])))\n"
	"    try:\n"
	"        sys.exit(0 if s.recvfrom(100)[0] == b'cba' else 1)\n"
	"    except OSError:\n"
	"        pass\n"
	"sys.exit(2)\n";

static void test_out(unsigned int mtu)
{
	struct libos_netio_stats s;
	__u64 t, fetch, send;
	char args[40];

	snprintf(args, sizeof(args), "mtu=%u", mtu);
	open_slirp(args);
	open_tap(mtu);
	is(slirp->max_mtu, mtu, "max_mtu");
	t = t_now();
	is(in_guest("curl -sf --max-time 20 http://10.0.2.2:8000/big | cmp - %s/big", dir), 0,
	   "curl fetches 20 MB from the host's loopback");
	fetch = t_now() - t;
	t = t_now();
	is(in_guest("curl -sf --max-time 20 -T %s/big http://10.0.2.2:8001/ | grep -q OK", dir), 0,
	   "and sends as much");
	send = t_now() - t;
	is(in_guest("curl -gsf --max-time 20 'http://[fec0::2]:8000/big' | cmp - %s/big", dir), 0,
	   "likewise over IPv6");
	is(in_guest("dig +short +tries=1 +time=5 @10.0.2.3 www.example | grep -qx 192.0.2.7"), 0,
	   "10.0.2.3 is the host's name server");
	is(in_guest("python3 %s/ask.py 10.0.2.2 7000", dir), 0, "UDP there and back");
	is(in_guest("ping -q -c 2 -i 0.1 -W 5 10.0.2.2 >/dev/null"), 0, "ICMP echo");
	is(in_guest("ping -q -c 2 -i 0.1 -W 5 fec0::2 >/dev/null"), 0, "ICMPv6 echo");
	is(in_guest("ping -q -c 2 -i 0.1 -W 5 192.0.2.1 >/dev/null"), 0,
	   "ICMP echo to another address of the host");
	is(in_guest("curl -s --max-time 5 http://10.0.2.2:9/; test $? = 7"), 0,
	   "a closed port is refused");
	s = stats_of(slirp);
	ok(s.rx_bytes > 40000000 && s.tx_bytes > 20000000, "it went through the channel");
	note("mtu %u: fetch %.2f Gbit/s, send %.2f Gbit/s (programs' start included)", mtu,
	     160e6 / fetch, 160e6 / send);
	note("mtu %u: %.2f calls per frame in, %.2f out, overrun %llu", mtu,
	     (double)s.rx_calls / s.rx_frames, (double)s.tx_calls / s.tx_frames,
	     s.drop[LIBOS_DROP_RX_OVERRUN]);
	tap->ops->close(tap);
	slirp->ops->close(slirp);
}

static void test_in(void)
{
	pid_t srv, srv6;

	open_slirp("mtu=1500,hostfwd=tcp:8080-80,"
		   "hostfwd=tcp:[::1]:8081-[fec0::15]:80,restricted=yes");
	open_tap(1500);
	srv = sh_start(&guest, "exec python3 -m http.server -d %s --bind 10.0.2.15 80 >/dev/null 2>&1",
		       dir);
	srv6 = sh_start(&guest, "exec python3 -m http.server -d %s --bind fec0::15 80 >/dev/null 2>&1",
			dir);
	wait_port(&guest, "10.0.2.15", 80);
	wait_port(&guest, "fec0::15", 80);
	is(until(sh_start(&host, "curl -sf --max-time 20 http://127.0.0.1:8080/big | cmp - %s/big",
			  dir)), 0, "hostfwd: the host fetches from the guest");
	is(until(sh_start(&host, "curl -gsf --max-time 20 'http://[::1]:8081/big' | cmp - %s/big",
			  dir)), 0, "hostfwd over IPv6");
	restless = true;
	is(until(sh_start(&host,
			  "curl -sf --max-time 20 --limit-rate 40M http://127.0.0.1:8080/big | cmp - %s/big",
			  dir)), 0, "also while the router is suspended and resumed");
	restless = false;
	ok(moves > 3, "%d times, by another thread each", moves);
	is(in_guest("curl -s --max-time 2 http://10.0.2.2:8000/big >/dev/null; test $? != 0"), 0,
	   "restricted: the guest reaches nothing else");
	kill(srv, SIGKILL);
	kill(srv6, SIGKILL);
	sh_wait(srv);
	sh_wait(srv6);
	tap->ops->close(tap);
	slirp->ops->close(slirp);
}

static void test_no_loopback(void)
{
	open_slirp("mtu=1500,loopback=no");
	open_tap(1500);
	is(in_guest("curl -s --max-time 3 http://10.0.2.2:8000/big >/dev/null; test $? != 0"), 0,
	   "loopback=no: the host's loopback is not reached");
	tap->ops->close(tap);
	slirp->ops->close(slirp);
}

static void test_in_udp(void)
{
	pid_t echo;

	open_slirp("mtu=1500,hostfwd=udp:127.0.0.1:5353->10.0.2.15:5300");
	open_tap(1500);
	echo = sh_start(&guest, "exec python3 %s/echo.py 10.0.2.15 5300", dir);
	is(until(sh_start(&host, "python3 %s/ask.py 127.0.0.1 5353", dir)), 0, "hostfwd by UDP");
	kill(echo, SIGKILL);
	sh_wait(echo);
	tap->ops->close(tap);
	slirp->ops->close(slirp);
}

static int open_fds(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_channel(void)
{
	struct netio_err err;
	struct libos_netio *io, *second;
	static char bytes[66000];
	struct libos_frame f, *pf = &f;
	struct pool rx;
	struct libos_netio_stats s;
	int before = open_fds(), i, n;
	__u64 end;

	pool_init(&rx, 17, 4096);
	is(netio_open("slirp", "hostfwd=tcp:7777-80", NULL, &io, &err), 0, "opened");
	is(open_fds(), before + 2, "two file descriptors in the process");
	is(netio_open("slirp", "hostfwd=tcp:7777-80", NULL, &second, &err), -EADDRINUSE,
	   "a port in use is refused");
	ok(strstr(err.text, "127.0.0.1 port 7777"), "%s", err.text);

	/* Garbage: nothing happens. */
	for (i = 0; i < 20000; i++) {
		frame_make(&f, bytes, 14 + i * 31 % 1500, 100, i);
		memcpy(bytes, "\xff\xff\xff\xff\xff\xff", 6);
		if (i % 4 == 0)
			memcpy(bytes + 12, "\x08\x00\x45\x00\x00\x40", 6);
		else if (i % 4 == 1)
			memcpy(bytes + 12, "\x86\xdd\x60\x00\x00\x00", 6);
		else if (i % 4 == 2)
			memcpy(bytes + 12, "\x08\x06", 2);
		if (!send_all(io, &pf, 1))
			break;
		pool_reset(&rx);
		io->ops->rx(io, 0, rx.f, LIBOS_BURST);
	}
	is(i, 20000, "20000 frames of garbage are taken");
	s = stats_of(io);
	frame_make(&f, bytes, 13, 0, 1);
	io->ops->tx(io, 0, &pf, 1);
	frame_make(&f, bytes, 65535, 4000, 1);
	io->ops->tx(io, 0, &pf, 1);
	frame_make(&f, bytes, 1000, 0, 1);
	f.vnet.gso_type = 1;
	io->ops->tx(io, 0, &pf, 1);
	s = stats_of(io);
	is(s.tx_frames, 20000, "all counted");
	ok(s.drop[LIBOS_DROP_TX_ERROR] == 2 && s.drop[LIBOS_DROP_TX_TOOBIG] == 1,
	   "what cannot be sent is counted by reason");

	/* It lives: ARP for the router is answered. */
	memset(bytes, 0, 60);
	memcpy(bytes, "\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\x09\x08\x06\0\x01\x08\0\x06\x04\0\x01"
	       "\x02\0\0\0\0\x09\x0a\0\x02\x0f\0\0\0\0\0\0\x0a\0\x02\x02", 42);
	f = (struct libos_frame){ .nseg = 1, .len = 60 };
	f.seg[0].base = bytes;
	f.seg[0].len = 60;
	send_all(io, &pf, 1);
	end = t_now() + 3000 * MS;
	for (n = 0; !n && t_now() < end;) {
		io_wait(io, false, 100);
		pool_reset(&rx);
		n = io->ops->rx(io, 0, rx.f, LIBOS_BURST);
		for (i = 0; i < n; i++) {
			frame_read(rx.f[i], bytes, 42);
			if (bytes[21] == 2 && !memcmp(bytes + 28, "\x0a\0\x02\x02", 4))
				break;
		}
		n = i < n;
	}
	ok(n, "afterwards ARP is still answered");
	io->ops->close(io);
	is(open_fds(), before, "closing leaves no file descriptor");
	is(netio_open("slirp", "hostfwd=tcp:7777-80", NULL, &io, &err), 0,
	   "and frees the port at once");
	io->ops->close(io);
}

int main(void)
{
	char path[100];
	pid_t srv[4];
	int i;

	t_begin(240);
	if (access("/dev/net/tun", R_OK | W_OK))
		skip_all("no /dev/net/tun");
	if (sh(NULL, "command -v curl dig python3 nc ping >/dev/null"))
		skip_all("needs curl, dig, python3, nc and ping");
	dir = t_folder("slirp");
	host = ns_new();
	guest = ns_new();
	ns_enter(&host);
	must(&host, "ip link set lo up && ip addr add 192.0.2.1/32 dev lo");
	must(&guest, "ip link set lo up");
	write_file("dns.py", dns_server);
	write_file("echo.py", udp_echo);
	write_file("ask.py", udp_ask);
	write_file("resolv.conf", "nameserver 127.0.0.1\n");
	write_file("put.py",
		   "import http.server, sys\n"
		   "want = open(sys.argv[1], 'rb').read()\n"
		   "class H(http.server.BaseHTTPRequestHandler):\n"
		   "    protocol_version = 'HTTP/1.1'\n"
		   "    def do_PUT(self):\n"
		   "        got = self.rfile.read(int(self.headers['Content-Length']))\n"
		   "        a = b'OK' if got == want else b'BAD'\n"
		   "        self.send_response(200)\n"
		   "        self.send_header('Content-Length', str(len(a)))\n"
		   "        self.end_headers()\n"
		   "        self.wfile.write(a)\n"
		   "http.server.HTTPServer(('127.0.0.1', 8001), H).serve_forever()\n");
	must(NULL, "head -c 20000000 /dev/urandom > %s/big", dir);
	/* The host's resolv.conf, for this process tree only. */
	snprintf(path, sizeof(path), "%s/resolv.conf", dir);
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount(path, "/etc/resolv.conf", NULL, MS_BIND, NULL))
		bail("mount");
	srv[0] = sh_start(&host, "exec python3 -m http.server -d %s --bind :: 8000 >/dev/null 2>&1",
			  dir);
	srv[1] = sh_start(&host, "exec python3 %s/put.py %s/big >/dev/null 2>&1", dir, dir);
	srv[2] = sh_start(&host, "exec python3 %s/dns.py", dir);
	srv[3] = sh_start(&host, "exec python3 %s/echo.py 127.0.0.1 7000", dir);
	wait_port(&host, "127.0.0.1", 8000);
	wait_port(&host, "127.0.0.1", 8001);
	test_channel();
	test_out(1500);
	test_out(65520);
	test_in();
	test_in_udp();
	test_no_loopback();
	for (i = 0; i < 4; i++) {
		kill(srv[i], SIGKILL);
		sh_wait(srv[i]);
	}
	umount2("/etc/resolv.conf", MNT_DETACH);
	return t_end();
}
