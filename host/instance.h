/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an instance and a thread are made of, for the files of this folder only.
 *
 * Who may touch what:
 *	[T]  holder of the token
 *	[A]  any thread, atomically
 *	[S]  set before the instance is visible, constant afterwards
 *	[O]  the thread that owns the identity
 */
#ifndef HOST_INSTANCE_H
#define HOST_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <libos/libos.h>

/*
 * An op that the kernel layer calls: kernel code keeps its stack aligned to 8 bytes
 * only, and a callee that uses vector registers, or calls a libc, needs 16.
 */
#if defined(__x86_64__)
#define FROM_KERNEL	__attribute__((force_align_arg_pointer))
#else
#define FROM_KERNEL
#endif

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

#define load_relaxed(p)		__atomic_load_n(p, __ATOMIC_RELAXED)
#define load_acquire(p)		__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define store_relaxed(p, v)	__atomic_store_n(p, v, __ATOMIC_RELAXED)
#define store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define xchg(p, v)		__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)

static inline bool try_cmpxchg(__u32 *p, __u32 old, __u32 val)
{
	return __atomic_compare_exchange_n(p, &old, val, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

/* Doubly linked list head, as in the kernel. */
struct link {
	struct link *next, *prev;
};

static inline void link_init(struct link *l)
{
	l->next = l->prev = l;
}

static inline bool link_empty(const struct link *l)
{
	return l->next == l;
}

static inline void link_add_tail(struct link *l, struct link *head)
{
	l->prev = head->prev;
	l->next = head;
	head->prev->next = l;
	head->prev = l;
}

static inline void link_del(struct link *l)
{
	l->next->prev = l->prev;
	l->prev->next = l->next;
	link_init(l);
}

#define link_entry(l, type, member) ((type *)((char *)(l) - offsetof(type, member)))

/* How a call of a thread is carried out: by this host, by a simulator. */
struct thread_ops {
	long (*call)(struct libos_thread *thr, long nr, const unsigned long arg[6], int fd_hint);
	void (*interrupt)(struct libos_thread *thr);
	int (*thread_new)(struct libos_thread *parent, __u64 flags, int tid,
			  struct libos_thread **out);
	void (*thread_exit)(struct libos_thread *thr, int code);
	int (*netdev_add)(struct libos_thread *thr, const struct libos_netdev_params *params,
			  struct libos_netio *io);
};

/* libos_thread.word: where a thread that waits for its call is to be found. */
enum {
	WORD_RUN,		/* awake; it will look before it sleeps */
	WORD_PARK,		/* asleep on the word itself */
	WORD_POLL,		/* the poller: asleep in epoll, woken by a kick */
	WORD_WAKE,		/* told to wake up and look around */
	WORD_DONE,		/* told that its call is complete; final */
	WORD_REMOTE,		/* in another process: remote/channel.c tells it */
};

struct libos_thread {
	const struct thread_ops *ops;	/* [S] */
	struct libos *os;		/* [S] */
	struct libos_task *task;	/* [S] */
	struct libos_call call;		/* [O] while outside, else the kernel's */
	__u32 seq;			/* [O] writes, [A] reads; odd inside a call */
	__u32 intr;			/* [A] the seq that is to be interrupted */
	__u32 word;			/* [A] WORD_* */
	__u32 delivered;		/* [O] the seq whose interrupt the kernel has */
	__s32 pid;			/* [S] process whose memory the task uses; 0: ours */
	__u64 signals;			/* [O] collected for libos_take_signals() */
	struct link parked;		/* [T] in libos.parked, while parked */
};

#define LIBOS_MAX_QUEUES	16
#define LIBOS_MAX_NETDEVS	256
#define LIBOS_DEV_PFDS		32

/* One device: the channel, and the ops that stand before its own. */
struct netdev {
	struct libos_netio_ops ops;	/* [S] the channel's, with our tx and rx */
	const struct libos_netio_ops *lower;	/* [S] the channel's own */
	struct libos_netio *io;
	struct libos *os;
	struct libos_netdev *dev;
	unsigned int id;
	int npfd;
	struct libos_pollfd pfd[LIBOS_DEV_PFDS];
	__u64 told_deadline;		/* [T] channel deadline already signalled */
	__u32 full;			/* [T] bit per queue: tx came back short */
	__u32 watched;			/* [T] bit per queue: POLLOUT is in epoll */
};

/* A host file that the stack's poll waits for; indexed by its number. */
struct hostfile {
	__u32 armed;			/* [T] POLL* that epoll watches */
	__u16 known;			/* [T] is in the epoll set */
	bool edge;			/* [T] edge-triggered, else one-shot */
	bool own;			/* [T] closed with its stack file */
};

#define WAKE_BATCH	16

struct libos {
	/* Hot: touched by each call. */
	__u32 token __attribute__((aligned(64)));	/* [A] 0, 1, 2: contended */
	__u32 halted;				/* [A] */
	__u32 starving;				/* [A] threads that the token was taken from under */
	const struct libos_kernel_ops *kernel;	/* [S] */
	struct libos_thread *poller;		/* [A] NULL, a thread, POLLER_HELPER or _SERVER */
	__u64 deadline;				/* [T] writes, [A] reads: kernel's timer */
	__u64 sleep_until;			/* [T] poller's timeout; 0 while awake */
	__u64 entries;				/* [T] writes, [A] reads: calls made */
	__u64 (*clock)(void);			/* [S] CLOCK_MONOTONIC, hot */
	__u64 last_poll;			/* [T] when devices were last looked at */
	__u32 kicked;				/* [T] a kick is under way */
	bool poller_done;			/* [T] the poller's call is complete */
	__u32 want_kick;			/* [T] write the eventfd after release */
	__u32 nwake;				/* [T] */
	__u32 *wake[WAKE_BATCH];		/* [T] futexes to wake after release */
	struct link parked;			/* [T] */
	__u32 nparked;				/* [T] writes, [A] reads */
	__u32 nremote;				/* [T] calls of other processes that are inside */
	struct libos_thread *serving;		/* [T] whose call the server has entered; NULL */

	/* Polling. */
	__u32 poll_gen __attribute__((aligned(64)));	/* [T] writes, [A] reads */
	__u32 helper_word;			/* [A] HELPER_* */
	__u32 spinning;				/* [A] the poller asks without sleeping */
	__u32 kick_word;			/* [A] it has been kicked since it began */
	int epfd, kickfd, helperfd;		/* [S] */
	__u32 no_pwait2;			/* [A] host lacks epoll_pwait2 */
	__s32 spin_score;			/* the poller's */
	__u64 spin_ns;				/* [S] busy-poll budget, 0: never */
	bool helper_runs;
	unsigned long helper_thread;		/* pthread_t */

	struct netdev *netdev[LIBOS_MAX_NETDEVS];	/* [T] */
	__u32 nnetdev;				/* [T] */
	__u32 ndeadline;			/* [T] channels that have deadline_ns */
	bool full_changed;			/* [T] some netdev.full != netdev.watched */

	struct hostfile *hostfile;		/* [T] */
	__u32 nhostfile;			/* [T] */

	/* Counters, for tests and statistics; [T] */
	struct {
		__u64 polls, kicks, parks, appoints, inline_polls, helper_polls;
		__u64 spins, spin_hits;
	} stat;

	/* Cold. */
	void *arena;
	size_t arena_len;
	int arena_fd;				/* [S] -1: it has none */
	struct alias *alias;			/* [T] .nalias of them */
	__u64 nalias, alias_max;		/* [T] */
	struct link rings;			/* remote/ring.c's */
	struct mapped *mapped;			/* likewise; by the home's program */
	struct library *library;
	struct libos_thread *main;
	struct libos_server *server;		/* [A] of other processes' calls; NULL */
	bool moved;				/* [S] goes on in a child of this process */
	struct client *client;			/* [S] this is the home's, seen from a client */
	void (*log)(void *arg, const char *s, __u32 len);
	void *log_arg;
	bool log_midline;
	__u32 slab_lock;			/* [A] */
	struct libos_thread *slab_free;
	void *slab_chunks;
};

#define POLLER_HELPER	((struct libos_thread *)1)
#define POLLER_SERVER	((struct libos_thread *)2)	/* remote/devices.c */

enum {
	HELPER_NAP,		/* looks again within a millisecond */
	HELPER_DEEP,		/* asleep; who leaves polling vacant wakes it */
	HELPER_STOP,
};

/* epoll_event.data: what became ready. */
#define TAG_KICK	(0ULL << 56)
#define TAG_DEV		(1ULL << 56)	/* | index of the device << 8 | of the pollfd */
#define TAG_FILE	(2ULL << 56)	/* | host fd */
#define TAG_MASK	(0xffULL << 56)

/* libos.c */
int instance_open(const struct libos_opts *opts, const struct libos_kernel_ops *kernel,
		  struct libos **out, struct libos_thread **main);

/* libos.c */
__u64 spin_budget(void);
int move_high(int fd);

/* call.c */
extern const struct thread_ops posix_thread_ops;

/* release.c */
void instance_unlock(struct libos *os);
void instance_release(struct libos *os);
void instance_shut(struct libos *os);
void wake_thread(struct libos *os, struct libos_thread *thr, __u32 word);

/* token.c */
void token_lock_slow(struct libos *os);

static inline bool token_trylock(struct libos *os)
{
	__u32 zero = 0;

	return __atomic_compare_exchange_n(&os->token, &zero, 1, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static inline void token_lock(struct libos *os)
{
	if (unlikely(load_relaxed(&os->starving) || !token_trylock(os)))
		token_lock_slow(os);
}

void token_unlock_slow(struct libos *os);

/* A full barrier: what follows is ordered after all that the holder stored. */
static inline void token_unlock(struct libos *os)
{
	if (unlikely(xchg(&os->token, 0) == 2))
		token_unlock_slow(os);
}

/* poll.c */
#define POLL_EVENTS	32
struct epoll_event;
void poll_kick(struct libos *os);
void poll_begin(struct libos *os);
void helper_wake(struct libos *os);
void poll_watch_full(struct libos *os);
__u64 poll_deadline(struct libos *os);
bool poll_due(struct libos *os, __u64 now);
bool poll_once(struct libos *os);
int poll_wait(struct libos *os, struct libos_thread *thr, __u64 until, struct epoll_event *ev,
	      int max);
int poll_sleep(struct libos *os, int epfd, struct epoll_event *ev, int max, __u64 ns);
bool poll_dispatch(struct libos *os, const struct epoll_event *ev, int n);

/* hostops.c */
extern const struct libos_host_ops posix_host_ops;
void console_stderr(bool *midline, const char *who, const char *s, __u32 len);

/* clock.c */
__u64 (*clock_find(void))(void);
__u64 clock_wall_ns(void);

/* vdso.c */
void *vdso_symbol(const char *name);

/* hostfile.c */
__u32 hostfile_poll(void *host, int fd, __u32 events);
void hostfile_release(void *host, int fd);
int hostfile_own(struct libos *os, int fd);

/* arena.c */
#define ARENA_PAGE	4096UL

int arena_make(struct libos *os, size_t len);
void arena_free(struct libos *os);
void arena_inherit(struct libos *os, int advice);
int arena_pages(const struct libos *os, __u64 addr, __u64 *page, __u64 n);
int arena_set_file(struct libos *os, __u64 off, __u64 len, int file, __u64 at);

/* remote/ring.c */
void rings_free(struct libos *os);

/* alias.c; hot */
struct alias {
	__u64 addr;		/* of a page */
	__u64 off;		/* in the arena */
};

int alias_make(struct libos *os, __u64 addr, __u64 off, __u64 len);
int arena_map(void *host, __u64 *addr, __u64 arena_off, __u64 len);
void arena_unmap(void *host, __u64 addr, __u64 len);
void hostfile_fire(struct libos *os, int fd, __u32 events);

/* memory.c */
__u64 memory_read(struct libos_thread *thr, void *dst, __u64 src, __u64 len);
__u64 memory_write(struct libos_thread *thr, __u64 dst, const void *src, __u64 len);
__u64 mem_read(void *host, void *host_task, void *dst, __u64 src, __u64 len);
__u64 mem_write(void *host, void *host_task, __u64 dst, const void *src, __u64 len);

/* signal.c */
void signal_send(void *host, void *host_task, __u64 mask, int tid);

/* helper.c */
void helper_check(struct libos *os);
int helper_start(struct libos *os);
void helper_stop(struct libos *os);

/* netdev.c */
int netdev_tx(struct libos_netio *io, unsigned int queue, struct libos_frame *const *frames,
	      unsigned int n);
int netdev_rx(struct libos_netio *io, unsigned int queue, struct libos_frame *const *frames,
	      unsigned int n);

/* attach.c */
int netdev_add(struct libos_thread *thr, const struct libos_netdev_params *params,
	       struct libos_netio *io);
void netdev_close_all(struct libos *os);

/* thread.c */
struct libos_thread *thread_alloc(struct libos *os);
void thread_free(struct libos_thread *thr);
void thread_free_all(struct libos *os);

/* remote/ */
int fd_duplicate(int fd);
void channel_done(struct libos_thread *thr);
void channel_early(struct libos *os);
__u64 channel_read(struct libos_thread *thr, void *dst, __u64 src, __u64 len);
__u64 channel_write(struct libos_thread *thr, __u64 dst, const void *src, __u64 len);
void channel_shut(struct libos *os);
void server_end(struct libos *os);
void client_close(struct client *c);

#endif /* HOST_INSTANCE_H */
