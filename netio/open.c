// SPDX-License-Identifier: GPL-2.0-only
/*
 * From text to a channel: "tap", "name=tap0,up=1,loss=1%" ...
 *
 * The kinds of channel and their keys are tables.  A key has a reader that
 * checks its value and stores it in the options of its backend, so that each
 * error can say which key it was and what was expected.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "room.h"

#define FWD_MAX		64
#define TUPLES_MAX	64

/* What is gathered from the text. */
struct spec {
	const struct netio_env *env;
	char	*text;			/* a copy, cut into keys and values */
	struct netio_tap_opts tap;
	struct netio_raw_opts raw;
	struct netio_pipe_opts pipe;
	struct netio_slirp_opts slirp;
	struct netio_slirp_fwd fwd[FWD_MAX];
	struct netio_multistack_opts multistack;
	struct netio_multistack_tuple tuple[TUPLES_MAX];
	struct netio_capture_opts capture;
	struct netio_impair_opts impair;
	unsigned int offload;
	bool	offload_set;
	bool	impaired;
};

typedef const char *(*reader)(struct spec *s, char *value, size_t offset);

/**
 * struct key - one word that may stand before a "="
 * @name: the word
 * @read: checks and stores the value; returns NULL, or what was expected
 * @offset: of the option within &struct spec, for @read
 */
struct key {
	const char *name;
	reader	read;
	size_t	offset;
};

/* Readers */

#define FIELD(s, offset, type)	((type *)((char *)(s) + (offset)))

static const char *read_text(struct spec *s, char *value, size_t offset)
{
	if (!*value)
		return "a word";
	*FIELD(s, offset, const char *) = value;
	return NULL;
}

static const char *read_uint(struct spec *s, char *value, size_t offset)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(value, &end, 10);
	if (!isdigit((unsigned char)*value) || *end || errno || n > 0x7fffffff)
		return "a number";
	*FIELD(s, offset, unsigned int) = n;
	return NULL;
}

static const char *read_int(struct spec *s, char *value, size_t offset)
{
	const char *expected = read_uint(s, *value == '-' ? value + 1 : value, offset);

	if (!expected && *value == '-')
		*FIELD(s, offset, int) *= -1;
	return expected;
}

static const char *read_u64(struct spec *s, char *value, size_t offset)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(value, &end, 0);
	if (!isdigit((unsigned char)*value) || *end || errno)
		return "a number";
	*FIELD(s, offset, __u64) = n;
	return NULL;
}

static bool parse_bool(const char *value, int *to)
{
	static const char *const words[][2] = {
		{ "0", "1" }, { "no", "yes" }, { "off", "on" }, { "false", "true" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words) * 2; i++)
		if (!strcasecmp(value, words[i / 2][i % 2])) {
			*to = i % 2;
			return true;
		}
	return false;
}

static const char *read_bool(struct spec *s, char *value, size_t offset)
{
	return parse_bool(value, FIELD(s, offset, int)) ? NULL : "yes or no";
}

static const char *read_not(struct spec *s, char *value, size_t offset)
{
	if (!parse_bool(value, FIELD(s, offset, int)))
		return "yes or no";
	*FIELD(s, offset, int) = !*FIELD(s, offset, int);
	return NULL;
}

static const char *read_offload(struct spec *s, char *value, size_t offset)
{
	static const char *const words[] = {
		[NETIO_OFFLOAD_DEFAULT] = "all", [NETIO_OFFLOAD_NONE] = "none",
		[NETIO_OFFLOAD_CSUM] = "csum",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcasecmp(value, words[i])) {
			s->offload = i;
			s->offload_set = true;
			return NULL;
		}
	return "all, csum or none";
}

static const char *read_pipe_side(struct spec *s, char *value, size_t offset)
{
	if (!strcasecmp(value, "stdin") || !strcmp(value, "-"))
		s->pipe.mode = NETIO_PIPE_STDIN;
	else if (!strcasecmp(value, "stdout"))
		s->pipe.mode = NETIO_PIPE_STDOUT;
	else
		return "stdin or stdout";
	return NULL;
}

static const char *read_pipe_path(struct spec *s, char *value, size_t offset)
{
	s->pipe.mode = NETIO_PIPE_FIFO;
	return read_text(s, value, offset);
}

static const char *read_pipe_fd_both(struct spec *s, char *value, size_t offset)
{
	const char *expected = read_uint(s, value, offset);

	s->pipe.wfd = s->pipe.rfd;
	return expected;
}

/* A number with a unit; the first unit is what a bare number is in. */
struct unit {
	const char *name;
	double	factor;
};

static bool parse_unit(const char *value, const struct unit *units, double max, double *to)
{
	double n;
	char *end;

	if (!isdigit((unsigned char)*value) && *value != '.')
		return false;
	n = strtod(value, &end);
	if (!*end) {
		*to = n * units->factor;
		return isfinite(*to) && *to <= max;
	}
	for (; units->name; units++)
		if (!strcasecmp(end, units->name)) {
			*to = n * units->factor;
			return isfinite(*to) && *to <= max;
		}
	return false;
}

/*
 * The wrapper's keys: "loss=1%" is for both directions, "tx-loss=1%" and
 * "rx-loss=1%" for one.  @offset is within struct netio_impair.
 */
static const char *impair_number(struct spec *s, char *value, size_t offset,
				 const struct unit *units, double max, bool wide,
				 const char *expected)
{
	bool rx = offset & (1UL << 16), tx = offset & (1UL << 17);
	double n;
	int i;

	offset &= 0xffff;
	if (!parse_unit(value, units, max, &n))
		return expected;
	s->impaired = true;
	for (i = 0; i < 2; i++) {
		char *lane = (char *)(i ? &s->impair.tx : &s->impair.rx);

		if (i ? !tx : !rx)
			continue;
		if (wide)
			*(__u64 *)(lane + offset) = n + 0.5;
		else
			*(__u32 *)(lane + offset) = n + 0.5;
	}
	return NULL;
}

static const char *read_probability(struct spec *s, char *value, size_t offset)
{
	static const struct unit units[] = { { "%", 1e4 }, { "ppm", 1 }, { NULL, 0 } };

	return impair_number(s, value, offset, units, 1e6, false,
			     "a probability, such as 0.5%");
}

static const char *read_time(struct spec *s, char *value, size_t offset)
{
	static const struct unit units[] = {
		{ "ms", 1e6 }, { "us", 1e3 }, { "ns", 1 }, { "s", 1e9 }, { NULL, 0 }
	};

	return impair_number(s, value, offset, units, 3600e9, true,
			     "a time of at most an hour, such as 10ms");
}

static const char *read_rate(struct spec *s, char *value, size_t offset)
{
	static const struct unit units[] = {
		{ "bit", 1 }, { "kbit", 1e3 }, { "mbit", 1e6 }, { "gbit", 1e9 }, { NULL, 0 }
	};

	return impair_number(s, value, offset, units, 1e12, true, "a rate, such as 10mbit");
}

static const char *read_limit(struct spec *s, char *value, size_t offset)
{
	static const struct unit units[] = { { "", 1 }, { NULL, 0 } };

	return impair_number(s, value, offset, units, 1e6, false,
			     "a number of frames, at most 1000000");
}

static const char *read_seed(struct spec *s, char *value, size_t offset)
{
	s->impaired = true;
	return read_u64(s, value, offset);
}

static bool parse_port(const char *text, __u16 *port)
{
	unsigned long n;
	char *end;

	n = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || !n || n > 65535)
		return false;
	*port = n;
	return true;
}

/* "[addr:]port", "[v6addr]:port"; cuts @text */
static bool parse_endpoint(char *text, const char **addr, __u16 *port)
{
	char *colon = strrchr(text, ':');

	*addr = NULL;
	if (!colon)
		return parse_port(text, port);
	*colon = 0;
	if (*text == '[' && colon > text && colon[-1] == ']') {
		colon[-1] = 0;
		text++;
	} else if (strchr(text, ':')) {
		return false;
	}
	*addr = text;
	return parse_port(colon + 1, port);
}

/* "tcp:8080-80", "udp:0.0.0.0:5353-10.0.2.15:53"; "->" is as good as "-" */
static const char *read_hostfwd(struct spec *s, char *value, size_t offset)
{
	static const char *const expected =
		"tcp:[ADDRESS:]PORT-[ADDRESS:]PORT, such as tcp:8080-80";
	struct netio_slirp_fwd *f = &s->fwd[s->slirp.nfwd];
	char *dash;

	if (s->slirp.nfwd == FWD_MAX)
		return "at most 64 of them";
	if (!strncasecmp(value, "udp:", 4))
		f->udp = 1;
	else if (strncasecmp(value, "tcp:", 4))
		return expected;
	value += 4;
	dash = strchr(value, '-');
	if (!dash)
		return expected;
	*dash++ = 0;
	if (*dash == '>')
		dash++;
	if (!parse_endpoint(value, &f->host, &f->host_port) ||
	    !parse_endpoint(dash, &f->guest, &f->guest_port))
		return expected;
	s->slirp.nfwd++;
	return NULL;
}

/* "tcp:10.0.0.1:8080", "udp:[fd00::1]:53", "tcp:10.0.0.1:40000-40999" */
static const char *read_tuple(struct spec *s, char *value, size_t offset)
{
	static const char *const expected =
		"PROTOCOL:ADDRESS:PORT[-PORT], such as tcp:10.0.0.1:8080";
	static const struct { const char *name; int number; } protocols[] = {
		{ "tcp:", 6 }, { "udp:", 17 }, { "udplite:", 136 }, { "sctp:", 132 },
	};
	struct netio_multistack_tuple *t = &s->tuple[s->multistack.ntuples];
	char *dash;
	size_t i;

	if (s->multistack.ntuples == TUPLES_MAX)
		return "at most 64 of them";
	for (i = 0; i < ARRAY_SIZE(protocols); i++)
		if (!strncasecmp(value, protocols[i].name, strlen(protocols[i].name)))
			break;
	if (i == ARRAY_SIZE(protocols))
		return expected;
	t->protocol = protocols[i].number;
	value += strlen(protocols[i].name);
	dash = strrchr(value, '-');
	if (dash) {
		*dash++ = 0;
		if (!parse_port(dash, &t->last))
			return expected;
	}
	if (!parse_endpoint(value, &t->address, &t->first) || !t->address)
		return expected;
	s->multistack.ntuples++;
	return NULL;
}

static const char *read_mac(struct spec *s, char *value, size_t offset)
{
	unsigned int b[6];
	char rest;
	int i;

	if (sscanf(value, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &rest) != 6)
		return "a hardware address, such as 02:00:00:00:00:01";
	for (i = 0; i < 6; i++)
		FIELD(s, offset, __u8)[i] = b[i];
	return NULL;
}

/* "all=yes": take frames to any address (a bridge within the stack) */
static const char *read_all(struct spec *s, char *value, size_t offset)
{
	int all;

	if (!parse_bool(value, &all))
		return "yes or no";
	if (all)
		memset(s->raw.mac, 0, sizeof(s->raw.mac));
	return NULL;
}

/* Tables */

#define AT(member)	offsetof(struct spec, member)

static const struct key tap_keys[] = {
	{ "name", read_text, AT(tap.name) },
	{ "queues", read_uint, AT(tap.queues) },
	{ "offload", read_offload, 0 },
	{ "up", read_bool, AT(tap.up) },
	{ "bridge", read_text, AT(tap.bridge) },
	{ "address", read_text, AT(tap.address) },
	{ "mtu", read_uint, AT(tap.mtu) },
	{ "txqlen", read_uint, AT(tap.txqlen) },
	{ NULL }
};

static const struct key raw_keys[] = {
	{ "ifname", read_text, AT(raw.ifname) },
	{ "name", read_text, AT(raw.ifname) },
	{ "queues", read_uint, AT(raw.queues) },
	{ "offload", read_offload, 0 },
	{ "mac", read_mac, AT(raw.mac) },
	{ "all", read_all, 0 },
	{ "promisc", read_not, AT(raw.no_promisc) },
	{ "qdisc-bypass", read_bool, AT(raw.qdisc_bypass) },
	{ "timestamps", read_bool, AT(raw.timestamps) },
	{ "rcvbuf", read_uint, AT(raw.rcvbuf) },
	{ NULL }
};

static const struct key pipe_keys[] = {
	{ "side", read_pipe_side, 0 },
	{ "path", read_pipe_path, AT(pipe.path) },
	{ "pipepath", read_pipe_path, AT(pipe.path) },
	{ "fd", read_pipe_fd_both, AT(pipe.rfd) },
	{ "rfd", read_uint, AT(pipe.rfd) },
	{ "wfd", read_uint, AT(pipe.wfd) },
	{ "offload", read_offload, 0 },
	{ "wait", read_int, AT(pipe.wait_ms) },
	{ NULL }
};

static const struct key slirp_keys[] = {
	{ "mtu", read_uint, AT(slirp.mtu) },
	{ "restricted", read_bool, AT(slirp.restricted) },
	{ "loopback", read_not, AT(slirp.no_loopback) },
	{ "ipv6", read_not, AT(slirp.no_ipv6) },
	{ "hostfwd", read_hostfwd, 0 },
	{ NULL }
};

static const struct key multistack_keys[] = {
	{ "port", read_text, AT(multistack.port) },
	{ "tuple", read_tuple, 0 },
	{ "socket", read_text, AT(multistack.socket) },
	{ "offload", read_offload, 0 },
	{ "txqlen", read_uint, AT(multistack.txqlen) },
	{ NULL }
};

static const struct key null_keys[] = { { NULL } };

#define BOTH(member)	(offsetof(struct netio_impair, member) | 3UL << 16)
#define LANES(name, reader, member)					\
	{ name, reader, BOTH(member) },					\
	{ "rx-" name, reader, offsetof(struct netio_impair, member) | 1UL << 16 }, \
	{ "tx-" name, reader, offsetof(struct netio_impair, member) | 1UL << 17 }

static const struct key wrapper_keys[] = {
	{ "pcap", read_text, AT(capture.path) },
	{ "snaplen", read_uint, AT(capture.snaplen) },
	LANES("loss", read_probability, loss_ppm),
	LANES("duplicate", read_probability, dup_ppm),
	LANES("corrupt", read_probability, corrupt_ppm),
	LANES("reorder", read_probability, reorder_ppm),
	LANES("reorder-by", read_time, reorder_ns),
	LANES("delay", read_time, delay_ns),
	LANES("jitter", read_time, jitter_ns),
	LANES("rate", read_rate, rate_bps),
	LANES("limit", read_limit, limit),
	{ "seed", read_seed, AT(impair.seed) },
	{ NULL }
};

/* The kinds of channel */

static int open_tap(struct spec *s, struct libos_netio **out, struct netio_err *err)
{
	s->tap.offload = s->offload;
	return netio_tap_open(&s->tap, out, err);
}

static int open_raw(struct spec *s, struct libos_netio **out, struct netio_err *err)
{
	if (!s->raw.ifname)
		return netio_fail(err, -EINVAL, "raw: ifname is missing: the host's device to use");
	s->raw.offload = s->offload;
	return netio_raw_open(&s->raw, out, err);
}

static int open_pipe(struct spec *s, struct libos_netio **out, struct netio_err *err)
{
	if (s->pipe.mode == NETIO_PIPE_FDS && (s->pipe.rfd < 0 || s->pipe.wfd < 0))
		return netio_fail(err, -EINVAL,
				  "pipe: one of side, path, fd, or rfd and wfd is missing");
	s->pipe.offload = s->offload;
	return netio_pipe_open(&s->pipe, out, err);
}

static int open_slirp(struct spec *s, struct libos_netio **out, struct netio_err *err)
{
	s->slirp.fwd = s->fwd;
	return netio_slirp_open(&s->slirp, out, err);
}

static int open_multistack(struct spec *s, struct libos_netio **out, struct netio_err *err)
{
	s->multistack.tuples = s->tuple;
	s->multistack.offload = s->offload;
	return netio_multistack_open(&s->multistack, out, err);
}

static int open_null(struct spec *s, struct libos_netio **out, struct netio_err *err)
{
	int ret = netio_null_open(out);

	return ret ? netio_fail(err, ret, "null: out of memory") : 0;
}

static const struct kind {
	const char *name;
	const struct key *keys;
	int (*open)(struct spec *s, struct libos_netio **out, struct netio_err *err);
} kinds[] = {
	{ "tap", tap_keys, open_tap },
	{ "raw", raw_keys, open_raw },
	{ "pipe", pipe_keys, open_pipe },
	{ "slirp", slirp_keys, open_slirp },
	{ "multistack", multistack_keys, open_multistack },
	{ "null", null_keys, open_null },
};

static const struct kind *find_kind(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcasecmp(name, kinds[i].name))
			return &kinds[i];
	return NULL;
}

static const struct key *find_key(const struct key *keys, const char *name)
{
	for (; keys->name; keys++)
		if (!strcasecmp(name, keys->name))
			return keys;
	return NULL;
}

/* Cut the next "key=value" off *text; "\x" is x. */
static char *next_item(char **text)
{
	char *item = *text, *from = item, *to = item;

	while (*from && *from != ',') {
		if (*from == '\\' && from[1])
			from++;
		*to++ = *from++;
	}
	*text = *from ? from + 1 : from;
	*to = 0;
	return item;
}

static int parse(struct spec *s, const struct kind *kind, struct netio_err *err)
{
	char *text = s->text, *item, *value;
	const struct key *key;
	const char *expected;

	while (*text) {
		item = next_item(&text);
		if (!*item)
			continue;
		value = strchr(item, '=');
		if (value)
			*value++ = 0;
		key = find_key(kind->keys, item);
		if (!key)
			key = find_key(wrapper_keys, item);
		if (!key)
			return netio_fail(err, -EINVAL,
					  "%s: \"%.40s\" is no option of this kind of channel",
					  kind->name, item);
		if (!value)
			return netio_fail(err, -EINVAL, "%s: %s: a value is missing: %s=...",
					  kind->name, key->name, key->name);
		expected = key->read(s, value, key->offset);
		if (expected)
			return netio_fail(err, -EINVAL, "%s: %s: \"%.60s\" where %s is expected",
					  kind->name, key->name, value, expected);
	}
	return 0;
}

/* Put what the text asks for around the channel; on failure it is closed. */
static int wrap(struct spec *s, struct libos_netio **io, struct netio_err *err)
{
	struct libos_netio *inner = *io;
	int ret = 0;

	if (s->impaired)
		ret = netio_impair_open(inner, &s->impair, &inner, err);
	if (!ret && s->capture.path)
		ret = netio_capture_open(inner, &s->capture, &inner, err);
	if (ret)
		inner->ops->close(inner);
	*io = inner;
	return ret;
}

static void spec_init(struct spec *s, const struct netio_env *env)
{
	s->env = env;
	s->tap.size = sizeof(s->tap);
	s->raw.size = sizeof(s->raw);
	s->pipe.size = sizeof(s->pipe);
	s->slirp.size = sizeof(s->slirp);
	s->multistack.size = sizeof(s->multistack);
	s->capture.size = sizeof(s->capture);
	s->impair.size = sizeof(s->impair);
	s->pipe.rfd = s->pipe.wfd = -1;
	s->tap.fd_min = s->raw.fd_min = s->pipe.fd_min = env->fd_min;
	s->slirp.fd_min = s->multistack.fd_min = s->capture.fd_min = env->fd_min;
	memcpy(s->raw.mac, env->mac, sizeof(s->raw.mac));
	memcpy(s->multistack.mac, env->mac, sizeof(s->multistack.mac));
	s->capture.ifname = env->ifname ? env->ifname : "eth0";
	s->capture.os = env->os;
	s->capture.application = env->application;
}

int netio_open(const char *kind_name, const char *args, const struct netio_env *env_arg,
	       struct libos_netio **out, struct netio_err *err)
{
	const struct kind *kind = kind_name ? find_kind(kind_name) : NULL;
	struct netio_env env;
	struct spec *s;
	int ret;

	if (!kind)
		return netio_fail(err, -EINVAL,
				  "\"%.40s\" is no kind of channel: tap, raw, pipe, slirp, multistack or null",
				  kind_name ? kind_name : "");
	ret = netio_opts_copy(&env, sizeof(env), env_arg, err);
	if (ret)
		return ret;
	s = calloc(1, sizeof(*s));
	if (s)
		s->text = strdup(args ? args : "");
	if (!s || !s->text) {
		free(s);
		return netio_fail(err, -ENOMEM, "%s: out of memory", kind->name);
	}
	spec_init(s, &env);
	ret = parse(s, kind, err);
	/* A lost frame is to be a lost packet, not a lost burst of 64 KiB. */
	if (s->impaired && !s->offload_set)
		s->offload = NETIO_OFFLOAD_CSUM;
	if (!ret)
		ret = kind->open(s, out, err);
	if (!ret)
		ret = wrap(s, out, err);
	free(s->text);
	free(s);
	return ret;
}
