# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2153,SC2154 # n, T, NUSE and others: ../lib.sh
#
# What the runs of third-party suites share: a case is run on the host's stack and
# under nuse, both in the same circumstances, and what came out is compared.
#
# An outcome is pass, fail or skip; or broken, which nothing excuses: the circumstances
# could not be made.  Two that differ fail the test, unless the file
# SUITE.known, beside this one, has a line for the case:
#
#	CASE SIDE REASON...
#
# CASE may be a pattern of the shell, and may end in @KERNEL to be for one kernel
# only; SIDE is which of the two does worse: host or nuse.  The reason is printed,
# and is what docs/conformance.md explains.  A known difference that is none any
# more is reported: as TODO passed if it was nuse that did worse (what a host lacks
# is the host's matter, and other hosts have it).  pass beats skip beats fail.
#
# Circumstances differ at times, for nobody's fault: a case that differs is tried
# again, up to $TRIES times in all.

SUITE=$(basename "$0" .t)
KNOWN=${0%/*}/$SUITE.known
TRIES=${TRIES:-3}
agreed=0 differ=0 again=0

# suite SCRIPT ARGUMENT... - build it, or skip everything
suite()
{
	script=$1
	shift
	"$TOP/scripts/suites/$script.sh" "$@" > "$T/build.out" 2>&1 || {
		tail -n 3 "$T/build.out" | sed 's/^/# /'
		skip_all "$script: the source cannot be had, or does not build"
	}
}

# known CASE - its line in the file without the name, if there is one
known()
{
	while read -r pattern side reason; do
		case $pattern in
		'' | '#'*) continue ;;
		*@*)
			[ "${pattern##*@}" = "${KERNEL_VERSION:-}" ] || continue
			pattern=${pattern%@*}
			;;
		esac
		# shellcheck disable=SC2254 # it is a pattern
		case $1 in
		$pattern)
			echo "$side $reason"
			return
			;;
		esac
	done < "$KNOWN"
}

better()
{
	case $1/$2 in
	pass/skip | pass/fail | skip/fail) return 0 ;;
	esac
	return 1
}

# compare CASE HOST NUSE - a test point
compare()
{
	entry=$(known "$1")
	side=${entry%% *} reason=${entry#* }
	if [ "$2" = "$3" ] && [ "$2" != broken ]; then
		agreed=$((agreed + 1))
		n=$((n + 1))
		case $side in
		nuse) echo "ok $n - $1: $2 on both # TODO $reason" ;;
		*) echo "ok $n - $1: $2 on both" ;;
		esac
		return
	fi
	worse=host
	! better "$2" "$3" || worse=nuse
	differ=$((differ + 1))
	n=$((n + 1))
	if [ "$worse" != "$side" ] || [ "$2" = broken ] || [ "$3" = broken ]; then
		failed=$((failed + 1))
		echo "not ok $n - $1: $2 on the host, $3 under nuse"
	elif [ "$side" = nuse ]; then
		echo "not ok $n - $1: $2 on the host, $3 under nuse # TODO $reason"
	else
		echo "ok $n - $1: $2 on the host, $3 under nuse: $reason"
	fi
}

# unexplained CASE HOST NUSE - is it worth another try?
unexplained()
{
	[ "$2" != "$3" ] || return 1
	entry=$(known "$1")
	worse=host
	! better "$2" "$3" || worse=nuse
	[ "$worse" != "${entry%% *}" ]
}

# --- running ---------------------------------------------------------------

# A run has a network namespace of its own.  On the host there is lo in it and what
# SETUP makes; under nuse not even lo is up, and what the stack does not carry itself
# fails.  SETUP is commands separated by semicolons or lines, the same on both sides,
# where they are "run" lines.  Programs run in the directory $DIR.

# on_host SETUP PROGRAM... - hstatus; output in $T/host.out
on_host()
{
	setup=$1
	shift
	hstatus=0
	(
		cd "$DIR"
		# shellcheck disable=SC2016 # for the inner shell
		timeout -k 2 "$LIMIT" unshare -n sh -c '(set -e; ip link set lo up; eval "$1") || exit 125
			shift; exec "$@"' - "$setup" "$@"
	) > "$T/host.out" 2>&1 < /dev/null || hstatus=$?
}

# under_nuse SETUP PROGRAM... - nstatus; output in $T/nuse.out
under_nuse()
{
	{
		echo 'fallback none'
		echo "$1" | tr ';' '\n' | sed -n 's/^[ 	]*\([^ 	]\)/run \1/p'
	} > "$T/nuse.conf"
	shift
	nstatus=0
	(
		cd "$DIR"
		timeout -k 2 "$LIMIT" unshare -n "$NUSE" ${TEST_KERNEL:+--kernel "$TEST_KERNEL"} \
			-c "$T/nuse.conf" "$@"
	) > "$T/nuse.out" 2>&1 < /dev/null || nstatus=$?
}

# at_once SETUP PROGRAM... - on both sides at the same time
at_once()
{
	{ on_host "$@"; echo "$hstatus" > "$T/hstatus"; } &
	host_pid=$!
	under_nuse "$@"
	wait "$host_pid"
	hstatus=$(cat "$T/hstatus")
}

# Suites whose two sides would disturb each other have their own, defined after this one.
on_both()
{
	at_once "$@"
}

# outcome STATUS FILE - of a program that says so by its exit status, as kselftest's
# do.  Other suites have their own, defined after this one.
outcome()
{
	case $1 in
	0) echo pass ;;
	4) echo skip ;;
	*) echo fail ;;
	esac
}

# try CASE SETUP PROGRAM... - run it on both, compare the outcomes
try()
{
	case=$1 setup=$2
	shift 2
	case $case in *${ONLY_CASE:-}*) ;; *) return 0 ;; esac
	for i in $(seq "$TRIES"); do
		on_both "$setup" "$@"
		host=broken nuse=broken
		[ "$hstatus" -eq 125 ] || host=$(outcome "$hstatus" "$T/host.out")
		[ "$nstatus" -eq 125 ] || nuse=$(outcome "$nstatus" "$T/nuse.out")
		unexplained "$case" "$host" "$nuse" || break
		[ "$i" -eq "$TRIES" ] || again=$((again + 1))
	done
	compare "$case" "$host" "$nuse"
	if unexplained "$case" "$host" "$nuse"; then
		note "exit status $hstatus on the host, $nstatus under nuse"
		show "$T/host.out" "$T/nuse.out"
	fi
}

# summary - at the end
summary()
{
	note "$SUITE: $agreed cases came out alike, $differ differ, $again runs were repeated"
	finish
}
