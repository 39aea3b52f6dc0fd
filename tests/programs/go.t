#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Go: a net/http server and client, statically linked, with Go's own system calls,
# scheduler, poller and resolver.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need go curl openssl /usr/bin/python3
begin
cat > "$T/web.go" <<'END'
package main

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

func get(c *http.Client, url string, want string) error {
	r, err := c.Get(url)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	h := sha256.New()
	if _, err := io.Copy(h, r.Body); err != nil {
		return err
	}
	if fmt.Sprintf("%x", h.Sum(nil)) != want {
		return fmt.Errorf("%s: not what it should be", url)
	}
	return nil
}

func main() {
	if os.Args[1] == "serve" {
		http.Handle("/", http.FileServer(http.Dir(os.Args[2])))
		http.HandleFunc("/quit", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintln(w, "bye")
			go func() { time.Sleep(50 * time.Millisecond); os.Exit(0) }()
		})
		fmt.Println(http.ListenAndServe(":8080", nil))
		os.Exit(1)
	}
	pem, _ := os.ReadFile(os.Args[2])
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	c := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
	var wg sync.WaitGroup
	status := 0
	for i := 0; i < 10; i++ {
		for _, url := range os.Args[4:] {
			wg.Add(1)
			go func(url string) {
				defer wg.Done()
				if err := get(c, url, os.Args[3]); err != nil {
					fmt.Println(err)
					status = 1
				}
			}(url)
		}
	}
	wg.Wait()
	os.Exit(status)
}
END
if ! (cd "$T" && HOME=$T GOCACHE=${GOCACHE:-${XDG_CACHE_HOME:-/var/tmp}/nuse-test-go} GOFLAGS=-mod=mod \
	GO111MODULE=off CGO_ENABLED=0 go build -o web web.go) > "$T/out" 2>&1; then
	fail "go build"
	show "$T/out"
	finish
fi
peer_http

start_nuse "$T/web" serve "$T/www"
check "Go listens" wait_for 10 we_accept 8080
for url in http://$OUR4:8080/big "http://[$OUR6]:8080/big"; do
	peer curl -sS --max-time 60 -o "$T/got" "$url" || :
	check "Go serves $url" same_file "$T/got" "$T/www/big"
done
if command -v wrk > /dev/null; then
	peer wrk --timeout 30s -t 1 -c 32 -d 1s http://$OUR4:8080/hello > "$T/wrk" 2>&1 || :
	requests=$(awk '/requests in/ { print $1 }' "$T/wrk")
	check "Go under wrk: ${requests:-0} requests" test "${requests:-0}" -ge 100
	check "Go under wrk: no errors" sh -c "! grep -E 'Non-2xx|Socket errors' '$T/wrk'"
fi
peer curl -sS --max-time 60 -o /dev/null http://$OUR4:8080/quit || :
await_nuse
check "Go exits" ran_well
proved "Go as server" snmp.Tcp.PassiveOpens 3

want=$(sha256sum "$T/www/big" | cut -d' ' -f1)
run_nuse "$T/web" get "$T/cert.pem" "$want" http://$PEER4:8000/big "https://[$PEER6]:8443/big"
check "Go as client: 20 requests at once" ran_well
proved "Go as client" snmp.Tcp.ActiveOpens 20
finish
