// SPDX-License-Identifier: GPL-2.0-only
/*
 * Malformed and random frames by packet socket: flood IFNAME MAC COUNT SEED [vnet]
 *
 * Half of the frames are one of a few sound ones (ARP, IPv4 with options, in
 * fragments, TCP, UDP, ICMP, IPv6 with extension headers, VLAN tags) with some
 * bytes changed, cut short, or grown; the rest is random behind a sound Ethernet
 * header.  No sound frame claims to come from the peer's addresses.  With "vnet" each frame
 * comes with a random virtio-net header, of which the host lets only some pass.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static unsigned long long state;

/* xorshift64*: the same seed, the same frames. */
static unsigned int rnd(unsigned int below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (unsigned int)((state * 2685821657736338717ULL) >> 33) % below;
}

/* What follows the two MAC addresses; 10.77.0.66 and fd77::66 are nobody. */
static const struct {
	unsigned int len;
	unsigned char b[100];
} sound[] = {
	/* ARP: who has 10.77.0.2 */
	{ 30, "\x08\x06\0\1\x08\0\6\4\0\1\2\0\0\x66\x66\x66\x0a\x4d\0\x42\0\0\0\0\0\0\x0a\x4d\0\2" },
	/* ICMP echo with IPv4 options (record route) */
	{ 42, "\x08\0\x48\0\0\x28\0\1\0\0\x40\1\0\0\x0a\x4d\0\x42\x0a\x4d\0\2\7\x0b\4\0\0\0\0\0\0\0\0\0"
	      "\x08\0\0\0\0\1\0\1" },
	/* UDP in a fragment that others never follow */
	{ 50, "\x08\0\x45\0\0\x30\0\2\x20\0\x40\x11\0\0\x0a\x4d\0\x42\x0a\x4d\0\2\x12\x34\0\7\0\x40\0\0" },
	/* TCP SYN with options */
	{ 62, "\x08\0\x45\0\0\x3c\0\3\x40\0\x40\6\0\0\x0a\x4d\0\x42\x0a\x4d\0\2\x12\x34\x1b\x5f\0\0\0\1\0\0\0\0"
	      "\xa0\2\xff\xff\0\0\0\0\2\4\5\xb4\4\2\x08\x0a\0\0\0\1\0\0\0\0\1\3\3\7" },
	/* ICMP unreachable about a connection that is none */
	{ 58, "\x08\0\x45\0\0\x38\0\4\0\0\x40\1\0\0\x0a\x4d\0\x42\x0a\x4d\0\2\3\4\0\0\0\0\2\0"
	      "\x45\0\0\x3c\0\3\x40\0\x40\6\0\0\x0a\x4d\0\2\x0a\x4d\0\x42\x1b\x5f\x12\x34\0\0\0\1" },
	/* IPv6: hop-by-hop, routing, fragment, ICMPv6 echo */
	{ 74, "\x86\xdd\x60\0\0\0\0\x20\0\x40\xfd\x77\0\0\0\0\0\0\0\0\0\0\0\0\0\x66"
	      "\xfd\x77\0\0\0\0\0\0\0\0\0\0\0\0\0\2\x2b\0\1\4\0\0\0\0\x2c\0\0\0\0\0\0\0\x3a\0\0\0\0\0\0\1"
	      "\x80\0\0\0\0\1\0\1" },
	/* IPv6 TCP */
	{ 62, "\x86\xdd\x60\0\0\0\0\x14\6\x40\xfd\x77\0\0\0\0\0\0\0\0\0\0\0\0\0\x66"
	      "\xfd\x77\0\0\0\0\0\0\0\0\0\0\0\0\0\2\x12\x34\x1b\x5f\0\0\0\1\0\0\0\0\x50\2\xff\xff\0\0\0\0" },
	/* VLAN in VLAN, then IPv4 */
	{ 50, "\x88\xa8\0\1\x81\0\0\2\x08\0\x45\0\0\x1c\0\5\0\0\x40\x11\0\0\x0a\x4d\0\x42\x0a\x4d\0\2" },
	/* SCTP INIT, GRE, IPIP, MPLS, PPPoE, LLC */
	{ 54, "\x08\0\x45\0\0\x34\0\6\0\0\x40\x84\0\0\x0a\x4d\0\x42\x0a\x4d\0\2\x12\x34\0\7\0\0\0\0\0\0\0\0\1\0\0\x14" },
	{ 60, "\x08\0\x45\0\0\x38\0\7\0\0\x40\x2f\0\0\x0a\x4d\0\x42\x0a\x4d\0\2\xb0\0\x08\0" },
	{ 60, "\x08\0\x45\0\0\x38\0\7\0\0\x40\4\0\0\x0a\x4d\0\x42\x0a\x4d\0\2\x45\0\0\x24" },
	{ 50, "\x88\x47\0\0\x11\x40\x45\0\0\x1c" },
	{ 50, "\x88\x64\x11\0\0\1\0\x1e\0\x21\x45\0\0\x1c" },
	{ 50, "\0\x20\xaa\xaa\3\0\0\0\x08\0\x45\0" },
};

static void fix_ip_checksum(unsigned char *ip, unsigned int len)
{
	unsigned int sum = 0, i, hl = (ip[0] & 15) * 4;

	if (hl < 20 || hl > len)
		return;
	ip[10] = ip[11] = 0;
	for (i = 0; i < hl; i += 2)
		sum += ip[i] << 8 | ip[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	ip[10] = ~sum >> 8;
	ip[11] = ~sum;
}

static unsigned int make(unsigned char *f, const unsigned char *mac)
{
	unsigned int i, len, which;

	memcpy(f, mac, 6);
	if (!rnd(4))
		memset(f, 0xff, 6);
	else if (!rnd(4))
		memcpy(f, "\x33\x33\0\0\0\1", 6);
	memcpy(f + 6, "\2\0\0\x66\x66\x66", 6);
	if (!rnd(8)) {
		len = 14 + rnd(1500);
		for (i = 12; i < len; i++)
			f[i] = rnd(256);
		if (rnd(4))
			memcpy(f + 12, (const char *[]){ "\x08\0", "\x86\xdd", "\x08\6" }[rnd(3)], 2);
		return len;
	}
	which = rnd(sizeof(sound) / sizeof(sound[0]));
	len = 12 + sound[which].len;
	memcpy(f + 12, sound[which].b, sound[which].len);
	for (i = rnd(4); i; i--)
		f[14 + rnd(len - 14)] = rnd(256);
	if (!rnd(3))
		len = 14 + rnd(len - 13);
	else if (!rnd(3))
		for (i = rnd(1400); i && len < 1514; i--)
			f[len++] = rnd(256);
	if (f[12] == 8 && !f[13] && rnd(8))
		fix_ip_checksum(f + 14, len - 14);
	return len;
}

int main(int argc, char **argv)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_halen = 6 };
	static unsigned char frame[2048];
	struct virtio_net_hdr vnet;
	struct iovec iov[2] = { { &vnet, sizeof(vnet) }, { frame, 0 } };
	struct msghdr msg = { .msg_name = &to, .msg_namelen = sizeof(to) };
	unsigned long sent = 0, refused = 0, i, count;
	int s, one = 1, with_vnet;
	unsigned char mac[6];

	if (argc < 5 || sscanf(argv[2], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2,
			       mac + 3, mac + 4, mac + 5) != 6)
		return 2;
	count = atol(argv[3]);
	state = 88172645463325252ULL ^ atol(argv[4]);
	with_vnet = argc > 5;
	to.sll_ifindex = if_nametoindex(argv[1]);
	s = socket(AF_PACKET, SOCK_RAW, 0);
	if (s < 0 || (with_vnet && setsockopt(s, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) < 0)) {
		perror("packet socket");
		return 1;
	}
	msg.msg_iov = iov + !with_vnet;
	msg.msg_iovlen = 1 + with_vnet;
	for (i = 0; i < count; i++) {
		iov[1].iov_len = make(frame, mac);
		memset(&vnet, 0, sizeof(vnet));
		if (with_vnet && rnd(4)) {
			vnet.flags = rnd(4);
			vnet.gso_type = (const unsigned char[]){ 0, 1, 3, 4, 5, 0x81 }[rnd(6)];
			vnet.gso_size = rnd(8) ? rnd(1500) : rnd(65536);
			vnet.hdr_len = rnd(200);
			vnet.csum_start = rnd(8) ? rnd(80) : rnd(65536);
			vnet.csum_offset = rnd(8) ? rnd(20) : rnd(65536);
		}
		if (sendmsg(s, &msg, 0) >= 0)
			sent++;
		else if (errno == ENOBUFS)
			poll(NULL, 0, 1);	/* the queue is full: it is to arrive */
		else
			refused++;
	}
	printf("sent %lu refused %lu\n", sent, refused);
	return sent ? 0 : 1;
}
