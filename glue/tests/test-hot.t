#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Hot code has no libc, no thread-local storage and no vector instructions.
set -eu
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

for o in $HOT; do
	name=$(basename "$o")
	bad=$(nm -u "$o" | awk '{ print $2 }' |
	      grep -Ev '^(glue_|libos_|fd_|path_|poll_|trace_|etc_|sys_|sctable|dispatch|stack_|host_|user_|overlay|copy|_GLOBAL_OFFSET_TABLE_$)' |
	      grep -Ex '(mem|str)[a-z]*|[a-z]*printf|malloc|calloc|free|realloc|abort|__errno_location|__stack_chk_fail|__tls_get_addr|pthread_.*|syscall|open|close|read|write|mmap' || true)
	r=0
	[ -z "$bad" ] || r=1
	ok $r "$name: no libc${bad:+ but $bad}"
	bad=$(objdump -d --no-show-raw-insn "$o" | grep -E '%(x|y|z)mm|%fs:' | grep -v 'pxor' || true)
	r=0
	[ -z "$bad" ] || r=1
	ok $r "$name: no vector registers, no thread-local storage"
done
finish
