// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading a file of the stack's /proc.
 */
#include <asm/unistd.h>
#include <fcntl.h>
#include <stdlib.h>
#include "procfile.h"

#define PROC_MAX 65536

char *nuse_procfile(struct libos_thread *thr, const char *path)
{
	unsigned long arg[6] = { (unsigned long)AT_FDCWD, (unsigned long)path, O_RDONLY | O_CLOEXEC };
	char *text = malloc(PROC_MAX + 1);
	size_t len = 0;
	long fd, n;

	if (!text)
		return NULL;
	fd = libos_call(thr, __NR_openat, arg);
	if (fd < 0) {
		free(text);
		return NULL;
	}
	do {
		unsigned long rd[6] = { fd, (unsigned long)text + len, PROC_MAX - len };

		n = libos_call(thr, __NR_read, rd);
		if (n > 0)
			len += n;
	} while (n > 0 && len < PROC_MAX);
	libos_call(thr, __NR_close, (unsigned long[6]){ fd });
	text[len] = '\0';
	return text;
}
