/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HOST_LOADER_H
#define HOST_LOADER_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct library - one private mapping of liblinux.so
 * @path: as opened, absolute if possible
 * @base: what is added to the file's addresses
 * @map: start of the mapping, @map_len bytes
 * @symbol: address of the symbol that was asked for
 * @debug: what debuggers are told (debug.c)
 */
struct library {
	char *path;
	uintptr_t base;
	void *map;
	size_t map_len;
	void *dynamic;
	void *symbol;
	void *debug;
};

/**
 * library_load() - map a shared object once more
 * @path: file
 * @symbol: the one symbol wanted
 * @at: address to map it at, which must be free; 0 for anywhere
 * @out: the mapping, to be released by library_unload()
 * @err: gets one line saying what is wrong, on failure
 * @err_len: its size
 *
 * Return: 0, -ENOENT (or what open(2) says), -ENOEXEC, -ENOMEM.
 */
int library_load(const char *path, const char *symbol, uintptr_t at, struct library **out,
		 char *err, size_t err_len);
void library_unload(struct library *lib);

/* $LIBOS_LIBRARY, or where it is installed. */
const char *library_default(void);

/* debug.c */
void debug_add(struct library *lib);
void debug_del(struct library *lib);

#endif /* HOST_LOADER_H */
