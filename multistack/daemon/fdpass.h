/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages with descriptors between the daemon and its helpers. */
#ifndef MSD_FDPASS_H
#define MSD_FDPASS_H

#include <stddef.h>
#include <sys/types.h>

/* All of @len bytes and @nfds descriptors in one message; 0 or -errno. */
int fd_send(int sock, const void *msg, size_t len, const int *fds, int nfds, int flags);

/*
 * One message; returns its length, 0 at the end, or -errno.  *@nfds is the room
 * in @fds, then how many came, close-on-exec.  -EMSGSIZE: it was longer, or had
 * more descriptors, than there was room; all that came is closed again.
 */
ssize_t fd_recv(int sock, void *msg, size_t len, int *fds, int *nfds, int flags);

#endif /* MSD_FDPASS_H */
