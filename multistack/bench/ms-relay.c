// SPDX-License-Identifier: GPL-2.0-only
/*
 * ms-relay - puts a kernel's stack of another network namespace behind a port
 *
 *	ms-relay [-k tap|xdp] [-t TUPLE]... -n NETNS -s IF PORT
 *
 * PORT is a MultiStack port (valem:vp0), a TAP (tap:IF) or a macvtap
 * (macvtap:IF); IF is a TAP interface of the network namespace NETNS. Frames go
 * from one to the other as they are, with their offload headers, so that bulk
 * TCP of a complete stack crosses each kind of port in the same way and the
 * kinds can be compared. It costs one more copy each way than a stack of this
 * process would.
 *
 *	NIC <-> port <-> relay <-> TAP <-> stack in NETNS
 *
 * One thread for each direction, each asleep in poll() when nothing comes. A
 * frame waits when the other side is full, as it would before a slow NIC.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/virtio_net.h>
#include <multistack.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../pktgen/tapdev.h"

#define FRAME_MAX	(65535 + 14)
#define BURST		16
#define TUPLES_MAX	16

struct side {
	int fd;
	struct ms_port *ms;	/* NULL: a TAP */
	uint8_t *mem;		/* BURST frames, TAP only */
	bool offload;
	int (*recv)(struct side *side, struct ms_frame *f, int n);
	int (*send)(struct side *side, const struct ms_frame *f, int n);
};

static int port_recv(struct side *s, struct ms_frame *f, int n)
{
	return ms_port_recv(s->ms, f, n);
}

static int port_send(struct side *s, const struct ms_frame *f, int n)
{
	return ms_port_send(s->ms, f, n);
}

static int tap_recv(struct side *s, struct ms_frame *f, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		struct virtio_net_hdr_v1 vh;
		uint8_t *data = s->mem + (size_t)i * FRAME_MAX;
		struct iovec iov[2] = {
			{ &vh, sizeof(vh) }, { data, FRAME_MAX },
		};
		ssize_t len = readv(s->fd, iov, 2);

		if (len <= (ssize_t)sizeof(vh))
			return i || len >= 0 || errno == EAGAIN ? i : -errno;
		f[i] = (struct ms_frame) {
			.data = data,
			.len = len - sizeof(vh),
			.flags = vh.flags & (MS_FRAME_NEEDS_CSUM |
					     MS_FRAME_CSUM_VALID),
			.gso_type = vh.gso_type,
			.gso_size = vh.gso_size,
			.hdr_len = vh.hdr_len,
			.csum_start = vh.csum_start,
			.csum_offset = vh.csum_offset,
		};
	}
	return i;
}

static int tap_send(struct side *s, const struct ms_frame *f, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		struct virtio_net_hdr_v1 vh = {
			.flags = f[i].flags,
			.gso_type = f[i].gso_type,
			.gso_size = f[i].gso_size,
			.hdr_len = f[i].hdr_len,
			.csum_start = f[i].csum_start,
			.csum_offset = f[i].csum_offset,
		};
		struct iovec iov[2] = {
			{ &vh, sizeof(vh) }, { f[i].data, f[i].len },
		};

		if (writev(s->fd, iov, 2) < 0)
			return i || errno == EAGAIN || errno == ENOBUFS ?
				i : -errno;
	}
	return i;
}

struct direction {
	const char *name;
	struct side *from;
	struct side *to;
	unsigned long frames;
};

static int send_all(struct direction *d, struct ms_frame *f, int n)
{
	struct pollfd pfd = { .fd = d->to->fd, .events = POLLOUT };
	int sent;

	while (n) {
		sent = d->to->send(d->to, f, n);
		if (sent < 0)
			return sent;
		f += sent;
		n -= sent;
		if (n)
			poll(&pfd, 1, 10);
	}
	return 0;
}

static void *pump(void *arg)
{
	struct direction *d = arg;
	struct pollfd pfd = { .fd = d->from->fd, .events = POLLIN };
	struct ms_frame f[BURST];
	int n, err = 0;

	while (err >= 0) {
		n = d->from->recv(d->from, f, BURST);
		if (!n) {
			poll(&pfd, 1, -1);
			continue;
		}
		err = n < 0 ? n : send_all(d, f, n);
		d->frames += n;
	}
	fprintf(stderr, "ms-relay: %s: %s\n", d->name, strerror(-err));
	exit(EXIT_FAILURE);
}

static int open_tap_side(struct side *s, const char *ifname, bool macvtap)
{
	s->fd = macvtap ? pg_tapdev_open_macvtap(ifname, s->offload) :
			  pg_tapdev_open(ifname, s->offload);
	if (s->fd < 0) {
		fprintf(stderr, "ms-relay: %s: %s\n", ifname, strerror(-s->fd));
		return s->fd;
	}
	s->mem = malloc((size_t)BURST * FRAME_MAX);
	s->recv = tap_recv;
	s->send = tap_send;
	return s->mem ? 0 : -ENOMEM;
}

static int bind_tuple(struct ms_port *ms, const char *text)
{
	struct sockaddr_storage sa = { 0 };
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&sa;
	struct sockaddr_in *in = (struct sockaddr_in *)&sa;
	struct ms_tuple t;
	int fd, err;

	err = ms_tuple_from_text(&t, text);
	if (err < 0) {
		fprintf(stderr, "ms-relay: %s: not a tuple\n", text);
		return err;
	}
	sa.ss_family = t.family;
	in->sin_port = t.port;	/* sin6_port lies at the same place */
	if (t.family == AF_INET6)
		memcpy(&in6->sin6_addr, t.addr, 16);
	else
		memcpy(&in->sin_addr, t.addr, 4);
	fd = socket(t.family, t.protocol == IPPROTO_TCP ? SOCK_STREAM :
		    SOCK_DGRAM, t.protocol);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa))) {
		fprintf(stderr, "ms-relay: cannot bind %s: %m\n", text);
		return -errno;
	}
	err = ms_port_bind(ms, &t, fd);
	if (err < 0)
		fprintf(stderr, "ms-relay: %s\n", ms_last_error());
	close(fd);
	return err;
}

static int open_port_side(struct side *s, const char *name,
			  enum ms_port_kind kind, char **tuples, int n_tuples)
{
	struct ms_port_opts opts = {
		.sz = sizeof(opts),
		.kind = kind,
		.offloads = kind == MS_PORT_TAP ? MS_OFFLOAD_ALL : 0,
	};
	int err, i;

	err = ms_port_open(name, &opts, &s->ms);
	if (err < 0) {
		fprintf(stderr, "ms-relay: %s\n", ms_last_error());
		return err;
	}
	s->fd = ms_port_fd(s->ms);
	s->recv = port_recv;
	s->send = port_send;
	for (i = 0; i < n_tuples && !err; i++)
		err = bind_tuple(s->ms, tuples[i]);
	return err;
}

static int enter_netns(const char *name)
{
	char path[256];
	int fd, err = 0;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET)) {
		err = -errno;
		fprintf(stderr, "ms-relay: network namespace %s: %m\n", name);
	}
	if (fd >= 0)
		close(fd);
	return err;
}

int main(int argc, char **argv)
{
	char *tuples[TUPLES_MAX], *netns = NULL, *stack_if = NULL, *name;
	enum ms_port_kind kind = MS_PORT_TAP;
	struct side port = { .fd = -1 }, stack = { .fd = -1 };
	struct direction rx = { "port to stack", &port, &stack, 0 };
	struct direction tx = { "stack to port", &stack, &port, 0 };
	int opt, n_tuples = 0, err, sig;
	pthread_t thread;
	sigset_t set;

	while ((opt = getopt(argc, argv, "k:t:n:s:")) != -1) {
		if (opt == 'k')
			kind = strcmp(optarg, "xdp") ? MS_PORT_TAP :
						       MS_PORT_XSK;
		else if (opt == 't' && n_tuples < TUPLES_MAX)
			tuples[n_tuples++] = optarg;
		else if (opt == 'n')
			netns = optarg;
		else if (opt == 's')
			stack_if = optarg;
		else
			optind = argc;
	}
	if (optind != argc - 1 || !netns || !stack_if) {
		fprintf(stderr, "Usage: ms-relay [-k tap|xdp] [-t TUPLE]... -n NETNS -s IF PORT\n");
		return 2;
	}
	name = argv[optind];
	/* an AF_XDP port carries no offloads, so the stack must not use any */
	port.offload = stack.offload = kind == MS_PORT_TAP;
	if (!strncmp(name, "tap:", 4))
		err = open_tap_side(&port, name + 4, false);
	else if (!strncmp(name, "macvtap:", 8))
		err = open_tap_side(&port, name + 8, true);
	else
		err = open_port_side(&port, name, kind, tuples, n_tuples);
	if (!err)
		err = enter_netns(netns);
	if (!err)
		err = open_tap_side(&stack, stack_if, false);
	if (err)
		return EXIT_FAILURE;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (pthread_create(&thread, NULL, pump, &rx) ||
	    pthread_create(&thread, NULL, pump, &tx))
		return EXIT_FAILURE;
	printf("ms-relay: ready\n");
	fflush(stdout);
	sigwait(&set, &sig);
	printf("ms-relay: to stack %lu frames, from stack %lu frames\n",
	       rx.frames, tx.frames);
	return EXIT_SUCCESS;
}
