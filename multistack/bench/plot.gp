# SPDX-License-Identifier: GPL-2.0-only
#
# plot.gp - four panels: cost of packets in and out, bulk TCP, cost by tuples
#
# Called by plot.sh with the variables dir and svg.

set terminal svg size 1000,760 font "sans-serif,12" background rgb "white"
set output svg
set datafile separator "\t"
set style data histogram
set style histogram clustered gap 1.5
set style fill solid 0.9 border -1
set boxwidth 0.95
set grid ytics lc rgb "#dddddd"
set termoption noenhanced

cases = system("tr '\n' ' ' <".dir."/cases")
n = words(cases)
all = "plain host tap xdp bridge macvtap"
names = "plain host+MultiStack TAP-port AF_XDP-port bridge+TAP macvtap"
colours = "#444444 #8c8c8c #1b6ca8 #3fa7d6 #d98324 #b5473c"
at(i) = sum [j=1:6] (word(all, j) eq word(cases, i) ? j : 0)
name(i) = word(names, at(i))
colour(i) = word(colours, at(i))

set multiplot layout 2,2 title "MultiStack on veth between network namespaces" margins 0.09,0.98,0.08,0.81 spacing 0.09,0.16

# one legend for the three panels of bars
set key at screen 0.5,0.92 center center horizontal maxrows 1 samplen 1 width 1
set xrange [-0.6:3.6]
set yrange [0:*]

set title "received behind the port (less is better)"
set ylabel "ns of CPU per packet"
set xlabel "bytes on the wire"
plot for [i=1:n] dir."/rx" using i+1:xtic(1) title name(i) lc rgb colour(i)

unset key
set title "sent through the port (less is better)"
plot for [i=1:n] dir."/tx" using i+1:xtic(1) title name(i) lc rgb colour(i)

set title "bulk TCP, one flow, offloads on (more is better)"
set ylabel "Gbit/s"
set xlabel ""
set xrange [-0.6:1.6]
plot for [i=1:n] dir."/tcp" using i+1:xtic(1) title name(i) lc rgb colour(i)

set title "program at the NIC's ingress"
set ylabel "ns per packet"
set xlabel "registered"
set logscale x 10
set datafile separator whitespace
set key inside top left vertical maxrows 3 samplen 2
set xrange [0.8:20000]
if (system("cat ".dir."/tuples ".dir."/ports ".dir."/idle") ne "") plot dir."/tuples" using 1:2 with linespoints lw 2 pt 7 lc rgb "#1b6ca8" title "tuples of one port, all visited", \
     dir."/ports" using 1:2 with linespoints lw 2 pt 5 lc rgb "#d98324" title "ports", \
     dir."/idle" using 1:2 with linespoints lw 2 pt 9 lc rgb "#8c8c8c" title "tuples, host's own traffic"
unset multiplot
