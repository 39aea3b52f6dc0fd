/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: What a configuration says
 *
 * nuse.conf and the -o options of the command line end up in one
 * &struct nuse_conf.  Reading it has no side effects: nothing is opened, looked
 * up or created, so that the parser can be fuzzed and --dry-run can be trusted.
 *
 *	text --lex.c--> words --conf.c + key.c + value.c--> struct nuse_conf
 *	                                       --check.c--> the same, known sane
 *
 * Each item remembers where it was said (&struct nuse_src), because most
 * mistakes show only when two lines are seen together.
 *
 * Source: nuse.conf(5); the grammar of the blocks is that of NUSE (2014).
 */
#ifndef NUSE_CONF_H
#define NUSE_CONF_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/**
 * struct nuse_src - where something was said
 * @file: name of the file as given, or the whole -o option; owned by the
 *	&struct nuse_conf; NULL if it was not said
 * @line: from 1; 0 if @file is no file
 */
struct nuse_src {
	const char *file;
	unsigned int line;
};

/**
 * struct nuse_err - the one message of a failed call
 * @text: "FILE:LINE: what was found, what was expected", no newline
 */
struct nuse_err {
	char text[512];
};

/**
 * struct nuse_addr - an IP address, perhaps with a prefix length
 * @family: AF_INET or AF_INET6
 * @plen: prefix length in bits; -1 if none was given
 * @v4: address, network byte order
 * @v6: address
 * @src: where it was said
 */
struct nuse_addr {
	int family;
	int plen;
	union {
		struct in_addr v4;
		struct in6_addr v6;
	};
	struct nuse_src src;
};

enum nuse_viftype {
	NUSE_VIF_RAW,		/* a packet socket on an interface of the host */
	NUSE_VIF_TAP,		/* a TAP device of the host */
	NUSE_VIF_PIPE,		/* a pair of file descriptors to another stack */
	NUSE_VIF_SLIRP,		/* sockets of the host, through libslirp */
	NUSE_VIF_MULTISTACK,	/* a port of a NIC of the host, and its address */
	NUSE_VIF_END
};

/* Longest name of a MultiStack port, and most ports that one interface owns. */
#define NUSE_PORT_MAX	47
#define NUSE_TUPLE_PORTS 1024

/* Directions are seen from the stack. */
enum nuse_dir { NUSE_RX, NUSE_TX, NUSE_DIRS };

/* Keys of an interface block; index of &struct nuse_if.at. */
enum nuse_ifkey {
	NUSE_K_ADDRESS, NUSE_K_NETMASK, NUSE_K_MACADDR, NUSE_K_VIFTYPE,
	NUSE_K_PIPEPATH, NUSE_K_PIPEFD, NUSE_K_MTU, NUSE_K_TXQLEN, NUSE_K_GATEWAY,
	NUSE_K_HOSTIF, NUSE_K_HOSTADDR, NUSE_K_QUEUES, NUSE_K_OFFLOADS,
	NUSE_K_BRIDGE, NUSE_K_PCAP, NUSE_K_HOSTFWD, NUSE_K_PORT, NUSE_K_TUPLE,
	NUSE_K_LOSS, NUSE_K_DELAY, NUSE_K_JITTER, NUSE_K_REORDER,
	NUSE_K_DUPLICATE, NUSE_K_CORRUPT, NUSE_K_RATE, NUSE_K_LIMIT, NUSE_K_SEED,
	NUSE_IFKEYS
};

/* Keys of a route block; index of &struct nuse_route.at. */
enum nuse_rtkey {
	NUSE_K_NETWORK, NUSE_K_RTMASK, NUSE_K_RTGATEWAY, NUSE_K_DEV, NUSE_K_METRIC,
	NUSE_RTKEYS
};

/* Keys outside of blocks; index of &struct nuse_conf.at. */
enum nuse_key {
	NUSE_K_NAMESERVER, NUSE_K_HOSTS, NUSE_K_SYSCTL, NUSE_K_RUN, NUSE_K_LOG,
	NUSE_K_MEMORY, NUSE_K_BYPASS, NUSE_K_KERNEL, NUSE_K_CAPABILITIES,
	NUSE_K_FALLBACK,
	NUSE_KEYS
};

/**
 * struct nuse_impair - what a bad line does to the frames of one direction
 * @set: bit per enum nuse_ifkey that was given (NUSE_K_LOSS..NUSE_K_LIMIT)
 * @loss_ppm: frames lost, per million; likewise @reorder_ppm (held back for
 *	@reorder_ns), @duplicate_ppm, @corrupt_ppm (one bit inverted)
 * @reorder_ns: 0 for 1 ms
 * @delay_ns: time that each frame takes longer
 * @jitter_ns: @delay_ns varies by up to this much, evenly, both ways
 * @rate_bps: bits per second; 0 for no limit
 * @limit: frames under way, beyond which more are dropped; 0 for 1000
 */
struct nuse_impair {
	uint32_t set;
	uint32_t loss_ppm, reorder_ppm, duplicate_ppm, corrupt_ppm;
	uint64_t reorder_ns, delay_ns, jitter_ns, rate_bps;
	uint32_t limit;
};

/**
 * struct nuse_hostfwd - a port of the host that leads to one of the stack
 * @udp: UDP, else TCP
 * @host: address that the host listens on; @host_port its port, 1..65535
 * @guest: address in the stack; family 0 for the interface's own
 * @guest_port: 1..65535
 */
struct nuse_hostfwd {
	bool udp;
	struct nuse_addr host, guest;
	uint16_t host_port, guest_port;
	struct nuse_src src;
};

/**
 * struct nuse_tuple - ports of the host's address that are the stack's
 * @protocol: IPPROTO_*
 * @addr: the address; after nuse_conf_check() one of the interface's
 * @first: the first port, @last the last one, 1..65535
 */
struct nuse_tuple {
	int protocol;
	struct nuse_addr addr;
	uint16_t first, last;
	struct nuse_src src;
};

enum nuse_offloads {
	NUSE_OFFLOADS_ON,	/* all that the channel can do */
	NUSE_OFFLOADS_CSUM,	/* checksums, but no segmentation */
	NUSE_OFFLOADS_OFF,	/* plain frames of at most one MTU */
};

/* Where a PIPE's ends are. */
enum nuse_pipe {
	NUSE_PIPE_NONE,		/* not said */
	NUSE_PIPE_FDS,		/* two file descriptors */
	NUSE_PIPE_STDIN,	/* we are the right-hand side of a shell pipe */
	NUSE_PIPE_STDOUT,	/* we are the left-hand side */
};

/**
 * struct nuse_if - one interface block
 * @name: as the stack will call it, 1..15 characters
 * @type: kind of channel
 * @addr: addresses, @naddr of them; after nuse_conf_check() each has a @plen
 * @netmask: of the addresses that were given without a prefix length
 * @mac: hardware address; all zero for a random one
 * @mtu: bytes of layer 3 payload, 68..65535; 0 for 1500
 * @txqlen: packets in the transmit queue; 0 for the kernel's default
 * @gateway: default routes through this interface, one per family
 * @hostif: the host's interface (RAW), or the TAP device's name on the host
 * @hostaddr: addresses that the host gets at its end (TAP)
 * @bridge: bridge of the host that the TAP device joins
 * @queues: pairs of queues, 1..16
 * @offloads: what the channel may do for the stack
 * @pipepath: PIPE: name of a pair of FIFOs
 * @pipe: PIPE: where its ends are, if not at @pipepath
 * @pipefd: descriptors to read from and to write to, for %NUSE_PIPE_FDS
 * @pcap: file that gets a pcapng capture; NULL for none
 * @fwd: SLIRP: ports led in from the host
 * @port: MULTISTACK: the virtual port, "valem:vp0"
 * @tuple: MULTISTACK: what the stack owns, @ntuples of them
 * @impair: the line's faults, by direction
 * @seed: of the random numbers behind them
 * @src: where the block begins
 * @at: where each key was said last
 */
struct nuse_if {
	char name[16];
	enum nuse_viftype type;
	struct nuse_addr *addr;
	size_t naddr;
	struct nuse_addr netmask;
	uint8_t mac[6];
	unsigned int mtu, txqlen;
	struct nuse_addr gateway[2];
	size_t ngateway;
	char hostif[16];
	struct nuse_addr *hostaddr;
	size_t nhostaddr;
	char bridge[16];
	unsigned int queues;
	enum nuse_offloads offloads;
	char *pipepath;
	enum nuse_pipe pipe;
	int pipefd[2];
	char *pcap;
	struct nuse_hostfwd *fwd;
	size_t nfwd;
	char *port;
	struct nuse_tuple *tuple;
	size_t ntuples;
	struct nuse_impair impair[NUSE_DIRS];
	uint64_t seed;
	struct nuse_src src;
	struct nuse_src at[NUSE_IFKEYS];
};

/**
 * struct nuse_route - one route block
 * @net: destination; after nuse_conf_check() with its @plen
 * @netmask: of @net, if that was given without a prefix length
 * @gateway: next hop; family 0 if the destination is on the link @dev
 * @dev: interface; "" for the one that @gateway is reached through
 * @metric: 0 for the kernel's default
 */
struct nuse_route {
	struct nuse_addr net, netmask, gateway;
	char dev[16];
	uint32_t metric;
	struct nuse_src src;
	struct nuse_src at[NUSE_RTKEYS];
};

/**
 * struct nuse_words - a command or a list of names
 * @v: @n strings and a NULL
 */
struct nuse_words {
	char **v;
	size_t n;
	struct nuse_src src;
};

/** struct nuse_sysctl - @key ("net.ipv4.ip_forward") gets @value */
struct nuse_sysctl {
	char *key, *value;
	struct nuse_src src;
};

/** struct nuse_hosts - a line of /etc/hosts: @names of @addr */
struct nuse_hosts {
	struct nuse_addr addr;
	struct nuse_words names;
};

/**
 * struct nuse_conf - a whole configuration
 * @log: kernel messages of this level and below are shown, 0..7
 * @memory: bytes of the instance's arena; 0 for the default
 * @kernel: path of a liblinux.so, or a version; NULL for the default
 * @caps: bit per CAP_* that the program has towards the stack
 * @fallback: make a SLIRP interface if there is no interface block
 * @run: commands, in order
 * @bypass: destinations that stay with the host's stack
 * @files: names that &struct nuse_src point to
 */
struct nuse_conf {
	struct nuse_if *ifs;
	size_t nifs;
	struct nuse_route *routes;
	size_t nroutes;
	struct nuse_addr *nameservers;
	size_t nnameservers;
	struct nuse_hosts *hosts;
	size_t nhosts;
	struct nuse_sysctl *sysctls;
	size_t nsysctls;
	struct nuse_words *run;
	size_t nrun;
	struct nuse_addr *bypass;
	size_t nbypass;
	unsigned int log;
	uint64_t memory;
	char *kernel;
	uint64_t caps;
	bool fallback;
	struct nuse_src at[NUSE_KEYS];
	char **files;
	size_t nfiles;
};

/** nuse_conf_init() - the configuration that says nothing */
void nuse_conf_init(struct nuse_conf *c);

/** nuse_conf_free() - release what @c holds; @c itself is the caller's */
void nuse_conf_free(struct nuse_conf *c);

/**
 * nuse_conf_parse() - add the contents of a file
 * @c: gets what the text says; on failure it holds what came before the error
 * @name: of the file, for messages
 * @text: contents, @len bytes; need not end with a newline nor a NUL
 * @err: message on failure
 *
 * Context: no side effects outside of @c.
 * Return: 0; -EINVAL, with @err; -ENOMEM, with @err.
 */
int nuse_conf_parse(struct nuse_conf *c, const char *name, const char *text, size_t len,
		    struct nuse_err *err);

/**
 * nuse_conf_option() - add one -o option
 * @option: "KEY=VALUE", "INTERFACE.KEY=VALUE", "route=VALUE" or
 *	"sysctl.NAME=VALUE"
 *
 * A single value replaces what a file said, a list grows by one, and an empty
 * VALUE empties a list or takes the default back.
 * Return: as nuse_conf_parse().
 */
int nuse_conf_option(struct nuse_conf *c, const char *option, struct nuse_err *err);

/**
 * nuse_conf_load() - read a file and add it
 *
 * Return: as nuse_conf_parse(); also the errors of open(2) and read(2), -EFBIG
 * beyond 1 MiB.
 */
int nuse_conf_load(struct nuse_conf *c, const char *path, struct nuse_err *err);

/**
 * nuse_conf_check() - complete a configuration and see whether it makes sense
 *
 * Call it once, after the last nuse_conf_parse() or nuse_conf_option().  Fills
 * in prefix lengths, the fallback interface and a SLIRP interface's addresses.
 * Return: as nuse_conf_parse().
 */
int nuse_conf_check(struct nuse_conf *c, struct nuse_err *err);

/**
 * nuse_conf_print() - write a checked configuration in nuse.conf's own grammar
 *
 * Reading the text back yields the same configuration.
 */
void nuse_conf_print(const struct nuse_conf *c, FILE *f);

/** nuse_viftype_name() - "RAW", "TAP", "PIPE", "SLIRP", "MULTISTACK" */
const char *nuse_viftype_name(enum nuse_viftype type);

#endif /* NUSE_CONF_H */
