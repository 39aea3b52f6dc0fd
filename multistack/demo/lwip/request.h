/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * request.h - reading the head of HTTP/1.x requests, piece by piece
 */
#ifndef DEMO_LWIP_REQUEST_H
#define DEMO_LWIP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#define REQUEST_HEAD_MAX	4096

/**
 * struct request - a head that is being read
 * @len: bytes in @head
 * @keep_alive: valid once complete: may the connection stay?
 * @get: valid once complete: is the method GET?
 */
struct request {
	size_t len;
	bool keep_alive;
	bool get;
	char head[REQUEST_HEAD_MAX + 1];
};

enum request_state {
	REQUEST_INCOMPLETE,
	REQUEST_COMPLETE,
	REQUEST_BAD,		/* too long, or not HTTP */
};

/**
 * request_feed() - take more bytes
 * @r: zeroed before the first byte of a request
 * @data: what came
 * @len: of @data
 * @used: how many bytes of @data belong to this request
 *
 * Return: the state; after REQUEST_COMPLETE the caller zeroes @r->len and feeds
 * the rest of @data, for requests may come pipelined.
 */
enum request_state request_feed(struct request *r, const char *data,
				size_t len, size_t *used);

#endif
