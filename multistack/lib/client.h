/* SPDX-License-Identifier: LGPL-2.1-only */
/* The library's own types. */
#ifndef MULTISTACK_CLIENT_H
#define MULTISTACK_CLIENT_H

#include <stdint.h>
#include <sys/types.h>

#include "multistack.h"
#include "wire.h"

/* A connection to the daemon; also used by multistackctl. */
struct ms_conn {
	int fd;
	uint32_t seq;
	uint32_t timeout_ms;
};

struct ms_kind_ops {
	/* @fd is the port's from now on, whatever is returned */
	int (*setup)(struct ms_port *p, int fd);
	int (*send)(struct ms_port *p, const struct ms_frame *f, unsigned int n);
	int (*recv)(struct ms_port *p, struct ms_frame *f, unsigned int n);
	void (*teardown)(struct ms_port *p);
};

struct ms_port {
	struct ms_conn conn;
	const struct ms_kind_ops *ops;
	struct ms_rep_open desc;
	uint32_t frame_max;
	int fd;			/* TAP or AF_XDP */
	void *kind;		/* the kind's own */
};

extern const struct ms_kind_ops ms_tap_ops, ms_xsk_ops;

/* Note the text for ms_last_error(); returns @err. */
int ms_fail(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

int ms_conn_open(struct ms_conn *c, const char *path, uint32_t timeout_ms);
void ms_conn_close(struct ms_conn *c);

#define MS_CALL_ONCE	1	/* do not send again when there is no answer */

/*
 * One request and its reply.  @fd: to send along, or -1.  @rep: for the body of
 * the reply, *@rep_len its room and then its length.  @rep_fd: for a descriptor
 * that comes with the reply, or NULL.
 */
int ms_conn_call(struct ms_conn *c, uint16_t type, const void *body, size_t len,
		 int fd, void *rep, size_t *rep_len, int *rep_fd, int flags);

/* The next message that is no reply (an event); -EAGAIN after @timeout_ms. */
int ms_conn_next(struct ms_conn *c, void *body, size_t *len, int timeout_ms);

const char *ms_socket_path(const char *given);

#endif /* MULTISTACK_CLIENT_H */
