#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The policy file.
set -eu
exec timeout 60 "${MS_BUILD:?run make check}/tests/test-policy"
