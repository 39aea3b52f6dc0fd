/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libmultistack: a user-level network stack's door to a shared NIC.
 *
 * A NIC that multistackd(8) attached to a switch ("valem:") is shared between
 * the host's own stack and any number of user-level stacks.  A user-level
 * stack opens a virtual port of the switch ("valem:vp0"), proves that it owns
 * a tuple <local address, local port, protocol> by handing over a socket that
 * it bound to that tuple, and from then on receives the NIC's packets for the
 * tuple and may send packets whose source is the tuple.  Everything else stays
 * with the host.
 *
 *	struct ms_port *port;
 *	struct ms_tuple t;
 *	int fd = socket(AF_INET, SOCK_STREAM, 0);
 *
 *	bind(fd, ...);			   the credential, no listen() needed
 *	ms_port_open("valem:vp0", NULL, &port);
 *	ms_tuple_from_sock(&t, fd);
 *	ms_port_bind(port, &t, fd);
 *	poll() on ms_port_fd(port); ms_port_recv(); ms_port_send();
 *	ms_port_close(port);
 *
 * Frames are whole Ethernet frames, without FCS.  On transmit both MAC
 * addresses may be anything (zero, too): the host resolves the neighbour and
 * fills them in, and a port never sends nor receives ARP or neighbour
 * discovery.  VLAN tags never reach a port and a tagged frame is dropped.
 *
 * Every function that can fail returns a negative errno and leaves one line
 * for humans in ms_last_error().
 *
 * Threads: different ports may be used by different threads at once.  On one
 * port, one thread may send while another receives; every other pair of calls
 * on one port must not overlap.  No function installs signal handlers, starts
 * threads or keeps state outside the port (but for the per-thread text of
 * ms_last_error()).  After fork(), only one of the two processes may go on
 * using the port; the port dies with the process that opened it.
 *
 * Source: M. Honda et al., "Rekindling network protocol innovation with
 * user-level stacks", ACM SIGCOMM CCR 44(2), 2014.
 */
#ifndef MULTISTACK_H
#define MULTISTACK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "multistack_reason.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Where multistackd listens when neither option nor environment says else. */
#define MS_SOCKET_DEFAULT	"/run/multistack/multistack.sock"

/** Environment variable that overrides %MS_SOCKET_DEFAULT. */
#define MS_SOCKET_ENV		"MULTISTACK_SOCKET"

/** Longest name of a switch, with its "vale" and without its ":", in bytes. */
#define MS_SWITCH_NAME_MAX	15

/** Longest name of a port, what follows the ":", in bytes. */
#define MS_PORT_NAME_MAX	31

/** Longest full name, "switch:port", in bytes, without the final NUL. */
#define MS_NAME_MAX		(MS_SWITCH_NAME_MAX + 1 + MS_PORT_NAME_MAX)

/** Most frames that one ms_port_recv() returns; longer bursts are cut. */
#define MS_BURST_MAX		64

/**
 * enum ms_port_kind - how a port's frames travel
 * @MS_PORT_TAP: a TAP device.  Carries checksum and segmentation offload both
 *	ways, so bulk transfers move in frames of up to 64 KiB; one system
 *	call for a burst of small frames where the client may use io_uring,
 *	otherwise for each.
 * @MS_PORT_XSK: one end of a veth pair with an AF_XDP socket in copy mode.
 *	No offloads: frames are complete and at most one MTU long.  Batched:
 *	one system call for a burst.  The better kind for small packets.
 */
enum ms_port_kind {
	MS_PORT_TAP = 0,
	MS_PORT_XSK = 1,
};

/*
 * Offloads a port can carry; for ms_port_opts.offloads, ms_port_info.offloads.
 */
/** A frame may come or go with its transport checksum not yet filled in. */
#define MS_OFFLOAD_CSUM		(1U << 0)
/** TCP over IPv4 may come or go as one frame longer than the MTU. */
#define MS_OFFLOAD_TSO4		(1U << 1)
/** TCP over IPv6 may come or go as one frame longer than the MTU. */
#define MS_OFFLOAD_TSO6		(1U << 2)
/** UDP may come or go as one frame that holds several datagrams. */
#define MS_OFFLOAD_USO		(1U << 3)
/** All of the above. */
#define MS_OFFLOAD_ALL		(MS_OFFLOAD_CSUM | MS_OFFLOAD_TSO4 | \
				 MS_OFFLOAD_TSO6 | MS_OFFLOAD_USO)

/**
 * struct ms_port_opts - options of ms_port_open()
 * @sz: sizeof(struct ms_port_opts) of the caller, so that the structure can
 *	grow; fields that lie beyond it count as 0.  Less than the offset of
 *	@kind is -EINVAL; unknown trailing bytes must be 0, else -E2BIG.
 * @socket_path: multistackd's socket; NULL: $MULTISTACK_SOCKET if set (and the
 *	program is not set-user-ID), else %MS_SOCKET_DEFAULT.
 * @kind: TAP or XSK.
 * @offloads: MS_OFFLOAD_* that the client can take on receive.  The kernel
 *	does in software what a client cannot take.  %MS_OFFLOAD_TSO4,
 *	%MS_OFFLOAD_TSO6 and %MS_OFFLOAD_USO need %MS_OFFLOAD_CSUM too.  0:
 *	every frame arrives complete and no longer than the MTU.  XSK ports
 *	need 0.  Sending with offloads needs no flag here (see
 *	ms_port_info.offloads).
 * @ring_size: XSK: descriptors in each of the four rings, a power of two,
 *	64 ... 4096; 0 means 1024.  TAP: frames that the kernel queues for the
 *	client, 1 ... 65536; 0 means 1024.
 * @timeout_ms: how long one exchange with the daemon may take, in
 *	milliseconds; covers a restart of the daemon.  0 means 10000.
 */
struct ms_port_opts {
	size_t sz;
	const char *socket_path;
	enum ms_port_kind kind;
	uint32_t offloads;
	uint32_t ring_size;
	uint32_t timeout_ms;
};

/**
 * struct ms_tuple - what a stack owns: <local address, local port, protocol>
 * @family: AF_INET or AF_INET6.
 * @protocol: IPPROTO_*: TCP, UDP, UDP-Lite, SCTP and DCCP have ports; any
 *	other protocol, ICMP excepted, is <address, protocol, 0>.
 * @port: local port, network byte order; 0 for protocols without ports.
 * @addr: local address, network byte order; IPv4 in the first 4 bytes, the
 *	others 0.  All zero (INADDR_ANY, in6addr_any) means each address of
 *	the switch's NIC, those that it gets later included; "::" of a socket
 *	without IPV6_V6ONLY covers the IPv4 addresses too.
 */
struct ms_tuple {
	uint16_t family;
	uint16_t protocol;
	uint16_t port;
	uint16_t reserved;
	uint8_t addr[16];
};

/* ms_frame.flags */
/** The checksum at csum_start + csum_offset is still to be computed. */
#define MS_FRAME_NEEDS_CSUM	(1U << 0)
/** Receive only: the kernel has verified the checksum. */
#define MS_FRAME_CSUM_VALID	(1U << 1)

/**
 * enum ms_gso_type - how a frame longer than the MTU divides into packets
 * @MS_GSO_NONE: a single packet
 * @MS_GSO_TCPV4: TCP over IPv4
 * @MS_GSO_TCPV6: TCP over IPv6
 * @MS_GSO_UDP: UDP, either family
 * @MS_GSO_ECN: OR-ed in: the first TCP segment has CWR
 */
enum ms_gso_type {
	MS_GSO_NONE = 0,
	MS_GSO_TCPV4 = 1,
	MS_GSO_TCPV6 = 4,
	MS_GSO_UDP = 5,
	MS_GSO_ECN = 0x80,
};

/**
 * struct ms_frame - one Ethernet frame of a burst
 * @data: the Ethernet header's first byte.  Send: the caller's, read during
 *	the call only.  Receive: the library's; may be read and written until
 *	the next ms_port_recv() or ms_port_close() on the port.
 * @len: length of the frame in bytes, 14 ... ms_port_info.frame_max.
 * @flags: MS_FRAME_*.
 * @gso_type: enum ms_gso_type.  Anything but %MS_GSO_NONE needs
 *	%MS_FRAME_NEEDS_CSUM, too.
 * @gso_size: payload bytes of each resulting packet; 0 without GSO.
 * @hdr_len: length of the headers, Ethernet to transport; a hint, may be 0.
 * @csum_start: where checksumming starts, in bytes from @data; the checksum
 *	covers all from there to the end.  With %MS_FRAME_NEEDS_CSUM only.
 * @csum_offset: where the checksum goes, in bytes from @csum_start.  It holds
 *	the pseudo header's sum, not inverted, as for virtio-net.
 *
 * The fields are those of virtio-net's header in host byte order.
 * Source: Virtual I/O Device (VIRTIO) 1.2, section 5.1.6.
 */
struct ms_frame {
	void *data;
	uint32_t len;
	uint8_t flags;
	uint8_t gso_type;
	uint16_t gso_size;
	uint16_t hdr_len;
	uint16_t csum_start;
	uint16_t csum_offset;
	uint16_t reserved;
};

/**
 * struct ms_port_info - what a client needs to know of its port
 * @sz: set by the caller to its sizeof(struct ms_port_info); the library fills
 *	no more than that.
 * @kind: TAP or XSK.
 * @ifindex: the port's link in the host's network namespace.
 * @nic_ifindex: the switch's NIC; 0 while it is gone.
 * @mtu: largest IP packet on the NIC, in bytes.
 * @frame_max: largest frame of ms_port_send() and ms_port_recv(), in bytes.
 * @offloads: MS_OFFLOAD_* that ms_port_send() takes.  %MS_OFFLOAD_CSUM is
 *	always set: on XSK ports the library computes the checksum.  On TAP
 *	ports all are, but %MS_OFFLOAD_USO before Linux 6.2.
 * @gso_max_size: longest IP packet to send with GSO, in bytes; 0: none.
 * @gso_max_segs: most packets that one GSO frame may divide into.
 * @mac: the NIC's own address.  Received frames have it as destination;
 *	a stack should use it as its own.
 * @peer_mac: an address to use for all of a stack's neighbours, gateway
 *	included (a static ARP entry), for stacks that insist on one.
 * @name: full name, "valem:vp0".
 * @nic: name of the NIC, "eth1".
 * @ifname: name of the port's link, for tcpdump and ip -s link.
 */
struct ms_port_info {
	size_t sz;
	enum ms_port_kind kind;
	uint32_t ifindex;
	uint32_t nic_ifindex;
	uint32_t mtu;
	uint32_t frame_max;
	uint32_t offloads;
	uint32_t gso_max_size;
	uint32_t gso_max_segs;
	uint8_t mac[6];
	uint8_t peer_mac[6];
	char name[MS_NAME_MAX + 1];
	char nic[16];
	char ifname[16];
};

/**
 * struct ms_port_stats - a port's counters since it was opened
 * @sz: set by the caller to its sizeof(struct ms_port_stats).
 * @rx_packets: packets to the port; a GSO frame counts as what it divides
 *	into.
 * @rx_bytes: bytes of those frames, Ethernet headers included.
 * @tx_packets: packets from the port that were let through.
 * @tx_bytes: bytes of those frames.
 * @rx_ring_full: packets lost since the client did not read them in time.
 * @rx_drop: packets to the port dropped, by enum ms_reason.
 * @tx_drop: packets from the port dropped, by enum ms_reason.
 */
struct ms_port_stats {
	size_t sz;
	uint64_t rx_packets;
	uint64_t rx_bytes;
	uint64_t tx_packets;
	uint64_t tx_bytes;
	uint64_t rx_ring_full;
	uint64_t rx_drop[MS_R_MAX];
	uint64_t tx_drop[MS_R_MAX];
};

struct ms_port;

/**
 * ms_port_open() - open a virtual port of a switch
 * @name: "switch:port", for instance "valem:vp0".  The switch's name starts
 *	with "vale", up to %MS_SWITCH_NAME_MAX letters, digits and "_"; the
 *	port's is 1 ... %MS_PORT_NAME_MAX letters, digits, "_", "." and "-".
 * @opts: options; NULL for a TAP port without receive offloads.
 * @portp: set to the port on success.
 *
 * The port is made on the fly; the switch must have been attached to a NIC
 * (multistackctl -h).  No privilege is needed, only access to the daemon's
 * socket.  A port lives until ms_port_close() or the end of the process.  It
 * survives restarts of the daemon.
 *
 * Context: any thread; blocks for up to @opts->timeout_ms.
 * Return: 0, or
 * -EINVAL: the name or an option is not legal;
 * -E2BIG: an option that this version does not know is set;
 * -ENOENT: no switch of that name;
 * -ENODEV: the switch's NIC has gone;
 * -EBUSY: a port of that name is open;
 * -EDQUOT: the user has too many ports or connections;
 * -ENOSPC: the daemon's table of ports is full;
 * -EOPNOTSUPP: port kind not available on this kernel;
 * -ECONNREFUSED, -ENOENT, -EACCES: no daemon at the socket, or no access;
 * -EPROTO: the daemon speaks another version;
 * -ETIMEDOUT: the daemon did not answer;
 * -ENOMEM, -EMFILE: out of memory, or of file descriptors.
 */
int ms_port_open(const char *name, const struct ms_port_opts *opts,
		 struct ms_port **portp);

/**
 * ms_port_close() - close a port, with all of its tuples
 * @port: a port, or NULL, which does nothing.
 *
 * When it returns, the name and the tuples are free again, unless the daemon
 * was away; then they are as soon as it is back.
 *
 * Context: any thread, no other call on @port in progress; blocks for up to a
 * second.
 */
void ms_port_close(struct ms_port *port);

/**
 * ms_port_fd() - a descriptor to poll for frames
 * @port: the port.
 *
 * POLLIN: ms_port_recv() has something to return.  POLLOUT: ms_port_send() can
 * take something.  POLLERR or POLLHUP on a TAP port: the port is over (the NIC
 * was detached, or the daemon took the port away); ms_port_life_fd() tells so
 * for ports of both kinds.  For a TAP port it is the TAP's own
 * non-blocking descriptor and may be read and written directly: each frame is
 * preceded by struct virtio_net_hdr_v1 (12 bytes, little endian).
 *
 * Return: the descriptor, the library's; do not close it.
 */
int ms_port_fd(const struct ms_port *port);

/**
 * ms_port_life_fd() - a descriptor that tells the port's end
 * @port: the port.
 *
 * POLLHUP on it, for which @events may be 0: the port is over.  An AF_XDP
 * socket's own descriptor does not tell.  Neither read nor write it.
 *
 * Return: the descriptor, the library's; do not close it.
 */
int ms_port_life_fd(const struct ms_port *port);

/**
 * ms_port_bind() - own a tuple
 * @port: the port.
 * @tuple: what to own.
 * @sock: the credential: a socket of the tuple's protocol, bound by bind() to
 *	the tuple's address (or to the wildcard address) and port, in the
 *	daemon's network namespace.  The daemon keeps a duplicate for as long as
 *	the tuple lives, so the caller may close its own.  -1: the protocol is
 *	one that the kernel has no socket for (SCTP or DCCP not configured, or
 *	any protocol without ports); then the daemon's policy file decides.
 *
 * The socket must not have SO_REUSEADDR, SO_REUSEPORT, IP_FREEBIND or
 * IP_TRANSPARENT set: others could be bound to the same.  Switching one on
 * later revokes the tuple.  Binding a tuple that the port has already succeeds.
 *
 * Context: any thread; blocks for up to ms_port_opts.timeout_ms.
 * Return: 0, or
 * -EINVAL: the tuple is not well-formed, or @sock is not bound, or bound to a
 *	port or an address other than the tuple's;
 * -EBADF: @sock is not open;
 * -ENOTSOCK: @sock is not a socket;
 * -EAFNOSUPPORT: family other than AF_INET and AF_INET6, or not the socket's;
 * -ESOCKTNOSUPPORT: a raw or otherwise unfit type of socket;
 * -EPROTONOSUPPORT: the protocol is not the socket's or never a port's (ICMP);
 * -EPROTOTYPE: the socket of this protocol is missing (@sock is -1 although the
 *	kernel knows the protocol);
 * -EADDRNOTAVAIL: the address is not one of the NIC's;
 * -EXDEV: the socket is of another network namespace;
 * -ENXIO: the socket is bound to a device that is not the NIC;
 * -EPERM: the socket has IP_FREEBIND or IP_TRANSPARENT;
 * -ENOTUNIQ: the socket has SO_REUSEADDR or SO_REUSEPORT, or shares the tuple
 *	with another socket;
 * -EACCES: the policy file does not grant the tuple;
 * -EBUSY: another port owns the tuple;
 * -EDQUOT: the port or the user has too many tuples;
 * -ENOMEM: the table of tuples is full;
 * -ENODEV: the NIC has gone;
 * -ECONNRESET: the daemon has closed the port;
 * -ETIMEDOUT: the daemon did not answer.
 */
int ms_port_bind(struct ms_port *port, const struct ms_tuple *tuple, int sock);

/**
 * ms_port_unbind() - give a tuple back
 * @port: the port.
 * @tuple: as in ms_port_bind().
 *
 * What still comes for the tuple is dropped for a moment (the daemon's grace
 * period), so that the host does not answer it with a reset; the tuple can be
 * bound again at once.
 *
 * Context: any thread; blocks for up to ms_port_opts.timeout_ms.
 * Return: 0, -ENOENT: the port does not own @tuple, -EINVAL: @tuple is not
 * well-formed, -ECONNRESET, -ETIMEDOUT: as for ms_port_bind().
 */
int ms_port_unbind(struct ms_port *port, const struct ms_tuple *tuple);

/**
 * ms_port_send() - send a burst of frames
 * @port: the port.
 * @frames: array of @n frames; not changed, not kept.
 * @n: number of frames, 0 ... INT_MAX.
 *
 * A frame that MultiStack does not let through counts as sent here; it is
 * counted by reason in ms_port_stats.tx_drop.  So does one within a burst that
 * only the kernel finds malformed; a TAP counts it in its link's errors.
 *
 * Context: any thread; never blocks.
 * Return: number of frames taken, from the first on; less than @n when the
 * queue is full (wait for POLLOUT).  If not even the first was taken for
 * another cause than a full queue:
 * -EMSGSIZE: frame shorter than 14 bytes or longer than frame_max;
 * -EINVAL: offload fields contradict the frame;
 * -EOPNOTSUPP: GSO on a port without it;
 * -ENETDOWN: the port is over.
 */
int ms_port_send(struct ms_port *port, const struct ms_frame *frames,
		 unsigned int n);

/**
 * ms_port_recv() - receive a burst of frames
 * @port: the port.
 * @frames: array of @n to be filled in; the data are the library's and valid
 *	until the next ms_port_recv() or ms_port_close().
 * @n: room in @frames; at most %MS_BURST_MAX are filled in.
 *
 * Context: any thread; never blocks.
 * Return: number of frames, 0 if there is none, -ENETDOWN: the port is over.
 */
int ms_port_recv(struct ms_port *port, struct ms_frame *frames, unsigned int n);

/**
 * ms_port_info() - describe a port
 * @port: the port.
 * @info: filled in; its @sz is the caller's.
 *
 * Context: any thread; asks the daemon, blocks for up to
 * ms_port_opts.timeout_ms.
 * Return: 0, -EINVAL: @info->sz is too small, -ECONNRESET, -ETIMEDOUT: as for
 * ms_port_bind().
 */
int ms_port_info(struct ms_port *port, struct ms_port_info *info);

/**
 * ms_port_stats() - a port's counters
 * @port: the port.
 * @stats: filled in; its @sz is the caller's.
 *
 * Context: any thread; asks the daemon, blocks for up to
 * ms_port_opts.timeout_ms.
 * Return: 0, -EINVAL: @stats->sz is too small, -ECONNRESET, -ETIMEDOUT: as for
 * ms_port_bind().
 */
int ms_port_stats(struct ms_port *port, struct ms_port_stats *stats);

/**
 * ms_tuple_from_sock() - the tuple that a socket is bound to
 * @tuple: filled in.
 * @sock: a bound socket.
 *
 * Return: 0, -EINVAL: not bound to a port, -EAFNOSUPPORT: neither IPv4 nor
 * IPv6, -EBADF, -ENOTSOCK.
 */
int ms_tuple_from_sock(struct ms_tuple *tuple, int sock);

/**
 * ms_tuple_from_text() - parse "protocol:address:port"
 * @tuple: filled in.
 * @text: "tcp:10.0.0.2:80", "udp:[2001:db8::1]:53", "udp:*:53" (IPv4), "udp:[::]:53",
 *	"47:10.0.0.2" (a protocol without ports by its number).  Protocols:
 *	tcp, udp, udplite, sctp, dccp, or a number.
 *
 * Return: 0, -EINVAL.
 */
int ms_tuple_from_text(struct ms_tuple *tuple, const char *text);

/**
 * ms_tuple_to_text() - the inverse of ms_tuple_from_text()
 * @tuple: a tuple.
 * @buf: for the text; 80 bytes are enough for any tuple.
 * @size: of @buf.
 *
 * Return: @buf; cut at @size - 1 bytes.
 */
char *ms_tuple_to_text(const struct ms_tuple *tuple, char *buf, size_t size);

/**
 * ms_reason_name() - short name of a drop reason, "not-owner"
 * @reason: enum ms_reason.
 *
 * Return: a constant string; "unknown" for numbers out of range.
 */
const char *ms_reason_name(unsigned int reason);

/**
 * ms_reason_text() - a drop reason in a few words
 * @reason: enum ms_reason.
 *
 * Return: a constant string.
 */
const char *ms_reason_text(unsigned int reason);

/**
 * ms_last_error() - the last failure of this thread, in one line
 *
 * Return: text of the thread's last call that failed: what failed, where, and
 * what to do; without a newline.  Valid until the thread's next call.
 */
const char *ms_last_error(void);

/**
 * ms_version() - version of the library
 *
 * Return: "MAJOR.MINOR.PATCH", a constant string.
 */
const char *ms_version(void);

#ifdef __cplusplus
}
#endif

#endif /* MULTISTACK_H */
