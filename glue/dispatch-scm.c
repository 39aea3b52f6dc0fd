// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stack files in SCM_RIGHTS messages over the host's AF_UNIX sockets.
 *
 * The host would pass on the placeholder, and the receiver could do nothing
 * with it.  So the stack is asked for a token of the file (<libos/remote.h>), a
 * number that any process of the instance can turn into a descriptor, and a memfd
 * that holds it travels in the file's place.  Who receives one that its own stack
 * knows takes the file, at the number that the host gave to the memfd.
 *
 *	sendmsg: fd 7 (stack) -> token 0x8c1f..., memfd sent
 *	recvmsg: fd 9 (memfd) -> the stack's file at 9, placeholder at 9, token dropped
 *
 * Limits: a token that is never received keeps its file open as long as the sender
 * lives, and is gone if the sender ends before; a receiver on another stack or none
 * gets an empty file; sendmmsg and recvmmsg pass placeholders.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

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

/* A host file that stands for stack file @fd.  Returns its internal number. */
static long token_make(struct glue_thread *t, unsigned int fd, __u64 *number)
{
	struct glue_fdtab *f = t->prog->fds;
	struct token tok = { .magic = MAGIC, .flags = fd_byte(f, fd) & FD_EPOLL };
	struct libos_thread *id = glue_thread_stack(t);
	uint64_t given;
	long host, r;

	r = id ? libos_fd_give(id, fd, &given) : -ENOMEM;
	if (r < 0)
		return r;
	host = glue_raw2(SYS_memfd_create, "libos-fd", MFD_CLOEXEC);
	if (host >= 0)
		host = fd_hide(f, host);
	if (host < 0) {
		libos_fd_drop(id, given);
		return host;
	}
	tok.number = *number = given;
	glue_raw3(SYS_write, host, &tok, sizeof(tok));
	return host;
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
	struct token tok;
	struct stat st;

	if (fd >= f->nr || glue_raw2(SYS_fstat, fd, &st) || st.st_dev != f->token_dev ||
	    st.st_size != sizeof(tok) ||
	    glue_raw4(SYS_pread64, fd, &tok, sizeof(tok), 0) != sizeof(tok) ||
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
