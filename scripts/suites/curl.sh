#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Build curl and the servers of its test suite: curl.sh DIR.  Leaves DIR/src/curl and
# DIR/tests, of which curl.sh DIR COPY makes a copy to run in, with the names of the
# hosts of the two sides: curl.sh DIR COPY SERVER4 SERVER6 CLIENT4 CLIENT6.
#
# The suite knows that servers and curl can be on two hosts, but has no option for
# it: four variables at the head of runtests.pl are to be edited.
set -eu

dir=$1
top=$(cd "$(dirname "$0")" && pwd)
if [ ! -e "$dir/built" ]; then
	mkdir -p "$dir"
	"$top/source.sh" curl "$dir/../src/curl"
	cd "$dir"
	../src/curl/configure -q --disable-shared --enable-static --disable-dependency-tracking \
		--with-openssl --with-zlib --without-nghttp2 --without-libpsl --without-librtmp \
		--without-brotli --without-zstd --without-libidn2 --disable-ldap --disable-manual \
		CFLAGS='-O1 -w'
	for part in lib src tests/server; do
		make -s -j"${JOBS:-$(nproc)}" -C "$part"
	done
	touch built
fi
[ $# -gt 1 ] || exit 0

dir=$(cd "$dir" && pwd)
copy=$2
mkdir -p "$copy/tests"
ln -s "$dir/src" "$dir/lib" "$dir/curl-config" "$copy"
ln -s "$dir/tests/server" "$dir/tests/libtest" "$dir/tests/config" "$dir/tests/configurehelp.pm" \
	"$copy/tests"
sed -e "s/^my \\\$HOSTIP=.*/my \$HOSTIP='$3';/" -e "s/^my \\\$HOST6IP=.*/my \$HOST6IP='[$4]';/" \
	-e "s/^my \\\$CLIENTIP=.*/my \$CLIENTIP='$5';/" -e "s/^my \\\$CLIENT6IP=.*/my \$CLIENT6IP='[$6]';/" \
	"$dir/../src/curl/tests/runtests.pl" > "$copy/tests/runtests.pl"
for line in "HOSTIP='$3'" "HOST6IP='[$4]'" "CLIENTIP='$5'" "CLIENT6IP='[$6]'"; do
	grep -qF "$line" "$copy/tests/runtests.pl" || {
		echo "curl.sh: runtests.pl does not say where its servers are as it used to" >&2
		exit 1
	}
done
