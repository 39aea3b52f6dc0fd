// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for nuse.conf and the -o options.
 *
 * The first byte tells how many of the leading lines are options.  Beside what
 * the sanitizers see, two properties are held up: a refused text comes with a
 * message of one line, and an accepted one is printed as a text that reads back
 * to the same.
 */
#include <stdlib.h>
#include <string.h>
#include "nuse/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *print(const struct nuse_conf *c, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	if (!f)
		abort();
	nuse_conf_print(c, f);
	fclose(f);
	return text;
}

static void said(const struct nuse_err *err)
{
	if (!err->text[0] || strchr(err->text, '\n'))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nuse_conf c, again;
	struct nuse_err err;
	const char *text;
	char *one, *two;
	size_t len1, len2;
	unsigned int n;
	int ret = 0;

	if (!size)
		return 0;
	text = (const char *)data + 1;
	size--;
	nuse_conf_init(&c);
	for (n = data[0] % 4; n && !ret; n--) {
		const char *nl = memchr(text, '\n', size);
		char *opt;

		if (!nl)
			break;
		opt = strndup(text, nl - text);
		size -= nl + 1 - text;
		text = nl + 1;
		ret = nuse_conf_option(&c, opt, &err);
		free(opt);
	}
	if (!ret)
		ret = nuse_conf_parse(&c, "fuzz", text, size, &err);
	if (!ret)
		ret = nuse_conf_check(&c, &err);
	if (ret < 0) {
		said(&err);
		nuse_conf_free(&c);
		return 0;
	}
	one = print(&c, &len1);
	nuse_conf_init(&again);
	if (nuse_conf_parse(&again, "again", one, len1, &err) < 0 ||
	    nuse_conf_check(&again, &err) < 0) {
		fprintf(stderr, "%s\n--\n%s", err.text, one);
		abort();
	}
	two = print(&again, &len2);
	if (len1 != len2 || memcmp(one, two, len1)) {
		fprintf(stderr, "%s\n--\n%s", one, two);
		abort();
	}
	free(one);
	free(two);
	nuse_conf_free(&again);
	nuse_conf_free(&c);
	return 0;
}
