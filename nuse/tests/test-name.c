// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of stacks: which are allowed, which directory is trusted, who gets one that
 * two want, and that dead ones go.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "nuse/key.h"
#include "nuse/name.h"
#include "nuse/tests/tap.h"

static char top[] = "/tmp/nuse-name.XXXXXX", dir[64];
static struct nuse_err err;

static const struct {
	const char *name;
	int good;
} names[] = {
	{ "web", 1 }, { "a", 1 }, { "A-Z_0.9", 1 }, { "0", 1 }, { "_", 1 },
	{ "12345678901234567890123456789012", 1 },
	{ "123456789012345678901234567890123", 0 },
	{ "", 0 }, { ".", 0 }, { "..", 0 }, { ".web", 0 }, { "-web", 0 }, { "a/b", 0 },
	{ "../web", 0 }, { "a b", 0 }, { "web\n", 0 }, { "w\xc3\xa9" "b", 0 }, { "a\x7f", 0 },
};

static int exists(const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return !lstat(path, &st);
}

static int count(void *arg, const char *name, int sock)
{
	strcat(arg, name);
	strcat(arg, " ");
	return 0;
}

static void allowed(void)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int ret = nuse_name_check("--name", names[i].name, &err);

		ok((ret == 0) == names[i].good, "%s: %s", nuse_quote(names[i].name),
		   names[i].good ? "allowed" : "refused");
	}
}

static void one_at_a_time(void)
{
	struct nuse_name a, b;
	int fd, fd2, c;
	char seen[64] = "";

	c = nuse_name_connect("web", 0, &err);
	ok(c == -ENOENT && strstr(err.text, "no stack named web"), "no directory: no stack");
	fd = nuse_name_claim(&a, "web", 0, &err);
	ok(fd >= 0 && exists("web"), "a name is taken");
	fd2 = nuse_name_claim(&b, "web", 0, &err);
	ok(fd2 == -EADDRINUSE && strstr(err.text, "of that name is running"), "and is not free");
	fd2 = nuse_name_claim(&b, "db", 500, &err);
	ok(fd2 >= 500 && b.dir >= 500, "another is; its files are where they are to be");
	c = nuse_name_connect("web", 600, &err);
	ok(c >= 600, "one connects");
	close(c);
	ok(nuse_name_each(count, seen, &err) == 0 && !strcmp(seen, "db web "),
	   "all are visited in order");
	why("seen", seen);

	/* Its home is killed. */
	close(fd);
	ok(exists("web"), "a dead socket is there");
	c = nuse_name_connect("web", 0, &err);
	ok(c == -ENOENT && !exists("web"), "who connects removes it");
	fd = nuse_name_claim(&a, "web", 0, &err);
	close(fd);
	*seen = '\0';
	ok(!nuse_name_each(count, seen, &err) && !strcmp(seen, "db ") && !exists("web"),
	   "who lists, too");
	fd = nuse_name_claim(&a, "web", 0, &err);
	close(fd);
	fd = nuse_name_claim(&b, "web", 0, &err);
	ok(fd >= 0, "who takes it gets it");
	nuse_name_release(&a);
	ok(exists("web"), "the dead one's release removes nothing of the living one's");
	nuse_name_release(&b);
	ok(!exists("web"), "its own removes it");
	close(fd);
	close(fd2);
}

/* Processes that all want a dead name: one gets it. */
static void race(void)
{
	enum { N = 16 };
	struct nuse_name n;
	int start[2], hold[2], won = 0, lost = 0, status, i, fd;
	char c;

	fd = nuse_name_claim(&n, "race", 0, &err);
	close(fd);
	if (pipe(start) || pipe(hold))
		exit(1);
	for (i = 0; i < N; i++) {
		if (fork())
			continue;
		close(start[1]);
		close(hold[1]);
		if (read(start[0], &c, 1) < 0)
			_exit(9);
		fd = nuse_name_claim(&n, "race", 0, &err);
		/* Held until all have tried. */
		if (fd < 0)
			_exit(fd == -EADDRINUSE ? 1 : 9);
		if (read(hold[0], &c, 1) < 0)
			_exit(9);
		_exit(0);
	}
	close(start[1]);
	for (i = 0; i < N - 1; i++) {
		if (wait(&status) < 0)
			break;
		lost += WIFEXITED(status) && WEXITSTATUS(status) == 1;
	}
	close(hold[1]);
	if (wait(&status) > 0)
		won = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	ok(won == 1 && lost == N - 1, "of %d that want a dead name one gets it", N);
}

static void trust(void)
{
	struct nuse_name n;
	char link[80];
	int fd;

	chmod(dir, 0755);
	fd = nuse_name_claim(&n, "x", 0, &err);
	ok(fd < 0 && strstr(err.text, "mode 755"), "a directory that others may enter");
	ok(nuse_name_connect("x", 0, &err) < 0 && strstr(err.text, "mode 755"),
	   "nothing in it is connected to");
	chmod(dir, 0700);
	snprintf(link, sizeof(link), "%s-", dir);
	if (rename(dir, link) || symlink(link, dir))
		exit(1);
	fd = nuse_name_claim(&n, "x", 0, &err);
	ok(fd < 0 && strstr(err.text, "cannot use the directory"), "a symbolic link");
	if (unlink(dir) || rename(link, dir))
		exit(1);
	if (geteuid() == 0) {
		if (chown(dir, 65534, 65534))
			exit(1);
		fd = nuse_name_claim(&n, "x", 0, &err);
		ok(fd < 0 && strstr(err.text, "is user 65534's"), "another user's directory");
		if (chown(dir, 0, 0))
			exit(1);
	}
	/* A directory for runtime files that is somebody else's is not used at all. */
	chmod(top, 0777);
	ok(nuse_name_connect("x", 0, &err) == -ENOENT, "XDG_RUNTIME_DIR that all may write to");
	chmod(top, 0700);
}

int main(void)
{
	char rm[128];

	limit(60);
	if (!mkdtemp(top))
		return 1;
	setenv("XDG_RUNTIME_DIR", top, 1);
	snprintf(dir, sizeof(dir), "%s/libos", top);
	allowed();
	one_at_a_time();
	race();
	trust();
	snprintf(rm, sizeof(rm), "rm -rf %s", top);
	if (system(rm))
		return 1;
	return done();
}
