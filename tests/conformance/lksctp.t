#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The functional tests of lksctp-tools, on the host and under nuse, where the host's kernel
# has SCTP.  Where it has not, there is nothing to compare with: programs/sctp.t runs all of
# them under nuse.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
# shellcheck source=compare.sh
. "${0%/*}/compare.sh"
need ip pkill unshare checksctp
unshare -n checksctp > /dev/null 2>&1 || skip_all "the host's kernel has no SCTP"
begin
[ -e "$O/lksctp/done" ] || "$TOP/scripts/lksctp.sh" "$O/lksctp" > "$T/build.out" 2>&1 ||
	skip_all "the source of lksctp-tools cannot be had, or does not build"
DIR=$O/lksctp
KERNEL_VERSION=${TEST_KERNEL%%-*}

# A test program prints a line for each of its cases; one that is broken ends by abort().
outcome()
{
	if [ "$1" -eq 0 ] && ! grep -qaE ' (FAIL|BROK) : ' "$2"; then
		echo pass
	elif grep -qa ' CONF : ' "$2"; then
		echo skip
	else
		echo fail
	fi
}

for prog in "$DIR"/test_*; do
	[ -x "$prog" ] || continue
	name=$(basename "$prog")
	# Those with an IPv6 variant that is none are the same program twice.
	case $name in
	*_v6) cmp -s "$prog" "${prog%_v6}" && continue ;;
	esac
	try "$name" '' "$prog"
done
summary
