// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sites of files, kept across processes: decoding a large program takes longer
 * than many a program runs.
 *
 * One file per ELF file in $XDG_CACHE_HOME/libos/sites (or ~/.cache), named by
 * its build-id; files without one are not cached.  A cache file holds the size
 * of what it is about and a version; whatever does not fit is ignored, and a
 * site is used only if the two bytes at its address are a syscall instruction.
 * The directory is the user's own, and it must be: who can write there decides
 * what our programs jump to.  Errors of all kinds mean "not cached".
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sitecache.h"

#define MAGIC	"libos-sites-3\n\0"	/* change with struct glue_site or decode.c */
#define MAX_ID	64

struct header {
	char	magic[16];
	__u64	file_len;
	__u64	n;
	__u64	undecoded;
};

static int build_id(const __u8 *file, size_t len, char hex[2 * MAX_ID + 1])
{
	const Elf64_Ehdr *eh = (const void *)file;
	const Elf64_Phdr *ph;
	Elf64_Nhdr nh;
	__u64 off, end, i;
	int k;

	if (len < sizeof(*eh) || eh->e_phoff > len || eh->e_phoff % 8 ||
	    eh->e_phnum * sizeof(*ph) > len - eh->e_phoff)
		return -ENOENT;
	ph = (const void *)(file + eh->e_phoff);
	for (k = 0; k < eh->e_phnum; k++) {
		if (ph[k].p_type != PT_NOTE || ph[k].p_offset > len ||
		    ph[k].p_filesz > len - ph[k].p_offset)
			continue;
		off = ph[k].p_offset;
		for (end = off + ph[k].p_filesz; off + sizeof(nh) <= end;
		     off += sizeof(nh) + ((nh.n_namesz + 3ULL) & ~3ULL) +
			    ((nh.n_descsz + 3ULL) & ~3ULL)) {
			memcpy(&nh, file + off, sizeof(nh));
			if (nh.n_type != NT_GNU_BUILD_ID || nh.n_namesz != 4 ||
			    nh.n_descsz < 8 || nh.n_descsz > MAX_ID ||
			    off + sizeof(nh) + 4 + nh.n_descsz > end)
				continue;
			for (i = 0; i < nh.n_descsz; i++)
				sprintf(hex + 2 * i, "%02x", file[off + sizeof(nh) + 4 + i]);
			return 0;
		}
	}
	return -ENOENT;
}

/* The directory as an fd, made if need be; only if it is ours alone to write. */
static int open_dir(int make)
{
	static const char *const parts[] = { "libos", "sites" };
	const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char path[4096];
	struct stat st;
	int dir, next;
	size_t i;

	if (base && base[0] == '/')
		snprintf(path, sizeof(path), "%s", base);
	else if (home && home[0] == '/')
		snprintf(path, sizeof(path), "%s/.cache", home);
	else
		return -1;
	if (make)
		mkdir(path, 0700);
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (i = 0; dir >= 0 && i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (make)
			mkdirat(dir, parts[i], 0700);
		next = openat(dir, parts[i], O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		close(dir);
		dir = next;
	}
	if (dir >= 0 && (fstat(dir, &st) || st.st_uid != geteuid() || (st.st_mode & 022))) {
		close(dir);
		dir = -1;
	}
	return dir;
}

int glue_sitecache_get(const void *file, size_t len, struct glue_sites *out)
{
	char id[2 * MAX_ID + 1];
	struct header h;
	struct stat st;
	int dir, fd, r = -ENOENT;

	memset(out, 0, sizeof(*out));
	if (build_id(file, len, id))
		return r;
	dir = open_dir(0);
	if (dir < 0)
		return r;
	fd = openat(dir, id, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	close(dir);
	if (fd < 0)
		return r;
	if (!fstat(fd, &st) && st.st_uid == geteuid() && read(fd, &h, sizeof(h)) == sizeof(h) &&
	    !memcmp(h.magic, MAGIC, sizeof(h.magic)) && h.file_len == len &&
	    h.n <= len && (__u64)st.st_size == sizeof(h) + h.n * sizeof(*out->site)) {
		out->site = malloc(h.n * sizeof(*out->site) + 1);
		if (out->site && read(fd, out->site, h.n * sizeof(*out->site)) ==
				 (ssize_t)(h.n * sizeof(*out->site))) {
			out->n = out->max = h.n;
			out->undecoded = h.undecoded;
			r = 0;
		}
	}
	close(fd);
	if (r)
		glue_sites_free(out);
	return r;
}

void glue_sitecache_put(const void *file, size_t len, const struct glue_sites *s)
{
	char id[2 * MAX_ID + 1], tmp[2 * MAX_ID + 32];
	struct header h = { .magic = MAGIC, .file_len = len, .n = s->n,
			    .undecoded = s->undecoded };
	ssize_t bytes = s->n * sizeof(*s->site);
	int dir, fd;

	if (build_id(file, len, id))
		return;
	dir = open_dir(1);
	if (dir < 0)
		return;
	snprintf(tmp, sizeof(tmp), "%s.%d", id, getpid());
	fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0) {
		if (write(fd, &h, sizeof(h)) != sizeof(h) || write(fd, s->site, bytes) != bytes ||
		    renameat(dir, tmp, dir, id))
			unlinkat(dir, tmp, 0);
		close(fd);
	}
	close(dir);
}
