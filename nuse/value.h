/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: Single values of a configuration
 *
 * Each reader takes one word and returns 0 and the value, or -EINVAL and leaves
 * the value alone.  A word is read whole or not at all: no reader skips blanks
 * or what follows a number.
 */
#ifndef NUSE_VALUE_H
#define NUSE_VALUE_H

#include "conf.h"

/** nuse_value_uint() - decimal, or hexadecimal with 0x, in @min..@max */
int nuse_value_uint(const char *w, uint64_t min, uint64_t max, uint64_t *v);

/** nuse_value_addr() - IPv4 or IPv6 address with an optional "/LEN" */
int nuse_value_addr(const char *w, struct nuse_addr *a);

/** nuse_value_mac() - six bytes in hexadecimal with colons */
int nuse_value_mac(const char *w, uint8_t mac[6]);

/** nuse_value_percent() - "0.01%".."100%", at most 4 decimals, to parts per million */
int nuse_value_percent(const char *w, uint32_t *ppm);

/** nuse_value_time() - a number and ns, us, ms or s, up to an hour, to ns */
int nuse_value_time(const char *w, uint64_t *ns);

/** nuse_value_rate() - a number and bit, kbit, Mbit or Gbit, to bits per second */
int nuse_value_rate(const char *w, uint64_t *bps);

/** nuse_value_size() - a number and K, M or G (powers of 1024), to bytes */
int nuse_value_size(const char *w, uint64_t *bytes);

/** nuse_value_ifname() - 1..15 characters that Linux allows in an interface's name */
int nuse_value_ifname(const char *w, char name[16]);

/** nuse_value_port() - "PORT", "ADDRESS:PORT" or "[ADDRESS]:PORT"; family 0 without address */
int nuse_value_port(const char *w, struct nuse_addr *a, uint16_t *port);

/** nuse_value_protocol() - "tcp", "udp", "udplite", "sctp" or "dccp", to IPPROTO_*; -EINVAL */
int nuse_value_protocol(const char *w);

/** nuse_protocol_name() - the inverse */
const char *nuse_protocol_name(int protocol);

/** nuse_value_cap() - a capability's name, "net_raw" or "CAP_NET_RAW", to its number */
int nuse_value_cap(const char *w, unsigned int *cap);

/** nuse_cap_name() - the name of capability @cap, or NULL */
const char *nuse_cap_name(unsigned int cap);

/** nuse_value_level() - a kernel log level's name or number */
int nuse_value_level(const char *w, unsigned int *level);

/** nuse_addr_print() - write @a, with "/LEN" if it has one, to @buf; returns @buf */
#define NUSE_ADDR_STRLEN 64
const char *nuse_addr_print(const struct nuse_addr *a, char buf[NUSE_ADDR_STRLEN]);

/** nuse_addr_bits() - bits of an address of @a's family: 32 or 128 */
int nuse_addr_bits(const struct nuse_addr *a);

/** nuse_addr_same() - whether the first @plen bits of @a and @b are equal */
bool nuse_addr_same(const struct nuse_addr *a, const struct nuse_addr *b, int plen);

/** nuse_addr_mask() - set the bits of @a beyond @plen to zero; whether any was set */
bool nuse_addr_mask(struct nuse_addr *a, int plen);

/** nuse_netmask_plen() - length of an IPv4 netmask; -EINVAL if it is not contiguous */
int nuse_netmask_plen(struct in_addr mask);

#endif /* NUSE_VALUE_H */
