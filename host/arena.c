// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arena: all memory that the kernel allocates from.
 *
 * It is one file, mapped shared, so that a page may be mapped once more (alias.c).
 * Pages that are to be seen by another process get a file of their own for that time
 * (remote/ring.c), in the same place: who has that file has nothing else.
 *
 *	the arena   |        file of the arena        | a ring's |   file of the arena  |
 *	an alias                    | a ring's |
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "instance.h"
#include "sys.h"

#define DEFAULT_MEMORY	(256UL << 20)
#define MIN_MEMORY	(8UL << 20)

/* A limit on file sizes may forbid one: then clients can map no rings. */
static int arena_file(size_t len)
{
	struct rlimit lim;
	int fd;

	if (getrlimit(RLIMIT_FSIZE, &lim) < 0 || lim.rlim_cur < len)
		return -1;
	fd = move_high(memfd_create("libos-arena", MFD_CLOEXEC));
	if (fd >= 0 && ftruncate(fd, (off_t)len) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void advise(void *p, size_t len)
{
	/* A program's core is its own; what the kernel has in memory is not of interest. */
	madvise(p, len, MADV_DONTDUMP);
	/* A child becomes a client (remote/), or has nothing to do with the instance. */
	madvise(p, len, MADV_DONTFORK);
}

/* @len: bytes; 0: as many as usual */
int arena_make(struct libos *os, size_t len)
{
	int flags = MAP_SHARED | MAP_NORESERVE;
	void *p;

	len = (len ? len : DEFAULT_MEMORY) & ~(ARENA_PAGE - 1);
	if (len < MIN_MEMORY)
		return -EINVAL;
	os->arena_fd = arena_file(len);
	if (os->arena_fd < 0)
		flags |= MAP_ANONYMOUS;
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, os->arena_fd, 0);
	if (p == MAP_FAILED)
		return -ENOMEM;
	advise(p, len);
	os->arena = p;
	os->arena_len = len;
	return 0;
}

void arena_free(struct libos *os)
{
	if (os->arena)
		munmap(os->arena, os->arena_len);
	if (os->arena_fd >= 0)
		close(os->arena_fd);
	if (os->alias)
		munmap(os->alias, os->alias_max * sizeof(*os->alias));
}

/* What fork(2) is to leave out of a child (%MADV_DONTFORK), or not. */
void arena_inherit(struct libos *os, int advice)
{
	__u64 i;

	madvise(os->arena, os->arena_len, advice);
	for (i = 0; i < os->nalias; i++)
		madvise((void *)os->alias[i].addr, ARENA_PAGE, advice);
}

/* Which pages of the arena the @n from @addr on are: their offsets.  With the token. */
int arena_pages(const struct libos *os, __u64 addr, __u64 *page, __u64 n)
{
	__u64 i, at, found = 0, off = addr - (__u64)os->arena;

	if (off < os->arena_len) {
		/* No alias: the kernel layer gave its own address. */
		for (i = 0; i < n; i++)
			page[i] = off + i * ARENA_PAGE;
		return n * ARENA_PAGE <= os->arena_len - off ? 0 : -EIO;
	}
	for (i = 0; i < os->nalias; i++) {
		at = (os->alias[i].addr - addr) / ARENA_PAGE;
		if (at < n) {
			page[at] = os->alias[i].off;
			found++;
		}
	}
	return found == n ? 0 : -EIO;
}

/*
 * From here on @len bytes of the arena at @off are those of @file at @at, wherever they
 * are mapped.  What is in them stays.  With the token, and no program may use them
 * meanwhile: what it writes could be lost.
 */
int arena_set_file(struct libos *os, __u64 off, __u64 len, int file, __u64 at)
{
	char *here = (char *)os->arena + off;
	__u64 i, in;
	void *p;

	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, (off_t)at);
	if (p == MAP_FAILED)
		return -errno;
	memcpy(p, here, len);
	advise(p, len);
	if (mremap(p, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, here) == MAP_FAILED) {
		munmap(p, len);
		return -ENOMEM;
	}
	for (i = 0; i < os->nalias; i++) {
		in = os->alias[i].off - off;
		/* One that cannot follow is a ring in which nothing comes any more. */
		if (in < len)
			alias_make(os, os->alias[i].addr, os->alias[i].off, ARENA_PAGE);
	}
	/* The arena's own pages are not wanted for so long. */
	if (file != os->arena_fd)
		fallocate(os->arena_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)off,
			  (off_t)len);
	return 0;
}
