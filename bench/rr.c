// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench-rr - round trips over one socket, one request under way
 *
 *	bench-rr [-u] -s PORT			answer, until killed
 *	bench-rr [-u] [-t SECONDS] [-l BYTES] ADDRESS PORT
 *
 * As netperf's TCP_RR and UDP_RR (-u), with percentiles: the client sends BYTES
 * (1), the server answers with as many, and each turn's time goes into a
 * histogram. The first tenth of the time warms up and does not count. A UDP
 * request that is not answered within 100 ms counts as lost, and the next one
 * is sent.
 */
#include "measure.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define MAX_BYTES 65507

static char buf[MAX_BYTES];

static void no_delay(int fd)
{
	int one = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0)
		die("TCP_NODELAY");
}

static void serve_udp(int fd)
{
	struct sockaddr_in from;
	socklen_t len;
	ssize_t n;

	for (;;) {
		len = sizeof(from);
		n = recvfrom(fd, buf, sizeof(buf), 0, (void *)&from, &len);
		if (n < 0)
			die("recvfrom");
		if (sendto(fd, buf, n, 0, (void *)&from, len) < 0 && errno != ECONNREFUSED)
			die("sendto");
	}
}

/* The server needs not know the size: it echoes what has come. */
static void serve_tcp(int listener)
{
	ssize_t n;
	int fd;

	for (;;) {
		fd = accept(listener, NULL, NULL);
		if (fd < 0)
			die("accept");
		no_delay(fd);
		while ((n = read(fd, buf, sizeof(buf))) > 0) {
			if (write(fd, buf, n) != n)
				break;
		}
		close(fd);
	}
}

static void serve(bool udp, const char *port)
{
	int fd = serve_at(udp ? SOCK_DGRAM : SOCK_STREAM, port);

	say_ready();
	if (udp)
		serve_udp(fd);
	else
		serve_tcp(fd);
}

/* Return: whether the answer came. */
static bool turn(int fd, bool udp, size_t bytes)
{
	size_t got = 0;
	ssize_t n;

	if (send(fd, buf, bytes, 0) != (ssize_t)bytes)
		die("send");
	while (got < bytes) {
		n = recv(fd, buf, bytes - got, 0);
		if (n < 0 && udp && errno == EAGAIN)
			return false;
		if (n <= 0)
			die("recv");
		got += n;
	}
	return true;
}

static void ask(bool udp, double seconds, size_t bytes, const char *addr, const char *port)
{
	static struct hist hist;
	struct sockaddr_in sin = address(addr, port);
	struct timeval patience = { .tv_sec = udp ? 0 : 2, .tv_usec = udp ? 100000 : 0 };
	int fd = socket(AF_INET, udp ? SOCK_DGRAM : SOCK_STREAM, 0);
	uint64_t start, warm, end, before, after = 0;
	unsigned long lost = 0;

	if (fd < 0)
		die("socket");
	if (connect(fd, (void *)&sin, sizeof(sin)) < 0)
		die("connect to %s port %s", addr, port);
	if (!udp)
		no_delay(fd);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		die("SO_RCVTIMEO");

	start = now_ns();
	warm = start + seconds * NSEC_PER_SEC / 10;
	end = start + seconds * NSEC_PER_SEC;
	for (before = start; before < end; before = after) {
		bool answered = turn(fd, udp, bytes);

		after = now_ns();
		if (before < warm)
			continue;
		if (answered)
			hist_add(&hist, after - before);
		else
			lost++;
	}
	result("transactions", hist.count);
	result("per_second", hist.count / ((after - warm) / (double)NSEC_PER_SEC));
	result("lost", lost);
	result("p50_us", hist_percentile(&hist, 50) / 1e3);
	result("p99_us", hist_percentile(&hist, 99) / 1e3);
}

int main(int argc, char **argv)
{
	const char *serve_port = NULL;
	double seconds = 1;
	size_t bytes = 1;
	bool udp = false;
	int opt;

	while ((opt = getopt(argc, argv, "us:t:l:")) != -1) {
		switch (opt) {
		case 'u':
			udp = true;
			break;
		case 's':
			serve_port = optarg;
			break;
		case 't':
			seconds = number(optarg, "-t", 0.01, 600);
			break;
		case 'l':
			bytes = number(optarg, "-l", 1, MAX_BYTES);
			break;
		default:
			return 2;
		}
	}
	if (serve_port)
		serve(udp, serve_port);
	if (argc - optind != 2) {
		fputs("usage: bench-rr [-u] -s PORT | [-u] [-t SECONDS] [-l BYTES] ADDRESS PORT\n",
		      stderr);
		return 2;
	}
	ask(udp, seconds, bytes, argv[optind], argv[optind + 1]);
	return 0;
}
