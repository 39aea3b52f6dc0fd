// SPDX-License-Identifier: GPL-2.0-only
/*
 * From an interface block to a channel.
 *
 *	conf.h's words ---> netio's options ---> backend
 *	                                            ^ impairment, if any
 *	                                               ^ capture, outermost
 *
 * An interface without a macaddr line gets a random one here and not in the
 * stack, because the RAW channel filters by it; a MULTISTACK one has the NIC's.
 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include "key.h"
#include "link.h"
#include "value.h"

static unsigned int offload(const struct nuse_if *c, bool impaired)
{
	if (c->offloads == NUSE_OFFLOADS_OFF)
		return NETIO_OFFLOAD_NONE;
	/* What is lost on an impaired line is to be a packet, not 64 KiB. */
	if (c->offloads == NUSE_OFFLOADS_CSUM || impaired)
		return NETIO_OFFLOAD_CSUM;
	return NETIO_OFFLOAD_DEFAULT;
}

static int open_tap(struct nuse_link *l, bool impaired, int fd_min, struct netio_err *err)
{
	const struct nuse_if *c = l->conf;
	struct netio_tap_opts o = {
		.size = sizeof(o),
		.name = c->hostif,
		.queues = c->queues,
		.offload = offload(c, impaired),
		.bridge = c->bridge[0] ? c->bridge : NULL,
		.mtu = c->mtu,
		.fd_min = fd_min,
	};
	size_t n;
	int ret;

	/*
	 * A device that its administrator made for us is up or not as he wishes,
	 * and changing it may be forbidden to us; one of our own is to be up.
	 */
	if (!if_nametoindex(c->hostif) || c->nhostaddr || geteuid() == 0)
		o.up = 1;
	else
		o.mtu = 0;
	ret = netio_tap_open(&o, &l->inner, err);
	for (n = 0; !ret && n < c->nhostaddr; n++) {
		ret = nuse_hostaddr_add(netio_tap_name(l->inner), &c->hostaddr[n]);
		if (ret < 0) {
			char a[NUSE_ADDR_STRLEN];

			snprintf(err->text, sizeof(err->text),
				 "cannot give %s to %s on the host: %s%s",
				 nuse_addr_print(&c->hostaddr[n], a), netio_tap_name(l->inner),
				 strerror(-ret),
				 ret == -EPERM ? "; it takes CAP_NET_ADMIN" : "");
			l->inner->ops->close(l->inner);
		}
	}
	return ret;
}

static int open_raw(struct nuse_link *l, bool impaired, int fd_min, struct netio_err *err)
{
	struct netio_raw_opts o = {
		.size = sizeof(o),
		.ifname = l->conf->hostif,
		.queues = l->conf->queues,
		.offload = offload(l->conf, impaired),
		.fd_min = fd_min,
	};

	memcpy(o.mac, l->mac, 6);
	return netio_raw_open(&o, &l->inner, err);
}

static int open_pipe(struct nuse_link *l, bool impaired, int fd_min, struct netio_err *err)
{
	static const int mode[] = {
		[NUSE_PIPE_NONE] = NETIO_PIPE_FIFO, [NUSE_PIPE_FDS] = NETIO_PIPE_FDS,
		[NUSE_PIPE_STDIN] = NETIO_PIPE_STDIN, [NUSE_PIPE_STDOUT] = NETIO_PIPE_STDOUT,
	};
	struct netio_pipe_opts o = {
		.size = sizeof(o),
		.mode = mode[l->conf->pipe],
		.rfd = l->conf->pipefd[0],
		.wfd = l->conf->pipefd[1],
		.path = l->conf->pipepath,
		.offload = offload(l->conf, impaired),
		.fd_min = fd_min,
	};

	return netio_pipe_open(&o, &l->inner, err);
}

static int open_slirp(struct nuse_link *l, int fd_min, struct netio_err *err)
{
	const struct nuse_if *c = l->conf;
	struct text { char host[NUSE_ADDR_STRLEN], guest[NUSE_ADDR_STRLEN]; } *text;
	struct netio_slirp_fwd *fwd;
	struct netio_slirp_opts o = { .size = sizeof(o), .nfwd = c->nfwd, .fd_min = fd_min };
	int ret = -ENOMEM;
	size_t i, a;

	fwd = calloc(c->nfwd + 1, sizeof(*fwd));
	text = calloc(c->nfwd + 1, sizeof(*text));
	if (!fwd || !text)
		goto out;
	for (i = 0; i < c->nfwd; i++) {
		const struct nuse_hostfwd *f = &c->fwd[i];
		struct nuse_addr guest = f->guest;

		for (a = 0; !guest.family && a < c->naddr; a++)
			if (c->addr[a].family == f->host.family)
				guest = c->addr[a];
		guest.plen = -1;
		fwd[i].udp = f->udp;
		fwd[i].host = nuse_addr_print(&f->host, text[i].host);
		fwd[i].host_port = f->host_port;
		fwd[i].guest = guest.family ? nuse_addr_print(&guest, text[i].guest) : NULL;
		fwd[i].guest_port = f->guest_port;
	}
	o.fwd = fwd;
	ret = netio_slirp_open(&o, &l->inner, err);
out:
	free(fwd);
	free(text);
	return ret;
}

static int open_multistack(struct nuse_link *l, bool impaired, int fd_min, struct netio_err *err)
{
	const struct nuse_if *c = l->conf;
	struct netio_multistack_opts o = {
		.size = sizeof(o),
		.port = c->port,
		.ntuples = c->ntuples,
		.offload = offload(c, impaired),
		.fd_min = fd_min,
	};
	char (*text)[NUSE_ADDR_STRLEN] = calloc(c->ntuples + 1, sizeof(*text));
	struct netio_multistack_tuple *t = calloc(c->ntuples + 1, sizeof(*t));
	struct netio_multistack_info info;
	int ret = -ENOMEM;
	size_t i;

	if (!text || !t)
		goto out;
	for (i = 0; i < c->ntuples; i++) {
		t[i].protocol = c->tuple[i].protocol;
		t[i].address = nuse_addr_print(&c->tuple[i].addr, text[i]);
		t[i].first = c->tuple[i].first;
		t[i].last = c->tuple[i].last;
	}
	o.tuples = t;
	ret = netio_multistack_open(&o, &l->inner, err);
	if (!ret) {
		netio_multistack_info(l->inner, &info);
		memcpy(l->mac, info.mac, sizeof(l->mac));
		snprintf(l->host, sizeof(l->host), "%s", info.nic);
	}
out:
	free(text);
	free(t);
	return ret;
}

static int impair(struct nuse_link *l, struct netio_err *err)
{
	struct netio_impair_opts o = { .size = sizeof(o), .seed = l->conf->seed };
	int d;

	for (d = 0; d < NUSE_DIRS; d++) {
		const struct nuse_impair *from = &l->conf->impair[d];
		struct netio_impair *to = d == NUSE_RX ? &o.rx : &o.tx;

		to->loss_ppm = from->loss_ppm;
		to->dup_ppm = from->duplicate_ppm;
		to->corrupt_ppm = from->corrupt_ppm;
		to->reorder_ppm = from->reorder_ppm;
		to->reorder_ns = from->reorder_ns;
		to->delay_ns = from->delay_ns;
		to->jitter_ns = from->jitter_ns;
		to->rate_bps = from->rate_bps;
		to->limit = from->limit;
	}
	return netio_impair_open(l->io, &o, &l->impaired, err);
}

static int capture(struct nuse_link *l, const char *os, const char *application, int fd_min,
		   struct netio_err *err)
{
	char text[80];
	struct netio_capture_opts o = {
		.size = sizeof(o),
		.path = l->conf->pcap,
		.ifname = l->conf->name,
		.os = text,
		.application = application,
		.fd_min = fd_min,
	};
	struct libos_netio *outer;
	int ret;

	snprintf(text, sizeof(text), "Linux %.60s (LibOS)", os);
	ret = netio_capture_open(l->io, &o, &outer, err);
	if (!ret)
		l->io = outer;
	return ret;
}

int nuse_link_open(struct nuse_link *l, const struct nuse_if *c, const char *os,
		   const char *application, int fd_min, struct nuse_err *err)
{
	bool impaired = c->impair[NUSE_RX].set || c->impair[NUSE_TX].set;
	struct netio_err why = { "" };
	int ret;

	memset(l, 0, sizeof(*l));
	l->conf = c;
	memcpy(l->mac, c->mac, 6);
	if (!memcmp(l->mac, "\0\0\0\0\0", 6)) {
		if (getrandom(l->mac, 6, 0) != 6)
			return -EIO;
		l->mac[0] = (l->mac[0] & 0xfc) | 2;	/* locally administered, one station */
	}
	switch (c->type) {
	case NUSE_VIF_TAP:	ret = open_tap(l, impaired, fd_min, &why); break;
	case NUSE_VIF_RAW:	ret = open_raw(l, impaired, fd_min, &why); break;
	case NUSE_VIF_PIPE:	ret = open_pipe(l, impaired, fd_min, &why); break;
	case NUSE_VIF_MULTISTACK: ret = open_multistack(l, impaired, fd_min, &why); break;
	default:		ret = open_slirp(l, fd_min, &why); break;
	}
	if (ret < 0)
		goto fail;
	l->io = l->inner;
	if (c->type != NUSE_VIF_MULTISTACK)
		snprintf(l->host, sizeof(l->host), "%s", c->type == NUSE_VIF_TAP ?
			 netio_tap_name(l->inner) : c->hostif);
	if (impaired) {
		ret = impair(l, &why);
		if (ret < 0)
			goto close;
		l->io = l->impaired;
	}
	if (c->pcap) {
		ret = capture(l, os, application, fd_min, &why);
		if (ret < 0)
			goto close;
	}
	/*
	 * The user-mode router ends TCP, so its link may as well be wide; a port's
	 * largest MTU is the NIC's.
	 */
	l->mtu = c->mtu;
	if (!l->mtu)
		l->mtu = c->type == NUSE_VIF_SLIRP || c->type == NUSE_VIF_MULTISTACK ||
			 l->io->max_mtu < 1500 ? l->io->max_mtu : 1500;
	if (l->mtu > l->io->max_mtu) {
		nuse_fail(err, &c->at[NUSE_K_MTU], "interface %s: mtu: found %u, expected at most %u, what viftype %s carries",
			  c->name, l->mtu, l->io->max_mtu, nuse_viftype_name(c->type));
		l->io->ops->close(l->io);
		return -EINVAL;
	}
	return 0;

close:
	l->io->ops->close(l->io);
fail:
	nuse_fail(err, &c->src, "interface %s: %s", c->name,
		  why.text[0] ? why.text : strerror(-ret));
	return ret;
}
