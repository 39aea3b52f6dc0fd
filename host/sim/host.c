// SPDX-License-Identifier: GPL-2.0-only
/*
 * A host in virtual time: the ops of its kernel layer, and its life.
 *
 * Library and arena of each host lie in a window of the address space of its own,
 * at the same place in each run, since addresses may find their way into what a
 * kernel does (a hash of a pointer).  Windows are numbered; a second simulation in
 * the same process gets those that the first has left.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libos/netcfg.h>

#include "internal.h"
#include "../loader.h"

#define WINDOWS		4096
#define WINDOW_BASE	0x210000000000ULL
#define WINDOW_LEN	(1ULL << 32)
#define LIBRARY_AT	0
#define ARENA_AT	(1ULL << 30)

static unsigned char window_used[WINDOWS];

static FROM_KERNEL void console(void *arg, const char *s, __u32 len)
{
	struct sim_host *host = arg;
	struct sim *sim = host->sim;

	if (sim->log) {
		sim->log(sim->log_arg, host->name, s, len);
		return;
	}
	console_stderr(&host->os.log_midline, host->name, s, len);
}

static FROM_KERNEL __u64 clock_ns(void *arg)
{
	struct sim *sim = ((struct sim_host *)arg)->sim;

	if (++sim->reads > SIM_CLOCK_READS)
		sim->now += SIM_USEC;
	return sim->now;
}

static FROM_KERNEL __u64 wall_ns(void *arg)
{
	struct sim *sim = ((struct sim_host *)arg)->sim;

	return sim->wall_ns + sim->now;
}

static FROM_KERNEL void timer_set(void *arg, __u64 deadline_ns)
{
	struct sim_host *host = arg;
	struct sim *sim = host->sim;

	if (deadline_ns == LIBOS_NEVER)
		sim_event_del(&sim->events, &host->timer);
	else if (!host->timer.slot || host->timer.time != deadline_ns)
		sim_event_add(&sim->events, &host->timer,
			      deadline_ns > sim->now ? deadline_ns : sim->now);
}

static FROM_KERNEL void random_bytes(void *arg, void *buf, __u64 len)
{
	sim_rng_bytes(&((struct sim_host *)arg)->rng, buf, len);
}

static FROM_KERNEL void halt(void *arg, int code)
{
	struct sim_host *host = arg;
	struct link *l;

	/* Whoever waits looks again, and sees it. */
	host->os.halted = 1;
	for (l = host->waiting.next; l != &host->waiting; l = l->next)
		sim_make_ready(host->sim, link_entry(l, struct sim_thread, waiting)->fiber);
}

static FROM_KERNEL void call_done(void *arg, void *host_task)
{
	struct sim_thread *t = host_task;

	t->done = true;
	if (!link_empty(&t->waiting))
		sim_make_ready(t->host->sim, t->fiber);
}

static __u64 mem_none(void *arg, void *host_task, void *dst, __u64 src, __u64 len)
{
	return len;
}

static __u64 mem_none_write(void *arg, void *host_task, __u64 dst, const void *src, __u64 len)
{
	return len;
}

/* Host files mean nothing in virtual time. */
static __u32 no_hostfile(void *arg, int fd, __u32 events)
{
	return 0x20;	/* POLLNVAL */
}

static void no_release(void *arg, int fd)
{
}

static const struct libos_host_ops sim_host_ops = {
	.size = sizeof(sim_host_ops),
	.console = console,
	.clock_ns = clock_ns,
	.wall_ns = wall_ns,
	.timer_set = timer_set,
	.random = random_bytes,
	.halt = halt,
	.call_done = call_done,
	.mem_read = mem_none,
	.mem_write = mem_none_write,
	.hostfile_poll = no_hostfile,
	.hostfile_release = no_release,
};

/* Let the kernel layer do all that it can. */
void sim_host_run(struct sim_host *host)
{
	if (host->running)
		return;		/* we are called from inside */
	host->running = true;
	while (!host->os.halted && host->os.kernel->pending())
		if (host->os.kernel->run(NULL) < 0)
			halt(host, 1);
	host->running = false;
}

static void timer_fires(struct sim_event *ev)
{
	struct sim_host *host = link_entry(ev, struct sim_host, timer);

	if (host->os.halted)
		return;
	host->os.kernel->raise(LIBOS_IRQ_TIMER);
	sim_host_run(host);
}

static int take_window(struct sim_host *host)
{
	unsigned int i;

	for (i = 0; i < WINDOWS; i++) {
		if (window_used[i])
			continue;
		window_used[i] = 1;
		host->window = i + 1;
		return 0;
	}
	return -ENOMEM;
}

static __u64 window_at(const struct sim_host *host)
{
	return WINDOW_BASE + (host->window - 1) * WINDOW_LEN;
}

static int load(struct sim_host *host)
{
	const char *path = host->sim->library;
	const struct libos_kernel_ops *k;
	char err[512] = "";
	int r;

	if (!path)
		path = library_default();
	r = library_load(path, LIBOS_KERNEL_SYMBOL, window_at(host) + LIBRARY_AT,
			 &host->os.library, err, sizeof(err));
	if (r < 0) {
		console(host, err, (__u32)strlen(err));
		console(host, "\n", 1);
		return r;
	}
	k = host->os.library->symbol;
	if (k->size != sizeof(*k))
		return -EPROTO;
	host->os.kernel = k;
	return 0;
}

/*
 * The jitter entropy collector measures how long its own loops take, until it has
 * seen enough jitter.  In virtual time there is none.
 */
#define NO_JITTER	"initcall_blacklist=jent_mod_init"

static int boot(struct sim_host *host)
{
	struct sim *sim = host->sim;
	char cmdline[2048];
	struct libos_boot_params params = {
		.size = sizeof(params),
		.ops = &sim_host_ops,
		.host = host,
		.arena_len = sim->memory,
		.cmdline = cmdline,
		.init_host_task = host->main,
	};
	void *p = mmap((void *)(window_at(host) + ARENA_AT), sim->memory, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	int r;

	if (p == MAP_FAILED)
		return -ENOMEM;
	r = snprintf(cmdline, sizeof(cmdline), "%s " NO_JITTER, sim->cmdline ? sim->cmdline : "quiet");
	if (r < 0 || (size_t)r >= sizeof(cmdline))
		return -EINVAL;
	host->os.arena = params.arena = p;
	host->os.arena_len = sim->memory;
	sim->reads = 0;
	r = host->os.kernel->boot(&params, &host->main->base.task);
	if (r == 0 && host->os.halted)
		r = -EIO;
	if (r == 0)
		sim_host_run(host);
	return r;
}

static int first_steps(struct sim_host *host)
{
	struct libos_netcfg_link up = { .size = sizeof(up), .up = 1 };
	unsigned long arg[6] = { (unsigned long)host->name, strlen(host->name) };
	long r;

	r = libos_call(&host->main->base, SYS_sethostname, arg);
	if (r < 0)
		return (int)r;
	return libos_netcfg_link(&host->main->base, "lo", &up, NULL);
}

static struct sim_host *find(struct sim *sim, const char *name)
{
	struct link *l;

	for (l = sim->hosts.next; l != &sim->hosts; l = l->next)
		if (!strcmp(link_entry(l, struct sim_host, hosts)->name, name))
			return link_entry(l, struct sim_host, hosts);
	return NULL;
}

EXPORT int sim_host_new(struct sim *sim, const char *name, struct sim_host **out)
{
	struct sim_host *host;
	int r;

	if (!*name || strlen(name) >= sizeof(host->name))
		return -EINVAL;
	if (find(sim, name))
		return -EEXIST;
	host = aligned_alloc(64, (sizeof(*host) + 63) & ~63UL);
	if (!host)
		return -ENOMEM;
	memset(host, 0, sizeof(*host));
	host->sim = sim;
	host->timer.fn = timer_fires;
	strcpy(host->name, name);
	sim_rng_seed(&host->rng, sim->seed, name);
	link_init(&host->programs);
	link_init(&host->ports);
	link_init(&host->waiting);
	link_add_tail(&host->hosts, &sim->hosts);
	host->main = sim_thread_alloc(host);
	r = host->main ? take_window(host) : -ENOMEM;
	if (r == 0)
		r = load(host);
	if (r == 0)
		r = boot(host);
	if (r == 0)
		r = first_steps(host);
	if (r < 0) {
		sim_host_free(host);
		return r;
	}
	*out = host;
	return 0;
}

void sim_host_free(struct sim_host *host)
{
	sim_programs_free(host);
	sim_ports_free(host);
	sim_event_del(&host->sim->events, &host->timer);
	link_del(&host->hosts);
	if (host->os.arena)
		munmap(host->os.arena, host->os.arena_len);
	library_unload(host->os.library);
	if (host->window)
		window_used[host->window - 1] = 0;
	free(host->main);
	free(host);
}

EXPORT struct libos_thread *sim_host_thread(struct sim_host *host)
{
	return &host->main->base;
}

EXPORT const char *sim_host_name(const struct sim_host *host)
{
	return host->name;
}
