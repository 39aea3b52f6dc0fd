/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: The channels that LibOS brings along
 *
 * Each backend has a constructor that takes a struct of options and gives a
 * &struct libos_netio.  An option struct begins with its size, so that members
 * can be added: members that the caller does not know take their defaults, and
 * zero always means "the default".  netio_open() does the same from text.
 *
 *	netio_tap_open()	a TAP device of the host
 *	netio_raw_open()	an existing NIC, through a packet socket
 *	netio_pipe_open()	two file descriptors, a shell pipe, a pair of FIFOs
 *	netio_slirp_open()	a user-mode router, for those without privilege
 *	netio_multistack_open()	a port of a NIC that MultiStack shares
 *	netio_null_open()	nothing at all
 *	netio_capture_open()	wraps any of them: pcapng file
 *	netio_impair_open()	wraps any of them: loss, delay, rate ...
 *
 * How frames travel through each is told in docs/netio.md.
 */
#ifndef LIBOS_NETIO_BACKENDS_H
#define LIBOS_NETIO_BACKENDS_H

#include <stddef.h>
#include <libos/netio.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/**
 * struct netio_err - what went wrong, for a person to read
 * @text: one line without newline: what failed, where, what to do about it
 *
 * Filled by a constructor that returns an error; untouched otherwise.
 */
struct netio_err {
	char	text[256];
};

/* Offloads that a channel offers; bits of the "offload" options. */
#define NETIO_OFFLOAD_DEFAULT	0	/* all that the host can do */
#define NETIO_OFFLOAD_NONE	1	/* plain frames only, of at most one MTU */
#define NETIO_OFFLOAD_CSUM	2	/* checksums, but no segmentation */

/**
 * struct netio_tap_opts - options of a TAP device
 * @size: sizeof(struct netio_tap_opts)
 * @name: the host's device, 1..15 characters; NULL for a new one that the
 *	kernel names.  A missing device is created and goes with the channel
 * @queues: pairs of queues, 1..64; 0 for 1
 * @offload: NETIO_OFFLOAD_*
 * @up: 1: set the host's side up
 * @bridge: put the host's side into this bridge of the host; or NULL
 * @address: "10.0.0.1/24" or "fd00::1/64": give it to the host's side; or NULL
 * @mtu: set the host's side to this MTU, 68..65521; 0: leave it
 * @txqlen: frames that the host queues towards us; 0: leave it (1000)
 * @fd_min: lowest number for file descriptors that stay open
 */
struct netio_tap_opts {
	size_t	size;
	const char *name;
	unsigned int queues;
	unsigned int offload;
	int	up;
	const char *bridge;
	const char *address;
	unsigned int mtu;
	unsigned int txqlen;
	int	fd_min;
};

/**
 * netio_tap_open() - frames through a TAP device of the host
 * @opts: options; NULL for defaults
 * @out: the channel
 * @err: says what failed; may be NULL
 *
 * Context: an ordinary thread, in the network namespace of the device.  A new
 * device, @up, @bridge, @address, @mtu need CAP_NET_ADMIN there; an existing
 * persistent one does not if it belongs to the user.
 * Return: 0; -ENOENT (no /dev/net/tun, no such bridge), -EPERM, -EBUSY (someone
 * else has the device), -EINVAL (bad option; the device is no TAP), -EEXIST,
 * -ENOMEM, -EMFILE.
 */
int netio_tap_open(const struct netio_tap_opts *opts, struct libos_netio **out,
		   struct netio_err *err);

/** netio_tap_name() - the host's name for the TAP device; "" for another kind */
const char *netio_tap_name(const struct libos_netio *io);

/**
 * struct netio_raw_opts - options of a packet socket
 * @size: sizeof(struct netio_raw_opts)
 * @ifname: the host's NIC; must exist
 * @queues: sockets, 1..64, among which the host spreads flows; 0 for 1
 * @offload: NETIO_OFFLOAD_*
 * @mac: take only frames to this address, broadcast and multicast; all zero:
 *	take all that arrives on the NIC
 * @no_promisc: 1: do not put the NIC into promiscuous mode.  Frames to another
 *	address than the NIC's own may then not arrive
 * @qdisc_bypass: 1: send past the host's traffic control
 * @timestamps: 1: have the host stamp frames on arrival
 * @rcvbuf: bytes that the host queues towards us, per socket; 0 for 4 MiB
 * @fd_min: lowest number for file descriptors that stay open
 */
struct netio_raw_opts {
	size_t	size;
	const char *ifname;
	unsigned int queues;
	unsigned int offload;
	__u8	mac[6];
	int	no_promisc;
	int	qdisc_bypass;
	int	timestamps;
	unsigned int rcvbuf;
	int	fd_min;
};

/**
 * netio_raw_open() - frames through a packet socket on an existing NIC
 * @opts: options
 * @out: the channel
 * @err: says what failed; may be NULL
 *
 * The host's own stack goes on using the NIC.  What the host itself sends on it
 * is not seen.
 * Context: an ordinary thread, in the network namespace of the NIC, with
 * CAP_NET_RAW there.
 * Return: 0; -EPERM, -ENODEV (no such NIC), -EINVAL (bad option; the NIC is not
 * Ethernet), -ENOMEM, -EMFILE.
 */
int netio_raw_open(const struct netio_raw_opts *opts, struct libos_netio **out,
		   struct netio_err *err);

/* Which ends netio_pipe_open() joins. */
#define NETIO_PIPE_FDS		0	/* @rfd and @wfd; the same for a socket */
#define NETIO_PIPE_STDIN	1	/* right-hand side of a shell pipe */
#define NETIO_PIPE_STDOUT	2	/* left-hand side of a shell pipe */
#define NETIO_PIPE_FIFO		3	/* FIFOs @path.0 and @path.1 */

/**
 * struct netio_pipe_opts - options of a pipe
 * @size: sizeof(struct netio_pipe_opts)
 * @mode: NETIO_PIPE_*
 * @rfd: file descriptor to read from: pipe or stream socket.  Taken over by the
 *	channel (closed) if it is opened
 * @wfd: likewise, to write to; may be @rfd if that is a socket
 * @path: NETIO_PIPE_FIFO: both peers name the same path; missing FIFOs are made
 * @offload: NETIO_OFFLOAD_*: what we are willing to take from the peer
 * @wait_ms: how long to wait for a peer that is already there, so that the
 *	channel's features are what both can; then go on with the link down.
 *	0: 1000; negative: not at all
 * @fd_min: lowest number for file descriptors that stay open
 *
 * %NETIO_PIPE_STDIN replaces the process's standard input by /dev/null,
 * %NETIO_PIPE_STDOUT its standard output by standard error, so that the program
 * cannot damage the stream of frames.
 */
struct netio_pipe_opts {
	size_t	size;
	int	mode;
	int	rfd;
	int	wfd;
	const char *path;
	unsigned int offload;
	int	wait_ms;
	int	fd_min;
};

/**
 * netio_pipe_open() - frames through pipes, a stream socket or FIFOs
 * @opts: options
 * @out: the channel
 * @err: says what failed; may be NULL
 *
 * Needs no privilege.  The two ends of a shell pipe must run as one user.
 * Context: an ordinary thread; may block for @wait_ms.
 * Return: 0; -EINVAL (bad option; neither pipe nor stream socket), -EBADF,
 * -EBUSY (FIFO: both sides are taken), -ENOENT, -EACCES, -ENOMEM, -EMFILE.
 */
int netio_pipe_open(const struct netio_pipe_opts *opts, struct libos_netio **out,
		    struct netio_err *err);

/**
 * struct netio_slirp_fwd - a port of the host that leads to the guest
 * @udp: 0 for TCP, 1 for UDP
 * @host: address to listen on, IPv4 or IPv6; NULL or "": 127.0.0.1
 * @host_port: 1..65535, host byte order
 * @guest: the guest's address, of the same family; NULL or "": 10.0.2.15 or
 *	fec0::15
 * @guest_port: 1..65535, host byte order
 */
struct netio_slirp_fwd {
	int	udp;
	const char *host;
	__u16	host_port;
	const char *guest;
	__u16	guest_port;
};

/**
 * struct netio_slirp_opts - options of the user-mode router
 * @size: sizeof(struct netio_slirp_opts)
 * @mtu: of the link, 576..65520 bytes; 0 for 65520.  The stack's netdev may use
 *	less
 * @restricted: 1: the guest reaches nothing but what @fwd leads to it
 * @no_loopback: 1: 10.0.2.2 does not reach the host's own loopback services
 * @no_ipv6: 1: IPv4 only
 * @nfwd: entries of @fwd
 * @fwd: ports to forward; copied
 * @fd_min: lowest number for file descriptors that stay open
 *
 * The network is 10.0.2.0/24 and fec0::/64: router .2 and ::2 (which is the
 * host's loopback too), name server .3 and ::3; the guest is 10.0.2.15 and, say,
 * fec0::15.
 */
struct netio_slirp_opts {
	size_t	size;
	unsigned int mtu;
	int	restricted;
	int	no_loopback;
	int	no_ipv6;
	unsigned int nfwd;
	const struct netio_slirp_fwd *fwd;
	int	fd_min;
};

/**
 * netio_slirp_open() - frames to a user-mode router (libslirp)
 * @opts: options; NULL for defaults
 * @out: the channel
 * @err: says what failed; may be NULL
 *
 * Needs no privilege.  Starts one thread, whose file descriptors are its own and
 * not seen by the process.
 * Context: an ordinary thread.
 * Return: 0; -EINVAL (bad option), -EADDRINUSE or -EACCES (a port cannot be
 * listened on), -ENOMEM, -EMFILE, -EAGAIN (no thread).
 */
int netio_slirp_open(const struct netio_slirp_opts *opts, struct libos_netio **out,
		     struct netio_err *err);

/* The most ports of all tuples of a channel taken together. */
#define NETIO_MULTISTACK_PORTS	1024

/**
 * struct netio_multistack_tuple - ports that the stack owns
 * @protocol: IPPROTO_TCP, _UDP, _UDPLITE or _SCTP
 * @address: of the NIC, and of the host; IPv4 or IPv6
 * @first: 1..65535, host byte order
 * @last: the last of a range; 0 for @first alone
 */
struct netio_multistack_tuple {
	int	protocol;
	const char *address;
	__u16	first;
	__u16	last;
};

/**
 * struct netio_multistack_opts - options of a port of a shared NIC
 * @size: sizeof(struct netio_multistack_opts)
 * @port: full name of the virtual port to open, "valem:vp0"
 * @socket: multistackd's socket; NULL: $MULTISTACK_SOCKET or the usual place
 * @ntuples: entries of @tuples, at least 1
 * @tuples: what the stack owns, at most %NETIO_MULTISTACK_PORTS ports
 * @offload: NETIO_OFFLOAD_*
 * @txqlen: frames that the host queues towards us; 0: 1024
 * @mac: the stack's hardware address: must be the NIC's; all zero: the caller
 *	will ask netio_multistack_info()
 * @fd_min: lowest number for file descriptors that stay open
 */
struct netio_multistack_opts {
	size_t	size;
	const char *port;
	const char *socket;
	unsigned int ntuples;
	const struct netio_multistack_tuple *tuples;
	unsigned int offload;
	unsigned int txqlen;
	__u8	mac[6];
	int	fd_min;
};

/**
 * netio_multistack_open() - frames through a virtual port of a shared NIC
 * @opts: options
 * @out: the channel
 * @err: says what failed; may be NULL
 *
 * The stack must have the NIC's hardware address and the addresses of the
 * tuples, and needs neither ARP nor neighbour discovery (IFF_NOARP): the host
 * does both.  It may send from its tuples only.
 * Context: an ordinary thread, in the network namespace of the NIC, before other
 * threads open files.  Blocks for up to some seconds.  Needs access to the
 * daemon's socket and to bind the tuples, nothing else.
 * Return: 0; -EINVAL (bad option, hardware address, name of a port), -ELIBACC (no
 * libmultistack), -ECONNREFUSED, -EACCES (no daemon, or no access), -ENOENT (no
 * such switch; no daemon), -EBUSY (the port is open, a tuple another port's),
 * -EADDRINUSE (the host has the tuple), -EADDRNOTAVAIL (the host or the NIC has
 * no such address), -EPERM, -EDQUOT, -ETIMEDOUT, -ENOMEM, -EMFILE.
 */
int netio_multistack_open(const struct netio_multistack_opts *opts, struct libos_netio **out,
			  struct netio_err *err);

/**
 * struct netio_multistack_info - what a stack needs to know of its port
 * @mac: the NIC's hardware address, to be the stack's, too
 * @mtu: the NIC's, bytes
 * @nic: name of the NIC
 * @ifname: name of the port's device on the host, for captures there
 */
struct netio_multistack_info {
	__u8	mac[6];
	unsigned int mtu;
	char	nic[16];
	char	ifname[16];
};

/** netio_multistack_info() - describe the port; -EINVAL if @io is none */
int netio_multistack_info(const struct libos_netio *io, struct netio_multistack_info *info);

/**
 * netio_null_open() - a cable that leads nowhere
 * @out: the channel; takes every frame with all offloads, gives none
 *
 * Return: 0 or -ENOMEM.
 */
int netio_null_open(struct libos_netio **out);

/**
 * struct netio_clock - where a wrapper takes time from
 * @now_ns: time in ns; must be callable where tx and rx are
 * @arg: its argument
 */
struct netio_clock {
	__u64	(*now_ns)(void *arg);
	void	*arg;
};

/**
 * struct netio_capture_opts - options of a capture
 * @size: sizeof(struct netio_capture_opts)
 * @path: file to write, overwritten; or a FIFO that is being read
 * @ifname: the interface's name in the capture
 * @snaplen: bytes kept of a frame; 0 for all
 * @hardware: metadata of the section, each may be NULL
 * @os: likewise, the operating system: the stack's version
 * @application: likewise, default "LibOS"
 * @clock: the time of day; @clock.now_ns NULL for the host's
 * @fd_min: lowest number for file descriptors that stay open
 */
struct netio_capture_opts {
	size_t	size;
	const char *path;
	const char *ifname;
	unsigned int snaplen;
	const char *hardware;
	const char *os;
	const char *application;
	struct netio_clock clock;
	int	fd_min;
};

/**
 * netio_capture_open() - record the frames of a channel in a pcapng file
 * @inner: the channel to wrap; belongs to the wrapper on success
 * @opts: options
 * @out: the wrapper
 * @err: says what failed; may be NULL
 *
 * Records are buffered, and written when 256 KiB have come together or 200 ms
 * have passed, at close and at exit.
 * Return: 0; -EINVAL, -ENOMEM, or why the file cannot be opened or written.
 */
int netio_capture_open(struct libos_netio *inner, const struct netio_capture_opts *opts,
		       struct libos_netio **out, struct netio_err *err);

/**
 * netio_capture_flush_all() - write out what all captures have buffered
 *
 * For crash handlers.
 * Context: hot, any thread, also from a signal handler; best effort: a capture
 * that is being written to at this instant may lack its last record.
 */
void netio_capture_flush_all(void);

/**
 * struct netio_impair - what happens to the frames of one direction
 * @loss_ppm: probability that a frame is lost, 0..1000000
 * @dup_ppm: ... that it comes twice
 * @corrupt_ppm: ... that one bit of it is inverted
 * @reorder_ppm: ... that it is held back @reorder_ns, so that later ones
 *	overtake it
 * @reorder_ns: 0 for 1 ms
 * @delay_ns: time under way
 * @jitter_ns: uniform variation of @delay_ns, both ways, at most @delay_ns; it
 *	does not change the order
 * @rate_bps: bits per second that the link carries; 0 for no limit
 * @limit: frames that may be under way; more are dropped; 0 for 1000
 */
struct netio_impair {
	__u32	loss_ppm;
	__u32	dup_ppm;
	__u32	corrupt_ppm;
	__u32	reorder_ppm;
	__u64	reorder_ns;
	__u64	delay_ns;
	__u64	jitter_ns;
	__u64	rate_bps;
	__u32	limit;
};

/**
 * struct netio_impair_opts - options of the impairment wrapper
 * @size: sizeof(struct netio_impair_opts)
 * @tx: frames that leave the stack
 * @rx: frames that come to it
 * @seed: of the random decisions.  What happens to the n-th frame of a direction
 *	depends on this, on n and on the options, and on nothing else
 * @clock: monotonic time; @clock.now_ns NULL for the host's
 */
struct netio_impair_opts {
	size_t	size;
	struct netio_impair tx;
	struct netio_impair rx;
	__u64	seed;
	struct netio_clock clock;
};

/**
 * struct netio_impair_stats - what was done to the frames of one direction
 * @lost: frames lost by @loss_ppm
 * @overlimit: frames dropped because @limit were under way
 * @duplicated: frames that came twice
 * @corrupted: frames with a bit inverted
 * @reordered: frames held back
 * @queued: frames under way now
 */
struct netio_impair_stats {
	__u64	lost, overlimit, duplicated, corrupted, reordered, queued;
};

/**
 * netio_impair_open() - make a channel worse
 * @inner: the channel to wrap, with one queue; belongs to the wrapper on success
 * @opts: options
 * @out: the wrapper.  It does not offer segmentation offloads, so that a frame
 *	sent is a packet on the wire; to have the same on rx, open @inner with
 *	%NETIO_OFFLOAD_CSUM
 * @err: says what failed; may be NULL
 *
 * Return: 0; -EINVAL (a probability above 1, jitter above delay, several
 * queues), -ENOMEM.
 */
int netio_impair_open(struct libos_netio *inner, const struct netio_impair_opts *opts,
		      struct libos_netio **out, struct netio_err *err);

/** netio_impair_stats() - read the wrapper's own counters; -EINVAL if @io is none */
int netio_impair_stats(const struct libos_netio *io, struct netio_impair_stats *tx,
		       struct netio_impair_stats *rx);

/**
 * struct netio_env - what netio_open() is told beside its text
 * @size: sizeof(struct netio_env)
 * @ifname: the stack's name for the interface, for captures; NULL: "eth0"
 * @mac: the interface's hardware address, for filters; all zero: unknown
 * @os: the stack's version, for captures; or NULL
 * @application: the program's name, for captures; or NULL
 * @fd_min: lowest number for file descriptors that stay open
 */
struct netio_env {
	size_t	size;
	const char *ifname;
	__u8	mac[6];
	const char *os;
	const char *application;
	int	fd_min;
};

/**
 * netio_open() - open a channel that is described by text
 * @kind: "tap", "raw", "pipe", "slirp", "multistack", "null"; upper case is as good
 * @args: "key=value,key=value...", may be NULL or empty; "\," stands for a comma
 *	within a value.  The keys of each kind are listed in docs/netio.md; all
 *	kinds take those of the wrappers (pcap, loss, delay ...)
 * @env: what is known about the interface; may be NULL
 * @out: the channel, wrapped as @args say: capture outermost
 * @err: says what failed, naming the key and what was expected; may be NULL
 *
 * Return: 0; -EINVAL (unknown kind or key, bad value) or as the constructor.
 */
int netio_open(const char *kind, const char *args, const struct netio_env *env,
	       struct libos_netio **out, struct netio_err *err);

/** netio_drop_name() - "tx_error" for %LIBOS_DROP_TX_ERROR and so on */
const char *netio_drop_name(enum libos_netio_drop why);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* LIBOS_NETIO_BACKENDS_H */
