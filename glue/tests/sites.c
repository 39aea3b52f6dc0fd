// SPDX-License-Identifier: GPL-2.0-only
/*
 * sites [-v] file...: the system call sites of ELF files and how each would be
 * rewritten.  One line a file:
 *
 *	name candidates N sites N M1 N M2 N M3 N M4 N left N undecoded N ms N
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "glue/site.h"

static void plan(const __u8 *file, const struct glue_site *s, struct glue_patch *p)
{
	struct glue_slot slot;
	unsigned long addr = 0x400000 + s->off;

	glue_rewrite(s, addr, file + s->off, &slot, 0x10000000, 0, p);
}

int main(int argc, char **argv)
{
	static const char *const names[] = { "left", "M1", "M2", "M3", "M4" };
	int i, m, fd, verbose = argc > 1 && !strcmp(argv[1], "-v");
	size_t n[GLUE_M_END], k;
	struct timespec a, b;
	struct glue_sites s;
	struct glue_patch p;
	struct stat st;
	void *file;

	for (i = 1 + verbose; i < argc; i++) {
		fd = open(argv[i], O_RDONLY);
		if (fd < 0 || fstat(fd, &st)) {
			perror(argv[i]);
			return 1;
		}
		file = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		close(fd);
		if (file == MAP_FAILED)
			return 1;
		clock_gettime(CLOCK_MONOTONIC, &a);
		if (glue_sites_find(file, st.st_size, &s)) {
			fprintf(stderr, "%s: not an ELF file for x86-64\n", argv[i]);
			return 1;
		}
		clock_gettime(CLOCK_MONOTONIC, &b);
		memset(n, 0, sizeof(n));
		for (k = 0; k < s.n; k++) {
			plan(file, &s.site[k], &p);
			n[p.method]++;
			if (verbose)
				printf("%llx %s %s\n", s.site[k].off, names[p.method],
				       p.why ? p.why : "");
		}
		printf("%s candidates %zu sites %zu", argv[i], s.candidates, s.n);
		for (m = 1; m < GLUE_M_END; m++)
			printf(" %s %zu", names[m], n[m]);
		printf(" left %zu undecoded %zu ms %ld\n", n[0], s.undecoded,
		       (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000);
		glue_sites_free(&s);
		munmap(file, st.st_size);
	}
	return 0;
}
