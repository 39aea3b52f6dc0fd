#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Bad pointers give what they give on the host's kernel, and break nothing.
# shellcheck source=robust.sh
. "${0%/*}/robust.sh"
need "${CC:-cc}" /usr/bin/python3
begin
HIGH="^(non-canonical|kernel half|last) "
subject faults
peer_echo
peer timeout -k 2 "$LIMIT" "$T/faults" $PEER4 $ECHO_PORT > "$T/native" 2>&1 || note "native: $?"
for how in auto trap; do
	run_nuse --intercept $how "$T/faults" $PEER4 $ECHO_PORT
	check "$how: bad pointers crash nothing" ran_well
	for what in native out; do
		grep -Ev "$HIGH" "$T/$what" > "$T/$what.low" || :
		grep -E "$HIGH" "$T/$what" > "$T/$what.high" || :
	done
	same_as_native "$how: errors are those of the host's kernel" "$T/native.low" "$T/out.low"
	same_as_native "$how: also of addresses beyond the user's half" "$T/native.high" "$T/out.high"
	check "$how: the connection works afterwards" out_has 'after all that: 8192'
	proved "$how" snmp.Tcp.ActiveOpens 1
done
echoed "faults"
finish
