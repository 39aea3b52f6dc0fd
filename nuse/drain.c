// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the program has left its stack to send.
 *
 * A program may write, close and exit, and the kernel delivers what it wrote: up
 * to megabytes in the send buffer of a TCP connection without owner, an SCTP
 * association that shuts down, a datagram that waits for ARP.  When nuse ends, so
 * does its kernel; so it waits for these first.
 *
 *	/proc/net/sockstat	TCP connections that were closed and are not through
 *				(FIN-WAIT-1, CLOSING, LAST-ACK)
 *	/proc/net/sctp/assocs	associations; the program has none any more
 *	RTM_GETNEIGH		neighbours being asked for (INCOMPLETE)
 *
 * A host keeps at it for minutes after its peer has gone silent.  Somebody waits
 * for nuse to end, so here it is PATIENCE_MS from the last segment that came; for
 * neighbours, which answer at once or not at all, NEIGH_MS.  Frames that an
 * impairment holds back are given the time that it takes.  The other side of a
 * connection in TIME-WAIT or FIN-WAIT-2 has got everything; it is not waited for.
 */
#include <asm/unistd.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include "drain.h"
#include "procfile.h"

#define PATIENCE_MS	5000
#define NEIGH_MS	1000
#define DELAY_SLACK_MS	20
#define NAP_MIN_US	200
#define NAP_MAX_US	20000

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

/* The number after @word in the line that begins with @line. */
static unsigned int number(const char *text, const char *line, const char *word)
{
	const char *l, *w, *end;

	for (l = text; l; l = *end ? end + 1 : NULL) {
		end = l + strcspn(l, "\n");
		if (strncmp(l, line, strlen(line)))
			continue;
		w = strstr(l, word);
		return w && w < end ? strtoul(w + strlen(word), NULL, 10) : 0;
	}
	return 0;
}

static unsigned int orphans(struct libos_thread *thr)
{
	char *text = nuse_procfile(thr, "/proc/net/sockstat");
	unsigned int n = text ? number(text, "TCP:", " orphan ") : 0;

	free(text);
	return n;
}

static unsigned int associations(struct libos_thread *thr)
{
	char *text = nuse_procfile(thr, "/proc/net/sctp/assocs"), *p;
	unsigned int lines = 0;

	for (p = text; p && (p = strchr(p, '\n')); p++)
		lines++;
	free(text);
	return lines > 1 ? lines - 1 : 0;	/* the first is a heading */
}

/* What has come in by TCP and SCTP; if it stays the same, nobody answers. */
static uint64_t arrivals(struct libos_thread *thr)
{
	char *snmp = nuse_procfile(thr, "/proc/net/snmp");
	char *sctp = nuse_procfile(thr, "/proc/net/sctp/snmp");
	const char *values = snmp ? strstr(snmp, "\nTcp: ") : NULL;
	unsigned long long segs = 0;

	/* Two lines, names and values; InSegs is the tenth. */
	values = values ? strstr(values + 1, "\nTcp: ") : NULL;
	if (values && sscanf(values, " Tcp: %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu", &segs) != 1)
		segs = 0;
	if (sctp)
		segs += number(sctp, "SctpInSCTPPacks", "SctpInSCTPPacks");
	free(snmp);
	free(sctp);
	return segs;
}

/* Is there a neighbour that has been asked for and has not answered yet? */
static bool unresolved(struct libos_thread *thr)
{
	struct {
		struct nlmsghdr h;
		struct ndmsg ndm;
	} ask = {
		.h = {
			.nlmsg_len = sizeof(ask), .nlmsg_type = RTM_GETNEIGH,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
	};
	unsigned long sock[6] = { AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE };
	_Alignas(struct nlmsghdr) char buf[16384];
	long fd = libos_call(thr, __NR_socket, sock), n;
	bool found = false, more;

	if (fd < 0)
		return false;
	n = libos_call(thr, __NR_sendto, (unsigned long[6]){ fd, (unsigned long)&ask, sizeof(ask) });
	for (more = n > 0; more;) {
		struct nlmsghdr *h = (void *)buf;

		n = libos_call(thr, __NR_recvfrom,
			       (unsigned long[6]){ fd, (unsigned long)buf, sizeof(buf) });
		more = n > 0;
		for (; n > 0 && NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			const struct ndmsg *ndm = NLMSG_DATA(h);

			if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
				more = false;
			else if (h->nlmsg_type == RTM_NEWNEIGH && ndm->ndm_state == NUD_INCOMPLETE)
				found = true;
		}
	}
	libos_call(thr, __NR_close, (unsigned long[6]){ fd });
	return found;
}

/* Wait in the stack, so that this thread looks after its devices meanwhile. */
static void nap(struct libos_thread *thr, unsigned int us)
{
	struct timespec ts = { 0, us * 1000 };

	libos_call(thr, __NR_ppoll, (unsigned long[6]){ 0, 0, (unsigned long)&ts });
}

unsigned int nuse_drain(struct libos_thread *thr, uint64_t delay_ns, bool (*stop)(void))
{
	uint64_t delay = delay_ns ? delay_ns / 1000000 + DELAY_SLACK_MS : 0;
	uint64_t start = now_ms(), heard = start, idle = start, came = 0, more, now;
	unsigned int us = NAP_MIN_US, left;
	bool busy = false;

	for (;;) {
		now = now_ms();
		left = orphans(thr) + associations(thr);
		if (left) {
			more = arrivals(thr);
			if (more != came)
				heard = now;
			came = more;
			if (now - heard >= PATIENCE_MS + 2 * delay)
				return left;
			busy = true;
		} else if (now - start < NEIGH_MS + 2 * delay && unresolved(thr)) {
			busy = true;
		} else if (busy) {
			/* What has been waiting has just been sent. */
			busy = false;
			idle = now;
		}
		if (!busy && now - idle >= delay)
			return 0;
		if (stop())
			return left;
		nap(thr, us);
		us = us * 2 < NAP_MAX_US ? us * 2 : NAP_MAX_US;
	}
}
