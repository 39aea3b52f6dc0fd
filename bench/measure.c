// SPDX-License-Identifier: GPL-2.0-only
/* What the measuring programs share: clock, histogram, addresses, messages. */
#include "measure.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

/*
 * Values below HIST_SUB have a bucket each; above, the position of the highest
 * bit picks a row and the HIST_SUB_BITS bits after it the bucket therein.
 */
static unsigned int bucket_of(uint64_t ns)
{
	unsigned int shift;

	if (ns < HIST_SUB)
		return ns;
	shift = 63 - __builtin_clzll(ns) - HIST_SUB_BITS;
	return (shift + 1) * HIST_SUB + (ns >> shift) - HIST_SUB;
}

/* The middle of a bucket. */
static uint64_t value_of(unsigned int bucket)
{
	unsigned int shift;

	if (bucket < HIST_SUB)
		return bucket;
	shift = bucket / HIST_SUB - 1;
	return ((uint64_t)(bucket % HIST_SUB + HIST_SUB) << shift) + (1ULL << shift) / 2;
}

void hist_add(struct hist *h, uint64_t ns)
{
	h->count++;
	h->bucket[bucket_of(ns)]++;
}

uint64_t hist_percentile(const struct hist *h, double percent)
{
	uint64_t rank = h->count * percent / 100, seen = 0;
	unsigned int i;

	if (!h->count)
		return 0;
	if (rank >= h->count)
		rank = h->count - 1;
	for (i = 0; i < HIST_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen > rank)
			break;
	}
	return value_of(i);
}

void die(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	if (err)
		fprintf(stderr, ": %s", strerror(err));
	fputc('\n', stderr);
	exit(1);
}

double number(const char *text, const char *what, double min, double max)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || value < min || value > max) {
		errno = 0;
		die("%s '%s': expected a number from %g to %g", what, text, min, max);
	}
	return value;
}

struct sockaddr_in address(const char *addr, const char *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };

	if (addr && inet_pton(AF_INET, addr, &sin.sin_addr) != 1) {
		errno = 0;
		die("'%s': expected an IPv4 address", addr);
	}
	if (port)
		sin.sin_port = htons(number(port, "port", 1, 65535));
	return sin;
}

int serve_at(int type, const char *port)
{
	struct sockaddr_in sin = address(NULL, port);
	int fd = socket(AF_INET, type, 0), one = 1;

	if (fd < 0)
		die("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
		die("SO_REUSEADDR");
	if (bind(fd, (void *)&sin, sizeof(sin)) < 0)
		die("bind to port %s", port);
	if (!(type & SOCK_DGRAM) && listen(fd, 4096) < 0)
		die("listen");
	return fd;
}

void result(const char *name, double value)
{
	printf("%s %.15g\n", name, value);
}

static void leave(int sig)
{
	_exit(0);
}

void say_ready(void)
{
	signal(SIGTERM, leave);
	puts("ready");
	fflush(stdout);
}
