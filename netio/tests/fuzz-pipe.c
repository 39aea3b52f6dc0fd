// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target: what a peer may write into a pipe.
 *
 * The first bytes of the input say how the rest is cut into writes, how much room
 * rx is given, and whether a proper hello comes first.  The property, besides
 * not crashing: a frame that comes out is within its room and within the limits.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../pipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char room[4][19][4096];

static void give_room(struct libos_frame *f, struct libos_frame **pf, unsigned int nseg,
		      unsigned int len)
{
	unsigned int i, k;

	for (i = 0; i < 4; i++) {
		f[i].nseg = nseg;
		for (k = 0; k < nseg; k++) {
			f[i].seg[k].base = room[i][k];
			f[i].seg[k].len = len;
		}
		pf[i] = &f[i];
	}
}

static void say_hello(int fd)
{
	struct {
		struct pipe_rec rec;
		struct pipe_hello h;
	} __attribute__((packed)) m = {
		{ PIPE_MAGIC, PIPE_HELLO, PIPE_VERSION, sizeof(struct pipe_hello), { 0 } },
		{ .features = ~0U, .id = 99, .fd = -1 },
	};

	memcpy(m.h.tag, PIPE_TAG, 16);
	(void)!write(fd, &m, sizeof(m));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct libos_frame f[4];
	struct libos_frame *pf[4];
	struct netio_pipe_opts o = { .size = sizeof(o), .wait_ms = -1 };
	unsigned int nseg, len, chunk, n, i;
	struct libos_netio *io;
	size_t at = 4, part;
	int fds[2], got;

	if (size < 4)
		return 0;
	nseg = 1 + data[0] % 19;
	len = 1 + data[1] * 16;
	chunk = 1 + data[2] * 64;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds))
		abort();
	o.rfd = o.wfd = fds[0];
	if (netio_pipe_open(&o, &io, NULL))
		abort();
	if (data[3] & 1)
		say_hello(fds[1]);
	do {
		part = size - at < chunk ? size - at : chunk;
		if (part && send(fds[1], data + at, part, MSG_NOSIGNAL) != (ssize_t)part)
			break;
		at += part;
		for (n = 0; n < 3; n++) {
			give_room(f, pf, nseg, len);
			got = io->ops->rx(io, 0, pf, 1 + data[3] % 4);
			for (i = 0; (int)i < got; i++)
				if (f[i].len < NETIO_FRAME_MIN || f[i].len > nseg * len ||
				    f[i].len > NETIO_FRAME_MAX)
					abort();
			if (got && io->link_up) {
				f[0].nseg = 1;
				f[0].len = f[0].seg[0].len = 60;
				f[0].seg[0].base = room[0][0];
				io->ops->tx(io, 0, pf, 1);
			}
		}
	} while (at < size && part);
	close(fds[1]);
	io->ops->rx(io, 0, pf, 1);
	if (io->link_up)
		abort();
	io->ops->close(io);
	return 0;
}
