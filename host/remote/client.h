/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The client's side of remote calls, for the files of this folder only.
 */
#ifndef HOST_REMOTE_CLIENT_H
#define HOST_REMOTE_CLIENT_H

#include <libos/remote.h>

#include "../instance.h"
#include "wire.h"

struct client;

#define CLIENT_SIGNALFDS 16

/* One thread of this process, by the index of its slot. */
struct client_thread {
	struct libos_thread base;	/* first */
	struct client *client;		/* [S] */
	struct remote_slot *slot;	/* [S] */
	int sock;			/* [O] 0: not in use, as in a fresh mapping; see fd_high() */
	int wake;			/* [O] epoll file by which the home tells us */
	__u32 leaving;			/* [A] its last owner is not done with it yet */
	__s32 event_score;		/* [O] does it pay to spin for what a call sleeps for */
	__s32 bytes;			/* [O] that a call moves, on average */
	__u64 move_at;			/* [O] ns, when to go to another CPU again */
};

/* What the home polls for a signalfd of this process; locked. */
struct client_signalfd {
	int fd;
	int event;			/* eventfd; -1: unused */
	bool told;			/* .event is readable */
	bool edge;			/* .fd has had an edge that the home has not been told of */
};

/* This process, as a client of one home.  Pages of its own, since it may be made in
 * the child of a program with threads, where no malloc() may be called.
 */
struct client {
	struct libos os;		/* what libos_thread_os() gives; few of its members mean anything */
	struct libos_kernel_ops kernel;	/* version and fault only */
	char release[64];
	char *shm;			/* [S] */
	int bell;			/* [S] eventfd by which the home is told */
	__u32 dead;			/* [A] the home is gone */
	bool spare;			/* [S] there are more than two CPUs */
	__s32 home;			/* [A] its pid */
	int watch;			/* epoll file with all of .signalfd; 0: none yet */
	__u32 signalfd_lock;		/* [A] */
	__u32 nsignalfd;		/* [A] */
	struct client_signalfd signalfd[CLIENT_SIGNALFDS];
	__u32 top;			/* [A] of .thread, those from here on were never in use */
	struct client_thread thread[REMOTE_SLOTS];
};

/* client.c; hot */
extern const struct thread_ops remote_thread_ops;
long client_call(struct libos_thread *thr, long nr, const unsigned long arg[6], int fd_hint);
unsigned long client_fault(unsigned long ip);
struct client_thread *client_thread_init(struct client *c, unsigned int index, int sock,
					 int wake);
int client_watch_home(int wake, int sock);
int client_socketpair(int sv[2]);

/* spin.c; hot */
bool client_spin(struct client_thread *t);
void client_slept(struct client_thread *t, __u64 start);
void client_weigh(struct client_thread *t, long nr, long ret);

/* signalfd.c; hot */
int client_signalfd(struct client *c, int fd);
void client_signalfd_sync(struct client *c);
bool client_signalfd_wait(struct client *c, int wake);
void client_signalfd_close(const struct client *c);

/* map.c */
long client_mmap(struct libos_thread *thr, const unsigned long arg[6]);
int client_munmap(struct libos_thread *thr, unsigned long addr);

/* attach.c */
int client_begin(int sock, struct libos_thread **main);
void client_forked(const struct client *c);
void client_close(struct client *c);

/* fds.c; hot */
int fd_high(int fd);

static inline struct client_thread *to_client_thread(const struct libos_thread *thr)
{
	return (struct client_thread *)thr;
}

/* Does the answer stand? */
static inline bool client_complete(const struct client_thread *t)
{
	return load_acquire(&t->slot->rep) == t->base.seq;
}

/* What @make opens, out of the program's way, which cannot close it before. */
#define fd_open_high(make) ({				\
	int _fd;					\
	libos_fd_hold();				\
	_fd = fd_high(make);				\
	libos_fd_release();				\
	_fd;						\
})

#endif /* HOST_REMOTE_CLIENT_H */
