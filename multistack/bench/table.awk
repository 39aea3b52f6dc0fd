# SPDX-License-Identifier: GPL-2.0-only
#
# table.awk - medians and ratios of samples.tsv
#
# Read after median.awk. Lines are: round, what, size, case, value. A ratio is the
# median of the ratios to the case "plain", or -v base=CASE, of the same round; for
# a number of tuples or ports, to the smallest number in the same round.

BEGIN {
	FS = "\t"
	n_cases = split("plain host tap xdp bridge macvtap floor single", case_at, " ")
	letter["plain"] = "(a) plain"
	letter["host"] = "(b) host"
	letter["tap"] = "(c) TAP"
	letter["xdp"] = "(d) AF_XDP"
	letter["bridge"] = "(e) bridge"
	letter["macvtap"] = "(f) macvtap"
	letter["floor"] = "(g) floor"
	letter["single"] = "(h) single"
}

$5 != "nan" && $5 + 0 > 0 {
	v[$2, $3, $4, $1] = $5 + 0
	if ($1 + 1 > rounds)
		rounds = $1 + 1
	seen_case[$4] = 1
	if (!(($2, $3) in seen_row)) {
		seen_row[$2, $3] = 1
		row_what[++n_rows] = $2
		row_size[n_rows] = $3
	}
}

function median(what, size, which,    r, n, a)
{
	n = 0
	for (r = 0; r < rounds; r++)
		if ((what, size, which, r) in v)
			a[++n] = v[what, size, which, r]
	sort_values(a, n)
	return middle(a, n)
}

function ratio(what, size, which, base_size, base,    r, n, a)
{
	n = 0
	for (r = 0; r < rounds; r++)
		if ((what, size, which, r) in v &&
		    (what, base_size, base, r) in v)
			a[++n] = v[what, size, which, r] / \
				 v[what, base_size, base, r]
	sort_values(a, n)
	return middle(a, n)
}

function cell(x, format)
{
	return x == "" ? "-" : sprintf(format, x)
}

function unit(what)
{
	if (what ~ /^tcp.*-cpu$/)
		return "ns/KiB"
	if (what ~ /^tcp/)
		return "Gbit/s"
	if (what == "rtt")
		return "us"
	if (what ~ /-cpu$/)
		return "ns/pkt"
	return "kpps"
}

function shown(what, x)
{
	if (x == "")
		return "-"
	if (unit(what) == "kpps")
		return sprintf("%.0f", x / 1000)
	if (unit(what) == "ns/pkt")
		return sprintf("%.0f", x)
	return sprintf("%.2f", x)
}

END {
	printf "\n%-16s %-7s", "", ""
	for (i = 1; i <= n_cases; i++)
		if (case_at[i] in seen_case)
			printf " %17s", letter[case_at[i]]
	printf "\n"
	for (r = 1; r <= n_rows; r++) {
		what = row_what[r]
		if (what ~ /^(tuples|ports|idle|program)-/)
			continue
		printf "%-16s %-7s", what " " row_size[r], unit(what)
		for (i = 1; i <= n_cases; i++) {
			c = case_at[i]
			if (!(c in seen_case))
				continue
			printf " %9s %7s", \
				shown(what, median(what, row_size[r], c)), \
				cell(ratio(what, row_size[r], c, row_size[r], \
					   base ? base : "plain"), "%.3fx")
		}
		printf "\n"
	}

	if (!(("tuples-pps", 1) in seen_row))
		exit
	printf "\n%-24s %10s %8s %14s %8s\n", "registered", "kpps", "ratio", \
		"ns per packet", "ratio"
	for (r = 1; r <= n_rows; r++) {
		what = row_what[r]
		if (what !~ /^(tuples|ports|idle)-pps$/)
			continue
		kind = what
		sub(/-pps$/, "", kind)
		c = kind == "idle" ? "host" : "tap"
		size = row_size[r]
		printf "%-24s %10s %8s %14s %8s\n", \
			(kind == "idle" ? "host, idle tuples" : kind) " " size, \
			cell(median(what, size, c) / 1000, "%.0f"), \
			cell(ratio(what, size, c, 1, c), "%.3fx"), \
			cell(median(kind "-ns", size, c), "%.1f"), \
			cell(ratio(kind "-ns", size, c, 1, c), "%.3fx")
	}

	if (("program-ns", "in") in seen_row)
		printf "\nMultiStack's programs for a packet of the host: %s ns in, %s ns out\n", \
			cell(median("program-ns", "in", "host"), "%.0f"), \
			cell(median("program-ns", "out", "host"), "%.0f")
}
