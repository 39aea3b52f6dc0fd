// SPDX-License-Identifier: GPL-2.0-only
/*
 * System calls and programs in virtual time.
 *
 * A call enters the kernel layer at once.  If it must wait, the fiber that made it
 * waits until call_done() makes it ready.  From outside of any fiber the caller
 * lets the simulation go on until then, for an hour at most: a kernel always has
 * some timer, so "nothing will ever happen" is not to be waited for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "internal.h"

#define DEBT_MAX_NS	10000
#define OUTSIDE_MAX_NS	(3600 * SIM_SEC)

struct sim_program {
	struct sim_fiber fiber;
	struct sim_host *host;
	struct sim_thread *thr;
	struct link programs;
	struct sim_event alarm;		/* its start, then the end of its sleep */
	int (*main)(struct libos_thread *thr, void *arg);
	void *arg;
	int result;
	bool ended;
	char name[32];
};

/* The program's alarm has rung. */
static void program_wakes(struct sim_event *ev)
{
	struct sim_program *p = link_entry(ev, struct sim_program, alarm);

	sim_make_ready(p->host->sim, &p->fiber);
}

/* The program that runs waits for @ns. */
static void pass_time(struct sim *sim, __u64 ns)
{
	struct sim_program *p = link_entry(sim->current, struct sim_program, fiber);

	if (sim_event_add(&sim->events, &p->alarm, sim->now + ns) == 0)
		sim_block(sim);
}

/* The call that @t is in returns as if a signal were pending. */
static void interrupt(struct sim_thread *t)
{
	t->base.call.interrupt = 1;
	t->host->os.kernel->raise(LIBOS_IRQ_SIGNAL);
	sim_host_run(t->host);
}

/* The call of @t is under way.  0 when it is done, else why it will not be. */
static int wait_done(struct sim_thread *t)
{
	struct sim_host *host = t->host;
	struct sim *sim = host->sim;

	if (sim->current) {
		t->fiber = sim->current;
		link_add_tail(&t->waiting, &host->waiting);
		while (!t->done && !host->os.halted)
			sim_block(sim);
		link_del(&t->waiting);
	} else {
		__u64 end = sim->now + OUTSIDE_MAX_NS;

		while (!t->done && !host->os.halted && sim_step(sim, end))
			;
		if (!t->done && !host->os.halted) {
			/* The task must not stay in a call that we have left. */
			interrupt(t);
			return -EDEADLK;
		}
	}
	return t->done ? 0 : -ESHUTDOWN;
}

static long sim_call(struct libos_thread *thr, long nr, const unsigned long arg[6], int fd_hint)
{
	struct sim_thread *t = (struct sim_thread *)thr;
	struct sim_host *host = t->host;
	struct sim *sim = host->sim;
	struct libos_call *call = &thr->call;
	int i, r;

	if (host->os.halted)
		return -ESHUTDOWN;
	*call = (struct libos_call){ .nr = nr, .fd_hint = fd_hint };
	for (i = 0; i < 6; i++)
		call->arg[i] = arg[i];
	t->done = false;
	thr->seq++;

	r = host->os.kernel->enter(thr->task, call);
	if (r < 0)
		host->os.halted = 1;
	t->done = r == LIBOS_DONE;
	sim_host_run(host);
	r = wait_done(t);
	thr->seq++;
	thr->signals |= call->signals;
	if (r < 0)
		return r;

	t->debt_ns += sim->call_ns;
	if (sim->current && t->debt_ns >= DEBT_MAX_NS) {
		__u64 debt = t->debt_ns;

		t->debt_ns = 0;
		pass_time(sim, debt);
	}
	return call->ret;
}

static void sim_interrupt(struct libos_thread *thr)
{
	if (thr->seq & 1)
		interrupt((struct sim_thread *)thr);
}

struct sim_thread *sim_thread_alloc(struct sim_host *host)
{
	struct sim_thread *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->host = host;
	t->base.ops = &sim_thread_ops;
	t->base.os = &host->os;
	link_init(&t->waiting);
	return t;
}

static int sim_thread_new(struct libos_thread *parent, __u64 flags, int tid,
			  struct libos_thread **out)
{
	struct sim_thread *t = sim_thread_alloc(((struct sim_thread *)parent)->host);
	unsigned long arg[6] = { flags, (unsigned long)tid, (unsigned long)t };
	long r;

	if (!t)
		return -ENOMEM;
	arg[3] = (unsigned long)&t->base.task;
	r = sim_call(parent, LIBOS_NR_TASK_NEW, arg, -1);
	if (r < 0) {
		free(t);
		return (int)r;
	}
	*out = &t->base;
	return 0;
}

static void sim_thread_exit(struct libos_thread *thr, int code)
{
	unsigned long arg[6] = { (unsigned long)code };

	sim_call(thr, LIBOS_NR_TASK_EXIT, arg, -1);
	free(thr);
}

static int sim_netdev_add(struct libos_thread *thr, const struct libos_netdev_params *params,
			  struct libos_netio *io)
{
	/* Host files mean nothing in virtual time; sim_link() makes devices. */
	if (io->ops->close)
		io->ops->close(io);
	return -EOPNOTSUPP;
}

const struct thread_ops sim_thread_ops = {
	.call = sim_call,
	.interrupt = sim_interrupt,
	.thread_new = sim_thread_new,
	.thread_exit = sim_thread_exit,
	.netdev_add = sim_netdev_add,
};

EXPORT void sim_sleep(struct libos_thread *thr, __u64 ns)
{
	struct sim *sim = ((struct sim_thread *)thr)->host->sim;

	if (sim->current)
		pass_time(sim, ns);
	else
		sim_run_until(sim, sim->now + ns);
}

static void program_main(void *arg)
{
	struct sim_program *p = arg;

	p->result = p->main(&p->thr->base, p->arg);
	libos_thread_exit(&p->thr->base, p->result);
	p->thr = NULL;
	p->ended = true;
	sim_block(p->host->sim);
}

EXPORT int sim_program(struct sim_host *host, const char *name,
		       int (*main)(struct libos_thread *thr, void *arg), void *arg, __u64 start_ns,
		       struct sim_program **out)
{
	struct sim_program *p = calloc(1, sizeof(*p));
	struct sim *sim = host->sim;
	struct libos_thread *thr;
	int r;

	if (!p)
		return -ENOMEM;
	p->host = host;
	p->main = main;
	p->arg = arg;
	p->alarm.fn = program_wakes;
	strncpy(p->name, name, sizeof(p->name) - 1);
	r = sim_fiber_init(&p->fiber, program_main, p);
	if (r < 0)
		goto err_free;
	r = libos_thread_new(&host->main->base, 0, 0, &thr);
	if (r < 0)
		goto err_fiber;
	p->thr = (struct sim_thread *)thr;
	r = sim_event_add(&sim->events, &p->alarm, start_ns > sim->now ? start_ns : sim->now);
	if (r < 0)
		goto err_thread;
	link_add_tail(&p->programs, &host->programs);
	if (out)
		*out = p;
	return 0;

err_thread:
	libos_thread_exit(thr, 0);
err_fiber:
	sim_fiber_fini(&p->fiber);
err_free:
	free(p);
	return r;
}

EXPORT int sim_program_result(const struct sim_program *prog, int *result)
{
	if (prog->ended && result)
		*result = prog->result;
	return prog->ended;
}

/* The host goes away: its programs end where they are. */
void sim_programs_free(struct sim_host *host)
{
	while (!link_empty(&host->programs)) {
		struct sim_program *p = link_entry(host->programs.next, struct sim_program,
						   programs);

		link_del(&p->programs);
		link_del(&p->fiber.ready);
		sim_event_del(&host->sim->events, &p->alarm);
		sim_fiber_fini(&p->fiber);
		free(p->thr);
		free(p);
	}
}
