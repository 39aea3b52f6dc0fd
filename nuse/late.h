/* SPDX-License-Identifier: GPL-2.0-only */
/* Signals that come when the program has ended and nuse has not. */
#ifndef NUSE_LATE_H
#define NUSE_LATE_H

#include <stdbool.h>

/**
 * nuse_late_begin() - from now on signals are the program's, or come too late
 *
 * To be called before the program starts.  It does not inherit the handler: signals
 * that were ignored are ignored in it, others have their default action.
 */
void nuse_late_begin(void);

/**
 * nuse_late_end() - the program has ended, what comes is too late
 */
void nuse_late_end(void);

/**
 * nuse_late_signal() - has one come since then?
 *
 * Somebody is in a hurry.
 */
bool nuse_late_signal(void);

#endif
