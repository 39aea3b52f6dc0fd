#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Text that was rewritten once for all children (image.c): it is used where it can be,
# and nothing differs.
# shellcheck disable=SC2016 # what is in single quotes is for other interpreters
set -eu
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

P=$B/tests/prog-image
text() { # text NAME WANTED COMMAND...: what the child's libc is
	local name=$1 want=$2 got
	shift 2
	got=$(timeout 60 "$@" | head -n 1) || true
	ok "$([ "$got" = "$want" ]; echo $?)" "$name${got:+ ($got)}"
}

text "the text of a child's libc is the image" image "$GRUN" "$P" run text
text "that of the first program is the file" file "$GRUN" "$P" text
text "a grandchild has it, through a shell" image "$GRUN" sh -c '"$1" text; true' sh "$P"
# Another library in front of it.
text "at another address, too" image "$GRUN" env LD_PRELOAD=libm.so.6 "$P" run text
text "and where only the child's is" image "$GRUN" sh -c 'LD_PRELOAD=libm.so.6 "$1" text; true' sh "$P"
text "nothing is rewritten: no image" file "$GRUN" -n "$P" run text
text "no large files may be made: no image" file sh -c 'ulimit -f 2048; exec "$@"' sh "$GRUN" "$P" run text

for c in work write again; do
	same "$c, in a child" -- "$P" run "$c"
	same "$c, at another address" -- env LD_PRELOAD=libm.so.6 "$P" run "$c"
	same "$c, moved" -- sh -c 'LD_PRELOAD=libm.so.6 "$1" run "$2"; "$1" run "$2"' sh "$P" "$c"
	same "$c, seccomp" -c -- "$P" run "$c"
done

# The file is replaced under a process that has it mapped: its image is not the new one's.
libc=$(ldd "$P" | sed -n 's/.*libc.so.6 => \([^ ]*\).*/\1/p')
cp "$libc" "$TMP/libc.so.6"
got=$(timeout 60 "$GRUN" env LD_LIBRARY_PATH="$TMP" sh -c '
	"$1" text; cp "$2/libc.so.6" "$2/next"; mv "$2/next" "$2/libc.so.6"; "$1" text' sh "$P" "$TMP" |
	xargs) || true
ok "$([ "$got" = "image file" ]; echo $?)" "a file that is replaced ($got)"
finish
