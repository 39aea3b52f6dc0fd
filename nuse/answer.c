// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a home answers, see home.h.
 *
 * Interfaces are those that the stack's kernel has, not those of the
 * configuration: an attached "ip link add wg0 …" counts.  The home asks its own stack
 * for that, by an identity that it keeps for the purpose.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "answer.h"
#include "procfile.h"
#include "value.h"

#define TOLD 128	/* programs in an answer, at most */

struct text {
	char *s;
	size_t n, max;
};

/* A whole line, or nothing of it. */
__attribute__((format(printf, 2, 3)))
static void line(struct text *t, const char *fmt, ...)
{
	size_t room = t->max - t->n;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->s + t->n, room, fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n + 1 < room) {
		t->n += n;
		t->s[t->n++] = '\n';
	}
	if (t->n < t->max)
		t->s[t->n] = '\0';
}

/* A program may give itself any name. */
static const char *one_line(char *name)
{
	char *c;

	for (c = name; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = '?';
	return name;
}

static void programs(const struct nuse_home *h, struct text *t)
{
	const char *own = __atomic_load_n(&h->prog, __ATOMIC_ACQUIRE), *slash;
	struct libos_client_info info[TOLD];
	int n = libos_serve_clients(h->srv, info, TOLD), i;
	char name[16];

	line(t, "programs %d", n + !!own);
	if (own) {
		slash = strrchr(own, '/');
		snprintf(name, sizeof(name), "%s", slash ? slash + 1 : own);
		line(t, "program %d 0 0 %s", getpid(), one_line(name));
	}
	for (i = 0; i < n && i < TOLD; i++) {
		snprintf(name, sizeof(name), "%.15s", info[i].comm);
		line(t, "program %d %u %" PRIu64 " %s", info[i].pid, info[i].threads,
		     info[i].calls, one_line(name));
	}
}

/* "  eth0: RXBYTES RXPACKETS ... (8 columns) TXBYTES TXPACKETS ...", after two lines. */
static void interfaces(const struct nuse_home *h, struct text *t)
{
	char *text = nuse_procfile(h->asker, "/proc/net/dev"), *row, *save;
	uint64_t v[10];
	char name[16];

	for (row = text ? strtok_r(text, "\n", &save) : NULL; row;
	     row = strtok_r(NULL, "\n", &save)) {
		if (sscanf(row, " %15[^: ]: %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
			   " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
			   " %" SCNu64, name, &v[0], &v[1], &v[2], &v[3], &v[4], &v[5],
			   &v[6], &v[7], &v[8], &v[9]) == 11)
			line(t, "interface %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64,
			     name, v[0], v[1], v[8], v[9]);
	}
	free(text);
}

static void info(const struct nuse_home *h, struct text *t)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	line(t, "pid %d", getpid());
	line(t, "kernel %s", libos_version(libos_thread_os(h->thr)));
	line(t, "uptime %" PRId64,
	     (int64_t)(now.tv_sec * 1000000000LL + now.tv_nsec - h->started_ns));
	programs(h, t);
	interfaces(h, t);
}

static void share(const struct nuse_home *h, struct text *t)
{
	char addr[NUSE_ADDR_STRLEN];
	unsigned int i;
	size_t n;

	line(t, "pid %d", getpid());
	for (i = 0; i < h->etc->n; i++)
		line(t, "overlay %d %s", h->etc->fd[i], h->etc->overlay[i].path);
	for (n = 0; n < h->conf->nbypass; n++)
		line(t, "bypass %s", nuse_addr_print(&h->conf->bypass[n], addr));
}

int nuse_home_answer(void *arg, const char *question, char *reply, size_t max)
{
	struct nuse_home *h = arg;
	struct text t = { .s = reply, .max = max };
	int ret = 0;

	line(&t, "nuse %d", NUSE_ANSWERS);
	if (!strcmp(question, "info")) {
		info(h, &t);
	} else if (!strcmp(question, "share")) {
		share(h, &t);
	} else if (!strcmp(question, "stop")) {
		ret = nuse_home_stop(h);
		line(&t, "pid %d", getpid());
	} else {
		return -EINVAL;
	}
	return ret < 0 ? ret : (int)t.n;
}
