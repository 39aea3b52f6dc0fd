// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory and boot.  The arena that the host gave us is all the memory there is:
 * one flat zone, page frame 0 at its start (reserved, so that no valid physical
 * address is 0).
 */
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/panic_notifier.h>
#include <linux/seq_file.h>
#include <linux/start_kernel.h>
#include <linux/string.h>
#include <linux/utsname.h>
#include <generated/utsrelease.h>
#include <asm/versions.h>
#include <asm/archrandom.h>
#include <asm/sections.h>
#include <asm/setup.h>
#include <asm/vcpu.h>

#include "kernel.h"

unsigned long lib_arena_start, lib_arena_end;
#if !LIB_CORE_ZONES
void *empty_zero_page;
#endif

/*
 * Defaults; what the host adds comes later and wins.  Drivers that are built in
 * would give each namespace a dozen devices that nobody asked for.  The jitter
 * entropy source times memory accesses for 7 ms, which a library that gets its
 * randomness from the host has no use for, and which no simulation could repeat.
 */
#define DEFAULT_CMDLINE	"fb_tunnels=none dummy.numdummies=0 ifb.numifbs=0 " \
			"bonding.max_bonds=0 teql.max_equalizers=0 "	\
			"initcall_blacklist=jent_mod_init"

static char cmdline[COMMAND_LINE_SIZE];
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

	min_low_pfn = 0;
	max_low_pfn = (lib_arena_end - lib_arena_start) >> PAGE_SHIFT;
	max_pfn = max_low_pfn;
	memblock_add(0, lib_arena_end - lib_arena_start);
	memblock_reserve(0, PAGE_SIZE);

#if !LIB_CORE_ZONES
	{
		unsigned long zones[MAX_NR_ZONES] = { [ZONE_NORMAL] = max_low_pfn };

		empty_zero_page = memblock_alloc(PAGE_SIZE, PAGE_SIZE);
		set_max_mapnr(max_low_pfn - min_low_pfn);
		free_area_init(zones);
	}
#endif
}

#if LIB_CORE_ZONES
void __init arch_zone_limits_init(unsigned long *max_zone_pfn)
{
	max_zone_pfn[ZONE_NORMAL] = max_low_pfn;
}
#else
void __init mem_init(void)
{
	memblock_free_all();
}
#endif

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
	if (params->size != sizeof(*params) || params->ops->size != sizeof(*params->ops))
		return -EPROTO;
	if (!IS_ALIGNED((unsigned long)params->arena, PAGE_SIZE) || params->arena_len < SZ_8M)
		return -EINVAL;
	booted = true;

	lib_host = params->ops;
	lib_host_arg = params->host;
	lib_arena_start = (unsigned long)params->arena;
	lib_arena_end = (lib_arena_start + params->arena_len) & PAGE_MASK;
	lib_init_host_task = params->init_host_task;
	if (snprintf(cmdline, sizeof(cmdline), DEFAULT_CMDLINE " %s", params->cmdline ?: "") >=
	    sizeof(cmdline))
		return -E2BIG;

	for (ret = lib_vcpu_boot(boot_entry); !lib_first_task(); ret = lib_vcpu_run(NULL)) {
		if (ret < 0)
			return ret;
		lib_time_skip();
	}
	*init = lib_first_task();
	return ret < 0 ? ret : 0;
}
