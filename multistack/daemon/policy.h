/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy file: who may have tuples of protocols that the kernel has no
 * sockets for, so that nothing can be proven.
 *
 *	# user	protocol	address		port
 *	alice	sctp		10.0.0.2	3868
 *	1000	gre		*		-
 *	@adm	132		*		*
 *
 * "@group" is the group's members; "*" as the user is everybody.  "-" or "*" is
 * the port of protocols without ports.  The first field that does not match
 * passes the line over; a tuple that no line grants is refused.
 */
#ifndef MSD_POLICY_H
#define MSD_POLICY_H

#include <stdbool.h>
#include <sys/types.h>

#include "multistack.h"

struct policy;
struct msd;

/* A missing file grants nothing.  Errors in it are logged with their line. */
int policy_load(struct policy **pp, const char *path);
void policy_free(struct policy *p);
bool policy_allows(const struct policy *p, uid_t uid, const struct ms_tuple *t);

#endif /* MSD_POLICY_H */
