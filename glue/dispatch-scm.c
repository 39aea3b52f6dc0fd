// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stack files in SCM_RIGHTS messages over the host's AF_UNIX sockets.
 *
 * The host would pass on the placeholder, and the receiver could do nothing
 * with it.  So the stack is asked for a token of the file (<libos/remote.h>), a
 * number that any process of the instance can turn into a descriptor, and a carrier
 * travels in the file's place: one of a pair of sockets, in which the number waits.
 * Who receives one that its own stack knows takes the file, at the number that the
 * host gave to the carrier.
 *
 *	sendmsg: fd 7 (stack) -> token 0x8c1f..., carrier sent, its pair to the home
 *	recvmsg: fd 9 (carrier) -> the stack's file at 9, placeholder at 9, token dropped
 *
 * The home has the other socket of the pair, and drops the token when the last carrier
 * is closed: so a file under way survives its sender, and one that nobody receives is
 * closed when the message is, as in Linux.
 *
 * Limits: what the home's own program has sent and nobody receives stays open until
 * the stack ends; a receiver on another stack or none gets the carrier.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <libos/remote.h>

#include "dispatch.h"

#define MAGIC		0x736f62696c2d6466UL
#define FILES_MAX	253		/* of a message: SCM_MAX_FD of the kernel */
#define CONTROL_MAX	8192		/* holds as many, however they are divided */

struct token {
	unsigned long magic;
	__u64	number;			/* the stack's */
	unsigned long flags;		/* FD_EPOLL */
};

/* What a message with files needs, in pages of its own: no program's stack is that large. */
struct message {
	char	control[CONTROL_MAX];
	int	carrier[FILES_MAX];
	__u64	number[FILES_MAX];
	unsigned int n;			/* carriers */
};

/* The walk of <sys/socket.h>, for control data of the program's or a copy of it. */
static bool cmsg_read(const struct msghdr *m, unsigned long off, struct cmsghdr *c)
{
	return off <= m->msg_controllen && m->msg_controllen - off >= sizeof(*c) &&
	       !glue_get_user(c, (unsigned long)m->msg_control + off, sizeof(*c)) &&
	       c->cmsg_len >= sizeof(*c) && c->cmsg_len <= m->msg_controllen - off;
}

static unsigned int nfds(const struct cmsghdr *c)
{
	if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return 0;
	return (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
}

static bool has_files(const struct msghdr *m)
{
	struct cmsghdr c;

	for (unsigned long off = 0; cmsg_read(m, off, &c); off += CMSG_ALIGN(c.cmsg_len))
		if (nfds(&c))
			return true;
	return false;
}

/* Out of the program's way. */
static long carriers(struct glue_fdtab *f, int pair[2])
{
	long r = glue_raw4(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);

	if (r < 0)
		return r;
	pair[0] = fd_hide(f, pair[0]);
	pair[1] = fd_hide(f, pair[1]);
	if (pair[0] >= 0 && pair[1] >= 0)
		return 0;
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			glue_raw1(SYS_close, pair[i]);
	return -EMFILE;
}

/* A host file that stands for stack file @fd.  Returns its internal number. */
static long token_make(struct glue_thread *t, unsigned int fd, __u64 *number)
{
	struct glue_fdtab *f = t->prog->fds;
	struct token tok = { .magic = MAGIC, .flags = fd_byte(f, fd) & FD_EPOLL };
	struct libos_thread *id = glue_thread_stack(t);
	uint64_t given;
	int pair[2];
	long r;

	if (!id)
		return -ENOMEM;
	r = carriers(f, pair);
	if (r < 0)
		return r;
	r = libos_fd_give_while(id, fd, pair[1], &given);
	if (r >= 0) {
		tok.number = *number = given;
		glue_raw6(SYS_sendto, pair[1], &tok, sizeof(tok), MSG_DONTWAIT, 0, 0);
		r = pair[0];
	} else {
		glue_raw1(SYS_close, pair[0]);
	}
	glue_raw1(SYS_close, pair[1]);
	return r;
}

/* Carriers for what is the stack's in the copy of the control data. */
static long put_carriers(struct glue_thread *t, const struct msghdr *m, struct message *s)
{
	struct glue_fdtab *f = t->prog->fds;
	struct cmsghdr c;
	long r;

	for (unsigned long off = 0; cmsg_read(m, off, &c); off += CMSG_ALIGN(c.cmsg_len)) {
		int *fd = (int *)(s->control + off + CMSG_LEN(0));

		for (unsigned int i = 0; i < nfds(&c); i++) {
			enum fd_kind kind = fd_kind(f, fd[i]);

			if (kind == FD_HIDDEN || kind == FD_BUSY)
				return -EBADF;
			if (kind != FD_STACK)
				continue;
			if (s->n == FILES_MAX)
				return -EINVAL;
			r = token_make(t, fd[i], &s->number[s->n]);
			if (r < 0)
				return r;
			fd[i] = s->carrier[s->n++] = r;
		}
	}
	return 0;
}

static long send_files(struct glue_thread *t, const unsigned long arg[6], struct msghdr *m,
		       struct message *s)
{
	unsigned long call[6] = { arg[0], (unsigned long)m, arg[2] };
	long ret;

	if (glue_get_user(s->control, (unsigned long)m->msg_control, m->msg_controllen))
		return -EFAULT;
	m->msg_control = s->control;
	ret = put_carriers(t, m, s);
	if (!ret)
		ret = glue_host(t, SYS_sendmsg, call);
	for (unsigned int i = 0; i < s->n; i++) {
		glue_raw1(SYS_close, s->carrier[i]);
		if (ret < 0)
			libos_fd_drop(t->stack, s->number[i]);
	}
	return ret;
}

long scm_send(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	struct msghdr m;
	long page, ret;

	/* What has more than a message can carry is refused by the host. */
	if (glue_get_user(&m, arg[1], sizeof(m)) || !m.msg_control || !has_files(&m) ||
	    m.msg_controllen > CONTROL_MAX)
		return glue_host(t, nr, arg);
	page = glue_raw6(SYS_mmap, 0, sizeof(struct message), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page < 0)
		return -ENOBUFS;
	ret = send_files(t, arg, &m, (struct message *)page);
	glue_raw2(SYS_munmap, page, sizeof(struct message));
	return ret;
}

/* One after another, if one of them has files: each needs carriers of its own. */
long scm_send_many(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	unsigned int i, n = arg[2] < UIO_MAXIOV ? arg[2] : UIO_MAXIOV;
	struct mmsghdr *vec = (struct mmsghdr *)arg[1];
	unsigned int len;
	struct msghdr m;
	long r;

	for (i = 0; i < n; i++)
		if (!glue_get_user(&m, (unsigned long)&vec[i], sizeof(m)) && m.msg_control &&
		    has_files(&m))
			break;
	if (i == n)
		return glue_host(t, nr, arg);
	for (i = 0; i < n; i++) {
		unsigned long one[6] = { arg[0], (unsigned long)&vec[i], arg[3] };

		r = scm_send(t, SYS_sendmsg, one);
		len = r;
		if (r >= 0 && glue_put_user((unsigned long)&vec[i].msg_len, &len, sizeof(len)))
			r = -EFAULT;
		if (r < 0)
			return i ? i : r;
	}
	return i;
}

/* If @fd is a token that our stack knows, it becomes the file that it stands for. */
static void token_take(struct glue_thread *t, unsigned int fd, bool peek)
{
	struct glue_fdtab *f = t->prog->fds;
	int domain = 0, type = 0, len = sizeof(domain);
	struct token tok;

	if (fd >= f->nr ||
	    glue_raw6(SYS_getsockopt, fd, SOL_SOCKET, SO_DOMAIN, &domain, &len, 0) ||
	    glue_raw6(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &len, 0) ||
	    domain != AF_UNIX || type != SOCK_SEQPACKET ||
	    glue_raw6(SYS_recvfrom, fd, &tok, sizeof(tok), MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC,
		      0, 0) != sizeof(tok) ||
	    tok.magic != MAGIC || !glue_thread_stack(t))
		return;
	if (fd_adopt(t, fd, tok.number, tok.flags & FD_EPOLL) >= 0 && !peek)
		libos_fd_drop(t->stack, tok.number);
}

/* The message at @msg has come. */
static void take_files(struct glue_thread *t, unsigned long msg, bool peek)
{
	struct cmsghdr c;
	struct msghdr m;
	unsigned long at;
	int fd;

	if (glue_get_user(&m, msg, sizeof(m)) || !m.msg_control)
		return;
	for (unsigned long off = 0; cmsg_read(&m, off, &c); off += CMSG_ALIGN(c.cmsg_len)) {
		at = (unsigned long)m.msg_control + off + CMSG_LEN(0);
		for (unsigned int i = 0; i < nfds(&c); i++, at += sizeof(fd))
			if (!glue_get_user(&fd, at, sizeof(fd)))
				token_take(t, fd, peek);
	}
}

long scm_recv(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	long ret = glue_host(t, nr, arg);

	if (ret >= 0 && t->prog->opts->stack)
		take_files(t, arg[1], arg[2] & MSG_PEEK);
	return ret;
}

long scm_recv_many(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	struct mmsghdr *vec = (struct mmsghdr *)arg[1];
	long i, n = glue_host(t, nr, arg);

	for (i = 0; i < n && t->prog->opts->stack; i++)
		take_files(t, (unsigned long)&vec[i], arg[3] & MSG_PEEK);
	return n;
}
