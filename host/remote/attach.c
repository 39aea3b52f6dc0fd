// SPDX-License-Identifier: GPL-2.0-only
/*
 * Becoming a client: hello, welcome, and what a process needs from then on.
 *
 * May run in the only thread of a child whose parent had many: no malloc(), no lock.
 */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../sys.h"
#include "client.h"
#include "rights.h"

#define EXPORT	__attribute__((visibility("default")))

static int send_hello(int sock, __u32 kind, const char *text)
{
	struct remote_hello h = {
		.magic = REMOTE_MAGIC,
		.version = REMOTE_VERSION,
		.kind = kind,
		.len = (__u32)strlen(text),
	};
	struct iovec iov[2] = {
		{ &h, sizeof(h) },
		{ (void *)text, h.len },
	};
	char control[CMSG_SPACE(sizeof(struct ucred))] __attribute__((aligned(8))) = { 0 };
	struct msghdr msg = {
		.msg_iov = iov,
		.msg_iovlen = 2,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct ucred who = { getpid(), geteuid(), getegid() };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	ssize_t n;

	/* By hand: the home has accepted us, perhaps, and not asked for them yet. */
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_CREDENTIALS;
	c->cmsg_len = CMSG_LEN(sizeof(who));
	memcpy(CMSG_DATA(c), &who, sizeof(who));

	do {
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)(sizeof(h) + h.len) ? 0 : -ECONNRESET;
}

static int read_welcome(int sock, struct remote_welcome *w, int *file)
{
	long n = rights_receive(sock, w, sizeof(*w), file, WELCOME_FILES);
	int i;

	if (n <= 0)
		return n ? (int)n : -ECONNRESET;
	if (n != sizeof(*w) || w->magic != REMOTE_MAGIC || w->status > 0)
		return -EPROTO;
	if (w->status < 0)
		return w->status;
	for (i = 0; i < WELCOME_FILES; i++)
		if (file[i] < 0)
			return -EMFILE;
	return 0;
}

static void *map(size_t len, int prot, int flags, int fd)
{
	void *p = mmap(NULL, len, prot, flags | MAP_NORESERVE, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

static int make_client(int sock, int *file, const struct remote_welcome *w,
		       struct libos_thread **main)
{
	cpu_set_t set;
	struct client *c;

	c = map(sizeof(*c), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (!c)
		return -ENOMEM;
	c->shm = map(REMOTE_SHM, PROT_READ | PROT_WRITE, MAP_SHARED, file[WELCOME_SHM]);
	if (!c->shm) {
		munmap(c, sizeof(*c));
		return -ENOMEM;
	}
	madvise(c->shm, REMOTE_SHM, MADV_DONTFORK);
	madvise(c->shm, REMOTE_SHM, MADV_DONTDUMP);
	memcpy(c->release, w->release, sizeof(c->release));
	c->release[sizeof(c->release) - 1] = '\0';
	c->home = w->home;
	c->kernel.size = sizeof(c->kernel);
	c->kernel.version = c->release;
	c->kernel.fault = client_fault;
	c->os.kernel = &c->kernel;
	c->os.client = c;
	c->os.clock = clock_find();
	c->os.spin_ns = spin_budget();
	c->spare = sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 2;
	c->bell = fd_high(file[WELCOME_BELL]);
	c->os.main = *main = &client_thread_init(c, 0, sock, fd_high(file[WELCOME_WAKE]))->base;
	file[WELCOME_BELL] = file[WELCOME_WAKE] = -1;
	return 0;
}

/* @sock: consumed on success only. */
int client_begin(int sock, struct libos_thread **main)
{
	int i, r, file[WELCOME_FILES];
	struct remote_welcome w;

	r = send_hello(sock, REMOTE_HELLO, "");
	if (r < 0)
		return r;
	r = read_welcome(sock, &w, file);
	if (r == 0)
		r = client_watch_home(file[WELCOME_WAKE], sock);
	if (r == 0) {
		/* Fails where there is no Yama, and nothing is to be permitted. */
		prctl(PR_SET_PTRACER, (unsigned long)w.home, 0, 0, 0);
		r = make_client(sock, file, &w, main);
	}
	for (i = 0; i < WELCOME_FILES; i++)
		if (file[i] >= 0)
			close(file[i]);
	return r;
}

EXPORT int libos_attach(int sock, struct libos_thread **main)
{
	int r;

	fcntl(sock, F_SETFD, FD_CLOEXEC);
	sock = fd_high(sock);
	r = client_begin(sock, main);
	if (r < 0)
		close(sock);
	return r;
}

EXPORT int libos_ask(int sock, const char *question, char *reply, size_t max)
{
	struct remote_answer a;
	struct iovec iov[2] = {
		{ &a, sizeof(a) },
		{ reply, max ? max - 1 : 0 },
	};
	struct msghdr msg = {
		.msg_iov = iov,
		.msg_iovlen = 2,
	};
	ssize_t n;
	int r;

	if (!max || strlen(question) > REMOTE_QUESTION)
		return -EINVAL;
	r = send_hello(sock, REMOTE_ASK, question);
	if (r < 0)
		return r;
	do {
		n = recvmsg(sock, &msg, 0);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n ? -errno : -ECONNRESET;
	if ((size_t)n < sizeof(a) || a.magic != REMOTE_MAGIC)
		return -EPROTO;
	if (a.status < 0)
		return a.status;
	if (msg.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	n -= (ssize_t)sizeof(a);
	reply[n] = '\0';
	return (int)n;
}

/* In a child: the files of the parent, which was a client. */
void client_forked(const struct client *c)
{
	__u32 i, top = load_acquire(&c->top);

	for (i = 0; i < top; i++)
		if (load_relaxed(&c->thread[i].sock) > 0) {
			close(c->thread[i].sock);
			close(c->thread[i].wake);
		}
	close(c->bell);
	client_signalfd_close(c);
}

/* libos_close() of a client's instance: the home notices, and ends our tasks. */
void client_close(struct client *c)
{
	client_forked(c);
	munmap(c->shm, REMOTE_SHM);
	munmap(c, sizeof(*c));
}
