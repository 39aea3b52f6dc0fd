/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: The home of a stack: what nuse is to other processes
 *
 * A home answers three questions, one message each, in lines of words:
 *
 *	info	nuse 1				always first: version of the answers
 *		pid PID
 *		kernel RELEASE
 *		uptime NANOSECONDS
 *		program PID THREADS CALLS NAME	any number; NAME to the end of the line
 *		programs N			how many there are, also those not told
 *		interface NAME RXBYTES RXPACKETS TXBYTES TXPACKETS
 *	share	nuse 1
 *		overlay FD PATH			see &struct nuse_etc; FD is in the home
 *		bypass CIDR
 *		pid PID
 *	stop	pid PID				and the stack is about to end
 *
 * What does not fit into the answer is left out, by lines.
 */
#ifndef NUSE_HOME_H
#define NUSE_HOME_H

#include <libos/remote.h>
#include "conf.h"
#include "etc.h"
#include "name.h"

#define NUSE_ANSWERS	1	/* version of the above */
#define NUSE_ANSWER_MAX	(60 * 1024 + 1)	/* what libos_serve_query() has room for, and NUL */
#define NUSE_STOP_MS	5000	/* what programs have after SIGTERM */

/**
 * struct nuse_home - this process as a home
 * @thr: identity of the main thread
 * @asker: identity of the server's thread, for questions
 * @srv: NULL until somebody is served
 * @name: what it is found by, if anything
 * @etc: what attached programs see, too
 * @conf: the configuration
 * @prog: name of the program that runs in this process, NULL if there is none
 * @helpers: pids of what run lines left running, @nhelpers of them
 * @started_ns: CLOCK_BOOTTIME
 * @inherited: files that nuse was started with, @ninherited of them
 * @stop_fd: readable when the stack is to end
 * @signal: that said so, 0 if none did
 * @stopping: nuse --stop has come
 */
struct nuse_home {
	struct libos_thread *thr, *asker;
	struct libos_server *srv;
	struct nuse_name name;
	const struct nuse_etc *etc;
	const struct nuse_conf *conf;
	const char *prog;
	int helpers[64];
	int nhelpers;
	int64_t started_ns;
	int inherited[128];
	int ninherited, stop_fd;
	volatile int signal;
	int stopping;
};

/** nuse_home_note_files() - what is open now is the caller's; at the very start */
void nuse_home_note_files(struct nuse_home *h);

/**
 * nuse_home_serve() - the stack is up: let others in
 * @h: with @thr, @etc, @conf and @name set
 * @listen_fd: of nuse_name_claim(); -1 without a name
 * @fd_min: lowest number for file descriptors
 *
 * Return: 0 or a negative errno.
 */
int nuse_home_serve(struct nuse_home *h, int listen_fd, int fd_min);

/** nuse_home_note_helpers() - all programs now are of run lines */
void nuse_home_note_helpers(struct nuse_home *h);

/**
 * nuse_home_stay() - the program in this process has ended
 * @h: the home
 * @keep_stderr: somebody waits for what is written there
 *
 * Returns when the stack is not needed any more.  If others still use it, that is in
 * a child process, and the caller's gets its answer at once.  Programs that run
 * lines have started are ended first if there are no others.
 *
 * Return: 0: take the stack down; 1: the same, in the child, without anybody to
 * report to; -1: a child has taken over, leave everything alone and exit.
 */
int nuse_home_stay(struct nuse_home *h, bool keep_stderr);

/**
 * nuse_home_settle() - sleep until told to end
 * @h: the home
 * @forever: or until there is no program left, without this
 *
 * SIGTERM and SIGINT end the stack, with a line.
 */
void nuse_home_settle(struct nuse_home *h, bool forever);

/** nuse_home_end() - nobody finds the stack from here on; before libos_close() */
void nuse_home_end(struct nuse_home *h);

#endif /* NUSE_HOME_H */
