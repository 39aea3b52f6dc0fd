// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests of clients, carried out on the server's thread.
 *
 * One that completes at once is answered at once.  One that must wait stays inside
 * the kernel layer and holds nothing here: whoever polls devices completes it
 * (channel_done()), be it the home's program or the server (devices.c).
 */
#include <unistd.h>

#include "../sys.h"
#include "server.h"

/* Let the kernel layer end the call that @t is in.  Token held. */
static int interrupt(struct served *t)
{
	struct libos *os = t->base.os;

	t->interrupted = true;
	store_relaxed(&t->base.call.interrupt, 1);
	os->kernel->raise(LIBOS_IRQ_SIGNAL);
	return os->kernel->run(t->base.task);
}

/* Token held, and given back.  @r: what the kernel layer said of the call of @t. */
static void after_entry(struct served *t, int r)
{
	struct libos *os = t->base.os;
	bool looked = false, any;

	while (r == LIBOS_IDLE && t->inside) {
		if (load_relaxed(&os->halted)) {
			r = -ESHUTDOWN;
		} else if (channel_interrupts(t)) {
			r = interrupt(t);
		} else if (os->kernel->pending()) {
			r = os->kernel->run(t->base.task);
		} else if (!looked) {
			/* What it waits for has come, perhaps: it need not sleep then. */
			devices_poll(os->server, &any);
			looked = true;
		} else {
			break;
		}
	}
	if (r == LIBOS_IDLE) {
		/* It may be complete, and its slot be used again, once others get in. */
		store_relaxed(&t->slot->parked, t->seq);
		instance_release(os);
		return;
	}
	if (r < 0)
		instance_shut(os);
	if (!t->inside) {
		instance_release(os);
		return;
	}
	channel_end(t, t->base.call.ret, t->base.call.signals);
	instance_release(os);
}

/* Is there a request in the slot of @t that can be taken? */
bool served_has_request(const struct served *t)
{
	return load_acquire(&t->slot->req) != t->seq && !load_relaxed(&t->inside);
}

/* A call that leaves nothing to do once its result stands, but to send data or ACKs. */
static bool transfers(__s64 nr)
{
	switch (nr) {
	case SYS_write:
	case SYS_writev:
	case SYS_sendto:
	case SYS_sendmsg:
	case SYS_sendmmsg:
	case SYS_sendfile:
	case SYS_read:
	case SYS_readv:
	case SYS_recvfrom:
	case SYS_recvmsg:
	case SYS_recvmmsg:
		return true;
	}
	return false;
}

/* One request, if there is one.  False if @t is gone. */
bool served_serve(struct served *t)
{
	struct libos *os = t->base.os;
	__s64 ret;
	int r;

	token_lock(os);
	if (!channel_take(t)) {
		if (channel_interrupts(t) && !load_relaxed(&os->halted))
			after_entry(t, interrupt(t));
		else
			token_unlock(os);
		return true;
	}
	store_relaxed(&t->peer->calls, t->peer->calls + 1);
	if (unlikely(request_is_own(&t->base.call))) {
		token_unlock(os);
		if (!request_own(t, &ret))
			return false;
		channel_reply(t, ret, 0);
		return true;
	}
	if (load_relaxed(&os->halted)) {
		token_unlock(os);
		channel_reply(t, -ESHUTDOWN, 0);
		return true;
	}
	store_relaxed(&os->entries, os->entries + 1);
	store_relaxed(&t->inside, true);
	t->base.word = WORD_REMOTE;
	link_add_tail(&t->busy, &os->server->busy);
	os->nremote++;
	store_relaxed(&t->slot->home_cpu, this_cpu());
	os->server->near = load_relaxed(&t->slot->near);
	t->base.call.tx_late = 1;
	os->serving = transfers(t->base.call.nr) ? &t->base : NULL;
	r = os->kernel->enter(t->base.task, &t->base.call);
	os->serving = NULL;
	after_entry(t, r);
	return true;
}

void served_event(struct source *src, __u32 events)
{
	struct served *t = link_entry(src, struct served, src);

	if (unlikely(!t->peer->greeted)) {
		hello_event(t, events);
		return;
	}
	if (events & (EPOLLHUP | EPOLLERR))
		served_doom(t);
}

/* Some threads of a process have rung. */
void served_bell(struct source *src, __u32 events)
{
	struct peer *peer = link_entry(src, struct peer, bell);
	unsigned int i, n = peer->nthread;

	for (i = 0; n && i < REMOTE_SLOTS; i++) {
		struct served *t = peer->thread[i];

		if (!t)
			continue;
		n--;
		if (!t->doomed && (served_has_request(t) || channel_interrupts(t)) &&
		    served_serve(t))
			hot_add(t);
	}
}

/* @t is doomed.  Its call is interrupted, again if need be; when it is over, @t ends. */
void served_remind(struct served *t)
{
	struct libos *os = t->base.os;
	bool inside;

	token_lock(os);
	if (t->inside && !load_relaxed(&os->halted))
		after_entry(t, interrupt(t));
	else
		token_unlock(os);

	token_lock(os);
	inside = t->inside;
	token_unlock(os);
	if (!inside)
		peer_thread_end(t, 0, false);
}

/* The files of @t: its thread is told nothing any more, but that it is so. */
void served_close(struct served *t)
{
	struct libos *os = t->base.os;
	int fd;

	source_close(&t->src);
	token_lock(os);
	fd = t->wake;
	t->wake = -1;
	token_unlock(os);
	if (fd < 0)
		return;
	server_fd_forget(os->server, fd);
	close(fd);
}

/*
 * End a thread of a client, now or when its call is over.  Its memory is out of
 * reach from here on: its pid may soon be another's.
 */
void served_doom(struct served *t)
{
	struct libos *os = t->base.os;

	if (t->doomed)
		return;
	served_close(t);
	t->peer->srv->ndoomed++;
	token_lock(os);
	t->doomed = true;
	t->base.pid = NO_PID;
	token_unlock(os);
	served_remind(t);
}
