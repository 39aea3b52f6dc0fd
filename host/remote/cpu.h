/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HOST_REMOTE_CPU_H
#define HOST_REMOTE_CPU_H

#include <stdbool.h>

bool cpu_move(int cpu, bool away);

#endif /* HOST_REMOTE_CPU_H */
