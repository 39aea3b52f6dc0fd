// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of system calls: sctable.def, joined with <asm/unistd_64.h>.
 */
#include "dispatch.h"

const struct sysent sctable[SYSENTS] = {
#include "sctable.inc"
};
