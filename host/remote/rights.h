/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HOST_REMOTE_RIGHTS_H
#define HOST_REMOTE_RIGHTS_H

#include <stddef.h>

#define RIGHTS_MAX	4	/* files of a message */

int rights_send(int sock, const void *data, size_t len, const int *file, unsigned int n);
long rights_receive(int sock, void *data, size_t len, int *file, unsigned int n);

#endif /* HOST_REMOTE_RIGHTS_H */
