/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the simulator share. */
#ifndef HOST_SIM_INTERNAL_H
#define HOST_SIM_INTERNAL_H

#include <libos/sim.h>

#include "../instance.h"

#define EXPORT	__attribute__((visibility("default")))

/* Readings of the clock in one step after which it creeps; see sim.c. */
#define SIM_CLOCK_READS	10000

/* rng.c: xoshiro256**, seeded by a number and a name. */
struct sim_rng {
	__u64 s[4];
};

void sim_rng_seed(struct sim_rng *rng, __u64 seed, const char *name);
__u64 sim_rng_next(struct sim_rng *rng);
__u64 sim_rng_below(struct sim_rng *rng, __u64 n);
void sim_rng_bytes(struct sim_rng *rng, void *buf, __u64 len);

/**
 * struct sim_event - something that happens at a time
 * @time: ns
 * @order: of scheduling, for simultaneous ones
 * @slot: place in the heap plus one; 0 while not scheduled
 * @fn: what happens; may schedule the event again, or free it
 */
struct sim_event {
	__u64 time, order;
	size_t slot;
	void (*fn)(struct sim_event *ev);
};

/* event.c: a binary heap. */
struct sim_queue {
	struct sim_event **heap;
	size_t n, room;
	__u64 order;
};

int sim_event_add(struct sim_queue *q, struct sim_event *ev, __u64 time);
void sim_event_del(struct sim_queue *q, struct sim_event *ev);
struct sim_event *sim_event_first(struct sim_queue *q);

/* fiber.c */
struct sim_fiber {
	void *sp;
	char *stack;
	void (*main)(void *arg);
	void *arg;
	struct link ready;		/* in sim.ready */
};

int sim_fiber_init(struct sim_fiber *f, void (*main)(void *arg), void *arg);
void sim_fiber_fini(struct sim_fiber *f);
void sim_fiber_enter(void **save, struct sim_fiber *f);
void sim_fiber_leave(struct sim_fiber *f, void *to);

struct sim {
	struct sim_queue events;
	struct link ready;		/* fibers that can run, first come first served */
	struct link hosts;
	struct sim_fiber *current;	/* NULL: outside */
	void *outside;			/* stack pointer of who runs the fibers */
	__u64 now;
	__u64 reads;			/* of the clock in this event */
	__u64 nevents;
	__u64 seed, wall_ns, call_ns;
	const char *library, *cmdline;
	size_t memory;
	void (*log)(void *arg, const char *host, const char *s, __u32 len);
	void *log_arg;
};

struct sim_host {
	struct libos os;		/* kernel, library and arena of it are used */
	struct sim *sim;
	struct link hosts;
	char name[32];
	struct sim_rng rng;
	struct sim_event timer;
	struct sim_thread *main;
	struct link programs, ports, waiting;
	unsigned int window;
	bool running;			/* inside the kernel layer */
};

/* An identity in a simulation. */
struct sim_thread {
	struct libos_thread base;
	struct sim_host *host;
	struct sim_fiber *fiber;	/* that waits for the call's end */
	struct link waiting;		/* in sim_host.waiting meanwhile */
	__u64 debt_ns;			/* virtual CPU time used and not yet passed */
	bool done;
};

extern const struct thread_ops sim_thread_ops;

/* sim.c */
bool sim_step(struct sim *sim, __u64 until);
void sim_make_ready(struct sim *sim, struct sim_fiber *f);
void sim_block(struct sim *sim);

/* thread.c */
struct sim_thread *sim_thread_alloc(struct sim_host *host);
void sim_programs_free(struct sim_host *host);

/* host.c */
void sim_host_run(struct sim_host *host);
void sim_host_free(struct sim_host *host);

/* link.c */
void sim_ports_free(struct sim_host *host);

/* capture.c */
struct sim_capture;
int sim_capture_open(const char *path, const char *host, const char *dev,
		     struct sim_capture **out);
void *sim_capture_frame(struct sim_capture *c, __u64 tstamp_ns, bool inbound, __u32 caplen);
int sim_capture_close(struct sim_capture *c);

#endif /* HOST_SIM_INTERNAL_H */
