// SPDX-License-Identifier: GPL-2.0-only
/* Many mappings of one library, and files that are not one. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../instance.h"
#include "../loader.h"
#include "check.h"
#include "mock.h"

#define INSTANCES	40

static char library[4096], scratch[] = "/tmp/libos-loader-XXXXXX";

static long call(struct libos_thread *thr, long nr)
{
	unsigned long arg[6] = { 7 };

	return libos_call(thr, nr, arg);
}

static void quiet_log(void *arg, const char *s, __u32 len)
{
}

static void test_many(void)
{
	static struct libos *os[INSTANCES];
	static struct libos_thread *thr[INSTANCES];
	struct libos_opts o = {
		.size = sizeof(o),
		.library = library,
		.memory = 8 << 20,
		.log = quiet_log,
	};
	int i, j, n = 0, good = 0;

	for (i = 0; i < INSTANCES; i++)
		n += libos_open(&o, &os[i], &thr[i]) == 0;
	if (!is(n, INSTANCES, "forty instances of one file"))
		return;
	for (i = 0; i < INSTANCES; i++)
		for (j = 0; j < i; j++)
			call(thr[i], MOCK_NULL);
	for (i = 0; i < INSTANCES; i++)
		good += call(thr[i], MOCK_COUNT) == i + 1;
	is(good, INSTANCES, "each has data of its own");
	for (i = 0; i < INSTANCES; i++)
		libos_close(os[i]);
}

/* The text of all mappings is the page cache's: nothing private, nothing dirty. */
static void test_shared_text(void)
{
	struct library *lib[2];
	unsigned long start, end, dirty = 0, kb;
	char err[256], line[512], perms[8];
	bool text = false;
	int texts = 0;
	FILE *f;

	library_load(library, "libos_kernel", 0, &lib[0], err, sizeof(err));
	library_load(library, "libos_kernel", 0, &lib[1], err, sizeof(err));
	ok(lib[0]->base != lib[1]->base && lib[0]->symbol != lib[1]->symbol,
	   "two mappings are two places");
	f = fopen("/proc/self/smaps", "r");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx %7s", &start, &end, perms) == 3) {
			text = perms[2] == 'x' && strstr(line, lib[0]->path);
			texts += text;
		}
		if (text && sscanf(line, "Private_Dirty: %lu", &kb) == 1)
			dirty += kb;
	}
	fclose(f);
	ok(texts == 2 && dirty == 0, "text is shared (%d mappings, %lu KiB private)", texts, dirty);
	library_unload(lib[0]);
	library_unload(lib[1]);
}

static int try_load(const char *path, char *err, size_t len)
{
	struct library *lib;
	int r;

	*err = 0;
	r = library_load(path, "libos_kernel", 0, &lib, err, len);
	if (r == 0)
		library_unload(lib);
	return r;
}

static void put(const void *data, size_t len)
{
	int fd = open(scratch, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	(void)!write(fd, data, len);
	close(fd);
}

static void test_refusals(const unsigned char *file, size_t len)
{
	unsigned char *copy = malloc(len);
	char err[256];

	is(try_load("/nonexistent/liblinux.so", err, sizeof(err)), -ENOENT, "no such file");
	ok(strstr(err, "/nonexistent/liblinux.so") && strstr(err, "No such file"), "says: %s", err);
	is(try_load("/tmp", err, sizeof(err)), -ENOEXEC, "a directory");
	is(try_load("/etc/passwd", err, sizeof(err)), -ENOEXEC, "a text file");
	ok(strstr(err, "not an ELF file") != NULL, "says: %s", err);
	is(try_load("/lib/x86_64-linux-gnu/libc.so.6", err, sizeof(err)), -ENOEXEC, "a libc");
	printf("# %s\n", err);
	is(try_load("/lib/x86_64-linux-gnu/libm.so.6", err, sizeof(err)), -ENOEXEC, "a libm");
	printf("# %s\n", err);
	memcpy(copy, file, len);
	((Elf64_Ehdr *)copy)->e_machine = EM_S390;
	put(copy, len);
	is(try_load(scratch, err, sizeof(err)), -ENOEXEC, "another machine's");
	printf("# %s\n", err);
	put(file, len / 3);
	is(try_load(scratch, err, sizeof(err)), -ENOEXEC, "a truncated file");
	printf("# %s\n", err);
	put("", 0);
	is(try_load(scratch, err, sizeof(err)), -ENOEXEC, "an empty file");
	free(copy);
}

/* Garbage in headers, tables and relocations must be refused, or not matter. */
static void test_garbage(const unsigned char *file, size_t len)
{
	unsigned char *copy = malloc(len);
	unsigned int seed = 1, i;
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		char err[256];

		for (i = 0; i < 1500; i++) {
			size_t limit = i % 3 ? 0x1200 : len;
			int flips = 1 + i % 8;

			memcpy(copy, file, len);
			while (flips--)
				copy[(size_t)rand_r(&seed) % (limit < len ? limit : len)] =
					(unsigned char)rand_r(&seed);
			put(copy, len);
			try_load(scratch, err, sizeof(err));
		}
		_exit(0);
	}
	waitpid(pid, &status, 0);
	is(status, 0, "1500 corrupted files crash nobody");
	free(copy);
}

int main(int argc, char **argv)
{
	unsigned char *file;
	struct stat st;
	char self[2048];
	int fd;

	plan(120);
	snprintf(self, sizeof(self), "%s", argv[0]);
	snprintf(library, sizeof(library), "%s/mock.so", dirname(self));
	fd = mkstemp(scratch);
	close(fd);
	fd = open(library, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return 1;
	file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	test_many();
	test_shared_text();
	test_refusals(file, (size_t)st.st_size);
	test_garbage(file, (size_t)st.st_size);
	unlink(scratch);
	return done();
}
