// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stack files in SCM_RIGHTS messages over the host's AF_UNIX sockets.
 *
 * The host would pass on the placeholder, and the receiver could do nothing
 * with it.  So the stack file is duplicated to a number that the program does not see
 * ("parked"), and a token travels in its place: a memfd that says where the file
 * is parked.  Who receives a token of this very process takes the parked file
 * over, at the number that the host gave to the token.
 *
 *	sendmsg: fd 7 (stack) -> parked 512, token {pid, 512} sent
 *	recvmsg: fd 9 (token) -> dup3(512, 9) in the stack, placeholder at 9
 *
 * Limits: a token that is never received keeps its file open; a receiver
 * outside of this process gets an empty file; sendmmsg and recvmmsg pass
 * placeholders.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "dispatch.h"

#define MAGIC		0x736f62696c2d6466UL
#define CONTROL_MAX	1024

struct token {
	unsigned long magic;
	unsigned long owner;		/* the table that .parked is a number of */
	int pid;
	int parked;
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

/* Another number for stack file @fd, which the program does not see. */
static long park(struct glue_thread *t, unsigned int fd)
{
	long own = fd_reserve_own(t->prog->fds), ret;

	if (own < 0)
		return own;
	ret = stack_now(t, SYS_dup3, fd, own, O_CLOEXEC);
	if (ret < 0)
		fd_cancel(t->prog->fds, own);
	return ret;
}

static void unpark(struct glue_thread *t, unsigned int own)
{
	stack_now(t, SYS_close, own, 0, 0);
	fd_cancel(t->prog->fds, own);
}

/* A host file that stands for stack file @fd.  Returns its internal number. */
static long token_make(struct glue_thread *t, unsigned int fd, int *parked)
{
	struct glue_fdtab *f = t->prog->fds;
	struct token tok = { .magic = MAGIC, .owner = (unsigned long)f, .pid = f->pid };
	long host, dup;

	dup = park(t, fd);
	if (dup < 0)
		return dup;
	host = glue_raw2(SYS_memfd_create, "libos-fd", MFD_CLOEXEC);
	if (host >= 0)
		host = fd_hide(f, host);
	if (host < 0) {
		unpark(t, dup);
		return host;
	}
	tok.parked = *parked = dup;
	glue_raw3(SYS_write, host, &tok, sizeof(tok));
	return host;
}

long scm_send(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	struct glue_fdtab *f = t->prog->fds;
	unsigned long call[6] = { arg[0], arg[1], arg[2], 0, 0, 0 };
	char control[CONTROL_MAX] __attribute__((aligned(8)));
	int parked[16], tokens[16], n = 0;
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
				ret = token_make(t, fd[i], &parked[n]);
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
			unpark(t, parked[i]);
	}
	return ret;
}

/* If @fd is a token of ours, it becomes the stack file that it stands for. */
static void token_take(struct glue_thread *t, unsigned int fd, bool peek)
{
	struct glue_fdtab *f = t->prog->fds;
	struct token tok;
	int parked;
	struct stat st;

	if (fd >= f->nr || glue_raw2(SYS_fstat, fd, &st) || st.st_dev != f->token_dev ||
	    st.st_size != sizeof(tok) ||
	    glue_raw4(SYS_pread64, fd, &tok, sizeof(tok), 0) != sizeof(tok) ||
	    tok.magic != MAGIC || tok.owner != (unsigned long)f || tok.pid != f->pid)
		return;
	parked = tok.parked;
	if (peek) {
		parked = park(t, parked);
		if (parked < 0)
			return;
	}
	fd_adopt(t, fd, parked);
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
