/* SPDX-License-Identifier: GPL-2.0-only */
/* What the program has left its stack to send. */
#ifndef NUSE_DRAIN_H
#define NUSE_DRAIN_H

#include <libos/libos.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * nuse_drain() - wait until all has been delivered that the program had sent
 * @thr: the calling thread's identity towards the stack; the program has ended
 * @delay_ns: how long the interfaces hold a frame back (impairment)
 * @stop: asked now and then; true when the user does not want to wait any longer
 *
 * Return: connections that were given up, as their peers do not answer.
 */
unsigned int nuse_drain(struct libos_thread *thr, uint64_t delay_ns, bool (*stop)(void));

#endif /* NUSE_DRAIN_H */
