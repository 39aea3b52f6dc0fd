#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# bench-process makes children, waits for all of them, and believes no failure.
set -eu

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0

check() {	# TEXT COMMAND...
	text=$1
	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $text"
	else
		echo "not ok $n - $text"
		sed 's/^/# /' "$tmp/out"
	fi
}

figures() {
	awk '$2 > 0 { seen[$1]++ }
	     END { exit !(seen["fork_us"] == 1 && seen["exec_us"] == 1 && seen["spawn_us"] == 1) }' \
		"$tmp/out"
}

# Each run of the program leaves a byte; the child that only exits runs none.
cat >"$tmp/program" <<END
#!/bin/sh
printf x >>"$tmp/ran"
END
chmod +x "$tmp/program"
status=0
timeout 60 bench-process -t 0.05 -p "$tmp/program" >"$tmp/out" 2>&1 || status=$?
check "it succeeds" [ $status -eq 0 ]
check "three figures" figures
check "the program ran, by execv() and posix_spawn()" [ "$(wc -c <"$tmp/ran")" -ge 2 ]
status=0
timeout 60 bench-process -t 0.05 -p /bin/false >"$tmp/out" 2>&1 || status=$?
check "a program that fails is an error" [ $status -eq 1 ]
status=0
timeout 60 bench-process -t 0.05 -p "$tmp/none" >"$tmp/out" 2>&1 || status=$?
check "so is one that is not there" [ $status -eq 1 ]
echo "1..$n"
