#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# curl's own test suite: its servers (HTTP, HTTPS, FTP, TFTP, SMTP, IMAP and others) on
# the host, curl on the host and under nuse.  The suite is told that servers and curl are
# on two hosts, which they are: what goes between them goes through the stack and tap0.
#
# By default a choice of tests, some of every kind of those that take no time;
# CONFORMANCE=full runs all that need nothing but the program curl.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
# shellcheck source=compare.sh
. "${0%/*}/compare.sh"
need ip perl stunnel unshare
begin
suite curl "$O/suites/curl"
srcdir=$O/suites/src/curl/tests

# HTTP and its proxies, HTTPS, FTP passive and active, TFTP, parallel; IPv6.
tests='1 9 16 23 30 38 45 52 59 66 73 80 87 94 102 109 116 123 130 137 144 151 158 167 174
	181 188 195 202 209 216 223 230 237 240 245 252 254 261 263 268 271 275 284 286 289
	296 300 301 304 309 318 331 345 352 362 371 388 390 399 406 440 496
	800 805 812 851 856 901 903 921 950 1450'
[ "${CONFORMANCE:-}" != full ] || tests='1 to 3200'
tests=${CURL_TESTS:-$tests}

cat > "$T/curl" <<END
#!/bin/sh
exec "$NUSE" ${TEST_KERNEL:+--kernel "$TEST_KERNEL"} -c "$T/nuse.conf" "$O/suites/curl/src/curl" "\$@"
END
chmod +x "$T/curl"

# Both at a time; and the servers of one must not take the ports of the other.
alone()
{
	# shellcheck disable=SC2016 # for the inner shell
	unshare -n sh -ec 'ip link set lo up; ip addr add "$1/24" dev lo; ip addr add "$2/64" dev lo nodad
		shift 2; exec "$@"' - "$PEER4" "$PEER6" "$@"
}

# runtests SIDE WHERE CLIENT4 CLIENT6 [OPTION...] - results in $T/SIDE.res
runtests()
{
	side=$1 where=$2
	"$TOP/scripts/suites/curl.sh" "$O/suites/curl" "$T/$side" $PEER4 $PEER6 "$3" "$4"
	shift 4
	(
		cd "$T/$side/tests"
		# shellcheck disable=SC2086 # a list
		$where env srcdir="$srcdir" USER=root perl -I"$srcdir" ./runtests.pl -a -n -am "$@" $tests
	) > "$T/$side.out" 2>&1 < /dev/null || :
	# A test that the suite itself repeats has its last result last.
	sed -n -e 's/^PASS: \([0-9]*\) .*/\1 pass/p' -e 's/^FAIL: \([0-9]*\) .*/\1 fail/p' \
		-e 's/^SKIP: \([0-9]*\) .*/\1 skip/p' "$T/$side.out" |
		awk '{ o[$1] = $2 } END { for (t in o) print t, o[t] }' | sort > "$T/$side.res"
	[ -s "$T/$side.res" ] || { note "no results: $side"; tail -n 5 "$T/$side.out" | sed 's/^/#   /'; }
}

both_sides()
{
	runtests host alone $PEER4 $PEER6 &
	host_pid=$!
	runtests nuse peer $OUR4 $OUR6 -c "$T/curl" -vc "$O/suites/curl/src/curl"
	wait "$host_pid"
	join -a1 -a2 -e broken -o 0,1.2,2.2 "$T/host.res" "$T/nuse.res" > "$T/res"
}

before=$(peer_saw)
both_sides
cp "$T/res" "$T/all"
# Again, those that differ without a reason.
for i in $(seq 2 "$TRIES"); do
	tests=
	while read -r num host nuse; do
		! unexplained "$num" "$host" "$nuse" || tests="$tests $num"
	done < "$T/res"
	[ -n "$tests" ] || break
	again=$((again + 1))
	rm -rf "$T/host" "$T/nuse"
	both_sides
	join -v1 "$T/all" "$T/res" | sort - "$T/res" > "$T/merged"
	cp "$T/merged" "$T/all"
done
while read -r num host nuse; do
	compare "$num" "$host" "$nuse"
	if unexplained "$num" "$host" "$nuse"; then
		grep -a -A 12 "^ $num: " "$T/nuse.out" "$T/host.out" | head -n 40 | sed 's/^/#   /'
	fi
done < "$T/all"
check "there were results" test "$agreed" -ge 3
check "frames went through the stack" test $(($(peer_saw) - before)) -ge $((agreed * 3))
summary
