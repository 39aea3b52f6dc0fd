// SPDX-License-Identifier: GPL-2.0-only
/*
 * The names of running stacks.
 *
 *	$XDG_RUNTIME_DIR/libos/		0700, ours
 *		web			socket, the home of the stack "web" listens
 *		db
 *
 * Without a usable $XDG_RUNTIME_DIR the directory is /run/user/UID/libos, or
 * /tmp/libos-UID.  The last one may have been made by anybody: a directory is used
 * only if it is no symbolic link, is ours, and nobody else may enter it, and all is
 * done relative to the file that was opened for that check.  So whoever gets at a
 * socket is its owner, or root; both ends ask SO_PEERCRED all the same.
 *
 * A socket outlives a home that is killed.  Nobody listens then, and connect()
 * is refused: whoever meets such a name removes it.  To see that a name is free, to
 * remove it and to bind it is one step under a lock on the directory; without it two
 * homes could both find the same dead socket, and one remove the other's new one.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include "key.h"
#include "name.h"

#define ANSWER_SECONDS 10

int nuse_name_check(const char *what, const char *name, struct nuse_err *err)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_.-";
	size_t len = strlen(name);

	if (len >= 1 && len <= NUSE_NAME_MAX && strspn(name, chars) == len &&
	    name[0] != '.' && name[0] != '-')
		return 0;
	return nuse_fail(err, NULL, "%s: found %s, expected 1 to %d letters, digits, \"_\", \".\" or \"-\", the first of them no \".\" or \"-\"",
			 what, nuse_quote(name), NUSE_NAME_MAX);
}

static int high(int fd, int fd_min)
{
	int moved = fd < 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, fd_min);

	if (moved < 0)
		return fd;
	close(fd);
	return moved;
}

/* --- the directory --------------------------------------------------------- */

static bool is_ours(const char *dir)
{
	struct stat st;

	return dir[0] == '/' && !stat(dir, &st) && S_ISDIR(st.st_mode) &&
	       st.st_uid == geteuid() && !(st.st_mode & 022);
}

static int dir_path(char *buf, size_t len)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	char run[64];
	int n;

	snprintf(run, sizeof(run), "/run/user/%u", geteuid());
	/* After su(1) it may be somebody else's. */
	if (xdg && is_ours(xdg))
		n = snprintf(buf, len, "%s/libos", xdg);
	else if (is_ours(run))
		n = snprintf(buf, len, "%s/libos", run);
	else
		n = snprintf(buf, len, "/tmp/libos-%u", geteuid());
	return n < 0 || (size_t)n >= len ? -ENAMETOOLONG : 0;
}

/* Open the directory; -ENOENT, without a message, if it is not there and not to be. */
static int open_dir(bool create, struct nuse_err *err)
{
	struct stat st;
	char path[4096];
	int fd, ret;

	ret = dir_path(path, sizeof(path));
	if (ret < 0) {
		nuse_fail(err, NULL, "XDG_RUNTIME_DIR: found a path of more than %zu bytes",
			  sizeof(path));
		return ret;
	}
	if (create && mkdir(path, 0700) < 0 && errno != EEXIST) {
		ret = -errno;
		nuse_fail(err, NULL, "cannot make the directory %s: %s", path, strerror(-ret));
		return ret;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && !create)
		return -ENOENT;
	if (fd < 0 || fstat(fd, &st) < 0) {
		ret = -errno;
		nuse_fail(err, NULL, "cannot use the directory %s: %s", path, strerror(-ret));
	} else if (st.st_uid != geteuid()) {
		ret = nuse_fail(err, NULL, "cannot use the directory %s: found that it is user %u's, expected user %u's; set XDG_RUNTIME_DIR",
				path, st.st_uid, geteuid());
	} else if (st.st_mode & 077) {
		ret = nuse_fail(err, NULL, "cannot use the directory %s: found mode %03o, expected 700: others could have put something there",
				path, st.st_mode & 0777);
	} else {
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return ret;
}

static void lock(int dir)
{
	while (flock(dir, LOCK_EX) < 0 && errno == EINTR)
		;
}

static void unlock(int dir)
{
	flock(dir, LOCK_UN);
}

/* --- sockets --------------------------------------------------------------- */

/* By the open directory: the one that was checked, and short enough in any case. */
static void address(struct sockaddr_un *sun, int dir, const char *name)
{
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	snprintf(sun->sun_path, sizeof(sun->sun_path), "/proc/self/fd/%d/%s", dir, name);
}

static int new_socket(int fd_min)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : high(fd, fd_min);
}

/*
 * Return: connected socket; -ECONNREFUSED (nobody listens), -ENOENT, -EAGAIN (too
 * many wait before us), -EPERM (another user's).
 */
static int try_connect(int dir, const char *name, int fd_min)
{
	struct timeval patience = { .tv_sec = ANSWER_SECONDS };
	struct sockaddr_un sun;
	struct ucred peer;
	socklen_t len = sizeof(peer);
	int fd = new_socket(fd_min), ret;

	if (fd < 0)
		return fd;
	address(&sun, dir, name);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	do {
		ret = connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ? -errno : 0;
	} while (ret == -EINTR);
	/* The one who listened; root could be anybody's. */
	if (!ret && !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) &&
	    peer.uid != geteuid() && peer.uid)
		ret = -EPERM;
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

/* Remove a name whose stack is gone; the directory is locked. */
static void sweep(int dir, const char *name)
{
	int fd = try_connect(dir, name, 0);

	if (fd >= 0)
		close(fd);
	else if (fd == -ECONNREFUSED)
		unlinkat(dir, name, 0);
}

/* Connect; a socket that nobody serves is removed and -ENOENT. */
static int reach(int dir, const char *name, int fd_min)
{
	int fd = try_connect(dir, name, fd_min);

	if (fd != -ECONNREFUSED)
		return fd;
	lock(dir);
	/* It may be a home's that has bound it and will listen in a moment. */
	sweep(dir, name);
	unlock(dir);
	return try_connect(dir, name, fd_min);
}

/* --- what others call ------------------------------------------------------ */

static int bind_name(struct nuse_name *n, int fd, int fd_min)
{
	struct sockaddr_un sun;
	mode_t mask;
	int ret, one = 1;

	/* Before the first connection: what comes on it says who sent it. */
	setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one));
	address(&sun, n->dir, n->name);
	mask = umask(0177);
	ret = bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ? -errno : 0;
	umask(mask);
	if (ret)
		return ret;
	n->own = high(openat(n->dir, n->name, O_PATH | O_NOFOLLOW | O_CLOEXEC), fd_min);
	if (n->own >= 0 && listen(fd, 64) == 0)
		return 0;
	ret = -errno;
	unlinkat(n->dir, n->name, 0);
	return ret;
}

int nuse_name_claim(struct nuse_name *n, const char *name, int fd_min, struct nuse_err *err)
{
	int fd, ret;

	memset(n, 0, sizeof(*n));
	n->dir = open_dir(true, err);
	if (n->dir < 0)
		return n->dir;
	n->dir = high(n->dir, fd_min);
	snprintf(n->name, sizeof(n->name), "%s", name);
	fd = new_socket(fd_min);
	ret = fd < 0 ? fd : 0;
	if (!ret) {
		lock(n->dir);
		sweep(n->dir, name);
		ret = bind_name(n, fd, fd_min);
		unlock(n->dir);
	}
	if (!ret)
		return fd;
	if (ret == -EADDRINUSE)
		nuse_fail(err, NULL, "--name %s: a stack of that name is running; take another name, or stop it by nuse --stop %s",
			  name, name);
	else
		nuse_fail(err, NULL, "--name %s: %s", name, strerror(-ret));
	if (fd >= 0)
		close(fd);
	close(n->dir);
	n->name[0] = '\0';
	return ret;
}

void nuse_name_release(struct nuse_name *n)
{
	struct stat now, own;

	if (!n->name[0])
		return;
	lock(n->dir);
	if (!fstatat(n->dir, n->name, &now, AT_SYMLINK_NOFOLLOW) && !fstat(n->own, &own) &&
	    now.st_dev == own.st_dev && now.st_ino == own.st_ino)
		unlinkat(n->dir, n->name, 0);
	unlock(n->dir);
	close(n->own);
	close(n->dir);
	n->name[0] = '\0';
}

int nuse_name_connect(const char *name, int fd_min, struct nuse_err *err)
{
	int dir, fd;

	fd = nuse_name_check("the name of a stack", name, err);
	if (fd < 0)
		return fd;
	dir = open_dir(false, err);
	if (dir < 0 && dir != -ENOENT)
		return dir;
	fd = dir < 0 ? dir : reach(dir, name, fd_min);
	if (dir >= 0)
		close(dir);
	if (fd == -ENOENT || fd == -ECONNREFUSED)
		nuse_fail(err, NULL, "found no stack named %s, expected one that nuse --list shows",
			  name);
	else if (fd == -EPERM)
		nuse_fail(err, NULL, "the stack %s is another user's", name);
	else if (fd == -EAGAIN)
		nuse_fail(err, NULL, "the stack %s does not answer", name);
	else if (fd < 0)
		nuse_fail(err, NULL, "cannot connect to the stack %s: %s", name, strerror(-fd));
	return fd;
}

static int is_name(const struct dirent *e)
{
	struct nuse_err err;

	return !nuse_name_check("", e->d_name, &err);
}

int nuse_name_each(int (*fn)(void *arg, const char *name, int sock), void *arg,
		   struct nuse_err *err)
{
	int dir = open_dir(false, err), n, i, fd, ret = 0;
	struct dirent **e;

	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	n = scandirat(dir, ".", &e, is_name, alphasort);
	if (n < 0)
		ret = nuse_nomem(err, NULL);
	for (i = 0; i < n; i++) {
		fd = ret ? -1 : reach(dir, e[i]->d_name, 0);
		if (fd >= 0) {
			ret = fn(arg, e[i]->d_name, fd);
			close(fd);
		}
		free(e[i]);
	}
	if (n >= 0)
		free(e);
	close(dir);
	return ret;
}
