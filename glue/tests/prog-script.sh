#!/bin/bash -e
# SPDX-License-Identifier: GPL-2.0-only
# A script, to be run by its first line.
echo "$#" "$1" "$2" "${0##*/}"
