// SPDX-License-Identifier: GPL-2.0-only
/*
 * Captures: one pcapng file per interface, with nothing in it that differs between
 * two runs (no host name, no time of day).
 *
 * Frames are laid out by netio/pcapng.c in a buffer that is written when it is
 * full.  A write that fails is remembered, and the file ends there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "internal.h"
#include "../sys.h"
#include "netio/pcapng.h"

#define BUFFER	(256U << 10)

struct sim_capture {
	int fd, error;
	size_t used;
	char buf[BUFFER];
};

/* Bare system calls: this may run on a kernel stack. */
static void flush(struct sim_capture *c)
{
	size_t at = 0;

	while (at < c->used && !c->error) {
		long n = sys(SYS_write, c->fd, c->buf + at, c->used - at);

		if (n > 0)
			at += (size_t)n;
		else if (n != -EINTR)
			c->error = n ? (int)n : -EIO;
	}
	c->used = 0;
}

int sim_capture_open(const char *path, const char *host, const char *dev,
		     struct sim_capture **out)
{
	struct pcapng_section section = {
		.application = "libos sim",
	};
	struct pcapng_interface interface = {
		.linktype = PCAPNG_LINKTYPE_ETHERNET,
		.name = dev,
		.description = host,
	};
	struct sim_capture *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (c->fd < 0) {
		int r = -errno;

		free(c);
		return r;
	}
	c->used = pcapng_section(c->buf, BUFFER, &section);
	c->used += pcapng_interface(c->buf + c->used, BUFFER - c->used, &interface);
	*out = c;
	return 0;
}

/* Returns where @caplen bytes of the frame are to be written at once. */
void *sim_capture_frame(struct sim_capture *c, __u64 tstamp_ns, bool inbound, __u32 caplen)
{
	struct pcapng_packet p = {
		.tstamp_ns = tstamp_ns,
		.caplen = caplen,
		.len = caplen,
		.flags = inbound ? PCAPNG_INBOUND : PCAPNG_OUTBOUND,
	};
	void *data;

	if (c->used + PCAPNG_PACKET_LEN(caplen) > BUFFER)
		flush(c);
	data = pcapng_packet(c->buf + c->used, &p);
	c->used += PCAPNG_PACKET_LEN(caplen);
	return data;
}

int sim_capture_close(struct sim_capture *c)
{
	int r;

	flush(c);
	r = c->error;
	close(c->fd);
	free(c);
	return r;
}
