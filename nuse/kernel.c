// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which kernels there are, and where.
 *
 * A kernel is a file NAME/liblinux.so (as built) or liblinux-NAME.so (as
 * installed); its NAME is a version and perhaps what kind of build it is: 6.12,
 * 6.12-full, 6.12-tiny.  They are looked for, in this order, in
 *
 *	$NUSE_KERNELS		a list with colons
 *	../lib/libos		from where this program is: an installation
 *	../kernel		the same: a build tree
 *	LIBOS_KERNEL_DIR	where it was to be installed
 *
 * "6.12" finds 6.12, 6.12-full or 6.12-anything, in this order.  The default is
 * 6.12, else the newest there is.
 *
 * A library's release is read from the file, not by loading it: what the symbol
 * libos_kernel holds is a relocation (a base-relative pointer) to a string.
 */
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <libos/host.h>
#include "kernel.h"
#include "key.h"

#ifndef LIBOS_KERNEL_DIR
#define LIBOS_KERNEL_DIR "/usr/local/lib/libos"
#endif
#define DEFAULT_VERSION "6.12"

/* Call @fn for each directory of the list until it returns non-zero. */
static int each_dir(int (*fn)(const char *dir, void *arg), void *arg)
{
	char exe[PATH_MAX], dir[PATH_MAX + 32];
	const char *env = getenv("NUSE_KERNELS");
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash;
	int ret = 0;

	while (env && *env && !ret) {
		size_t len = strcspn(env, ":");

		snprintf(dir, sizeof(dir), "%.*s", (int)len, env);
		if (len)
			ret = fn(dir, arg);
		env += len + (env[len] == ':');
	}
	if (n > 0 && !ret) {
		exe[n] = '\0';
		slash = strrchr(exe, '/');
		*slash = '\0';
		snprintf(dir, sizeof(dir), "%s/../lib/libos", exe);
		ret = fn(dir, arg);
		snprintf(dir, sizeof(dir), "%s/../kernel", exe);
		if (!ret)
			ret = fn(dir, arg);
	}
	return ret ? ret : fn(LIBOS_KERNEL_DIR, arg);
}

/* The path of kernel @name of @dir, if it is there. */
static bool library(const char *dir, const char *name, char *path, size_t len)
{
	char full[2 * PATH_MAX], real[PATH_MAX];

	snprintf(full, sizeof(full), "%s/%s/liblinux.so", dir, name);
	if (access(full, R_OK) < 0) {
		snprintf(full, sizeof(full), "%s/liblinux-%s.so", dir, name);
		if (access(full, R_OK) < 0)
			return false;
	}
	snprintf(path, len, "%s", realpath(full, real) ? real : full);
	return true;
}

static int by_version(const struct dirent **a, const struct dirent **b)
{
	return strverscmp((*b)->d_name, (*a)->d_name);
}

static int visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* What an entry of a directory may be the NAME of; cut in place. */
static const char *name_of(struct dirent *d)
{
	size_t len = strlen(d->d_name);

	if (len > 12 && !strncmp(d->d_name, "liblinux-", 9) && !strcmp(d->d_name + len - 3, ".so")) {
		d->d_name[len - 3] = '\0';
		return d->d_name + 9;
	}
	return d->d_name;
}

struct want {
	const char *which;	/* NULL: any */
	char *path;
	size_t len;
};

static int match(const char *dir, void *arg)
{
	struct want *w = arg;
	struct dirent **ent;
	char name[NAME_MAX + 1];
	int i, n, found = 0;

	if (w->which) {
		if (library(dir, w->which, w->path, w->len))
			return 1;
		snprintf(name, sizeof(name), "%s-full", w->which);
		if (library(dir, name, w->path, w->len))
			return 1;
	}
	n = scandir(dir, &ent, visible, by_version);
	for (i = 0; i < n; i++) {
		size_t len = w->which ? strlen(w->which) : 0;

		const char *ename = name_of(ent[i]);

		if (!found && (!len || (!strncmp(ename, w->which, len) && ename[len] == '-')))
			found = library(dir, ename, w->path, w->len);
		free(ent[i]);
	}
	if (n >= 0)
		free(ent);
	return found;
}

int nuse_kernel_find(const char *which, char *path, size_t len, struct nuse_err *err)
{
	struct want w = { .which = which, .path = path, .len = len };
	const char *env = getenv("LIBOS_LIBRARY");

	if (!which && env && *env)
		which = env;
	if (which && strchr(which, '/')) {
		struct stat st;

		if (stat(which, &st) < 0) {
			nuse_fail(err, NULL, "kernel %s: %s", which, strerror(errno));
			return -ENOENT;
		}
		snprintf(path, len, "%s%s", which, S_ISDIR(st.st_mode) ? "/liblinux.so" : "");
		return 0;
	}
	w.which = which ? which : DEFAULT_VERSION;
	if (each_dir(match, &w))
		return 0;
	w.which = NULL;
	if (!which && each_dir(match, &w))
		return 0;
	if (which)
		nuse_fail(err, NULL, "kernel %s: found no such kernel, expected one that nuse --list-kernels shows, or the path of a liblinux.so",
			  nuse_quote(which));
	else
		nuse_fail(err, NULL, "found no kernel in $NUSE_KERNELS nor in %s, expected liblinux-NAME.so there, or --kernel PATH",
			  LIBOS_KERNEL_DIR);
	return -ENOENT;
}

/* A file in memory, and what of it is inside. */
struct image {
	const uint8_t *p;
	size_t len;
};

static const void *at(const struct image *im, uint64_t off, uint64_t len)
{
	return off <= im->len && len <= im->len - off ? im->p + off : NULL;
}

static const Elf64_Shdr *section(const struct image *im, const Elf64_Ehdr *eh, uint32_t type)
{
	const Elf64_Shdr *sh = at(im, eh->e_shoff, (uint64_t)eh->e_shnum * sizeof(*sh));
	int i;

	for (i = 0; sh && i < eh->e_shnum; i++)
		if (sh[i].sh_type == type)
			return &sh[i];
	return NULL;
}

/* The file's bytes at address @addr, as far as the string goes. */
static const char *string_at(const struct image *im, const Elf64_Ehdr *eh, uint64_t addr)
{
	const Elf64_Phdr *ph = at(im, eh->e_phoff, (uint64_t)eh->e_phnum * sizeof(*ph));
	const char *s;
	int i;

	for (i = 0; ph && i < eh->e_phnum; i++) {
		if (ph[i].p_type != PT_LOAD || addr < ph[i].p_vaddr ||
		    addr - ph[i].p_vaddr >= ph[i].p_filesz)
			continue;
		addr = addr - ph[i].p_vaddr + ph[i].p_offset;
		s = at(im, addr, 1);
		return s && memchr(s, '\0', im->len - addr) ? s : NULL;
	}
	return NULL;
}

static const char *release(const struct image *im)
{
	const Elf64_Ehdr *eh = at(im, 0, sizeof(*eh));
	const Elf64_Shdr *dyn, *str, *rel, *sh;
	const Elf64_Sym *sym;
	uint64_t n, i, want = 0;

	if (!eh || memcmp(eh->e_ident, ELFMAG, SELFMAG) || eh->e_ident[EI_CLASS] != ELFCLASS64 ||
	    eh->e_shentsize != sizeof(*sh) || eh->e_phentsize != sizeof(Elf64_Phdr))
		return NULL;
	sh = at(im, eh->e_shoff, (uint64_t)eh->e_shnum * sizeof(*sh));
	dyn = section(im, eh, SHT_DYNSYM);
	if (!dyn || dyn->sh_link >= eh->e_shnum)
		return NULL;
	str = &sh[dyn->sh_link];
	sym = at(im, dyn->sh_offset, dyn->sh_size);
	n = sym ? dyn->sh_size / sizeof(*sym) : 0;
	for (i = 0; i < n && !want; i++) {
		const char *name = at(im, str->sh_offset + sym[i].st_name,
				      sizeof(LIBOS_KERNEL_SYMBOL));

		if (name && !memcmp(name, LIBOS_KERNEL_SYMBOL, sizeof(LIBOS_KERNEL_SYMBOL)))
			want = sym[i].st_value + offsetof(struct libos_kernel_ops, version);
	}
	for (rel = sh; want && rel < sh + eh->e_shnum; rel++) {
		const Elf64_Rela *r = rel->sh_type == SHT_RELA ?
				      at(im, rel->sh_offset, rel->sh_size) : NULL;

		for (i = 0; r && i < rel->sh_size / sizeof(*r); i++)
			if (r[i].r_offset == want)
				return string_at(im, eh, r[i].r_addend);
	}
	return NULL;
}

int nuse_kernel_release(const char *path, char *out, size_t len)
{
	struct image im;
	struct stat st;
	const char *s;
	void *p;
	int fd, ret = -ENOEXEC;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -ENOENT;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0) {
		p = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (p != MAP_FAILED) {
			im.p = p;
			im.len = st.st_size;
			s = release(&im);
			if (s && (size_t)snprintf(out, len, "%s", s) < len)
				ret = 0;
			munmap(p, st.st_size);
		}
	}
	close(fd);
	return ret;
}

/* Kernels listed so far: two directories may be one. */
struct list {
	FILE *f;
	int n;
	char seen[64][PATH_MAX];
};

static int list_dir(const char *dir, void *arg)
{
	struct list *l = arg;
	struct dirent **ent;
	char path[PATH_MAX], rel[64];
	int i, j, n;

	n = scandir(dir, &ent, visible, by_version);
	for (i = 0; i < n; i++) {
		const char *name = name_of(ent[i]);

		if (l->n < 64 && library(dir, name, path, sizeof(path))) {
			for (j = 0; j < l->n && strcmp(l->seen[j], path); j++)
				;
			if (j == l->n) {
				strcpy(l->seen[l->n++], path);
				if (nuse_kernel_release(path, rel, sizeof(rel)) < 0)
					strcpy(rel, "?");
				fprintf(l->f, "%s %s %s\n", name, rel, path);
			}
		}
		free(ent[i]);
	}
	if (n >= 0)
		free(ent);
	return 0;
}

int nuse_kernel_list(FILE *f)
{
	struct list *l = calloc(1, sizeof(*l));
	int n;

	if (!l)
		return 0;
	l->f = f;
	each_dir(list_dir, l);
	n = l->n;
	free(l);
	return n;
}
