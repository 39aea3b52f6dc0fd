// SPDX-License-Identifier: GPL-2.0-only
/* pipe.c and pipelink.c: pipes, sockets, FIFOs, shell pipes; whole, torn, garbage. */
#include <sys/mman.h>

#include "../pipe.h"
#include "t.h"

static struct libos_netio *open_fds(int rfd, int wfd, unsigned int offload)
{
	struct netio_pipe_opts o = { .size = sizeof(o), .rfd = rfd, .wfd = wfd, .wait_ms = -1,
				     .offload = offload };
	struct netio_err err = { "" };
	struct libos_netio *io;

	if (netio_pipe_open(&o, &io, &err)) {
		note("%s", err.text);
		bail("netio_pipe_open");
	}
	return io;
}

/* Let both ends hear each other. */
static void join(struct libos_netio *a, struct libos_netio *b)
{
	struct pool p;
	int i;

	pool_init(&p, 1, 2048);
	for (i = 0; i < 10 && !(a->link_up && b->link_up); i++) {
		a->ops->rx(a, 0, p.f, 1);
		b->ops->rx(b, 0, p.f, 1);
	}
	free(p.mem);
}

static void make_pair(struct libos_netio **a, struct libos_netio **b, bool sock)
{
	int ab[2], ba[2];

	if (sock) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, ab))
			bail("socketpair");
		*a = open_fds(ab[0], ab[0], 0);
		*b = open_fds(ab[1], ab[1], 0);
	} else {
		if (pipe(ab) || pipe(ba))
			bail("pipe");
		*a = open_fds(ba[0], ab[1], 0);
		*b = open_fds(ab[0], ba[1], 0);
	}
	is((*a)->link_up + (*b)->link_up, 0, "link is down before hello");
	join(*a, *b);
	is((*a)->link_up + (*b)->link_up, 2, "and up after it");
}

static void test_errors(void)
{
	struct netio_pipe_opts o = { .size = sizeof(o) };
	struct netio_err err = { "" };
	struct libos_netio *io;
	int fds[2];

	o.rfd = o.wfd = 999;
	is(netio_pipe_open(&o, &io, &err), -EBADF, "no such file descriptor");
	ok(strstr(err.text, "999") != NULL, "which is named (%s)", err.text);
	o.rfd = o.wfd = open("/dev/null", O_RDWR);
	is(netio_pipe_open(&o, &io, &err), -EINVAL, "no pipe");
	ok(strstr(err.text, "neither pipe nor stream socket") != NULL, "%s", err.text);
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds))
		bail("socketpair");
	o.rfd = o.wfd = fds[0];
	is(netio_pipe_open(&o, &io, &err), -EINVAL, "a datagram socket is refused");
	is(fcntl(fds[0], F_GETFD), 0, "a file descriptor that is refused stays open");
	o.mode = NETIO_PIPE_FIFO;
	is(netio_pipe_open(&o, &io, &err), -EINVAL, "FIFO without path");
	o.path = "/nonexistent/x";
	is(netio_pipe_open(&o, &io, &err), -ENOENT, "FIFO in no directory");
	ok(strstr(err.text, "/nonexistent/x.0") != NULL, "%s", err.text);
	o.mode = 9;
	is(netio_pipe_open(&o, &io, &err), -EINVAL, "unknown mode");
}

/* All sizes, both directions at once, with short writes: nothing lost or mixed up. */
static void test_stream(bool sock)
{
	enum { N = 4000 };
	struct libos_netio *io[2];
	static char bytes[2][LIBOS_BURST][66000];
	unsigned int sent[2] = { 0 }, got[2] = { 0 }, bad = 0, shorts = 0, i, k, d;
	struct libos_netio_stats s;
	struct pool tx, rx;
	__u64 end = t_now() + 60000 * MS, total = 0;

	make_pair(&io[0], &io[1], sock);
	pool_init(&tx, 19, 64);
	pool_init(&rx, 19, 4096);
	while ((got[0] < N || got[1] < N) && t_now() < end) {
		for (d = 0; d < 2; d++) {
			unsigned int n = N - sent[d] < 7 ? N - sent[d] : 7;
			int ret;

			for (i = 0; i < n; i++) {
				unsigned int x = sent[d] + i;
				__u32 len = x % 50 ? 14 + x * 7919 % 1800 : 14 + x * 104729 % 65537;

				frame_make(tx.f[i], bytes[d][i], len, 1 + x % 4000, x * 2 + d);
				tx.f[i]->vnet.flags = x & 1;
				tx.f[i]->vnet.gso_size = x;
			}
			ret = n ? io[d]->ops->tx(io[d], 0, tx.f, n) : 0;
			shorts += ret < (int)n;
			sent[d] += ret;
		}
		for (d = 0; d < 2; d++) {
			int n;

			pool_reset(&rx);
			n = io[!d]->ops->rx(io[!d], 0, rx.f, 5);
			for (k = 0; (int)k < n; k++, got[d]++) {
				unsigned int x = got[d];
				__u32 len = x % 50 ? 14 + x * 7919 % 1800 : 14 + x * 104729 % 65537;

				total += len;
				if (!frame_is(rx.f[k], len, x * 2 + d) ||
				    rx.f[k]->vnet.flags != (x & 1) ||
				    rx.f[k]->vnet.gso_size != (__u16)x)
					bad++;
			}
		}
	}
	ok(got[0] == N && got[1] == N, "%s: %u + %u frames of 14 to 65550 bytes came",
	   sock ? "socket" : "pipe", got[0], got[1]);
	is(bad, 0, "whole, in order, with their headers");
	ok(shorts > 0, "although the channel was full %u times", shorts);
	for (d = 0; d < 2; d++) {
		s = stats_of(io[d]);
		ok(s.tx_frames == N && s.rx_frames == N, "all counted");
		note("%.2f calls per frame out, %.2f in", (double)s.tx_calls / N,
		     (double)s.rx_calls / N);
	}
	/* The end may come along with the last frame: nobody tells of it twice. */
	frame_make(tx.f[0], bytes[0][0], 100, 0, 1);
	is(io[0]->ops->tx(io[0], 0, tx.f, 1), 1, "a last frame");
	io[0]->ops->close(io[0]);
	pool_reset(&rx);
	is(io[1]->ops->rx(io[1], 0, rx.f, 5), 1, "it comes");
	is(io[1]->link_up, 0, "peer gone: link is down");
	ok(!io_wait(io[1], false, 50), "and its file is quiet");
	frame_make(tx.f[0], bytes[0][0], 100, 0, 1);
	is(io[1]->ops->tx(io[1], 0, tx.f, 1), 1, "a frame is consumed");
	is(stats_of(io[1]).drop[LIBOS_DROP_TX_DOWN], 1, "and counted as tx_down");
	io[1]->ops->close(io[1]);
	free(tx.mem);
	free(rx.mem);
}

static void test_batch(void)
{
	static char bytes[LIBOS_BURST][66000];
	struct libos_netio *a, *b;
	struct libos_netio_stats s0, s;
	struct pool tx, rx, small;
	unsigned int i, n, total;

	make_pair(&a, &b, false);
	pool_init(&tx, 1, 64);
	pool_init(&rx, 19, 4096);
	pool_init(&small, 1, 100);
	for (i = 0; i < LIBOS_BURST; i++)
		frame_make(tx.f[i], bytes[i], 1514, 800, i);
	s0 = stats_of(a);
	is(a->ops->tx(a, 0, tx.f, LIBOS_BURST), LIBOS_BURST, "a burst is sent");
	s = stats_of(a);
	is(s.tx_calls - s0.tx_calls, 1, "by one call");
	s0 = stats_of(b);
	is(b->ops->rx(b, 0, rx.f, LIBOS_BURST), LIBOS_BURST, "a burst is received");
	s = stats_of(b);
	is(s.rx_calls - s0.rx_calls, 1, "by one call");
	is(b->ops->rx(b, 0, rx.f, LIBOS_BURST), 0, "then it is empty");

	/* A stream of large frames: one call each, read to their place. */
	s0 = stats_of(b);
	for (total = 0, i = 0; i < 30; i++) {
		for (n = 0; n < 10; n++)
			frame_make(tx.f[n], bytes[n], 60000, 4000, n);
		a->ops->tx(a, 0, tx.f, 10);
		do {
			pool_reset(&rx);
			n = b->ops->rx(b, 0, rx.f, 10);
			total += n;
		} while (n == 10);
	}
	s = stats_of(b);
	is(total, 300, "300 large frames");
	ok(s.rx_calls - s0.rx_calls <= 300 * 5 / 4 + 30, "by %llu calls", s.rx_calls - s0.rx_calls);

	/* Bad frames are consumed, their neighbours pass. */
	for (i = 0; i < 5; i++)
		frame_make(tx.f[i], bytes[i], 90 + i, 0, i);
	tx.f[1]->len = tx.f[1]->seg[0].len = 13;
	tx.f[2]->len = 70000;
	tx.f[3]->nseg = 30;
	is(a->ops->tx(a, 0, tx.f, 5), 5, "a burst with bad frames is consumed");
	is(b->ops->rx(b, 0, small.f, 5), 2, "the good ones pass");
	s = stats_of(a);
	ok(s.drop[LIBOS_DROP_TX_ERROR] == 2 && s.drop[LIBOS_DROP_TX_TOOBIG] == 1,
	   "the others are counted by reason");
	for (i = 0; i < 3; i++)
		frame_make(tx.f[i], bytes[i], i == 1 ? 60000 : 100, 0, i);
	a->ops->tx(a, 0, tx.f, 3);
	pool_reset(&small);
	for (n = 0, i = 0; i < 5; i++)
		n += b->ops->rx(b, 0, small.f + n, 5 - n);
	is(n, 2, "without room a frame is dropped, not its neighbours");
	is(stats_of(b).drop[LIBOS_DROP_RX_TRUNC], 1, "counted as rx_trunc");

	/* Room to send is told of. */
	for (i = 0; i < LIBOS_BURST; i++)
		frame_make(tx.f[i], bytes[i], 60000, 0, i);
	n = a->ops->tx(a, 0, tx.f, LIBOS_BURST);
	ok(n < LIBOS_BURST, "a full pipe takes %u of %u", n, LIBOS_BURST);
	is(a->ops->tx(a, 0, tx.f + n, 1), 0, "and then none");
	a->ops->rx(a, 0, small.f, 1);
	ok(!io_wait(a, true, 20), "while it is full nothing is ready");
	pool_reset(&rx);
	b->ops->rx(b, 0, rx.f, 8);
	ok(io_wait(a, true, 1000), "when the peer has read, it is");
	a->ops->rx(a, 0, small.f, 1);
	ok(a->ops->tx(a, 0, tx.f + n, 1) == 1, "and takes a frame");
	a->ops->close(a);
	b->ops->close(b);
}

/* Garbage from the peer: no crash, link down, counted. */
static void test_garbage(void)
{
	static const struct {
		const char *name;
		int type, version;
		unsigned int magic, len;
	} recs[] = {
		{ "wrong magic", PIPE_FRAME, 1, 0x1234, 100 },
		{ "wrong type", 77, 1, PIPE_MAGIC, 100 },
		{ "wrong version", PIPE_FRAME, 9, PIPE_MAGIC, 100 },
		{ "too long", PIPE_FRAME, 1, PIPE_MAGIC, 1 << 20 },
		{ "a hello of the wrong length", PIPE_HELLO, 1, PIPE_MAGIC, 8 },
	};
	struct pool rx;
	unsigned int i, k;

	pool_init(&rx, 19, 4096);
	for (i = 0; i < sizeof(recs) / sizeof(recs[0]); i++) {
		struct pipe_rec rec = { recs[i].magic, recs[i].type, recs[i].version, recs[i].len,
					{ 0 } };
		struct {
			struct pipe_rec rec;
			struct pipe_hello h;
		} __attribute__((packed)) hello = {
			{ PIPE_MAGIC, PIPE_HELLO, PIPE_VERSION, sizeof(struct pipe_hello), { 0 } },
			{ .features = ~0U, .id = 77 }
		};
		struct libos_netio *io;
		int fds[2];

		memcpy(hello.h.tag, PIPE_TAG, 16);
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
			bail("socketpair");
		io = open_fds(fds[0], fds[0], 0);
		(void)!write(fds[1], &hello, sizeof(hello));
		io->ops->rx(io, 0, rx.f, 4);
		if (!io->link_up)
			note("hello was not understood");
		(void)!write(fds[1], &rec, sizeof(rec));
		for (k = 0; k < 3; k++)
			io->ops->rx(io, 0, rx.f, 4);
		ok(!io->link_up && stats_of(io).drop[LIBOS_DROP_RX_RUNT] == 1,
		   "%s: link is down", recs[i].name);
		io->ops->close(io);
		close(fds[1]);
	}
}

/* A runt within its record is well-formed: only it is dropped. */
static void test_runt(void)
{
	struct {
		struct pipe_rec rec;
		struct pipe_hello h;
		struct pipe_rec runt;
		char data[5];
		struct pipe_rec good;
		char frame[60];
	} __attribute__((packed)) m = {
		{ PIPE_MAGIC, PIPE_HELLO, PIPE_VERSION, sizeof(struct pipe_hello), { 0 } },
		{ .features = LIBOS_NETIO_TX_CSUM, .id = 5 },
		{ PIPE_MAGIC, PIPE_FRAME, PIPE_VERSION, 5, { 0 } }, "abcd",
		{ PIPE_MAGIC, PIPE_FRAME, PIPE_VERSION, 60, { 0 } }, "0123456789",
	};
	struct netio_pipe_opts o = { .size = sizeof(o) };
	struct libos_netio *io;
	struct pool rx;
	int fds[2];
	size_t i;

	memcpy(m.h.tag, PIPE_TAG, 16);
	pool_init(&rx, 2, 64);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		bail("socketpair");
	(void)!write(fds[1], &m, sizeof(m));
	o.rfd = o.wfd = fds[0];
	if (netio_pipe_open(&o, &io, NULL))
		bail("netio_pipe_open");
	is(io->link_up, 1, "a peer that is there is heard at once");
	is(io->features & 0x1f, LIBOS_NETIO_TX_CSUM, "features are what it takes");
	is(io->ops->deadline_ns(io), 0, "frames that came with its hello are told of");
	is(io->ops->rx(io, 0, rx.f, 4), 1, "a runt is skipped, the frame behind it comes");
	is(stats_of(io).drop[LIBOS_DROP_RX_RUNT], 1, "and counted");
	is(io->ops->deadline_ns(io), ~0ULL, "then there is no deadline");
	/* The same byte by byte. */
	for (i = sizeof(m.rec) + sizeof(m.h); i < sizeof(m); i++) {
		(void)!write(fds[1], (char *)&m + i, 1);
		if (i + 1 < sizeof(m) && io->ops->rx(io, 0, rx.f, 4))
			break;
	}
	ok(i == sizeof(m) && io->ops->rx(io, 0, rx.f, 4) == 1 && rx.f[0]->len == 60,
	   "byte by byte too");
	io->ops->close(io);
	close(fds[1]);
}

static struct libos_netio *open_fifo(const char *path)
{
	struct netio_pipe_opts o = { .size = sizeof(o), .mode = NETIO_PIPE_FIFO, .path = path,
				     .wait_ms = -1 };
	struct netio_err err = { "" };
	struct libos_netio *io = NULL;

	if (netio_pipe_open(&o, &io, &err))
		note("%s", err.text);
	return io;
}

static bool exchange(struct libos_netio *a, struct libos_netio *b)
{
	char bytes[1000];
	struct libos_frame f, *pf = &f;
	struct pool rx;
	bool good;
	int i, n = 0;

	frame_make(&f, bytes, 1000, 100, 42);
	pool_init(&rx, 1, 2048);
	a->ops->tx(a, 0, &pf, 1);
	for (i = 0; i < 20 && !n; i++)
		n = b->ops->rx(b, 0, rx.f, 1);
	good = n == 1 && frame_is(rx.f[0], 1000, 42);
	free(rx.mem);
	return good;
}

static void test_fifo(void)
{
	const char *dir = t_folder("pipe");
	char path[100];
	struct libos_netio *a, *b;
	struct libos_frame f, *pf = &f;
	static char bytes[66000];
	struct pool rx;
	int i;

	snprintf(path, sizeof(path), "%s/link", dir);
	pool_init(&rx, 1, 2048);
	a = open_fifo(path);
	ok(a && !a->link_up, "FIFO: alone the link is down");
	ok(a && !io_wait(a, false, 50), "and quiet");
	b = open_fifo(path);
	ok(open_fifo(path) == NULL, "a third one is refused");
	join(a, b);
	ok(a->link_up && b->link_up, "two are connected");
	ok(exchange(a, b) && exchange(b, a), "frames pass both ways");
	for (i = 0; i < 3; i++) {
		/* The first's last frame is torn: the pipe is full of it. */
		frame_make(&f, bytes, 60000, 0, 1);
		while (b->ops->tx(b, 0, &pf, 1))
			;
		b->ops->close(b);
		if (i & 1)	/* a notices before the next one comes, or not */
			a->ops->rx(a, 0, rx.f, 1);
		b = open_fifo(path);
		if (!b)
			bail("reopening");
		{
			__u64 end = t_now() + 2000 * MS;

			while (t_now() < end && !(a->link_up && b->link_up)) {
				a->ops->rx(a, 0, rx.f, 1);
				b->ops->rx(b, 0, rx.f, 1);
			}
		}
		while (a->ops->rx(a, 0, rx.f, 1) + b->ops->rx(b, 0, rx.f, 1))
			;
		join(a, b);
		ok(exchange(a, b) && exchange(b, a), "a peer that comes again is connected");
	}
	/* The stack has been promised that segmentation is the channel's work. */
	b->ops->close(b);
	is(netio_pipe_open(&(struct netio_pipe_opts){ .size = sizeof(struct netio_pipe_opts),
			   .mode = NETIO_PIPE_FIFO, .path = path, .wait_ms = -1,
			   .offload = NETIO_OFFLOAD_NONE }, &b, NULL), 0, "a peer without offloads");
	join(a, b);
	is(a->link_up, 0, "is not connected after one that had them");
	b->ops->close(b);
	b = open_fifo(path);
	join(a, b);
	ok(a->link_up && exchange(a, b), "and one that has them again is");
	a->ops->close(a);
	b->ops->close(b);
}

/* Echo frames until the link goes down, for one end of a shell pipe. */
static int shell_end(const char *kind, int frames)
{
	struct libos_netio *io;
	struct netio_err err;
	struct pool p;
	int n, i, seen = 0;
	char bytes[3000];
	__u64 end = t_now() + 10000 * MS;

	if (netio_open("pipe", kind, NULL, &io, &err)) {
		fprintf(stderr, "# %s\n", err.text);
		return 1;
	}
	pool_init(&p, 2, 2048);
	if (frames && !io->link_up)
		return 2;
	for (i = 0; i < frames; i++) {
		frame_make(p.f[0], bytes, 1000 + i % 1000, 100, i);
		if (!send_all(io, p.f, 1))
			return 3;
		for (n = 0; !n && t_now() < end;) {
			io_wait(io, false, 100);
			pool_reset(&p);
			n = io->ops->rx(io, 0, p.f, 1);
		}
		if (!frame_is(p.f[0], 1000 + i % 1000, i))
			return 4;
	}
	if (frames) {
		printf("the program's own output\n");
		fflush(stdout);
	}
	while (!frames && t_now() < end) {
		if (!io->link_up && seen)
			break;
		io_wait(io, false, 100);
		pool_reset(&p);
		n = io->ops->rx(io, 0, p.f, LIBOS_BURST);
		seen |= io->link_up;
		for (i = 0; i < n; i++)
			frame_trim(p.f[i]);
		if (n && !send_all(io, p.f, n))
			return 5;
	}
	if (t_now() >= end)
		return 6;
	io->ops->close(io);
	return 0;
}

/* The middle of a chain: frames pass from one side to the other. */
static int shell_middle(void)
{
	struct libos_netio *io[2];
	struct netio_err err;
	struct pool p;
	int n, i, d;
	__u64 end = t_now() + 10000 * MS;

	if (netio_open("pipe", "side=stdin", NULL, &io[0], &err) ||
	    netio_open("pipe", "side=stdout", NULL, &io[1], &err)) {
		fprintf(stderr, "# %s\n", err.text);
		return 1;
	}
	pool_init(&p, 2, 2048);
	while (io[0]->link_up && t_now() < end)
		for (d = 0; d < 2; d++) {
			pool_reset(&p);
			n = io[d]->ops->rx(io[d], 0, p.f, LIBOS_BURST);
			for (i = 0; i < n; i++)
				frame_trim(p.f[i]);
			if (n)
				send_all(io[!d], p.f, n);
			else
				io_wait(io[d], false, 1);
		}
	return t_now() >= end;
}

static void test_shell(const char *self)
{
	char out[200];

	is(sh(NULL, "bash -c 'set -o pipefail; %s left 500 2>/dev/null | %s right'", self, self), 0,
	   "left | right: 500 frames there and back, then the right end sees the left one's death");
	is(sh(NULL, "bash -c 'set -o pipefail; %s left 500 2>/dev/null | %s middle | %s right'", self,
	      self, self), 0, "left | middle | right");
	snprintf(out, sizeof(out), "bash -c '%s left 1 2>&1 >/dev/null | cat'", self);
	ok(strstr(sh_output(NULL, out), "use it as in: nuse ... | nuse ..."),
	   "standard output that is no pipe is refused, with advice");
	snprintf(out, sizeof(out), "bash -c '(%s left 3 | %s right) 2>&1'", self, self);
	ok(strstr(sh_output(NULL, out), "the program's own output"),
	   "what the program prints goes to standard error");
	if (!getuid()) {
		/* The right end as another user: may not look into the left one. */
		snprintf(out, sizeof(out),
			 "bash -c '%s left 1 2>/dev/null | setpriv --reuid 65534 --clear-groups %s right' 2>&1",
			 self, self);
		ok(strstr(sh_output(NULL, out), "both ends must run as one user"),
		   "another user at the other end is told so");
	}
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		alarm(30);
		if (!strcmp(argv[1], "left"))
			return shell_end("side=stdout,wait=5000", atoi(argv[2]));
		if (!strcmp(argv[1], "right"))
			return shell_end("side=stdin,wait=5000", 0);
		return shell_middle();
	}
	t_begin(180);
	test_errors();
	test_stream(false);
	test_stream(true);
	test_batch();
	test_garbage();
	test_runt();
	test_fifo();
	test_shell(argv[0]);
	return t_end();
}
