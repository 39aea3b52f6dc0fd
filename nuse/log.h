/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NUSE_LOG_H
#define NUSE_LOG_H

#include <linux/types.h>

/* The kernel log to standard error; a &struct libos_opts.log. */
void nuse_log(void *arg, const char *s, __u32 len);

#endif /* NUSE_LOG_H */
