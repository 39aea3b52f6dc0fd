/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * multistackd's own types: switches, ports, credentials, sessions.
 *
 *   switch --< port --< cred --< entries of the map ms_tuples
 *               |
 *            session (the client's connection and its pidfd)
 *
 * The daemon is one thread around epoll.  What must outlive it is in three
 * places: packet state in the pinned maps (abi.h), what the daemon alone
 * knows in pinned state maps (struct st_*), descriptors in the store
 * (store.h).  reconcile() puts them together again.
 */
#ifndef MSD_H
#define MSD_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "abi.h"
#include "multistack.h"
#include "wire.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) \
	((type *)((char *)(p) - offsetof(type, member)))

struct msd;
struct watch;

typedef void (*watch_fn)(struct msd *d, struct watch *w, uint32_t events);

/* A descriptor in the epoll set; embedded in what it belongs to. */
struct watch {
	int fd;
	watch_fn fn;
};

struct msd_opts {
	const char *run_dir;
	const char *socket;
	const char *bpffs;
	const char *policy;
	const char *prefix;	/* of link names */
	const char *user;
	mode_t mode;
	const char *group;
	uint32_t max_ports;
	uint32_t max_tuples;
	uint32_t max_frags;
	uint32_t uid_ports;	/* caps per uid; root has none */
	uint32_t uid_sessions;
	uint32_t uid_tuples;
	uint32_t port_tuples;
	uint32_t grace_ms;
	uint32_t sweep_ms;
	uint64_t rate[MS_B_MAX];
	bool force_clsact;
	bool no_sandbox;
	bool cleanup;
	bool verbose;
};

/* In the state maps; layout is part of MS_ABI. */
struct st_switch {
	uint32_t used;
	uint32_t flags;
	uint32_t ifindex;
	uint32_t clsact;
	char name[MS_SWITCH_NAME_MAX + 1];
	char nic[IFNAMSIZ];
};

struct st_port {
	uint32_t used;
	uint32_t gen;
	uint32_t sw;
	uint32_t kind;
	uint32_t ifindex;
	uint16_t rx_offloads;	/* MS_OFFLOAD_*: that are on */
	uint16_t tx_offloads;	/* that the client may use */
	uint32_t ring_size;
	uint32_t uid;
	uint32_t pid;
	uint32_t xsk_ready;
	char name[MS_PORT_NAME_MAX + 1];
};

struct st_cred {
	uint32_t port_id;
	uint32_t gen;
	uint32_t has_fd;
	uint32_t dual;		/* "::" that covers IPv4, too */
	struct ms_tuple tuple;
};

struct addr {
	uint8_t family;		/* 4 or 6 */
	uint8_t a[16];
};

struct nswitch {
	uint32_t id;
	struct st_switch st;
	struct ms_nic_ent nic;
	unsigned int naddrs;
	struct addr *addrs;
};

struct port;
struct session;

/* What differs between kinds of ports. */
struct port_ops {
	const char *name;
	/* make the link, down; sets st.ifindex and the fd for the client */
	int (*create)(struct msd *d, struct port *p, int *client_fd);
	/* the client has set its end up */
	int (*ready)(struct msd *d, struct port *p);
	/* packets that the client did not fetch in time */
	uint64_t (*lost)(struct msd *d, struct port *p);
	/* give the kind's own descriptors up; the link is deleted by others */
	void (*destroy)(struct msd *d, struct port *p);
};

struct port {
	uint32_t id;
	struct st_port st;
	struct nswitch *sw;
	struct session *session;
	const struct port_ops *ops;
	char ifname[IFNAMSIZ];
	int kind_fd;		/* XSK: the socket; else -1 */
	unsigned int ncreds;
	unsigned int ntuples;
	TAILQ_HEAD(, cred) creds;
};

struct cred {
	TAILQ_ENTRY(cred) all;
	TAILQ_ENTRY(cred) in_port;
	uint32_t id;
	int fd;
	struct st_cred st;
	struct port *port;
};

/* A tuple that drops until its time has come. */
struct grave {
	TAILQ_ENTRY(grave) next;
	struct ms_tuple_key key;
	uint32_t cred;
	uint64_t until_ms;
};

struct session {
	TAILQ_ENTRY(session) next;
	struct watch conn;
	struct watch pid_watch;
	uid_t uid;
	gid_t gid;
	pid_t pid;
	struct port *port;
	bool watcher;
};

struct msd_maps {
	int tuples, ports, limits, nics, nicids, local, filter;
	int stats, nicstats, events, xsks;
	int st_switch, st_port, st_cred, st_abi;
};

struct store;
struct policy;
struct ms_bpf;

struct msd {
	struct msd_opts o;
	struct msd_maps map;
	struct ms_bpf *skel;
	struct ms_filter *filter;
	uint16_t port_users[65536];
	struct store *store;
	struct policy *policy;
	struct ring_buffer *ring;
	struct mnl_socket *nl;
	struct watch listener, nl_watch, ring_watch, sig_watch;
	int ep;
	int ns_maker;		/* socket to the helper that makes netns */
	int bpffs_fd;
	bool mounted;
	bool stop;
	bool reload;
	unsigned int ncpus;
	uint64_t netns_cookie;
	uint64_t next_sweep_ms;
	uint32_t next_cred;
	struct nswitch *sw[MS_MAX_NICS];
	struct port **port;
	unsigned int nports;
	unsigned int nwatchers;
	TAILQ_HEAD(, session) sessions;
	TAILQ_HEAD(, cred) creds;
	TAILQ_HEAD(, grave) graves;
	struct ms_rep_daemon counters;
	char err[256];		/* why the current request is refused */
};

/* main.c */
int watch_add(struct msd *d, struct watch *w, int fd, uint32_t events, watch_fn fn);
void watch_del(struct msd *d, struct watch *w);
uint64_t now_ms(void);

/* log.c: one line each to stderr; levels as sd-daemon(3) */
#define log_err(...) log_line(3, __VA_ARGS__)
#define log_warn(...) log_line(4, __VA_ARGS__)
#define log_info(...) log_line(6, __VA_ARGS__)
void log_line(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Note why a request fails; returns @err, which is negative. */
int refuse(struct msd *d, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* bpf.c: programs and maps */
int bpf_setup(struct msd *d);
int bpf_cleanup(struct msd *d);
int map_set(int map, const void *key, const void *val);
int map_get(int map, const void *key, void *val);
int map_del(int map, const void *key);
int prog_fd(struct msd *d, const char *name);
int sum_stats(struct msd *d, uint32_t id, struct ms_stats_ent *sum);
int sum_nicstats(struct msd *d, uint32_t id, struct ms_nicstats_ent *sum);
int zero_stats(struct msd *d, uint32_t id);

/* attach.c: programs on links */
int hook_attach(struct msd *d, const char *prog, uint32_t ifindex, bool egress,
		const char *pin, bool *clsact);
void hook_detach(struct msd *d, uint32_t ifindex, bool egress, const char *pin,
		 bool clsact);
void hook_forget(struct msd *d, uint32_t ifindex);

/* nic.c: switches */
int switch_attach(struct msd *d, const struct ms_req_attach *r);
int switch_detach(struct msd *d, const struct ms_req_attach *r);
struct nswitch *switch_find(struct msd *d, const char *name, size_t len);
int switch_restore(struct msd *d, uint32_t id, const struct st_switch *st);
bool switch_has_addr(const struct nswitch *sw, uint8_t family, const uint8_t *a);
void switch_refresh(struct msd *d);
void switch_drop_hooks(struct msd *d, struct nswitch *sw);

/* port.c */
extern const struct port_ops port_tap_ops, port_xsk_ops;
int port_open(struct msd *d, struct session *s, const struct ms_req_open *r,
	      struct ms_rep_open *rep, int *client_fd);
void port_close(struct msd *d, struct port *p, const char *why);
void port_describe(struct msd *d, struct port *p, struct ms_rep_open *rep);
int port_stats(struct msd *d, struct port *p, struct ms_rep_stats *rep);
int port_restore(struct msd *d, uint32_t id, const struct st_port *st);
struct port *port_by_name(struct msd *d, const char *name);
int port_limit(struct msd *d, const struct ms_req_limit *r);
void port_save(struct msd *d, struct port *p);
int port_sysctl(struct port *p, const char *file, const char *value);

/* tuple.c */
int tuple_bind(struct msd *d, struct port *p, const struct ms_tuple *t, int fd);
int tuple_unbind(struct msd *d, struct port *p, const struct ms_tuple *t);
void cred_drop(struct msd *d, struct cred *c);
void tuple_reap(struct msd *d, bool all);
void tuple_expand_switch(struct msd *d, struct nswitch *sw);
void tuple_sweep(struct msd *d);
int cred_restore(struct msd *d, uint32_t id, const struct st_cred *st, int fd);
void tuple_reconcile(struct msd *d);
void key_of(struct ms_tuple_key *k, const struct ms_tuple *t, uint32_t nic);
void tuple_of(struct ms_tuple *t, const struct ms_tuple_key *k);

/* cred.c */
int cred_check(struct msd *d, struct nswitch *sw, const struct ms_tuple *t,
	       int fd, uid_t uid, uint32_t *dual);
int cred_recheck(struct msd *d, struct nswitch *sw, const struct ms_tuple *t, int fd);

/* session.c, control.c */
int sessions_listen(struct msd *d);
int session_adopt(struct msd *d, int fd, struct session **sp);
int session_watch_pid(struct msd *d, struct session *s, int pidfd);
void session_close(struct msd *d, struct session *s, const char *why);
int session_send(struct msd *d, struct session *s, const void *msg, size_t len,
		 int fd);
int control_request(struct msd *d, struct session *s, const struct ms_msg *m,
		    void *rep, size_t *len);
int events_setup(struct msd *d);

/* reconcile.c */
int reconcile(struct msd *d);

/* sandbox.c */
int sandbox_enter(struct msd *d);

/* nsmaker.c */
struct ns_fds {
	int ns, xsk, rtnl;
};
int nsmaker_start(struct msd *d);
int nsmaker_make(struct msd *d, struct ns_fds *fds);
/* Return: an open /dev/net/tun, or negative errno. */
int nsmaker_tun(struct msd *d);

#endif /* MSD_H */
