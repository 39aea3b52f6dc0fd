// SPDX-License-Identifier: GPL-2.0-only
/*
 * The simulation's loop: fibers while there are any, then the next event.
 *
 *	   +--> a fiber that is ready? ---yes---> run it until it waits --+
 *	   |          | no                                                |
 *	   |    next event: now = its time, it happens                    |
 *	   |          |  (timer: raise, run; frame: netdev_event, run)    |
 *	   +----------+---------------------------------------------------+
 *
 * Everything that happens on a host happens in one of three ways: a program's call
 * enters its kernel layer, an event runs it, or its channel gives it a frame.  The
 * kernel layer runs until it is idle each time, so nothing is pending between two
 * steps, and ready fibers and events are all the state there is.
 *
 * Time.  The clock stands while anything runs.  A program pays call_ns for each
 * call, and when it owes DEBT_MAX_NS it waits for that long; so a loop of
 * non-blocking calls comes to an end.  Kernel code that waits for the clock without
 * sleeping would not: after SIM_CLOCK_READS readings within one step each further one
 * moves the clock by a microsecond.  Both are as deterministic as the rest.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define DEFAULT_MEMORY	(64UL << 20)
#define DEFAULT_WALL_NS	(1577836800ULL * SIM_SEC)
#define DEFAULT_CALL_NS	100

EXPORT int sim_new(const struct sim_opts *opts, struct sim **out)
{
	struct sim_opts o = { .size = sizeof(o) };
	struct sim *sim;

	if (opts && opts->size < offsetof(struct sim_opts, library))
		return -EINVAL;
	if (opts)
		memcpy(&o, opts, opts->size < sizeof(o) ? opts->size : sizeof(o));
	sim = calloc(1, sizeof(*sim));
	if (!sim)
		return -ENOMEM;
	sim->seed = o.seed;
	sim->library = o.library;
	sim->cmdline = o.cmdline;
	sim->memory = o.memory ? o.memory : DEFAULT_MEMORY;
	sim->wall_ns = o.wall_ns ? o.wall_ns : DEFAULT_WALL_NS;
	sim->call_ns = o.call_ns ? o.call_ns : DEFAULT_CALL_NS;
	sim->log = o.log;
	sim->log_arg = o.log_arg;
	link_init(&sim->ready);
	link_init(&sim->hosts);
	*out = sim;
	return 0;
}

EXPORT void sim_free(struct sim *sim)
{
	if (!sim)
		return;
	while (!link_empty(&sim->hosts))
		sim_host_free(link_entry(sim->hosts.next, struct sim_host, hosts));
	free(sim->events.heap);
	free(sim);
}

EXPORT __u64 sim_now(const struct sim *sim)
{
	return sim->now;
}

EXPORT __u64 sim_events(const struct sim *sim)
{
	return sim->nevents;
}

void sim_make_ready(struct sim *sim, struct sim_fiber *f)
{
	if (link_empty(&f->ready))
		link_add_tail(&f->ready, &sim->ready);
}

/* The current fiber waits until somebody makes it ready. */
void sim_block(struct sim *sim)
{
	sim_fiber_leave(sim->current, sim->outside);
}

/* One fiber, or one event up to @until.  False if there is neither. */
bool sim_step(struct sim *sim, __u64 until)
{
	struct sim_event *ev;

	sim->reads = 0;
	if (!link_empty(&sim->ready)) {
		struct sim_fiber *f = link_entry(sim->ready.next, struct sim_fiber, ready);

		link_del(&f->ready);
		sim->current = f;
		sim_fiber_enter(&sim->outside, f);
		sim->current = NULL;
		return true;
	}
	ev = sim_event_first(&sim->events);
	if (!ev || ev->time > until)
		return false;
	sim_event_del(&sim->events, ev);
	if (ev->time > sim->now)
		sim->now = ev->time;
	sim->nevents++;
	ev->fn(ev);
	return true;
}

EXPORT int sim_run_until(struct sim *sim, __u64 until_ns)
{
	while (sim_step(sim, until_ns))
		;
	if (!sim_event_first(&sim->events))
		return 1;
	if (until_ns > sim->now)
		sim->now = until_ns;
	return 0;
}
