/* SPDX-License-Identifier: GPL-2.0-only */
/* What each process of multistackd keeps for itself; 0 or negative errno. */
#ifndef MSD_SANDBOX_H
#define MSD_SANDBOX_H

int sandbox_keeper(void);
int sandbox_nsmaker(void);

#endif /* MSD_SANDBOX_H */
