/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: Instances in virtual time
 *
 * A simulation is a number of hosts, each with an instance of the kernel layer of
 * its own, links between them, and programs on them, in one process and one
 * thread.  Its clock moves only when nothing can run any more, and then to the
 * time of the next event: a minute in which nothing happens takes no time.
 *
 * Two runs with the same seed, the same library and the same program are identical
 * to the byte, in packets, in captures, in the kernel's log: all randomness comes
 * from the seed and from names, simultaneous events happen in the order in which
 * they were scheduled, and each host's memory is at the same addresses.
 *
 *	struct sim *sim;
 *	struct sim_host *a, *b;
 *	struct sim_link_opts link = { .size = sizeof(link), .ab = { .delay_ns = 10000000 }, ... };
 *
 *	sim_new(&(struct sim_opts){ .size = sizeof(struct sim_opts), .seed = 1 }, &sim);
 *	sim_host_new(sim, "a", &a);
 *	sim_host_new(sim, "b", &b);
 *	sim_link(a, "eth0", b, "eth0", &link);
 *	libos_netcfg_addr(sim_host_thread(a), LIBOS_NETCFG_ADD, "eth0", "10.0.0.1/24", NULL);
 *	sim_program(a, "client", client, NULL, 0, NULL);
 *	sim_run_until(sim, 60 * SIM_SEC);
 *	sim_free(sim);
 *
 * Times are in ns of virtual time since the simulation began.
 *
 * Context of all functions: the one thread of the simulation.  Those that make
 * calls into a host may be used by programs and from outside; see each.
 */
#ifndef LIBOS_SIM_H
#define LIBOS_SIM_H

#include <stddef.h>
#include <libos/libos.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sim;			/* a simulation */
struct sim_host;		/* a host in it */
struct sim_program;		/* a program on a host */

#define SIM_USEC	1000ULL
#define SIM_MSEC	1000000ULL
#define SIM_SEC		1000000000ULL

/**
 * struct sim_opts - what a simulation is made with
 * @size: sizeof(struct sim_opts)
 * @seed: of all randomness
 * @library: path of liblinux.so, NULL as in &struct libos_opts
 * @memory: bytes of each host's arena, 0 for 64 MiB
 * @cmdline: kernel command line of each host, NULL for "quiet"
 * @wall_ns: time since 1970-01-01 UTC at which the simulation begins, 0 for
 *	2020-01-01 00:00
 * @call_ns: virtual CPU time that a system call takes, 0 for 100.  It is what
 *	makes a program that polls in a loop come to an end
 * @log: gets each host's kernel log, NULL: stderr, errors only
 * @log_arg: first argument of @log
 */
struct sim_opts {
	size_t	size;
	__u64	seed;
	const char *library;
	size_t	memory;
	const char *cmdline;
	__u64	wall_ns;
	__u64	call_ns;
	void	(*log)(void *arg, const char *host, const char *s, __u32 len);
	void	*log_arg;
};

/**
 * sim_new() - begin a simulation
 * @opts: options, NULL for defaults
 * @out: the simulation, to be ended by sim_free()
 *
 * Return: 0; -ENOMEM; -EINVAL.
 */
int sim_new(const struct sim_opts *opts, struct sim **out);

/**
 * sim_free() - end a simulation, with its hosts, links, programs and captures
 * @sim: the simulation, or NULL
 *
 * Context: not from a program.
 */
void sim_free(struct sim *sim);

/**
 * sim_now() - the virtual time
 * @sim: the simulation
 *
 * Return: ns since the simulation began.
 */
__u64 sim_now(const struct sim *sim);

/**
 * sim_run_until() - let time pass
 * @sim: the simulation
 * @until_ns: virtual time to stop at, unless nothing is left to happen before
 *
 * Events at exactly @until_ns still happen.  Context: not from a program.
 * Return: 0 if time is up; 1 if nothing will ever happen any more, in which case
 * the clock stands at the last event.
 */
int sim_run_until(struct sim *sim, __u64 until_ns);

/**
 * sim_events() - how many events have happened, as a measure of work
 * @sim: the simulation
 *
 * Return: the number, timers and frames.
 */
__u64 sim_events(const struct sim *sim);

/**
 * sim_host_new() - boot a host
 * @sim: the simulation
 * @name: unique name, 1..31 characters; part of the seed of its randomness
 * @out: the host, owned by the simulation
 *
 * The host's name inside the stack is @name, and its loopback interface is up.
 * Context: not from a program.
 * Return: 0; -EEXIST; -EINVAL; those of libos_open().
 */
int sim_host_new(struct sim *sim, const char *name, struct sim_host **out);

/**
 * sim_host_thread() - a host's first identity
 * @host: the host
 *
 * To configure the host from outside.  A call that blocks lets virtual time pass;
 * if it has not ended after an hour of it, it is interrupted and returns -EDEADLK.
 *
 * Return: the identity, owned by the host.
 */
struct libos_thread *sim_host_thread(struct sim_host *host);

/**
 * sim_host_name() - name of a host
 * @host: the host
 *
 * Return: the name, owned by the host.
 */
const char *sim_host_name(const struct sim_host *host);

/**
 * struct sim_direction - one direction of a link
 * @delay_ns: propagation delay
 * @jitter_ns: additional delay, uniform in 0..@jitter_ns; keeps the order
 * @rate_bps: bit/s at which frames are serialized, 0 for no limit.  Each frame
 *	counts its length without FCS and preamble
 * @queue: frames that may wait to be serialized, 0 for 1000; what does not fit is
 *	lost
 * @loss_ppm: frames lost, of a million
 * @duplicate_ppm: frames delivered twice, of a million
 * @reorder_ppm: frames held back by @reorder_ns, so that later ones overtake, of
 *	a million
 * @reorder_ns: see there; 0 for 1 ms
 */
struct sim_direction {
	__u64	delay_ns;
	__u64	jitter_ns;
	__u64	rate_bps;
	__u32	queue;
	__u32	loss_ppm;
	__u32	duplicate_ppm;
	__u32	reorder_ppm;
	__u64	reorder_ns;
};

/**
 * struct sim_link_opts - a link
 * @size: sizeof(struct sim_link_opts)
 * @mtu: bytes, 0 for 1500
 * @ab: from the first host to the second
 * @ba: from the second to the first
 */
struct sim_link_opts {
	size_t	size;
	__u32	mtu;
	struct sim_direction ab, ba;
};

/**
 * struct sim_link_stats - what happened in one direction
 * @sent: frames given to the link
 * @delivered: frames that arrived, duplicates included
 * @lost: by @loss_ppm
 * @queue_full: because @queue frames were waiting
 * @overrun: because the receiver did not take them (interface down)
 * @duplicated: delivered once more
 * @reordered: held back
 * @under_way: between the queue and the receiver now.  @sent + @duplicated is the
 *	sum of @lost, @queue_full, @overrun, @delivered and this
 */
struct sim_link_stats {
	__u64	sent, delivered, lost, queue_full, overrun, duplicated, reordered;
	__u64	under_way;
};

/**
 * sim_link() - a cable between two hosts
 * @a: one host
 * @a_dev: the name of its new interface there, 1..15 characters
 * @b: the other; may be the same host
 * @b_dev: the name of its new interface there
 * @opts: properties, NULL for a perfect one
 *
 * The interfaces are down and have no address; their hardware addresses follow
 * from the hosts' randomness.  Context: not from a program.
 * Return: 0; -EEXIST (a name is in use); -EINVAL; -ENOMEM.
 */
int sim_link(struct sim_host *a, const char *a_dev, struct sim_host *b, const char *b_dev,
	     const struct sim_link_opts *opts);

/**
 * sim_link_set() - change the direction that leaves an interface
 * @host: where the interface is
 * @dev: its name
 * @direction: the new properties; frames under way keep the old ones
 *
 * Return: 0; -ENODEV.
 */
int sim_link_set(struct sim_host *host, const char *dev, const struct sim_direction *direction);

/**
 * sim_link_stats() - counters of the direction that leaves an interface
 * @host: where the interface is
 * @dev: its name
 * @stats: gets them
 *
 * Return: 0; -ENODEV.
 */
int sim_link_stats(struct sim_host *host, const char *dev, struct sim_link_stats *stats);

/**
 * sim_capture() - write an interface's frames to a pcapng file
 * @host: where the interface is
 * @dev: its name, of an interface made by sim_link()
 * @path: file, overwritten
 *
 * Frames are written as they leave (before the link may lose them) and as they
 * arrive, with virtual time stamps.  The file is complete after sim_free().
 * Return: 0; -ENODEV; -EBUSY (captured already); what open(2) says.
 */
int sim_capture(struct sim_host *host, const char *dev, const char *path);

/**
 * sim_program() - start a program
 * @host: where
 * @name: for messages
 * @main: the program; its system calls are libos_call() with @thr.  It ends by
 *	returning, and its stack files are then closed
 * @arg: its argument
 * @start_ns: when, at the earliest now
 * @out: the program, owned by the simulation; may be NULL
 *
 * A program has 256 KiB of stack and is never preempted: time passes only in its
 * calls.
 * Return: 0; -ENOMEM.
 */
int sim_program(struct sim_host *host, const char *name,
		int (*main)(struct libos_thread *thr, void *arg), void *arg, __u64 start_ns,
		struct sim_program **out);

/**
 * sim_program_result() - has a program ended?
 * @prog: the program
 * @result: gets what it returned, if it has
 *
 * Return: 1 if it has ended, else 0.
 */
int sim_program_result(const struct sim_program *prog, int *result);

/**
 * sim_sleep() - let virtual time pass in a program
 * @thr: the program's identity
 * @ns: how much
 */
void sim_sleep(struct libos_thread *thr, __u64 ns);

#ifdef __cplusplus
}
#endif

#endif /* LIBOS_SIM_H */
