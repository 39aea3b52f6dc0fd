// SPDX-License-Identifier: GPL-2.0-only
/*
 * request.c - where a request's head ends, and whether to keep the connection
 *
 * Enough of RFC 9112 for a load generator and a browser: GET without a body.
 * HTTP/1.1 keeps the connection unless told to close it, HTTP/1.0 closes it
 * unless told to keep it.
 */
#include "request.h"

#include <string.h>
#include <strings.h>

/* The value of a header field, or NULL; @name with its colon. */
static const char *field(const char *head, const char *name)
{
	const char *line = head;

	while ((line = strstr(line, "\r\n"))) {
		line += 2;
		if (!strncasecmp(line, name, strlen(name))) {
			line += strlen(name);
			return line + strspn(line, " \t");
		}
	}
	return NULL;
}

static enum request_state judge(struct request *r)
{
	const char *line_end = strstr(r->head, "\r\n");
	const char *connection = field(r->head, "Connection:");
	const char *version = line_end - 8;

	if (version < r->head || strncmp(version, "HTTP/1.", 7))
		return REQUEST_BAD;
	r->get = !strncmp(r->head, "GET ", 4);
	r->keep_alive = line_end[-1] != '0';
	if (connection && !strncasecmp(connection, "close", 5))
		r->keep_alive = false;
	else if (connection && !strncasecmp(connection, "keep-alive", 10))
		r->keep_alive = true;
	return REQUEST_COMPLETE;
}

enum request_state request_feed(struct request *r, const char *data,
				size_t len, size_t *used)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (r->len == REQUEST_HEAD_MAX || !data[i])
			return REQUEST_BAD;
		r->head[r->len++] = data[i];
		if (data[i] == '\n' && r->len >= 4 &&
		    !memcmp(r->head + r->len - 4, "\r\n\r\n", 4)) {
			r->head[r->len] = '\0';
			*used = i + 1;
			return judge(r);
		}
	}
	*used = len;
	return REQUEST_INCOMPLETE;
}
