// SPDX-License-Identifier: LGPL-2.1-only
/*
 * The conversation with the daemon.
 *
 * A daemon that is being restarted keeps the connection: a request that it had
 * not read is read by its successor.  One that it had read, and died over, is
 * lost, so a request without an answer is sent once more after a while; all
 * but MS_MSG_OPEN may be executed twice without harm.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

#define RESEND_MS 2000

static __thread char last_error[320];

const char *ms_last_error(void)
{
	return last_error;
}

int ms_fail(int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(last_error, sizeof(last_error), fmt, ap);
	va_end(ap);
	return err;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

const char *ms_socket_path(const char *given)
{
	const char *env;

	if (given)
		return given;
	env = secure_getenv(MS_SOCKET_ENV);
	return env && *env ? env : MS_SOCKET_DEFAULT;
}

int ms_conn_open(struct ms_conn *c, const char *given, uint32_t timeout_ms)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	const char *path = ms_socket_path(given);
	struct timeval tv;
	int err;

	c->seq = 0;
	c->timeout_ms = timeout_ms ? timeout_ms : 10000;
	if (strlen(path) >= sizeof(sa.sun_path))
		return ms_fail(-EINVAL, "the path of the daemon's socket is too long");
	strcpy(sa.sun_path, path);
	c->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return ms_fail(-errno, "cannot open a socket: %s", strerror(errno));
	/* how long connect() waits when the daemon does not accept */
	tv.tv_sec = c->timeout_ms / 1000;
	tv.tv_usec = c->timeout_ms % 1000 * 1000;
	setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	if (connect(c->fd, (void *)&sa, sizeof(sa))) {
		err = errno == EAGAIN ? -ETIMEDOUT : -errno;
		close(c->fd);
		c->fd = -1;
		return ms_fail(err, "cannot connect to multistackd at %s: %s%s", path,
			       strerror(-err), err == -ENOENT || err == -ECONNREFUSED ?
			       "; is it running?" : "");
	}
	return 0;
}

void ms_conn_close(struct ms_conn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static int send_request(struct ms_conn *c, const void *msg, size_t len, int fd)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} u;
	struct iovec iov = { (void *)msg, len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cm;

	if (fd >= 0) {
		memset(&u, 0, sizeof(u));
		mh.msg_control = u.buf;
		mh.msg_controllen = sizeof(u.buf);
		cm = CMSG_FIRSTHDR(&mh);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cm), &fd, sizeof(int));
	}
	while (sendmsg(c->fd, &mh, MSG_NOSIGNAL) < 0) {
		if (errno != EINTR)
			return errno == EPIPE ? -ECONNRESET :
			       errno == EAGAIN ? -ETIMEDOUT : -errno;
	}
	return 0;
}

/* One message, its descriptor in *@fd; 0 when the connection is over. */
static ssize_t recv_message(struct ms_conn *c, void *msg, size_t room, int *fd)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} u;
	struct iovec iov = { msg, room };
	struct msghdr mh = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = u.buf, .msg_controllen = sizeof(u.buf),
	};
	struct cmsghdr *cm;
	ssize_t n;

	*fd = -1;
	n = recvmsg(c->fd, &mh, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (n < 0)
		return -errno;
	cm = CMSG_FIRSTHDR(&mh);
	if (cm && cm->cmsg_level == SOL_SOCKET && cm->cmsg_type == SCM_RIGHTS &&
	    cm->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(cm), sizeof(int));
	return n;
}

/* The reply with number @seq; others, late ones, are thrown away. */
static int wait_reply(struct ms_conn *c, uint32_t seq, int64_t until, void *msg,
		      size_t *len, int *fd)
{
	struct pollfd pfd = { .fd = c->fd, .events = POLLIN };
	const struct ms_msg *m = msg;
	int64_t left;
	ssize_t n;

	for (;;) {
		left = until - now_ms();
		if (left < 0)
			left = 0;
		if (poll(&pfd, 1, left) < 0 && errno != EINTR)
			return -errno;
		n = recv_message(c, msg, MS_WIRE_MAX, fd);
		if (n == -EAGAIN || n == -EINTR) {
			if (now_ms() >= until)
				return -ETIMEDOUT;
			continue;
		}
		if (n <= 0)
			return n == -ECONNRESET || !n ? -ECONNRESET : n;
		/* one for nobody: the daemon refused the connection as such */
		if ((size_t)n >= sizeof(*m) && (m->seq == seq || (!m->seq && m->err))) {
			*len = n;
			return 0;
		}
		if (*fd >= 0)
			close(*fd);
	}
}

static int check_reply(const struct ms_msg *m, size_t n, void *rep, size_t *rep_len)
{
	const char *text = (const char *)(m + 1);
	size_t len = n - sizeof(*m);

	if (m->size != n || m->version != MS_WIRE_VERSION)
		return ms_fail(-EPROTO, "the daemon speaks version %u, this library %u; install the same release of both",
			       m->version, MS_WIRE_VERSION);
	if (m->err > 0 || m->err < -4095)
		return ms_fail(-EPROTO, "the daemon's reply is not understood");
	if (m->err)
		return ms_fail(m->err, "%.*s", (int)len, text);
	if (rep_len) {
		if (len > *rep_len)
			return ms_fail(-EPROTO, "the daemon's reply is too long");
		memcpy(rep, text, len);
		*rep_len = len;
	}
	return 0;
}

int ms_conn_call(struct ms_conn *c, uint16_t type, const void *body, size_t len,
		 int fd, void *rep, size_t *rep_len, int *rep_fd, int flags)
{
	char in[MS_WIRE_MAX] __attribute__((aligned(8)));
	char out[sizeof(struct ms_msg) + 512] __attribute__((aligned(8)));
	struct ms_msg *m = (void *)out;
	int64_t end = now_ms() + c->timeout_ms;
	int err, got, sent = 0;
	size_t n;

	if (len > sizeof(out) - sizeof(*m))
		return ms_fail(-EMSGSIZE, "the request is too long");
	*m = (struct ms_msg){
		.size = sizeof(*m) + len, .version = MS_WIRE_VERSION,
		.type = type, .seq = ++c->seq,
	};
	if (len)
		memcpy(m + 1, body, len);
	if (rep_fd)
		*rep_fd = -1;
	do {
		int64_t until = now_ms() + RESEND_MS;

		err = send_request(c, out, m->size, fd);
		if (err == -ECONNRESET) {
			/* perhaps it said why before it hung up */
			err = wait_reply(c, m->seq, now_ms(), in, &n, &got);
			if (err)
				err = -ECONNRESET;
		} else if (!err) {
			sent++;
			err = wait_reply(c, m->seq, until < end ? until : end, in, &n, &got);
		}
	} while (err == -ETIMEDOUT && !(flags & MS_CALL_ONCE) && now_ms() < end);
	if (err == -ECONNRESET)
		return ms_fail(err, "multistackd has closed the connection");
	if (err == -ETIMEDOUT)
		return ms_fail(err, "multistackd does not answer");
	if (err == -EBADF && fd >= 0)
		return ms_fail(err, "the credential is not an open descriptor");
	if (err)
		return ms_fail(err, "cannot talk to multistackd: %s", strerror(-err));
	err = check_reply((void *)in, n, rep, rep_len);
	/* its first execution had answered, had it lived to do so */
	if (err == -ENOENT && type == MS_MSG_UNBIND && sent > 1)
		err = 0;
	if (got >= 0) {
		if (rep_fd && !err)
			*rep_fd = got;
		else
			close(got);
	}
	return err;
}

int ms_conn_next(struct ms_conn *c, void *body, size_t *len, int timeout_ms)
{
	char in[MS_WIRE_MAX] __attribute__((aligned(8)));
	struct pollfd pfd = { .fd = c->fd, .events = POLLIN };
	ssize_t n;
	int fd;

	if (poll(&pfd, 1, timeout_ms) <= 0)
		return -EAGAIN;
	n = recv_message(c, in, sizeof(in), &fd);
	if (fd >= 0)
		close(fd);
	if (n == 0)
		return ms_fail(-ECONNRESET, "multistackd has closed the connection");
	if (n < 0)
		return n;
	return check_reply((void *)in, n, body, len);
}
