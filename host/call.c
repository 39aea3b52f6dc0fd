// SPDX-License-Identifier: GPL-2.0-only
/*
 * libos_call(): a system call into an instance, and the wait for its end.
 *
 * Theory of operation
 *
 * The kernel layer is a coroutine with one virtual CPU; whoever holds the token
 * is inside.  A call that ends without sleeping costs two atomic instructions:
 * take the token, enter(), give it back.  When enter() says LIBOS_IDLE, the
 * caller's task sleeps in the kernel and nothing else can run there.  Then one
 * thread of the instance must watch the outside world, and it should be one
 * whose call is being waited for, so that a packet is received, processed and
 * returned by the very thread that wants it.  That thread is the *poller*.
 *
 *	                enter()
 *	 outside ------------------> inside (token)
 *	    ^                        |    ^
 *	    | DONE                   |    | IDLE: nobody polls, or the helper does
 *	    |<-----------------------+    |
 *	    |                        |    +--> poller: epoll, without the token
 *	    |                        |         |
 *	    |<-----------------------|---------+ something came: token, run()
 *	    |                        |
 *	    |                        | IDLE: another thread polls
 *	    |                        +-------> parked on its own futex
 *	    |                                  |
 *	    +<---------------------------------+ DONE by call_done() of who polls
 *
 * Invariants
 *
 * P1. At most one application thread is in epoll_wait().  libos.poller is set to
 *     it by itself, with the token held, before it sleeps, and cleared by itself
 *     only when it is back from epoll_wait().  A kick is therefore consumed by
 *     the thread it was meant for.  The kick file is edge-triggered and never
 *     read; a kick that comes late wakes the next poller once too often.
 * P2. Before a thread sleeps it publishes where (libos_thread.word, a full
 *     barrier) and then looks once more at whatever could have asked it to stay
 *     awake (libos_thread.intr).  Who wants it awake does the reverse: writes the
 *     reason, full barrier, reads the word.  One of them sees the other.
 * P3. All that is decided with the token held (timer, completion, runnable
 *     tasks, polling vacant) is acted upon before it is given back, or is in
 *     libos.wake[] or libos.want_kick and acted upon right after (release.c).
 * P4. WORD_DONE is written by call_done() under the token; after it nobody but
 *     the thread itself touches the identity.  So the thread may leave, even free
 *     the identity, without taking the token.
 * P5. A poller whose call is done leaves polling vacant with no system call.  It
 *     looks at helper_word after a full barrier: HELPER_DEEP means that nobody
 *     would notice, and only then it pays for waking the helper.  The helper goes
 *     to HELPER_DEEP only while an application thread sleeps as the poller, and
 *     checks so after a full barrier (helper.c).
 * P6. Events that epoll_wait() has returned are edges and exist nowhere else:
 *     who got them delivers them, even if its own call is done by then.
 *
 * While the poller sleeps, the token is free, and other threads come and go
 * without waking it, unless they arm an earlier timer or leave work.
 *
 * Interruption.  libos_interrupt() marks the call by its sequence number, so
 * that a call that begins later is not hit.  The mark is delivered to the kernel
 * by the thread itself when its call turns out to sleep, which also covers a
 * signal that arrives between the first instruction of libos_call() and enter().
 *
 * Halt.  Once any entry has returned a negative value, libos.halted is set and
 * all that wait are woken; each returns -ESHUTDOWN.
 */
#include "instance.h"
#include "sys.h"

static bool wants_interrupt(const struct libos_thread *thr)
{
	return load_acquire(&thr->intr) == thr->seq && thr->delivered != thr->seq;
}

/* Stop being the poller.  Call helper_check() after the next full barrier. */
static bool leave_polling(struct libos_thread *thr)
{
	struct libos *os = thr->os;

	if (load_relaxed(&os->poller) != thr)
		return false;
	__atomic_store_n(&os->poller, NULL, __ATOMIC_SEQ_CST);
	return true;
}

/*
 * Sleep as the poller.  Token held on entry.  Returns false if the call is done
 * and the token is not held; else the token is held, events are delivered, and
 * @done says whether the call is done.
 */
static bool sleep_polling(struct libos_thread *thr, bool *done)
{
	struct epoll_event ev[POLL_EVENTS];
	struct libos *os = thr->os;
	bool takeover = load_relaxed(&os->poller) == POLLER_HELPER;
	__u64 until = poll_deadline(os);
	int n = 0;

	__atomic_store_n(&os->poller, thr, __ATOMIC_SEQ_CST);
	store_relaxed(&os->poll_gen, os->poll_gen + 1);
	store_relaxed(&os->sleep_until, until);
	os->poller_done = false;
	os->kicked = 0;
	os->stat.polls++;
	poll_watch_full(os);
	poll_begin(os);
	xchg(&thr->word, WORD_POLL);
	instance_unlock(os);

	if (takeover)
		helper_wake(os);
	if (!wants_interrupt(thr))
		n = poll_wait(os, thr, until, ev, POLL_EVENTS);

	try_cmpxchg(&thr->word, WORD_POLL, WORD_RUN);
	if (load_acquire(&thr->word) == WORD_DONE && n == 0) {
		__atomic_store_n(&os->poller, NULL, __ATOMIC_SEQ_CST);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		helper_check(os);
		return false;
	}

	token_lock(os);
	*done = load_acquire(&thr->word) == WORD_DONE;
	if (!*done)
		xchg(&thr->word, WORD_RUN);
	store_relaxed(&os->sleep_until, 0);
	os->kicked = 0;
	if (!load_relaxed(&os->halted)) {
		__u64 now = os->clock();

		os->last_poll = now;
		poll_dispatch(os, ev, n);
		poll_due(os, now);
	}
	return true;
}

/* Sleep while somebody else polls.  As sleep_polling(). */
static bool sleep_parked(struct libos_thread *thr, bool *done)
{
	struct libos *os = thr->os;

	link_add_tail(&thr->parked, &os->parked);
	store_relaxed(&os->nparked, os->nparked + 1);
	os->stat.parks++;
	xchg(&thr->word, WORD_PARK);
	/* Our call may have armed an earlier timer than the poller sleeps for. */
	instance_release(os);

	if (!wants_interrupt(thr))
		while (load_acquire(&thr->word) == WORD_PARK)
			sys_futex_wait(&thr->word, WORD_PARK, ~0ULL);
	if (load_acquire(&thr->word) == WORD_DONE)
		return false;

	token_lock(os);
	*done = load_acquire(&thr->word) == WORD_DONE;
	if (!*done) {
		link_del(&thr->parked);
		store_relaxed(&os->nparked, os->nparked - 1);
		xchg(&thr->word, WORD_RUN);
	}
	return true;
}

/* enter() said @r and not LIBOS_DONE.  Token held on entry, not on return. */
static int wait_for_call(struct libos_thread *thr, int r)
{
	struct libos *os = thr->os;
	struct libos_thread *poller;
	bool done, held, left;

	while (r == LIBOS_IDLE) {
		if (load_relaxed(&os->halted)) {
			r = -ESHUTDOWN;
			break;
		}
		if (wants_interrupt(thr)) {
			thr->delivered = thr->seq;
			store_relaxed(&thr->call.interrupt, 1);
			os->kernel->raise(LIBOS_IRQ_SIGNAL);
			r = os->kernel->run(thr->task);
			continue;
		}
		if (os->kernel->pending()) {
			r = os->kernel->run(thr->task);
			continue;
		}
		poller = load_acquire(&os->poller);
		if (!poller || poller == POLLER_HELPER || poller == POLLER_SERVER || poller == thr)
			held = sleep_polling(thr, &done);
		else
			held = sleep_parked(thr, &done);
		if (!held)
			return LIBOS_DONE;
		if (done)
			r = LIBOS_DONE;
	}

	if (r < 0)
		instance_shut(os);
	left = leave_polling(thr);
	instance_release(os);
	if (left)
		helper_check(os);
	return r;
}

/* The common case of instance_release(), without the call. */
static inline bool nothing_to_tell(struct libos *os)
{
	if (os->nwake | os->want_kick | os->ndeadline)
		return false;
	if (load_relaxed(&os->poller) ? os->deadline < os->sleep_until : !(os->entries & 7))
		return false;
	return !os->kernel->pending();
}

static long posix_call(struct libos_thread *thr, long nr, const unsigned long arg[6], int fd_hint)
{
	struct libos *os = thr->os;
	struct libos_call *call = &thr->call;
	long ret;
	int r;

	call->nr = nr;
	call->arg[0] = arg[0];
	call->arg[1] = arg[1];
	call->arg[2] = arg[2];
	call->arg[3] = arg[3];
	call->arg[4] = arg[4];
	call->arg[5] = arg[5];
	call->fd_hint = fd_hint;
	call->signals = 0;
	store_relaxed(&call->interrupt, 0);
	store_release(&thr->seq, thr->seq + 1);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);

	token_lock(os);
	if (unlikely(load_relaxed(&os->halted))) {
		token_unlock(os);
		ret = -ESHUTDOWN;
		goto out;
	}
	store_relaxed(&os->entries, os->entries + 1);
	r = os->kernel->enter(thr->task, call);
	if (unlikely(r != LIBOS_DONE))
		r = wait_for_call(thr, r);
	else if (likely(nothing_to_tell(os)))
		token_unlock(os);
	else
		instance_release(os);
	ret = r < 0 ? r : call->ret;
	thr->signals |= call->signals;
out:
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	store_release(&thr->seq, thr->seq + 1);
	return ret;
}

/*
 * A host file in the stack's poll.  It is polled by a descriptor of our own, which is
 * closed with the stack's file: a child of fork(2) may wait for a file that the
 * program has closed since, and whose number another file has.
 */
static long hostfile_call(struct libos_thread *thr, const unsigned long arg[6], int fd_hint)
{
	unsigned long own[6] = { (unsigned long)fd_duplicate((int)arg[0]) };
	struct libos *os = thr->os;
	long r;

	if ((long)own[0] < 0)
		return posix_call(thr, LIBOS_NR_HOSTFILE, arg, fd_hint);
	token_lock(os);
	r = hostfile_own(os, (int)own[0]);
	token_unlock(os);
	if (r < 0) {
		sys(SYS_close, own[0]);
		return r;
	}
	r = posix_call(thr, LIBOS_NR_HOSTFILE, own, fd_hint);
	if (r < 0) {
		token_lock(os);
		hostfile_release(os, (int)own[0]);
		instance_release(os);
	}
	return r;
}

static long home_call(struct libos_thread *thr, long nr, const unsigned long arg[6], int fd_hint)
{
	/* Another process's number has been made ours already (remote/own.c). */
	if (unlikely(nr == LIBOS_NR_HOSTFILE) && !thr->pid)
		return hostfile_call(thr, arg, fd_hint);
	return posix_call(thr, nr, arg, fd_hint);
}

static void posix_interrupt(struct libos_thread *thr)
{
	struct libos *os = thr->os;
	__u32 seq = load_acquire(&thr->seq);

	if (!(seq & 1))
		return;
	store_relaxed(&thr->call.interrupt, 1);
	xchg(&thr->intr, seq);
	os->kernel->raise(LIBOS_IRQ_SIGNAL);
	if (try_cmpxchg(&thr->word, WORD_PARK, WORD_WAKE))
		sys_futex_wake(&thr->word, 1);
	else if (try_cmpxchg(&thr->word, WORD_POLL, WORD_WAKE))
		poll_kick(os);
}

static int posix_thread_new(struct libos_thread *parent, __u64 flags, int tid,
			    struct libos_thread **out)
{
	struct libos_thread *thr = thread_alloc(parent->os);
	unsigned long arg[6] = { flags, (unsigned long)tid, (unsigned long)thr };
	long r;

	if (!thr)
		return -ENOMEM;
	arg[3] = (unsigned long)&thr->task;
	r = posix_call(parent, LIBOS_NR_TASK_NEW, arg, -1);
	if (r < 0) {
		thread_free(thr);
		return r;
	}
	*out = thr;
	return 0;
}

static void posix_thread_exit(struct libos_thread *thr, int code)
{
	unsigned long arg[6] = { (unsigned long)code };

	posix_call(thr, LIBOS_NR_TASK_EXIT, arg, -1);
	thread_free(thr);
}

const struct thread_ops posix_thread_ops = {
	.call = home_call,
	.interrupt = posix_interrupt,
	.thread_new = posix_thread_new,
	.thread_exit = posix_thread_exit,
	.netdev_add = netdev_add,
};
