#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Threads that fork while others are in the stack: in the stack's home, in a client,
# and in one that executed the program.  Nothing of the children is left.
# shellcheck source=../lib.sh disable=SC2016
. "${0%/*}/../lib.sh"
need "${CC:-cc}" ss
begin
LIMIT=110
"${CC:-cc}" -O1 -Wall -Wextra -pthread -o "$T/forks" "${0%/*}/forks.c" || exit 1

run_nuse "$T/forks" 40
check "80 forks in the home: $(tail -n 1 "$T/out")" ran_well
run_nuse sh -c '"$1" 40; exit $?' sh "$T/forks"
check "80 forks in a client: $(tail -n 1 "$T/out")" ran_well
check "descriptors agree" sh -c "! grep 'in the stack' '$T/err'"
run_nuse sh -c '"$1" 10 > /dev/null; exec sh -c "\"\$1\" 10" sh "$1"' sh "$T/forks"
check "20 more in the next of its images" ran_well

# What a killed group of processes had is closed.
run_nuse bash -c '"$1" 1000 > /dev/null & p=$!; sleep 1; kill -9 $p; wait $p 2> /dev/null
	for i in {1..100}; do [ "$(ss -Htan state listening | wc -l)" -eq 0 ] && break; sleep 0.1; done
	echo "listeners $(ss -Htan state listening | wc -l)"' bash "$T/forks"
check "a killed server's listener is closed" out_has '^listeners 0$'
finish
