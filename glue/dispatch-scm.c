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
 * the stack ends; a receiver on another stack or none gets the carrier; sendmmsg and
 * recvmmsg pass placeholders.
 */
#include <fcntl.h>
#include <sys/socket.h>

#include <libos/remote.h>

#include "dispatch.h"

#define MAGIC		0x736f62696c2d6466UL
#define CONTROL_MAX	1024

struct token {
	unsigned long magic;
	__u64	number;			/* the stack's */
	unsigned long flags;		/* FD_EPOLL */
};

/* Alignment and walk of <sys/socket.h>, on memory that was copied and checked. */
static struct cmsghdr *cmsg_at(char *buf, unsigned long len, unsigned long off)
{
	struct cmsghdr *c = (void *)(buf + off);

	if (off + sizeof(*c) > len || c->cmsg_len < sizeof(*c) || c->cmsg_len > len - off)
		return NULL;
	return c;
}

static unsigned int nfds(const struct cmsghdr *c)
{
	if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return 0;
	return (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
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

long scm_send(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	struct glue_fdtab *f = t->prog->fds;
	unsigned long call[6] = { arg[0], arg[1], arg[2], 0, 0, 0 };
	char control[CONTROL_MAX] __attribute__((aligned(8)));
	int tokens[16], n = 0;
	__u64 number[16];
	struct cmsghdr *c;
	struct msghdr m;
	long ret = 0;

	if (glue_get_user(&m, arg[1], sizeof(m)) || !m.msg_control || !m.msg_controllen ||
	    m.msg_controllen > sizeof(control) ||
	    glue_get_user(control, (unsigned long)m.msg_control, m.msg_controllen))
		return glue_host(t, nr, arg);

	for (unsigned long off = 0; (c = cmsg_at(control, m.msg_controllen, off));
	     off += CMSG_ALIGN(c->cmsg_len)) {
		int *fd = (int *)CMSG_DATA(c);

		for (unsigned int i = 0; i < nfds(c); i++) {
			enum fd_kind kind = fd_kind(f, fd[i]);

			if (kind == FD_HIDDEN || kind == FD_BUSY)
				ret = -EBADF;
			else if (kind == FD_STACK && n == 16)
				ret = -ETOOMANYREFS;
			else if (kind == FD_STACK)
				ret = token_make(t, fd[i], &number[n]);
			else
				continue;
			if (ret < 0)
				goto out;
			fd[i] = tokens[n++] = ret;
		}
	}
	if (!n)
		return glue_host(t, nr, arg);
	m.msg_control = control;
	call[1] = (unsigned long)&m;
	ret = glue_host(t, nr, call);
out:
	for (int i = 0; i < n; i++) {
		glue_raw1(SYS_close, tokens[i]);
		if (ret < 0)
			libos_fd_drop(t->stack, number[i]);
	}
	return ret;
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

long scm_recv(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	char control[CONTROL_MAX] __attribute__((aligned(8)));
	struct cmsghdr *c;
	struct msghdr m;
	long ret;

	ret = glue_host(t, nr, arg);
	if (ret < 0 || !t->prog->opts->stack || glue_get_user(&m, arg[1], sizeof(m)) ||
	    !m.msg_control || m.msg_controllen < CMSG_LEN(sizeof(int)))
		return ret;
	if (m.msg_controllen > sizeof(control))
		m.msg_controllen = sizeof(control);
	if (glue_get_user(control, (unsigned long)m.msg_control, m.msg_controllen))
		return ret;
	for (unsigned long off = 0; (c = cmsg_at(control, m.msg_controllen, off));
	     off += CMSG_ALIGN(c->cmsg_len)) {
		int *fd = (int *)CMSG_DATA(c);

		for (unsigned int i = 0; i < nfds(c); i++)
			token_take(t, fd[i], arg[2] & MSG_PEEK);
	}
	return ret;
}
