# SPDX-License-Identifier: GPL-2.0-only
#
# toggle.awk - one line of the table of toggle.sh: median and its confidence
#
# Read after median.awk. Lines are: what, size, ns off, ns on, ratio. The median
# lies between the ranks n/2 - 1.96 sqrt(n)/2 and its like above with 95 per cent
# of probability.

{
	name = $1 " " $2
	off[NR] = $3
	on[NR] = $4
	ratio[NR] = $5
}

END {
	if (NR < 10) {
		print name ": fewer than ten rounds"
		exit 1
	}
	sort_values(off, NR)
	sort_values(on, NR)
	sort_values(ratio, NR)
	d = 1.96 * sqrt(NR) / 2
	low = int(NR / 2 - d)
	high = int(NR / 2 + d + 1.999)
	if (low < 1)
		low = 1
	if (high > NR)
		high = NR
	verdict = "undecided about 3 %"
	if (ratio[high] <= 1.03)
		verdict = "within 3 %"
	if (ratio[low] > 1.03)
		verdict = "beyond 3 %"
	printf "%-9s %6.0f ns off %6.0f ns on   ratio %.4f  (%.4f to %.4f, %d rounds)  %s\n", \
		name, middle(off, NR), middle(on, NR), middle(ratio, NR), \
		ratio[low], ratio[high], NR, verdict
}
