// SPDX-License-Identifier: GPL-2.0-only
/* pcapng.c and capture.c: read back by tshark and capinfos. */
#include <sys/mman.h>

#include "loop.h"

static const char *dir;
static __u64 fake_ns;

static __u64 fake_clock(void *arg)
{
	fake_ns += 1234567;
	return fake_ns;
}

static const char *file(const char *name)
{
	static char path[4][100];
	static int i;

	i = (i + 1) % 4;
	snprintf(path[i], sizeof(path[i]), "%s/%s", dir, name);
	return path[i];
}

static const char *tshark(const char *name, const char *args)
{
	static char cmd[400];
	char *out;

	snprintf(cmd, sizeof(cmd), "tshark -r %s %s 2>&1 | grep -v '^Running as user'", file(name),
		 args);
	out = (char *)sh_output(NULL, cmd);
	return out;
}

static struct libos_netio *capture(struct loop *l, const char *name, bool fake,
				   unsigned int snaplen)
{
	struct netio_capture_opts o = { .size = sizeof(o), .path = file(name), .ifname = "eth7",
					.snaplen = snaplen, .hardware = "test bench",
					.os = "Linux 6.12.0", .application = "test-capture" };
	struct libos_netio *io;
	struct netio_err err;

	if (fake)
		o.clock.now_ns = fake_clock;
	fake_ns = 1600000000000000000ULL;
	loop_init(l);
	if (netio_capture_open(&l->io, &o, &io, &err)) {
		note("%s", err.text);
		bail("netio_capture_open");
	}
	return io;
}

/* Some frames each way. */
static void traffic(struct loop *l, struct libos_netio *io)
{
	static char bytes[4][66000];
	static const unsigned char udp[] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0,
		0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0x66, 0xcb, 10, 0, 0, 1, 10, 0, 0, 2,
		0x12, 0x34, 0x00, 0x35, 0, 12, 0, 0, 'a', 'b', 'c', 'd',
	};
	struct libos_frame f[3], *pf[3] = { &f[0], &f[1], &f[2] };
	struct pool rx;

	frame_make(&f[0], bytes[0], 61, 20, 1);
	frame_make(&f[1], bytes[1], 60000, 4000, 2);
	f[1].vnet.gso_type = 1;
	f[1].vnet.flags = 1;
	memcpy(bytes[2], udp, sizeof(udp));
	memset(&f[2], 0, sizeof(f[2]));
	f[2].nseg = 1;
	f[2].len = f[2].seg[0].len = sizeof(udp);
	f[2].seg[0].base = bytes[2];
	is(io->ops->tx(io, 0, pf, 3), 3, "three frames out");
	pool_init(&rx, 19, 4096);
	l->taken = 0;
	l->nput = 2;
	frame_make(l->put.f[0], bytes[0], 100, 0, 3);
	memset(bytes[0], 0xff, 6);
	frame_make(l->put.f[1], bytes[3], 99, 0, 4);
	l->put.f[1]->tstamp_ns = 1700000000123456789ULL;
	is(io->ops->rx(io, 0, rx.f, LIBOS_BURST), 2, "two frames in");
}

static void test_file(void)
{
	struct loop l;
	struct libos_netio *io = capture(&l, "a.pcapng", true, 0);
	const char *out;

	traffic(&l, io);
	io->ops->close(io);
	ok(l.closed, "closing it closes the channel");
	out = tshark("a.pcapng", "-T fields -e frame.number -e frame.len -e frame.cap_len "
		     "-e frame.time_epoch -e frame.packet_flags_direction -e frame.interface_name");
	ok(!strcmp(out,
		   "1\t61\t61\t1600000000.001234567\t0x00000002\teth7\n"
		   "2\t60000\t60000\t1600000000.001234567\t0x00000002\teth7\n"
		   "3\t46\t46\t1600000000.001234567\t0x00000002\teth7\n"
		   "4\t100\t100\t1600000000.002469134\t0x00000001\teth7\n"
		   "5\t99\t99\t1700000000.123456789\t0x00000001\teth7\n"),
	   "tshark reads lengths, times in ns, directions, interface");
	if (strncmp(out, "1\t61\t61\t16", 10))
		note("%s", out);
	out = tshark("a.pcapng", "-T fields -Y frame.number==3 -e ip.src -e udp.dstport");
	ok(!strcmp(out, "10.0.0.1\t53\n"), "and what is in a frame");
	out = tshark("a.pcapng", "-T fields -Y frame.number==4 -e frame.packet_flags_reception_type");
	ok(strstr(out, "3") || strstr(out, "0x"), "broadcast is marked (%.12s)", out);
	{
		char cmd[200];

		snprintf(cmd, sizeof(cmd), "capinfos %s", file("a.pcapng"));
		out = sh_output(NULL, cmd);
	}
	ok(strstr(out, "Wireshark/... - pcapng") && strstr(out, "Number of packets:   5"),
	   "capinfos reads it");
	ok(strstr(out, "test bench") && strstr(out, "Linux 6.12.0") && strstr(out, "test-capture"),
	   "hardware, OS, application");
	ok(strstr(out, "Name = eth7") && strstr(out, "Time precision = nanoseconds") &&
	   strstr(out, "tx-tso4") && strstr(out, "Number of stat entries = 1"),
	   "interface, precision, offloads, statistics");
}

static void test_repeat(void)
{
	struct loop l;
	struct libos_netio *io;
	int i;

	for (i = 0; i < 2; i++) {
		io = capture(&l, i ? "c.pcapng" : "b.pcapng", true, 0);
		traffic(&l, io);
		io->ops->close(io);
	}
	is(sh(NULL, "cmp %s %s", file("b.pcapng"), file("c.pcapng")), 0,
	   "the same input gives the same bytes");
}

static void test_snaplen(void)
{
	struct loop l;
	struct libos_netio *io = capture(&l, "s.pcapng", true, 64);

	traffic(&l, io);
	io->ops->close(io);
	ok(!strcmp(tshark("s.pcapng", "-T fields -e frame.len -e frame.cap_len"),
		   "61\t61\n60000\t64\n46\t46\n100\t64\n99\t64\n"), "snaplen cuts, lengths are kept");
}

/* More than the buffer holds, many times. */
static void test_bulk(void)
{
	enum { N = 200 };
	struct loop l;
	struct libos_netio *io = capture(&l, "bulk.pcapng", false, 0);
	static char bytes[66000];
	struct libos_frame f, *pf = &f;
	char cmd[200];
	int i;

	for (i = 0; i < N; i++) {
		frame_make(&f, bytes, 14 + i * 300, 4096, i);
		io->ops->tx(io, 0, &pf, 1);
	}
	io->ops->close(io);
	snprintf(cmd, sizeof(cmd), "capinfos -Mc %s | grep packets", file("bulk.pcapng"));
	ok(strstr(sh_output(NULL, cmd), "200"), "200 frames of up to 60 KB");
}

/* Written after 200 ms by deadline; by flush_all; at exit; by a crash handler. */
static void crash(int sig)
{
	netio_capture_flush_all();
	_exit(3);
}

static void test_flush(void)
{
	static const char *const how[] = { "deadline", "flush_all", "exit", "crash" };
	char cmd[200];
	struct loop l;
	int i;

	for (i = 0; i < 4; i++) {
		pid_t pid;

		fflush(stdout);
		pid = fork();
		if (!pid) {
			struct libos_netio *io;

			if (!freopen("/dev/null", "w", stdout))
				_exit(8);
			io = capture(&l, how[i], false, 0);
			traffic(&l, io);
			if (i == 0) {
				struct pool rx;
				__u64 due = io->ops->deadline_ns(io);

				pool_init(&rx, 1, 4096);
				if (due < t_now() || due > t_now() + 200 * MS)
					_exit(9);
				while (t_now() < due)
					poll(NULL, 0, (due - t_now()) / MS + 1);
				l.nput = 0;
				io->ops->rx(io, 0, rx.f, 1);
				if (io->ops->deadline_ns(io) != ~0ULL)
					_exit(10);
				_exit(0);
			} else if (i == 1) {
				netio_capture_flush_all();
				_exit(0);
			} else if (i == 2) {
				exit(0);
			}
			signal(SIGSEGV, crash);
			raise(SIGSEGV);
			_exit(7);
		}
		is(sh_wait(pid), i == 3 ? 3 : 0, how[i]);
		snprintf(cmd, sizeof(cmd), "capinfos -Mc %s | grep packets", file(how[i]));
		ok(strstr(sh_output(NULL, cmd), " 5"), "by %s all five are written", how[i]);
	}
}

/* A FIFO that nobody reads must not hold up frames. */
static void test_fifo(void)
{
	struct netio_capture_opts o = { .size = sizeof(o) };
	struct libos_netio *io;
	static char bytes[66000];
	struct libos_frame f, *pf = &f;
	struct netio_err err;
	struct loop l;
	int fd, i, sent = 0;

	o.path = file("fifo");
	if (mkfifo(o.path, 0600))
		bail("mkfifo");
	loop_init(&l);
	is(netio_capture_open(&l.io, &o, &io, &err), -ENXIO, "a FIFO without reader is refused");
	ok(strstr(err.text, "nobody reads"), "%s", err.text);
	fd = open(o.path, O_RDONLY | O_NONBLOCK);
	if (netio_capture_open(&l.io, &o, &io, &err))
		bail(err.text);
	frame_make(&f, bytes, 60000, 4096, 1);
	for (i = 0; i < 100; i++)
		sent += io->ops->tx(io, 0, &pf, 1);
	is(sent, 100, "with a reader that does not read, frames go on");
	close(fd);
	io->ops->close(io);
	ok(l.closed, "and it can be closed");
}

static void test_errors(void)
{
	struct netio_capture_opts o = { .size = sizeof(o) };
	struct libos_netio *io;
	struct netio_err err;
	struct loop l;

	loop_init(&l);
	is(netio_capture_open(&l.io, &o, &io, &err), -EINVAL, "no file given");
	o.path = "/nonexistent/x";
	is(netio_capture_open(&l.io, &o, &io, &err), -ENOENT, "no such directory");
	ok(strstr(err.text, "/nonexistent/x"), "%s", err.text);
	o.path = "/dev/full";
	is(netio_capture_open(&l.io, &o, &io, &err), -EIO, "a full disk");
	ok(!l.closed, "what was not wrapped stays open");
}

int main(void)
{
	t_begin(120);
	if (sh(NULL, "command -v tshark capinfos >/dev/null"))
		skip_all("no tshark and capinfos (package tshark)");
	dir = t_folder("capture");
	test_errors();
	test_file();
	test_repeat();
	test_snaplen();
	test_bulk();
	test_flush();
	test_fifo();
	return t_end();
}
