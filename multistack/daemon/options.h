/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MSD_OPTIONS_H
#define MSD_OPTIONS_H

struct msd_opts;

/* Return: -1 to go on, else the exit status. */
int options_parse(struct msd_opts *o, int argc, char **argv);

#endif /* MSD_OPTIONS_H */
