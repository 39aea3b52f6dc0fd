// SPDX-License-Identifier: GPL-2.0-only
/* Boot: what the host says, and what the core asks of an architecture for it. */
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/panic_notifier.h>
#include <linux/seq_file.h>
#include <linux/start_kernel.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/utsname.h>
#include <generated/utsrelease.h>
#include <asm/versions.h>
#include <asm/archrandom.h>
#include <asm/memory.h>
#include <asm/sections.h>
#include <asm/setup.h>
#include <asm/vcpu.h>

#include "kernel.h"

/*
 * Defaults; what the host adds comes later and wins.  Drivers that are built in
 * would give each namespace a dozen devices that nobody asked for (teql is a qdisc
 * by its device only: who wants it adds sch_teql.max_equalizers=1).  The jitter
 * entropy source times memory accesses for 7 ms, which a library that gets its
 * randomness from the host has no use for, and which no simulation could repeat.
 * /sys/kernel/slab is a tenth of the boot, and of its memory.
 * TCP's table is as for the whole arena, not for what is in use at boot (memory.c).
 */
#define DEFAULT_CMDLINE	"fb_tunnels=none dummy.numdummies=0 ifb.numifbs=0 " \
			"bonding.max_bonds=0 sch_teql.max_equalizers=0 "	\
			"initcall_blacklist=jent_mod_init,"		\
			"slab_late_init,slab_sysfs_init thash_entries=%lu " \
			BUGWATCH_CMDLINE "%s"

/* A report of a bug becomes a panic after it, which must show the report. */
#ifdef CONFIG_LIBOS_BUGWATCH
#define BUGWATCH_CMDLINE "panic_print=32 "
#else
#define BUGWATCH_CMDLINE ""
#endif

static char cmdline[COMMAND_LINE_SIZE];
static struct libos_host_ops host_ops;	/* those that our host lacks are NULL */
static bool booted;

static int panic_event(struct notifier_block *nb, unsigned long event, void *arg)
{
	lib_vcpu_halt(-EIO);
	return NOTIFY_DONE;
}

static struct notifier_block panic_nb = {
	.notifier_call = panic_event,
	.priority = INT_MIN,			/* last: the others may want to speak */
};

void __init setup_arch(char **cmdline_p)
{
	*cmdline_p = cmdline;
	strscpy(boot_command_line, cmdline, COMMAND_LINE_SIZE);
	parse_early_param();			/* "quiet" before the first line */
	lib_console_init();
	atomic_notifier_chain_register(&panic_notifier_list, &panic_nb);
	setup_initial_init_mm(_stext, _etext, _edata, _end);

	lib_memory_init();
}

void free_initmem(void)
{
	/* Text and data are the host's mapping of liblinux.so, not arena. */
}

size_t lib_random_longs(unsigned long *v, size_t max_longs)
{
	if (!lib_host)
		return 0;
	lib_host->random(lib_host_arg, v, max_longs * sizeof(*v));
	return max_longs;
}

static int cpuinfo_show(struct seq_file *m, void *v)
{
	seq_puts(m, "processor\t: 0\nmodel name\t: libos virtual CPU\n\n");
	return 0;
}

static void *cpuinfo_start(struct seq_file *m, loff_t *pos)
{
	return *pos < 1 ? SEQ_START_TOKEN : NULL;
}

static void *cpuinfo_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return NULL;
}

static void cpuinfo_stop(struct seq_file *m, void *v)
{
}

const struct seq_operations cpuinfo_op = {
	.start	= cpuinfo_start,
	.next	= cpuinfo_next,
	.stop	= cpuinfo_stop,
	.show	= cpuinfo_show,
};

static void __ref boot_entry(void)
{
	start_kernel();
}

/* Boot; returns when the first task waits for its first call. */
int __ref lib_boot(const struct libos_boot_params *params, struct libos_task **init)
{
	int ret;

	if (booted)
		return -EBUSY;
	if (params->size != sizeof(*params) ||
	    params->ops->size < offsetofend(struct libos_host_ops, unmap))
		return -EPROTO;
	if (!IS_ALIGNED((unsigned long)params->arena, PAGE_SIZE) || params->arena_len < SZ_8M)
		return -EINVAL;
	booted = true;

	memcpy(&host_ops, params->ops, min_t(u32, params->ops->size, sizeof(host_ops)));
	lib_host = &host_ops;
	lib_host_arg = params->host;
	lib_arena_start = (unsigned long)params->arena;
	lib_arena_end = (lib_arena_start + params->arena_len) & PAGE_MASK;
	lib_init_host_task = params->init_host_task;
	if (snprintf(cmdline, sizeof(cmdline), DEFAULT_CMDLINE,
		     (unsigned long)params->arena_len >> 17,
		     params->cmdline ?: "") >= sizeof(cmdline))
		return -E2BIG;

	for (ret = lib_vcpu_boot(boot_entry); !lib_first_task(); ret = lib_vcpu_run(NULL)) {
		if (ret < 0)
			return ret;
		lib_time_skip();
	}
	*init = lib_first_task();
	return ret < 0 ? ret : 0;
}
