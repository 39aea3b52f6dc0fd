// SPDX-License-Identifier: GPL-2.0-only
/*
 * The home's end of a slot: requests are taken, answers published.
 *
 * Hot: a call is completed by whoever runs the kernel layer at that moment, on a
 * kernel stack and with the token held.
 */
#include "../sys.h"
#include "server.h"

#define NOT_YET		((__s64)1 << 63)	/* no call returns that */

/* Copy the request that is in the slot.  False if it is none.  Token held. */
bool channel_take(struct served *t)
{
	struct remote_slot *s = t->slot;
	struct libos_call *call = &t->base.call;
	__u32 req = load_acquire(&s->req);
	int i;

	if (t->inside || t->doomed || req == t->seq)
		return false;
	t->seq = req;
	t->interrupted = false;
	t->answered = false;
	call->nr = load_relaxed(&s->nr);
	for (i = 0; i < 6; i++)
		call->arg[i] = load_relaxed(&s->arg[i]);
	call->fd_hint = load_relaxed(&s->fd_hint);
	call->signals = 0;
	call->ret = NOT_YET;
	store_relaxed(&call->interrupt, 0);
	payload_take(t);
	return true;
}

/* Does the client want the call that is inside to end? */
bool channel_interrupts(const struct served *t)
{
	return load_relaxed(&t->inside) && !t->interrupted &&
	       (t->doomed || load_acquire(&t->slot->intr) == t->seq);
}

/* @t is no longer inside.  Token held. */
void channel_out(struct served *t)
{
	store_relaxed(&t->inside, false);
	t->base.word = WORD_RUN;
	link_del(&t->busy);
	t->base.os->nremote--;
}

/* Never blocks, whatever the file and however full. */
void channel_wake(struct served *t)
{
	__u64 one = 1;

	t->unrung = false;
	if (load_relaxed(&t->slot->sleeps) && t->wake >= 0)
		sys(SYS_write, t->wake, &one, sizeof(one));
}

/* Now; or, if it expects to sleep, when the server has time for it (hot.c). */
static void wake_client(struct served *t)
{
	struct libos_server *srv = t->peer->srv;

	if (srv->puts_off && t->hot && load_relaxed(&t->slot->parked) == t->seq)
		t->unrung = true;
	else
		channel_wake(t);
}

/*
 * The slot may belong to a client that writes nonsense to it: then it is told in
 * vain, or not at all.
 */
void channel_reply(struct served *t, __s64 ret, __u64 signals)
{
	struct remote_slot *s = t->slot;

	if (unlikely(t->out_fault) && ret >= 0)
		ret = -EFAULT;
	store_relaxed(&s->out_len, t->out_len);
	store_relaxed(&s->ret, ret);
	store_relaxed(&s->signals, signals);
	xchg(&s->rep, t->seq);
	wake_client(t);
}

/* The home is process @pid now. */
void channel_home(struct served *t, int pid)
{
	xchg(&t->slot->home, pid);
	wake_client(t);
}

/*
 * The stack is about to send frames, which may take long: a TAP carries each as far as
 * the receiver's socket.  It does so at the end of a call, when the result stands already;
 * then the client need not wait.  Token held, within the kernel layer.
 */
void channel_early(struct libos *os)
{
	struct served *t = (struct served *)os->serving;

	if (t->base.call.ret == NOT_YET)
		return;
	os->serving = NULL;
	t->answered = true;
	channel_reply(t, t->base.call.ret, t->base.call.signals);
	t->base.call.signals = 0;
}

/*
 * The call is over.  What signals there are since it was answered early come by
 * themselves.
 */
void channel_end(struct served *t, __s64 ret, __u64 signals)
{
	channel_out(t);
	if (likely(!t->answered))
		channel_reply(t, ret, signals);
	else if (signals && !t->doomed)
		signal_send(t->base.os, &t->base, signals, 0);
}

static void complete(struct served *t, __s64 ret, __u64 signals)
{
	if (t->doomed) {
		store_release(&t->peer->srv->reap, true);
		server_bell(t->peer->srv);
	}
	channel_end(t, ret, signals);
	/* The client goes on since it was answered, and may have rung in vain. */
	if (unlikely(t->answered)) {
		store_release(&t->peer->srv->again, true);
		server_bell(t->peer->srv);
	}
}

/* The mem ops for a call of another process. */
__u64 channel_read(struct libos_thread *thr, void *dst, __u64 src, __u64 len)
{
	return payload_read((struct served *)thr, dst, src, len);
}

__u64 channel_write(struct libos_thread *thr, __u64 dst, const void *src, __u64 len)
{
	return payload_write((struct served *)thr, dst, src, len);
}

/* The call of @thr, which is a &struct served, is complete.  Token held. */
void channel_done(struct libos_thread *thr)
{
	complete((struct served *)thr, thr->call.ret, thr->call.signals);
}

/* The instance has halted: no call will be completed any more.  Token held. */
void channel_shut(struct libos *os)
{
	struct link *busy = &os->server->busy;

	while (!link_empty(busy))
		complete(link_entry(busy->next, struct served, busy), -ESHUTDOWN, 0);
}

void server_bell(struct libos_server *srv)
{
	__u64 one = 1;

	sys(SYS_write, srv->bell.fd, &one, 8);
}
