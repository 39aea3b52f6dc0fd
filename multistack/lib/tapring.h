/* SPDX-License-Identifier: LGPL-2.1-only */
/* Bursts of frames to or from a TAP by one system call. */
#ifndef MULTISTACK_TAPRING_H
#define MULTISTACK_TAPRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAPRING_FRAMES	64	/* at most, in a burst */

struct tapring;

/* NULL where the kernel, or who guards the process, has no io_uring for us. */
struct tapring *tapring_new(void);
void tapring_free(struct tapring *r);

/* io_uring_enter() has begun to fail, as under a seccomp filter of later. */
bool tapring_broken(const struct tapring *r);

/* Made before a fork(): the parent's, which only tapring_free() may touch. */
bool tapring_foreign(const struct tapring *r);

/*
 * Write @n frames to @fd, frame i with @len[i] bytes at @mem + i * @stride.
 * Return: @n; or fewer, that have left, when those after them have not; or
 * -errno if none has.
 */
int tapring_send(struct tapring *r, int fd, const uint8_t *mem, size_t stride,
		 const uint32_t *len, unsigned int n);

/*
 * Read @n frames from @fd, frame i into the @room bytes at @mem + i * @stride.
 * @len[i]: bytes read, or -errno; a frame may follow one that was not there yet.
 */
void tapring_recv(struct tapring *r, int fd, uint8_t *mem, size_t stride,
		  uint32_t room, int *len, unsigned int n);

#endif /* MULTISTACK_TAPRING_H */
