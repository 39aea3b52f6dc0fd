/* SPDX-License-Identifier: GPL-2.0-only */
/* What constructors of this room share; none of it is for tx and rx. */
#ifndef NETIO_ROOM_H
#define NETIO_ROOM_H

#include <stdbool.h>
#include <stddef.h>

#include <libos/netio.h>
#include <libos/netio_backends.h>

#ifndef container_of
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))
#endif
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define NETIO_QUEUES_MAX	64

int netio_fail(struct netio_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Copy an option struct of a caller that may be older or newer than we are:
 * what it does not have becomes zero, what we do not know must be zero.
 */
int netio_opts_copy(void *dst, size_t dst_size, const void *src, struct netio_err *err);

int netio_fd_raise(int fd, int fd_min);
void *netio_pages(size_t len);
void netio_pages_free(void *p, size_t len);
int netio_ifname_check(const char *name);

#endif /* NETIO_ROOM_H */
