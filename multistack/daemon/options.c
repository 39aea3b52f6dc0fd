// SPDX-License-Identifier: GPL-2.0-only
/* The command line of multistackd. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "msd.h"
#include "options.h"

enum {
	O_RUN_DIR = 256, O_SOCKET, O_BPFFS, O_POLICY, O_PREFIX, O_USER, O_MODE,
	O_GROUP, O_MAX_PORTS, O_MAX_TUPLES, O_MAX_FRAGS, O_UID_PORTS,
	O_UID_SESSIONS, O_UID_TUPLES, O_PORT_TUPLES, O_GRACE, O_SWEEP, O_TX_PPS,
	O_TX_BPS, O_RX_PPS, O_RX_BPS, O_FRAG, O_ICMP, O_EVENT, O_CLSACT,
	O_NO_SANDBOX, O_CLEANUP, O_VERBOSE, O_VERSION, O_HELP,
};

static const struct option longopts[] = {
	{ "run-dir", 1, NULL, O_RUN_DIR }, { "socket", 1, NULL, O_SOCKET },
	{ "bpffs", 1, NULL, O_BPFFS }, { "policy", 1, NULL, O_POLICY },
	{ "link-prefix", 1, NULL, O_PREFIX }, { "user", 1, NULL, O_USER },
	{ "socket-mode", 1, NULL, O_MODE }, { "socket-group", 1, NULL, O_GROUP },
	{ "max-ports", 1, NULL, O_MAX_PORTS }, { "max-tuples", 1, NULL, O_MAX_TUPLES },
	{ "max-frags", 1, NULL, O_MAX_FRAGS }, { "uid-ports", 1, NULL, O_UID_PORTS },
	{ "uid-sessions", 1, NULL, O_UID_SESSIONS },
	{ "uid-tuples", 1, NULL, O_UID_TUPLES }, { "port-tuples", 1, NULL, O_PORT_TUPLES },
	{ "grace", 1, NULL, O_GRACE }, { "sweep", 1, NULL, O_SWEEP },
	{ "tx-pps", 1, NULL, O_TX_PPS }, { "tx-bps", 1, NULL, O_TX_BPS },
	{ "rx-pps", 1, NULL, O_RX_PPS }, { "rx-bps", 1, NULL, O_RX_BPS },
	{ "frag-rate", 1, NULL, O_FRAG }, { "icmp-rate", 1, NULL, O_ICMP },
	{ "event-rate", 1, NULL, O_EVENT }, { "force-clsact", 0, NULL, O_CLSACT },
	{ "no-sandbox", 0, NULL, O_NO_SANDBOX }, { "cleanup", 0, NULL, O_CLEANUP },
	{ "verbose", 0, NULL, O_VERBOSE }, { "version", 0, NULL, O_VERSION },
	{ "help", 0, NULL, O_HELP },
	{ NULL, 0, NULL, 0 },
};

static const char usage[] =
	"Usage: multistackd [OPTION]...\n"
	"Share NICs between the host's stack and user-level stacks; see multistackd(8).\n"
	"\n"
	"  --run-dir DIR         lock, keeper and socket (/run/multistack)\n"
	"  --socket PATH         where clients connect (DIR/multistack.sock)\n"
	"  --socket-mode OCTAL   its mode (0666)\n"
	"  --socket-group GROUP  its group (the daemon's)\n"
	"  --bpffs DIR           where maps and links are pinned (/sys/fs/bpf/multistack)\n"
	"  --policy FILE         grants for protocols without sockets\n"
	"                        (/etc/multistack/policy)\n"
	"  --link-prefix TEXT    names of the ports' links: TEXT and a number (ms)\n"
	"  --user NAME           run as that user, with CAP_NET_ADMIN and CAP_BPF\n"
	"  --max-ports N         size of the table of ports (1024)\n"
	"  --max-tuples N        size of the table of tuples (65536)\n"
	"  --max-frags N         fragmented datagrams that are followed (65536)\n"
	"  --uid-ports N         ports of one user, root excepted (256)\n"
	"  --uid-sessions N      connections of one user, root excepted (512)\n"
	"  --uid-tuples N        tuples of one user, root excepted (16384)\n"
	"  --port-tuples N       tuples of one port (16384)\n"
	"  --grace MS            how long a tuple drops after its end (2000)\n"
	"  --sweep MS            how often credentials are looked at again (1000)\n"
	"  --tx-pps, --rx-pps N  packets a second of each port (0: no limit)\n"
	"  --tx-bps, --rx-bps N  bytes a second of each port (0: no limit)\n"
	"  --frag-rate N         fragmented datagrams a second of each port (20000)\n"
	"  --icmp-rate N         ICMP errors a second to each port (1000)\n"
	"  --event-rate N        violations a second reported of each port (100)\n"
	"  --force-clsact        attach as on kernels without tcx\n"
	"  --no-sandbox          keep all privileges (for debugging)\n"
	"  --cleanup             remove everything that any daemon left, and exit\n"
	"  --verbose             log the ends of ports\n"
	"  --version, --help\n";

static int num(const char *name, const char *s, uint64_t min, uint64_t max, uint64_t *v)
{
	char *end;

	errno = 0;
	*v = strtoull(s, &end, 10);
	if (errno || *end || end == s || *s == '-' || *v < min || *v > max) {
		log_err("--%s takes a number, %llu to %llu, not \"%s\"", name,
			(unsigned long long)min, (unsigned long long)max, s);
		return -1;
	}
	return 0;
}

struct limit {
	int opt;
	uint64_t min, max;
	size_t at;
};

#define AT(field) offsetof(struct msd_opts, field)

static const struct limit limits[] = {
	{ O_MAX_PORTS, 2, MS_MAX_PORTS, AT(max_ports) },
	{ O_MAX_TUPLES, 1, 1 << 22, AT(max_tuples) },
	{ O_MAX_FRAGS, 64, 1 << 22, AT(max_frags) },
	{ O_UID_PORTS, 0, 32768, AT(uid_ports) },
	{ O_UID_SESSIONS, 1, 65536, AT(uid_sessions) },
	{ O_UID_TUPLES, 0, 1 << 22, AT(uid_tuples) },
	{ O_PORT_TUPLES, 1, 1 << 22, AT(port_tuples) },
	{ O_GRACE, 0, 3600000, AT(grace_ms) },
	{ O_SWEEP, 10, 3600000, AT(sweep_ms) },
};

static int parse_one(struct msd_opts *o, int c, const char *name)
{
	unsigned int i;
	uint64_t v;
	char *end;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		if (limits[i].opt != c)
			continue;
		if (num(name, optarg, limits[i].min, limits[i].max, &v))
			return -1;
		*(uint32_t *)((char *)o + limits[i].at) = v;
		return 0;
	}
	if (c >= O_TX_PPS && c <= O_EVENT)
		return num(name, optarg, 0, 1000000000000ULL, &o->rate[c - O_TX_PPS]);
	switch (c) {
	case O_RUN_DIR: o->run_dir = optarg; return 0;
	case O_SOCKET: o->socket = optarg; return 0;
	case O_BPFFS: o->bpffs = optarg; return 0;
	case O_POLICY: o->policy = optarg; return 0;
	case O_USER: o->user = optarg; return 0;
	case O_GROUP: o->group = optarg; return 0;
	case O_CLSACT: o->force_clsact = true; return 0;
	case O_NO_SANDBOX: o->no_sandbox = true; return 0;
	case O_CLEANUP: o->cleanup = true; return 0;
	case O_VERBOSE: o->verbose = true; return 0;
	case O_PREFIX:
		if (!*optarg || strlen(optarg) > 8 || strpbrk(optarg, "/: %")) {
			log_err("--link-prefix is 1 to 8 characters that a link's name may have");
			return -1;
		}
		o->prefix = optarg;
		return 0;
	case O_MODE:
		o->mode = strtoul(optarg, &end, 8);
		if (*end || end == optarg || o->mode > 0777) {
			log_err("--socket-mode takes an octal mode, not \"%s\"", optarg);
			return -1;
		}
		return 0;
	}
	return -1;
}

int options_parse(struct msd_opts *o, int argc, char **argv)
{
	static char socket_path[256];
	int c, at = 0;

	*o = (struct msd_opts){
		.run_dir = "/run/multistack",
		.bpffs = "/sys/fs/bpf/multistack",
		.policy = "/etc/multistack/policy",
		.prefix = "ms",
		.mode = 0666,
		.max_ports = MS_DEF_PORTS,
		.max_tuples = MS_DEF_TUPLES,
		.max_frags = MS_DEF_FRAGS,
		.uid_ports = 256,
		.uid_sessions = 512,
		.uid_tuples = 16384,
		.port_tuples = 16384,
		.grace_ms = 2000,
		.sweep_ms = 1000,
		.rate = { [MS_B_FRAG] = 20000, [MS_B_ICMP] = 1000, [MS_B_EVENT] = 100 },
	};
	while ((c = getopt_long(argc, argv, "", longopts, &at)) != -1) {
		if (c == O_HELP) {
			fputs(usage, stdout);
			return 0;
		}
		if (c == O_VERSION) {
			printf("multistackd %s\n", ms_version());
			return 0;
		}
		if (c == '?' || parse_one(o, c, longopts[at].name))
			return 2;
	}
	if (optind < argc) {
		log_err("no argument is expected, \"%s\" was given; see --help", argv[optind]);
		return 2;
	}
	if (!o->socket) {
		snprintf(socket_path, sizeof(socket_path), "%s/multistack.sock", o->run_dir);
		o->socket = socket_path;
	}
	return -1;
}
