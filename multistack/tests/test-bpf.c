// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs by themselves: BPF_PROG_TEST_RUN over a table of packets, with
 * the maps set up by hand.  No link, no daemon.
 *
 * The kernel runs them on a packet that came in on lo (ifindex 1), so lo is
 * the NIC, or the port's link, as the case may be.  A redirect shows as 7.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi.h"
#include "multistack.h"
#include "multistack.skel.h"

#define NEXT	(-1)
#define DROP	2
#define REDIR	7

#define NIC	3
#define PORT	1	/* what lo's ifindex, 1, makes it */
#define GEN	9

static struct ms_bpf *skel;
static int failed, count;

static void result(int good, const char *name, const char *why)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++count, name);
	if (!good) {
		printf("# %s\n", why);
		failed = 1;
	}
}

#define MAP(name) bpf_map__fd(skel->maps.name)

static void tuple(uint16_t port, uint8_t proto, uint8_t family, uint32_t port_id, uint32_t gen,
		  uint32_t state)
{
	struct ms_tuple_key k = {
		.port = htobe16(port), .proto = proto, .family = family, .nic = NIC,
	};
	struct ms_tuple_val v = { port_id, gen, state, 1 };
	struct ms_filter f;
	uint32_t zero = 0;

	if (family == 4)
		memcpy(k.addr, "\x0a\x09\0\1", 4);
	else
		memcpy(k.addr, "\xfd\x09\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	bpf_map_update_elem(MAP(ms_tuples), &k, &v, 0);
	bpf_map_lookup_elem(MAP(ms_filter), &zero, &f);
	f.bits[port / 64] |= 1ULL << (port % 64);
	bpf_map_update_elem(MAP(ms_filter), &zero, &f, 0);
}

static void set_up(void)
{
	struct ms_port_ent port = { 1, GEN, NIC, 0 };
	struct ms_nic_ent nic = { .ifindex = 1, .mtu = 1500, .flags = MS_NIC_HOST };
	uint32_t one = 1, id = NIC, port_id = PORT;

	bpf_map_update_elem(MAP(ms_ports), &port_id, &port, 0);
	bpf_map_update_elem(MAP(ms_nics), &id, &nic, 0);
	bpf_map_update_elem(MAP(ms_nicids), &one, &id, 0);
	tuple(5000, 17, 4, PORT, GEN, MS_TUPLE_LIVE);
	tuple(5000, 6, 4, PORT, GEN, MS_TUPLE_LIVE);
	tuple(5000, 17, 6, PORT, GEN, MS_TUPLE_LIVE);
	tuple(5001, 17, 4, PORT, GEN, MS_TUPLE_DEAD);
	tuple(5002, 17, 4, PORT, GEN - 1, MS_TUPLE_LIVE);
	tuple(5003, 17, 4, PORT + 1, GEN, MS_TUPLE_LIVE);
}

/* A frame: what is not given is 0; checksums do not matter to the programs. */
struct frame {
	const char *name;
	int rx, rx_excl, tx, guard;	/* what the programs say */
	int reason;			/* tx's, if it drops */
	uint16_t type;
	uint8_t proto;
	uint16_t sport, dport;
	uint16_t frag;			/* IPv4's fragment field */
	uint16_t total;			/* IPv4's total length, if not right */
	uint8_t ihl;			/* if not 5 */
	uint8_t src[4], dst[4];
	uint32_t cut;			/* bytes of the frame to keep */
};

#define OURS	{ 10, 9, 0, 1 }
#define PEER	{ 10, 9, 0, 2 }
#define IP4	.type = 0x0800

static const struct frame frames[] = {
	{ "to a tuple", REDIR, REDIR, DROP, NEXT, MS_R_NOT_OWNER, IP4, 17, 9, 5000, .src = PEER, .dst = OURS },
	{ "to a TCP tuple", REDIR, REDIR, DROP, NEXT, MS_R_NOT_OWNER, IP4, 6, 9, 5000, .src = PEER, .dst = OURS },
	{ "to another protocol", NEXT, DROP, DROP, NEXT, MS_R_NOT_OWNER, IP4, 136, 9, 5000, .src = PEER, .dst = OURS },
	{ "to another port", NEXT, DROP, DROP, NEXT, MS_R_NOT_OWNER, IP4, 17, 9, 5999, .src = PEER, .dst = OURS },
	{ "to another address", NEXT, DROP, DROP, NEXT, MS_R_NOT_OWNER, IP4, 17, 9, 5000, .src = PEER, .dst = PEER },
	{ "to a dead tuple", DROP, DROP, DROP, NEXT, MS_R_NOT_OWNER, IP4, 17, 9, 5001, .src = PEER, .dst = OURS },
	{ "to a former generation", DROP, DROP, DROP, NEXT, MS_R_NOT_OWNER, IP4, 17, 9, 5002, .src = PEER, .dst = OURS },
	{ "from a tuple", NEXT, DROP, REDIR, DROP, 0, IP4, 17, 5000, 9, .src = OURS, .dst = PEER },
	{ "from a TCP tuple", NEXT, DROP, REDIR, DROP, 0, IP4, 6, 5000, 9, .src = OURS, .dst = PEER },
	{ "from nobody's", NEXT, DROP, DROP, NEXT, MS_R_NOT_OWNER, IP4, 17, 5999, 9, .src = OURS, .dst = PEER },
	{ "from a dead tuple", NEXT, DROP, DROP, DROP, MS_R_DEAD, IP4, 17, 5001, 9, .src = OURS, .dst = PEER },
	{ "from a former generation", NEXT, DROP, DROP, DROP, MS_R_OTHER_OWNER, IP4, 17, 5002, 9, .src = OURS, .dst = PEER },
	{ "from another port's", NEXT, DROP, DROP, DROP, MS_R_OTHER_OWNER, IP4, 17, 5003, 9, .src = OURS, .dst = PEER },
	{ "a later fragment", NEXT, DROP, DROP, NEXT, MS_R_FRAG, IP4, 17, 5000, 5000, 0x0010, .src = OURS, .dst = OURS },
	{ "IHL 4", NEXT, DROP, DROP, NEXT, MS_R_MALFORMED, IP4, 17, 5000, 5000, .ihl = 4, .src = OURS, .dst = OURS },
	{ "total length 19", NEXT, DROP, DROP, NEXT, MS_R_MALFORMED, IP4, 17, 5000, 5000, .total = 19, .src = OURS, .dst = OURS },
	{ "total length 27", NEXT, DROP, DROP, NEXT, MS_R_SHORT, IP4, 17, 5000, 5000, .total = 27, .src = OURS, .dst = OURS },
	{ "total length 1000", NEXT, DROP, DROP, NEXT, MS_R_SHORT, IP4, 17, 5000, 5000, .total = 1000, .src = OURS, .dst = OURS },
	{ "IHL 15 beyond the end", NEXT, DROP, DROP, NEXT, MS_R_MALFORMED, IP4, 17, 5000, 5000, .ihl = 15, .src = OURS, .dst = OURS },
	{ "cut in the IP header", NEXT, DROP, DROP, NEXT, MS_R_SHORT, IP4, 17, 5000, 5000, .src = OURS, .dst = OURS, .cut = 30 },
	{ "the Ethernet header alone", NEXT, DROP, DROP, NEXT, MS_R_SHORT, IP4, 17, .cut = 14 },
	{ "to loopback", NEXT, DROP, DROP, DROP, MS_R_BAD_DST, IP4, 17, 5000, 9, .src = OURS, .dst = { 127, 0, 0, 1 } },
	{ "to multicast", NEXT, DROP, DROP, DROP, MS_R_BAD_DST, IP4, 17, 5000, 9, .src = OURS, .dst = { 224, 0, 0, 1 } },
	{ "to 0.0.0.0", NEXT, DROP, DROP, DROP, MS_R_BAD_DST, IP4, 17, 5000, 9, .src = OURS },
	{ "echo request", NEXT, DROP, DROP, NEXT, MS_R_ICMP, IP4, 1, 0x0800, 0, .src = OURS, .dst = OURS },
	{ "an ICMP error about nothing", NEXT, DROP, DROP, NEXT, MS_R_ICMP, IP4, 1, 0x0301, 0, .src = OURS, .dst = OURS },
	{ "ARP", NEXT, NEXT, DROP, NEXT, MS_R_NOT_IP, 0x0806, .cut = 42 },
	{ "LLDP", NEXT, DROP, DROP, NEXT, MS_R_NOT_IP, 0x88cc, .cut = 60 },
	{ "802.1Q", NEXT, DROP, DROP, NEXT, MS_R_VLAN, 0x8100, .cut = 60 },
	{ "802.1ad", NEXT, DROP, DROP, NEXT, MS_R_VLAN, 0x88a8, .cut = 60 },
	{ "IPv4 under IPv6's ethertype", NEXT, DROP, DROP, NEXT, MS_R_MALFORMED, 0x86dd, 17, 5000, 5000, .src = OURS, .dst = OURS },
};

static uint32_t build(const struct frame *f, uint8_t *b)
{
	uint8_t *ip = b + 14, *l4 = ip + 20;
	uint16_t total = f->total ? f->total : 20 + 32;

	memset(b, 0, 128);
	b[12] = f->type >> 8;
	b[13] = f->type;
	ip[0] = 0x40 | (f->ihl ? f->ihl : 5);
	ip[2] = total >> 8;
	ip[3] = total;
	ip[6] = f->frag >> 8;
	ip[7] = f->frag;
	ip[8] = 64;
	ip[9] = f->proto;
	memcpy(ip + 12, f->src, 4);
	memcpy(ip + 16, f->dst, 4);
	l4[0] = f->sport >> 8;
	l4[1] = f->sport;
	l4[2] = f->dport >> 8;
	l4[3] = f->dport;
	l4[12] = 5 << 4;
	return f->cut ? f->cut : 14 + 20 + 32;
}

static int run(struct bpf_program *prog, const uint8_t *data, uint32_t len)
{
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = data, .data_size_in = len, .repeat = 1);

	if (bpf_prog_test_run_opts(bpf_program__fd(prog), &o))
		return -1000 - errno;
	return (int)o.retval;
}

static uint64_t tx_drops(int reason)
{
	int n = libbpf_num_possible_cpus(), i;
	struct ms_stats_ent *s = calloc(n, sizeof(*s));
	uint32_t id = PORT;
	uint64_t sum = 0;

	bpf_map_lookup_elem(MAP(ms_stats), &id, s);
	for (i = 0; i < n; i++)
		sum += s[i].tx_drop[reason];
	free(s);
	return sum;
}

static void check_program(const struct frame *f, const char *which, struct bpf_program *prog,
			  int want)
{
	char name[128], why[64];
	uint8_t b[128];
	uint32_t len = build(f, b);
	uint64_t before = tx_drops(f->reason);
	int got = run(prog, b, len);

	snprintf(name, sizeof(name), "%s: %s", which, f->name);
	/* the kernel does not run programs on less than an IP header */
	if (got == -1000 - EINVAL && len < 34) {
		printf("ok %d - %s # SKIP the kernel runs nothing on %u bytes\n", ++count, name, len);
		return;
	}
	snprintf(why, sizeof(why), "returned %d, want %d", got, want);
	result(got == want, name, why);
	if (prog == skel->progs.ms_tx && want == DROP) {
		snprintf(name, sizeof(name), "%s: %s: %s is counted", which, f->name,
			 ms_reason_name(f->reason));
		result(tx_drops(f->reason) == before + 1, name, "the counter is not one more");
	}
}

int main(void)
{
	struct ms_port_ent none = { 0 };
	unsigned int i;

	/* of lo here nothing depends on what the machine has */
	if (unshare(CLONE_NEWNET)) {
		printf("1..0 # SKIP needs root to make a network namespace\n");
		return 4;
	}
	if (system("ip link set lo up")) {
		printf("Bail out! cannot set lo up\n");
		return 1;
	}
	skel = ms_bpf__open_and_load();
	if (!skel) {
		printf("Bail out! cannot load the programs: %s\n", strerror(errno));
		return 1;
	}
	set_up();
	for (i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		const struct frame *f = &frames[i];

		check_program(f, "rx", skel->progs.ms_rx, f->rx);
		check_program(f, "rx_excl", skel->progs.ms_rx_excl, f->rx_excl);
		check_program(f, "tx", skel->progs.ms_tx, f->tx);
	}
	/* the guard passes what comes from a port's link, which lo is here; not now */
	i = PORT;
	bpf_map_update_elem(MAP(ms_ports), &i, &none, 0);
	for (i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		check_program(&frames[i], "guard", skel->progs.ms_guard, frames[i].guard);
	printf("1..%d\n", count);
	return failed;
}
