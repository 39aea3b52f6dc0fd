// SPDX-License-Identifier: GPL-2.0-only
/*
 * sendfile, splice, tee, copy_file_range between files of the two kernels.
 *
 * Where both files are of one kernel, that kernel does it.  Else the data goes
 * through a buffer of the thread.  What has been taken from the source but does
 * not fit into the target must not be lost, so the source is looked at first and
 * consumed after: files by pread(), pipes by tee() into a pipe of our own,
 * sockets by MSG_PEEK.  Two readers of one source at a time can therefore see
 * the same bytes, which Linux rules out; nobody is known to do that.
 */
#include <fcntl.h>
#include <linux/poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "dispatch.h"

static enum fd_kind kind_of(struct glue_thread *t, unsigned long fd)
{
	enum fd_kind kind = fd_kind(t->prog->fds, fd);

	return kind == FD_WRAPPED || kind == FD_BUSY ? FD_HOST : kind;
}

static long stack_call4(struct glue_thread *t, long nr, unsigned long a, const void *b,
			unsigned long c, unsigned long d)
{
	unsigned long arg[6] = { a, (unsigned long)b, c, d, 0, 0 };

	return to_stack(t, nr, arg);
}

static long host_call4(struct glue_thread *t, long nr, unsigned long a, const void *b,
		       unsigned long c, unsigned long d)
{
	unsigned long arg[6] = { a, (unsigned long)b, c, d, 0, 0 };

	return glue_host(t, nr, arg);
}

/* --- sendfile ------------------------------------------------------------ */

static long file_to_stack(struct glue_thread *t, unsigned int out, unsigned int in, long pos,
			  unsigned long count)
{
	struct dispatch_thread *d = dispatch_thread(t);
	unsigned long done = 0;
	long n = 0, w = 0;

	if (!d)
		return -ENOMEM;
	while (done < count) {
		unsigned long want = count - done < BOUNCE ? count - done : BOUNCE;

		n = glue_raw4(SYS_pread64, in, d->bounce, want, pos + done);
		if (n <= 0)
			break;
		w = stack_call4(t, SYS_write, out, d->bounce, n, 0);
		if (w < 0)
			break;
		done += w;
		if (w < n)
			break;
	}
	if (done)
		return done;
	return n < 0 ? n : w;
}

long sys_sendfile(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	enum fd_kind out = kind_of(t, arg[0]), in = kind_of(t, arg[1]);
	long pos, ret;

	if (out == FD_HIDDEN || in == FD_HIDDEN)
		return -EBADF;
	if (out == FD_HOST && in == FD_HOST)
		return glue_host(t, nr, arg);
	if (out == in)
		return to_stack(t, nr, arg);
	if (in == FD_STACK)
		return -EINVAL;		/* as for any socket; read and write do it */

	if (arg[2]) {
		if (glue_get_user(&pos, arg[2], sizeof(pos)))
			return -EFAULT;
		if (pos < 0)
			return -EINVAL;
	} else {
		pos = glue_raw3(SYS_lseek, arg[1], 0, SEEK_CUR);
		if (pos < 0)
			return pos == -ESPIPE ? -EINVAL : pos;
	}
	ret = file_to_stack(t, arg[0], arg[1], pos, arg[3]);
	if (ret <= 0)
		return ret;
	pos += ret;
	if (!arg[2])
		glue_raw3(SYS_lseek, arg[1], pos, SEEK_SET);
	else if (glue_put_user(arg[2], &pos, sizeof(pos)))
		return -EFAULT;
	return ret;
}

/* --- splice -------------------------------------------------------------- */

#define SPLICE_NONBLOCK	2

static long own_pipe(struct glue_thread *t, struct dispatch_thread *d)
{
	int fd[2];
	long ret;

	if (d->pipe[1])
		return 0;
	ret = glue_raw2(SYS_pipe2, fd, O_CLOEXEC | O_NONBLOCK);
	if (ret < 0)
		return ret;
	d->pipe[0] = fd_hide(t->prog->fds, fd[0]);
	d->pipe[1] = fd_hide(t->prog->fds, fd[1]);
	if (d->pipe[0] > 0 && d->pipe[1] > 0)
		return 0;
	glue_raw1(SYS_close, d->pipe[0]);
	glue_raw1(SYS_close, d->pipe[1]);
	d->pipe[0] = d->pipe[1] = 0;
	return -EMFILE;
}

static long pipe_to_stack(struct glue_thread *t, unsigned int in, unsigned int out,
			  unsigned long len, unsigned int flags)
{
	struct dispatch_thread *d = dispatch_thread(t);
	unsigned long done = 0;
	long n, w = 0;

	n = d ? own_pipe(t, d) : -ENOMEM;
	if (n < 0)
		return n;
	n = host_call4(t, SYS_tee, in, (void *)(long)d->pipe[1], len < BOUNCE ? len : BOUNCE,
		       flags & SPLICE_NONBLOCK);
	if (n <= 0)
		return n;
	while ((long)done < n) {
		long r = glue_raw3(SYS_read, d->pipe[0], d->bounce, BOUNCE);

		if (r <= 0)
			break;
		w = stack_call4(t, SYS_write, out, d->bounce, r, 0);
		if (w < 0)
			break;
		for (long left = w; left > 0;) {
			long gone = glue_raw3(SYS_read, in, d->bounce, left);

			if (gone <= 0)
				break;
			left -= gone;
		}
		done += w;
		if (w < r)
			break;
	}
	while (glue_raw3(SYS_read, d->pipe[0], d->bounce, BOUNCE) > 0)
		;
	return done ? (long)done : w;
}

/* As much as the pipe takes now; -EAGAIN if nothing. */
static long pipe_write(unsigned int pipe, const char *buf, unsigned long len)
{
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = len };
	struct pollfd room = { .fd = pipe, .events = POLLOUT };
	long ret;

	ret = glue_raw6(SYS_pwritev2, pipe, &iov, 1, -1, 0, RWF_NOWAIT);
	if (ret != -EOPNOTSUPP && ret != -EINVAL)
		return ret;
	/* An older kernel: a pipe with room has room for a page. */
	if (glue_raw3(SYS_poll, &room, 1, 0) <= 0)
		return -EAGAIN;
	return glue_raw3(SYS_write, pipe, buf, len < 4096 ? len : 4096);
}

static long stack_to_pipe(struct glue_thread *t, unsigned int in, unsigned int out,
			  unsigned long len, unsigned int flags)
{
	struct dispatch_thread *d = dispatch_thread(t);
	struct pollfd room = { .fd = out, .events = POLLOUT };
	long n, w, status;

	if (!d)
		return -ENOMEM;
	status = glue_raw2(SYS_fcntl, out, F_GETFL);
	if (!(flags & SPLICE_NONBLOCK) && !(status & O_NONBLOCK)) {
		w = host_call4(t, SYS_poll, (unsigned long)&room, (void *)1, -1UL, 0);
		if (w < 0)
			return w;
	} else if (!glue_raw3(SYS_poll, &room, 1, 0)) {
		return -EAGAIN;
	}
	n = stack_call4(t, SYS_recvfrom, in, d->bounce, len < BOUNCE ? len : BOUNCE,
			MSG_PEEK | (flags & SPLICE_NONBLOCK ? MSG_DONTWAIT : 0));
	if (n == -ENOTSOCK)
		return -EINVAL;
	if (n <= 0)
		return n;
	w = pipe_write(out, d->bounce, n);
	if (w > 0)
		stack_now5(t, SYS_recvfrom, in, d->bounce, w, MSG_DONTWAIT, 0);
	return w;
}

long sys_splice(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	enum fd_kind in = kind_of(t, arg[0]), out = kind_of(t, arg[2]);
	unsigned int pipe;

	if (in == FD_HIDDEN || out == FD_HIDDEN)
		return -EBADF;
	if (in == FD_HOST && out == FD_HOST)
		return glue_host(t, nr, arg);
	if (in == out)
		return to_stack(t, nr, arg);
	if (arg[1] || arg[3])
		return -ESPIPE;
	if (!arg[4])
		return 0;
	pipe = in == FD_HOST ? arg[0] : arg[2];
	if (glue_raw2(SYS_fcntl, pipe, F_GETPIPE_SZ) < 0)
		return glue_raw2(SYS_fcntl, pipe, F_GETFD) < 0 ? -EBADF : -EINVAL;
	if (in == FD_HOST)
		return pipe_to_stack(t, arg[0], arg[2], arg[4], arg[5]);
	return stack_to_pipe(t, arg[0], arg[2], arg[4], arg[5]);
}

/* Pipes only, and those are the host's. */
long sys_tee(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	enum fd_kind in = kind_of(t, arg[0]), out = kind_of(t, arg[1]);

	if (in == FD_HIDDEN || out == FD_HIDDEN)
		return -EBADF;
	if (in == FD_STACK || out == FD_STACK)
		return -EINVAL;
	return glue_host(t, nr, arg);
}

/* For regular files of one kernel; every caller then reads and writes. */
long sys_copy_range(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	enum fd_kind in = kind_of(t, arg[0]), out = kind_of(t, arg[2]);

	if (in == FD_HIDDEN || out == FD_HIDDEN)
		return -EBADF;
	if (in == FD_HOST && out == FD_HOST)
		return glue_host(t, nr, arg);
	return in == out ? to_stack(t, nr, arg) : -EINVAL;
}
