// SPDX-License-Identifier: GPL-2.0-only
/* io.c - which backend a name selects */
#include "io.h"

#include <poll.h>
#include <string.h>
#include <time.h>

/* The last one takes every name that no other claims. */
static const struct pg_io_ops *const backends[] = {
	&pg_io_host,
	&pg_io_packet,
	&pg_io_tap,
	&pg_io_macvtap,
	&pg_io_multistack,
};

int pg_io_open(struct pg_io **io, const char *name,
	       struct pg_io_config *config)
{
	const struct pg_io_ops *const *ops = backends;

	while (strncmp(name, (*ops)->prefix, strlen((*ops)->prefix)))
		ops++;
	config->target = name + strlen((*ops)->prefix);
	return (*ops)->open(io, config);
}

void pg_io_poll(int fd, bool tx, int64_t timeout_ns)
{
	struct pollfd pfd = { .fd = fd, .events = tx ? POLLOUT : POLLIN };
	struct timespec ts = {
		.tv_sec = timeout_ns / 1000000000,
		.tv_nsec = timeout_ns % 1000000000,
	};

	ppoll(&pfd, 1, &ts, NULL);
}
