// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recording the frames of any channel in a pcapng file.
 *
 * Frames are recorded as the stack sees them: a GSO frame is one packet, with
 * flags that say that its checksum is not computed yet and that it will be cut.
 *
 * Records are collected in a buffer of whole blocks, so that the file is valid
 * whenever it has been written to.  It is written when the buffer is full, when
 * the oldest record is 200 ms old (deadline_ns has rx called then), at close, at
 * exit, and by a crash handler through netio_capture_flush_all().
 *
 * The file may be a FIFO with a reader that is too slow (wireshark -k -i FIFO):
 * then records are dropped and counted, never frames.
 *
 * Locking: @busy is held while the buffer changes.  The crash handler may run
 * on a thread that holds it; it then writes the records that are complete, and
 * stops the capture, so that none is written twice.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "frame.h"
#include "pcapng.h"
#include "room.h"

#define CAPTURE_BUF		(256 << 10)
#define CAPTURE_MAX_AGE_NS	200000000ULL
#define CAPTURES_MAX		256

struct capture {
	struct libos_netio io;
	struct libos_netio *inner;
	struct netio_clock clock;
	int	fd;
	int	keep_fd;	/* a FIFO's reading end: no SIGPIPE when the reader leaves */
	int	slot;
	__u32	snaplen;
	int	busy;
	int	writing;	/* within the system call */
	int	stopped;	/* the file cannot be written any more, or: crash */
	__u32	at, end;	/* complete records that are yet to be written */
	__u64	oldest_ns;	/* when the first of them was put there */
	__u64	lost;		/* records, because the file did not take them */
	char	*buf;
};

#define to_capture(p)	container_of(p, struct capture, io)

/* For flush_all only, which has to find them without being told. */
static struct capture *captures[CAPTURES_MAX];

static __hot void lock(struct capture *c)
{
	while (__atomic_exchange_n(&c->busy, 1, __ATOMIC_ACQUIRE))
		;
}

static __hot void unlock(struct capture *c)
{
	__atomic_store_n(&c->busy, 0, __ATOMIC_RELEASE);
}

/* Write what is there; what the file does not take now stays. */
static __hot void flush(struct capture *c)
{
	long ret;

	while (c->at < c->end && !c->stopped) {
		c->writing = 1;
		ret = sys_retry(sys_write(c->fd, c->buf + c->at, c->end - c->at));
		c->writing = 0;
		if (ret == -EAGAIN)
			return;
		if (ret <= 0)
			c->stopped = 1;
		else
			c->at += ret;
	}
	c->at = c->end = 0;
}

static __hot __u32 packet_flags(const struct libos_frame *f, __u32 direction, const __u8 *dst)
{
	__u32 flags = direction, i;

	if (f->vnet.flags & VNET_F_NEEDS_CSUM)
		flags |= PCAPNG_CSUM_NOT_READY;
	else if (f->vnet.flags & VNET_F_DATA_VALID)
		flags |= PCAPNG_CSUM_VALID;
	if (frame_is_gso(f))
		flags |= PCAPNG_TSO;
	for (i = 0; i < 6 && dst[i] == 0xff; i++)
		;
	return flags | (i == 6 ? PCAPNG_BROADCAST : dst[0] & 1 ? PCAPNG_MULTICAST :
			PCAPNG_UNICAST);
}

static __hot void record(struct capture *c, const struct libos_frame *f, __u32 direction,
			 __u64 now_ns)
{
	struct pcapng_packet p;
	__u8 dst[6];
	void *data;

	if (f->len < NETIO_FRAME_MIN)
		return;
	p.interface = 0;
	p.tstamp_ns = f->tstamp_ns && direction == PCAPNG_INBOUND ? f->tstamp_ns : now_ns;
	p.len = f->len;
	p.caplen = c->snaplen && c->snaplen < f->len ? c->snaplen : f->len;
	if (PCAPNG_PACKET_LEN(p.caplen) > CAPTURE_BUF - c->end)
		flush(c);
	if (PCAPNG_PACKET_LEN(p.caplen) > CAPTURE_BUF - c->end || c->stopped) {
		c->lost++;
		return;
	}
	frame_gather(f, 0, dst, sizeof(dst));
	p.flags = packet_flags(f, direction, dst);
	data = pcapng_packet(c->buf + c->end, &p);
	frame_gather(f, 0, data, p.caplen);
	if (!c->end && !c->clock.now_ns)
		c->oldest_ns = sys_clock_ns(CLOCK_MONOTONIC);
	__atomic_store_n(&c->end, c->end + PCAPNG_PACKET_LEN(p.caplen), __ATOMIC_RELEASE);
}

static __hot void record_all(struct capture *c, struct libos_frame *const *frames, int n,
			     __u32 direction)
{
	__u64 now;
	int i;

	if (n <= 0)
		return;
	now = c->clock.now_ns ? c->clock.now_ns(c->clock.arg) : sys_clock_ns(CLOCK_REALTIME);
	lock(c);
	for (i = 0; i < n; i++)
		record(c, frames[i], direction, now);
	unlock(c);
}

static __hot int capture_tx(struct libos_netio *io, unsigned int queue,
			    struct libos_frame *const *frames, unsigned int n)
{
	struct capture *c = to_capture(io);
	int ret = c->inner->ops->tx(c->inner, queue, frames, n);

	io->link_up = c->inner->link_up;
	record_all(c, frames, ret, PCAPNG_OUTBOUND);
	return ret;
}

static __hot __u64 flush_due(const struct capture *c)
{
	return c->end && !c->clock.now_ns && !c->stopped ?
	       c->oldest_ns + CAPTURE_MAX_AGE_NS : ~0ULL;
}

static __hot int capture_rx(struct libos_netio *io, unsigned int queue,
			    struct libos_frame *const *frames, unsigned int n)
{
	struct capture *c = to_capture(io);
	int ret = c->inner->ops->rx(c->inner, queue, frames, n);
	__u64 now;

	io->link_up = c->inner->link_up;
	record_all(c, frames, ret, PCAPNG_INBOUND);
	if (ret < (int)n && flush_due(c) != ~0ULL) {
		now = sys_clock_ns(CLOCK_MONOTONIC);
		if (now >= flush_due(c)) {
			lock(c);
			flush(c);
			c->oldest_ns = now;	/* of what a slow FIFO left us */
			unlock(c);
		}
	}
	return ret;
}

static int capture_pollfds(struct libos_netio *io, struct libos_pollfd *fds, int max)
{
	struct libos_netio *inner = to_capture(io)->inner;

	return inner->ops->pollfds(inner, fds, max);
}

static __hot __u64 capture_deadline_ns(struct libos_netio *io)
{
	struct capture *c = to_capture(io);
	__u64 own = flush_due(c), theirs = ~0ULL;

	if (c->inner->ops->deadline_ns)
		theirs = c->inner->ops->deadline_ns(c->inner);
	return own < theirs ? own : theirs;
}

static __hot void capture_stats(struct libos_netio *io, struct libos_netio_stats *s)
{
	struct libos_netio *inner = to_capture(io)->inner;

	inner->ops->stats(inner, s);
}

/* The section ends with what the interface has counted. */
static void write_statistics(struct capture *c)
{
	struct libos_netio_stats s = { 0 };
	struct pcapng_statistics isb = { 0 };

	c->inner->ops->stats(c->inner, &s);
	isb.tstamp_ns = c->clock.now_ns ? c->clock.now_ns(c->clock.arg) :
					  sys_clock_ns(CLOCK_REALTIME);
	isb.received = s.rx_frames;
	isb.dropped = s.drop[LIBOS_DROP_RX_ERROR] + s.drop[LIBOS_DROP_RX_TRUNC] +
		      s.drop[LIBOS_DROP_RX_RUNT] + s.drop[LIBOS_DROP_RX_OVERRUN];
	c->end += pcapng_statistics(c->buf + c->end, CAPTURE_BUF - c->end, &isb);
}

static void capture_free(struct capture *c)
{
	if (c->slot >= 0)
		__atomic_store_n(&captures[c->slot], NULL, __ATOMIC_RELEASE);
	if (c->fd >= 0)
		close(c->fd);
	if (c->keep_fd >= 0)
		close(c->keep_fd);
	netio_pages_free(c->buf, CAPTURE_BUF);
	free(c);
}

static void capture_close(struct libos_netio *io)
{
	struct capture *c = to_capture(io);

	lock(c);
	flush(c);
	if (!c->stopped)
		write_statistics(c);
	flush(c);
	unlock(c);
	c->inner->ops->close(c->inner);
	capture_free(c);
}

/* What is in the buffer would be written by parent and child. */
static int capture_suspend(struct libos_netio *io)
{
	struct capture *c = to_capture(io);

	lock(c);
	flush(c);
	unlock(c);
	return c->inner->ops->suspend ? c->inner->ops->suspend(c->inner) : 0;
}

static int capture_resume(struct libos_netio *io)
{
	struct capture *c = to_capture(io);

	return c->inner->ops->resume ? c->inner->ops->resume(c->inner) : 0;
}

static const struct libos_netio_ops capture_ops = {
	.name		= "capture",
	.tx		= capture_tx,
	.rx		= capture_rx,
	.pollfds	= capture_pollfds,
	.deadline_ns	= capture_deadline_ns,
	.stats		= capture_stats,
	.close		= capture_close,
	.suspend	= capture_suspend,
	.resume		= capture_resume,
};

__hot void netio_capture_flush_all(void)
{
	unsigned int i, tries;

	for (i = 0; i < CAPTURES_MAX; i++) {
		struct capture *c = __atomic_load_n(&captures[i], __ATOMIC_ACQUIRE);

		if (!c)
			continue;
		for (tries = 0; tries < 100000; tries++)
			if (!__atomic_exchange_n(&c->busy, 1, __ATOMIC_ACQUIRE))
				break;
		if (tries < 100000) {
			flush(c);
			unlock(c);
		} else if (!c->writing && !c->stopped) {
			__u32 at = c->at, end = __atomic_load_n(&c->end, __ATOMIC_ACQUIRE);

			c->stopped = 1;
			if (at < end)
				sys_write(c->fd, c->buf + at, end - at);
		}
	}
}

static __attribute__((destructor)) void flush_at_exit(void)
{
	netio_capture_flush_all();
}

static void describe(char *buf, size_t len, const struct libos_netio *inner)
{
	static const struct {
		__u32 bit;
		const char *name;
	} names[] = {
		{ LIBOS_NETIO_TX_CSUM, " tx-csum" }, { LIBOS_NETIO_TX_TSO4, " tx-tso4" },
		{ LIBOS_NETIO_TX_TSO6, " tx-tso6" }, { LIBOS_NETIO_TX_ECN, " tx-ecn" },
		{ LIBOS_NETIO_TX_USO, " tx-uso" }, { LIBOS_NETIO_RX_CSUM, " rx-csum" },
		{ LIBOS_NETIO_RX_GSO, " rx-gso" },
	};
	size_t i, at = snprintf(buf, len, "LibOS netio %s, offloads:%s", inner->ops->name,
				inner->features ? "" : " none");

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (inner->features & names[i].bit && at < len)
			at += snprintf(buf + at, len - at, "%s", names[i].name);
}

static int write_head(struct capture *c, const struct netio_capture_opts *o, struct netio_err *err)
{
	struct utsname u;
	char hardware[sizeof(u.machine)], description[160];
	struct pcapng_section shb = {
		.hardware = o->hardware, .os = o->os,
		.application = o->application ? o->application : "LibOS",
	};
	struct pcapng_interface idb = {
		.linktype = PCAPNG_LINKTYPE_ETHERNET, .snaplen = o->snaplen,
		.name = o->ifname, .description = description,
	};

	/* With an injected clock nothing of this machine may show in the file. */
	if (!shb.hardware && !o->clock.now_ns && !uname(&u)) {
		snprintf(hardware, sizeof(hardware), "%s", u.machine);
		shb.hardware = hardware;
	}
	describe(description, sizeof(description), c->inner);
	c->end = pcapng_section(c->buf, CAPTURE_BUF, &shb);
	c->end += pcapng_interface(c->buf + c->end, CAPTURE_BUF - c->end, &idb);
	flush(c);
	if (c->stopped)
		return netio_fail(err, -EIO, "pcap: cannot write to %s", o->path);
	return 0;
}

int netio_capture_open(struct libos_netio *inner, const struct netio_capture_opts *opts,
		       struct libos_netio **out, struct netio_err *err)
{
	struct netio_capture_opts o;
	struct capture *none = NULL, *c;
	struct stat st;
	int ret;

	ret = netio_opts_copy(&o, sizeof(o), opts, err);
	if (ret)
		return ret;
	if (!o.path || !*o.path)
		return netio_fail(err, -EINVAL, "pcap: no file given");
	c = calloc(1, sizeof(*c));
	if (!c)
		return netio_fail(err, -ENOMEM, "pcap: out of memory");
	c->slot = c->keep_fd = -1;
	c->io = *inner;
	c->io.ops = &capture_ops;
	c->inner = inner;
	c->clock = o.clock;
	c->snaplen = o.snaplen;
	c->fd = open(o.path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC, 0644);
	if (c->fd < 0) {
		ret = netio_fail(err, -errno, "pcap: cannot write to %s: %s%s", o.path,
				 strerror(errno), errno == ENXIO ? " (nobody reads the FIFO)" : "");
		goto fail;
	}
	if (!fstat(c->fd, &st) && S_ISFIFO(st.st_mode))
		c->keep_fd = netio_fd_raise(open(o.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC),
					    o.fd_min);
	c->fd = netio_fd_raise(c->fd, o.fd_min);
	c->buf = netio_pages(CAPTURE_BUF);
	ret = c->buf ? write_head(c, &o, err) : netio_fail(err, -ENOMEM, "pcap: out of memory");
	if (ret)
		goto fail;
	for (c->slot = 0; c->slot < CAPTURES_MAX; c->slot++, none = NULL)
		if (__atomic_compare_exchange_n(&captures[c->slot], &none, c, false,
						__ATOMIC_RELEASE, __ATOMIC_RELAXED))
			break;
	if (c->slot == CAPTURES_MAX)
		c->slot = -1;		/* works, but is not flushed by others */
	*out = &c->io;
	return 0;
fail:
	capture_free(c);
	return ret;
}
