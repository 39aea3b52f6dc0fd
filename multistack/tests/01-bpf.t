#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The programs alone, by BPF_PROG_TEST_RUN.
set -eu
exec timeout 60 "${MS_BUILD:?run make check}/tests/test-bpf"
