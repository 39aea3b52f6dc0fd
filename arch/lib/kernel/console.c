// SPDX-License-Identifier: GPL-2.0-only
/* The kernel log goes to the host, from the first line on. */
#include <linux/console.h>
#include <linux/init.h>
#include <linux/printk.h>
#include <asm/vcpu.h>

#include "kernel.h"

static void console_write(struct console *con, const char *s, unsigned int len)
{
	lib_host->console(lib_host_arg, s, len);
}

static struct console lib_console = {
	.name	= "libos",
	.write	= console_write,
	.flags	= CON_PRINTBUFFER | CON_ENABLED | CON_ANYTIME,
	.index	= -1,
};

void __init lib_console_init(void)
{
	register_console(&lib_console);
}
