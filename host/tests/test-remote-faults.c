// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients that die and clients that lie.  Some are killed at random moments under load;
 * some write nonsense to their slots and sockets.  A client that does neither goes on
 * all the time, and afterwards the stack has as many tasks, files and pages as before,
 * the home as many descriptors and mappings.
 *
 * $KILLS: how many are killed, default 200.
 */
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>

#include "../remote/client.h"
#include "remote.h"

#define PORT	1234

static struct libos *os;
static struct libos_thread *home;
static struct libos_server *srv;
static struct {
	__u64 echoed;		/* by the client that behaves */
	enum { RUN, CLIENT_STOPS, ECHO_STOPS } stop;
} *shared;

static __u32 rnd(__u32 *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 17;
	*s ^= *s << 5;
	return *s;
}

/* --- what there is ----------------------------------------------------------- */

struct census {
	long tasks, files, freekb, fds, maps;
};

static long read_file(const char *path, char *buf, size_t len)
{
	int fd = (int)CALL(home, SYS_open, P(path), O_RDONLY, 0);
	size_t at = 0;
	long n;

	while ((n = CALL(home, SYS_read, fd, P(buf + at), len - 1 - at)) > 0)
		at += (size_t)n;
	CALL(home, SYS_close, fd);
	buf[at] = '\0';
	return (long)at;
}

#define PF_KTHREAD	0x00200000

/* Threads of the process @pid of the stack; 0 of a kernel thread, whose number varies. */
static long threads_of(const char *pid)
{
	unsigned int flags = PF_KTHREAD;
	char path[300], buf[1024], *p;
	long n = 0;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	read_file(path, buf, sizeof(buf));
	p = strrchr(buf, ')');
	if (!p || sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld",
			 &flags, &n) != 2)
		return 0;
	return flags & PF_KTHREAD ? 0 : n;
}

/* Of programs, dead ones that nobody has waited for included. */
static long count_tasks(void)
{
	struct entry {
		__u64 ino, off;
		unsigned short len;
		unsigned char type;
		char name[];
	} *e;
	char buf[4096];
	long n, at, count = 0;
	int fd = (int)CALL(home, SYS_open, P("/proc"), O_RDONLY | O_DIRECTORY, 0);

	while ((n = CALL(home, SYS_getdents64, fd, P(buf), sizeof(buf))) > 0)
		for (at = 0; at < n; at += e->len) {
			e = (struct entry *)(buf + at);
			if (e->name[0] >= '0' && e->name[0] <= '9')
				count += threads_of(e->name);
		}
	CALL(home, SYS_close, fd);
	return count;
}

static struct census take_census(void)
{
	struct census c;
	char buf[8192], line[512], *p;
	FILE *f;

	c.tasks = count_tasks();
	read_file("/proc/sys/fs/file-nr", buf, sizeof(buf));
	c.files = atol(buf);
	read_file("/proc/meminfo", buf, sizeof(buf));
	p = strstr(buf, "MemFree:");
	c.freekb = p ? atol(p + 8) : -1;
	c.fds = count_fds();
	c.maps = 0;
	f = fopen("/proc/self/maps", "r");
	while (fgets(line, sizeof(line), f))
		c.maps++;
	fclose(f);
	return c;
}

/* As before, or what there still is after a while. */
static struct census census_like(const struct census *was)
{
	struct census now;
	int i;

	for (i = 0; i < 100; i++) {
		now = take_census();
		if (now.tasks == was->tasks && now.files == was->files && now.fds == was->fds)
			break;
		usleep(100000);
	}
	return now;
}

/* --- a client that behaves ---------------------------------------------------- */

static int connect_home(struct libos_thread *me)
{
	struct sockaddr_in a = loopback(PORT);
	int fd = (int)CALL(me, SYS_socket, AF_INET, SOCK_STREAM, 0);

	if (fd >= 0 && CALL(me, SYS_connect, fd, P(&a), sizeof(a)) < 0) {
		CALL(me, SYS_close, fd);
		return -1;
	}
	return fd;
}

static int well_behaved(struct libos_thread *me, void *arg)
{
	char out[600], in[600];
	int fd = connect_home(me);
	long n, r;
	__u32 i;

	if (fd < 0)
		return 2;
	for (i = 0; load_relaxed(&shared->stop) == RUN; i++) {
		size_t len = i % sizeof(out) + 1;

		memset(out, (int)i, len);
		if (CALL(me, SYS_sendto, fd, P(out), len, MSG_NOSIGNAL, 0, 0) != (long)len)
			return 3;
		for (n = 0; n < (long)len; n += r) {
			r = CALL(me, SYS_read, fd, P(in + n), len - (size_t)n);
			if (r <= 0)
				return 4;
		}
		if (memcmp(in, out, len))
			return 5;
		__atomic_fetch_add(&shared->echoed, 1, __ATOMIC_RELAXED);
		usleep(200);
	}
	return 0;
}

/* In the home: an echo for everybody, in one thread with epoll. */
static void *echo_main(void *arg)
{
	struct libos_thread *me = arg;
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_port = htons(PORT),
	};
	struct epoll_event ev = { .events = EPOLLIN }, got[32];
	int l = (int)CALL(me, SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int ep = (int)CALL(me, SYS_epoll_create1, 0), one = 1;
	static char buf[65536];
	long n, i, r;

	CALL(me, SYS_setsockopt, l, SOL_SOCKET, SO_REUSEADDR, P(&one), sizeof(one));
	if (CALL(me, SYS_bind, l, P(&a), sizeof(a)) < 0 || CALL(me, SYS_listen, l, 128) < 0)
		return "bind";
	ev.data.fd = l;
	CALL(me, SYS_epoll_ctl, ep, EPOLL_CTL_ADD, l, P(&ev));
	store_release(&shared->stop, RUN);
	while (load_relaxed(&shared->stop) != ECHO_STOPS) {
		n = CALL(me, SYS_epoll_wait, ep, P(got), 32, 100);
		for (i = 0; i < n; i++) {
			int fd = got[i].data.fd;

			if (fd == l) {
				ev.data.fd = (int)CALL(me, SYS_accept4, l, 0, 0, SOCK_NONBLOCK);
				if (ev.data.fd >= 0)
					CALL(me, SYS_epoll_ctl, ep, EPOLL_CTL_ADD, ev.data.fd, P(&ev));
				continue;
			}
			r = CALL(me, SYS_read, fd, P(buf), sizeof(buf));
			if (r > 0)
				r = CALL(me, SYS_sendto, fd, P(buf), r, MSG_NOSIGNAL, 0, 0);
			if (r <= 0 && r != -EAGAIN)
				CALL(me, SYS_close, fd);
		}
	}
	CALL(me, SYS_close, ep);
	CALL(me, SYS_close, l);
	return NULL;
}

/* --- clients that are killed --------------------------------------------------- */

static void *reader_main(void *arg)
{
	struct libos_thread *me = arg;
	int fd = connect_home(me);
	char c;

	for (;;)
		CALL(me, SYS_read, fd, P(&c), 1);
	return NULL;
}

/* Everything at once, until somebody kills it. */
static int victim(struct libos_thread *me, void *arg)
{
	__u32 seed = (__u32)(long)arg * 7919 + 1;
	static char big[100000];
	struct libos_thread *thr;
	pthread_t thread;
	uint64_t token;
	int fd, ep;

	if (libos_thread_new(me, CLONE_FILES | CLONE_FS | CLONE_THREAD | CLONE_SIGHAND, 0, &thr) == 0)
		pthread_create(&thread, NULL, reader_main, thr);
	for (;;) {
		struct pollfd p = { .events = POLLIN };

		fd = connect_home(me);
		if (fd < 0)
			continue;
		switch (rnd(&seed) % 7) {
		case 0:
			CALL(me, SYS_write, fd, P(big), sizeof(big));
			CALL(me, SYS_read, fd, P(big), sizeof(big));
			break;
		case 1:
			CALL(me, SYS_write, fd, P("x"), 1);
			p.fd = fd;
			CALL(me, SYS_poll, P(&p), 1, 1000);
			break;
		case 2:
			CALL(me, SYS_read, fd, P(big), 1);
			break;
		case 3:
			libos_fd_give(me, fd, &token);
			break;
		case 4:
			ep = (int)CALL(me, SYS_epoll_create1, 0);
			CALL(me, SYS_epoll_ctl, ep, EPOLL_CTL_ADD, fd,
			     P(&(struct epoll_event){ .events = EPOLLIN }));
			CALL(me, SYS_epoll_wait, ep, P(big), 10, 5);
			break;
		case 5:
			if (fork_client(me, victim, (void *)(long)rnd(&seed)) < 0)
				usleep(1);
			/* It is to be killed, too: by its parent's death. */
			break;
		case 6:
			CALL(me, SYS_close, fd);
			break;
		}
	}
	return 0;
}

/* In a process group of its own, grandchildren and all. */
static int group_victim(struct libos_thread *me, void *arg)
{
	setpgid(0, 0);
	return victim(me, arg);
}

static void kill_one(int i)
{
	pid_t pid = fork_client(home, group_victim, (void *)(long)i);
	__u32 seed = (__u32)i * 40503 + 17;

	if (pid <= 1)
		return;
	setpgid(pid, pid);
	usleep(rnd(&seed) % 8000);
	kill(-pid, SIGKILL);
	kill_child(pid);
	status_of(pid);
}

static void settle(void)
{
	/* But for the one that behaves. */
	eventually(libos_serve_clients(srv, NULL, 0) == 1);
	/* RCU and the workqueues have their own time. */
	usleep(300000);
}

static void compare(const struct census *was, const struct census *now, const char *after)
{
	is(now->tasks, was->tasks, "as many tasks in the stack as before");
	is(now->files, was->files, "as many open files in it");
	is(now->fds, was->fds, "as many descriptors in the home");
	ok(now->maps <= was->maps + 4, "as many mappings (%ld, %ld)", was->maps, now->maps);
	ok(now->freekb > was->freekb - 2048, "no memory is lost in %s (%ld KiB free, %ld)", after,
	   was->freekb, now->freekb);
}

static void test_kills(void)
{
	const char *env = getenv("KILLS");
	int n = env ? atoi(env) : 200, i;
	struct census was, now;
	__u64 echoed;

	for (i = 0; i < 30; i++)
		kill_one(i);
	settle();
	was = take_census();
	echoed = load_relaxed(&shared->echoed);
	for (i = 0; i < n; i++)
		kill_one(100 + i);
	settle();
	is(libos_serve_clients(srv, NULL, 0), 1, "all that were killed are forgotten");
	now = census_like(&was);
	printf("# %ld tasks, %ld files, %ld descriptors\n", now.tasks, now.files, now.fds);
	compare(&was, &now, "kills");
	ok(load_relaxed(&shared->echoed) > echoed, "the other client has echoed %llu times meanwhile",
	   (unsigned long long)(load_relaxed(&shared->echoed) - echoed));
}

/* --- clients that lie ------------------------------------------------------------ */

/* Calls that a program may make with any arguments, and only hurt itself. */
static const int harmless[] = {
	SYS_read, SYS_write, SYS_close, SYS_fstat, SYS_poll, SYS_lseek, SYS_ioctl, SYS_pread64,
	SYS_readv, SYS_writev, SYS_dup, SYS_socket, SYS_connect, SYS_accept, SYS_sendto,
	SYS_recvfrom, SYS_sendmsg, SYS_recvmsg, SYS_bind, SYS_listen, SYS_getsockname,
	SYS_socketpair, SYS_setsockopt, SYS_getsockopt, SYS_uname, SYS_getpid, SYS_epoll_create1,
	SYS_epoll_ctl, SYS_epoll_wait, SYS_eventfd2, SYS_timerfd_create, SYS_recvmmsg, SYS_sendmmsg,
	SYS_mmap, SYS_munmap, SYS_futex, SYS_set_robust_list, SYS_set_tid_address, SYS_rt_sigaction,
	SYS_select, SYS_ppoll, SYS_getdents64, SYS_open, SYS_pipe2, SYS_splice, SYS_vmsplice,
	SYS_close_range, SYS_dup3, SYS_getrandom, SYS_sendfile, SYS_io_setup, SYS_io_uring_setup,
};

static __u64 any_value(__u32 *seed, const char *page)
{
	switch (rnd(seed) % 8) {
	case 0:
		return rnd(seed) % 16;
	case 1:
		return P(page) + rnd(seed) % 8192;
	case 2:
		return ~0ULL - rnd(seed) % 65536;
	case 3:
		return P(os);		/* the home's, or what is there here */
	case 4:
		return (__u64)rnd(seed) << 32 | rnd(seed);
	case 5:
		return rnd(seed) % 65536;
	case 6:
		return 1ULL << rnd(seed) % 64;
	default:
		return P(page + 4096) - rnd(seed) % 64;
	}
}

static __s64 any_number(__u32 *seed)
{
	switch (rnd(seed) % 6) {
	case 0:
		return LIBOS_NR_BASE + rnd(seed) % 16;
	case 1:
		return REMOTE_NR_BASE + rnd(seed) % 8;
	case 2:
		return (__s64)((__u64)rnd(seed) << 33 | rnd(seed) | 0x10000000);
	default:
		return harmless[rnd(seed) % (sizeof(harmless) / sizeof(*harmless))];
	}
}

static int liar(struct libos_thread *me, void *arg)
{
	struct client_thread *t = to_client_thread(me);
	struct client *c = t->client;
	__u32 seed = (__u32)(long)arg * 2654435761U + 1;
	struct timespec a_while = { .tv_nsec = 50000 };
	char junk[2000], *page;
	__u64 count;
	int i, j, n;

	/* What is the echo's is not its to read from, nor to write to. */
	CALL(me, SYS_close_range, 0, ~0U, 0);
	page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(page + 4096, 4096);
	for (i = 0; i < 3000; i++) {
		unsigned int index = rnd(&seed) % 4 ? 0 : rnd(&seed) % REMOTE_SLOTS;
		struct remote_slot *s = (void *)(c->shm + (size_t)index * REMOTE_SLOT);

		for (j = 0; j < 6; j++)
			s->arg[j] = any_value(&seed, page);
		s->nr = any_number(&seed);
		s->fd_hint = rnd(&seed) % 3 ? -1 : (__s32)rnd(&seed);
		/* A call that ends, unless it is told to wait for ever. */
		if (s->nr == SYS_poll || s->nr == SYS_epoll_wait)
			s->arg[s->nr == SYS_poll ? 2 : 3] = 1;
		switch (rnd(&seed) % 8) {
		case 0:
			s->req = rnd(&seed);
			break;
		case 1:
			/* Over all of the slot, the home's part as well. */
			for (n = 0; n < 64; n++)
				((__u32 *)s)[rnd(&seed) % (REMOTE_SLOT / 4)] = rnd(&seed);
			break;
		case 2:
			s->intr = s->req;
			break;
		default:
			__atomic_store_n(&s->req, s->req + 2, __ATOMIC_SEQ_CST);
		}
		s->sleeps = rnd(&seed) % 2;
		n = (int)(rnd(&seed) % sizeof(junk));
		for (j = 0; j < n; j += 4)
			*(__u32 *)&junk[j & ~3] = rnd(&seed);
		/* Bells that are full, block, and were read by somebody else. */
		count = rnd(&seed) % 16 ? 1 : ~0ULL - 1;
		(void)!write(c->bell, &count, sizeof(count));
		if (rnd(&seed) % 16 == 0)
			(void)!read(c->bell, &count, sizeof(count));
		if (rnd(&seed) % 16 == 0) {
			(void)!write(t->wake, &count, sizeof(count));
			fcntl(t->wake, F_SETFL, 0);
		}
		if (rnd(&seed) % 3 == 0)
			send(t->sock, junk, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (rnd(&seed) % 8 == 0) {
			/* Files that nobody asked for. */
			char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
			struct iovec iov = { junk, 1 };
			struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
					      .msg_controllen = sizeof(control) };
			struct cmsghdr *h = CMSG_FIRSTHDR(&msg);
			int fd = 0;

			h->cmsg_level = SOL_SOCKET;
			h->cmsg_type = SCM_RIGHTS;
			h->cmsg_len = CMSG_LEN(sizeof(int));
			memcpy(CMSG_DATA(h), &fd, sizeof(fd));
			sendmsg(t->sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
		}
		if (rnd(&seed) % 4 == 0)
			nanosleep(&a_while, NULL);
	}
	/* With calls inside, as they are. */
	return 0;
}

static void test_lies(void)
{
	struct census was, now;
	__u64 echoed, t0 = now_ns();
	int i;

	status_of(fork_client(home, liar, (void *)0L));
	settle();
	was = take_census();
	echoed = load_relaxed(&shared->echoed);
	for (i = 1; i <= 40; i++) {
		pid_t pid = fork_client(home, liar, (void *)(long)i);
		int status = -1;
		__u64 end = now_ns() + 5000000000ULL;

		/* One that hangs, for a reply that it has overwritten, is not our affair. */
		while (waitpid(pid, &status, WNOHANG) == 0) {
			if (now_ns() > end)
				kill_child(pid);
			usleep(1000);
		}
	}
	printf("# lies took %.1f s\n", (now_ns() - t0) / 1e9);
	settle();
	is(libos_serve_clients(srv, NULL, 0), 1, "all who lied are forgotten");
	now = census_like(&was);
	compare(&was, &now, "lies");
	ok(load_relaxed(&shared->echoed) > echoed, "the other client has echoed %llu times meanwhile",
	   (unsigned long long)(load_relaxed(&shared->echoed) - echoed));
}

/* --- another user ---------------------------------------------------------- */

static int grandchild(struct libos_thread *me, void *arg)
{
	int bad = 0;

	expect_eq(CALL(me, SYS_getpid), getpid());
	return bad;
}

/* As a server's worker that starts a program, when the server was started as root. */
static int another_user(struct libos_thread *me, void *arg)
{
	if (setuid(65534) < 0)
		return 99;
	return status_of(fork_client(me, grandchild, NULL));
}

static void test_another_user(void)
{
	int status = status_of(fork_client(home, another_user, NULL));

	if (status == 99)
		skip("a client that has become another user forks", "we may not be another user");
	else
		is(status, 0, "a client that has become another user forks");
}

int main(void)
{
	struct libos_thread *echo;
	pthread_t thread;
	void *why = NULL;
	pid_t good;

	plan(280);
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (libos_open(NULL, &os, &home) < 0 || lo_up(home) < 0) {
		ok(false, "an instance boots");
		return done();
	}
	shared->stop = ECHO_STOPS;
	libos_thread_new(home, CLONE_FILES | CLONE_FS | CLONE_THREAD | CLONE_SIGHAND, 0, &echo);
	pthread_create(&thread, NULL, echo_main, echo);
	if (!eventually(load_acquire(&shared->stop) == RUN))
		return 1;
	good = fork_client(home, well_behaved, NULL);
	srv = libos_served(home);
	ok(eventually(load_relaxed(&shared->echoed) > 10), "a client echoes");
	test_another_user();
	test_kills();
	test_lies();
	/* In this order: it may be waiting for an echo. */
	store_release(&shared->stop, CLIENT_STOPS);
	is(status_of(good), 0, "the client that behaves has seen nothing of it");
	store_release(&shared->stop, ECHO_STOPS);
	pthread_join(thread, &why);
	ok(!why, "nor has the home's thread");
	libos_thread_exit(echo, 0);
	libos_close(os);
	return done();
}
