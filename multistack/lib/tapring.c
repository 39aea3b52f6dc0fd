// SPDX-License-Identifier: LGPL-2.1-only
/*
 * Bursts of frames to or from a TAP by one system call.
 *
 * A TAP takes and gives one frame a call, and for 64 bytes the way into the
 * kernel and back is a good part of what the frame costs.  So a burst goes
 * through io_uring: io_uring_enter() does all the reads or writes before it
 * returns, with RWF_NOWAIT, so that none is put off.  Nothing is under way
 * between two calls: the ring holds no reference to the TAP, which must vanish
 * with the client's descriptor, and no memory is lent.
 *
 * A TAP refuses a frame when it is down, which holds for all that follow, or
 * when memory is short or the header contradicts the frame.  Then what follows
 * has left all the same: the frame is offered once more, and if the TAP will not
 * have it, it is lost as in a device, and counted there as in error or dropped.
 */
#include "tapring.h"

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <unistd.h>

struct tapring {
	struct io_uring ring;
	pid_t owner;
	bool broken;
};

struct tapring *tapring_new(void)
{
	struct tapring *r = calloc(1, sizeof(*r));

	if (!r || io_uring_queue_init(TAPRING_FRAMES, &r->ring, 0)) {
		free(r);
		return NULL;
	}
	r->owner = getpid();
	return r;
}

void tapring_free(struct tapring *r)
{
	if (r)
		io_uring_queue_exit(&r->ring);
	free(r);
}

bool tapring_broken(const struct tapring *r)
{
	return r->broken;
}

bool tapring_foreign(const struct tapring *r)
{
	return r->owner != getpid();
}

static void add(struct tapring *r, struct io_uring_sqe *sqe, unsigned int i)
{
	sqe->rw_flags = RWF_NOWAIT;
	io_uring_sqe_set_data64(sqe, i);
}

/* Do what was added and take every result, so that none is left for later. */
static void run(struct tapring *r, int *res, unsigned int n)
{
	struct io_uring_cqe *cqe;
	unsigned int i, done = 0;
	int err;

	for (i = 0; i < n; i++)
		res[i] = -ECANCELED;
	while (done < n) {
		err = io_uring_submit_and_wait(&r->ring, n - done);
		while (!io_uring_peek_cqe(&r->ring, &cqe)) {
			res[io_uring_cqe_get_data64(cqe)] = cqe->res;
			io_uring_cqe_seen(&r->ring, cqe);
			done++;
		}
		if (err < 0 && err != -EINTR && err != -EAGAIN && err != -EBUSY) {
			r->broken = true;
			return;
		}
	}
}

int tapring_send(struct tapring *r, int fd, const uint8_t *mem, size_t stride,
		 const uint32_t *len, unsigned int n)
{
	unsigned int i, left = 0;
	int res[TAPRING_FRAMES];

	for (i = 0; i < n; i++) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(&r->ring);

		io_uring_prep_write(sqe, fd, mem + i * stride, len[i], 0);
		add(r, sqe, i);
	}
	run(r, res, n);

	for (i = 0; i < n; i++)
		if (res[i] >= 0)
			left = i + 1;
	for (i = 0; i < left; i++)
		if (res[i] < 0 && write(fd, mem + i * stride, len[i]) < 0)
			continue;	/* the device has counted it */
	return left || r->broken ? (int)left : res[0];
}

void tapring_recv(struct tapring *r, int fd, uint8_t *mem, size_t stride,
		  uint32_t room, int *len, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(&r->ring);

		io_uring_prep_read(sqe, fd, mem + i * stride, room, 0);
		add(r, sqe, i);
	}
	run(r, len, n);
}
