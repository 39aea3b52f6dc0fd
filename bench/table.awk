# SPDX-License-Identifier: GPL-2.0-only
#
# table.awk - from samples to the table (standard output) and the CSV
#
#	awk -v columns=LIST -v machine=TEXT -v csv=FILE -f table.awk \
#		metrics.tsv samples.tsv failures.tsv
#
# samples.tsv: round, column, metric, value. failures.tsv: round, row, column, why.
# A figure is the median over the rounds, a ratio the median of those within each
# round. Ratios are given so that more is better: of what should be small, native's
# value by ours. A metric whose "better" is "-" has none.

BEGIN {
	FS = "\t"
	ncol = split(columns, col, " ")
}

FNR == 1 { file++ }
/^#/ { next }

file == 1 {
	metric[++n] = $1
	text[$1] = $2
	unit[$1] = $3
	better[$1] = $4
	digits[$1] = $5
	next
}

file == 2 && $3 == "load" {
	load = load (load ? ", " : "") $4
	next
}

file == 2 {
	value[$3, $2, $1] = $4
	seen[$3] = 1
	if ($1 > rounds)
		rounds = $1
	next
}

file == 3 {
	if (!(($2, $3, $4) in note))
		note[$2, $3, $4] = ++notes
	lost[$2, $3]++
	why[notes] = $2 ", " $3 ": " $4
	which[$2, $3] = note[$2, $3, $4]
	failed_row[$2] = 1
	if ($1 > rounds)
		rounds = $1
}

function median(v, k,    i, j, t) {
	for (i = 2; i <= k; i++)
		for (j = i; j > 1 && v[j - 1] > v[j]; j--) {
			t = v[j]; v[j] = v[j - 1]; v[j - 1] = t
		}
	return k % 2 ? v[(k + 1) / 2] : (v[k / 2] + v[k / 2 + 1]) / 2
}

function figure(m, c,    r, v, k) {
	for (r = 1; r <= rounds; r++)
		if ((m, c, r) in value)
			v[++k] = value[m, c, r]
	return k ? median(v, k) : ""
}

function ratio(m, c,    r, v, k, mine, base) {
	if (better[m] == "-" || c == "native")
		return ""
	for (r = 1; r <= rounds; r++) {
		# Naming an element makes it: do not name those that are not there.
		if (!((m, c, r) in value) || !((m, "native", r) in value))
			continue
		mine = value[m, c, r]
		base = value[m, "native", r]
		if (mine > 0 && base > 0)
			v[++k] = better[m] == "more" ? mine / base : base / mine
	}
	return k ? median(v, k) : ""
}

function cell(m, c,    f, q, row) {
	row = m
	sub(/\..*/, "", row)
	f = figure(m, c)
	if (f == "")
		return (row, c) in which ? "failed [" which[row, c] "]" : "-"
	q = ratio(m, c)
	return sprintf("%." digits[m] "f", f) (q == "" ? "      " : sprintf(" %4.*fx", q < 9.95 ? 2 : 0, q))
}

END {
	printf "%-33s", ""
	for (i = 1; i <= ncol; i++)
		printf "%16s", col[i]
	print "  unit"
	print "metric,unit,better,column,value,ratio_to_native" >csv
	for (k = 1; k <= n; k++) {
		m = metric[k]
		row = m
		sub(/\..*/, "", row)
		if (!(m in seen) && !((row in failed_row) && !shown[row]))
			continue
		shown[row] = 1
		printf "%-33s", text[m]
		for (i = 1; i <= ncol; i++) {
			c = col[i]
			printf "%16s", cell(m, c)
			f = figure(m, c)
			if (f != "")
				printf "%s,%s,%s,%s,%s,%s\n", m, unit[m], better[m], c, f, ratio(m, c) >csv
		}
		print "  " unit[m]
	}
	print ""
	for (i = 1; i <= ncol; i++)
		batches(col[i])
	print "Medians of " rounds " rounds; N.NNx is the ratio to native, more being better."
	print machine "; load " load "."
	for (i = 1; i <= notes; i++)
		print "[" i "] " why[i]
}

# How many frames a system call of the host carried, where the stack counts that.
function batches(c,    k, m, any, line, row, rx, tx) {
	for (k = 1; k <= n; k++) {
		row = metric[k]
		sub(/\..*/, "", row)
		if (done[c, row]++)
			continue
		rx = figure(row ".rx_batch", c)
		tx = figure(row ".tx_batch", c)
		if (rx == "" && tx == "")
			continue
		line = line sprintf("%s %s %s/%s", line ? "," : "", row,
			rx == "" ? "-" : sprintf("%.1f", rx), tx == "" ? "-" : sprintf("%.1f", tx))
		printf "%s.rx_batch,frames/call,-,%s,%s,\n", row, c, rx >csv
		printf "%s.tx_batch,frames/call,-,%s,%s,\n", row, c, tx >csv
	}
	if (line)
		print "Frames per system call of the host, in/out, " c ":" line "."
}
