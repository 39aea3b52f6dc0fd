// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of /etc that a program sees another content of.
 *
 * The host's name servers are of no use on another network, so a configuration
 * with name servers (a SLIRP has one of its own) replaces /etc/resolv.conf but
 * for its search and options lines.  Then nsswitch.conf is replaced too: its
 * "resolve", "mymachines" or "mdns" would ask the host's daemons through local
 * sockets, past the stack.  "hosts" lines come before those of the host.
 *
 * The files have no name: they are memfds, which the program opens anew by their
 * name in /proc, so that nothing is left behind whatever happens.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "etc.h"
#include "value.h"

#define S(a) nuse_addr_print(&(a), (char[NUSE_ADDR_STRLEN]){ 0 })

/* Copy the lines of @path that begin with one of @words (or all) to @f. */
static void copy_lines(FILE *f, const char *path, const char *const *words, bool keep)
{
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while (in && (n = getline(&line, &cap, in)) > 0) {
		bool hit = false;
		const char *const *w;

		for (w = words; *w; w++)
			hit |= !strncmp(line, *w, strlen(*w));
		if (hit == keep)
			fprintf(f, "%s%s", line, line[n - 1] == '\n' ? "" : "\n");
	}
	free(line);
	if (in)
		fclose(in);
}

/* The open file @fd is seen as @name from here on. */
static void show(struct nuse_etc *e, const char *name, int fd, int fd_min)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, fd_min);

	if (high >= 0) {
		close(fd);
		fd = high;
	}
	snprintf(e->file[e->n], sizeof(e->file[0]), "/proc/self/fd/%d", fd);
	e->fd[e->n] = fd;
	e->overlay[e->n].path = name;
	e->overlay[e->n].file = e->file[e->n];
	e->n++;
}

/* Make @text a file that is seen as @path. */
static int add(struct nuse_etc *e, const char *path, char *text, size_t len, int fd_min)
{
	int fd = memfd_create(path, MFD_CLOEXEC);
	size_t done = 0;

	if (fd < 0)
		return -errno;
	while (done < len) {
		ssize_t n = write(fd, text + done, len - done);

		if (n < 0) {
			int err = errno;

			close(fd);
			return -err;
		}
		done += n;
	}
	fchmod(fd, 0444);
	show(e, path, fd, fd_min);
	return 0;
}

static void resolv(FILE *f, const struct nuse_conf *c, bool slirp)
{
	static const char *const words[] = { "search", "domain", "options", NULL };
	size_t i;

	for (i = 0; i < c->nnameservers; i++)
		fprintf(f, "nameserver %s\n", S(c->nameservers[i]));
	if (!c->nnameservers && slirp)
		fputs("nameserver 10.0.2.3\n", f);
	copy_lines(f, "/etc/resolv.conf", words, true);
}

static void nsswitch(FILE *f)
{
	static const char *const words[] = { "hosts:", NULL };

	fputs("hosts: files dns\n", f);
	copy_lines(f, "/etc/nsswitch.conf", words, false);
}

static void hosts(FILE *f, const struct nuse_conf *c)
{
	static const char *const none[] = { NULL };
	size_t i, j;

	for (i = 0; i < c->nhosts; i++) {
		fputs(S(c->hosts[i].addr), f);
		for (j = 0; j < c->hosts[i].names.n; j++)
			fprintf(f, " %s", c->hosts[i].names.v[j]);
		fputc('\n', f);
	}
	copy_lines(f, "/etc/hosts", none, false);
}

static const char *const path[] = { "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/hosts" };

int nuse_etc_make(struct nuse_etc *e, const struct nuse_conf *c, int fd_min)
{
	bool slirp = false;
	int i, ret = 0;
	size_t n;

	memset(e, 0, sizeof(*e));
	for (n = 0; n < c->nifs; n++)
		slirp |= c->ifs[n].type == NUSE_VIF_SLIRP;
	for (i = 0; i < 3 && !ret; i++) {
		char *text = NULL;
		size_t len;
		FILE *f;

		if (i < 2 ? !c->nnameservers && !slirp : !c->nhosts)
			continue;
		f = open_memstream(&text, &len);
		if (!f)
			return -ENOMEM;
		if (i == 0)
			resolv(f, c, slirp);
		else if (i == 1)
			nsswitch(f);
		else
			hosts(f, c);
		if (fclose(f))
			ret = -ENOMEM;
		if (!ret)
			ret = add(e, path[i], text, len, fd_min);
		free(text);
	}
	return ret;
}

int nuse_etc_take(struct nuse_etc *e, const char *name, const char *from, int fd_min)
{
	int i, fd;

	for (i = 0; i < 3; i++)
		if (!strcmp(name, path[i]) && e->n < 3)
			break;
	if (i == 3)
		return 0;
	fd = open(from, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	show(e, path[i], fd, fd_min);
	return 0;
}

void nuse_etc_close(struct nuse_etc *e)
{
	while (e->n)
		close(e->fd[--e->n]);
}
