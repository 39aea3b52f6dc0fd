/* SPDX-License-Identifier: GPL-2.0-only */
/* Setting up the host's side of a device, as ip-link(8) would. */
#ifndef NETIO_HOSTIF_H
#define NETIO_HOSTIF_H

#include <libos/netio_backends.h>

int hostif_index(const char *name);
int hostif_set_up(const char *name, struct netio_err *err);
int hostif_set_mtu(const char *name, unsigned int mtu, struct netio_err *err);
int hostif_set_txqlen(const char *name, unsigned int len, struct netio_err *err);
int hostif_set_bridge(const char *name, const char *bridge, struct netio_err *err);
int hostif_add_address(const char *name, const char *address, struct netio_err *err);

#endif /* NETIO_HOSTIF_H */
