// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asking running stacks: nuse --list, nuse --stop.
 *
 * The answers (home.h) come from another process of the same user, perhaps of
 * another version: what cannot be read is passed over.
 */
#include <errno.h>
#include <inttypes.h>
#include <libos/remote.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "ask.h"
#include "home.h"
#include "key.h"
#include "run.h"

/* Programs have NUSE_STOP_MS, and what they have sent is delivered (drain.c). */
#define STOP_PATIENCE_MS (NUSE_STOP_MS + 15000)

/* --- what a stack says of itself --------------------------------------------- */

struct program {
	int pid;
	unsigned int threads;
	uint64_t calls;
	char *name;
};

struct interface {
	char name[16];
	uint64_t rx_bytes, rx_packets, tx_bytes, tx_packets;
};

struct info {
	int version, pid, programs;
	char kernel[64];
	uint64_t uptime_ns;
	struct program *prog;
	size_t nprog;
	struct interface *ifc;
	size_t nifc;
};

static void read_program(struct info *in, char *row)
{
	struct program *p = nuse_grow(in->prog, in->nprog, sizeof(*p));
	int at = 0;

	if (!p)
		return;
	in->prog = p;
	p += in->nprog;
	if (sscanf(row, "program %d %u %" SCNu64 " %n", &p->pid, &p->threads, &p->calls, &at) == 3 &&
	    at) {
		p->name = row + at;
		in->nprog++;
	}
}

static void read_interface(struct info *in, const char *row)
{
	struct interface *i = nuse_grow(in->ifc, in->nifc, sizeof(*i));

	if (!i)
		return;
	in->ifc = i;
	i += in->nifc;
	if (sscanf(row, "interface %15s %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, i->name,
		   &i->rx_bytes, &i->rx_packets, &i->tx_bytes, &i->tx_packets) == 5)
		in->nifc++;
}

/* @text is cut into lines, and stays with @in. */
static void read_info(struct info *in, char *text)
{
	char *row, *save;

	memset(in, 0, sizeof(*in));
	for (row = strtok_r(text, "\n", &save); row; row = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(row, "program ", 8))
			read_program(in, row);
		else if (!strncmp(row, "interface ", 10))
			read_interface(in, row);
		else if (sscanf(row, "nuse %d", &in->version) != 1 &&
			 sscanf(row, "pid %d", &in->pid) != 1 &&
			 sscanf(row, "kernel %63s", in->kernel) != 1 &&
			 sscanf(row, "uptime %" SCNu64, &in->uptime_ns) != 1)
			sscanf(row, "programs %d", &in->programs);
	}
}

static void free_info(struct info *in)
{
	free(in->prog);
	free(in->ifc);
}

/* --- for people --------------------------------------------------------------- */

static const char *bytes(uint64_t n, char buf[16])
{
	static const char unit[] = " KMGTP";
	double v = n;
	int i = 0;

	while (v >= 1000 && unit[i + 1]) {
		v /= 1024;
		i++;
	}
	snprintf(buf, 16, v < 10 && i ? "%.1f%c" : "%.0f%c", v, unit[i]);
	buf[strcspn(buf, " ")] = '\0';
	return buf;
}

static const char *duration(uint64_t ns, char buf[24])
{
	uint64_t s = ns / 1000000000;

	if (s < 60)
		snprintf(buf, 24, "%us", (unsigned int)s);
	else if (s < 3600)
		snprintf(buf, 24, "%um%02us", (unsigned int)(s / 60), (unsigned int)(s % 60));
	else if (s < 86400)
		snprintf(buf, 24, "%uh%02um", (unsigned int)(s / 3600),
			 (unsigned int)(s / 60 % 60));
	else
		snprintf(buf, 24, "%" PRIu64 "d%02uh", s / 86400, (unsigned int)(s / 3600 % 24));
	return buf;
}

/* Who it is, and who moved what: its own loopback and idle templates do not count. */
static void row(const char *name, const struct info *in)
{
	char a[24], b[16], c[16], ifs[256] = "", progs[256] = "";
	uint64_t rx = 0, tx = 0;
	size_t i, n = 0;

	for (i = 0; i < in->nifc; i++) {
		const struct interface *f = &in->ifc[i];

		if (!strcmp(f->name, "lo"))
			continue;
		rx += f->rx_bytes;
		tx += f->tx_bytes;
		if (f->rx_packets || f->tx_packets)
			n += snprintf(ifs + n, sizeof(ifs) - n, "%s%s", n ? "," : "", f->name);
		if (n >= sizeof(ifs))
			break;
	}
	for (i = n = 0; i < in->nprog && n < 40; i++)
		n += snprintf(progs + n, sizeof(progs) - n, "%s%.32s", n ? "," : "",
			      in->prog[i].name);
	if (in->programs > (int)i)
		snprintf(progs + n, sizeof(progs) - n, ",... (%d)", in->programs);
	printf("%-16s %7d  %-10s %8s %7s %7s  %-12s %s\n", name, in->pid, in->kernel,
	       duration(in->uptime_ns, a), bytes(rx, b), bytes(tx, c), *ifs ? ifs : "-",
	       *progs ? progs : "-");
}

/* --- for programs ------------------------------------------------------------- */

static void json_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			printf("\\%c", *s);
		else if ((unsigned char)*s < ' ' || (unsigned char)*s >= 127)
			printf("\\u%04x", (unsigned char)*s);
		else
			putchar(*s);
	}
	putchar('"');
}

static void json(const char *name, const struct info *in)
{
	size_t i;

	printf("{\"name\": \"%s\", \"pid\": %d, \"kernel\": ", name, in->pid);
	json_string(in->kernel);
	printf(", \"uptime_ns\": %" PRIu64 ",\n  \"interfaces\": [", in->uptime_ns);
	for (i = 0; i < in->nifc; i++) {
		const struct interface *f = &in->ifc[i];

		printf("%s\n    {\"name\": ", i ? "," : "");
		json_string(f->name);
		printf(", \"rx_bytes\": %" PRIu64 ", \"rx_packets\": %" PRIu64
		       ", \"tx_bytes\": %" PRIu64 ", \"tx_packets\": %" PRIu64 "}",
		       f->rx_bytes, f->rx_packets, f->tx_bytes, f->tx_packets);
	}
	printf("],\n  \"programs_total\": %d, \"programs\": [", in->programs);
	for (i = 0; i < in->nprog; i++) {
		const struct program *p = &in->prog[i];

		printf("%s\n    {\"pid\": %d, \"threads\": %u, \"calls\": %" PRIu64 ", \"name\": ",
		       i ? "," : "", p->pid, p->threads, p->calls);
		json_string(p->name);
		putchar('}');
	}
	printf("]}");
}

struct list {
	bool json;
	int told;
};

static int list_one(void *arg, const char *name, int sock)
{
	struct list *l = arg;
	char text[NUSE_ANSWER_MAX];
	struct info in;
	int n = libos_ask(sock, "info", text, sizeof(text));

	if (n < 0) {
		nuse_say("the stack %s does not answer: %s", name, strerror(-n));
		return 0;
	}
	read_info(&in, text);
	if (l->json)
		printf("%s", l->told ? ",\n " : "[");
	else if (!l->told)
		printf("%-16s %7s  %-10s %8s %7s %7s  %-12s %s\n", "NAME", "PID", "KERNEL",
		       "UPTIME", "RX", "TX", "INTERFACES", "PROGRAMS");
	l->told++;
	(l->json ? json : row)(name, &in);
	free_info(&in);
	return 0;
}

int nuse_list(bool as_json)
{
	struct list l = { .json = as_json };
	struct nuse_err err;
	int ret = nuse_name_each(list_one, &l, &err);

	if (as_json)
		printf("%s]\n", l.told ? "" : "[");
	if (ret >= 0)
		return 0;
	nuse_say("%s", err.text);
	return NUSE_EXIT_FAILED;
}

/* --- the end ------------------------------------------------------------------ */

int nuse_stop(const char *name)
{
	struct pollfd p = { .events = POLLIN };
	char text[NUSE_ANSWER_MAX];
	struct nuse_err err;
	struct info in;
	int sock, n;

	sock = nuse_name_connect(name, 0, &err);
	if (sock < 0) {
		nuse_say("%s", err.text);
		return NUSE_EXIT_FAILED;
	}
	n = libos_ask(sock, "stop", text, sizeof(text));
	close(sock);
	/* It may have been about to end by itself. */
	if (n == -ECONNRESET || n == -EPIPE)
		return 0;
	if (n < 0) {
		nuse_say("cannot stop the stack %s: %s", name, strerror(-n));
		return NUSE_EXIT_FAILED;
	}
	read_info(&in, text);
	free_info(&in);
	p.fd = in.pid > 0 ? syscall(SYS_pidfd_open, in.pid, 0) : -1;
	if (p.fd < 0)
		return 0;
	do {
		n = poll(&p, 1, STOP_PATIENCE_MS);
	} while (n < 0 && errno == EINTR);
	close(p.fd);
	if (n > 0)
		return 0;
	nuse_say("the stack %s (pid %d) does not end", name, in.pid);
	return NUSE_EXIT_FAILED;
}
