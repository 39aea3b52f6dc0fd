/* SPDX-License-Identifier: LGPL-2.1-only */
/* Which names of switches and ports are legal; for client and daemon. */
#ifndef MULTISTACK_NAMES_H
#define MULTISTACK_NAMES_H

#include <stdbool.h>
#include <string.h>

#include "multistack.h"

static inline bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

static inline bool switch_name_ok(const char *s, size_t len)
{
	size_t i;

	if (len < 4 || len > MS_SWITCH_NAME_MAX || memcmp(s, "vale", 4))
		return false;
	for (i = 4; i < len; i++)
		if (!name_char(s[i]))
			return false;
	return true;
}

static inline bool port_name_ok(const char *s, size_t len)
{
	size_t i;

	if (!len || len > MS_PORT_NAME_MAX)
		return false;
	for (i = 0; i < len; i++)
		if (!name_char(s[i]) && s[i] != '.' && s[i] != '-')
			return false;
	return true;
}

#endif /* MULTISTACK_NAMES_H */
