/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: Configuring an instance's network
 *
 * Links, addresses, routes and sysctls of an instance, by rtnetlink and procfs of
 * the instance itself.  Everything is a system call into the instance, made with
 * the identity given, so it concerns the network namespace of that identity.
 *
 * Context of all functions: an ordinary thread; they block as a system call does.
 *
 * Errors are negative errno.  Where a &struct libos_netcfg_error is given, its
 * text is filled on failure: what was to be done, the error, and the kernel's own
 * explanation (extack) if it gave one, e.g.
 * "add address 10.0.0.300/24 to eth0: Invalid argument (expected ADDRESS/PREFIXLEN)".
 *
 * Source: rtnetlink(7), netlink(7), Documentation/userspace-api/netlink/.
 */
#ifndef LIBOS_NETCFG_H
#define LIBOS_NETCFG_H

#include <stddef.h>
#include <libos/libos.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct libos_netcfg_error - what went wrong, in words
 * @text: one line without newline, NUL-terminated
 */
struct libos_netcfg_error {
	char text[256];
};

/* What to do with an address or a route. */
enum libos_netcfg_op {
	LIBOS_NETCFG_ADD,	/* -EEXIST if it is there */
	LIBOS_NETCFG_REPLACE,	/* add, or change what is there */
	LIBOS_NETCFG_DEL,	/* -ESRCH or -EADDRNOTAVAIL if it is not there */
};

/**
 * struct libos_netcfg_link - what to change of an interface
 * @size: sizeof(struct libos_netcfg_link)
 * @up: 1 up, -1 down, 0 leave it
 * @mtu: bytes, 0 leaves it
 * @txqlen: packets, 0 leaves it
 * @mac: six bytes, or NULL to leave it
 */
struct libos_netcfg_link {
	size_t		size;
	int		up;
	__u32		mtu;
	__u32		txqlen;
	const __u8	*mac;
};

/**
 * struct libos_netcfg_route - one route
 * @size: sizeof(struct libos_netcfg_route)
 * @dst: destination, "10.1.0.0/16", "2001:db8::/32", "default" (which needs
 *	@gateway to tell the family, else IPv4) or "default6"
 * @gateway: next hop, or NULL: @dst is on the link
 * @dev: interface, or NULL: found by @gateway
 * @metric: 0 for the kernel's default
 * @table: routing table, 0 for main (254)
 */
struct libos_netcfg_route {
	size_t		size;
	const char	*dst;
	const char	*gateway;
	const char	*dev;
	__u32		metric;
	__u32		table;
};

/**
 * libos_netcfg_ifindex() - index of an interface
 * @thr: the calling thread's identity
 * @dev: its name
 * @err: gets the explanation of a failure, or NULL
 *
 * Return: the index, at least 1; -ENODEV; any error of socket(2) or ioctl(2).
 */
int libos_netcfg_ifindex(struct libos_thread *thr, const char *dev,
			 struct libos_netcfg_error *err);

/**
 * libos_netcfg_link() - change an interface
 * @thr: the calling thread's identity
 * @dev: its name
 * @link: what to change
 * @err: gets the explanation of a failure, or NULL
 *
 * The address is changed first, then the MTU, and the interface is brought up
 * last.
 *
 * Return: 0; -ENODEV; -EINVAL (MTU out of the device's range, and the like).
 */
int libos_netcfg_link(struct libos_thread *thr, const char *dev,
		      const struct libos_netcfg_link *link, struct libos_netcfg_error *err);

/**
 * libos_netcfg_addr() - add or remove an address
 * @thr: the calling thread's identity
 * @op: what to do
 * @dev: interface
 * @addr: IPv4 or IPv6 address with prefix length, "192.0.2.1/24"; without one it
 *	is a host address (/32, /128)
 * @err: gets the explanation of a failure, or NULL
 *
 * IPv4 addresses get the usual broadcast address; IPv6 ones go through duplicate
 * address detection (see libos_netcfg_wait()).
 *
 * Return: 0; -EINVAL (@addr is none); -ENODEV; -EEXIST; -EADDRNOTAVAIL.
 */
int libos_netcfg_addr(struct libos_thread *thr, enum libos_netcfg_op op, const char *dev,
		      const char *addr, struct libos_netcfg_error *err);

/**
 * libos_netcfg_route() - add or remove a route
 * @thr: the calling thread's identity
 * @op: what to do
 * @route: the route
 * @err: gets the explanation of a failure, or NULL
 *
 * Return: 0; -EINVAL (not an address; families that differ); -ENODEV; -ENETUNREACH
 * (no way to the gateway); -EEXIST; -ESRCH.
 */
int libos_netcfg_route(struct libos_thread *thr, enum libos_netcfg_op op,
		       const struct libos_netcfg_route *route, struct libos_netcfg_error *err);

/**
 * libos_netcfg_sysctl() - set a sysctl
 * @thr: the calling thread's identity
 * @name: "net.ipv4.ip_forward"; as with sysctl(8), the separators are those of the
 *	kind ('.' or '/') that comes first, so that "net/ipv4/conf/eth0.5/forwarding"
 *	names an interface with a dot
 * @value: text to write
 * @err: gets the explanation of a failure, or NULL
 *
 * Return: 0; -ENOENT (no such name); -EINVAL (the kernel refuses the value); -EACCES.
 */
int libos_netcfg_sysctl(struct libos_thread *thr, const char *name, const char *value,
			struct libos_netcfg_error *err);

/**
 * libos_netcfg_sysctl_get() - read a sysctl
 * @thr: the calling thread's identity
 * @name: as above
 * @buf: gets the value without the final newline, NUL-terminated
 * @len: its size, at least 1
 * @err: gets the explanation of a failure, or NULL
 *
 * Return: characters of the value; -ENOENT; -EACCES.
 */
int libos_netcfg_sysctl_get(struct libos_thread *thr, const char *name, char *buf, size_t len,
			    struct libos_netcfg_error *err);

/**
 * libos_netcfg_wait() - wait until an interface is ready for use
 * @thr: the calling thread's identity
 * @dev: interface
 * @timeout_ms: how long at most, in the instance's time; -1 for ever
 * @err: gets the explanation of a failure, or NULL
 *
 * Ready means: it has a carrier, and no address of it is tentative.
 *
 * Return: 0; -ETIMEDOUT; -EADDRNOTAVAIL (another host has one of the addresses);
 * -ENODEV.
 */
int libos_netcfg_wait(struct libos_thread *thr, const char *dev, int timeout_ms,
		      struct libos_netcfg_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LIBOS_NETCFG_H */
