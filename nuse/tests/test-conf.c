// SPDX-License-Identifier: GPL-2.0-only
/*
 * nuse.conf: for each key what it becomes, for each mistake what is said.
 *
 * Texts are read, checked, printed in canonical form and compared; what was
 * printed is read and printed again, which must change nothing.  The last tests
 * go through the tables of keys: none may lack a good and a bad case here.
 */
#include <string.h>
#include "nuse/key.h"
#include "nuse/tests/tap.h"

/* A text and what it is printed as. */
struct good {
	const char *name, *text, *printed;
};

#define IF(keys) "interface eth0\n viftype TAP\n" keys
#define SL(keys) "interface eth0\n viftype SLIRP\n" keys
#define MS(keys) "interface eth0\n viftype MULTISTACK\nport valem:vp0\naddress 10.0.0.1/24\n" keys
#define MSHEAD "interface eth0\n    viftype MULTISTACK\n    address 10.0.0.1/24\n    port valem:vp0\n"
#define TAPHEAD "interface eth0\n    viftype TAP\n    hostif nuse-eth0\n"
#define SLHEAD "interface eth0\n    viftype SLIRP\n"
#define SLADDR "    address 10.0.2.15/24\n    address fec0::15/64\n" \
	       "    gateway 10.0.2.2\n    gateway fec0::2\n"
#define FALLBACK SLHEAD SLADDR "\n"
#define NONE "fallback none\n"

static const struct good good[] = {
	{ "the seed's own example",
	  "# Interface definition.\n"
	  "interface eth0\naddress 192.168.0.10\nnetmask 255.255.255.0\n"
	  "macaddr 00:01:01:01:01:01\nviftype TAP\n\n"
	  "interface p1p1\naddress 172.16.0.1\nnetmask 255.255.255.0\n"
	  "macaddr 00:01:01:01:01:02\n\n"
	  "# route entry definition.\n"
	  "route\nnetwork 0.0.0.0\nnetmask 0.0.0.0\ngateway 192.168.0.1\n",
	  TAPHEAD "    address 192.168.0.10/24\n    macaddr 00:01:01:01:01:01\n\n"
	  "interface p1p1\n    viftype RAW\n    hostif p1p1\n    address 172.16.0.1/24\n"
	  "    macaddr 00:01:01:01:01:02\n\n"
	  "route\n    network 0.0.0.0/0\n    gateway 192.168.0.1\n\n" },
	{ "nothing at all", "", FALLBACK },
	{ "comments and blank lines only", "\n# a\n\n   # b\n\t\n", FALLBACK },
	{ "fallback none", "fallback none\n", NONE },
	{ "fallback SLIRP", "fallback SLIRP\n", FALLBACK },
	{ "no newline at the end", "fallback none", NONE },
	{ "lines of a DOS file", "interface eth0\r\nviftype TAP\r\n\r\nlog 4\r\n",
	  "log 4\n" TAPHEAD "\n" },
	{ "a comment does not end a block", IF("# c\n mtu 900\n"), TAPHEAD "    mtu 900\n\n" },
	{ "a comment after a value", IF(" mtu 900 # bytes\n"), TAPHEAD "    mtu 900\n\n" },
	{ "a block ends the one before it", IF("interface eth1\n"),
	  TAPHEAD "\ninterface eth1\n    viftype RAW\n    hostif eth1\n\n" },
	{ "viftype in lower case", "interface eth0\nviftype tap\n", TAPHEAD "\n" },
	{ "viftype RAW is the default", "interface eth0\n",
	  "interface eth0\n    viftype RAW\n    hostif eth0\n\n" },
	{ "address with a prefix", IF("address 10.1.2.3/8\n"),
	  TAPHEAD "    address 10.1.2.3/8\n\n" },
	{ "address of IPv6", IF("address 2001:DB8:0::1/64\n"),
	  TAPHEAD "    address 2001:db8::1/64\n\n" },
	{ "netmask before the address", IF("netmask 255.255.0.0\naddress 10.1.2.3\n"),
	  TAPHEAD "    address 10.1.2.3/16\n\n" },
	{ "netmask of several addresses",
	  IF("address 10.1.0.1\naddress 10.2.0.1\naddress 10.3.0.1/30\nnetmask 255.255.0.0\n"),
	  TAPHEAD "    address 10.1.0.1/16\n    address 10.2.0.1/16\n    address 10.3.0.1/30\n\n" },
	{ "a host address of a /31 and a /32", IF("address 10.0.0.0/31\naddress 10.9.9.9/32\n"),
	  TAPHEAD "    address 10.0.0.0/31\n    address 10.9.9.9/32\n\n" },
	{ "macaddr", IF("macaddr 02:aB:00:00:00:ff\n"), TAPHEAD "    macaddr 02:ab:00:00:00:ff\n\n" },
	{ "mtu at its least", IF("mtu 68\n"), TAPHEAD "    mtu 68\n\n" },
	{ "mtu at its most", IF("mtu 65535\n"), TAPHEAD "    mtu 65535\n\n" },
	{ "mtu 1280 with IPv6", IF("mtu 1280\naddress fd00::1/64\n"),
	  TAPHEAD "    address fd00::1/64\n    mtu 1280\n\n" },
	{ "txqueuelen", IF("txqueuelen 10\n"), TAPHEAD "    txqueuelen 10\n\n" },
	{ "queues", IF("queues 2\n"), TAPHEAD "    queues 2\n\n" },
	{ "offloads csum", IF("offloads csum\n"), TAPHEAD "    offloads csum\n\n" },
	{ "offloads off", IF("offloads off\n"), TAPHEAD "    offloads off\n\n" },
	{ "offloads on", IF("offloads on\n"), TAPHEAD "\n" },
	{ "gateway", IF("address 10.0.0.2/24\ngateway 10.0.0.1\n"),
	  TAPHEAD "    address 10.0.0.2/24\n    gateway 10.0.0.1\n\n" },
	{ "gateways of both families, one link-local",
	  IF("address 10.0.0.2/24\naddress fd00::2/64\ngateway fe80::1\ngateway 10.0.0.1\n"),
	  TAPHEAD "    address 10.0.0.2/24\n    address fd00::2/64\n    gateway fe80::1\n    gateway 10.0.0.1\n\n" },
	{ "hostif of a TAP", IF("hostif tap7\n"),
	  "interface eth0\n    viftype TAP\n    hostif tap7\n\n" },
	{ "hostif of a RAW", "interface eth0\nhostif enp3s0\n",
	  "interface eth0\n    viftype RAW\n    hostif enp3s0\n\n" },
	{ "hostaddr", IF("address 10.0.0.2/24\nhostaddr 10.0.0.1/24\nhostaddr fd00::1/64\n"),
	  TAPHEAD "    hostaddr 10.0.0.1/24\n    hostaddr fd00::1/64\n    address 10.0.0.2/24\n\n" },
	{ "bridge", IF("bridge br0\n"), TAPHEAD "    bridge br0\n\n" },
	{ "pipepath", "interface eth0\nviftype PIPE\npipepath /tmp/a\\ b\n",
	  "interface eth0\n    viftype PIPE\n    pipepath \"/tmp/a b\"\n\n" },
	{ "pipefd of two", "interface eth0\nviftype PIPE\npipefd 3 4\n",
	  "interface eth0\n    viftype PIPE\n    pipefd 3 4\n\n" },
	{ "pipefd of one", "interface eth0\nviftype PIPE\npipefd 5\n",
	  "interface eth0\n    viftype PIPE\n    pipefd 5 5\n\n" },
	{ "pipefd stdin", "interface eth0\nviftype PIPE\npipefd stdin\n",
	  "interface eth0\n    viftype PIPE\n    pipefd stdin\n\n" },
	{ "pipefd stdout", "interface eth0\nviftype PIPE\npipefd stdout\n",
	  "interface eth0\n    viftype PIPE\n    pipefd stdout\n\n" },
	{ "pcap", IF("pcap 'a \"b.pcapng'\n"), TAPHEAD "    pcap \"a \\\"b.pcapng\"\n\n" },
	{ "SLIRP with the default addresses", SL(""), FALLBACK },
	{ "SLIRP with one address", SL("address 10.0.2.99\nnetmask 255.255.255.0\n"),
	  SLHEAD "    address 10.0.2.99/24\n    gateway 10.0.2.2\n\n" },
	{ "hostfwd with both ports", SL("hostfwd tcp 8080 80\n"),
	  SLHEAD SLADDR "    hostfwd tcp 127.0.0.1:8080 80\n\n" },
	{ "hostfwd with one port", SL("hostfwd udp 53\n"),
	  SLHEAD SLADDR "    hostfwd udp 127.0.0.1:53 53\n\n" },
	{ "hostfwd with one port and an address", SL("hostfwd TCP 0.0.0.0:8443\n"),
	  SLHEAD SLADDR "    hostfwd tcp 0.0.0.0:8443 8443\n\n" },
	{ "hostfwd with both addresses", SL("hostfwd tcp 127.0.0.2:1 10.0.2.15:65535\n"),
	  SLHEAD SLADDR "    hostfwd tcp 127.0.0.2:1 10.0.2.15:65535\n\n" },
	{ "hostfwd of IPv6", SL("hostfwd tcp [::1]:8080 [fec0::15]:80\n"),
	  SLHEAD SLADDR "    hostfwd tcp [::1]:8080 [fec0::15]:80\n\n" },
	{ "MULTISTACK", MS("tuple tcp 10.0.0.1:8080\n"),
	  MSHEAD "    tuple tcp 10.0.0.1:8080\n\n" },
	{ "tuples of all kinds, a range, IPv6",
	  MS("address fd00::1/64\ntuple TCP 10.0.0.1:40000-40999\ntuple udp 10.0.0.1:40000\n"
	     "tuple udplite [FD00::1]:7-7\ntuple sctp 10.0.0.1:0x10\ntuple dccp 10.0.0.1:5001\ngateway 10.0.0.2\n"),
	  "interface eth0\n    viftype MULTISTACK\n    address 10.0.0.1/24\n    address fd00::1/64\n"
	  "    gateway 10.0.0.2\n    port valem:vp0\n    tuple tcp 10.0.0.1:40000-40999\n"
	  "    tuple udp 10.0.0.1:40000\n    tuple udplite [fd00::1]:7\n    tuple sctp 10.0.0.1:16\n    tuple dccp 10.0.0.1:5001\n\n" },
	{ "tuples of 1024 ports", MS("tuple tcp 10.0.0.1:1-1024\n"),
	  MSHEAD "    tuple tcp 10.0.0.1:1-1024\n\n" },
	{ "loss both ways", IF("loss 0.1%\n"),
	  TAPHEAD "    loss rx 0.1000%\n    loss tx 0.1000%\n\n" },
	{ "loss one way", IF("loss tx 100%\n"), TAPHEAD "    loss tx 100.0000%\n\n" },
	{ "loss each way", IF("loss tx 1%\nloss rx 2.5%\n"),
	  TAPHEAD "    loss rx 2.5000%\n    loss tx 1.0000%\n\n" },
	{ "delay", IF("delay rx 1.5ms\n"), TAPHEAD "    delay rx 1500000ns\n\n" },
	{ "jitter", IF("delay tx 1s\njitter tx 250us\n"),
	  TAPHEAD "    delay tx 1000000000ns\n    jitter tx 250000ns\n\n" },
	{ "reorder", IF("reorder rx 1%\n"), TAPHEAD "    reorder rx 1.0000%\n\n" },
	{ "reorder with a time", IF("reorder rx 1% 5ms\n"),
	  TAPHEAD "    reorder rx 1.0000% 5000000ns\n\n" },
	{ "duplicate", IF("duplicate rx 1%\n"), TAPHEAD "    duplicate rx 1.0000%\n\n" },
	{ "corrupt", IF("corrupt rx 0.0001%\n"), TAPHEAD "    corrupt rx 0.0001%\n\n" },
	{ "rate", IF("rate tx 1.5Mbit\n"), TAPHEAD "    rate tx 1500000bit\n\n" },
	{ "limit", IF("limit tx 20\n"), TAPHEAD "    limit tx 20\n\n" },
	{ "seed", IF("seed 0xff\n"), TAPHEAD "    seed 255\n\n" },
	{ "a route on one line", IF("address 10.0.0.2/24\n\nroute default via 10.0.0.1\n"),
	  TAPHEAD "    address 10.0.0.2/24\n\nroute\n    network 0.0.0.0/0\n    gateway 10.0.0.1\n\n" },
	{ "a route with all keys",
	  IF("address fd00::2/64\n\nroute\nnetwork 2001:db8::/32\ngateway fe80::9\ndev eth0\nmetric 5\n"),
	  TAPHEAD "    address fd00::2/64\n\nroute\n    network 2001:db8::/32\n    gateway fe80::9\n    dev eth0\n    metric 5\n\n" },
	{ "a route onto the link", IF("\nroute 192.0.2.0/24 dev eth0\n"),
	  TAPHEAD "\nroute\n    network 192.0.2.0/24\n    dev eth0\n\n" },
	{ "a default route of IPv6", IF("address fd00::2/64\n\nroute\nnetwork default\ngateway fd00::1\n"),
	  TAPHEAD "    address fd00::2/64\n\nroute\n    network ::/0\n    gateway fd00::1\n\n" },
	{ "a route to a host", IF("address 10.0.0.2/24\n\nroute\nnetwork 192.0.2.7\nnetmask 255.255.255.255\ngateway 10.0.0.1\n"),
	  TAPHEAD "    address 10.0.0.2/24\n\nroute\n    network 192.0.2.7/32\n    gateway 10.0.0.1\n\n" },
	{ "nameserver", NONE "nameserver 192.0.2.1\nnameserver 2001:db8::53\n",
	  NONE "nameserver 192.0.2.1\nnameserver 2001:db8::53\n" },
	{ "hosts", NONE "hosts 10.0.0.1 peer peer.example\n", NONE "hosts 10.0.0.1 peer peer.example\n" },
	{ "sysctl with a blank", NONE "sysctl net.ipv4.ip_forward 1\n",
	  NONE "sysctl net.ipv4.ip_forward=1\n" },
	{ "sysctl with a list", NONE "sysctl net.ipv4.tcp_rmem 4096 131072 6291456\n",
	  NONE "sysctl \"net.ipv4.tcp_rmem=4096 131072 6291456\"\n" },
	{ "sysctl as in sysctl.conf", NONE "sysctl net.ipv4.ip_forward = 1\nsysctl a/b=c\n",
	  NONE "sysctl net.ipv4.ip_forward=1\nsysctl a/b=c\n" },
	{ "run", NONE "run ip rule add from 10.0.0.1 table 7\nrun sh -c 'a  \"b\"' # no\n",
	  NONE "run ip rule add from 10.0.0.1 table 7\nrun sh -c \"a  \\\"b\\\"\"\n" },
	{ "log by name", NONE "log debug\n", "log 7\n" NONE },
	{ "log by number", NONE "log 0\n", "log 0\n" NONE },
	{ "memory", NONE "memory 64M\n", "memory 67108864\n" NONE },
	{ "memory in bytes, to whole pages", NONE "memory 8388609\n", "memory 8392704\n" NONE },
	{ "bypass", NONE "bypass 127.0.0.0/8 ::1\nbypass 192.0.2.7\n",
	  NONE "bypass 127.0.0.0/8\nbypass ::1/128\nbypass 192.0.2.7/32\n" },
	{ "kernel", NONE "kernel 6.1\n", "kernel 6.1\n" NONE },
	{ "capabilities none", NONE "capabilities none\n", NONE "capabilities none\n" },
	{ "capabilities all", NONE "capabilities all\n", NONE },
	{ "capabilities by name", NONE "capabilities CAP_NET_RAW net_admin\n",
	  NONE "capabilities net_admin net_raw\n" },
};

/* A text and what is said about it. */
struct bad {
	const char *name, *text, *said;
};

static const struct bad bad[] = {
	{ "unknown key", "\nfoo bar\n",
	  "t:2: found 'foo', expected interface, route, or a key that stands outside of blocks" },
	{ "unknown key in an interface", IF("adress 10.0.0.1/8\n"),
	  "t:3: found 'adress', expected a key of an interface block, or a blank line to end it" },
	{ "unknown key in a route", "route\ngw 10.0.0.1\n", "t:2: found 'gw', expected network, netmask" },
	{ "key of an interface outside", "mtu 1500\n",
	  "t:1: found 'mtu', which stands in an interface block, expected" },
	{ "key of a route in an interface", IF("network 10.0.0.0/8\n"),
	  "t:3: found 'network', which stands in a route block, expected" },
	{ "global key in an interface", IF("nameserver 10.0.0.1\n"),
	  "t:3: found 'nameserver', which stands outside of blocks, expected a key of an interface block, or a blank line" },
	{ "unprintable garbage", "\x01\xff\x1b[2J\n", "t:1: found '???[2J', expected" },
	{ "a long word", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
	  "t:1: found 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...', expected" },
	{ "open quote", "run 'a b\n", "t:1: found an opening quote only, expected the closing one" },
	{ "backslash at the end", "run a \\\n", "t:1: found a backslash at the end of the line" },
	{ "interface without name", "interface\n", "t:1: interface: found nothing, expected one name" },
	{ "interface with two names", "interface a b\n", "t:1: interface: found 'b', expected one name" },
	{ "interface with a long name", "interface abcdefghijklmnop\n",
	  "t:1: interface: found 'abcdefghijklmnop', expected a name of 1 to 15 characters" },
	{ "interface with a slash", "interface a/b\n", "t:1: interface: found 'a/b', expected a name" },
	{ "interface lo", "interface lo\n", "t:1: interface: found lo, which every stack has" },
	{ "interface twice", "interface a\n\ninterface a\n",
	  "t:3: interface: found 'a' a second time, expected one block for each interface (the first is at t:1)" },
	{ "interface without a value for a key", IF("mtu\n"), "t:3: mtu: found nothing, expected a number of bytes in 68..65535" },
	{ "two values for a key of one", IF("mtu 1 2\n"), "t:3: mtu: found '2' after the value, expected" },
	{ "mtu twice", IF("mtu 900\nmtu 901\n"),
	  "t:4: mtu: found it a second time, expected it once (the first is on line 3)" },
	{ "address that is none", IF("address 192.168.0\n"),
	  "t:3: address: found '192.168.0', expected an IPv4 or IPv6 address such as 192.168.0.10/24" },
	{ "address with a slide's mark", IF("address 192.168.0.10!\n"), "t:3: address: found '192.168.0.10!', expected" },
	{ "address with a prefix too long", IF("address 10.0.0.1/33\n"), "t:3: address: found '10.0.0.1/33', expected" },
	{ "address with an odd prefix", IF("address 10.0.0.1/08\n"), "t:3: address: found '10.0.0.1/08', expected" },
	{ "address without prefix", IF("address 10.0.0.1\n"),
	  "t:3: address: found 10.0.0.1 without a prefix length, expected a netmask line or an address such as 192.168.0.10/24" },
	{ "address of IPv6 with a netmask", IF("address fd00::1\nnetmask 255.0.0.0\n"),
	  "t:3: address: found fd00::1 without a prefix length, expected an address such as 2001:db8::1/64 (a netmask is for IPv4)" },
	{ "address of prefix 0", IF("address 10.0.0.1/0\n"), "t:3: address: found 10.0.0.1/0, whose network is everything" },
	{ "address of a network", IF("address 10.0.0.0/24\n"), "t:3: address: found 10.0.0.0/24, which is the network itself" },
	{ "address of broadcast", IF("address 10.0.0.255/24\n"), "t:3: address: found 10.0.0.255/24, which is the network's broadcast address" },
	{ "address of multicast", IF("address 224.0.0.1/24\n"), "t:3: address: found 224.0.0.1/24, a multicast address" },
	{ "address of multicast, IPv6", IF("address ff02::1/64\n"), "t:3: address: found ff02::1/64, a multicast address" },
	{ "address unspecified", IF("address ::/64\n"), "t:3: address: found ::/64, which stands for any address" },
	{ "address of all ones", IF("address 255.255.255.255/32\n"), "t:3: address: found the broadcast address 255.255.255.255/32" },
	{ "address twice", IF("address 10.0.0.1/24\n\ninterface eth1\naddress 10.0.0.1/8\n"),
	  "t:6: address: found 10.0.0.1/8 a second time, expected each address once (the first is at t:3)" },
	{ "netmask not contiguous", IF("address 10.0.0.1\nnetmask 255.0.255.0\n"),
	  "t:4: netmask: found '255.0.255.0', whose one bits are not contiguous, expected a mask such as" },
	{ "netmask of IPv6", IF("netmask ffff::\n"), "t:3: netmask: found 'ffff::', expected an IPv4 netmask" },
	{ "netmask without an address", IF("netmask 255.0.0.0\n"), "t:3: netmask: found it without an IPv4 address that needs it" },
	{ "netmask that nothing needs", IF("address 10.0.0.1/8\nnetmask 255.0.0.0\n"), "t:4: netmask: found it without an IPv4 address that needs it" },
	{ "macaddr too short", IF("macaddr 02:00:00:00:00\n"), "t:3: macaddr: found '02:00:00:00:00', expected six bytes such as" },
	{ "macaddr too long", IF("macaddr 02:00:00:00:00:00:00\n"), "t:3: macaddr: found '02:00:00:00:00:00:00', expected" },
	{ "macaddr of a group", IF("macaddr 01:00:5e:00:00:01\n"), "t:3: macaddr: found '01:00:5e:00:00:01', a group address" },
	{ "macaddr of zeroes", IF("macaddr 00:00:00:00:00:00\n"), "t:3: macaddr: found all zeroes" },
	{ "macaddr twice", IF("macaddr 02:00:00:00:00:01\n\ninterface b\nviftype TAP\nmacaddr 02:00:00:00:00:01\n"),
	  "t:7: macaddr: found the address of interface eth0, expected one of its own" },
	{ "viftype unknown", "interface a\nviftype VETH\n", "t:2: viftype: found 'VETH', expected RAW, TAP, PIPE, SLIRP or MULTISTACK" },
	{ "viftype NETMAP", "interface a\nviftype NETMAP\n", "t:2: viftype: found NETMAP, which is not in this build, expected RAW, TAP, PIPE, SLIRP or MULTISTACK" },
	{ "viftype DPDK", "interface a\nviftype dpdk\n", "t:2: viftype: found DPDK, which is not in this build" },
	{ "viftype AF_XDP", "interface a\nviftype AF_XDP\n", "t:2: viftype: found AF_XDP, which is not in this build" },
	{ "mtu too small", IF("mtu 67\n"), "t:3: mtu: found '67', expected a number of bytes in 68..65535" },
	{ "mtu too large", IF("mtu 65536\n"), "t:3: mtu: found '65536', expected" },
	{ "mtu with a sign", IF("mtu -5\n"), "t:3: mtu: found '-5', expected" },
	{ "mtu beyond 64 bits", IF("mtu 99999999999999999999999\n"), "t:3: mtu: found '999" },
	{ "mtu too small for IPv6", IF("mtu 1279\naddress fd00::1/64\n"), "t:3: mtu: found 1279 with an IPv6 address, expected at least 1280" },
	{ "txqueuelen of nothing", IF("txqueuelen 0\n"), "t:3: txqueuelen: found '0', expected a number of packets" },
	{ "queues too many", IF("queues 17\n"), "t:3: queues: found '17', expected a number in 1..16" },
	{ "queues of an impaired interface", IF("queues 2\nloss 1%\n"), "t:3: queues: found 2 on an interface with loss" },
	{ "queues of a SLIRP", SL("queues 2\n"), "t:3: queues: found it in interface eth0 of viftype SLIRP, expected it with viftype RAW or TAP" },
	{ "offloads unknown", IF("offloads tso\n"), "t:3: offloads: found 'tso', expected on, csum or off" },
	{ "gateway that is none", IF("gateway router\n"), "t:3: gateway: found 'router', expected an IPv4 or IPv6 address" },
	{ "gateway with a prefix", IF("gateway 10.0.0.1/24\n"), "t:3: gateway: found '10.0.0.1/24', expected" },
	{ "gateway out of reach", IF("address 10.0.0.2/24\ngateway 10.0.1.1\n"),
	  "t:4: gateway: found 10.0.1.1, which is on no network of interface eth0, expected an address that can be reached directly" },
	{ "gateway of the other family", IF("address 10.0.0.2/24\ngateway fd00::1\n"), "t:4: gateway: found fd00::1, which is on no network of interface eth0" },
	{ "gateway that is ourselves", IF("address 10.0.0.2/24\ngateway 10.0.0.2\n"), "t:4: gateway: found 10.0.0.2, the stack's own address" },
	{ "gateway unspecified", IF("address 10.0.0.2/24\ngateway 0.0.0.0\n"), "t:4: gateway: found 0.0.0.0, expected the address of one host" },
	{ "gateway twice", IF("address 10.0.0.2/24\ngateway 10.0.0.1\ngateway 10.0.0.3\n"),
	  "t:5: gateway: found a second one for the same address family, expected one (the first is on line 4)" },
	{ "hostif too long", IF("hostif abcdefghijklmnop\n"), "t:3: hostif: found 'abcdefghijklmnop', expected the name of an interface" },
	{ "hostif of a SLIRP", SL("hostif x\n"), "t:3: hostif: found it in interface eth0 of viftype SLIRP, expected it with viftype RAW or TAP" },
	{ "hostif twice", IF("hostif x\n\ninterface b\nviftype TAP\nhostif x\n"), "t:7: hostif: found x, the TAP device of interface eth0" },
	{ "hostif needed", "interface abcdefghijk\nviftype TAP\n", "t:1: interface abcdefghijk: found no room for the TAP device's name" },
	{ "hostaddr without prefix", IF("hostaddr 10.0.0.1\n"), "t:3: hostaddr: found '10.0.0.1', expected an address with a prefix length" },
	{ "hostaddr of a RAW", "interface a\nhostaddr 10.0.0.1/24\n", "t:2: hostaddr: found it in interface a of viftype RAW, expected it with viftype TAP" },
	{ "hostaddr that is ours", IF("address 10.0.0.1/24\nhostaddr 10.0.0.1/24\n"), "t:4: hostaddr: found 10.0.0.1/24, the stack's own address" },
	{ "hostaddr of a network", IF("hostaddr 10.0.0.0/24\n"), "t:3: hostaddr: found 10.0.0.0/24, which is the network itself" },
	{ "bridge with a slash", IF("bridge a/b\n"), "t:3: bridge: found 'a/b', expected the name of a bridge" },
	{ "bridge of a RAW", "interface a\nbridge b\n", "t:2: bridge: found it in interface a of viftype RAW" },
	{ "pipepath empty", "interface a\nviftype PIPE\npipepath ''\n", "t:3: pipepath: found '', expected a path" },
	{ "pipepath of a TAP", IF("pipepath /tmp/x\n"), "t:3: pipepath: found it in interface eth0 of viftype TAP, expected it with viftype PIPE" },
	{ "pipefd of a word", "interface a\nviftype PIPE\npipefd stderr\n", "t:3: pipefd: found 'stderr', expected stdin, stdout, or file descriptors" },
	{ "pipefd beside pipepath", "interface a\nviftype PIPE\npipefd 3 4\npipepath x\n", "t:3: pipefd: found it beside pipepath" },
	{ "PIPE without an end", "interface a\nviftype PIPE\n", "t:1: interface a: found viftype PIPE without an end, expected a pipepath or a pipefd line" },
	{ "pcap without a file", IF("pcap\n"), "t:3: pcap: found nothing, expected the name of a file" },
	{ "pcap twice", IF("pcap x\n\ninterface b\nviftype TAP\npcap x\n"), "t:7: pcap: found 'x', the capture of interface eth0" },
	{ "hostfwd of another protocol", SL("hostfwd sctp 1 2\n"), "t:3: hostfwd: found 'sctp 1 2', expected tcp|udp [HOSTADDR:]PORT" },
	{ "hostfwd with too little", SL("hostfwd tcp\n"), "t:3: hostfwd: found too little, expected" },
	{ "hostfwd to port 0", SL("hostfwd tcp 0 80\n"), "t:3: hostfwd: found 'tcp 0 80', expected" },
	{ "hostfwd of a bare IPv6 address", SL("hostfwd tcp ::1:80 80\n"), "t:3: hostfwd: found 'tcp ::1:80 80', expected" },
	{ "hostfwd of two families", SL("hostfwd tcp 127.0.0.1:80 [fec0::15]:80\n"), "t:3: hostfwd: found addresses of two families" },
	{ "hostfwd of a TAP", IF("hostfwd tcp 80\n"), "t:3: hostfwd: found it in interface eth0 of viftype TAP, expected it with viftype SLIRP" },
	{ "port without a switch", "interface a\nport vp0\n", "t:2: port: found 'vp0', expected the name of a MultiStack port such as valem:vp0" },
	{ "port without a name", "interface a\nport valem:\n", "t:2: port: found 'valem:', expected" },
	{ "port of a long name", "interface a\nport valem:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", "t:2: port: found 'valem:aaa" },
	{ "port of a TAP", IF("port valem:vp0\n"), "t:3: port: found it in interface eth0 of viftype TAP, expected it with viftype MULTISTACK" },
	{ "port twice", MS("tuple tcp 10.0.0.1:1\n\ninterface b\nviftype MULTISTACK\nport valem:vp0\naddress 10.0.0.3/24\ntuple tcp 10.0.0.3:1\n"),
	  "t:9: port: found 'valem:vp0', the port of interface eth0, expected another one" },
	{ "MULTISTACK without a port", "interface a\nviftype MULTISTACK\n", "t:1: interface a: found viftype MULTISTACK without a port, expected a line such as port valem:vp0" },
	{ "MULTISTACK without a tuple", "interface a\nviftype MULTISTACK\nport valem:vp0\n", "t:1: interface a: found viftype MULTISTACK without a tuple, expected a line such as tuple tcp" },
	{ "MULTISTACK with a macaddr", MS("macaddr 02:00:00:00:00:01\n"), "t:5: macaddr: found it in interface eth0 of viftype MULTISTACK, expected it with viftype RAW, TAP, PIPE or SLIRP (a port has the NIC's)" },
	{ "tuple of a TAP", IF("tuple tcp 10.0.0.1:1\n"), "t:3: tuple: found it in interface eth0 of viftype TAP, expected it with viftype MULTISTACK" },
	{ "tuple of another protocol", MS("tuple icmp 10.0.0.1:1\n"), "t:5: tuple: found 'icmp 10.0.0.1:1', expected tcp|udp|udplite|sctp|dccp ADDRESS:PORT[-PORT]" },
	{ "tuple without an address", MS("tuple tcp 80\n"), "t:5: tuple: found 'tcp 80', expected" },
	{ "tuple of port 0", MS("tuple tcp 10.0.0.1:0\n"), "t:5: tuple: found 'tcp 10.0.0.1:0', expected" },
	{ "tuple of an open range", MS("tuple tcp 10.0.0.1:5-\n"), "t:5: tuple: found 'tcp 10.0.0.1:5-', expected" },
	{ "tuple of two addresses", MS("tuple tcp 10.0.0.1:5-10.0.0.1:6\n"), "t:5: tuple: found 'tcp 10.0.0.1:5-10.0.0.1:6', expected" },
	{ "tuple of a range backwards", MS("tuple tcp 10.0.0.1:6-5\n"), "t:5: tuple: found the ports 6-5, expected the lower one first" },
	{ "tuple of another's address", MS("tuple tcp 10.0.0.9:5\n"), "t:5: tuple: found 10.0.0.9, which is no address of interface eth0, expected one of its address lines" },
	{ "tuple twice", MS("tuple tcp 10.0.0.1:5-9\ntuple udp 10.0.0.1:7\ntuple tcp 10.0.0.1:1-6\n"), "t:7: tuple: found tcp port 5 a second time, expected each once (the first is at t:5)" },
	{ "tuples of too many ports", MS("tuple tcp 10.0.0.1:1-1024\ntuple udp 10.0.0.1:1\n"), "t:6: tuple: found 1025 ports in interface eth0, expected at most 1024" },
	{ "SLIRP on another network", SL("address 192.168.0.1/24\n"), "t:3: address: found 192.168.0.1/24 for viftype SLIRP, expected one in 10.0.2.0/24" },
	{ "SLIRP with the router's address", SL("address 10.0.2.2/24\n"), "t:3: address: found 10.0.2.2/24, the SLIRP router's" },
	{ "loss without unit", IF("loss 0.1\n"), "t:3: loss: found '0.1', expected [rx|tx] and a percentage such as 0.1%" },
	{ "loss above all", IF("loss 100.1%\n"), "t:3: loss: found '100.1%', expected" },
	{ "loss of no direction", IF("loss up 1%\n"), "t:3: loss: found 'up 1%', expected" },
	{ "loss of a direction only", IF("loss rx\n"), "t:3: loss: found 'rx', expected" },
	{ "loss twice", IF("loss 1%\nloss rx 2%\n"), "t:4: loss: found a second value for the rx direction, expected one (the first is on line 3)" },
	{ "delay without unit", IF("delay 10\n"), "t:3: delay: found '10', expected [rx|tx] and a time" },
	{ "delay of two hours", IF("delay 7200s\n"), "t:3: delay: found '7200s', expected" },
	{ "jitter above the delay", IF("delay 1ms\njitter tx 2ms\n"), "t:4: jitter: found more than the delay of the tx direction" },
	{ "jitter of a word", IF("jitter much\n"), "t:3: jitter: found 'much', expected" },
	{ "reorder with a bad time", IF("reorder 1% 5\n"), "t:3: reorder: found '1% 5', expected" },
	{ "duplicate of a fraction", IF("duplicate 1/2\n"), "t:3: duplicate: found '1/2', expected" },
	{ "corrupt too finely", IF("corrupt 0.00001%\n"), "t:3: corrupt: found '0.00001%', expected" },
	{ "rate of bytes", IF("rate 10MB\n"), "t:3: rate: found '10MB', expected [rx|tx] and a rate" },
	{ "rate of nothing", IF("rate 0bit\n"), "t:3: rate: found '0bit', expected" },
	{ "limit of nothing", IF("limit 0\n"), "t:3: limit: found '0', expected" },
	{ "seed of a word", IF("seed x\n"), "t:3: seed: found 'x', expected a number" },
	{ "route without network", IF("address 10.0.0.2/24\n\nroute\ngateway 10.0.0.1\n"), "t:5: route: found no network" },
	{ "route to nowhere", "route\nnetwork 10.0.0.0/8\n", "t:1: route: found neither gateway nor dev" },
	{ "network that is none", "route\nnetwork all\n", "t:2: network: found 'all', expected an address such as 10.0.0.0/8, or default" },
	{ "network without prefix", IF("address 10.0.0.2/24\n\nroute\nnetwork 10.0.0.0\ngateway 10.0.0.1\n"),
	  "t:6: network: found 10.0.0.0 without a prefix length, expected a netmask line" },
	{ "network with host bits", IF("address 10.0.0.2/24\n\nroute\nnetwork 10.1.2.3/8\ngateway 10.0.0.1\n"),
	  "t:6: network: found 10.1.2.3/8 with bits beyond its prefix, expected 10.0.0.0/8" },
	{ "network with prefix and netmask", IF("address 10.0.0.2/24\n\nroute\nnetwork 10.0.0.0/8\nnetmask 255.0.0.0\ngateway 10.0.0.1\n"),
	  "t:7: netmask: found it beside the network 10.0.0.0/8" },
	{ "network of IPv6 with netmask", IF("address fd00::2/64\n\nroute\nnetwork 2001:db8::\nnetmask 255.0.0.0\ngateway fd00::1\n"),
	  "t:7: netmask: found it with the IPv6 network" },
	{ "netmask of a route not contiguous", "route\nnetmask 0.255.0.0\n", "t:2: netmask: found '0.255.0.0', whose one bits" },
	{ "gateway of a route of another family", IF("address fd00::2/64\n\nroute\nnetwork 10.0.0.0/8\ngateway fd00::1\n"),
	  "t:7: gateway: found the IPv6 address fd00::1 for the IPv4 network 10.0.0.0/8, expected both of one family" },
	{ "gateway of a route out of reach", IF("address 10.0.0.2/24\n\nroute default via 10.9.9.9\n"),
	  "t:5: gateway: found 10.9.9.9, which is on no interface's network" },
	{ "gateway of a route link-local", IF("address fd00::2/64\n\nroute default via fe80::1\n"),
	  "t:5: gateway: found the link-local address fe80::1 without an interface" },
	{ "gateway of a route that is no address", "route\ngateway x\n", "t:2: gateway: found 'x', expected" },
	{ "dev unknown", IF("\nroute 10.0.0.0/8 dev eth7\n"), "t:4: dev: found 'eth7', which no interface block defines" },
	{ "dev of a long name", "route\ndev abcdefghijklmnop\n", "t:2: dev: found 'abcdefghijklmnop', expected the name of an interface block" },
	{ "metric 0", "route\nmetric 0\n", "t:2: metric: found '0', expected a number in 1..4294967295" },
	{ "route line with a stray word", "route default over 10.0.0.1\n", "t:1: route: found 'over', expected NETWORK [via GATEWAY]" },
	{ "route line cut short", "route default via\n", "t:1: route: found 'via' without a value" },
	{ "nameserver by name", "nameserver dns\n", "t:1: nameserver: found 'dns', expected an IPv4 or IPv6 address" },
	{ "nameserver, the fourth", "nameserver 1.1.1.1\nnameserver 1.1.1.2\nnameserver 1.1.1.3\nnameserver 1.1.1.4\n",
	  "t:4: nameserver: found a fourth, expected at most 3" },
	{ "hosts without a name", "hosts 10.0.0.1\n", "t:1: hosts: found too little, expected an address and names" },
	{ "hosts the other way round", "hosts peer 10.0.0.1\n", "t:1: hosts: found 'peer 10.0.0.1', expected" },
	{ "sysctl without a value", "sysctl net.ipv4.ip_forward\n", "t:1: sysctl: found 'net.ipv4.ip_forward', expected a key and a value" },
	{ "sysctl with a path", "sysctl ../../etc/passwd=1\n", "t:1: sysctl: found '../../etc/passwd=1', expected" },
	{ "run without a command", "run\n", "t:1: run: found nothing, expected a command" },
	{ "log of a word", "log loud\n", "t:1: log: found 'loud', expected emerg, alert" },
	{ "log 8", "log 8\n", "t:1: log: found '8', expected" },
	{ "memory too small", "memory 7M\n", "t:1: memory: found '7M', expected a size from 8M to 64G" },
	{ "memory twice", "memory 64M\nmemory 64M\n", "t:2: memory: found it a second time, expected it once (the first is on line 1)" },
	{ "bypass with host bits", "bypass 127.0.0.1/8\n", "t:1: bypass: found '127.0.0.1/8' with bits beyond its prefix" },
	{ "bypass by name", "bypass localhost\n", "t:1: bypass: found 'localhost', expected networks" },
	{ "kernel empty", "kernel ''\n", "t:1: kernel: found '', expected a version" },
	{ "capabilities unknown", "capabilities net_everything\n", "t:1: capabilities: found 'net_everything', expected all, none" },
	{ "fallback of another kind", "fallback tap\n", "t:1: fallback: found 'tap', expected slirp or none" },
};

/* A text, options (separated by newlines), and what comes of it. */
struct opt {
	const char *name, *text, *options, *printed, *said;
};

static const struct opt opts[] = {
	{ "a new interface", "", "eth0.viftype=TAP\neth0.address=10.0.0.1/24", TAPHEAD "    address 10.0.0.1/24\n\n", NULL },
	{ "a value replaces the file's", IF("mtu 900\n"), "eth0.mtu=1000", TAPHEAD "    mtu 1000\n\n", NULL },
	{ "a list grows", IF("address 10.0.0.1/24\n"), "eth0.address=10.0.1.1/24",
	  TAPHEAD "    address 10.0.0.1/24\n    address 10.0.1.1/24\n\n", NULL },
	{ "an empty value clears", IF("address 10.0.0.1/24\nmtu 900\nloss 1%\n"), "eth0.address=\neth0.mtu=\neth0.loss=", TAPHEAD "\n", NULL },
	{ "an interface with dots", "", "eth0.100.viftype=TAP",
	  "interface eth0.100\n    viftype TAP\n    hostif nuse-eth0.100\n\n", NULL },
	{ "a sysctl by name", NONE, "sysctl.net.ipv4.tcp_rmem=1 2 3", NONE "sysctl \"net.ipv4.tcp_rmem=1 2 3\"\n", NULL },
	{ "a sysctl by value", NONE, "sysctl=net.ipv4.ip_forward=1", NONE "sysctl net.ipv4.ip_forward=1\n", NULL },
	{ "a route", IF("address 10.0.0.2/24\n"), "route=default via 10.0.0.1",
	  TAPHEAD "    address 10.0.0.2/24\n\nroute\n    network 0.0.0.0/0\n    gateway 10.0.0.1\n\n", NULL },
	{ "routes cleared", IF("address 10.0.0.2/24\n\nroute default via 10.0.0.1\n"), "route=", TAPHEAD "    address 10.0.0.2/24\n\n", NULL },
	{ "a command", NONE, "run=ip -br 'a b'", NONE "run ip -br \"a b\"\n", NULL },
	{ "a gateway replaces", IF("address 10.0.0.2/24\ngateway 10.0.0.1\n"), "eth0.gateway=10.0.0.3",
	  TAPHEAD "    address 10.0.0.2/24\n    gateway 10.0.0.3\n\n", NULL },
	{ "lists outside of blocks are cleared", NONE "nameserver 1.1.1.1\nhosts 1.1.1.1 a\nsysctl a=b\nrun x\nbypass ::1\nmemory 64M\nkernel 1\nlog 4\ncapabilities none\n",
	  "nameserver=\nhosts=\nsysctl=\nrun=\nbypass=\nmemory=\nkernel=\nlog=\ncapabilities=", NONE, NULL },
	{ "an interface that only options speak of is a SLIRP", "", "eth0.pcap=x", SLHEAD SLADDR "    pcap x\n\n", NULL },
	{ "but a file's is a RAW", "interface eth0\n", "eth0.pcap=x", "interface eth0\n    viftype RAW\n    hostif eth0\n    pcap x\n\n", NULL },
	{ "a port and its tuples", "", "eth0.viftype=MULTISTACK\neth0.address=10.0.0.1/24\neth0.port=valem:vp0\neth0.tuple=tcp 10.0.0.1:8080",
	  MSHEAD "    tuple tcp 10.0.0.1:8080\n\n", NULL },
	{ "a port and its tuples cleared", MS("tuple tcp 10.0.0.1:1\n"), "eth0.port=\neth0.tuple=\neth0.viftype=TAP",
	  TAPHEAD "    address 10.0.0.1/24\n\n", NULL },
	{ "no equals sign", "", "eth0.mtu", NULL, "-o eth0.mtu: found no '=', expected KEY=VALUE" },
	{ "no key", "", "=5", NULL, "-o =5: found no key, expected KEY=VALUE" },
	{ "a bad value", "", "eth0.mtu=1", NULL, "-o eth0.mtu=1: mtu: found '1', expected a number of bytes in 68..65535" },
	{ "an unknown key", "", "foo=1", NULL, "-o foo=1: found 'foo', expected interface, route" },
	{ "an unknown key of an interface", "", "eth0.foo=1", NULL, "-o eth0.foo=1: found 'foo', expected a key of an interface block" },
	{ "an interface's key without one", "", "mtu=900", NULL, "-o mtu=900: found 'mtu' without an interface, expected INTERFACE.mtu=VALUE" },
	{ "an interface that cannot be", "", "a/b.mtu=900", NULL, "-o a/b.mtu=900: interface: found 'a/b', expected a name" },
	{ "a check that fails", "", "eth0.viftype=TAP\neth0.address=10.0.0.1", NULL, "-o eth0.address=10.0.0.1: address: found 10.0.0.1 without a prefix length" },
	{ "a sysctl without value", "", "sysctl.a=", NULL, "-o sysctl.a=: found no value" },
};

static char *printed(const struct nuse_conf *c)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	nuse_conf_print(c, f);
	fclose(f);
	return text;
}

/* Read @text and @options; what it is printed as, or NULL with @err. */
static char *process(const char *text, const char *options, struct nuse_err *err)
{
	struct nuse_conf c;
	char *out = NULL;
	int ret;

	nuse_conf_init(&c);
	ret = nuse_conf_parse(&c, "t", text, strlen(text), err);
	while (!ret && options && *options) {
		const char *nl = strchrnul(options, '\n');
		char *one = strndup(options, nl - options);

		ret = nuse_conf_option(&c, one, err);
		free(one);
		options = *nl ? nl + 1 : nl;
	}
	if (!ret)
		ret = nuse_conf_check(&c, err);
	if (!ret)
		out = printed(&c);
	nuse_conf_free(&c);
	return out;
}

static void expect(const char *kind, const char *name, const char *text, const char *options,
		   const char *want)
{
	struct nuse_err err = { "" }, again = { "" };
	char *out = process(text, options, &err);
	char *twice = out ? process(out, NULL, &again) : NULL;

	if (!ok(out && !strcmp(out, want), "%s: %s", kind, name)) {
		why("got", out ? out : err.text);
		why("expected", want);
	} else if (!twice || strcmp(twice, out)) {
		ok(0, "%s: %s: reads back as it was printed", kind, name);
		why("got", twice ? twice : again.text);
	}
	free(out);
	free(twice);
}

static void expect_error(const char *kind, const char *name, const char *text,
			 const char *options, const char *said)
{
	struct nuse_err err = { "" };
	char *out = process(text, options, &err);

	if (!ok(!out && !strncmp(err.text, said, strlen(said)) && !strchr(err.text, '\n') &&
		strstr(err.text, "expected"), "%s: %s", kind, name)) {
		why("got", out ? "no error" : err.text);
		why("expected", said);
	}
	free(out);
}

/* Does some line of @text begin with the word @key? */
static int has_key(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (; *text; text = *strchrnul(text, '\n') ? strchr(text, '\n') + 1 : "") {
		const char *s = text + strspn(text, " \t");

		if (!strncmp(s, key, len) && strchr(" \n", s[len]))
			return 1;
	}
	return 0;
}

static void all_keys_have_cases(void)
{
	size_t i;
	int s;

	for (s = 0; s < 3; s++) {
		const struct nuse_keydef *k;

		for (k = nuse_keys[s]; k->name; k++) {
			int fine = 0, wrong = 0;

			for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
				fine += has_key(good[i].text, k->name);
			for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
				wrong += has_key(bad[i].text, k->name) &&
					 (strstr(bad[i].said, k->name) != NULL);
			ok(fine && wrong, "key %s has %d good and %d bad cases", k->name, fine, wrong);
		}
	}
}

/* Sizes at the limits of the lexer. */
static void limits(void)
{
	static char text[8200];
	struct nuse_err err;
	struct nuse_conf c;

	memset(text, ' ', 4096);
	strcpy(text + 4096, "\n");
	nuse_conf_init(&c);
	ok(!nuse_conf_parse(&c, "t", text, strlen(text), &err), "a line of 4096 bytes");
	strcpy(text + 4096, " \n");
	ok(nuse_conf_parse(&c, "t", text, strlen(text), &err) < 0 &&
	   !strcmp(err.text, "t:1: found a line of more than 4096 bytes, expected a shorter one"),
	   "a line of 4097 bytes");
	memset(text, 'a', 4096);
	memcpy(text, "run ", 4);
	text[4096] = '\0';
	ok(!nuse_conf_parse(&c, "t", text, 4096, &err) && strlen(c.run[0].v[0]) == 4092,
	   "a word of 4092 bytes");
	strcpy(text, "run");
	for (int i = 0; i < 127; i++)
		strcat(text, " a");
	ok(!nuse_conf_parse(&c, "t", text, strlen(text), &err) && c.run[1].n == 127, "128 words");
	strcat(text, " a");
	ok(nuse_conf_parse(&c, "t", text, strlen(text), &err) < 0 &&
	   strstr(err.text, "more than 128 words"), "129 words");
	ok(nuse_conf_parse(&c, "t", "log\0 4\n", 7, &err) < 0 &&
	   !strcmp(err.text, "t:1: found a NUL byte, expected text"), "a NUL byte");
	ok(nuse_conf_load(&c, "/nonexistent/nuse.conf", &err) == -2 &&
	   !strcmp(err.text, "/nonexistent/nuse.conf: cannot open the configuration: No such file or directory"),
	   "a file that does not exist");
	ok(nuse_conf_load(&c, "/", &err) < 0 && strstr(err.text, "/: cannot read the configuration"),
	   "a directory");
	ok(nuse_conf_load(&c, "/dev/zero", &err) < 0 && strstr(err.text, "more than 1 MiB"),
	   "a file without end");
	nuse_conf_free(&c);
}

/* For the tests of the documents: all keys, a line "SCOPE KEY" each. */
static int list_keys(void)
{
	static const char *const scope[] = { "global", "interface", "route" };
	const struct nuse_keydef *k;
	int s;

	for (s = 0; s < 3; s++)
		for (k = nuse_keys[s]; k->name; k++)
			printf("%s %s\n", scope[s], k->name);
	return 0;
}

/* The same, for the examples: is this file good? */
static int parse_file(const char *path)
{
	struct nuse_conf c;
	struct nuse_err err;
	int ret;

	nuse_conf_init(&c);
	ret = nuse_conf_load(&c, path, &err);
	if (!ret)
		ret = nuse_conf_check(&c, &err);
	if (!ret)
		nuse_conf_print(&c, stdout);
	else
		fprintf(stderr, "%s\n", err.text);
	nuse_conf_free(&c);
	return ret != 0;
}

int main(int argc, char **argv)
{
	size_t i;

	if (argc == 2 && !strcmp(argv[1], "--keys"))
		return list_keys();
	if (argc == 3 && !strcmp(argv[1], "--parse"))
		return parse_file(argv[2]);
	limit(30);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		expect("good", good[i].name, good[i].text, NULL, good[i].printed);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_error("bad", bad[i].name, bad[i].text, NULL, bad[i].said);
	for (i = 0; i < sizeof(opts) / sizeof(opts[0]); i++) {
		if (opts[i].printed)
			expect("option", opts[i].name, opts[i].text, opts[i].options, opts[i].printed);
		else
			expect_error("option", opts[i].name, opts[i].text, opts[i].options, opts[i].said);
	}
	limits();
	all_keys_have_cases();
	return done();
}
