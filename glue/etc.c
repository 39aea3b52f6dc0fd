// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of /etc that the configuration replaces for the program.
 *
 * The resolver of a program reads /etc/resolv.conf, /etc/hosts and
 * /etc/nsswitch.conf, which describe the host's network and not the stack's.
 * The launcher writes its own and names them in glue_opts.overlay; the program
 * opens those instead, and sees their size and times.
 */
#include "dispatch.h"

const char *etc_overlay(const struct glue_prog *p, const char *path)
{
	const struct glue_opts *o = p->opts;

	for (unsigned int i = 0; i < o->noverlay; i++)
		if (glue_streq(o->overlay[i].path, path))
			return o->overlay[i].file;
	return NULL;
}
