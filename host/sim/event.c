// SPDX-License-Identifier: GPL-2.0-only
/*
 * The event queue: a binary heap ordered by time, then by order of scheduling.
 *
 * Events are part of what they concern, and know their place in the heap, so they
 * can be taken out again (a timer that is set anew).
 */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->time != b->time ? a->time < b->time : a->order < b->order;
}

static void put(struct sim_queue *q, size_t at, struct sim_event *ev)
{
	q->heap[at] = ev;
	ev->slot = at + 1;
}

static void sift_up(struct sim_queue *q, size_t at, struct sim_event *ev)
{
	while (at && before(ev, q->heap[(at - 1) / 2])) {
		put(q, at, q->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	put(q, at, ev);
}

static void sift_down(struct sim_queue *q, size_t at, struct sim_event *ev)
{
	size_t child;

	while ((child = 2 * at + 1) < q->n) {
		if (child + 1 < q->n && before(q->heap[child + 1], q->heap[child]))
			child++;
		if (!before(q->heap[child], ev))
			break;
		put(q, at, q->heap[child]);
		at = child;
	}
	put(q, at, ev);
}

/* Schedule @ev, anew if it is scheduled.  0 or -ENOMEM. */
int sim_event_add(struct sim_queue *q, struct sim_event *ev, __u64 time)
{
	sim_event_del(q, ev);
	if (q->n == q->room) {
		size_t room = q->room ? 2 * q->room : 256;
		struct sim_event **heap = realloc(q->heap, room * sizeof(*heap));

		if (!heap)
			return -ENOMEM;
		q->heap = heap;
		q->room = room;
	}
	ev->time = time;
	ev->order = q->order++;
	sift_up(q, q->n++, ev);
	return 0;
}

void sim_event_del(struct sim_queue *q, struct sim_event *ev)
{
	struct sim_event *last;
	size_t at = ev->slot;

	if (!at--)
		return;
	ev->slot = 0;
	last = q->heap[--q->n];
	if (last == ev)
		return;
	if (at && before(last, q->heap[(at - 1) / 2]))
		sift_up(q, at, last);
	else
		sift_down(q, at, last);
}

struct sim_event *sim_event_first(struct sim_queue *q)
{
	return q->n ? q->heap[0] : NULL;
}
