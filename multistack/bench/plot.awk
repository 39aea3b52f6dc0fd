# SPDX-License-Identifier: GPL-2.0-only
#
# plot.awk - medians of samples.tsv as tables for gnuplot, one file a panel
#
# Read after median.awk.

BEGIN {
	FS = "\t"
	split("plain host tap xdp bridge macvtap", all_cases, " ")
}

$5 != "nan" && $5 + 0 > 0 {
	k = $2 SUBSEP $3 SUBSEP $4
	list[k] = list[k] " " $5
	measured[$4] = 1
	if (!(($2, $3) in seen)) {
		seen[$2, $3] = 1
		size_of[$2, ++n_sizes[$2]] = $3
	}
}

function median(what, size, which,    a, n, i)
{
	n = split(list[what, size, which], a, " ")
	if (!n)
		return "nan"
	for (i = 1; i <= n; i++)
		a[i] += 0
	sort_values(a, n)
	return middle(a, n)
}

function panel(what, file, scale,    s, c)
{
	file = dir "/" file
	printf "" >file
	for (s = 1; s <= n_sizes[what]; s++) {
		printf "%s", size_of[what, s] >file
		for (c = 1; c <= n_cases; c++)
			printf "\t%s", median(what, size_of[what, s], \
					      case_at[c]) / scale >file
		printf "\n" >file
	}
	close(file)
}

function curve(what, which, file,    s)
{
	file = dir "/" file
	printf "" >file
	for (s = 1; s <= n_sizes[what]; s++)
		print size_of[what, s], median(what, size_of[what, s], which) >file
	close(file)
}

END {
	for (c = 1; c <= 6; c++)
		if (all_cases[c] in measured) {
			case_at[++n_cases] = all_cases[c]
			print all_cases[c] >(dir "/cases")
		}
	panel("rx-cpu", "rx", 1)
	panel("tx-cpu", "tx", 1)
	size_of["tcp", 1] = "to the port"
	size_of["tcp", 2] = "from the port"
	n_sizes["tcp"] = 2
	for (c = 1; c <= n_cases; c++) {
		list["tcp", "to the port", case_at[c]] = \
			list["tcp-in", "bulk", case_at[c]]
		list["tcp", "from the port", case_at[c]] = \
			list["tcp-out", "bulk", case_at[c]]
	}
	panel("tcp", "tcp", 1)
	curve("tuples-ns", "tap", "tuples")
	curve("ports-ns", "tap", "ports")
	curve("idle-ns", "host", "idle")
}
