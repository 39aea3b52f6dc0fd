#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Signals and calls that block in the stack, with a stack made for the test.
set -eu
: "${B:?the build folder of the room}"
exec timeout -k 1 120 "$B/tests/stackrun" "$B/tests/prog-block"
