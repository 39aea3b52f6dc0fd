# SPDX-License-Identifier: GPL-2.0-only
#
# ratios.gp - each row's ratio to native; called by plot.sh with the variables in, svg

set terminal svg size 1100,620 font "sans-serif,12" background rgb "white"
set output svg
set datafile separator "\t"
set datafile missing "?"
set style data histogram
set style histogram clustered gap 1
set style fill solid 0.9 border -1
set boxwidth 0.9
set termoption noenhanced
set title "ratio to the native stack in the same run (more is better)"
set logscale y
set yrange [0.005:*]
set ytics (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
set grid ytics lc rgb "#dddddd"
set xtics rotate by -35 scale 0
set bmargin 11
set key inside top right horizontal samplen 1 opaque
set arrow from graph 0, first 1 to graph 1, first 1 nohead lw 2 lc rgb "#444444" front

plot in using 2:xtic(1) title "tap" lc rgb "#1b6ca8", \
     "" using 3 title "raw" lc rgb "#3fa7d6", \
     "" using 4 title "pipe" lc rgb "#59a14f", \
     "" using 5 title "gVisor" lc rgb "#b5473c"
