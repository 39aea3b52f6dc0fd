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
#
# Most cases wait, for timers or for their own processes, and so $AT_ONCE of them run
# at a time; what is repeated runs after all others, by itself.  try() and each() begin a
# job and return, and summary() waits for all and makes the test points, in the order in
# which they were begun.  A job is a subshell whose $T is a directory of its own, where
# it leaves what came out in the file "results":
#
#	case NAME HOST NUSE	an outcome for each side
#	again			a run had to be repeated
#	# ...			about the case before

SUITE=$(basename "$0" .t)
KNOWN=${0%/*}/$SUITE.known
TRIES=${TRIES:-3}
AT_ONCE=${AT_ONCE:-4}
agreed=0 differ=0 again=0 jobs=0 job_pids=

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
# where they are "run" lines.  Programs run in the directory $DIR, or if it is empty
# each in a directory of its own.

# on_host SETUP PROGRAM... - hstatus; output in $T/host.out
on_host()
{
	setup=$1
	shift
	hstatus=0
	(
		cd "${DIR:-$T/on_host}"
		# shellcheck disable=SC2016 # for the inner shell
		timeout -k 2 "$LIMIT" unshare -n sh -c '(set -e; ip link set lo up; eval "$1") || exit 125
			shift; exec "$@"' - "$setup" "$@"
	) > "$T/host.out" 2>&1 < /dev/null 8>&- 9>&- || hstatus=$?
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
		cd "${DIR:-$T/under_nuse}"
		timeout -k 2 "$LIMIT" unshare -n "$NUSE" ${TEST_KERNEL:+--kernel "$TEST_KERNEL"} \
			-c "$T/nuse.conf" "$@"
	) > "$T/nuse.out" 2>&1 < /dev/null 8>&- 9>&- || nstatus=$?
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

# --- jobs ------------------------------------------------------------------

# job COMMAND... - when there is a token for it
job()
{
	if [ "$jobs" -eq 0 ]; then
		trap 'pkill -KILL -P $$ || :; cleanup' EXIT
		mkfifo "$T/tokens" "$T/turn"
		exec 8<> "$T/tokens" 9<> "$T/turn"
		for i in $(seq "$AT_ONCE"); do echo >&8; done
	fi
	read -r _ <&8
	jobs=$((jobs + 1))
	in_job "$@" < /dev/null 3<&- &
	job_pids="$job_pids $!"
}

# in_job COMMAND... - in a subshell
in_job()
{
	T=$T/$jobs
	mkdir -p "$T/on_host" "$T/under_nuse"
	alone=
	began=$(date +%s)
	"$@" > "$T/results" || echo "case $2 broken broken" >> "$T/results"
	took=$(($(date +%s) - began))
	[ "$took" -lt 30 ] || echo "# took $took s" >> "$T/results"
	if [ "$alone" ]; then echo >&9; else echo >&8; fi
}

# repeat - the job is about to repeat a run: when all others have had theirs, and alone
repeat()
{
	echo again
	[ -z "$alone" ] || return 0
	echo >&8
	read -r _ <&9
	alone=yes
}

# try CASE SETUP PROGRAM... - run it on both, compare the outcomes
try()
{
	case $1 in *${ONLY_CASE:-}*) job run_case "$@" ;; esac
}

run_case()
{
	case=$1 setup=$2
	shift 2
	for i in $(seq "$TRIES"); do
		on_both "$setup" "$@"
		host=broken nuse=broken
		[ "$hstatus" -eq 125 ] || host=$(outcome "$hstatus" "$T/host.out")
		[ "$nstatus" -eq 125 ] || nuse=$(outcome "$nstatus" "$T/nuse.out")
		unexplained "$case" "$host" "$nuse" || break
		[ "$i" -eq "$TRIES" ] || repeat
	done
	echo "case $case $host $nuse"
	if unexplained "$case" "$host" "$nuse"; then
		note "exit status $hstatus on the host, $nstatus under nuse"
		show "$T/host.out" "$T/nuse.out"
	fi
}

# each PREFIX SETUP PROGRAM... - the same for a program that is a suite itself: results()
# says of its output what came of each of its cases, which are named PREFIX:NAME
each()
{
	case $1 in *${ONLY_CASE:-}*) job run_harness "$@" ;; esac
}

run_harness()
{
	prefix=$1 setup=$2
	shift 2
	: > "$T/settled"
	: > "$T/open"
	for i in $(seq "$TRIES"); do
		on_both "$setup" "$@"
		results "$T/host.out" > "$T/host.res"
		results "$T/nuse.out" > "$T/nuse.res"
		# A case that one side did not come to has failed there.  What is settled
		# stays so; what no side came to this time is as open as before.
		join -a1 -a2 -e fail -o 0,1.2,2.2 "$T/host.res" "$T/nuse.res" |
			join -v1 - "$T/settled" > "$T/res"
		join -v1 "$T/open" "$T/res" > "$T/still"
		while read -r name host nuse; do
			if unexplained "$prefix:$name" "$host" "$nuse"; then
				echo "$name $host $nuse" >> "$T/still"
			else
				echo "$name $host $nuse" >> "$T/settled"
			fi
		done < "$T/res"
		sort "$T/still" > "$T/open"
		sort -o "$T/settled" "$T/settled"
		[ -s "$T/open" ] || [ ! -s "$T/settled" ] || break
		[ "$i" -eq "$TRIES" ] || repeat
	done
	sort "$T/settled" "$T/open" | sed "s/^/case $prefix:/"
	if [ ! -s "$T/settled" ]; then
		echo "case $prefix:anything broken broken"
		show "$T/host.out" "$T/nuse.out"
	elif [ -s "$T/open" ]; then
		show "$T/nuse.out"
	fi
}

# summary - at the end
summary()
{
	if [ "$jobs" -gt 0 ]; then
		# All are done, or wait for their turn to repeat.
		for i in $(seq "$AT_ONCE"); do read -r _ <&8; done
		echo >&9
		# shellcheck disable=SC2086 # a list
		wait $job_pids
	fi
	for i in $(seq "$jobs"); do
		while read -r line; do
			case $line in
			'case '*)
				# shellcheck disable=SC2086 # four words
				set -- $line
				compare "$2" "$3" "$4"
				;;
			again) again=$((again + 1)) ;;
			*) echo "$line" ;;
			esac
		done < "$T/$i/results"
	done
	[ $((agreed + differ)) -gt 0 ] || fail "there are cases"
	note "$SUITE: $agreed cases came out alike, $differ differ, $again runs were repeated"
	finish
}
