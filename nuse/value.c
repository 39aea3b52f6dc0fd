// SPDX-License-Identifier: GPL-2.0-only
/*
 * Single values of a configuration: numbers, addresses, units.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "value.h"

int nuse_value_uint(const char *w, uint64_t min, uint64_t max, uint64_t *v)
{
	unsigned int base = 10;
	uint64_t n = 0;

	if (w[0] == '0' && (w[1] == 'x' || w[1] == 'X')) {
		base = 16;
		w += 2;
	}
	if (!*w)
		return -EINVAL;
	for (; *w; w++) {
		unsigned int d;

		if (*w >= '0' && *w <= '9')
			d = *w - '0';
		else if (base == 16 && isxdigit((unsigned char)*w))
			d = (*w | 0x20) - 'a' + 10;
		else
			return -EINVAL;
		if (__builtin_mul_overflow(n, base, &n) || __builtin_add_overflow(n, d, &n))
			return -EINVAL;
	}
	if (n < min || n > max)
		return -EINVAL;
	*v = n;
	return 0;
}

int nuse_value_addr(const char *w, struct nuse_addr *a)
{
	struct nuse_addr r = { .plen = -1, .src = a->src };
	const char *slash = strchr(w, '/');
	size_t len = slash ? (size_t)(slash - w) : strlen(w);
	char host[INET6_ADDRSTRLEN];

	if (len >= sizeof(host))
		return -EINVAL;
	memcpy(host, w, len);
	host[len] = '\0';
	if (inet_pton(AF_INET, host, &r.v4) == 1)
		r.family = AF_INET;
	else if (inet_pton(AF_INET6, host, &r.v6) == 1)
		r.family = AF_INET6;
	else
		return -EINVAL;
	if (slash) {
		uint64_t plen;

		if (slash[1] == '0' && slash[2])
			return -EINVAL;
		if (nuse_value_uint(slash + 1, 0, nuse_addr_bits(&r), &plen) < 0)
			return -EINVAL;
		r.plen = plen;
	}
	*a = r;
	return 0;
}

int nuse_value_mac(const char *w, uint8_t mac[6])
{
	uint8_t m[6];
	int i;

	for (i = 0; i < 6; i++, w += 3) {
		char byte[5] = { '0', 'x' };
		uint64_t v;

		if (!isxdigit((unsigned char)w[0]) || !isxdigit((unsigned char)w[1]) ||
		    w[2] != (i < 5 ? ':' : '\0'))
			return -EINVAL;
		memcpy(byte + 2, w, 2);
		if (nuse_value_uint(byte, 0, 255, &v) < 0)
			return -EINVAL;
		m[i] = v;
	}
	memcpy(mac, m, 6);
	return 0;
}

/*
 * A decimal number with at most @decimals digits after the point, as an integer
 * scaled by 10^decimals; *@rest is what follows.
 */
static int decimal(const char *w, int decimals, uint64_t *v, const char **rest)
{
	uint64_t n = 0;
	int after = -1;

	if (!isdigit((unsigned char)*w))
		return -EINVAL;
	for (; isdigit((unsigned char)*w) || (*w == '.' && after < 0); w++) {
		if (*w == '.') {
			after = 0;
			continue;
		}
		if (after >= 0 && after++ == decimals)
			return -EINVAL;
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*w - '0'), &n))
			return -EINVAL;
	}
	if (after == 0)
		return -EINVAL;
	for (after = after < 0 ? 0 : after; after < decimals; after++)
		if (__builtin_mul_overflow(n, 10, &n))
			return -EINVAL;
	*v = n;
	*rest = w;
	return 0;
}

int nuse_value_percent(const char *w, uint32_t *ppm)
{
	const char *rest;
	uint64_t v;

	if (decimal(w, 4, &v, &rest) < 0 || strcmp(rest, "%") || v > 1000000)
		return -EINVAL;
	*ppm = v;
	return 0;
}

struct unit {
	const char *name;
	uint64_t factor;
};

/* A number of up to 3 decimals and one of @units; at most @max. */
static int scaled(const char *w, const struct unit *units, uint64_t max, uint64_t *out)
{
	const char *rest;
	uint64_t v;

	if (decimal(w, 3, &v, &rest) < 0)
		return -EINVAL;
	for (; units->name; units++) {
		if (strcasecmp(rest, units->name))
			continue;
		if (__builtin_mul_overflow(v, units->factor, &v) || v / 1000 > max)
			return -EINVAL;
		*out = v / 1000;
		return 0;
	}
	return -EINVAL;
}

int nuse_value_time(const char *w, uint64_t *ns)
{
	static const struct unit units[] = {
		{ "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 }, { NULL, 0 }
	};

	return scaled(w, units, 3600000000000ULL, ns);
}

int nuse_value_rate(const char *w, uint64_t *bps)
{
	static const struct unit units[] = {
		{ "bit", 1 }, { "kbit", 1000 }, { "Mbit", 1000000 }, { "Gbit", 1000000000 },
		{ NULL, 0 }
	};
	uint64_t v;

	if (scaled(w, units, 1000000000000ULL, &v) < 0 || v < 1000)
		return -EINVAL;
	*bps = v;
	return 0;
}

int nuse_value_size(const char *w, uint64_t *bytes)
{
	static const struct unit units[] = {
		{ "K", 1 << 10 }, { "M", 1 << 20 }, { "G", 1 << 30 }, { "", 1 }, { NULL, 0 }
	};

	return scaled(w, units, 1ULL << 40, bytes);
}

int nuse_value_ifname(const char *w, char name[16])
{
	size_t len = strlen(w), i;

	if (!len || len > 15 || !strcmp(w, ".") || !strcmp(w, ".."))
		return -EINVAL;
	for (i = 0; i < len; i++)
		if (w[i] == '/' || w[i] == ':' || w[i] == '%' || !isgraph((unsigned char)w[i]))
			return -EINVAL;
	memset(name, 0, 16);
	memcpy(name, w, len);
	return 0;
}

int nuse_value_port(const char *w, struct nuse_addr *a, uint16_t *port)
{
	struct nuse_addr r = { .plen = -1, .src = a->src };
	const char *colon = strrchr(w, ':');
	char host[INET6_ADDRSTRLEN + 2];
	uint64_t v;

	if (nuse_value_uint(colon ? colon + 1 : w, 1, 65535, &v) < 0)
		return -EINVAL;
	if (colon) {
		size_t len = colon - w;
		bool six = len > 2 && w[0] == '[' && w[len - 1] == ']';

		if (six) {
			w++;
			len -= 2;
		}
		if (len >= sizeof(host))
			return -EINVAL;
		memcpy(host, w, len);
		host[len] = '\0';
		if (nuse_value_addr(host, &r) < 0 || r.plen >= 0 ||
		    six != (r.family == AF_INET6))
			return -EINVAL;
	}
	*a = r;
	*port = v;
	return 0;
}

static const struct {
	const char *name;
	int number;
} protocols[] = {
	{ "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP }, { "udplite", IPPROTO_UDPLITE },
	{ "sctp", IPPROTO_SCTP }, { "dccp", IPPROTO_DCCP },
};

int nuse_value_protocol(const char *w)
{
	size_t i;

	for (i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (!strcasecmp(w, protocols[i].name))
			return protocols[i].number;
	return -EINVAL;
}

const char *nuse_protocol_name(int protocol)
{
	size_t i;

	for (i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (protocols[i].number == protocol)
			return protocols[i].name;
	return "?";
}

/* In the order of their numbers. */
static const char *const caps[] = {
	"chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill",
	"setgid", "setuid", "setpcap", "linux_immutable", "net_bind_service",
	"net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner",
	"sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct",
	"sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time",
	"sys_tty_config", "mknod", "lease", "audit_write", "audit_control",
	"setfcap", "mac_override", "mac_admin", "syslog", "wake_alarm",
	"block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore",
};

#define NCAPS (sizeof(caps) / sizeof(caps[0]))

int nuse_value_cap(const char *w, unsigned int *cap)
{
	unsigned int i;

	if (!strncasecmp(w, "CAP_", 4))
		w += 4;
	for (i = 0; i < NCAPS; i++) {
		if (!strcasecmp(w, caps[i])) {
			*cap = i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *nuse_cap_name(unsigned int cap)
{
	return cap < NCAPS ? caps[cap] : NULL;
}

int nuse_value_level(const char *w, unsigned int *level)
{
	static const char *const names[] = {
		"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"
	};
	uint64_t v;
	unsigned int i;

	for (i = 0; i < 8; i++) {
		if (!strcasecmp(w, names[i])) {
			*level = i;
			return 0;
		}
	}
	if (nuse_value_uint(w, 0, 7, &v) < 0)
		return -EINVAL;
	*level = v;
	return 0;
}

const char *nuse_addr_print(const struct nuse_addr *a, char buf[NUSE_ADDR_STRLEN])
{
	if (!a->family || !inet_ntop(a->family, &a->v4, buf, NUSE_ADDR_STRLEN))
		strcpy(buf, "-");
	else if (a->plen >= 0)
		snprintf(buf + strlen(buf), NUSE_ADDR_STRLEN - strlen(buf), "/%d", a->plen);
	return buf;
}

int nuse_addr_bits(const struct nuse_addr *a)
{
	return a->family == AF_INET ? 32 : 128;
}

static const uint8_t *bytes(const struct nuse_addr *a)
{
	return a->family == AF_INET ? (const uint8_t *)&a->v4 : (const uint8_t *)&a->v6;
}

bool nuse_addr_same(const struct nuse_addr *a, const struct nuse_addr *b, int plen)
{
	const uint8_t *x = bytes(a), *y = bytes(b);

	if (a->family != b->family)
		return false;
	if (memcmp(x, y, plen / 8))
		return false;
	return !(plen % 8) || !((x[plen / 8] ^ y[plen / 8]) >> (8 - plen % 8));
}

bool nuse_addr_mask(struct nuse_addr *a, int plen)
{
	struct nuse_addr old = *a;
	uint8_t *x = a->family == AF_INET ? (uint8_t *)&a->v4 : (uint8_t *)&a->v6;
	int i, n = nuse_addr_bits(a) / 8;

	for (i = 0; i < n; i++) {
		int keep = plen - 8 * i;

		if (keep <= 0)
			x[i] = 0;
		else if (keep < 8)
			x[i] &= 0xff00 >> keep;
	}
	return !nuse_addr_same(&old, a, 8 * n);
}

int nuse_netmask_plen(struct in_addr mask)
{
	uint32_t m = ntohl(mask.s_addr);
	int plen = m ? 32 - __builtin_ctz(m) : 0;

	if (plen && m != ~0U << (32 - plen))
		return -EINVAL;
	return plen;
}
