# SPDX-License-Identifier: GPL-2.0-only
#
# median.awk - the median of numbers, for the other awk programs here
#
# An array of n numbers is from 1 on. sort_values() sorts it in place; middle() is
# the median of a sorted one, or the empty string if n is 0.

function sort_values(a, n,    i, j, t)
{
	for (i = 2; i <= n; i++) {
		t = a[i]
		for (j = i - 1; j >= 1 && a[j] > t; j--)
			a[j + 1] = a[j]
		a[j + 1] = t
	}
}

function middle(a, n)
{
	if (!n)
		return ""
	return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
}
