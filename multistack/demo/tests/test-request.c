// SPDX-License-Identifier: GPL-2.0-only
/* test-request.c - heads of requests, whole, in pieces, pipelined and broken */
#include "../lwip/request.h"

#include <string.h>

#include "../../pktgen/tests/tap.h"

static const struct {
	const char *name;
	const char *text;
	enum request_state state;
	bool keep_alive;
	bool get;
} cases[] = {
	{ "1.1 stays", "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
	  REQUEST_COMPLETE, true, true },
	{ "1.1 close", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
	  REQUEST_COMPLETE, false, true },
	{ "1.0 closes", "GET / HTTP/1.0\r\n\r\n", REQUEST_COMPLETE, false, true },
	{ "1.0 keep-alive", "GET / HTTP/1.0\r\nconnection:  Keep-Alive\r\n\r\n",
	  REQUEST_COMPLETE, true, true },
	{ "not GET", "POST / HTTP/1.1\r\n\r\n", REQUEST_COMPLETE, true, false },
	{ "no end", "GET / HTTP/1.1\r\nHost: a\r\n", REQUEST_INCOMPLETE, 0, 0 },
	{ "no version", "GET /\r\n\r\n", REQUEST_BAD, 0, 0 },
	{ "empty", "\r\n\r\n", REQUEST_BAD, 0, 0 },
	{ "other protocol", "SSH-2.0-x\r\n\r\n", REQUEST_BAD, 0, 0 },
};

static struct request r;

int main(void)
{
	static char big[REQUEST_HEAD_MAX + 100];
	static const char two[] = "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.0\r\n\r\n";
	unsigned int i;
	size_t used, len, k;
	enum request_state s;

	tap_start();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		len = strlen(cases[i].text);
		r.len = 0;
		s = request_feed(&r, cases[i].text, len, &used);
		ok(s == cases[i].state &&
		   (s != REQUEST_COMPLETE ||
		    (r.keep_alive == cases[i].keep_alive &&
		     r.get == cases[i].get && used == len)),
		   "%s", cases[i].name);

		r.len = 0;
		for (k = 0; k < len; k++) {
			s = request_feed(&r, cases[i].text + k, 1, &used);
			if (s != REQUEST_INCOMPLETE)
				break;
		}
		ok(s == cases[i].state, "%s, byte by byte", cases[i].name);
	}

	r.len = 0;
	s = request_feed(&r, two, strlen(two), &used);
	ok(s == REQUEST_COMPLETE && used == strlen(two) / 2 && r.keep_alive,
	   "the first of two pipelined requests");
	r.len = 0;
	s = request_feed(&r, two + used, strlen(two) - used, &used);
	ok(s == REQUEST_COMPLETE && !r.keep_alive, "and the second");

	memset(big, 'a', sizeof(big));
	r.len = 0;
	ok(request_feed(&r, big, sizeof(big), &used) == REQUEST_BAD,
	   "a head without end is refused");
	r.len = 0;
	ok(request_feed(&r, "GET \0/", 6, &used) == REQUEST_BAD,
	   "a NUL byte is refused");
	return tap_done();
}
