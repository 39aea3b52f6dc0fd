// SPDX-License-Identifier: GPL-2.0-only
/*
 * The simulator with the real kernel layer: two hosts move 10 MB by TCP over a
 * link that loses, delays, reorders and duplicates; the same seed gives the same
 * bytes in both captures, also in another process, and another seed gives others;
 * five minutes of keep-alive pass in a moment.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <libos/netcfg.h>
#include <libos/sim.h>

#include "calls.h"
#include "check.h"

#define BYTES	(10U << 20)
#define CHUNK	65536U

static char dir[] = "/tmp/libos-sim-XXXXXX";

static __u64 real_ms(void)
{
	return now_ns() / 1000000;
}

/* Byte @i of the stream. */
static unsigned char pattern(__u64 i)
{
	return (unsigned char)(i * 2654435761U >> 13);
}

struct transfer {
	__u64 received, bad;
	__u64 finished_ns;
	struct sim *sim;
};

static int server(struct libos_thread *thr, void *arg)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(5001) };
	static unsigned char buf[CHUNK];
	struct transfer *t = arg;
	long l, c, n, i;

	l = CALL(thr, SYS_socket, AF_INET, SOCK_STREAM, 0);
	if (l < 0 || CALL(thr, SYS_bind, l, P(&a), sizeof(a)) < 0 ||
	    CALL(thr, SYS_listen, l, 5) < 0)
		return 1;
	c = CALL(thr, SYS_accept, l, 0, 0);
	if (c < 0)
		return 2;
	while ((n = CALL(thr, SYS_read, c, P(buf), sizeof(buf))) > 0) {
		for (i = 0; i < n; i++)
			t->bad += buf[i] != pattern(t->received + i);
		t->received += n;
	}
	t->finished_ns = sim_now(t->sim);
	return n < 0 ? 3 : 0;
}

static int client(struct libos_thread *thr, void *arg)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(5001) };
	static unsigned char buf[CHUNK];
	__u64 sent = 0;
	long s, n;

	inet_pton(AF_INET, "10.0.0.2", &a.sin_addr);
	s = CALL(thr, SYS_socket, AF_INET, SOCK_STREAM, 0);
	if (s < 0 || CALL(thr, SYS_connect, s, P(&a), sizeof(a)) < 0)
		return 1;
	while (sent < BYTES) {
		unsigned int i, len = BYTES - sent < CHUNK ? BYTES - sent : CHUNK;

		for (i = 0; i < len; i++)
			buf[i] = pattern(sent + i);
		n = CALL(thr, SYS_write, s, P(buf), len);
		if (n <= 0)
			return 2;
		sent += n;
	}
	return CALL(thr, SYS_close, s) < 0 ? 3 : 0;
}

static int configure(struct sim_host *host, const char *addr)
{
	struct libos_netcfg_link up = { .size = sizeof(up), .up = 1 };
	struct libos_netcfg_error err;
	int r = libos_netcfg_link(sim_host_thread(host), "eth0", &up, &err);

	if (r == 0)
		r = libos_netcfg_addr(sim_host_thread(host), LIBOS_NETCFG_ADD, "eth0", addr, &err);
	if (r < 0)
		printf("# %s: %s\n", sim_host_name(host), err.text);
	return r;
}

static struct sim *two_hosts(__u64 seed, struct sim_host *h[2], const struct sim_link_opts *link)
{
	struct sim_opts o = { .size = sizeof(o), .seed = seed };
	struct sim *sim;

	if (sim_new(&o, &sim) < 0 || sim_host_new(sim, "a", &h[0]) < 0 ||
	    sim_host_new(sim, "b", &h[1]) < 0 || sim_link(h[0], "eth0", h[1], "eth0", link) < 0 ||
	    configure(h[0], "10.0.0.1/24") < 0 || configure(h[1], "10.0.0.2/24") < 0) {
		printf("Bail out! no simulation\n");
		exit(99);
	}
	return sim;
}

struct outcome {
	struct transfer t;
	struct sim_link_stats ab, ba;
	int server, client;
	char pcap[2][100];
	__u64 events;
};

static void transfer(__u64 seed, int run, struct outcome *o)
{
	struct sim_direction way = {
		.delay_ns = 5 * SIM_MSEC,
		.jitter_ns = SIM_MSEC,
		.rate_bps = 100000000,
		.queue = 100,
		.loss_ppm = 5000,
		.duplicate_ppm = 1000,
		.reorder_ppm = 1000,
		.reorder_ns = 3 * SIM_MSEC,
	};
	struct sim_link_opts link = { .size = sizeof(link), .ab = way, .ba = way };
	struct sim_program *p[2];
	struct sim_host *h[2];
	struct sim *sim;
	int i;

	*o = (struct outcome){ .server = -1, .client = -1 };
	sim = two_hosts(seed, h, &link);
	o->t.sim = sim;
	for (i = 0; i < 2; i++) {
		snprintf(o->pcap[i], sizeof(o->pcap[i]), "%s/%d-%c.pcapng", dir, run, 'a' + i);
		sim_capture(h[i], "eth0", o->pcap[i]);
	}
	sim_program(h[1], "server", server, &o->t, SIM_SEC, &p[0]);
	sim_program(h[0], "client", client, NULL, SIM_SEC + SIM_MSEC, &p[1]);
	sim_run_until(sim, 300 * SIM_SEC);
	sim_program_result(p[0], &o->server);
	sim_program_result(p[1], &o->client);
	sim_link_stats(h[0], "eth0", &o->ab);
	sim_link_stats(h[1], "eth0", &o->ba);
	o->events = sim_events(sim);
	sim_free(sim);
}

static bool same(const char *a, const char *b)
{
	int fa = open(a, O_RDONLY), fb = open(b, O_RDONLY);
	struct stat sa, sb;
	bool equal = false;

	if (fstat(fa, &sa) == 0 && fstat(fb, &sb) == 0 && sa.st_size == sb.st_size &&
	    sa.st_size > 1000000) {
		void *pa = mmap(NULL, sa.st_size, PROT_READ, MAP_PRIVATE, fa, 0);
		void *pb = mmap(NULL, sb.st_size, PROT_READ, MAP_PRIVATE, fb, 0);

		equal = !memcmp(pa, pb, sa.st_size);
		munmap(pa, sa.st_size);
		munmap(pb, sb.st_size);
	}
	close(fa);
	close(fb);
	return equal;
}

/* The same in a process of its own, where the host's addresses are others. */
static bool transfer_elsewhere(__u64 seed, int run, struct outcome *o)
{
	char command[200];
	int i;

	for (i = 0; i < 2; i++)
		snprintf(o->pcap[i], sizeof(o->pcap[i]), "%s/%d-%c.pcapng", dir, run, 'a' + i);
	snprintf(command, sizeof(command), "/proc/%d/exe transfer %llu %d %s", getpid(), seed, run,
		 dir);
	return system(command) == 0;
}

static void test_transfer(void)
{
	struct outcome o[4];
	int i;

	for (i = 0; i < 3; i++) {
		__u64 t0 = real_ms();

		transfer(i == 2 ? 8 : 7, i, &o[i]);
		ok(o[i].server == 0 && o[i].client == 0 && o[i].t.received == BYTES &&
		   o[i].t.bad == 0, "run %d: 10 MB arrive as they were sent", i + 1);
		printf("# server %d client %d, %llu bytes, %llu bad, %.3f s virtual, %llu ms real, %llu events\n",
		       o[i].server, o[i].client, o[i].t.received, o[i].t.bad,
		       o[i].t.finished_ns / 1e9, real_ms() - t0, o[i].events);
		printf("# sent %llu delivered %llu lost %llu full %llu dup %llu held %llu\n",
		       o[i].ab.sent, o[i].ab.delivered, o[i].ab.lost, o[i].ab.queue_full,
		       o[i].ab.duplicated, o[i].ab.reordered);
	}
	ok(o[0].ab.lost > 0 && o[0].ab.duplicated > 0 && o[0].ab.reordered > 0,
	   "the link did lose, duplicate and hold back");
	is((long long)(o[0].ab.sent - o[0].ab.lost - o[0].ab.queue_full + o[0].ab.duplicated),
	   (long long)(o[0].ab.delivered + o[0].ab.overrun + o[0].ab.under_way),
	   "each frame is accounted for");
	ok(same(o[0].pcap[0], o[1].pcap[0]) && same(o[0].pcap[1], o[1].pcap[1]),
	   "the same seed gives the same captures, byte for byte");
	ok(!same(o[0].pcap[0], o[2].pcap[0]), "another seed gives another");
	ok(transfer_elsewhere(7, 3, &o[3]) && same(o[0].pcap[0], o[3].pcap[0]) &&
	   same(o[0].pcap[1], o[3].pcap[1]), "another process gives the same");
	for (i = 0; i < 4; i++) {
		unlink(o[i].pcap[0]);
		unlink(o[i].pcap[1]);
	}
}

/* A connection that is silent but for keep-alives, until the peer is cut off. */
struct keepalive {
	struct sim *sim;
	long error;
	__u64 ended_ns;
};

static int ka_server(struct libos_thread *thr, void *arg)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(5001) };
	long l = CALL(thr, SYS_socket, AF_INET, SOCK_STREAM, 0), c;
	char b;

	CALL(thr, SYS_bind, l, P(&a), sizeof(a));
	CALL(thr, SYS_listen, l, 5);
	c = CALL(thr, SYS_accept, l, 0, 0);
	return CALL(thr, SYS_read, c, P(&b), 1) < 0;
}

static int ka_client(struct libos_thread *thr, void *arg)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(5001) };
	struct keepalive *k = arg;
	int on = 1, idle = 60, intvl = 10, cnt = 3;
	long s = CALL(thr, SYS_socket, AF_INET, SOCK_STREAM, 0);
	char b;

	inet_pton(AF_INET, "10.0.0.2", &a.sin_addr);
	CALL(thr, SYS_setsockopt, s, SOL_SOCKET, SO_KEEPALIVE, P(&on), sizeof(on));
	CALL(thr, SYS_setsockopt, s, IPPROTO_TCP, TCP_KEEPIDLE, P(&idle), sizeof(idle));
	CALL(thr, SYS_setsockopt, s, IPPROTO_TCP, TCP_KEEPINTVL, P(&intvl), sizeof(intvl));
	CALL(thr, SYS_setsockopt, s, IPPROTO_TCP, TCP_KEEPCNT, P(&cnt), sizeof(cnt));
	if (CALL(thr, SYS_connect, s, P(&a), sizeof(a)) < 0)
		return 1;
	k->error = CALL(thr, SYS_read, s, P(&b), 1);
	k->ended_ns = sim_now(k->sim);
	return 0;
}

static void test_keepalive(void)
{
	static const struct sim_direction cut = { .loss_ppm = 1000000 };
	struct sim_link_stats stats;
	struct sim_host *h[2];
	struct keepalive k = { 0 };
	struct sim_program *p;
	__u64 t0;

	k.sim = two_hosts(1, h, NULL);
	sim_program(h[1], "server", ka_server, NULL, 0, NULL);
	sim_program(h[0], "client", ka_client, &k, SIM_MSEC, &p);
	sim_run_until(k.sim, SIM_SEC);
	t0 = real_ms();
	is(sim_run_until(k.sim, 301 * SIM_SEC), 0, "five minutes pass");
	t0 = real_ms() - t0;
	ok(t0 < 500, "in %llu ms", t0);
	sim_link_stats(h[0], "eth0", &stats);
	ok(!sim_program_result(p, NULL), "the connection is alive");
	ok(stats.sent >= 8, "it was kept so by probes (%llu frames)", stats.sent);
	sim_link_set(h[0], "eth0", &cut);
	sim_run_until(k.sim, 500 * SIM_SEC);
	is(k.error, -ETIMEDOUT, "cut off, it times out");
	ok(k.ended_ns > 320 * SIM_SEC && k.ended_ns < 420 * SIM_SEC, "when it should (%.1f s)",
	   k.ended_ns / 1e9);
	sim_free(k.sim);
}

static int spinner(struct libos_thread *thr, void *arg)
{
	struct timespec ts;
	long n = 0;

	do {
		CALL(thr, SYS_clock_gettime, CLOCK_MONOTONIC, P(&ts));
		n++;
	} while (ts.tv_sec < 10);
	*(long *)arg = n;
	return 7;
}

static int sleeper(struct libos_thread *thr, void *arg)
{
	struct timespec ts = { .tv_sec = 3 };

	return (int)CALL(thr, SYS_nanosleep, P(&ts), 0);
}

static void test_time(void)
{
	struct sim_opts o = { .size = sizeof(o), .seed = 1, .call_ns = 100000 };
	struct timespec ts = { .tv_sec = 2 };
	struct sim_program *p, *q;
	struct sim_host *h, *again;
	unsigned char rnd[2][16];
	int r = -1, i;
	long n = 0;
	__u64 t0;
	struct sim *sim;

	sim_new(&o, &sim);
	is(sim_host_new(sim, "one", &h), 0, "a host boots");
	is(sim_host_new(sim, "one", &again), -EEXIST, "its name is taken");
	is(sim_host_new(sim, "", &again), -EINVAL, "an empty one is refused");
	is(sim_host_new(sim, "two", &again), 0, "another host boots");
	t0 = sim_now(sim);
	is(CALL(sim_host_thread(h), SYS_nanosleep, P(&ts), 0), 0, "a call from outside sleeps");
	is((long long)(sim_now(sim) - t0) / 10000000, 200, "for two virtual seconds");
	sim_program(h, "spinner", spinner, &n, 0, &p);
	sim_program(h, "sleeper", sleeper, NULL, 4 * SIM_SEC, &q);
	sim_run_until(sim, 20 * SIM_SEC);
	ok(sim_program_result(p, &r) && r == 7, "a program that spins comes to an end");
	printf("# after %ld calls\n", n);
	ok(sim_program_result(q, &r) && r == 0, "one that sleeps, too");
	for (i = 0; i < 2; i++)
		CALL(sim_host_thread(i ? again : h), SYS_getrandom, P(rnd[i]), 16, 0);
	ok(memcmp(rnd[0], rnd[1], 16) != 0, "two hosts differ in their randomness");
	is(CALL(sim_host_thread(h), SYS_pause), -EDEADLK, "who waits for nothing is told so");
	sim_free(sim);
}

int main(int argc, char **argv)
{
	const char *library = getenv("LIBOS_LIBRARY");
	struct outcome o;

	if (argc == 5 && !strcmp(argv[1], "transfer")) {
		snprintf(dir, sizeof(dir), "%s", argv[4]);
		transfer(strtoull(argv[2], NULL, 10), atoi(argv[3]), &o);
		return o.t.received == BYTES ? 0 : 1;
	}

	plan(300);
	if (!library || access(library, R_OK)) {
		skip("the simulator", "LIBOS_LIBRARY names no liblinux.so");
		return done();
	}
	if (!mkdtemp(dir))
		return 1;
	test_time();
	test_keepalive();
	test_transfer();
	rmdir(dir);
	return done();
}
