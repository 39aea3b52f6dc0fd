/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which file system a path belongs to: the host's or the stack's.
 */
#ifndef GLUE_PATH_H
#define GLUE_PATH_H

#include <stdbool.h>
#include <stddef.h>

/* The longest path that can be the stack's; longer ones are the host's. */
#define PATH_BUF	512

enum path_room {
	PATH_HOST,	/* the host's; pass on what the program gave */
	PATH_NEAR,	/* the host's, but the stack's begin below or beside it */
	PATH_STACK,	/* the stack's; @out is what to pass to it */
	PATH_FD,	/* a descriptor's entry in /proc: its owner decides */
	PATH_ETC,	/* a file that an overlay may replace */
	PATH_MAPS,	/* /proc/PID/maps of our own process */
};

/**
 * struct path_where - what path_classify() found
 * @room: whose it is
 * @fd: the descriptor's number, for %PATH_FD
 * @out: absolute, without "." and "..", and spelled as the stack knows it
 */
struct path_where {
	enum path_room room;
	int fd;
	char out[PATH_BUF];
};

/*
 * True if a path need not be looked at any further: it is the host's.  For the
 * common cases, before anything is copied.  @at_near: the directory that it is
 * relative to is (or may be) PATH_NEAR or PATH_STACK.
 */
static inline bool path_is_plain(const char *path, bool at_near)
{
	if (path[0] != '/')
		return !at_near && !(path[0] == '.' && path[1] == '.');
	switch (path[1]) {
	case 'p': case 's': case 'e': case 'r': case 'v': case 'd':
	case '/': case '.': case '\0':
		return false;
	}
	return true;
}

/*
 * Classify @path, relative to the absolute path @base if it is not absolute
 * itself.  @pid is the process's own.  Symbolic links are not followed, but for
 * those of /proc (self, net) and /var/run.
 */
void path_classify(struct path_where *w, const char *base, const char *path, int pid);

#endif /* GLUE_PATH_H */
