// SPDX-License-Identifier: GPL-2.0-only
/* No assembly of ours needs a structure's layout; kbuild needs the file. */
#include <linux/kbuild.h>

int main(void)
{
	return 0;
}
