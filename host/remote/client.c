// SPDX-License-Identifier: GPL-2.0-only
/*
 * A call into another process's instance; see wire.h for the channel.
 *
 * The thread writes its request, rings if the home does not look by itself, and waits: awake
 * for a while if that pays (spin.c), then asleep in an epoll file of its own, which has an edge
 * when the home has an answer, and its socket, which hangs up when the home is no more.
 *
 * Hot: no libc, any FS base.
 */
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>

#include "../sys.h"
#include "client.h"
#include "rights.h"

#define EXPORT		__attribute__((visibility("default")))

#define SOCK_EVENT	1

static void home_is_gone(struct client *c)
{
	store_release(&c->dead, 1);
}

/* Tell the home to look at our slots. */
static void ring(struct client_thread *t)
{
	__u64 v = 1;

	/* Somebody has filled it. */
	while (sys(SYS_write, t->client->bell, &v, sizeof(v)) == -EAGAIN) {
		sys(SYS_read, t->client->bell, &v, sizeof(v));
		v = 1;
	}
}

/* The home may read and write our memory, whichever process it is. */
static void permit(struct client_thread *t)
{
	__s32 home = load_relaxed(&t->slot->home);

	if (likely(home == load_relaxed(&t->client->home)))
		return;
	sys(SYS_prctl, PR_SET_PTRACER, home, 0, 0, 0);
	store_relaxed(&t->client->home, home);
}

/* @signals: there are signalfds that the call may wait for */
static void sleep_until_complete(struct client_thread *t, bool signals)
{
	struct client *c = t->client;
	__u64 start = t->base.os->clock();
	struct epoll_event ev[2];
	long i, n;

	xchg(&t->slot->sleeps, 1);
	while (!client_complete(t) && !load_acquire(&c->dead)) {
		permit(t);
		if (unlikely(signals) && !client_signalfd_wait(c, t->wake))
			continue;
		n = sys(SYS_epoll_pwait, t->wake, ev, 2, -1, NULL, 0);
		if (n < 0 && n != -EINTR)
			home_is_gone(c);
		/* A thread that ends is answered, and then hung up. */
		for (i = 0; i < n; i++)
			if (ev[i].data.u64 == SOCK_EVENT && !client_complete(t))
				home_is_gone(c);
	}
	store_relaxed(&t->slot->sleeps, 0);
	client_slept(t, start);
}

/* copy.S */
unsigned long remote_copy(void *to, const void *from, unsigned long n);
extern const char remote_copy_begin[], remote_copy_end[];

/* A SIGSEGV at @ip: where to go on, if it was in a copy from or to the program's memory. */
unsigned long client_fault(unsigned long ip)
{
	return ip >= (unsigned long)remote_copy_begin && ip < (unsigned long)remote_copy_end ?
	       (unsigned long)remote_copy_end : 0;
}

/* Pieces of memory on their way into the slot. */
struct pieces {
	char *at;
	__u32 len, n;
};

/* Returns the copy; NULL if there is no place for it, or @addr is no good. */
static const void *put(struct pieces *p, __u64 addr, __u64 len)
{
	struct remote_write *w = (struct remote_write *)(p->at + p->len);

	if (!len || !addr || p->n == REMOTE_INS || len > REMOTE_IN ||
	    sizeof(*w) + REMOTE_ALIGN(len) > REMOTE_IN - p->len ||
	    remote_copy(w + 1, (const void *)addr, len))
		return NULL;
	store_relaxed(&w->addr, addr);
	store_relaxed(&w->len, (__u32)len);
	p->len += (__u32)(sizeof(*w) + REMOTE_ALIGN(len));
	p->n++;
	return w + 1;
}

/*
 * What a program sends, or the first of it: while the home sends one part we can copy the
 * next.
 */
static void put_data(struct pieces *p, __u64 addr, __u64 len)
{
	__u64 room = REMOTE_IN - p->len;

	if (room <= sizeof(struct remote_write))
		return;
	room -= sizeof(struct remote_write);
	put(p, addr, len < room ? len : room);
}

/* @data: and what they point to. */
static void put_vector(struct pieces *p, __u64 addr, __u64 n, bool data)
{
	const struct iovec *iov = n <= REMOTE_IN ? put(p, addr, n * sizeof(*iov)) : NULL;
	__u64 i;

	for (i = 0; iov && data && i < n; i++)
		put_data(p, (__u64)iov[i].iov_base, iov[i].iov_len);
}

static void put_message(struct pieces *p, __u64 addr, bool data)
{
	const struct msghdr *m = put(p, addr, sizeof(*m));

	if (!m)
		return;
	if (data) {
		put(p, (__u64)m->msg_name, m->msg_namelen);
		put(p, (__u64)m->msg_control, m->msg_controllen);
	}
	put_vector(p, (__u64)m->msg_iov, m->msg_iovlen, data);
}

static void put_sets(struct pieces *p, const unsigned long arg[6])
{
	__u64 len = arg[0] <= FD_SETSIZE ? (arg[0] + 63) / 64 * 8 : 0;
	int i;

	for (i = 1; i <= 3; i++)
		put(p, arg[i], len);
	put(p, arg[4], sizeof(struct timespec));
}

/*
 * What a call will surely read.  Without it the home reads our memory itself, and finds
 * out what is wrong with it.
 */
static void put_payload(struct remote_slot *s, long nr, const unsigned long arg[6])
{
	struct pieces p = { .at = (char *)s + REMOTE_IN_AT };

	switch (nr) {
	case SYS_sendto:
		put(&p, arg[4], arg[5]);
		/* fall through */
	case SYS_write:
		put_data(&p, arg[1], arg[2]);
		break;
	case SYS_connect:
	case SYS_bind:
		put(&p, arg[1], arg[2]);
		break;
	case SYS_writev:
	case SYS_readv:
		put_vector(&p, arg[1], arg[2], nr == SYS_writev);
		break;
	case SYS_sendmsg:
	case SYS_recvmsg:
		put_message(&p, arg[1], nr == SYS_sendmsg);
		break;
	case SYS_epoll_ctl:
		if (arg[1] != EPOLL_CTL_DEL)
			put(&p, arg[3], sizeof(struct epoll_event));
		break;
	case SYS_setsockopt:
		put(&p, arg[3], arg[4]);
		break;
	case SYS_getsockopt:
		put(&p, arg[4], sizeof(int));
		break;
	case SYS_accept:
	case SYS_accept4:
	case SYS_getsockname:
	case SYS_getpeername:
		put(&p, arg[2], sizeof(int));
		break;
	case SYS_recvfrom:
		put(&p, arg[5], sizeof(int));
		break;
#ifdef SYS_poll
	case SYS_select:
#endif
	case SYS_pselect6:
		put_sets(&p, arg);
		break;
#ifdef SYS_poll
	case SYS_poll:
#endif
	case SYS_ppoll:
		put(&p, arg[0], arg[1] <= REMOTE_IN ? arg[1] * 8 : 0);
		break;
	}
	store_relaxed(&s->in_len, p.len);
}

/* What the home has written to our memory, by way of the slot.  @ret: of the call. */
static long take_payload(const struct remote_slot *s, long ret)
{
	const char *log = (const char *)s + REMOTE_OUT_AT;
	__u32 len = load_relaxed(&s->out_len), at = 0;
	bool fault = false;

	if (len > REMOTE_OUT)
		return ret;
	while (at + sizeof(struct remote_write) <= len) {
		const struct remote_write *w = (const struct remote_write *)(log + at);

		at += sizeof(*w);
		if (w->len > len - at)
			break;
		if (remote_copy((void *)w->addr, w + 1, w->len))
			fault = true;
		at += REMOTE_ALIGN(w->len);
	}
	return fault && ret >= 0 ? -EFAULT : ret;
}

static bool polls(long nr)
{
	switch (nr) {
#ifdef SYS_poll
	case SYS_poll:
	case SYS_select:
	case SYS_epoll_wait:
#endif
	case SYS_ppoll:
	case SYS_pselect6:
	case SYS_epoll_pwait:
	case SYS_epoll_pwait2:
		return true;
	}
	return false;
}

long client_call(struct libos_thread *thr, long nr, const unsigned long arg[6], int fd_hint)
{
	struct client_thread *t = to_client_thread(thr);
	struct remote_slot *s = t->slot;
	long ret = -ESHUTDOWN;
	bool signals = false;
	int i;

	store_release(&thr->seq, thr->seq + 1);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (load_relaxed(&t->client->dead))
		goto out;

	permit(t);
	if (unlikely(load_acquire(&t->client->nsignalfd)) && polls(nr)) {
		signals = true;
		client_signalfd_sync(t->client);
	}
	store_relaxed(&s->nr, nr);
	for (i = 0; i < 6; i++)
		store_relaxed(&s->arg[i], arg[i]);
	store_relaxed(&s->fd_hint, fd_hint);
	store_relaxed(&s->cpu, this_cpu());
	put_payload(s, nr, arg);
	xchg(&s->req, thr->seq);
	if (!load_relaxed(&s->watched))
		ring(t);
	if (!client_spin(t))
		sleep_until_complete(t, signals);
	if (likely(client_complete(t))) {
		ret = take_payload(s, load_relaxed(&s->ret));
		client_weigh(t, nr, ret);
		thr->signals |= load_relaxed(&s->signals);
	}
out:
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	store_release(&thr->seq, thr->seq + 1);
	return ret;
}

static long remote_call(struct libos_thread *thr, long nr, const unsigned long arg[6], int fd_hint)
{
	if (unlikely(nr == LIBOS_NR_HOSTFILE)) {
		int fd = client_signalfd(to_client_thread(thr)->client, (int)arg[0]);
		unsigned long other[6] = { (unsigned long)fd };

		return fd < 0 ? fd : client_call(thr, nr, other, fd_hint);
	}
	return client_call(thr, nr, arg, fd_hint);
}

/*
 * Marks the call by its number.  The home looks at the mark when it is told, and when the
 * call turns out to sleep; so it may come before the request.
 */
static void remote_interrupt(struct libos_thread *thr)
{
	struct client_thread *t = to_client_thread(thr);
	__u32 seq = load_acquire(&thr->seq);

	if (!(seq & 1))
		return;
	xchg(&t->slot->intr, seq);
	ring(t);
}

static long call3(struct libos_thread *thr, long nr, unsigned long a, unsigned long b,
		  unsigned long c)
{
	unsigned long arg[6] = { a, b, c };

	return client_call(thr, nr, arg, -1);
}

/* What the home has sent for a new thread. */
static int receive_wake(int sock, int *wake)
{
	struct remote_thread m;
	int r;

	if (rights_receive(sock, &m, sizeof(m), wake, 1) <= 0)
		return -ESHUTDOWN;
	if (*wake < 0)
		return -EMFILE;
	r = m.magic == REMOTE_MAGIC ? client_watch_home(*wake, sock) : -EPROTO;
	if (r < 0)
		sys(SYS_close, *wake);
	return r;
}

static int remote_thread_new(struct libos_thread *parent, __u64 flags, int tid,
			     struct libos_thread **out)
{
	struct client *c = to_client_thread(parent)->client;
	struct client_thread *t;
	int sv[2], wake, err = 0;
	long r;

	r = client_socketpair(sv);
	if (r < 0)
		return (int)r;
	r = call3(parent, REMOTE_NR_THREAD, flags, (unsigned long)tid, (unsigned long)sv[1]);
	sys(SYS_close, sv[1]);
	if (r >= REMOTE_SLOTS)
		r = -EPROTO;
	if (r >= 0)
		err = receive_wake(sv[0], &wake);
	if (r < 0 || err < 0) {
		/* The home ends what it has of the thread. */
		sys(SYS_close, sv[0]);
		return r < 0 ? (int)r : err;
	}
	t = client_thread_init(c, (unsigned int)r, sv[0], fd_high(wake));
	*out = &t->base;
	return 0;
}

static void remote_thread_exit(struct libos_thread *thr, int code)
{
	struct client_thread *t = to_client_thread(thr);
	int sock = t->sock, wake = t->wake;

	/* The home may give the slot to a new thread as soon as it has answered. */
	xchg(&t->leaving, 1);
	call3(thr, LIBOS_NR_TASK_EXIT, (unsigned long)code, 0, 0);
	store_relaxed(&t->sock, 0);
	sys(SYS_close, sock);
	sys(SYS_close, wake);
	store_release(&t->leaving, 0);
}

static int remote_netdev_add(struct libos_thread *thr, const struct libos_netdev_params *params,
			     struct libos_netio *io)
{
	return -EOPNOTSUPP;	/* the channel would be in the wrong process */
}

const struct thread_ops remote_thread_ops = {
	.call = remote_call,
	.interrupt = remote_interrupt,
	.thread_new = remote_thread_new,
	.thread_exit = remote_thread_exit,
	.netdev_add = remote_netdev_add,
};

EXPORT int libos_is_remote(const struct libos_thread *thr)
{
	return thr->ops == &remote_thread_ops;
}

/* The slot at @index is a thread's that has none of its past. */
struct client_thread *client_thread_init(struct client *c, unsigned int index, int sock, int wake)
{
	struct client_thread *t = &c->thread[index];
	__u32 seq, top = load_relaxed(&c->top);

	while (load_acquire(&t->leaving))
		sys(SYS_sched_yield);
	t->slot = (struct remote_slot *)(c->shm + (size_t)index * REMOTE_SLOT);
	/* Numbers go on where an earlier thread of the slot left them. */
	seq = load_relaxed(&t->slot->req);
	t->base = (struct libos_thread){
		.ops = &remote_thread_ops,
		.os = &c->os,
		.seq = seq + (seq & 1),
	};
	t->client = c;
	t->event_score = -1;
	t->bytes = 0;
	t->move_at = 0;
	store_relaxed(&t->slot->near, 0);
	t->wake = wake;
	t->sock = sock;
	while (top <= index && !__atomic_compare_exchange_n(&c->top, &top, index + 1, false,
							    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
	return t;
}

/* The thread is told of the end of @sock as well. */
int client_watch_home(int wake, int sock)
{
	struct epoll_event ev = { .data.u64 = SOCK_EVENT };

	return (int)sys(SYS_epoll_ctl, wake, EPOLL_CTL_ADD, sock, &ev);
}

/* Both ends out of the program's way. */
int client_socketpair(int sv[2])
{
	long r = sys(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv);

	if (r < 0)
		return (int)r;
	sv[0] = fd_high(sv[0]);
	sv[1] = fd_high(sv[1]);
	return 0;
}

static int give_call(struct libos_thread *thr, long nr, unsigned long a, unsigned long b,
		     unsigned long c, int fd_hint)
{
	unsigned long arg[6] = { a, b, c };

	return (int)thr->ops->call(thr, nr, arg, fd_hint);
}

EXPORT int libos_fd_give_while(struct libos_thread *thr, int fd, int witness, uint64_t *token)
{
	__u64 number;
	int r;

	do {
		if (sys(SYS_getrandom, &number, sizeof(number), 0) != sizeof(number))
			return -EAGAIN;
		r = give_call(thr, LIBOS_NR_FD_GIVE, (unsigned long)fd, number,
			      (unsigned long)witness, -1);
	} while (r == -EEXIST);
	if (!r)
		*token = number;
	return r;
}

EXPORT int libos_fd_give(struct libos_thread *thr, int fd, uint64_t *token)
{
	return libos_fd_give_while(thr, fd, -1, token);
}

EXPORT int libos_fd_take(struct libos_thread *thr, uint64_t token, int fd_hint)
{
	return give_call(thr, LIBOS_NR_FD_TAKE, token, 0, 0, fd_hint);
}

EXPORT int libos_fd_drop(struct libos_thread *thr, uint64_t token)
{
	return give_call(thr, LIBOS_NR_FD_DROP, token, 0, 0, -1);
}
