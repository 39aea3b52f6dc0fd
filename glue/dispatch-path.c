// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that name files: which tree, the host's or the stack's?
 *
 * path.c classifies an absolute path; here is what a call makes of the answer.
 * A path of the stack's is passed to it in its absolute form, so that the
 * stack's own working directory never matters.  The program's is the host's,
 * and is remembered as text as well; if it lies in the stack's tree the text is
 * all there is, and relative paths out of it are made absolute for the host,
 * too.  A directory descriptor is the stack's (and then the path is relative to
 * it there), or one of the host's that was marked when it was opened because
 * stack paths begin below it, or of no interest.
 *
 * Files of /etc may have an overlay (etc.c), for opening and looking at.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include "dispatch.h"

/* What a call's path is. */
enum where {
	AS_IS,		/* the host's, with the arguments as they are */
	HOST_ABS,	/* the host's, by the text in .w.out */
	HOST_NEAR,	/* as AS_IS, but relative paths from it need care */
	HOST_ETC,	/* the host's, may be overlaid */
	HOST_MAPS,	/* as HOST_NEAR, but read from a copy */
	STACK_ABS,	/* the stack's, by the text in .w.out */
	STACK_AT,	/* the stack's, with the arguments as they are */
	NOWHERE,	/* -EBADF */
};

struct lookup {
	struct path_where w;
	char text[PATH_BUF];
};

/* The path of descriptor @fd on the host, as text.  False if there is none. */
static bool fd_path(unsigned int fd, char buf[PATH_BUF])
{
	char link[40], digits[12];
	const char *s = "/proc/self/fd/";
	char *p = link;
	int n = 0;
	long len;

	while (*s)
		*p++ = *s++;
	do {
		digits[n++] = '0' + fd % 10;
		fd /= 10;
	} while (fd);
	while (n)
		*p++ = digits[--n];
	*p = '\0';
	len = glue_raw3(SYS_readlink, link, buf, PATH_BUF - 1);
	if (len <= 0 || len == PATH_BUF - 1)
		return false;
	buf[len] = '\0';
	return buf[0] == '/';
}

static void copy_text(char *to, const char *from)
{
	while ((*to++ = *from++))
		;
}

/* The directory that a relative path begins at.  NULL: of no interest. */
static const char *base_of(struct glue_thread *t, bool has_dir, unsigned long dir,
			   char buf[PATH_BUF], enum where *where)
{
	struct glue_fdtab *f = t->prog->fds;

	*where = AS_IS;
	if (!has_dir || (int)dir == AT_FDCWD) {
		glue_lock(&f->cwd_lock);
		copy_text(buf, f->cwd);
		if (f->cwd_room == PATH_STACK)
			*where = HOST_ABS;
		glue_unlock(&f->cwd_lock);
		return *buf ? buf : NULL;
	}
	switch (fd_kind(f, dir)) {
	case FD_STACK:
		*where = STACK_AT;
		return NULL;
	case FD_HIDDEN:
		*where = NOWHERE;
		return NULL;
	default:
		if (fd_byte(f, (unsigned int)dir) & FD_NEAR && fd_path(dir, buf))
			return buf;
		return NULL;
	}
}

static enum where look(struct glue_thread *t, bool has_dir, unsigned long dir, unsigned long path,
		       struct lookup *l)
{
	struct glue_fdtab *f = t->prog->fds;
	char base_buf[PATH_BUF];
	const char *base = NULL;
	enum where relative = AS_IS;

	if (!path || glue_get_string(l->text, path, sizeof(l->text)) < 0 || !*l->text) {
		/* Of the descriptor itself (AT_EMPTY_PATH), or an error. */
		if (has_dir && (int)dir != AT_FDCWD)
			base_of(t, has_dir, dir, base_buf, &relative);
		return relative == HOST_ABS ? AS_IS : relative;
	}
	if (*l->text != '/') {
		bool at_cwd = !has_dir || (int)dir == AT_FDCWD;

		if (at_cwd && path_is_plain(l->text, f->cwd_room != PATH_HOST))
			return AS_IS;
		base = base_of(t, has_dir, dir, base_buf, &relative);
		if (!base)
			return relative;
	} else if (path_is_plain(l->text, false)) {
		return AS_IS;
	}
	path_classify(&l->w, base, l->text, f->pid);
	switch (l->w.room) {
	case PATH_STACK:
		return t->prog->opts->stack ? STACK_ABS : AS_IS;
	case PATH_FD:
		if (fd_is_stack(f, l->w.fd))
			return STACK_ABS;
		return relative;
	case PATH_ETC:
		return HOST_ETC;
	case PATH_MAPS:
		if (relative == AS_IS)
			return HOST_MAPS;
		/* fall through */
	case PATH_NEAR:
		return relative == HOST_ABS ? HOST_ABS : HOST_NEAR;
	case PATH_HOST:
		break;
	}
	return relative;
}

/* The index of the @nth path among a call's arguments, and its directory's. */
static int path_arg(long nr, int nth, int *dir)
{
	const char *s = sctable[nr].args;

	for (int i = 0; s[i]; i++) {
		if (s[i] != 's' || nth--)
			continue;
		*dir = i && s[i - 1] == 'D' ? i - 1 : -1;
		return i;
	}
	*dir = -1;
	return 0;
}

static enum where look_arg(struct glue_thread *t, long nr, const unsigned long arg[6], int nth,
			   struct lookup *l, int *at)
{
	int dir;

	*at = path_arg(nr, nth, &dir);
	return look(t, dir >= 0, dir >= 0 ? arg[dir] : 0, arg[*at], l);
}

static void copy_args(unsigned long to[6], const unsigned long from[6])
{
	for (int i = 0; i < 6; i++)
		to[i] = from[i];
}

/* --- open ---------------------------------------------------------------- */

static long open_flags(long nr, const unsigned long arg[6], unsigned long *flags)
{
	switch (nr) {
	case SYS_creat:
		*flags = O_CREAT | O_WRONLY | O_TRUNC;
		return 0;
	case SYS_open:
		*flags = arg[1];
		return 0;
	case SYS_openat:
		*flags = arg[2];
		return 0;
	default:	/* openat2 */
		return glue_get_user(flags, arg[2], sizeof(*flags));
	}
}

static long open_stack(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	struct glue_fdtab *f = t->prog->fds;
	unsigned long flags;
	long fd;

	if (open_flags(nr, arg, &flags))
		return -EFAULT;
	fd = fd_reserve(f, 0, flags & O_CLOEXEC);
	if (fd < 0)
		return fd;
	return fd_settle(t, fd, to_stack_fd(t, nr, arg, fd), 0);
}

long sys_open(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	unsigned long call[6], flags = 0;
	const char *overlay;
	bool maps = false;
	struct lookup l;
	enum where where;
	int at;
	long fd;

	copy_args(call, arg);
	where = look_arg(t, nr, arg, 0, &l, &at);
	switch (where) {
	case NOWHERE:
		return -EBADF;
	case STACK_ABS:
		call[at] = (unsigned long)l.w.out;
		return open_stack(t, nr, call);
	case STACK_AT:
		return open_stack(t, nr, call);
	case HOST_ABS:
		call[at] = (unsigned long)l.w.out;
		break;
	case HOST_ETC:
		overlay = etc_overlay(t->prog, l.w.out);
		if (overlay)
			call[at] = (unsigned long)overlay;
		break;
	case HOST_MAPS:
		maps = !open_flags(nr, arg, &flags) &&
		       !(flags & (O_ACCMODE | O_PATH | O_DIRECTORY | O_CREAT | O_TRUNC));
		break;
	default:
		break;
	}
	fd = maps ? maps_open(t, flags) : glue_host(t, nr, call);
	if (fd >= 0)
		fd = fd_host_made(t->prog->fds, fd);
	if (fd >= 0 && (where == HOST_NEAR || where == HOST_ABS) &&
	    !open_flags(nr, arg, &flags) && flags & (O_DIRECTORY | O_PATH))
		fd_mark_near(t->prog->fds, fd);
	return fd;
}

/* --- calls with one path ------------------------------------------------- */

/* Calls that look at a file without changing it see its overlay. */
static bool only_looks(long nr)
{
	switch (nr) {
	case SYS_stat: case SYS_lstat: case SYS_access: case SYS_newfstatat:
	case SYS_faccessat: case SYS_statx: case SYS_statfs:
	case 439:			/* faccessat2 */
	case SYS_getxattr: case SYS_lgetxattr: case SYS_listxattr: case SYS_llistxattr:
		return true;
	default:
		return false;
	}
}

static long one_path(struct glue_thread *t, long nr, const unsigned long arg[6], int nth)
{
	const char *overlay;
	unsigned long call[6];
	struct lookup l;
	int at;

	copy_args(call, arg);
	switch (look_arg(t, nr, arg, nth, &l, &at)) {
	case NOWHERE:
		return -EBADF;
	case STACK_ABS:
		call[at] = (unsigned long)l.w.out;
		return to_stack(t, nr, call);
	case STACK_AT:
		return to_stack(t, nr, call);
	case HOST_ABS:
		call[at] = (unsigned long)l.w.out;
		break;
	case HOST_ETC:
		overlay = only_looks(nr) ? etc_overlay(t->prog, l.w.out) : NULL;
		if (overlay)
			call[at] = (unsigned long)overlay;
		break;
	default:
		break;
	}
	return glue_host(t, nr, call);
}

long sys_path(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	return one_path(t, nr, arg, 0);
}

/* symlink(text, path): the second string is the one that names a file. */
long sys_path1(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	return one_path(t, nr, arg, 1);
}

/*
 * A link of /proc/self/fd to a file of the stack's procfs names the process, and
 * that has number 1 there: "/proc/1/net/dev".
 */
long sys_readlink(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	static const char own[] = "/proc/1/";
	unsigned long at = arg[nr == SYS_readlink ? 1 : 2];
	unsigned long size = (unsigned int)arg[nr == SYS_readlink ? 2 : 3];
	char text[PATH_BUF], out[PATH_BUF + 12];
	long n = one_path(t, nr, arg, 0), len = 6, pid = t->prog->fds->pid;
	char digits[12];
	int d = 0;

	if (n < (long)sizeof(own) - 1 || n > PATH_BUF || !t->prog->opts->stack ||
	    glue_get_user(text, at, n))
		return n;
	for (unsigned int i = 0; i < sizeof(own) - 1; i++)
		if (text[i] != own[i])
			return n;
	glue_memcpy(out, own, len);
	for (; pid; pid /= 10)
		digits[d++] = '0' + pid % 10;
	while (d)
		out[len++] = digits[--d];
	glue_memcpy(out + len, text + 7, n - 7);
	len += n - 7;
	if (len > (long)size)
		len = size;
	return glue_put_user(at, out, len) ? -EFAULT : len;
}

/* --- calls with two paths ------------------------------------------------ */

long sys_rename(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	struct lookup l[2];
	enum where where[2];
	unsigned long call[6];
	int stack = 0, at;

	copy_args(call, arg);
	for (int i = 0; i < 2; i++) {
		where[i] = look_arg(t, nr, arg, i, &l[i], &at);
		if (where[i] == NOWHERE)
			return -EBADF;
		if (where[i] == STACK_ABS || where[i] == HOST_ABS)
			call[at] = (unsigned long)l[i].w.out;
		stack += where[i] == STACK_ABS || where[i] == STACK_AT;
	}
	if (stack == 1)
		return -EXDEV;
	return stack ? to_stack(t, nr, call) : glue_host(t, nr, call);
}

/* mount(source, target, ...): where the target is. */
long sys_mount(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	struct lookup l[2];
	unsigned long call[6];
	enum where source, target;

	copy_args(call, arg);
	target = look(t, false, 0, arg[1], &l[1]);
	if (target != STACK_ABS)
		return glue_host(t, nr, arg);
	call[1] = (unsigned long)l[1].w.out;
	source = look(t, false, 0, arg[0], &l[0]);
	if (source == STACK_ABS)
		call[0] = (unsigned long)l[0].w.out;
	return to_stack(t, nr, call);
}

/* --- the working directory ----------------------------------------------- */

static void set_cwd(struct glue_fdtab *f, const char *path, int room)
{
	glue_lock(&f->cwd_lock);
	f->cwd_room = room;
	copy_text(f->cwd, path);
	glue_unlock(&f->cwd_lock);
}

/* The host's has changed, or is looked at for the first time. */
void path_cwd_changed(struct glue_fdtab *f)
{
	struct path_where w;
	char buf[PATH_BUF];
	long n;

	n = glue_raw2(SYS_getcwd, buf, sizeof(buf));
	if (n <= 0 || buf[0] != '/') {		/* too long, or unreachable */
		set_cwd(f, "", PATH_HOST);
		return;
	}
	path_classify(&w, NULL, buf, f->pid);
	set_cwd(f, buf, w.room == PATH_STACK || w.room == PATH_FD ? PATH_NEAR : w.room);
}

/*
 * The stack has found the directory to be one.  The host goes to a place of the
 * same name if it has one, or to the root, so that what the host sees of the
 * program (a child without the library, say) stays plausible.
 */
static long in_stack(struct glue_thread *t, const char *path)
{
	char buf[PATH_BUF];
	long n = stack_now(t, SYS_getcwd, buf, sizeof(buf), 0);

	if (n <= 0 || buf[0] != '/')
		copy_text(buf, path ? path : "/");
	if (glue_raw1(SYS_chdir, buf) < 0)
		glue_raw1(SYS_chdir, "/");
	set_cwd(t->prog->fds, buf, PATH_STACK);
	return 0;
}

long sys_chdir(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	unsigned long call[6];
	struct lookup l;
	long ret;

	copy_args(call, arg);
	switch (look(t, false, 0, arg[0], &l)) {
	case STACK_ABS:
		call[0] = (unsigned long)l.w.out;
		ret = to_stack(t, nr, call);
		return ret < 0 ? ret : in_stack(t, l.w.out);
	case HOST_ABS:
		call[0] = (unsigned long)l.w.out;
		break;
	default:
		break;
	}
	ret = glue_host(t, nr, call);
	if (ret >= 0)
		path_cwd_changed(t->prog->fds);
	return ret;
}

long sys_fchdir(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	long ret = by_fd(t, nr, arg, arg[0]);

	if (ret < 0)
		return ret;
	if (fd_is_stack(t->prog->fds, arg[0]))
		return in_stack(t, NULL);
	path_cwd_changed(t->prog->fds);
	return ret;
}

long sys_getcwd(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	struct glue_fdtab *f = t->prog->fds;
	char buf[PATH_BUF];
	size_t len;

	if (f->cwd_room != PATH_STACK)
		return glue_host(t, nr, arg);
	glue_lock(&f->cwd_lock);
	copy_text(buf, f->cwd);
	glue_unlock(&f->cwd_lock);
	len = glue_strlen(buf) + 1;
	if (arg[1] < len)
		return -ERANGE;
	return glue_put_user(arg[0], buf, len) ? -EFAULT : (long)len;
}

/* --- directories --------------------------------------------------------- */

/* Is this the text of /proc/PID/fd or /proc/PID/fdinfo, of any process? */
static bool lists_fds(const char *s)
{
	size_t n = glue_strlen(s);

	if (n < 9 || s[1] != 'p' || s[2] != 'r' || s[3] != 'o' || s[4] != 'c' || s[5] != '/')
		return false;
	return glue_streq(s + n - 3, "/fd") || glue_streq(s + n - 7, "/fdinfo");
}

struct dirent64 {
	__u64 ino, off;
	__u16 len;
	__u8 type;
	char name[];
};

static bool not_program(const struct glue_fdtab *f, unsigned long fd)
{
	enum fd_kind kind = fd_kind(f, fd);

	return kind == FD_HIDDEN || kind == FD_BUSY;
}

/* Of a process's list of descriptors: the numbers that are not the program's go. */
static long fd_dir(struct glue_thread *t, const unsigned long arg[6])
{
	struct dispatch_thread *d = dispatch_thread(t);
	struct glue_fdtab *f = t->prog->fds;
	unsigned long size = (unsigned int)arg[2] < BOUNCE ? (unsigned int)arg[2] : BOUNCE;
	long n, out;

	if (!d)
		return -ENOMEM;
	do {
		n = glue_raw3(SYS_getdents64, arg[0], d->bounce, size);
		out = 0;
		for (long in = 0; in < n;) {
			struct dirent64 *e = (void *)(d->bounce + in);
			unsigned long fd = 0;
			const char *s = e->name;
			__u16 len = e->len;

			while (*s >= '0' && *s <= '9')
				fd = fd * 10 + *s++ - '0';
			if (*s || !not_program(f, fd)) {
				if (in != out)
					glue_memcpy(d->bounce + out, e, len);
				out += len;
			}
			in += len;
		}
	} while (n > 0 && !out);
	if (n <= 0)
		return n;
	return glue_put_user(arg[1], d->bounce, out) ? -EFAULT : out;
}

long sys_getdents(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	struct glue_fdtab *f = t->prog->fds;
	char path[PATH_BUF];

	if (fd_kind(f, arg[0]) == FD_HOST && fd_byte(f, (unsigned int)arg[0]) & FD_NEAR &&
	    nr == SYS_getdents64 && fd_path(arg[0], path) && lists_fds(path))
		return fd_dir(t, arg);
	return by_fd(t, nr, arg, arg[0]);
}
