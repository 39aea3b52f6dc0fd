#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The command line: what is refused and how, what --dry-run and the others print.
# Needs no kernel.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
unset NUSECONF NUSE_TRACE NUSE_HOSTNET NUSE_KERNELS LIBOS_LIBRARY
room=$(cd "${0%/*}/.." && pwd)

# refuse TEXT PATTERN ARGUMENT... - exit status 125 and one line that matches
refuse()
{
	what=$1
	pattern=$2
	shift 2
	run "$NUSE" "$@"
	check "$what: exit status 125" ended 125
	check "$what: one line that says it" said "$pattern"
}

# shellcheck disable=SC2317 # called by name
said()
{
	one_line && err_has "$1"
}

refuse "no program" "found no program to run, expected one, see nuse --help"
refuse "unknown option" "found option '--frobnicate', expected" --frobnicate true
refuse "unknown letter" "found option '-x', expected" -x true
refuse "no argument" "found option '-c' without its argument" -c
refuse "no argument, long" "found option '--kernel' without its argument" --kernel
refuse "-c of no file" "$T/none: cannot open the configuration: No such file" -c "$T/none" true
refuse "-o without =" "-o foo: found no '=', expected KEY=VALUE" -o foo true
refuse "-o with a bad value" "-o eth0.mtu=1: mtu: found '1', expected" -o eth0.mtu=1 true
refuse "--pcap without =" "pcap: found 'x', expected INTERFACE=FILE" --pcap x true
refuse "--trace of a word" "trace: found 'loud', expected all or stack" --trace=loud true
refuse "--intercept of a word" "intercept: found 'x', expected auto, trap" --intercept x true
refuse "--kernel that is not there" "kernel '1.2.3': found no such kernel, expected one that" --kernel 1.2.3 true
refuse "--kernel of no file" "kernel ./none/liblinux.so: No such file" --kernel ./none/liblinux.so true
refuse "--name of a bad name" "name: found 'a/b', expected 1 to 32 letters" --name a/b true
refuse "--attach of a bad name" "attach: found '', expected 1 to 32" --attach '' true
refuse "--stop of a bad name" "stop: found '.x', expected" --stop .x
refuse "--attach and --name" "attach: found a second name" --name a --attach b true
refuse "--attach without a program" "found no program to run" --attach a
refuse "--attach with a configuration" "attach: found an option of a new stack's" --attach a -c /dev/null true
refuse "--attach with -o" "attach: found an option of a new stack's" --attach a -o log=1 true
refuse "--daemon without a name" "daemon: found no --name, expected one" --daemon
refuse "--daemon with a program" "daemon: found the program 'cat', expected none; to run it: nuse --attach a" --daemon --name a cat
refuse "--daemon with --attach" "daemon: found no --name" --attach a --daemon
refuse "--log-file without --daemon" "log-file: found without --daemon" --log-file /dev/null true
refuse "--log-file that cannot be written" "log-file: cannot write /nonexistent/log: No such" --log-file /nonexistent/log --daemon --name a
refuse "--list with a program" "list: found a program, expected none" --list true
refuse "--json without --list" "json: found without --list" --json true
export XDG_RUNTIME_DIR="$T"
refuse "--attach to nobody" "found no stack named nobody, expected one that nuse --list shows" --attach nobody true
refuse "--stop of nobody" "found no stack named nobody" --stop nobody
run "$NUSE" --list
check "--list of nothing: exit status" ended 0
check "--list of nothing: nothing" test ! -s "$T/out"
run "$NUSE" --list --json
check "--list --json of nothing: an empty array" eval 'ended 0 && out_has "^\[\]$"'
check "asking makes no directory" test ! -e "$T/libos"
printf 'not an ELF file\n' > "$T/liblinux.so"
refuse "--kernel of another file" "not a kernel library" --kernel "$T/liblinux.so" true
printf 'interface eth0\naddress 10.0.0.1\n' > "$T/bad.conf"
refuse "a mistake in a file" "$T/bad.conf:2: address: found 10.0.0.1 without a prefix length" -c "$T/bad.conf" true
run env NUSECONF="$T/bad.conf" "$NUSE" true
check "NUSECONF is read" eval "ended 125 && err_has '$T/bad.conf:2: address'"
run env NUSECONF="$T/bad.conf" "$NUSE" -n -c /dev/null
check "-c goes before NUSECONF" ended 0
run env NUSECONF= "$NUSE" -n
check "an empty NUSECONF is none" ended 0
run env NUSE_HOSTNET=127.0.0.0/8,::1 "$NUSE" -n
check "NUSE_HOSTNET is bypass" eval "out_has '^bypass 127.0.0.0/8$' && out_has '^bypass ::1/128$'"
run env NUSE_HOSTNET=here "$NUSE" -n
check "NUSE_HOSTNET is checked" eval "ended 125 && err_has \"bypass: found 'here'\""
run env NUSE_TRACE=much "$NUSE" -n
check "NUSE_TRACE is checked" eval "ended 125 && err_has 'NUSE_TRACE: found'"

run "$NUSE" -n
check "--dry-run without anything: SLIRP" eval "ended 0 && out_has '^    viftype SLIRP$' && out_has 'address 10.0.2.15/24'"
run "$NUSE" -n -o eth0.viftype=TAP -o eth0.address=10.0.0.1/24 --pcap 'eth0=a b.pcapng' cat /nonexistent
check "--dry-run: options" eval "out_has 'address 10.0.0.1/24' && out_has 'pcap \"a b.pcapng\"'"
check "--dry-run: the program" out_has '^# program: (/usr)?/bin/cat /nonexistent$'
run "$NUSE" -n no-such-program-here
check "--dry-run: a program that is not there" out_has '^# program: no-such-program-here \(not found\)$'
run "$NUSE" --dry-run --kernel 9.9
check "--dry-run: a kernel that is not there" eval "ended 0 && out_has '^# no kernel: kernel .9\.9.: found no such kernel'"

for file in "$room"/examples/*.conf; do
	run "$NUSE" -n -c "$file"
	cp "$T/out" "$T/first"
	grep -v '^#' "$T/first" > "$T/again.conf"
	run "$NUSE" -n -c "$T/again.conf"
	check "--dry-run of $(basename "$file") reads back" eval "ended 0 && cmp -s '$T/out' '$T/first'"
done

run "$NUSE" --help
check "--help" eval "ended 0 && out_has '^Usage: nuse ' && out_has '125'"
run "$NUSE" -h -o broken
check "--help whatever else there is" ended 0
run "$NUSE" --version
check "--version" eval "ended 0 && out_has '^nuse [0-9]'"

mkdir -p "$T/kernels/9.9-tiny" "$T/kernels/9.10-full" "$T/kernels/not-a-kernel"
: > "$T/kernels/9.9-tiny/liblinux.so"
: > "$T/kernels/9.10-full/liblinux.so"
: > "$T/kernels/liblinux-9.8-debug.so"
run env NUSE_KERNELS="$T/kernels" "$NUSE" --list-kernels
check "--list-kernels" eval "out_has '^9.9-tiny . $T/kernels/9.9-tiny/liblinux.so$' && out_has '^9.8-debug . '"
for pair in 9.9=9.9-tiny/liblinux.so 9.10=9.10-full/liblinux.so 9.8=liblinux-9.8-debug.so 9.9-tiny=9.9-tiny/liblinux.so; do
	run env NUSE_KERNELS="/nonexistent::$T/kernels" "$NUSE" -n --kernel "${pair%%=*}"
	check "--kernel ${pair%%=*} is ${pair#*=}" out_has "^# kernel: $T/kernels/${pair#*=} "
done
run env LIBOS_LIBRARY="$T/liblinux.so" "$NUSE" -n
check "LIBOS_LIBRARY is the default" out_has "^# kernel: $T/liblinux.so "
run sh -c "'$NUSE' --help > /dev/full"
check "a full disk is noticed" ended 125
finish
