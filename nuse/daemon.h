/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: A process in the background whose starter waits until it is up
 */
#ifndef NUSE_DAEMON_H
#define NUSE_DAEMON_H

/**
 * struct nuse_daemon - one that is starting
 * @ready: to tell the starter
 * @log: what standard error becomes
 */
struct nuse_daemon {
	int ready, log;
};

/**
 * nuse_daemon_begin() - go on in a child of this process
 * @d: for nuse_daemon_ready()
 * @log_file: where messages are appended; NULL: syslog
 *
 * The child's standard error is the caller's until nuse_daemon_ready().
 * Context: a process with one thread.
 * Return: 0 in the child; in the caller, when the child is ready or has ended, its
 * exit status (0 if ready) plus 1; a negative errno, with a message.
 */
int nuse_daemon_begin(struct nuse_daemon *d, const char *log_file);

/** nuse_daemon_ready() - all is up: let the starter go; 0 or a negative errno */
int nuse_daemon_ready(struct nuse_daemon *d);

#endif /* NUSE_DAEMON_H */
