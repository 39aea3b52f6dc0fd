#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# apache2, prefork: children that take turns to accept from inherited listeners, a
# graceful restart, and CGI programs, which are children of children.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need apache2 ab curl
begin
LIMIT=60
MODS=/usr/lib/apache2/modules
head -c 300000 /dev/urandom > "$T/data"
chmod 755 "$T"
mkdir "$T/cgi"
cat > "$T/cgi/addr" <<'END'
#!/bin/sh
printf 'Content-Type: text/plain\r\n\r\n'
echo "$REMOTE_ADDR"
ip -4 -o address show dev eth0
END
chmod 755 "$T/cgi" "$T/cgi/addr"
cat > "$T/apache.conf" <<END
ServerRoot $T
ServerName apache.test
PidFile $T/apache.pid
DefaultRuntimeDir $T
ErrorLog $T/error.log
LoadModule mpm_prefork_module $MODS/mod_mpm_prefork.so
LoadModule authz_core_module $MODS/mod_authz_core.so
LoadModule alias_module $MODS/mod_alias.so
LoadModule cgi_module $MODS/mod_cgi.so
Listen 0.0.0.0:80
Listen [::]:81
User www-data
Group www-data
StartServers 3
MinSpareServers 2
MaxSpareServers 4
MaxRequestWorkers 8
DocumentRoot $T
ScriptAlias /cgi/ $T/cgi/
END

# Told to end, it ends all of its process group.
start_nuse setsid apache2 -D FOREGROUND -f "$T/apache.conf"
check "apache2 accepts" wait_for 10 we_accept 80
for url in http://$OUR4/data "http://[$OUR6]:81/data"; do
	rm -f "$T/got"
	peer curl -sS --max-time 60 -o "$T/got" "$url" 2> "$T/out" || :
	check "apache2 gives $url as it is" same_file "$T/got" "$T/data"
done
check "children by prefork" wait_for 5 sh -c \
	"test \$(wc -w < /proc/$(cat "$T/apache.pid")/task/$(cat "$T/apache.pid")/children) -ge 3"

peer curl -sS --max-time 60 http://$OUR4/cgi/addr > "$T/got" 2>&1 || :
check "CGI: knows the peer" grep -qx $PEER4 "$T/got"
check "CGI: its programs are on the stack" grep -q "$OUR4/24" "$T/got"

peer ab -q -s 60 -n 600 -c 8 http://$OUR4/data > "$T/ab" 2>&1 || :
check "ab: 600 files, none failed" sh -c \
	"grep -q '^Complete requests: *600$' '$T/ab' && grep -q '^Failed requests: *0$' '$T/ab' && ! grep -q Non-2xx '$T/ab'"
check "apache2: as many processes as asked" sh -c \
	"test \$(wc -w < /proc/$(cat "$T/apache.pid")/task/$(cat "$T/apache.pid")/children) -le 9"

# A graceful restart: children finish what they have.
peer ab -q -s 60 -n 400 -c 4 http://$OUR4/data > "$T/ab" 2>&1 &
ab=$!
wait_for 5 sh -c "ip netns exec $NS ss -Htn 'dport = :80' | grep -q ." || :
kill -USR1 "$(cat "$T/apache.pid")"
wait $ab || :
check "graceful restart: no request lost" sh -c \
	"grep -q '^Complete requests: *400$' '$T/ab' && grep -q '^Failed requests: *0$' '$T/ab' && ! grep -q Non-2xx '$T/ab'"
check "graceful restart: it is said in the log" wait_for 5 grep -q 'Graceful restart requested' "$T/error.log"
check "after that, an answer" peer curl -sS --max-time 60 -o "$T/got" http://$OUR4/data
check "no child died of a signal" sh -c "! grep 'exit signal' '$T/error.log'"
[ $failed -eq 0 ] || show "$T/error.log" "$T/ab"
stop_nuse TERM
check "apache2 stops when told" test "$status" -eq 0
proved "apache2" snmp.Tcp.PassiveOpens 1000
finish
