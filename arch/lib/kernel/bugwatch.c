// SPDX-License-Identifier: GPL-2.0-only
/*
 * For test runs of a debug kernel: what it finds out about itself must not pass
 * unseen.  WARN() could be made to panic by a parameter, but lockdep, RCU and the
 * slab allocator only print.  So the log is read as it grows, between calls and
 * when idle, and a line that begins as their reports do ends the instance, with
 * all of its log on the console.  Every later call then fails, and so does the
 * test.
 */
#include <linux/kmsg_dump.h>
#include <linux/panic.h>
#include <linux/string.h>
#include <asm/vcpu.h>

static const char *const reports[] = {
	"WARNING: ", "BUG: ", "BUG ", "INFO: possible ", "INFO: trying to register ",
	"INFO: Object ", "INFO: Slab ", "ODEBUG: ", "rcu: INFO: ",
};

static struct kmsg_dump_iter iter;
static bool begun, found;

void lib_bugwatch(void)
{
	static char line[256];
	const char *text;
	size_t len;
	int i;

	if (found)
		return;
	if (!begun) {
		kmsg_dump_rewind(&iter);
		begun = true;
	}
	while (kmsg_dump_get_line(&iter, false, line, sizeof(line) - 1, &len)) {
		line[len] = 0;
		text = line;
		if (*text == '[')		/* the time */
			text = strstr(text, "] ") ? strstr(text, "] ") + 2 : text;
		for (i = 0; i < ARRAY_SIZE(reports); i++) {
			if (!str_has_prefix(text, reports[i]))
				continue;
			found = true;
			panic("the kernel reports a bug of its own: %s", text);
		}
	}
}
