/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tapdev.h - descriptors of TAP and macvtap interfaces that exist already
 */
#ifndef PKTGEN_TAPDEV_H
#define PKTGEN_TAPDEV_H

#include <stdbool.h>
#include <stdint.h>

/**
 * pg_tapdev_open() - attach to a TAP interface
 * @ifname: its name in this network namespace
 * @offload: take frames with partial checksums and super-packets
 *
 * Each frame is preceded by struct virtio_net_hdr_v1, both ways.
 *
 * Return: a non-blocking descriptor, or a negative errno.
 */
int pg_tapdev_open(const char *ifname, bool offload);

/** pg_tapdev_open_macvtap() - the same for a macvtap; needs CAP_MKNOD */
int pg_tapdev_open_macvtap(const char *ifname, bool offload);

/** pg_tapdev_mac() - the interface's MAC address, 6 bytes */
int pg_tapdev_mac(const char *ifname, uint8_t *mac);

#endif
