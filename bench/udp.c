// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench-udp - a stream of numbered datagrams, and its sink
 *
 *	bench-udp [-b BATCH] -s PORT
 *	bench-udp [-b BATCH] [-t SECONDS] [-l BYTES] ADDRESS PORT
 *
 * The sender sends as fast as its socket takes BYTES (1024) of payload, one
 * datagram a system call, or BATCH of them by sendmmsg(). Each carries its
 * number. At the end it says so a few times, and how many there were; the sink
 * then prints what it got and leaves. It also leaves when nothing came for two
 * seconds after something had come, or for 20 seconds from the start.
 *
 * "seconds" at the sink is the time from the first to the last datagram.
 * "lost" are numbers below the highest seen, or below the sender's count if that
 * became known, that never came; "late" those that came after a higher one.
 */
#include "measure.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MAX_BYTES 65507
#define MAX_BATCH 64
#define MAGIC 0x6c69626f73756470ULL	/* "libosudp" */
#define END_MARKS 20
#define BUFFER (4 << 20)

/* The first bytes of a datagram, big endian. */
struct mark {
	uint64_t magic;
	uint64_t seq;		/* or how many were sent, at the end */
	uint32_t end;
} __attribute__((packed));

struct batch {
	unsigned int n;
	struct mmsghdr msg[MAX_BATCH];
	struct iovec iov[MAX_BATCH];
};

static char room[MAX_BATCH][MAX_BYTES];

static void batch_init(struct batch *b, unsigned int n, size_t bytes)
{
	unsigned int i;

	memset(b, 0, sizeof(*b));
	b->n = n;
	for (i = 0; i < n; i++) {
		b->iov[i].iov_base = room[i];
		b->iov[i].iov_len = bytes;
		b->msg[i].msg_hdr.msg_iov = &b->iov[i];
		b->msg[i].msg_hdr.msg_iovlen = 1;
	}
}

static int open_socket(int which, int buffer)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int force = which == SO_RCVBUF ? SO_RCVBUFFORCE : SO_SNDBUFFORCE;

	if (fd < 0)
		die("socket");
	/* As large as may be: a stack that keeps up does not need it. */
	if (setsockopt(fd, SOL_SOCKET, force, &buffer, sizeof(buffer)) < 0)
		setsockopt(fd, SOL_SOCKET, which, &buffer, sizeof(buffer));
	return fd;
}

struct tally {
	uint64_t packets, bytes, calls, late, highest, sent;
	uint64_t first_ns, last_ns;
	bool ended;
};

/* Return: whether the datagram was one of the stream. */
static bool take(struct tally *t, const char *data, size_t len)
{
	struct mark mark;
	uint64_t seq;

	if (len < sizeof(mark))
		return false;
	memcpy(&mark, data, sizeof(mark));
	if (be64toh(mark.magic) != MAGIC)
		return false;
	seq = be64toh(mark.seq);
	if (mark.end) {
		t->sent = seq;
		t->ended = true;
		return false;
	}
	t->packets++;
	t->bytes += len;
	if (seq < t->highest)
		t->late++;
	else
		t->highest = seq;
	return true;
}

static int receive(int fd, struct batch *b)
{
	ssize_t n;

	if (b->n > 1)
		return recvmmsg(fd, b->msg, b->n, MSG_WAITFORONE, NULL);
	n = recv(fd, room[0], MAX_BYTES, 0);
	if (n < 0)
		return n;
	b->msg[0].msg_len = n;
	return 1;
}

static void sink(const char *port, unsigned int batch)
{
	struct sockaddr_in sin = address(NULL, port);
	struct timeval patience = { .tv_sec = 20 };
	int fd = open_socket(SO_RCVBUF, BUFFER);
	struct tally t = { 0 };
	struct batch b;
	double seconds;
	int i, n;

	if (bind(fd, (void *)&sin, sizeof(sin)) < 0)
		die("bind to port %s", port);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		die("SO_RCVTIMEO");
	batch_init(&b, batch, MAX_BYTES);
	say_ready();
	while (!t.ended) {
		bool any = false;

		n = receive(fd, &b);
		if (n < 0) {
			if (errno == EAGAIN)
				break;
			die("recv");
		}
		for (i = 0; i < n; i++)
			any |= take(&t, room[i], b.msg[i].msg_len);
		if (!any)
			continue;
		t.calls++;
		t.last_ns = now_ns();
		if (!t.first_ns) {
			t.first_ns = t.last_ns;
			patience.tv_sec = 2;
			setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		}
	}
	if (!t.packets) {
		errno = 0;
		die("nothing came to port %s", port);
	}
	seconds = (t.last_ns - t.first_ns) / (double)NSEC_PER_SEC;
	if (!t.ended)
		t.sent = t.highest + 1;
	result("packets", t.packets);
	result("sent", t.sent);
	result("lost", t.sent - t.packets);
	result("late", t.late);
	result("calls", t.calls);
	result("seconds", seconds);
	result("pps", seconds > 0 ? t.packets / seconds : 0);
	result("gbps", seconds > 0 ? t.bytes * 8 / seconds / 1e9 : 0);
}

/* Number the datagrams of a batch from @seq on and send it. Return: how many went. */
static int send_batch(int fd, struct batch *b, uint64_t seq)
{
	struct mark mark = { .magic = htobe64(MAGIC) };
	unsigned int i;
	ssize_t n;

	for (i = 0; i < b->n; i++) {
		mark.seq = htobe64(seq + i);
		memcpy(room[i], &mark, sizeof(mark));
	}
	if (b->n > 1)
		return sendmmsg(fd, b->msg, b->n, 0);
	n = send(fd, room[0], b->iov[0].iov_len, 0);
	return n < 0 ? n : 1;
}

/*
 * Errors that pass: the queue is full, or the peer's answer to an earlier
 * datagram came back.
 */
static bool passing(int err)
{
	return err == ENOBUFS || err == EAGAIN || err == ECONNREFUSED;
}

static void send_end(int fd, uint64_t sent)
{
	struct mark mark = { .magic = htobe64(MAGIC), .seq = htobe64(sent), .end = ~0u };
	struct timespec pause = { .tv_nsec = 20000000 };
	int i;

	for (i = 0; i < END_MARKS; i++) {
		nanosleep(&pause, NULL);
		/* Refused when the sink has heard it and left. */
		if (send(fd, &mark, sizeof(mark), 0) < 0 && errno == ECONNREFUSED && i)
			break;
	}
}

static void blast(double duration, size_t bytes, unsigned int batch, const char *addr,
		  const char *port)
{
	struct sockaddr_in sin = address(addr, port);
	struct timeval patience = { .tv_usec = 5000 };
	int fd = open_socket(SO_SNDBUF, BUFFER);
	uint64_t seq = 0, calls = 0, refused = 0, start, now, end;
	struct batch b;
	double seconds;
	int n;

	if (connect(fd, (void *)&sin, sizeof(sin)) < 0)
		die("connect to %s port %s", addr, port);
	/* A send that waits for room for longer was forgotten (gVisor's may be): ask anew. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
		die("SO_SNDTIMEO");
	batch_init(&b, batch, bytes);
	start = now_ns();
	end = start + duration * NSEC_PER_SEC;
	for (now = start; now < end; now = now_ns()) {
		n = send_batch(fd, &b, seq);
		calls++;
		if (n < 0 && !passing(errno))
			die("send");
		if (n < 0)
			refused++;
		else
			seq += n;
	}
	seconds = (now - start) / (double)NSEC_PER_SEC;
	send_end(fd, seq);
	result("sent", seq);
	result("calls", calls);
	result("refused", refused);
	result("seconds", seconds);
	result("pps", seq / seconds);
	result("gbps", seq * bytes * 8 / seconds / 1e9);
}

int main(int argc, char **argv)
{
	const char *sink_port = NULL;
	unsigned int batch = 1;
	double seconds = 1;
	size_t bytes = 1024;
	int opt;

	while ((opt = getopt(argc, argv, "s:t:l:b:")) != -1) {
		switch (opt) {
		case 's':
			sink_port = optarg;
			break;
		case 't':
			seconds = number(optarg, "-t", 0.01, 600);
			break;
		case 'l':
			bytes = number(optarg, "-l", sizeof(struct mark), MAX_BYTES);
			break;
		case 'b':
			batch = number(optarg, "-b", 1, MAX_BATCH);
			break;
		default:
			return 2;
		}
	}
	if (sink_port) {
		sink(sink_port, batch);
		return 0;
	}
	if (argc - optind != 2) {
		fputs("usage: bench-udp [-b BATCH] -s PORT | [-b BATCH] [-t SECONDS] [-l BYTES] ADDRESS PORT\n",
		      stderr);
		return 2;
	}
	blast(seconds, bytes, batch, argv[optind], argv[optind + 1]);
	return 0;
}
