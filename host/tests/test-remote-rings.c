// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rings of packet sockets in clients and their children: what goes over the loopback is
 * seen in memory that is shared, and nothing else of the stack is.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <netinet/ip.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../remote/wire.h"
#include "../sys.h"
#include "remote.h"

#define FRAME	2048UL
#define FRAMES	72UL
#define LEN	(FRAME * FRAMES)

static struct libos *os;
static struct libos_thread *home;

struct ring {
	int fd, udp;
	long at;		/* or a negative errno */
	unsigned long next;	/* frame */
	int maker;		/* pid */
};

static long map_len(struct libos_thread *me, int fd, unsigned long len)
{
	unsigned long arg[6] = { 0, len, PROT_READ | PROT_WRITE, MAP_SHARED, (unsigned long)fd };

	return libos_mmap(me, arg);
}

/* A socket with a ring, mapped, and another that sends to itself. */
static bool make(struct libos_thread *me, struct ring *r)
{
	struct tpacket_req req = {
		.tp_block_size = 16384,
		.tp_block_nr = LEN / 16384,
		.tp_frame_size = FRAME,
		.tp_frame_nr = FRAMES,
	};
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = 1,
	};
	struct sockaddr_in a = loopback(0);
	int len = sizeof(a);

	*r = (struct ring){ .maker = getpid() };
	r->udp = (int)CALL(me, SYS_socket, AF_INET, SOCK_DGRAM, 0);
	r->fd = (int)CALL(me, SYS_socket, AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	if (CALL(me, SYS_bind, r->udp, P(&a), sizeof(a)) ||
	    CALL(me, SYS_getsockname, r->udp, P(&a), P(&len)) ||
	    CALL(me, SYS_connect, r->udp, P(&a), sizeof(a)))
		return false;
	if (CALL(me, SYS_bind, r->fd, P(&ll), sizeof(ll)) ||
	    CALL(me, SYS_setsockopt, r->fd, SOL_PACKET, PACKET_RX_RING, P(&req), sizeof(req)))
		return false;
	r->at = map_len(me, r->fd, LEN);
	return r->at > 0 || r->at < -4095;
}

static void drop(struct libos_thread *me, struct ring *r)
{
	CALL(me, SYS_close, r->fd);
	CALL(me, SYS_close, r->udp);
}

/* A datagram is seen in memory at @at, as it goes out and as it comes in. */
static bool sees(struct libos_thread *me, struct ring *r, long at)
{
	struct pollfd pf = { .fd = r->fd, .events = POLLIN };
	char text[32], got[32];
	bool good = true;
	int i;

	snprintf(text, sizeof(text), "frame %lu", r->next);
	if (CALL(me, SYS_write, r->udp, P(text), sizeof(text)) != sizeof(text) ||
	    CALL(me, SYS_read, r->udp, P(got), sizeof(got)) != sizeof(got) ||
	    CALL(me, SYS_poll, P(&pf), 1, 1000) != 1)
		return false;
	for (i = 0; i < 2; i++, r->next++) {
		struct tpacket_hdr *h = (void *)(at + (long)(r->next % FRAMES * FRAME));

		good &= h->tp_status & TP_STATUS_USER &&
			!memcmp((char *)h + h->tp_mac + 14 + 20 + 8, text, sizeof(text));
		h->tp_status = TP_STATUS_KERNEL;
	}
	return good;
}

/* How many packet sockets there are in the stack. */
static int sockets(struct libos_thread *me)
{
	char text[4096];
	int i, n = 0, fd = (int)CALL(me, SYS_openat, AT_FDCWD, P("/proc/net/packet"), O_RDONLY);
	long len = CALL(me, SYS_read, fd, P(text), sizeof(text));

	CALL(me, SYS_close, fd);
	for (i = 0; i < len; i++)
		n += text[i] == '\n';
	return n - 1;
}

/* The file of what is mapped at @at, for writing.  For root. */
static int file_of(long at)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", at, at + (long)LEN);
	return open(path, O_RDWR);
}

/* --- one process ---------------------------------------------------------------- */

static int alone(struct libos_thread *me, void *arg)
{
	struct ring r;
	int i, bad = 0;
	long other;

	expect(make(me, &r));
	if (bad)
		return bad;
	/* Two rounds of the ring, and somewhat. */
	for (i = 0; i < 100 && !bad; i++)
		expect(sees(me, &r, r.at));
	other = map_len(me, r.fd, LEN);
	expect(other != r.at && !(other < 0 && other > -4096));
	expect(sees(me, &r, other));
	expect_eq(libos_munmap(me, (unsigned long)r.at), 0);
	expect_eq(libos_munmap(me, (unsigned long)r.at), -EINVAL);
	expect(sees(me, &r, other));
	expect_eq(libos_munmap(me, (unsigned long)other), 0);
	/* The ring is what it was. */
	r.at = map_len(me, r.fd, LEN);
	expect(sees(me, &r, r.at));
	expect_eq(map_len(me, r.udp, 4096), -ENODEV);
	expect_eq(map_len(me, r.fd, 4096), -EINVAL);
	expect_eq(libos_munmap(me, P(&r)), -EINVAL);
	expect_eq(CALL(me, SYS_mmap, 0, LEN, PROT_READ, MAP_SHARED, r.fd, 0), -ENOSYS);
	/* What is left mapped goes with the process. */
	return bad;
}

static int many(struct libos_thread *me, void *arg)
{
	long at[80] = { 0 };
	int i, n, bad = 0;
	struct ring r;

	expect(make(me, &r));
	for (n = 0; n < 80; n++) {
		at[n] = map_len(me, r.fd, LEN);
		if (at[n] < 0 && at[n] > -4096)
			break;
	}
	expect(n >= 32 && n < 80 && at[n] == -ENOMEM);
	expect(sees(me, &r, at[n / 2]));
	for (i = 0; i < n; i++)
		expect_eq(libos_munmap(me, (unsigned long)at[i]), 0);
	expect(sees(me, &r, r.at));
	return bad;
}

/* The rings of an AF_XDP socket, which the kernel layer maps without aliases. */
static int xdp(struct libos_thread *me, void *arg)
{
	unsigned long m[6] = { 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED };
	int fd, entries = 64, bad = 0;
	volatile int *p, *again;

	fd = (int)CALL(me, SYS_socket, AF_XDP, SOCK_RAW, 0);
	if (fd == -EAFNOSUPPORT)
		return 0;
	expect(fd >= 0);
	expect_eq(CALL(me, SYS_setsockopt, fd, SOL_XDP, XDP_RX_RING, P(&entries), sizeof(entries)),
		  0);
	m[4] = (unsigned long)fd;
	m[5] = XDP_PGOFF_RX_RING;
	p = (int *)libos_mmap(me, m);
	/* Linux 6.1 uses remap_pfn_range(), which only an MMU can. */
	if (P(p) == -(unsigned long)EINVAL) {
		CALL(me, SYS_close, fd);
		return 0;
	}
	again = (int *)libos_mmap(me, m);
	expect(P(p) < -4095UL && P(again) < -4095UL);
	p[0] = 77;
	expect_eq(again[0], 77);
	if (!libos_is_remote(me) && !bad)
		expect_eq(status_of(fork_client(me, xdp, NULL)), 0);
	expect_eq(libos_munmap(me, P(p)), 0);
	expect_eq(again[0], 77);
	expect_eq(libos_munmap(me, P(again)), 0);
	CALL(me, SYS_close, fd);
	return bad;
}

/* --- one who is up to no good ----------------------------------------------------- */

static int file(struct libos_thread *me, void *arg)
{
	int fd, bad = 0;
	struct stat st;
	struct ring r;

	expect(make(me, &r));
	fd = file_of(r.at);
	expect(fd >= 0);
	expect_eq(fstat(fd, &st), 0);
	expect_eq(st.st_size, LEN);
	expect_eq(ftruncate(fd, 0), -1);
	expect_eq(ftruncate(fd, LEN * 2), -1);
	expect(sees(me, &r, r.at));
	close(fd);
	return bad;
}

/* Without an MMU the kernel does not look how large a map of BPF is. */
static int bpf(struct libos_thread *me, void *arg)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 64,
		.max_entries = 64,
		.map_flags = BPF_F_MMAPABLE,
	};
	unsigned long len = 64 * 4096;
	unsigned long m[6] = { 0, len, PROT_READ | PROT_WRITE, MAP_SHARED };
	int fd = (int)CALL(me, SYS_bpf, BPF_MAP_CREATE, P(&attr), sizeof(attr)), bad = 0;

	if (fd == -ENOSYS)
		return 0;
	expect(fd >= 0);
	m[4] = (unsigned long)fd;
	expect_eq(libos_mmap(me, m), -ENODEV);
	m[5] = -len;
	expect_eq(libos_mmap(me, m), -EOVERFLOW);
	m[5] = 4096;
	expect_eq(libos_mmap(me, m), -ENODEV);
	return bad;
}

/* Memory of a ring that is no more, in a process that does not say that it has it. */
static int keeps(struct libos_thread *me, void *arg)
{
	int bad = 0, i, fd;
	struct ring r;
	char *kept;

	expect(make(me, &r));
	fd = file_of(r.at);
	kept = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	expect(kept != MAP_FAILED);
	expect(sees(me, &r, (long)kept));
	expect_eq(libos_munmap(me, (unsigned long)r.at), 0);
	drop(me, &r);
	/* Who has its pages next? */
	for (i = 0; i < 20 && !bad; i++) {
		memset(kept, 0x5a + i, LEN);
		expect(make(me, &r));
		memset(kept, 0xa5 + i, LEN);
		expect(sees(me, &r, r.at));
		memset(kept, i, LEN);
		expect(sees(me, &r, r.at));
		expect_eq(libos_munmap(me, (unsigned long)r.at), 0);
		drop(me, &r);
	}
	return bad;
}

/* --- forks ---------------------------------------------------------------------- */

/* By which a child tells, and an orphan its result. */
static int result[2];

/* A child of who has made @arg, which lives longer. */
static int heir(struct libos_thread *me, void *arg)
{
	struct ring *r = arg;
	int bad = 0, i;

	for (i = 0; i < 10; i++)
		expect(sees(me, r, r->at));
	(void)!write(result[1], "", 1);
	expect(eventually(getppid() != r->maker));
	for (i = 0; i < 100 && !bad; i++)
		expect(sees(me, r, r->at));
	/* Without the file the mapping holds the socket. */
	CALL(me, SYS_close, r->fd);
	expect_eq(sockets(me), 1);
	expect_eq(libos_munmap(me, (unsigned long)r->at), 0);
	expect_eq(sockets(me), 0);
	expect_eq(libos_munmap(me, (unsigned long)r->at), -EINVAL);
	return bad;
}

static int heir_reports(struct libos_thread *me, void *arg)
{
	int bad = heir(me, arg);

	(void)!write(result[1], &bad, sizeof(bad));
	return 0;
}

static int leaves(struct libos_thread *me, void *arg)
{
	static struct ring r;
	int bad = 0;
	char c;

	expect(make(me, &r));
	expect(sees(me, &r, r.at));
	expect(fork_client(me, heir_reports, &r) > 0);
	expect_eq(read(result[0], &c, 1), 1);
	return bad;
}

static void test_client_forks(void)
{
	int bad = -1;

	if (pipe(result) < 0)
		abort();
	is(status_of(fork_client(home, leaves, NULL)), 0, "a client maps a ring, forks and exits");
	ok(read(result[0], &bad, sizeof(bad)) == sizeof(bad) && !bad,
	   "its child goes on with the ring");
	close(result[0]);
	close(result[1]);
}

/* A child of the home. */
static int uses(struct libos_thread *me, void *arg)
{
	struct ring *r = arg;
	int i, bad = 0;
	char c = 0;

	for (i = 0; i < 100 && !bad; i++)
		expect(sees(me, r, r->at));
	(void)!write(result[1], &c, 1);
	/* The home unmaps and closes. */
	expect(eventually(CALL(me, SYS_getsockopt, r->udp, SOL_SOCKET, SO_MARK, P(&i),
			       P(&(int){ sizeof(i) })) == 0 && i == 77));
	for (i = 0; i < 100 && !bad; i++)
		expect(sees(me, r, r->at));
	return bad;
}

/* A child of the home has what is mapped twice twice. */
static int twice(struct libos_thread *me, void *arg)
{
	struct ring *r = arg;
	int bad = 0;

	expect_eq(libos_munmap(me, (unsigned long)r->at), 0);
	expect(sees(me, r, r->at));
	expect_eq(libos_munmap(me, (unsigned long)r->at), 0);
	expect_eq(libos_munmap(me, (unsigned long)r->at), -EINVAL);
	return bad;
}

static void test_home_forks(void)
{
	struct ring r;
	int mark = 77;
	pid_t pid;
	char c;

	if (!ok(make(home, &r), "the home maps a ring"))
		return;
	ok(sees(home, &r, r.at), "and sees frames");
	if (pipe(result) < 0)
		abort();
	pid = fork_client(home, uses, &r);
	is(read(result[0], &c, 1), 1, "a child sees frames, too");
	is(libos_munmap(home, (unsigned long)r.at), 0, "the home unmaps");
	CALL(home, SYS_close, r.fd);
	is(sockets(home), 1, "the socket is there while the child has it");
	CALL(home, SYS_setsockopt, r.udp, SOL_SOCKET, SO_MARK, P(&mark), sizeof(mark));
	is(status_of(pid), 0, "the child goes on with the ring");
	CALL(home, SYS_close, r.udp);
	close(result[0]);
	close(result[1]);
	ok(eventually(sockets(home) == 0), "nothing is left of it");

	ok(make(home, &r), "the home maps one that it leaves");
	is(status_of(fork_client(home, basic_calls, NULL)), 0, "a child lives and dies");
	ok(sees(home, &r, r.at), "frames are seen after that");
	is(map_len(home, r.fd, LEN), r.at, "mapped twice it is at one address");
	is(status_of(fork_client(home, twice, &r)), 0, "also in a child, which unmaps it twice");
	is(libos_munmap(home, (unsigned long)r.at), 0, "unmapped once");
	r.next += 2;
	ok(sees(home, &r, r.at), "it is there still");
	drop(home, &r);
}

int main(void)
{
	int fds = count_fds();

	plan(60);
	if (!open_home(&os, &home))
		return done();
	is(status_of(fork_client(home, alone, NULL)), 0, "a ring in a client");
	is(status_of(fork_client(home, many, NULL)), 0, "as often as it may be mapped");
	ok(eventually(sockets(home) == 0), "gone with their clients");
	if (geteuid() == 0) {
		is(status_of(fork_client(home, file, NULL)), 0, "its file is the ring");
		is(status_of(fork_client(home, keeps, NULL)), 0,
		   "who keeps its memory has none of the stack's");
	}
	is(status_of(fork_client(home, bpf, NULL)), 0, "maps of BPF are not mapped");
	is(status_of(fork_client(home, xdp, NULL)), 0, "a ring of AF_XDP in a client");
	is(xdp(home, NULL), 0, "and in the home, which forks");
	test_client_forks();
	ok(eventually(sockets(home) == 0), "the sockets have gone");
	test_home_forks();
	libos_close(os);
	is(count_fds(), fds, "all is closed at the end");
	return done();
}
