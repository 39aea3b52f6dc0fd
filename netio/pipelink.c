// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the two ends of a pipe find each other, and what happens when one is gone.
 *
 * Each end begins what it writes with a hello, which says what frames it is
 * willing to take and names the connection.  The link is up when both have been
 * heard.
 *
 * A shell pipe ("nuse router | nuse nginx") carries bytes one way only.  The
 * left end makes a pipe for the way back and tells where it is; the right end
 * opens it through /proc, which needs no privilege among processes of one user:
 *
 *	left                                          right
 *	  |--- stdout: hello {pid, fd, inode} --------> stdin
 *	  |                                             open(/proc/PID/fd/FD)
 *	  |<-- return pipe: hello {ack} --------------- |
 *	  close(FD)
 *
 * From then on only the right end holds the return pipe's writing end, so that
 * its death is an end of file on the left.
 *
 * FIFOs: both ends name one path.  Who locks path.0 first is side 0: it reads
 * path.0 and writes path.1, the other one does the reverse.  Each opens its
 * reading end at once, and its writing end when the peer reads it (until then
 * the open fails with ENXIO).  Whoever comes second succeeds at once and says
 * hello, on which the first one tries again: no timer is needed.  When the peer
 * dies both are closed and it begins anew.
 *
 * A newcomer may come before its predecessor's death has been noticed, and must
 * not go on with its predecessor's torn frame.  So it puts new FIFOs in place of
 * the old ones: who still reads the old one then sees its end, and opens anew.
 * The newcomer holds the old ones for writing meanwhile, or one who opened an old
 * one just before would wait at it forever.
 *
 * SIGPIPE.  Its handling belongs to the program, and masking it costs two calls
 * a write.  Instead each pipe that we write is kept open for reading too
 * (keep_fd): it then is never "broken", only full, and the peer's end is seen as
 * an end of file of the other direction.
 *
 * The files change over time and pollfds is asked only once: what it shows is an
 * epoll file with the present ones in it.  That also lets a file at its end be
 * taken out, which poll would call ready forever.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pipe.h"

#define TX_FEATURES	(LIBOS_NETIO_TX_CSUM | LIBOS_NETIO_TX_TSO4 | LIBOS_NETIO_TX_TSO6 | \
			 LIBOS_NETIO_TX_ECN | LIBOS_NETIO_TX_USO)

#define PIPE_WAIT_MS	1000
#define PIPE_SIZE	(1 << 20)	/* what anyone may ask for */

static __hot void watch(struct pipe *p, int op, int fd, __u32 events)
{
	struct epoll_event ev;

	ev.events = events;
	ev.data.u64 = fd;
	sys_call(SYS_epoll_ctl, p->epfd, op, fd, &ev, 0);
}

/* Say in pollfds whether there is room to write. */
__hot void pipe_watch_out(struct pipe *p, bool on)
{
	if (p->want_out == on)
		return;
	p->want_out = on;
	if (p->rfd == p->wfd)
		watch(p, EPOLL_CTL_MOD, p->rfd, on ? EPOLLIN | EPOLLOUT : EPOLLIN);
	else
		watch(p, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, p->wfd, EPOLLOUT);
}

static __hot void drop_fd(int *fd)
{
	if (*fd >= 0)
		sys_close(*fd);
	*fd = -1;
}

/* Open a pipe; the number is moved out of the program's way. */
static __hot int open_pipe(struct pipe *p, const char *path, int flags)
{
	int fd = sys_openat(path, flags | O_NONBLOCK | O_CLOEXEC), high;

	if (fd < 0 || fd >= p->fd_min)
		return fd;
	high = sys_call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, p->fd_min, 0, 0);
	if (high < 0)
		return fd;
	sys_close(fd);
	return high;
}

/* Queue our hello behind what is to be written, and try to. */
static __hot void send_hello(struct pipe *p)
{
	struct {
		struct pipe_rec rec;
		struct pipe_hello hello;
	} __attribute__((packed)) m;

	/* One that still waits will do, and tx_rest has room for just one. */
	if (p->rest_len > PIPE_TXREST - PIPE_HELLO_LEN)
		return;
	hot_zero(&m, sizeof(m));
	m.rec.magic = PIPE_MAGIC;
	m.rec.type = PIPE_HELLO;
	m.rec.version = PIPE_VERSION;
	m.rec.len = sizeof(m.hello);
	hot_copy(m.hello.tag, PIPE_TAG, sizeof(m.hello.tag));
	m.hello.features = p->offer;
	m.hello.id = p->id;
	m.hello.ack = p->peer_id;
	m.hello.fd = p->give_fd;
	m.hello.ino = p->give_ino;
	m.hello.pid = p->give_fd >= 0 ? sys_call(SYS_getpid, 0, 0, 0, 0, 0) : 0;
	if (p->rest_len && p->rest_at) {
		__u32 i;

		for (i = 0; i < p->rest_len; i++)
			((volatile char *)p->tx_rest)[i] = p->tx_rest[p->rest_at + i];
	}
	p->rest_at = 0;
	hot_copy(p->tx_rest + p->rest_len, &m, sizeof(m));
	p->rest_len += sizeof(m);
	pipe_flush(p);
}

/* "/proc/PID/fd/FD" */
static __hot void proc_path(char *to, __u32 pid, __u32 fd)
{
	static const char *const part[] = { "/proc/", "/fd/" };
	__u32 number[2] = { pid, fd };
	char digits[12];
	int i, n;

	for (i = 0; i < 2; i++) {
		const char *s = part[i];

		while (*s)
			*to++ = *s++;
		n = 0;
		do
			digits[n++] = '0' + number[i] % 10;
		while (number[i] /= 10);
		while (n)
			*to++ = digits[--n];
	}
	*to = 0;
}

static __hot bool is_pipe(int fd, __u64 ino)
{
	struct stat st;

	return !sys_call(SYS_fstat, fd, &st, 0, 0, 0) && S_ISFIFO(st.st_mode) && st.st_ino == ino;
}

/* Right end of a shell pipe: open the way back that the hello tells of. */
static __hot bool open_back(struct pipe *p, const struct pipe_hello *h)
{
	char path[40];
	int fd;

	p->failed_pid = h->pid;
	proc_path(path, h->pid, h->fd);
	fd = open_pipe(p, path, O_WRONLY);
	if (fd < 0) {
		p->failed = fd;
		return false;
	}
	p->wfd = fd;
	p->keep_fd = open_pipe(p, path, O_RDONLY);
	if (p->keep_fd < 0 || !is_pipe(p->wfd, h->ino) || !is_pipe(p->keep_fd, h->ino)) {
		p->failed = p->keep_fd < 0 ? p->keep_fd : -ESTALE;
		drop_fd(&p->keep_fd);
		drop_fd(&p->wfd);
		return false;
	}
	return true;
}

/* FIFO: open the writing end if the peer reads it. */
static __hot bool open_peer(struct pipe *p)
{
	int fd = open_pipe(p, p->path_tx, O_WRONLY);

	if (fd < 0)
		return false;
	p->wfd = fd;
	p->keep_fd = open_pipe(p, p->path_tx, O_RDONLY);
	if (p->keep_fd >= 0)
		return true;
	p->failed = p->keep_fd;
	drop_fd(&p->wfd);
	return false;
}

/* The peer's hello has come. */
__hot void pipe_heard(struct pipe *p, const struct pipe_hello *h)
{
	if (!h->id)
		return;
	p->peer_id = h->id;
	if (p->wfd < 0) {
		if (p->mode == NETIO_PIPE_STDIN)
			open_back(p, h);
		else if (p->mode == NETIO_PIPE_FIFO)
			open_peer(p);
		if (p->wfd < 0)
			return;
	}
	drop_fd(&p->give_fd);		/* the peer has its own by now */
	if (!p->settled)
		p->io.features &= ~(TX_FEATURES & ~h->features);
	p->refused = p->io.features & TX_FEATURES & ~h->features;
	if (h->ack != p->id)
		send_hello(p);
	p->io.link_up = !p->refused && p->wfd >= 0;
}

/* FIFO: read our side, and look whether the peer is there. */
static __hot void fifo_begin(struct pipe *p)
{
	p->rfd = open_pipe(p, p->path_rx, O_RDONLY);
	if (p->rfd < 0)
		return;
	watch(p, EPOLL_CTL_ADD, p->rfd, EPOLLIN);
	if (open_peer(p))
		send_hello(p);
}

/* The connection is over.  FIFOs wait for another peer. */
__hot void pipe_reset(struct pipe *p)
{
	p->io.link_up = 0;
	p->peer_id = 0;
	p->id++;
	p->rx_head = p->rx_tail = p->rx_skip = 0;
	p->rest_at = p->rest_len = 0;
	/* By hand: a forked child may hold the file, which would keep it there. */
	if (p->want_out && p->wfd != p->rfd)
		watch(p, EPOLL_CTL_DEL, p->wfd, 0);
	p->want_out = false;
	if (p->rfd >= 0)
		watch(p, EPOLL_CTL_DEL, p->rfd, 0);
	if (p->wfd == p->rfd)
		p->wfd = -1;
	drop_fd(&p->rfd);
	drop_fd(&p->keep_fd);
	drop_fd(&p->wfd);
	drop_fd(&p->give_fd);
	if (p->mode == NETIO_PIPE_FIFO)
		fifo_begin(p);
}

/* Whenever rx is called. */
__hot void pipe_service(struct pipe *p)
{
	if (p->rest_len)
		pipe_flush(p);
	if (p->mode == NETIO_PIPE_FIFO && p->wfd < 0 && p->rfd >= 0 && open_peer(p)) {
		send_hello(p);
		p->io.link_up = p->peer_id && !p->refused && p->wfd >= 0;
	}
}

/* Setting up; not hot */

/* A pipe of our own open file, so that O_NONBLOCK is nobody else's business. */
static int reopen(struct pipe *p, int fd, int flags)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open_pipe(p, path, flags);
}

/* The same open file under a number of ours. */
static int share(struct pipe *p, int fd, struct netio_err *err)
{
	int mine = fcntl(fd, F_DUPFD_CLOEXEC, p->fd_min);

	if (mine < 0 && p->fd_min)
		mine = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (mine >= 0 && !fcntl(mine, F_SETFL, fcntl(mine, F_GETFL) | O_NONBLOCK))
		return mine;
	return netio_fail(err, -errno, "pipe: file descriptor %d: %s", fd, strerror(errno));
}

/* Take over @fd for @flags (O_RDONLY, O_WRONLY); the caller's number is freed. */
static int adopt(struct pipe *p, int fd, int flags, struct netio_err *err)
{
	struct stat st;
	int type, ret;
	socklen_t len = sizeof(type);

	if (fstat(fd, &st) < 0)
		return netio_fail(err, -errno, "pipe: file descriptor %d: %s", fd,
				  strerror(errno));
	if (S_ISFIFO(st.st_mode)) {
		ret = reopen(p, fd, flags);
		return ret < 0 ? share(p, fd, err) : ret;
	}
	if (S_ISSOCK(st.st_mode) && !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) &&
	    type == SOCK_STREAM) {
		p->socket = flags != O_RDONLY || p->socket;
		return share(p, fd, err);
	}
	return netio_fail(err, -EINVAL, "pipe: file descriptor %d is neither pipe nor stream socket%s",
			  fd, p->mode == NETIO_PIPE_FDS ? "" :
			  "; use it as in: nuse ... | nuse ...");
}

static int connect_fds(struct pipe *p, int rfd, int wfd, struct netio_err *err)
{
	p->rfd = adopt(p, rfd, O_RDONLY, err);
	if (p->rfd < 0)
		return p->rfd;
	if (rfd == wfd) {
		p->wfd = p->rfd;
		p->socket = true;
	} else {
		p->wfd = adopt(p, wfd, O_WRONLY, err);
		if (p->wfd < 0)
			return p->wfd;
	}
	if (!p->socket) {
		p->keep_fd = reopen(p, wfd, O_RDONLY);
		if (p->keep_fd < 0)
			return netio_fail(err, p->keep_fd,
					  "pipe: cannot open /proc/self/fd/%d for reading: %s", wfd,
					  strerror(-p->keep_fd));
	}
	return 0;
}

static bool is_socket(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISSOCK(st.st_mode);
}

/* Left end of a shell pipe: make the way back. */
static int connect_stdout(struct pipe *p, struct netio_err *err)
{
	struct stat st;
	int fds[2];

	if (is_socket(STDOUT_FILENO))
		return connect_fds(p, STDOUT_FILENO, STDOUT_FILENO, err);
	p->wfd = adopt(p, STDOUT_FILENO, O_WRONLY, err);
	if (p->wfd < 0)
		return p->wfd;
	p->keep_fd = reopen(p, STDOUT_FILENO, O_RDONLY);
	if (p->keep_fd < 0 || pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return netio_fail(err, -errno, "pipe: cannot make the way back: %s",
				  strerror(errno));
	p->rfd = netio_fd_raise(fds[0], p->fd_min);
	p->give_fd = netio_fd_raise(fds[1], p->fd_min);
	if (fstat(p->give_fd, &st) < 0)
		return netio_fail(err, -errno, "pipe: fstat: %s", strerror(errno));
	p->give_ino = st.st_ino;
	return 0;
}

static int connect_stdin(struct pipe *p, struct netio_err *err)
{
	if (is_socket(STDIN_FILENO))
		return connect_fds(p, STDIN_FILENO, STDIN_FILENO, err);
	p->rfd = adopt(p, STDIN_FILENO, O_RDONLY, err);
	return p->rfd < 0 ? p->rfd : 0;
}

/*
 * Put a new FIFO at @path.  @old_fd gets a file that holds the old one, to be closed
 * when all is in place, or -1 if there was none.
 */
static int fifo_renew(const char *path, int *old_fd, struct netio_err *err)
{
	char fresh[PATH_MAX + 16];
	struct stat st;
	int old;

	old = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (old < 0 && errno != ENOENT)
		return netio_fail(err, -errno, "pipe: cannot open the FIFO %s: %s", path,
				  strerror(errno));
	if (old >= 0 && (fstat(old, &st) < 0 || !S_ISFIFO(st.st_mode))) {
		close(old);
		return netio_fail(err, -EINVAL, "pipe: %s is there, but is no FIFO", path);
	}
	*old_fd = old;
	snprintf(fresh, sizeof(fresh), "%s.%d", path, getpid());
	if (mkfifo(fresh, 0600) < 0 || (old >= 0 && chmod(fresh, st.st_mode & 07777) < 0) ||
	    rename(fresh, path) < 0) {
		int ret = -errno;

		unlink(fresh);
		if (old >= 0)
			return 0;	/* in a directory that we may not write to */
		return netio_fail(err, ret, "pipe: cannot make the FIFO %s: %s", path,
				  strerror(-ret));
	}
	return 0;
}

/*
 * Choose a side.  The lock is on a file of its own: one on the FIFO would need
 * it open, and that hides the peer's end.
 */
static int connect_fifo(struct pipe *p, const char *path, struct netio_err *err)
{
	char name[2][PATH_MAX], lock[PATH_MAX + 8];
	int side, fd, i, old[2] = { -1, -1 }, ret = 0;

	for (side = 0; side < 2; side++) {
		if (snprintf(name[side], PATH_MAX, "%s.%d", path, side) >= PATH_MAX)
			return netio_fail(err, -ENAMETOOLONG, "pipe: the path is too long");
		snprintf(lock, sizeof(lock), "%s.lock", name[side]);
		fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0)
			return netio_fail(err, -errno, "pipe: cannot open %s: %s", lock,
					  strerror(errno));
		if (!flock(fd, LOCK_EX | LOCK_NB))
			break;
		close(fd);
	}
	if (side == 2)
		return netio_fail(err, -EBUSY, "pipe: both sides of %s are taken by other processes",
				  path);
	p->lock_fd = netio_fd_raise(fd, p->fd_min);
	memcpy(p->path_rx, name[side], PATH_MAX);
	snprintf(p->path_tx, PATH_MAX, "%s.%d", path, !side);
	/* What the peer writes first, for it opens the two the other way round. */
	for (i = 0; i < 2 && !ret; i++)
		ret = fifo_renew(i ? p->path_tx : p->path_rx, &old[i], err);
	for (i = 0; i < 2; i++)
		if (old[i] >= 0)
			close(old[i]);
	if (ret)
		return ret;
	fifo_begin(p);
	if (p->rfd < 0)
		return netio_fail(err, p->rfd, "pipe: cannot open the FIFO %s: %s", p->path_rx,
				  strerror(-p->rfd));
	return 0;
}

/* The program must not read frames, nor print in between them. */
static int cover(int fd, struct netio_err *err)
{
	int from = fd == STDIN_FILENO ? open("/dev/null", O_RDONLY | O_CLOEXEC) :
					dup(STDERR_FILENO);
	int ret = 0;

	if (from < 0 && fd == STDOUT_FILENO)	/* no stderr either */
		from = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (from < 0 || dup2(from, fd) < 0)
		ret = netio_fail(err, -errno, "pipe: cannot replace file descriptor %d: %s", fd,
				 strerror(errno));
	if (from >= 0)
		close(from);
	return ret;
}

/* Wait for a peer, so that the stack learns of features that both have. */
static void await_peer(struct pipe *p, int wait_ms)
{
	__u64 end = sys_clock_ns(CLOCK_MONOTONIC) + wait_ms * 1000000ULL, now;
	struct pollfd pfd = { .fd = p->epfd, .events = POLLIN };

	while (!p->io.link_up && !p->failed && p->rfd >= 0) {
		now = sys_clock_ns(CLOCK_MONOTONIC);
		if (now >= end || poll(&pfd, 1, (end - now) / 1000000 + 1) <= 0)
			break;
		pipe_pump(p);
	}
}

int pipe_connect(struct pipe *p, const struct netio_pipe_opts *o, struct netio_err *err)
{
	int ret;

	if (getrandom(&p->id, sizeof(p->id), GRND_NONBLOCK) != sizeof(p->id))
		p->id = sys_clock_ns(CLOCK_REALTIME) ^ (__u64)getpid() << 32;
	p->id |= 1;
	p->epfd = netio_fd_raise(epoll_create1(EPOLL_CLOEXEC), p->fd_min);
	if (p->epfd < 0)
		return netio_fail(err, -errno, "pipe: epoll: %s", strerror(errno));
	switch (p->mode) {
	case NETIO_PIPE_FDS:
		ret = connect_fds(p, o->rfd, o->wfd, err);
		break;
	case NETIO_PIPE_STDIN:
		ret = connect_stdin(p, err);
		break;
	case NETIO_PIPE_STDOUT:
		ret = connect_stdout(p, err);
		break;
	default:
		if (!o->path || !*o->path)
			return netio_fail(err, -EINVAL, "pipe: no path given");
		ret = connect_fifo(p, o->path, err);
	}
	if (ret)
		return ret;
	if (p->mode != NETIO_PIPE_FIFO)
		watch(p, EPOLL_CTL_ADD, p->rfd, EPOLLIN);
	/* A refusal leaves the pipe as small as it was made, which works too. */
	if (p->wfd >= 0)
		(void)!fcntl(p->wfd, F_SETPIPE_SZ, PIPE_SIZE);
	if (p->rfd >= 0)
		(void)!fcntl(p->rfd, F_SETPIPE_SZ, PIPE_SIZE);
	if (p->mode == NETIO_PIPE_STDIN || p->mode == NETIO_PIPE_STDOUT)
		ret = cover(p->mode == NETIO_PIPE_STDIN ? STDIN_FILENO : STDOUT_FILENO, err);
	if (ret)
		return ret;
	if (p->mode != NETIO_PIPE_FIFO && p->wfd >= 0)
		send_hello(p);
	/* With a FIFO whose other end nobody reads there is none to wait for. */
	if (o->wait_ms >= 0 && p->wfd + p->rfd > 0 &&
	    !(p->mode == NETIO_PIPE_FIFO && p->wfd < 0))
		await_peer(p, o->wait_ms ? o->wait_ms : PIPE_WAIT_MS);
	if (p->failed)
		return netio_fail(err, p->failed,
				  "pipe: cannot open the way back to process %d: %s (both ends must run as one user and see each other in /proc)",
				  p->failed_pid, strerror(-p->failed));
	p->settled = true;
	/* Only now, so that the caller keeps them if we fail. */
	if (p->mode == NETIO_PIPE_FDS) {
		close(o->rfd);
		if (o->wfd != o->rfd)
			close(o->wfd);
	}
	return 0;
}

void pipe_disconnect(struct pipe *p)
{
	int *fds[] = { &p->keep_fd, &p->give_fd, &p->epfd, &p->lock_fd, &p->rfd, &p->wfd };
	unsigned int i;

	if (p->wfd == p->rfd)
		p->wfd = -1;
	for (i = 0; i < ARRAY_SIZE(fds); i++)
		drop_fd(fds[i]);
}
