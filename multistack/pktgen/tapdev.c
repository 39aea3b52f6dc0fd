// SPDX-License-Identifier: GPL-2.0-only
/* tapdev.c - descriptors of TAP and macvtap interfaces */
#include "tapdev.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* linux/if_tun.h, since 6.2 */
#ifndef TUN_F_USO4
#define TUN_F_USO4	0x20
#define TUN_F_USO6	0x40
#endif

/*
 * A macvtap's device node is found by its number in sysfs: which names exist
 * below /dev depends on udev and knows no network namespaces.
 */
static int open_node(const char *ifname)
{
	char path[128], dir[] = "/tmp/ms-pktgen.XXXXXX", node[64];
	unsigned int major, minor;
	FILE *f;
	int fd;

	snprintf(path, sizeof(path), "/sys/class/net/%s/tap%u/dev", ifname,
		 if_nametoindex(ifname));
	f = fopen(path, "re");
	if (!f)
		return -errno;
	if (fscanf(f, "%u:%u", &major, &minor) != 2) {
		fclose(f);
		return -ENODEV;
	}
	fclose(f);
	if (!mkdtemp(dir))
		return -errno;
	snprintf(node, sizeof(node), "%s/tap", dir);
	fd = mknod(node, S_IFCHR | 0600, makedev(major, minor));
	if (!fd)
		fd = open(node, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	unlink(node);
	rmdir(dir);
	return fd;
}

static int set_up(int fd, const char *ifname, bool offload)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	unsigned int flags = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
	int hdr = sizeof(struct virtio_net_hdr_v1);

	strncpy(ifr.ifr_name, ifname, IFNAMSIZ - 1);
	if (ioctl(fd, TUNSETIFF, &ifr) || ioctl(fd, TUNSETVNETHDRSZ, &hdr))
		return -errno;
	if (!offload)
		flags = 0;
	else if (!ioctl(fd, TUNSETOFFLOAD, flags | TUN_F_USO4 | TUN_F_USO6))
		return 0;
	return ioctl(fd, TUNSETOFFLOAD, flags) ? -errno : 0;
}

static int finish(int fd, const char *ifname, bool offload)
{
	int err = fd < 0 ? fd : set_up(fd, ifname, offload);

	if (err < 0 && fd >= 0)
		close(fd);
	return err < 0 ? err : fd;
}

int pg_tapdev_open(const char *ifname, bool offload)
{
	int fd;

	if (!if_nametoindex(ifname))
		return -ENODEV;	/* TUNSETIFF would make a new one */
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return finish(fd < 0 ? -errno : fd, ifname, offload);
}

int pg_tapdev_open_macvtap(const char *ifname, bool offload)
{
	return finish(open_node(ifname), ifname, offload);
}

int pg_tapdev_mac(const char *ifname, uint8_t *mac)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;
	struct ifreq ifr = { 0 };

	if (fd < 0)
		return -errno;
	strncpy(ifr.ifr_name, ifname, IFNAMSIZ - 1);
	if (ioctl(fd, SIOCGIFHWADDR, &ifr))
		err = -errno;
	memcpy(mac, ifr.ifr_hwaddr.sa_data, 6);
	close(fd);
	return err;
}
