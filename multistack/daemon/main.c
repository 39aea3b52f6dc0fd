// SPDX-License-Identifier: GPL-2.0-only
/*
 * multistackd: options, start, event loop.
 *
 * SIGTERM and SIGINT end the daemon and leave everything at work for its
 * successor; --cleanup removes everything.  SIGHUP reads the policy anew.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "fdpass.h"
#include "msd.h"
#include "nl.h"
#include "options.h"
#include "policy.h"
#include "store.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

int watch_add(struct msd *d, struct watch *w, int fd, uint32_t events, watch_fn fn)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	w->fd = fd;
	w->fn = fn;
	if (fd < 0)
		return -EBADF;
	return epoll_ctl(d->ep, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

void watch_del(struct msd *d, struct watch *w)
{
	if (w->fd < 0)
		return;
	/* not left to close(): the keeper may have the same open file */
	epoll_ctl(d->ep, EPOLL_CTL_DEL, w->fd, NULL);
	close(w->fd);
	w->fd = -1;
}

static void on_signal(struct msd *d, struct watch *w, uint32_t events)
{
	struct signalfd_siginfo si;

	(void)events;
	if (read(w->fd, &si, sizeof(si)) != sizeof(si))
		return;
	if (si.ssi_signo == SIGHUP)
		d->reload = true;
	else if (si.ssi_signo != SIGCHLD)
		d->stop = true;
}

static void on_netlink(struct msd *d, struct watch *w, uint32_t events)
{
	char buf[32768];

	(void)events;
	/* what it says does not matter, only that something has changed */
	while (recv(w->fd, buf, sizeof(buf), MSG_DONTWAIT) > 0 || errno == ENOBUFS)
		errno = 0;
	switch_refresh(d);
}

static int watch_netlink(struct msd *d)
{
	struct sockaddr_nl sa = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (bind(fd, (void *)&sa, sizeof(sa))) {
		close(fd);
		return -errno;
	}
	return watch_add(d, &d->nl_watch, fd, EPOLLIN, on_netlink);
}

static int watch_signals(struct msd *d)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return watch_add(d, &d->sig_watch, signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
			 EPOLLIN, on_signal);
}

static int lock(struct msd *d)
{
	char path[256];
	int fd;

	if (mkdir(d->o.run_dir, 0755) && errno != EEXIST) {
		log_err("cannot make %s: %s; see --run-dir", d->o.run_dir, strerror(errno));
		return -errno;
	}
	snprintf(path, sizeof(path), "%s/lock", d->o.run_dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		log_err("cannot open %s: %s%s", path, strerror(errno),
			errno == EACCES ? "; multistackd needs root" : "");
		return -errno;
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		log_err("another multistackd is at work in %s", d->o.run_dir);
		return -EBUSY;
	}
	return 0;
}

static void notify_ready(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (!len || len >= sizeof(sa.sun_path))
		return;
	memcpy(sa.sun_path, path, len);
	if (sa.sun_path[0] == '@')
		sa.sun_path[0] = 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	sendto(fd, "READY=1", 7, MSG_NOSIGNAL, (void *)&sa,
	       offsetof(struct sockaddr_un, sun_path) + len);
	close(fd);
}

static int start(struct msd *d)
{
	struct rlimit rl = { 1 << 18, 1 << 18 };
	socklen_t len = sizeof(d->netns_cookie);
	int fd, err;

	if (setrlimit(RLIMIT_NOFILE, &rl)) {
		getrlimit(RLIMIT_NOFILE, &rl);
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
	rl.rlim_cur = rl.rlim_max = RLIM_INFINITY;
	setrlimit(RLIMIT_MEMLOCK, &rl);
	err = lock(d);
	if (err)
		return err;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &d->netns_cookie, &len)) {
		err = -errno;
		log_err("this kernel does not tell network namespaces apart (SO_NETNS_COOKIE, Linux 5.14): %s",
			strerror(-err));
		return err;
	}
	close(fd);
	d->nl = nl_open(0);
	d->ep = epoll_create1(EPOLL_CLOEXEC);
	if (!d->nl || d->ep < 0) {
		log_err("cannot open netlink or epoll: %s", strerror(errno));
		return -errno;
	}
	err = bpf_setup(d);
	if (err)
		return err;
	d->port = calloc(d->o.max_ports, sizeof(*d->port));
	if (!d->port)
		return -ENOMEM;
	if (policy_load(&d->policy, d->o.policy))
		log_warn("%s: the lines with errors grant nothing", d->o.policy);
	/*
	 * Before the store is opened, so that it never has a copy of what is in
	 * there: a credential that is given up must be closed everywhere.
	 */
	err = nsmaker_start(d);
	if (!err)
		err = store_open(&d->store, d->o.run_dir);
	if (err)
		return err;
	err = watch_signals(d);
	if (!err)
		err = watch_netlink(d);
	if (!err)
		err = events_setup(d);
	if (!err)
		err = reconcile(d);
	if (!err)
		err = sessions_listen(d);
	store_purge(d->store);
	if (!err)
		err = sandbox_enter(d);
	if (err)
		log_err("cannot start: %s", strerror(-err));
	return err;
}

static void reload(struct msd *d)
{
	struct policy *p;

	d->reload = false;
	if (policy_load(&p, d->o.policy))
		log_warn("%s: the lines with errors grant nothing", d->o.policy);
	if (p) {
		policy_free(d->policy);
		d->policy = p;
	}
}

static void loop(struct msd *d)
{
	while (!d->stop) {
		uint64_t now = now_ms(), next;
		struct epoll_event ev;
		struct grave *g;
		int timeout;

		tuple_reap(d, false);
		if (now >= d->next_sweep_ms) {
			tuple_sweep(d);
			d->next_sweep_ms = now + d->o.sweep_ms;
		}
		next = d->next_sweep_ms;
		g = TAILQ_FIRST(&d->graves);
		if (g && g->until_ms < next)
			next = g->until_ms;
		/* nothing to wait for but requests, as long as there is no port */
		timeout = !d->nports && !g ? -1 : next > now ? (int)(next - now) : 0;
		/* one at a time: handling it may end what a second one is about */
		if (epoll_wait(d->ep, &ev, 1, timeout) == 1) {
			struct watch *w = ev.data.ptr;

			w->fn(d, w, ev.events);
		}
		if (d->reload)
			reload(d);
	}
}

/* Remove everything, of this daemon's or a dead one's. */
static int cleanup(struct msd *d)
{
	uint32_t i;
	int err = start(d);

	if (err) {
		/* whatever state that was: the pins hold it together */
		if (err == -EBUSY || err == -EPERM)
			return err;
		store_quit(d->store, d->o.run_dir);
		return bpf_cleanup(d);
	}
	for (i = 1; i < d->o.max_ports; i++)
		if (d->port[i])
			port_close(d, d->port[i], "cleanup");
	for (i = 1; i < MS_MAX_NICS; i++) {
		struct ms_req_attach r = { 0 };

		if (!d->sw[i])
			continue;
		memcpy(r.name, d->sw[i]->st.name, sizeof(d->sw[i]->st.name));
		switch_detach(d, &r);
	}
	unlink(d->o.socket);
	close(d->bpffs_fd);
	store_quit(d->store, d->o.run_dir);
	bpf_cleanup(d);
	for (i = 0; i < 2; i++) {
		char path[256];

		snprintf(path, sizeof(path), "%s/%s", d->o.run_dir,
			 i ? "lock" : "keeper.sock");
		unlink(path);
	}
	rmdir(d->o.run_dir);
	log_info("everything removed");
	return 0;
}

int main(int argc, char **argv)
{
	static struct msd d;
	int ret;

	ret = options_parse(&d.o, argc, argv);
	if (ret >= 0)
		return ret;
	TAILQ_INIT(&d.sessions);
	TAILQ_INIT(&d.creds);
	TAILQ_INIT(&d.graves);
	d.bpffs_fd = -1;
	if (d.o.cleanup) {
		d.o.no_sandbox = true;
		return cleanup(&d) ? EXIT_FAILURE : 0;
	}
	if (start(&d))
		return EXIT_FAILURE;
	log_info("ready on %s", d.o.socket);
	notify_ready();
	loop(&d);
	return 0;
}
