// SPDX-License-Identifier: GPL-2.0-only
/* options.c - reading and checking of ms-pktgen's command line */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <multistack.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "payload.h"

#define LEN_DEFAULT	60	/* the shortest Ethernet frame, without FCS */
#define BURST_DEFAULT	64
#define SEED_DEFAULT	1

static const char usage[] =
"Usage: ms-pktgen -f MODE -i PORT -s IP[:PORT[-PORT]] [-d IP[:PORT[-PORT]]] [option]...\n"
"Send and receive test traffic through a MultiStack port, and measure it.\n"
"\n"
"  -f tx|rx|ping|pong  send, receive and check, measure latency, answer pings\n"
"  -i PORT        valem:vp0 (a MultiStack port), host (a plain socket),\n"
"                 packet:IF, tap:IF, macvtap:IF\n"
"  -k tap|xdp     kind of a MultiStack port (default tap)\n"
"  -s ADDRESS     this side: the tuples to own\n"
"  -d ADDRESS     the other side (optional for rx)\n"
"  -P PROTOCOL    udp, tcp, udplite, sctp, dccp or a number (default udp)\n"
"  -l BYTES       length of each frame without FCS (default 60)\n"
"  -n COUNT       stop after so many packets; k and M multiply (default 0: never)\n"
"  -R RATE        packets per second; k and M multiply (default 0: all we can)\n"
"  -b FRAMES      burst, 1 to 256 (default 64)\n"
"  -g PACKETS     packets per GSO frame, tcp and udp (default 1)\n"
"  -o             take checksum and segmentation offload\n"
"  -T SECONDS     stop after so long; rx counts from the first packet\n"
"  -w SECONDS     rx, pong: stop after so long without packets;\n"
"                 ping: wait so long for an answer (default 1)\n"
"  -D MAC         destination address for packet:, tap: and macvtap:\n"
"  -M MAC         source address instead of the interface's\n"
"  -S SEED        of the payload's pattern (default 1)\n"
"  -C             do not write or compare the pattern, only stamps\n"
"  -e             exit with 3 when a packet was lost, damaged or out of order\n"
"  -p             poll without sleeping\n"
"  -q             only the summary\n"
"  -j             the summary as one JSON object\n"
"  -h, -V         this text; the version\n";

static int complain(const char *fmt, ...)
{
	va_list ap;

	fputs("ms-pktgen: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\n", stderr);
	return -EINVAL;
}

/* A decimal number with an optional k or M (powers of ten). */
static int parse_count(char opt, const char *text, uint64_t max, uint64_t *v)
{
	uint64_t unit = 1;
	char *end;

	errno = 0;
	*v = strtoull(text, &end, 10);
	if (*end == 'k' || *end == 'M')
		unit = *end++ == 'k' ? 1000 : 1000000;
	if (*text < '0' || *text > '9' || *end || errno || *v > max / unit)
		return complain("-%c %s: expected a number from 0 to %llu",
				opt, text, (unsigned long long)max);
	*v *= unit;
	return 0;
}

static int parse_seconds(char opt, const char *text, int64_t *ns)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || *end || !(v >= 0 && v <= 1e6))
		return complain("-%c %s: expected seconds from 0 to 1000000",
				opt, text);
	*ns = llround(v * 1e9);
	return 0;
}

static int parse_endpoint(char opt, const char *text, struct pg_endpoint *ep)
{
	if (pg_endpoint_parse(text, ep) < 0)
		return complain("-%c %s: expected an address such as 10.0.0.1:5000, 10.0.0.1:5000-5009 or [fd00::1]:5000",
				opt, text);
	return 0;
}

static int parse_mac(char opt, const char *text, uint8_t *m, bool *given)
{
	int end = 0;

	if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", m, m + 1,
		   m + 2, m + 3, m + 4, m + 5, &end) != 6 || text[end])
		return complain("-%c %s: expected a MAC address such as 02:00:00:00:00:01",
				opt, text);
	*given = true;
	return 0;
}

static int parse_option(struct pg_options *o, int opt, const char *arg)
{
	uint64_t v;
	int err;

	switch (opt) {
	case 'f':
		o->mode = arg;
		return 0;
	case 'i':
		o->io_name = arg;
		return 0;
	case 'k':
		o->io.kind = arg;
		return 0;
	case 's':
		return parse_endpoint('s', arg, &o->io.local);
	case 'd':
		return parse_endpoint('d', arg, &o->io.remote);
	case 'P':
		o->io.protocol = pg_protocol_parse(arg);
		if (o->io.protocol < 0)
			return complain("-P %s: expected udp, tcp, udplite, sctp, dccp or a number from 1 to 255",
					arg);
		return 0;
	case 'l':
		err = parse_count('l', arg, PG_FRAME_MAX, &v);
		o->packet_len = v;
		return err;
	case 'n':
		return parse_count('n', arg, UINT64_MAX, &o->count);
	case 'R':
		return parse_count('R', arg, 1000000000, &o->rate);
	case 'b':
		err = parse_count('b', arg, PG_BURST_MAX, &v);
		o->burst = v;
		return err;
	case 'g':
		err = parse_count('g', arg, 64, &v);
		o->gso_segs = v;
		return err;
	case 'T':
		return parse_seconds('T', arg, &o->duration_ns);
	case 'w':
		return parse_seconds('w', arg, &o->idle_ns);
	case 'D':
		return parse_mac('D', arg, o->dst_mac, &o->has_dst_mac);
	case 'M':
		return parse_mac('M', arg, o->src_mac, &o->has_src_mac);
	case 'S':
		return parse_count('S', arg, UINT64_MAX, &o->seed);
	case 'o':
		o->io.offload = true;
		return 0;
	case 'C':
		o->check = false;
		return 0;
	case 'e':
		o->strict = true;
		return 0;
	case 'p':
		o->busy_poll = true;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case 'j':
		o->json = true;
		return 0;
	}
	return complain("see ms-pktgen -h");
}

/* Bytes of all headers, by a template of the endpoints that were given. */
static size_t header_len(const struct pg_options *o)
{
	static const uint8_t mac[6];
	struct pg_frame_template t;

	pg_frame_template_init(&t, &o->io.local, &o->io.local, o->io.protocol,
			       mac, mac);
	return t.hdr_len;
}

static int check_endpoints(struct pg_options *o)
{
	struct pg_endpoint *local = &o->io.local, *remote = &o->io.remote;
	bool ports = pg_protocol_has_ports(o->io.protocol);

	if (!local->family)
		return complain("-s is missing: the address and port of this side");
	if (!remote->family && strcmp(o->mode, "rx"))
		return complain("-d is missing: the address and port of the other side");
	if (remote->family && remote->family != local->family)
		return complain("-s and -d are of different families");
	if (ports && (!local->port_first ||
		      (remote->family && !remote->port_first)))
		return complain("this protocol has ports: give one in -s and -d, from 1 to 65535");
	if (!ports && (local->port_last || remote->port_last))
		return complain("protocol %d has no ports: leave them out of -s and -d",
				o->io.protocol);
	return 0;
}

static int check_lengths(struct pg_options *o)
{
	size_t hdr = header_len(o), min = hdr + PG_STAMP_LEN;

	if (o->packet_len < min)
		return complain("-l %zu: headers and stamp of this protocol need at least %zu bytes",
				o->packet_len, min);
	if (!o->burst || !o->gso_segs)
		return complain("-b and -g are at least 1");
	if (o->gso_segs > 1 && o->io.protocol != IPPROTO_UDP &&
	    o->io.protocol != IPPROTO_TCP)
		return complain("-g: only udp and tcp have segmentation offload");
	if (o->gso_segs > 1)
		o->io.offload = true;
	o->io.frame_len = hdr + (o->packet_len - hdr) * o->gso_segs;
	if (o->io.frame_len > PG_FRAME_MAX)
		return complain("-g %u: %zu bytes do not fit in one frame of %d",
				o->gso_segs, o->io.frame_len, PG_FRAME_MAX);
	return 0;
}

static int check_options(struct pg_options *o)
{
	static const char *const modes[] = { "tx", "rx", "ping", "pong" };
	unsigned int i;
	int err;

	if (!o->mode)
		return complain("-f is missing: tx, rx, ping or pong; see ms-pktgen -h");
	for (i = 0; i < 4 && strcmp(o->mode, modes[i]); i++)
		;
	if (i == 4)
		return complain("-f %s: expected tx, rx, ping or pong", o->mode);
	if (!o->io_name)
		return complain("-i is missing: a port such as valem:vp0");
	err = check_endpoints(o);
	if (err < 0)
		return err;
	if (!strcmp(o->mode, "ping") && !o->idle_ns)
		o->idle_ns = 1000000000;
	return check_lengths(o);
}

int pg_options_parse(struct pg_options *o, int argc, char **argv)
{
	int opt, err;

	*o = (struct pg_options) {
		.io.protocol = IPPROTO_UDP,
		.packet_len = 0,
		.gso_segs = 1,
		.burst = BURST_DEFAULT,
		.seed = SEED_DEFAULT,
		.check = true,
	};
	while ((opt = getopt(argc, argv,
			     "f:i:k:s:d:P:l:n:R:b:g:oT:w:D:M:S:CepqjhV")) != -1) {
		if (opt == 'h') {
			fputs(usage, stdout);
			return 1;
		}
		if (opt == 'V') {
			printf("ms-pktgen %s\n", ms_version());
			return 1;
		}
		err = parse_option(o, opt, optarg);
		if (err < 0)
			return err;
	}
	if (optind < argc)
		return complain("%s: not an option; see ms-pktgen -h",
				argv[optind]);
	if (!o->packet_len && o->io.local.family) {
		o->packet_len = header_len(o) + PG_STAMP_LEN;
		if (o->packet_len < LEN_DEFAULT)
			o->packet_len = LEN_DEFAULT;
	}
	return check_options(o);
}
