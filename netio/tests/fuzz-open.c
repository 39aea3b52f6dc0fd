// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target: the text of a channel's options.
 *
 * The first byte chooses the kind.  Only "null" is really opened, the others'
 * constructors are replaced by ones that look at what they got.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../room.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t seen;

static int touch(const char *s)
{
	seen += s ? strlen(s) : 0;
	return -ENOSYS;
}

int netio_tap_open(const struct netio_tap_opts *o, struct libos_netio **out, struct netio_err *err)
{
	touch(o->name);
	touch(o->bridge);
	return netio_fail(err, touch(o->address), "tap");
}

int netio_raw_open(const struct netio_raw_opts *o, struct libos_netio **out, struct netio_err *err)
{
	return netio_fail(err, touch(o->ifname), "raw");
}

int netio_pipe_open(const struct netio_pipe_opts *o, struct libos_netio **out,
		    struct netio_err *err)
{
	return netio_fail(err, touch(o->path), "pipe");
}

int netio_slirp_open(const struct netio_slirp_opts *o, struct libos_netio **out,
		     struct netio_err *err)
{
	unsigned int i;

	for (i = 0; i < o->nfwd; i++) {
		touch(o->fwd[i].host);
		touch(o->fwd[i].guest);
		if (!o->fwd[i].host_port || !o->fwd[i].guest_port)
			abort();
	}
	return netio_fail(err, -ENOSYS, "slirp");
}

int netio_multistack_open(const struct netio_multistack_opts *o, struct libos_netio **out,
			  struct netio_err *err)
{
	unsigned int i;

	touch(o->port);
	touch(o->socket);
	for (i = 0; i < o->ntuples; i++) {
		touch(o->tuples[i].address);
		if (!o->tuples[i].first || !o->tuples[i].protocol)
			abort();
	}
	return netio_fail(err, -ENOSYS, "multistack");
}

int netio_capture_open(struct libos_netio *inner, const struct netio_capture_opts *o,
		       struct libos_netio **out, struct netio_err *err)
{
	return netio_fail(err, touch(o->path), "pcap");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const kinds[] = { "tap", "raw", "pipe", "slirp", "null" };
	struct netio_err err = { "" };
	struct libos_netio *io = NULL;
	char *text;
	int ret;

	if (!size || size > 4096)
		return 0;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = 0;
	ret = netio_open(kinds[data[0] % 5], text, NULL, &io, &err);
	if (ret > 0 || (ret && !err.text[0]) || (!ret && !io))
		abort();
	if (!ret)
		io->ops->close(io);
	free(text);
	return 0;
}
