# SPDX-License-Identifier: GPL-2.0-only
#
# figure.gp - the LibOS paper's Figures 4 and 5: throughput and round trip by the way
# of packet I/O; called by plot.sh with the variables throughput, rtt, svg, what

set terminal svg size 900,380 font "sans-serif,13" background rgb "white"
set output svg
set datafile separator "\t"
stats throughput using 2 name "most" nooutput
stats rtt using 2 name "longest" nooutput
set style fill solid 0.9 border -1
set boxwidth 0.6
set termoption noenhanced
set grid ytics lc rgb "#dddddd"
set xtics scale 0
set offsets 0.5, 0.5, 0, 0
set yrange [0:most_max * 1.12]
unset key

set multiplot layout 1,2
set title "(a) throughput, ".what.", 1024-byte UDP"
set ylabel "Gbit/s"
plot throughput using 0:2:xtic(1) with boxes lc rgb "#1b6ca8", \
     "" using 0:2:(sprintf("%.2f", $2)) with labels offset 0,0.6
set title "(b) round trip of ping, ".what
set ylabel "median, us"
set logscale y
set yrange [1:longest_max * 2]
plot rtt using 0:2:xtic(1) with boxes lc rgb "#d98324", \
     "" using 0:2:(sprintf("%.0f", $2)) with labels offset 0,0.6
unset multiplot
