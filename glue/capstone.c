// SPDX-License-Identifier: GPL-2.0-only
/*
 * capstone is loaded while there is text to decode, and not before.
 *
 * Of its tables more than a megabyte are pointers, which the dynamic linker writes:
 * private pages, which each fork() would copy references to and each exit drop, and
 * a millisecond at every start.  Most programs find all their sites in the cache.
 */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "capstone.h"
#include "glue.h"

#define TEXT_(x)	#x
#define TEXT(x)		TEXT_(x)
#define LIBRARY		"libcapstone.so." TEXT(CS_API_MAJOR)

int glue_capstone_load(struct glue_capstone *c)
{
	int missing = 0;

	memset(c, 0, sizeof(*c));
	c->lib = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);
#define FIND(name) \
	c->name = c->lib ? dlsym(c->lib, "cs_" #name) : NULL; \
	missing |= !c->name;
	GLUE_CAPSTONE(FIND)
#undef FIND
	if (!missing)
		return 0;
	glue_say("%s: cannot be loaded, so system calls of new files are not rewritten, but "
		 "trapped one by one", LIBRARY);
	glue_capstone_unload(c);
	return -ENOENT;
}

void glue_capstone_unload(struct glue_capstone *c)
{
	if (c->lib)
		dlclose(c->lib);
	c->lib = NULL;
}
