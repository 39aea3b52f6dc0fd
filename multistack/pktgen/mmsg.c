// SPDX-License-Identifier: GPL-2.0-only
/* mmsg.c - sendmmsg() and recvmmsg() over an array of buffers */
#include "mmsg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SOCKET_BUFFER	(8 << 20)	/* bytes */

int pg_mmsg_init(struct pg_mmsg *m, int fd, size_t room, size_t skip,
		 bool named)
{
	unsigned int i;

	m->fd = fd;
	m->skip = skip;
	m->room = room;
	m->stride = (room + 63) & ~63ul;
	m->mem = aligned_alloc(64, m->stride * PG_BURST_MAX);
	if (!m->mem)
		return -ENOMEM;
	memset(m->mem, 0, m->stride * PG_BURST_MAX);
	for (i = 0; i < PG_BURST_MAX; i++) {
		m->iov[i].iov_base = m->mem + i * m->stride + skip;
		m->hdr[i].msg_hdr.msg_iov = &m->iov[i];
		m->hdr[i].msg_hdr.msg_iovlen = 1;
		if (named)
			m->hdr[i].msg_hdr.msg_name = &m->name[i];
	}
	return 0;
}

void pg_mmsg_fini(struct pg_mmsg *m)
{
	free(m->mem);
	m->mem = NULL;
}

void pg_mmsg_tx_get(struct pg_mmsg *m, struct pg_buf *buf, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		buf[i] = (struct pg_buf) {
			.data = m->mem + i * m->stride,
			.room = m->room,
		};
}

/* An error that the next try may not meet. */
static bool transient(int err)
{
	return err == EAGAIN || err == ENOBUFS || err == EINTR ||
	       err == ECONNREFUSED || err == ENETDOWN;
}

int pg_mmsg_tx_put(struct pg_mmsg *m, struct pg_buf *buf, unsigned int n)
{
	unsigned int i;
	int sent;

	for (i = 0; i < n; i++)
		m->iov[i].iov_len = buf[i].len - m->skip;
	sent = sendmmsg(m->fd, m->hdr, n, MSG_DONTWAIT);
	if (sent < 0)
		return transient(errno) ? 0 : -errno;
	return sent;
}

int pg_mmsg_rx_get(struct pg_mmsg *m, struct pg_buf *buf, unsigned int n)
{
	unsigned int i;
	int got;

	for (i = 0; i < n; i++) {
		m->iov[i].iov_len = m->room - m->skip;
		if (m->hdr[i].msg_hdr.msg_name)
			m->hdr[i].msg_hdr.msg_namelen = sizeof(m->name[i]);
	}
	got = recvmmsg(m->fd, m->hdr, n, MSG_DONTWAIT, NULL);
	if (got < 0)
		return transient(errno) ? 0 : -errno;
	for (i = 0; i < (unsigned int)got; i++)
		buf[i] = (struct pg_buf) {
			.data = m->mem + i * m->stride,
			.len = m->hdr[i].msg_len + m->skip,
			.room = m->room,
		};
	return got;
}

void pg_socket_buffers(int fd)
{
	static const int size = SOCKET_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}
