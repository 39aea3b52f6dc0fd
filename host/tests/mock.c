// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mock kernel layer; see mock.h.
 *
 * It is as unforgiving as it can be: a second thread inside traps, a task that is
 * woken stays runnable until somebody calls run() (so pending() matters), and a
 * call's interrupt flag is cleared when it starts.  Built twice: as a shared
 * object that the loader maps, and linked into tests that a sanitizer watches.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <libos/host.h>
#include <libos/netio.h>

#include "mock.h"

#define TASKS		512
#define CHANNELS	64
#define DEVICES		4

struct libos_task {
	bool used, blocked, runnable;
	void *host;
	struct libos_call *call;
	__u64 until;		/* MOCK_SLEEP */
};

struct libos_netdev {
	struct libos_netio *io;
	bool event;
};

static const struct libos_host_ops *ops;
static void *host;
static struct libos_task tasks[TASKS];
static struct libos_netdev devs[DEVICES];
static unsigned int ndevs;
static __u64 posts[CHANNELS], tick_at = LIBOS_NEVER, ticks, calls, fileevents;
static int later = -1;
static __u32 irqs, inside, halted;

static void get_in(void)
{
	if (__atomic_exchange_n(&inside, 1, __ATOMIC_ACQUIRE))
		__builtin_trap();
}

static void get_out(void)
{
	__atomic_store_n(&inside, 0, __ATOMIC_RELEASE);
}

static void set_timer(void)
{
	__u64 min = tick_at;
	int i;

	for (i = 0; i < TASKS; i++)
		if (tasks[i].blocked && tasks[i].call->nr == MOCK_SLEEP && tasks[i].until < min)
			min = tasks[i].until;
	ops->timer_set(host, min);
}

static bool finish(struct libos_call *call, __s64 ret)
{
	call->ret = ret;
	return true;
}

static struct libos_frame frame;
static __u8 framebuf[2048];

static bool mock_recv(struct libos_call *call)
{
	struct libos_frame *f = &frame;
	unsigned int i;

	for (i = 0; i < ndevs; i++) {
		__u64 j;

		frame.nseg = 1;
		frame.seg[0].base = framebuf;
		frame.seg[0].len = sizeof(framebuf);
		if (devs[i].io->ops->rx(devs[i].io, 0, &f, 1) != 1)
			continue;
		for (j = 0; j < frame.len && j < call->arg[1]; j++)
			((__u8 *)call->arg[0])[j] = framebuf[j];
		return finish(call, (__s64)j);
	}
	return false;
}

static bool mock_send(struct libos_call *call)
{
	struct libos_frame *f = &frame;

	if (!ndevs)
		return finish(call, -ENODEV);
	frame.nseg = 1;
	frame.len = (__u32)call->arg[1];
	frame.seg[0].base = (void *)call->arg[0];
	frame.seg[0].len = call->arg[1];
	if (devs[0].io->ops->tx(devs[0].io, 0, &f, 1) != 1)
		return false;
	return finish(call, 0);
}

static bool task_new(struct libos_call *call)
{
	int i;

	for (i = 1; i < TASKS; i++) {
		if (tasks[i].used)
			continue;
		tasks[i].used = true;
		tasks[i].blocked = false;
		tasks[i].host = (void *)call->arg[2];
		*(struct libos_task **)call->arg[3] = &tasks[i];
		return finish(call, i + 1);
	}
	return finish(call, -ENOMEM);
}

static bool netdev_new(struct libos_call *call)
{
	if (ndevs == DEVICES)
		return finish(call, -ENOMEM);
	devs[ndevs].io = (struct libos_netio *)call->arg[1];
	*(struct libos_netdev **)call->arg[2] = &devs[ndevs++];
	return finish(call, ndevs);
}

static bool pollhost(struct libos_call *call)
{
	__u32 now = ops->hostfile_poll(host, (int)call->arg[0], (__u32)call->arg[1]);

	return now ? finish(call, now) : false;
}

/* Try to get a call done.  False: it must wait. */
static bool attempt(struct libos_task *t)
{
	struct libos_call *c = t->call;

	switch (c->nr) {
	case MOCK_NULL:
		return finish(c, (__s64)c->arg[0]);
	case MOCK_SLEEP:
		return ops->clock_ns(host) >= t->until ? finish(c, 0) : false;
	case MOCK_WAIT:
		if (!posts[c->arg[0]])
			return false;
		posts[c->arg[0]]--;
		return finish(c, 0);
	case MOCK_POST:
		posts[c->arg[0]]++;
		return finish(c, 0);
	case MOCK_RECV:
		return mock_recv(c);
	case MOCK_SEND:
		return mock_send(c);
	case MOCK_POLLHOST:
		return pollhost(c);
	case MOCK_PANIC:
		ops->console(host, "Kernel panic - as asked\n", 24);
		halted = 1;
		ops->halt(host, 1);
		return false;
	case MOCK_COUNT:
		return finish(c, (__s64)calls);
	case MOCK_MEM:
		if (c->arg[3])
			return finish(c, (__s64)ops->mem_write(host, t->host, c->arg[0],
							(void *)c->arg[1], c->arg[2]));
		return finish(c, (__s64)ops->mem_read(host, t->host, (void *)c->arg[0], c->arg[1],
						      c->arg[2]));
	case MOCK_TICK:
		tick_at = ops->clock_ns(host) + c->arg[0];
		return finish(c, 0);
	case MOCK_TICKS:
		return finish(c, (__s64)ticks);
	case MOCK_SIGNAL:
		c->signals = c->arg[0];
		return finish(c, 0);
	case MOCK_LATER:
		later = (int)c->arg[0];
		return finish(c, 0);
	case MOCK_LOG:
		ops->console(host, (char *)c->arg[0], (__u32)c->arg[1]);
		return finish(c, 0);
	case MOCK_FILEEVENTS:
		return finish(c, (__s64)fileevents);
	case LIBOS_NR_TASK_NEW:
		return task_new(c);
	case LIBOS_NR_TASK_EXIT:
		t->used = false;
		return finish(c, 0);
	case LIBOS_NR_NETDEV_ADD:
		return netdev_new(c);
	default:
		return finish(c, -ENOSYS);
	}
}

/* Mark whom something has happened for as runnable.  Nothing completes here. */
static void wake_up(void)
{
	__u32 irq = __atomic_exchange_n(&irqs, 0, __ATOMIC_ACQ_REL);
	__u64 now = ops->clock_ns(host), used[CHANNELS] = { 0 };
	int i;

	if (irq & 1U << LIBOS_IRQ_TIMER) {
		ticks++;
		if (tick_at <= now)
			tick_at = LIBOS_NEVER;
	}
	if (later >= 0) {
		posts[later]++;
		later = -1;
	}
	for (i = 0; i < TASKS; i++) {
		struct libos_task *t = &tasks[i];
		struct libos_call *c = t->call;

		if (!t->blocked)
			continue;
		if (__atomic_load_n(&c->interrupt, __ATOMIC_RELAXED) &&
		    irq & 1U << LIBOS_IRQ_SIGNAL)
			t->runnable = true;
		if (c->nr == MOCK_SLEEP && t->until <= now)
			t->runnable = true;
		if (c->nr == MOCK_WAIT && posts[c->arg[0]] > used[c->arg[0]]) {
			used[c->arg[0]]++;
			t->runnable = true;
		}
		if ((c->nr == MOCK_RECV || c->nr == MOCK_SEND) && irq & 1U << LIBOS_IRQ_NET)
			t->runnable = true;
		if (c->nr == MOCK_POLLHOST && irq & 1U << LIBOS_IRQ_HOSTFILE)
			t->runnable = true;
	}
}

static bool any_runnable(void)
{
	int i;

	for (i = 0; i < TASKS; i++)
		if (tasks[i].runnable)
			return true;
	return false;
}

static int run_tasks(struct libos_task *self)
{
	bool self_done = false;
	int i;

	do {
		wake_up();
		for (i = 0; i < TASKS; i++) {
			struct libos_task *t = &tasks[i];

			if (!t->runnable)
				continue;
			t->runnable = false;
			if (!attempt(t)) {
				if (halted)
					return -ESHUTDOWN;
				if (!__atomic_load_n(&t->call->interrupt, __ATOMIC_RELAXED))
					continue;
				t->call->ret = -MOCK_RESTART;
			}
			t->blocked = false;
			if (t == self)
				self_done = true;
			else
				ops->call_done(host, t->host);
		}
		/* Its own call done: back at once, whoever else could run. */
	} while (!self_done && (any_runnable() || __atomic_load_n(&irqs, __ATOMIC_ACQUIRE)));
	set_timer();
	return self_done ? LIBOS_DONE : LIBOS_IDLE;
}

static int mock_boot(const struct libos_boot_params *p, struct libos_task **init)
{
	ops = p->ops;
	host = p->host;
	tasks[0].used = true;
	tasks[0].host = p->init_host_task;
	*init = &tasks[0];
	*(char *)p->arena = 1;
	ops->console(host, "mock: booted\n", 13);
	return 0;
}

static int mock_enter(struct libos_task *t, struct libos_call *call)
{
	int r = LIBOS_DONE;

	get_in();
	if (halted) {
		get_out();
		return -ESHUTDOWN;
	}
	calls++;
	__atomic_store_n(&call->interrupt, 0, __ATOMIC_RELAXED);
	t->call = call;
	if (call->nr == MOCK_SLEEP)
		t->until = ops->clock_ns(host) + call->arg[0];
	if (attempt(t)) {
		if (call->nr == MOCK_POST || call->nr == MOCK_TICK)
			wake_up();
		if (call->nr == MOCK_TICK)
			set_timer();
	} else if (halted) {
		r = -ESHUTDOWN;
	} else {
		t->blocked = true;
		r = run_tasks(t);
	}
	get_out();
	return r;
}

static int mock_run(struct libos_task *t)
{
	int r;

	get_in();
	r = halted ? -ESHUTDOWN : run_tasks(t);
	get_out();
	return r;
}

static int mock_pending(void)
{
	return __atomic_load_n(&irqs, __ATOMIC_ACQUIRE) || later >= 0 || any_runnable();
}

static void mock_raise(unsigned int irq)
{
	__atomic_fetch_or(&irqs, 1U << irq, __ATOMIC_SEQ_CST);
}

static void mock_netdev_event(struct libos_netdev *dev, unsigned int queue)
{
	mock_raise(LIBOS_IRQ_NET);
}

static void mock_hostfile_event(int fd, __u32 events)
{
	fileevents++;
	mock_raise(LIBOS_IRQ_HOSTFILE);
}

static unsigned long mock_fault(unsigned long ip)
{
	return ip == 0x1234 ? 0x5678 : 0;
}

static void mock_tx_hold(int on)
{
}

static int mock_tx_release(unsigned int n)
{
	return 0;
}

static void mock_backtrace(unsigned long ip, unsigned long fp)
{
}

__attribute__((visibility("default"))) const struct libos_kernel_ops libos_kernel = {
	.size = sizeof(libos_kernel),
	.version = "0.0-mock",
	.boot = mock_boot,
	.enter = mock_enter,
	.run = mock_run,
	.pending = mock_pending,
	.raise = mock_raise,
	.netdev_event = mock_netdev_event,
	.hostfile_event = mock_hostfile_event,
	.fault = mock_fault,
	.backtrace = mock_backtrace,
	.tx_hold = mock_tx_hold,
	.tx_release = mock_tx_release,
};
