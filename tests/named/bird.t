#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Two named stacks with a routing daemon each, OSPF and BGP between them.
#
#	left                       right
#	lo 10.1.1.1  eth0 =pipe= eth0  lo 10.2.2.2
#	     bird     10.0.0.1  10.0.0.2    bird
# shellcheck source=../lib.sh disable=SC2034
. "${0%/*}/../lib.sh"
# shellcheck source=named.sh
. "${0%/*}/named.sh"
need bird birdc ip ping jq
begin_named

# side NAME OWN OTHER - a configuration of nuse and one of bird
side()
{
	cat > "$T/$1.conf" <<-END
	interface eth0
	    viftype PIPE
	    pipepath $T/cable
	    address 10.0.0.$2/24

	sysctl net.ipv4.ip_forward 1
	run ip address add 10.$2.$2.$2/32 dev lo
	run ip address add 10.$2$2.0.1/24 dev lo
	END
	cat > "$T/$1.bird" <<-END
	router id 10.$2.$2.$2;
	protocol device { scan time 1; }
	protocol direct { ipv4; interface "lo"; }
	protocol kernel { ipv4 { import none; export where source != RTS_DEVICE; }; }
	protocol ospf v2 {
	    ipv4 { import all; export none; };
	    area 0 {
	        interface "eth0" { hello 1; dead 4; type ptp; };
	        stubnet 10.$2.$2.$2/32;
	    };
	}
	protocol bgp {
	    local 10.0.0.$2 as 6500$2;
	    neighbor 10.0.0.$3 as 6500$3;
	    hold time 6;
	    connect retry time 1;
	    connect delay time 1;
	    ipv4 { import all; export where net ~ 10.$2$2.0.0/16; };
	}
	END
	mv "$T/$1.conf" "$T/nuse.conf"
	STACK=$1
	boot
	check "$1 is up" ran_well
}

# bird NAME - the daemon of that stack
start_bird()
{
	STACK=$1
	at_bg "$T/$1.log" bird -f -c "$T/$1.bird" -s "$T/$1.ctl" -P "$T/$1.pid"
}

# Nothing is left by way of the neighbour.
no_routes()
{
	STACK=$1
	at ip route show proto bird
	ran_well && ! out_has via
}

# learned NAME ROUTE - in the kernel of that stack
learned()
{
	STACK=$1
	at ip route show proto bird
	out_has "$2"
}

side left 1 2
side right 2 1
STACK=left
at ping -c 1 -W 10 10.0.0.2
check "the cable is plugged" ran_well
start_bird left
left=$AT_PID
start_bird right
right=$AT_PID
check "OSPF: left learns the loopback of right" wait_for 20 learned left '^10.2.2.2 via 10.0.0.2 dev eth0'
check "OSPF: right learns that of left" wait_for 20 learned right '^10.1.1.1 via 10.0.0.1 dev eth0'
check "BGP: left learns the network of right" wait_for 20 learned left '^10.22.0.0/24 via 10.0.0.2 dev eth0'
check "BGP: right learns that of left" wait_for 20 learned right '^10.11.0.0/24 via 10.0.0.1 dev eth0'
STACK=left
at ping -c 2 -i 0.2 -W 10 -I 10.1.1.1 10.2.2.2
check "ping by the routes of OSPF, both ways" out_has ' 2 received'
at ping -c 2 -i 0.2 -W 10 -I 10.11.0.1 10.22.0.1
check "ping by the routes of BGP" out_has ' 2 received'
birdc -s "$T/left.ctl" show protocols > "$T/out"
check "birdc, of the host, talks to it" out_has '^bgp1 .* Established'
kill -KILL "$right"
check "a killed neighbour: the routes go" wait_for 20 no_routes left
STACK=right
start_bird right
check "and come again with it" wait_for 30 learned left '^10.22.0.0/24 via 10.0.0.2'
kill "$left"
check "a daemon that ends takes its routes with it" wait_for 10 no_routes left
for STACK in left right; do
	stop_stack
	check "--stop $STACK" ran_well
done
finish
