// SPDX-License-Identifier: GPL-2.0-only
/* open.c: text to channel, and what is said about text that is wrong. */
#include "t.h"

static const struct {
	const char *kind, *args;
	int ret;
	const char *says;
} bad[] = {
	{ "ethernet", "", -EINVAL, "no kind of channel: tap, raw" },
	{ "", "", -EINVAL, "no kind of channel" },
	{ "null", "bogus=1", -EINVAL, "null: \"bogus\" is no option" },
	{ "null", "loss", -EINVAL, "loss: a value is missing" },
	{ "null", "loss=", -EINVAL, "where a probability" },
	{ "null", "loss=101%", -EINVAL, "where a probability" },
	{ "null", "loss=1%%", -EINVAL, "where a probability" },
	{ "null", "loss=-1%", -EINVAL, "where a probability" },
	{ "null", "loss=nan%", -EINVAL, "where a probability" },
	{ "null", "delay=10", 0, NULL },
	{ "null", "delay=10fortnights", -EINVAL, "where a time" },
	{ "null", "delay=2000h", -EINVAL, "where a time" },
	{ "null", "jitter=5ms", -EINVAL, "jitter is larger than delay" },
	{ "null", "rate=fast", -EINVAL, "where a rate" },
	{ "null", "limit=1e9", -EINVAL, "where a number of frames" },
	{ "null", "seed=x", -EINVAL, "where a number" },
	{ "null", "pcap=/nonexistent/f", -ENOENT, "/nonexistent/f" },
	{ "null", "pcap=", -EINVAL, "a word" },
	{ "tap", "queues=-1", -EINVAL, "where a number" },
	{ "tap", "up=maybe", -EINVAL, "where yes or no" },
	{ "tap", "offload=some", -EINVAL, "all, csum or none" },
	{ "tap", "name=toolongtobeaname,up=1", -EINVAL, "no name for a device" },
	{ "raw", "", -EINVAL, "ifname is missing" },
	{ "raw", "ifname=nothere0", -ENODEV, "no network device nothere0" },
	{ "raw", "ifname=lo,mac=12:34", -EINVAL, "hardware address" },
	{ "raw", "ifname=lo,mac=02:00:00:00:00:01x", -EINVAL, "hardware address" },
	{ "pipe", "", -EINVAL, "is missing" },
	{ "pipe", "side=left", -EINVAL, "stdin or stdout" },
	{ "pipe", "rfd=3", -EINVAL, "is missing" },
	{ "pipe", "fd=888", -EBADF, "888" },
	{ "slirp", "mtu=100", -EINVAL, "576..65520" },
	{ "slirp", "mtu=600", -EINVAL, "too small for IPv6" },
	{ "slirp", "hostfwd=8080", -EINVAL, "tcp:[ADDRESS:]PORT" },
	{ "slirp", "hostfwd=tcp:8080", -EINVAL, "tcp:[ADDRESS:]PORT" },
	{ "slirp", "hostfwd=tcp:0-80", -EINVAL, "tcp:[ADDRESS:]PORT" },
	{ "slirp", "hostfwd=tcp:70000-80", -EINVAL, "tcp:[ADDRESS:]PORT" },
	{ "slirp", "hostfwd=tcp:a.b:80-80", -EINVAL, "\"a.b\" is no address" },
	{ "slirp", "hostfwd=tcp:127.0.0.1:80-[fec0::9]:80", -EINVAL, "one address family" },
	{ "multistack", "tuple=tcp:10.0.0.1:80", -EINVAL, "port is missing" },
	{ "multistack", "port=valem:vp0", -EINVAL, "tuple is missing" },
	{ "multistack", "tuple=10.0.0.1:80", -EINVAL, "PROTOCOL:ADDRESS:PORT" },
	{ "multistack", "tuple=icmp:10.0.0.1:80", -EINVAL, "PROTOCOL:ADDRESS:PORT" },
	{ "multistack", "tuple=tcp:80", -EINVAL, "PROTOCOL:ADDRESS:PORT" },
	{ "multistack", "tuple=tcp:10.0.0.1:0", -EINVAL, "PROTOCOL:ADDRESS:PORT" },
	{ "multistack", "tuple=tcp:10.0.0.1:80-70000", -EINVAL, "PROTOCOL:ADDRESS:PORT" },
	{ "multistack", "port=valem:vp0,tuple=tcp:10.0.0:80", -EINVAL, "\"10.0.0\" is no address" },
	{ "multistack", "port=valem:vp0,tuple=tcp:10.0.0.1:81-80", -EINVAL, "the first of a range first" },
	{ "multistack", "port=valem:vp0,tuple=tcp:10.0.0.1:1-1024,tuple=udp:[::1]:1", -EINVAL,
	  "1025 ports; at most 1024" },
};

static void test_bad(void)
{
	struct libos_netio *io;
	struct netio_err err;
	size_t i;
	int ret;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err.text[0] = 0;
		ret = netio_open(bad[i].kind, bad[i].args, NULL, &io, &err);
		if (!ret)
			io->ops->close(io);
		ok(ret == bad[i].ret && (!ret || strstr(err.text, bad[i].says)), "%s %s: %s",
		   bad[i].kind, bad[i].args, err.text);
		if (strchr(err.text, '\n'))
			ok(false, "one line");
	}
}

static void test_good(void)
{
	struct netio_env env = { .size = sizeof(env), .ifname = "eth3" };
	const char *dir = t_folder("open");
	char args[200];
	struct libos_netio *io;
	struct netio_impair_stats tx, rx;
	struct netio_err err;
	char bytes[100];
	struct libos_frame f, *pf = &f;
	int i;

	is(netio_open("NULL", NULL, NULL, &io, &err), 0, "no arguments, upper case");
	ok(!strcmp(io->ops->name, "null"), "not wrapped");
	io->ops->close(io);
	is(netio_open("null", "tx-loss=100%,seed=7,,", NULL, &io, &err), 0, "impaired");
	ok(!strcmp(io->ops->name, "impair"), "wrapped");
	frame_make(&f, bytes, 100, 0, 1);
	for (i = 0; i < 10; i++)
		io->ops->tx(io, 0, &pf, 1);
	netio_impair_stats(io, &tx, &rx);
	ok(tx.lost == 10 && rx.lost == 0, "in one direction");
	io->ops->close(io);
	snprintf(args, sizeof(args), "loss=100%%,pcap=%s/a\\,b.pcapng", dir);
	is(netio_open("null", args, &env, &io, &err), 0, "impaired and captured");
	ok(!strcmp(io->ops->name, "capture"), "capture is outside");
	io->ops->tx(io, 0, &pf, 1);
	io->ops->close(io);
	is(sh(NULL, "test -s '%s/a,b.pcapng' && grep -q eth3 '%s/a,b.pcapng'", dir, dir), 0,
	   "a comma in a name; the interface's name is in the file");
	is(netio_open("null", "x=1", NULL, &io, NULL), -EINVAL, "without room for a message");
	ok(!strcmp(netio_drop_name(LIBOS_DROP_RX_OVERRUN), "rx_overrun"), "drops have names");
	ok(!strcmp(netio_drop_name(LIBOS_DROP_END), "?"), "and what is none has not");
}

int main(void)
{
	struct ns ns;

	t_begin(30);
	ns = ns_new();
	ns_enter(&ns);
	test_bad();
	test_good();
	return t_end();
}
