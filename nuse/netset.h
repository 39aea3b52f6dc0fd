/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: Addresses, routes and sysctls of a stack
 */
#ifndef NUSE_NETSET_H
#define NUSE_NETSET_H

#include <libos/libos.h>
#include "conf.h"

/**
 * nuse_netset() - set a stack up as a configuration says
 * @thr: the calling thread's identity towards the stack
 *
 * The interfaces of @c are there and down.  Takes up to five seconds for an
 * interface whose cable is not plugged in.
 * Return: 0, or a negative errno with @err.
 */
int nuse_netset(struct libos_thread *thr, const struct nuse_conf *c, struct nuse_err *err);

/** nuse_netset_caps() - leave the calling task @caps (bit per CAP_*) */
int nuse_netset_caps(struct libos_thread *thr, uint64_t caps);

#endif /* NUSE_NETSET_H */
