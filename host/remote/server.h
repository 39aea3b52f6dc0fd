/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The home's side of remote calls, for the files of this folder only.
 *
 * Who may touch what: as in instance.h, and
 *	[L]  holder of libos_server.lock
 *	[W]  the server's thread alone
 * The lock is taken before the token.
 */
#ifndef HOST_REMOTE_SERVER_H
#define HOST_REMOTE_SERVER_H

#include <pthread.h>
#include <sys/types.h>
#include <libos/remote.h>

#include "../instance.h"
#include "wire.h"

struct peer;

/* A file in the server's epoll.  What embeds it is freed by server_bury() only. */
struct source {
	void (*event)(struct source *src, __u32 events);	/* [L] */
	struct libos_server *srv;				/* [S] */
	int fd;							/* [L] -1: closed */
};

/* One thread of a client, as the home knows it. */
struct served {
	struct libos_thread base;	/* first: it is the task's host_task */
	struct source src;		/* its socket */
	int wake;			/* [T] its eventfd; -1: not to be told any more */
	struct peer *peer;		/* [S] */
	struct remote_slot *slot;	/* [S] shared, distrusted */
	unsigned int index;		/* [S] of the slot */
	__u32 seq;			/* [T] the request that was taken last */
	bool inside;			/* [T] writes, [A] reads: its call is in the kernel layer */
	bool interrupted;		/* [T] and the kernel was told to end it */
	bool doomed;			/* [L] and [T] to be ended once it is outside */
	bool out_fault;			/* [T] a write in the log has failed */
	bool answered;			/* [T] early, by channel_early() */
	bool hot;			/* [T] in libos_server.hot */
	bool unrung;			/* [T] its client sleeps, and is owed a ring; see hot.c */
	__u32 out_len;			/* [T] bytes of the log; see payload.c */
	__u32 nin;			/* [T] entries of @in */
	struct {
		__u64 addr;
		__u32 len, at;		/* in the slot */
	} in[REMOTE_INS];		/* [T] what has come along */
	struct {
		__u64 addr;
		__u32 len, at;		/* in the log */
	} last;				/* [T] entry of the log */
	struct link busy;		/* [T] in libos_server.busy while inside */
};

/* A token that dies with the process; libos_fd_give(). */
struct token {
	struct token *next;
	__u64 number;
};

/* A token that dies with the other end of a socket; libos_fd_give_while(). */
struct witnessed {
	struct source src;		/* the witness */
	struct link witnessed;		/* [L] */
	__u64 number;			/* [S] */
};

/* One client process. */
struct peer {
	struct libos_server *srv;	/* [S] */
	struct link peers;		/* [L] */
	struct source pidsrc;		/* [L] pidfd */
	struct source bell;		/* [L] eventfd; see served_bell() */
	int pid;			/* [L] 0: nobody has told yet */
	bool greeted;			/* [L] it has its welcome */
	bool gone;			/* [L] it has died */
	int memfd;			/* [L] until it is sent with the welcome */
	char *shm;			/* [S] */
	__u64 number;			/* [S] counts peers */
	__u64 maker;			/* [S] number of the client that forks; 0: the home */
	struct served *thread[REMOTE_SLOTS];	/* [L] by slot */
	unsigned int nthread;		/* [L] */
	__u64 calls;			/* [T] writes, [A] reads */
	struct token *tokens;		/* [L] */
	struct mapped *mapped;		/* ring.c's */
};

/* A connection that has not said hello. */
struct guest {
	struct source src;
	struct link guests;		/* [W] oldest first */
};

/* No process has it, nor do kill(2) and process_vm_readv(2) take it for several. */
#define NO_PID		0x7fffffff

#define GUESTS_MAX	64
#define WITNESSED_MAX	1024
#define HOT_MAX		8
#define SERVER_FDS	65536

struct libos_server {
	struct libos *os;		/* [S] */
	struct libos_thread *self;	/* [W] a task without open files */
	pthread_mutex_t lock;
	pthread_t thread;
	int epfd;			/* [S] */
	struct source bell;		/* eventfd: see @stop and @reap */
	struct source listener;
	struct source devices;		/* the instance's epoll; see devices.c */
	bool watching;			/* [W] it is in ours */
	bool stop;			/* [A] */
	bool reap;			/* [A] a doomed thread has come out */
	bool again;			/* [A] a request may have come while its slot was busy */
	bool deaf;			/* [W] no room for guests: the listener is not watched */

	struct link peers;		/* [L] */
	unsigned int npeer;		/* [L] */
	unsigned int ndoomed;		/* [L] threads that wait for their end */
	__u64 numbers;			/* [L] forks so far */
	struct link witnessed;		/* [L] */
	unsigned int nwitnessed;	/* [L] */
	int emptyfd;			/* [S] eventfd, readable while there is no peer */
	struct link guests;		/* [W] */
	unsigned int nguest;		/* [W] */
	struct link busy;		/* [T] */

	struct served *hot[HOT_MAX];	/* [L] their slots are looked at without a bell */
	unsigned int nhot;		/* [L] */
	unsigned int nexthot;		/* [L] who goes for the next */
	__u64 idle_since;		/* [W] ns, when the last request was done */
	bool near;			/* [W] who was served last wants our CPU */
	bool puts_off;			/* [T] what is not a request can wait; see hot.c */
	__s32 spin_score;		/* [W] does it pay to wait for the next one awake */
	__u64 part_at, part_wait;	/* [W] ns, see hot.c */
	__u32 wanted;			/* [A] threads that want the lock */

	int (*answer)(void *arg, const char *question, char *reply, size_t max); /* [L] */
	void *answer_arg;		/* [L] */

	struct grave *graves;		/* [L] freed when no event can name it */
	int *fds;			/* [A] all files of the server, for a child to close */
	unsigned int nfds;		/* [A] entries of @fds in use, ever */
};

/* server.c */
int source_add(struct libos_server *srv, struct source *src, int fd, __u32 events,
	       void (*event)(struct source *src, __u32 events));
void source_only_hangup(struct source *src);
int source_detach(struct source *src);
void source_close(struct source *src);
void server_deafen(struct libos_server *srv);
void server_bury(struct libos_server *srv, void *mem);
void server_fd_note(struct libos_server *srv, int fd);
void server_fd_forget(struct libos_server *srv, int fd);
void server_bell(struct libos_server *srv);
void server_forked(const struct libos_server *srv);
bool server_look(struct libos_server *srv);
void server_lock(struct libos_server *srv);
void server_unlock(struct libos_server *srv);
int server_start(struct libos_server *srv);
void server_moved(struct libos_server *srv);
void server_stop(struct libos_server *srv);

/* peer.c */
int peer_new(struct libos_server *srv, struct libos_thread *parent, int sock, struct peer **out);
struct peer *peer_find(struct libos_server *srv, __u64 number);
int peer_greet(struct peer *peer, int pid, int *wake);
void peer_watch(struct peer *peer, int pid);
void peer_sent(struct peer *peer);
void fork_over(struct peer *child, int pid);
int peer_thread_new(struct served *parent, __u64 flags, int tid, int fd);
void peer_thread_end(struct served *t, int code, bool reply);
void peer_gone(struct peer *peer);
void peers_reap(struct libos_server *srv);
bool peers_serve_one(struct libos_server *srv);
void peers_inherit(struct libos_server *srv, int advice);
void peers_moved(struct libos_server *srv);

/* hello.c */
void guest_accept(struct source *src, __u32 events);
void hello_event(struct served *t, __u32 events);

/* devices.c */
int devices_init(struct libos_server *srv);
void devices_event(struct libos_server *srv);
bool devices_poll(struct libos_server *srv, bool *any);
bool devices_look(struct libos_server *srv, bool *any);
__u64 devices_sleep(struct libos_server *srv);
void devices_woken(struct libos_server *srv, __u64 until);
void devices_leave(struct libos_server *srv);

/* hot.c */
void hot_woken(struct libos_server *srv);
void hot_add(struct served *t);
void hot_remove(struct served *t);
void hot_cool(struct libos_server *srv);
void hot_spin(struct libos_server *srv);

/* serve.c */
bool served_has_request(const struct served *t);
bool served_serve(struct served *t);
void served_event(struct source *src, __u32 events);
void served_bell(struct source *src, __u32 events);
void served_doom(struct served *t);
void served_close(struct served *t);
void served_remind(struct served *t);

/* own.c */
bool request_is_own(const struct libos_call *call);
bool request_own(struct served *t, __s64 *ret);
void peer_tokens_drop(struct peer *peer);
void witnessed_end_all(struct libos_server *srv);

/* ring.c */
long ring_map(struct served *t, const struct libos_call *c);
long ring_unmap(struct served *t, __u64 here);
int peer_rings_inherit(struct peer *child, const struct peer *parent);
void peer_rings_drop(struct peer *peer);

/* channel.c; hot */
bool channel_take(struct served *t);
void channel_out(struct served *t);
bool channel_interrupts(const struct served *t);
void channel_reply(struct served *t, __s64 ret, __u64 signals);
void channel_end(struct served *t, __s64 ret, __u64 signals);
void channel_home(struct served *t, int pid);
void channel_wake(struct served *t);

/* payload.c; hot */
void payload_take(struct served *t);
__u64 payload_read(struct served *t, void *dst, __u64 src, __u64 len);
__u64 payload_write(struct served *t, __u64 dst, const void *src, __u64 len);

/* fds.c */
int fd_high(int fd);

static inline long call_on(struct libos_thread *thr, long nr, unsigned long a, unsigned long b,
			   unsigned long c, unsigned long d)
{
	unsigned long arg[6] = { a, b, c, d };

	return thr->ops->call(thr, nr, arg, -1);
}

#endif /* HOST_REMOTE_SERVER_H */
