// SPDX-License-Identifier: GPL-2.0-only
/*
 * Time comes from the host: one monotonic clock in ns, one timer.  Both the
 * clocksource and sched_clock() have ns resolution; with jiffies for the latter
 * BBR's pacing collapses.
 *
 * The host raises the timer's interrupt while the virtual CPU is idle or between
 * calls.  A task that is busy until some time comes gives it no occasion to, but
 * reads the clock, be it by schedule(): whoever sees the deadline behind raises the
 * interrupt himself.
 */
#include <linux/clockchips.h>
#include <linux/clocksource.h>
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/sched/clock.h>
#include <linux/timekeeping.h>
#include <asm/vcpu.h>

#include "kernel.h"

/* Boot does not wait: idle time is skipped, which puts our clock ahead. */
static u64 skipped_ns;
static u64 deadline_ns = LIBOS_NEVER;

static u64 lib_now(void)
{
	return lib_host->clock_ns(lib_host_arg) + skipped_ns;
}

static u64 lib_clock(void)
{
	u64 now = lib_now();

	if (unlikely(now > deadline_ns)) {
		deadline_ns = LIBOS_NEVER;	/* once; the handler sets the next */
		lib_raise(LIBOS_IRQ_TIMER);
	}
	return now;
}

/* Go on to the next timer at once. */
void __init lib_time_skip(void)
{
	u64 now = lib_now();

	if (deadline_ns == LIBOS_NEVER)
		panic("libos: boot waits for something that never comes");
	if (deadline_ns > now)
		skipped_ns += deadline_ns - now;
	lib_raise(LIBOS_IRQ_TIMER);
}

static u64 clocksource_read(struct clocksource *cs)
{
	return lib_clock();
}

static struct clocksource lib_clocksource = {
	.name	= "libos",
	.rating	= 400,
	.read	= clocksource_read,
	.mask	= CLOCKSOURCE_MASK(64),
	.flags	= CLOCK_SOURCE_IS_CONTINUOUS | CLOCK_SOURCE_VALID_FOR_HRES,
};

unsigned long long notrace sched_clock(void)
{
	return lib_host ? lib_clock() : 0;
}

cycles_t lib_get_cycles(void)
{
	return lib_host ? lib_clock() : 0;
}

static int set_next_event(unsigned long delta_ns, struct clock_event_device *dev)
{
	deadline_ns = lib_now() + delta_ns;
	lib_host->timer_set(lib_host_arg, deadline_ns - skipped_ns);
	return 0;
}

static int set_shutdown(struct clock_event_device *dev)
{
	deadline_ns = LIBOS_NEVER;
	lib_host->timer_set(lib_host_arg, LIBOS_NEVER);
	return 0;
}

static int set_oneshot(struct clock_event_device *dev)
{
	return 0;
}

static struct clock_event_device lib_clockevent = {
	.name			= "libos",
	.rating			= 400,
	.features		= CLOCK_EVT_FEAT_ONESHOT,
	.set_next_event		= set_next_event,
	.set_state_shutdown	= set_shutdown,
	.set_state_oneshot	= set_oneshot,
};

static irqreturn_t timer_irq(int irq, void *arg)
{
	lib_clockevent.event_handler(&lib_clockevent);
	return IRQ_HANDLED;
}

void __init time_init(void)
{
	clocksource_register_khz(&lib_clocksource, NSEC_PER_SEC / MSEC_PER_SEC);
	if (request_irq(LIBOS_IRQ_TIMER, timer_irq, IRQF_TIMER | IRQF_NOBALANCING, "timer", NULL))
		panic("no timer interrupt");
	lib_clockevent.cpumask = cpumask_of(0);
	clockevents_config_and_register(&lib_clockevent, NSEC_PER_SEC, 1, LONG_MAX);
}

void read_persistent_clock64(struct timespec64 *ts)
{
	*ts = ns_to_timespec64(lib_host->wall_ns(lib_host_arg));
}

/*
 * Delays wait for hardware, of which there is none; and in virtual time they
 * would never end.
 */
void calibrate_delay(void)
{
	loops_per_jiffy = NSEC_PER_SEC / HZ;
}

void __delay(unsigned long loops)
{
	cpu_relax();
}

void __udelay(unsigned long usecs)
{
	cpu_relax();
}

void __ndelay(unsigned long nsecs)
{
	cpu_relax();
}

void __const_udelay(unsigned long xloops)
{
	cpu_relax();
}
