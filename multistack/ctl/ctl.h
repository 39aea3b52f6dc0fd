/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MULTISTACK_CTL_H
#define MULTISTACK_CTL_H

#include <stdbool.h>

#include "client.h"

const char *limit_name(unsigned int i);

/* list.c; 0 or negative errno with ms_last_error() */
int list_all(struct ms_conn *c, const char *only, bool json);
void print_event(const struct ms_rep_event *e, bool json);

#endif /* MULTISTACK_CTL_H */
