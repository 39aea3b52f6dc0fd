// SPDX-License-Identifier: GPL-2.0-only
/* What the constructors of this room share. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "room.h"

/* Say what failed, and hand the code through. */
int netio_fail(struct netio_err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (err) {
		va_start(ap, fmt);
		vsnprintf(err->text, sizeof(err->text), fmt, ap);
		va_end(ap);
	}
	return code;
}

int netio_opts_copy(void *dst, size_t dst_size, const void *src, struct netio_err *err)
{
	size_t size, i;

	memset(dst, 0, dst_size);
	if (!src)
		return 0;
	memcpy(&size, src, sizeof(size));
	if (size < sizeof(size))
		return netio_fail(err, -EINVAL, "options: size is %zu; set it to sizeof(opts)",
				  size);
	for (i = dst_size; i < size; i++)
		if (((const char *)src)[i])
			return netio_fail(err, -EINVAL,
					  "options: byte %zu is set, but this library knows %zu bytes",
					  i, dst_size);
	memcpy(dst, src, size < dst_size ? size : dst_size);
	return 0;
}

/*
 * Move a file descriptor of ours out of the way of the program's, which expects
 * the lowest free number.  Where that fails it stays where it is.
 */
int netio_fd_raise(int fd, int fd_min)
{
	int high;

	if (fd < 0 || fd >= fd_min)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, fd_min);
	if (high < 0)
		return fd;
	close(fd);
	return high;
}

/* Zeroed memory that costs nothing until it is touched; NULL if there is none. */
void *netio_pages(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void netio_pages_free(void *p, size_t len)
{
	if (p)
		munmap(p, len);
}

int netio_ifname_check(const char *name)
{
	size_t len = strlen(name);

	if (!len || len >= IFNAMSIZ || strpbrk(name, "/ \t\n:") ||
	    !strcmp(name, ".") || !strcmp(name, ".."))
		return -EINVAL;
	return 0;
}

const char *netio_drop_name(enum libos_netio_drop why)
{
	static const char *const names[LIBOS_DROP_END] = {
		[LIBOS_DROP_TX_ERROR]	= "tx_error",
		[LIBOS_DROP_TX_TOOBIG]	= "tx_toobig",
		[LIBOS_DROP_TX_DOWN]	= "tx_down",
		[LIBOS_DROP_RX_ERROR]	= "rx_error",
		[LIBOS_DROP_RX_TRUNC]	= "rx_trunc",
		[LIBOS_DROP_RX_RUNT]	= "rx_runt",
		[LIBOS_DROP_RX_OVERRUN]	= "rx_overrun",
		[LIBOS_DROP_IMPAIR]	= "impair",
	};

	return (unsigned int)why < LIBOS_DROP_END ? names[why] : "?";
}
