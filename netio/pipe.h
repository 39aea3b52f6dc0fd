/* SPDX-License-Identifier: GPL-2.0-only */
/* The two halves of the pipe backend: pipe.c moves frames, pipelink.c connects. */
#ifndef NETIO_PIPE_H
#define NETIO_PIPE_H

#include <limits.h>

#include "frame.h"
#include "room.h"

/*
 * Everything in the stream is a record: this header, then @len bytes.  Fields
 * are of the host's byte order, since both ends run on one machine.
 */
#define PIPE_MAGIC	0x4c4e	/* "NL" */
#define PIPE_HELLO	1	/* struct pipe_hello */
#define PIPE_FRAME	2	/* an Ethernet frame */
#define PIPE_VERSION	1

struct pipe_rec {
	__u16	magic;
	__u8	type;
	__u8	version;
	__u32	len;
	struct libos_vnet_hdr vnet;
};

/**
 * struct pipe_hello - first record of each direction
 * @tag: "LibOS pipe hello", to find the record by in a stream with a torn start
 * @features: LIBOS_NETIO_TX_* that the sender is willing to take
 * @id: of the sender's end, new for each connection; never 0
 * @ack: the @id of the other end as the sender knows it, or 0
 * @pid: shell pipe: the process that has the pipe for the other direction; else 0
 * @fd: its file descriptor in that process, or -1
 * @pad: 0
 * @ino: that pipe's inode number, since a pid may have been used again
 */
struct pipe_hello {
	char	tag[16];
	__u32	features;
	__s32	pid;
	__s32	fd;
	__u32	pad;
	__u64	ino;
	__u64	id;
	__u64	ack;
};

#define PIPE_TAG	"LibOS pipe hello"	/* 16 bytes without the NUL */
#define PIPE_HELLO_LEN	(sizeof(struct pipe_rec) + sizeof(struct pipe_hello))

#define PIPE_RXBUF	(256 << 10)
#define PIPE_TXREST	(sizeof(struct pipe_rec) + NETIO_FRAME_MAX + PIPE_HELLO_LEN)
/* Lookahead while large frames come: enough for the next one's headers. */
#define PIPE_PEEK	512
#define PIPE_LARGE	16384
#define PIPE_IOV	1024		/* UIO_MAXIOV */

struct pipe {
	struct libos_netio io;
	struct libos_netio_stats stats;
	int	mode;			/* NETIO_PIPE_* */
	int	fd_min;
	int	rfd, wfd;		/* -1 while there is none */
	int	keep_fd;		/* reading end of what wfd writes to */
	int	give_fd;		/* shell pipe: writing end meant for the peer */
	int	epfd;			/* what pollfds shows */
	int	lock_fd;		/* FIFO: holds our side */
	bool	socket;
	bool	want_out;		/* waiting for room */
	bool	refused;		/* the peer cannot take what we promised */
	bool	settled;		/* the stack knows our features */
	__u32	offer;			/* features that we take */
	bool	rx_more;		/* rx_buf was filled before the first rx */
	int	failed;			/* why the way back could not be opened */
	__s32	failed_pid;
	__u64	id, peer_id;		/* of this connection; peer_id 0: no hello yet */
	__u64	give_ino;
	char	path_rx[PATH_MAX], path_tx[PATH_MAX];

	/* rx: bytes [rx_head, rx_tail) of rx_buf are yet to be parsed */
	char	*rx_buf;
	__u32	rx_head, rx_tail;
	__u32	rx_skip;		/* bytes of a record to throw away */
	bool	rx_large;

	/* tx: the end of a frame that the pipe took only in part */
	char	*tx_rest;
	__u32	rest_at, rest_len;
	struct pipe_rec rec[LIBOS_BURST];
	struct iovec iov[PIPE_IOV];
};

#define to_pipe(p)	container_of(p, struct pipe, io)

/* pipelink.c; hot unless said otherwise */
void pipe_heard(struct pipe *p, const struct pipe_hello *h);
void pipe_service(struct pipe *p);
void pipe_reset(struct pipe *p);
void pipe_watch_out(struct pipe *p, bool on);
int pipe_connect(struct pipe *p, const struct netio_pipe_opts *o, struct netio_err *err);
void pipe_disconnect(struct pipe *p);

/* pipe.c; hot */
void pipe_pump(struct pipe *p);
bool pipe_flush(struct pipe *p);
long pipe_write(struct pipe *p, struct iovec *iov, unsigned int niov);

#endif /* NETIO_PIPE_H */
