// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults on the program's memory.  The host's signal handler asks lib_fault()
 * with the address of the instruction; those that may fault have an entry in the
 * exception table (asm/uaccess.h, uaccess_64.S).
 */
#include <linux/extable.h>
#include <linux/uaccess.h>
#include <asm/ptrace.h>
#include <asm/vcpu.h>

unsigned long lib_fault(unsigned long ip)
{
	const struct exception_table_entry *e = search_exception_tables(ip);

	return e ? (unsigned long)&e->fixup + e->fixup : 0;
}

int fixup_exception(struct pt_regs *regs)
{
	unsigned long to = lib_fault(instruction_pointer(regs));

	if (to)
		instruction_pointer_set(regs, to);
	return to != 0;
}

unsigned long lib_copy_from_remote(void *to, const void *from, unsigned long n)
{
	return lib_host->mem_read(lib_host_arg, current->thread.host_task, to,
				  (unsigned long)from, n);
}

unsigned long lib_copy_to_remote(void *to, const void *from, unsigned long n)
{
	return lib_host->mem_write(lib_host_arg, current->thread.host_task,
				   (unsigned long)to, from, n);
}
