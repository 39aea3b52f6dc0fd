// SPDX-License-Identifier: GPL-2.0-only
/* Setting up the host's side of a device, as ip-link(8) would. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hostif.h"
#include "room.h"

/* As in <linux/ipv6.h>, which does not go with <netinet/in.h>. */
struct in6_ifreq_abi {
	struct in6_addr addr;
	__u32	prefixlen;
	int	ifindex;
};

static int request(int family, unsigned long nr, void *arg)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, nr, arg) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static struct ifreq ifreq(const char *name)
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	return ifr;
}

/* The device's number, or 0. */
int hostif_index(const char *name)
{
	return if_nametoindex(name);
}

int hostif_set_up(const char *name, struct netio_err *err)
{
	struct ifreq ifr = ifreq(name);
	int ret = request(AF_INET, SIOCGIFFLAGS, &ifr);

	ifr.ifr_flags |= IFF_UP;
	if (!ret)
		ret = request(AF_INET, SIOCSIFFLAGS, &ifr);
	if (ret)
		netio_fail(err, ret, "cannot set %s up: %s", name, strerror(-ret));
	return ret;
}

int hostif_set_mtu(const char *name, unsigned int mtu, struct netio_err *err)
{
	struct ifreq ifr = ifreq(name);
	int ret;

	ifr.ifr_mtu = mtu;
	ret = request(AF_INET, SIOCSIFMTU, &ifr);
	if (ret)
		netio_fail(err, ret, "cannot set the MTU of %s to %u: %s", name, mtu,
			   strerror(-ret));
	return ret;
}

int hostif_set_txqlen(const char *name, unsigned int len, struct netio_err *err)
{
	struct ifreq ifr = ifreq(name);
	int ret;

	ifr.ifr_qlen = len;
	ret = request(AF_INET, SIOCSIFTXQLEN, &ifr);
	if (ret)
		netio_fail(err, ret, "cannot set the queue length of %s to %u: %s", name, len,
			   strerror(-ret));
	return ret;
}

int hostif_set_bridge(const char *name, const char *bridge, struct netio_err *err)
{
	struct ifreq ifr = ifreq(bridge);
	int ret;

	ifr.ifr_ifindex = hostif_index(name);
	ret = request(AF_INET, SIOCBRADDIF, &ifr);
	if (ret == -ENODEV)
		return netio_fail(err, -ENOENT, "cannot put %s into bridge %s: no such bridge",
				  name, bridge);
	if (ret == -EOPNOTSUPP || ret == -EINVAL)
		return netio_fail(err, -EINVAL, "cannot put %s into %s: that is no bridge", name,
				  bridge);
	if (ret)
		netio_fail(err, ret, "cannot put %s into bridge %s: %s", name, bridge,
			   strerror(-ret));
	return ret;
}

static int add_ipv4(const char *name, struct in_addr addr, unsigned int prefix)
{
	struct ifreq ifr = ifreq(name);
	struct sockaddr_in *sin = (struct sockaddr_in *)&ifr.ifr_addr;
	int ret;

	sin->sin_family = AF_INET;
	sin->sin_addr = addr;
	ret = request(AF_INET, SIOCSIFADDR, &ifr);
	if (ret)
		return ret;
	sin->sin_addr.s_addr = prefix ? htonl(~0U << (32 - prefix)) : 0;
	return request(AF_INET, SIOCSIFNETMASK, &ifr);
}

/* "10.0.0.1/24" or "fd00::1/64" */
int hostif_add_address(const char *name, const char *address, struct netio_err *err)
{
	struct in6_ifreq_abi ifr6 = { .ifindex = hostif_index(name) };
	char text[INET6_ADDRSTRLEN], *end;
	const char *slash = strchr(address, '/');
	size_t len = slash ? (size_t)(slash - address) : strlen(address);
	unsigned long prefix;
	struct in_addr addr;
	int ret;

	if (len >= sizeof(text) || (slash && (slash[1] < '0' || slash[1] > '9')))
		goto malformed;
	memcpy(text, address, len);
	text[len] = 0;
	prefix = slash ? strtoul(slash + 1, &end, 10) : ~0UL;
	if (slash && *end)
		goto malformed;
	if (inet_pton(AF_INET, text, &addr) == 1) {
		if (!slash)
			prefix = 32;
		if (prefix > 32)
			goto malformed;
		ret = add_ipv4(name, addr, prefix);
	} else if (inet_pton(AF_INET6, text, &ifr6.addr) == 1) {
		if (!slash)
			prefix = 128;
		if (prefix > 128)
			goto malformed;
		ifr6.prefixlen = prefix;
		ret = request(AF_INET6, SIOCSIFADDR, &ifr6);
	} else {
		goto malformed;
	}
	if (ret == -EEXIST)
		ret = 0;
	if (ret)
		netio_fail(err, ret, "cannot give %s the address %s: %s", name, address,
			   strerror(-ret));
	return ret;

malformed:
	return netio_fail(err, -EINVAL,
			  "\"%s\" is no address with prefix length, such as 10.0.0.1/24", address);
}
