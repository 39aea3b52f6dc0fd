// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a name to an image in memory: find the file, follow "#!", see whether it
 * can be run here at all, map it and its interpreter, make its stack.
 *
 * Finding and checking change nothing, so that an execve() can fail with the old
 * program unharmed; loading wants an address space that is empty.
 *
 * Privileges.  A file that is set-user-ID, set-group-ID or has capabilities would
 * make the kernel raise those of a process that executes it.  We only map the file.
 * Where that makes no difference (the caller has what it would gain) the program
 * runs; else it is refused, for it would fail in less obvious ways.  Capabilities
 * for the network are no gain: towards its stack a program has them all.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core.h"
#include "elf.h"
#include "start.h"

#define IMAGE_GAP	0x4000000UL	/* room for trampolines below the image */
#define DEFAULT_PATH	"/usr/local/bin:/usr/bin:/bin"
#define NET_CAPS	(1U << CAP_NET_ADMIN | 1U << CAP_NET_RAW | \
			 1U << CAP_NET_BIND_SERVICE | 1U << CAP_NET_BROADCAST)

int glue_start_init(struct glue_start *s, char *const *argv, char *const *envp)
{
	static char empty[] = "";
	size_t n;

	memset(s, 0, sizeof(*s));
	s->fd = -1;
	s->envp = envp;
	for (n = 0; argv[n]; n++)
		;
	s->argv = calloc(n + 2, sizeof(*s->argv));
	if (!s->argv)
		return -ENOMEM;
	memcpy(s->argv, argv, n * sizeof(*s->argv));
	if (!n)		/* as Linux does since 5.18 */
		s->argv[0] = empty;
	return 0;
}

void glue_start_free(struct glue_start *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	while (s->nmade)
		free(s->made[--s->nmade]);
	free(s->argv);
	s->argv = NULL;
}

static int open_program(const char *path, int *fd)
{
	struct stat st;

	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (*fd < 0)
		return errno == EISDIR || errno == ENXIO ? -EACCES : -errno;
	if (fstat(*fd, &st) || !S_ISREG(st.st_mode) || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS)) {
		close(*fd);
		*fd = -1;
		return -EACCES;
	}
	return 0;
}

int glue_start_open(struct glue_start *s, const char *path)
{
	int r;

	if (strlen(path) >= sizeof(s->path))
		return -ENAMETOOLONG;
	if (path != s->path)
		strcpy(s->path, path);
	r = open_program(path, &s->fd);
	return r;
}

/* As execvp() finds it. */
int glue_start_find(struct glue_start *s, const char *name)
{
	const char *dirs, *end;
	int r, best = -ENOENT;

	if (strchr(name, '/'))
		return glue_start_open(s, name);
	dirs = getenv("PATH");
	for (dirs = dirs ? dirs : DEFAULT_PATH; ; dirs = end + 1) {
		end = strchrnul(dirs, ':');
		if ((size_t)snprintf(s->path, sizeof(s->path), "%.*s%s%s", (int)(end - dirs), dirs,
				     end == dirs ? "" : "/", name) < sizeof(s->path)) {
			r = open_program(s->path, &s->fd);
			if (!r)
				return 0;
			if (r == -EACCES)
				best = r;
		}
		if (!*end)
			return best;
	}
}

static char *make(struct glue_start *s, const char *text)
{
	char *copy = strdup(text);

	if (copy)
		s->made[s->nmade++] = copy;
	return copy;
}

/*
 * "#!interpreter argument": the arguments become interpreter, argument, path,
 * and the rest.  Return: 1 if it was a script, 0 if not.
 */
static int follow_script(struct glue_start *s, int depth)
{
	char line[257], *interp, *arg = NULL, *p, **argv;
	ssize_t len = pread(s->fd, line, sizeof(line) - 1, 0);
	size_t n, k = 0;
	int r;

	if (len < 4 || line[0] != '#' || line[1] != '!')
		return 0;
	if (depth == GLUE_SCRIPTS)
		return -ELOOP;
	line[len] = 0;
	line[strcspn(line, "\n")] = 0;
	interp = line + 2 + strspn(line + 2, " \t");
	p = interp + strcspn(interp, " \t");
	if (p == line + sizeof(line) - 1)
		return -ENOEXEC;	/* a name that goes on beyond is not to be guessed */
	if (*p) {
		*p++ = 0;
		p += strspn(p, " \t");
		if (*p)
			arg = p;
		for (p += strlen(p); arg && p > arg && (p[-1] == ' ' || p[-1] == '\t'); )
			*--p = 0;
	}
	if (!*interp)
		return -ENOEXEC;

	for (n = 0; s->argv[n]; n++)
		;
	argv = calloc(n + 4, sizeof(*argv));
	if (!argv)
		return -ENOMEM;
	argv[k++] = make(s, interp);
	if (arg)
		argv[k++] = make(s, arg);
	argv[k++] = make(s, s->path);
	if (n)
		memcpy(argv + k, s->argv + 1, (n - 1) * sizeof(*argv));
	free(s->argv);
	s->argv = argv;
	while (k)
		if (!argv[--k])
			return -ENOMEM;

	close(s->fd);
	s->fd = -1;
	r = glue_start_open(s, argv[0]);
	return r ? r : 1;
}

/* Would the kernel grant capabilities that are no affair of the stack's? */
static int has_caps(int fd)
{
	struct vfs_ns_cap_data cap;
	ssize_t n = fgetxattr(fd, "security.capability", &cap, sizeof(cap));
	unsigned int lo, hi = 0;

	if (n < (ssize_t)XATTR_CAPS_SZ_1)
		return 0;
	lo = cap.data[0].permitted & ~NET_CAPS;
	if (n >= (ssize_t)XATTR_CAPS_SZ_2)
		hi = cap.data[1].permitted;
	return lo || hi;
}

static int privileges(const struct glue_start *s)
{
	const char *what = NULL;
	struct statvfs fs;
	struct stat st;

	if (fstat(s->fd, &st))
		return -errno;
	if (st.st_mode & S_ISUID && st.st_uid != geteuid())
		what = "set-user-ID";
	else if ((st.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) &&
		 st.st_gid != getegid() && geteuid())
		what = "set-group-ID";
	else if (geteuid() && has_caps(s->fd))
		what = "privileged by file capabilities";
	/* The kernel would not grant anything there either. */
	if (!what || (!fstatvfs(s->fd, &fs) && fs.f_flag & ST_NOSUID) ||
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return 0;
	glue_say("%s: is %s, and a program on a stack of its own cannot gain privileges; "
		 "start it outside, or become that user before", s->path, what);
	return -EPERM;
}

static int check_elf(const struct glue_start *s)
{
	struct glue_image *img = calloc(2, sizeof(*img));
	__u8 id[20];
	int fd, r;

	if (!img)
		return -ENOMEM;
	r = glue_elf_check(s->fd, img);
	if (r == -ENOEXEC && pread(s->fd, id, sizeof(id), 0) == sizeof(id) &&
	    !memcmp(id, ELFMAG, SELFMAG))
		glue_say("%s: is not a program for x86-64 (ELF class %d, machine %d)", s->path,
			 (long)id[EI_CLASS], (long)(id[18] | id[19] << 8));
	if (!r && img->interp[0]) {
		r = open_program(img->interp, &fd);
		if (!r) {
			r = glue_elf_check(fd, img + 1);
			close(fd);
		}
	}
	free(img);
	return r;
}

int glue_start_check(struct glue_start *s)
{
	int r, depth;

	for (depth = 0; (r = follow_script(s, depth)) > 0; depth++)
		;
	if (!r)
		r = check_elf(s);
	return r ? r : privileges(s);
}

int glue_start_load(struct glue_prog *p, const struct glue_start *s, unsigned long *sp)
{
	struct glue_image *img = calloc(2, sizeof(*img)), *interp = img + 1;
	char link[64];
	ssize_t n;
	int fd, r = -ENOMEM;

	if (!img)
		return r;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", s->fd);
	n = readlink(link, p->exe, sizeof(p->exe) - 1);
	p->exe[n > 0 ? n : 0] = 0;
	snprintf(p->comm, sizeof(p->comm), "%.15s",
		 strrchr(s->path, '/') ? strrchr(s->path, '/') + 1 : s->path);

	p->stack_lo = p->hi;
	r = glue_elf_load(p, s->fd, p->lo + IMAGE_GAP, img);
	if (r)
		goto out;
	if (!img->bias) {
		p->img_lo = img->lo;
		p->img_hi = img->hi;
	}
	p->at_entry = p->entry = img->entry;
	p->at_phdr = img->phdr;
	p->at_phnum = img->phnum;
	if (img->interp[0]) {
		r = open_program(img->interp, &fd);
		if (r)
			goto out;
		r = glue_elf_load(p, fd, p->map_lo + IMAGE_GAP, interp);
		close(fd);
		if (r)
			goto out;
		p->at_base = interp->bias;
		p->entry = interp->entry;
		p->map_cursor = GLUE_PAGE_UP(interp->hi);
	}
	r = glue_start_stack(p, s->path, s->argv, s->envp, sp);
out:
	free(img);
	return r;
}
