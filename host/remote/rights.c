// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that go along with a message (SCM_RIGHTS).
 *
 * Hot: no libc, any FS base.
 */
#include <sys/socket.h>

#include "../sys.h"
#include "rights.h"

union control {
	struct cmsghdr h;
	char room[CMSG_SPACE(RIGHTS_MAX * sizeof(int))];
};

/* @file: @n of them.  Never blocks.  Returns 0 or a negative errno. */
int rights_send(int sock, const void *data, size_t len, const int *file, unsigned int n)
{
	union control control = {
		.h = {
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
			.cmsg_len = CMSG_LEN(n * sizeof(int)),
		},
	};
	struct iovec iov = { (void *)data, len };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = n ? &control : NULL,
		.msg_controllen = n ? CMSG_SPACE(n * sizeof(int)) : 0,
	};
	unsigned int i;
	long r;

	for (i = 0; i < n; i++)
		((int *)CMSG_DATA(&control.h))[i] = file[i];
	r = sys(SYS_sendmsg, sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	return r < 0 ? (int)r : r == (long)len ? 0 : -EIO;
}

/*
 * The next message, of up to @len bytes.  @file: -1 for each of the @n that has not come.
 * Returns the bytes; 0: the other end is closed; or a negative errno, and no files.
 */
long rights_receive(int sock, void *data, size_t len, int *file, unsigned int n)
{
	union control control;
	struct iovec iov = { data, len };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};
	unsigned int i, came = 0;
	long r;

	do {
		r = sys(SYS_recvmsg, sock, &msg, MSG_CMSG_CLOEXEC);
	} while (r == -EINTR);
	if (r > 0 && msg.msg_controllen >= CMSG_LEN(sizeof(int)) &&
	    control.h.cmsg_type == SCM_RIGHTS)
		came = (unsigned int)((control.h.cmsg_len - CMSG_LEN(0)) / sizeof(int));
	for (i = 0; i < n; i++)
		file[i] = i < came ? ((int *)CMSG_DATA(&control.h))[i] : -1;
	return r;
}
