// SPDX-License-Identifier: GPL-2.0-only
/* test-endpoint.c - texts that are addresses, and texts that are not */
#include "../endpoint.h"

#include <errno.h>
#include <string.h>

#include "tap.h"

static const struct {
	const char *in;
	const char *out;	/* NULL: must be refused */
} texts[] = {
	{ "10.0.0.1:80", "10.0.0.1:80" },
	{ "10.0.0.1:80-95", "10.0.0.1:80-95" },
	{ "10.0.0.1:80-80", "10.0.0.1:80" },
	{ "10.0.0.1:1-65535", "10.0.0.1:1-65535" },
	{ "10.0.0.1", "10.0.0.1:0" },
	{ "[fd00::1]:80", "[fd00::1]:80" },
	{ "[fd00::1]", "[fd00::1]:0" },
	{ "fd00::1", "[fd00::1]:0" },
	{ "[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:1-2",
	  "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:1-2" },
	{ "", NULL },
	{ ":80", NULL },
	{ "10.0.0.1:", NULL },
	{ "10.0.0.1:65536", NULL },
	{ "10.0.0.1:80-", NULL },
	{ "10.0.0.1:80-79", NULL },
	{ "10.0.0.1:80x", NULL },
	{ "10.0.0.1:-1", NULL },
	{ "10.0.0.256:80", NULL },
	{ "[fd00::1:80", NULL },
	{ "[fd00::1]80", NULL },
	{ "[]:80", NULL },
	{ "name:80", NULL },
	{ "999999999999999999999999999999999999999999999999999999:1", NULL },
};

static const struct {
	const char *text;
	int number;
} protocols[] = {
	{ "udp", 17 }, { "TCP", 6 }, { "udplite", 136 }, { "sctp", 132 },
	{ "dccp", 33 }, { "47", 47 }, { "255", 255 }, { "0", -EINVAL },
	{ "256", -EINVAL }, { "", -EINVAL }, { "17x", -EINVAL },
	{ "gre", -EINVAL },
};

int main(void)
{
	char out[PG_ENDPOINT_STRLEN];
	struct pg_endpoint ep;
	unsigned int i;
	int err;

	tap_start();
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		err = pg_endpoint_parse(texts[i].in, &ep);
		if (texts[i].out)
			ok(!err && !strcmp(pg_endpoint_format(&ep, out),
					   texts[i].out),
			   "\"%s\" is %s", texts[i].in, texts[i].out);
		else
			ok(err == -EINVAL, "\"%s\" is refused", texts[i].in);
	}
	for (i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		ok(pg_protocol_parse(protocols[i].text) ==
		   protocols[i].number, "protocol \"%s\"", protocols[i].text);
	return tap_done();
}
