/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a client and its home have between them: messages on a socket, a slot of shared
 * memory for each thread, and two kinds of bells.
 *
 * Both sides are the same libos.so or they do not talk (REMOTE_VERSION).  The home
 * trusts nothing that it reads here: each field is copied once and checked then.
 */
#ifndef HOST_REMOTE_WIRE_H
#define HOST_REMOTE_WIRE_H

#include <linux/types.h>

#define REMOTE_MAGIC	0x534f424cU	/* "LBOS" */
#define REMOTE_VERSION	4

#define REMOTE_SLOTS	1024		/* threads of a process */
#define REMOTE_SLOT	(REMOTE_OUT_AT + REMOTE_OUT)	/* bytes of each */
#define REMOTE_SHM	((__u64)REMOTE_SLOTS * REMOTE_SLOT)

/*
 * One thread's channel.
 *
 * A request is published by @req, the number of the call, and is complete once
 * @rep has the same number.  Numbers are odd (libos_thread.seq) and differ from one
 * call to the next.  Before either side sleeps it says so (@watched = 0, @sleeps = 1),
 * executes a full barrier and looks once more; who publishes does so, executes a full
 * barrier, and then looks whether the other one must be told.
 *
 * Both are told by eventfds, whose edges they wait for; nobody reads them.  The home has one
 * for all threads of a process, so that nobody can keep an edge from it but the process itself.
 * For each thread there is one that the home alone can write to: the thread has an epoll file
 * with it.  That the other side is no more is told by the thread's socket, which could do it
 * all, and costs twice as much.
 */
struct remote_slot {
	/* The client writes, the home reads. */
	__u32	req;
	__u32	intr;		/* the call that is to be interrupted */
	__u32	sleeps;		/* the thread may be asleep */
	__s32	fd_hint;
	__s32	cpu;		/* that the thread runs on */
	__u32	near;		/* it wants to run on the home's, and not be waited for awake */
	__s64	nr;
	__u64	arg[6];
	__u32	in_len;		/* bytes at REMOTE_IN_AT; 0: nothing came along */
	__u32	pad3;

	/* The home writes, the client reads. */
	__u32	rep __attribute__((aligned(128)));
	__u32	watched;	/* the home looks at @req by itself */
	__s32	home;		/* its pid, which changes when it moves */
	__u32	parked;		/* the call that has turned out to sleep */
	__s32	home_cpu;	/* that the server runs on */
	__u32	pad2;
	__s64	ret;
	__u64	signals;
	__u32	out_len;	/* bytes of writes at REMOTE_OUT_AT */
	__u32	pad4;
};

/* Payloads, in the rest of the slot; see payload.c.  Only what is used becomes memory. */
#define REMOTE_IN_AT	512
#define REMOTE_IN	(REMOTE_OUT_AT - REMOTE_IN_AT)
#define REMOTE_OUT_AT	(34 * 4096)
#define REMOTE_OUT	(33 * 4096)

#define REMOTE_INS	8	/* pieces that come along */

/*
 * A piece of the client's memory: one that comes along, or one that it is to write.  The
 * bytes follow, then the next, aligned.
 */
struct remote_write {
	__u64	addr;
	__u32	len;
	__u32	pad;
};

#define REMOTE_ALIGN(n)	(((n) + 7) & ~7U)

_Static_assert(sizeof(struct remote_slot) <= REMOTE_IN_AT, "a slot has its place");

/* What is said on the socket before a process has a slot. */
enum {
	REMOTE_HELLO = 1,	/* I want to be a client; or: the fork has happened */
	REMOTE_ASK,		/* a question, as text */
};

struct remote_hello {
	__u32	magic;
	__u32	version;
	__u32	kind;
	__u32	len;		/* bytes of text that follow */
};

#define REMOTE_QUESTION	1000
#define REMOTE_ANSWER	61440

/*
 * Answer to REMOTE_HELLO.  Comes with files: the shared memory, the home's bell, and an
 * epoll file of the thread that has said hello, which wakes it.
 */
struct remote_welcome {
	__u32	magic;
	__s32	status;		/* 0, or a negative errno and nothing else */
	__s32	home;		/* its pid */
	__u32	slot;		/* of the thread that has said hello */
	char	release[64];	/* of the kernel, libos_version() */
};

enum { WELCOME_SHM, WELCOME_BELL, WELCOME_WAKE, WELCOME_FILES };

/* On the socket of another thread, before the answer to REMOTE_NR_THREAD: with such a file. */
struct remote_thread {
	__u32	magic;
};

/* Answer to REMOTE_ASK; text follows. */
struct remote_answer {
	__u32	magic;
	__s32	status;		/* length of the text, or a negative errno */
};

/* Before the answer to REMOTE_NR_MMAP: with the file that is to be mapped. */
struct remote_ring {
	__u32	magic;
};

/*
 * Calls between libos.so and libos.so, which the home does not pass on.
 *
 * thread(flags, tid, fd): a slot for another thread; the home takes @fd from the
 * client as its end of the socket.  Returns the index of the slot.
 * fork(fd): prepare a child, whose home will use @fd.  Returns its number.
 * forked(number, pid): it has happened, or not (negative).
 * mmap(here, ...): the rest as of mmap(2); the client maps the file that it gets @here.
 * munmap(here): of all of that.  Returns how many bytes.
 */
#define REMOTE_NR_BASE		0x20000
#define REMOTE_NR_THREAD	(REMOTE_NR_BASE + 0)
#define REMOTE_NR_FORK		(REMOTE_NR_BASE + 1)
#define REMOTE_NR_FORKED	(REMOTE_NR_BASE + 2)
#define REMOTE_NR_MMAP		(REMOTE_NR_BASE + 3)
#define REMOTE_NR_MUNMAP	(REMOTE_NR_BASE + 4)

#endif /* HOST_REMOTE_WIRE_H */
