/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmlinux as a shared object: one text and one data segment.  Whatever holds an
 * address (read-only data, init data, per-CPU data) needs a RELATIVE relocation
 * and is therefore in the data segment.
 */
#define LOAD_OFFSET 0
#include <asm/cache.h>
#include <asm/page.h>
#include <asm/thread_info.h>
#include <asm-generic/vmlinux.lds.h>

jiffies = jiffies_64;

PHDRS {
	text	PT_LOAD		FILEHDR PHDRS FLAGS(5);
	data	PT_LOAD		FLAGS(6);
	dynamic	PT_DYNAMIC	FLAGS(6);
	stack	PT_GNU_STACK	FLAGS(6);
}

VERSION { LIBLINUX_1 { global: libos_kernel; local: *; }; }

SECTIONS
{
	. = SIZEOF_HEADERS;
	.hash		: { *(.hash) } :text
	.gnu.hash	: { *(.gnu.hash) }
	.dynsym		: { *(.dynsym) }
	.dynstr		: { *(.dynstr) }
	.gnu.version	: { *(.gnu.version) }
	.gnu.version_d	: { *(.gnu.version_d) }
	.gnu.version_r	: { *(.gnu.version_r) }
	.rela.dyn	: { *(.rela.*) *(.rela*) }
	.relr.dyn	: { *(.relr.dyn) }
	.plt		: { *(.plt) *(.plt.*) }

	. = ALIGN(PAGE_SIZE);
	_text = .;
	_stext = .;
	.text : {
		TEXT_TEXT
		SCHED_TEXT
		LOCK_TEXT
#ifdef CPUIDLE_TEXT
		CPUIDLE_TEXT
#endif
		KPROBES_TEXT
		IRQENTRY_TEXT
		SOFTIRQENTRY_TEXT
		*(.fixup)
		*(.text.*)
	} :text
	_etext = .;

	. = ALIGN(PAGE_SIZE);
	__init_begin = .;
	INIT_TEXT_SECTION(PAGE_SIZE)
	.exit.text : { EXIT_TEXT }

	. = ALIGN(PAGE_SIZE);
	.data.first : { BYTE(0) } :data
	_sdata = .;
	INIT_DATA_SECTION(16)
	.exit.data : { EXIT_DATA }
	PERCPU_SECTION(L1_CACHE_BYTES)
	__init_end = .;

	RO_DATA(PAGE_SIZE)
	.data.rel.ro : { *(.data.rel.ro*) }
	EXCEPTION_TABLE(16)
	RW_DATA(L1_CACHE_BYTES, PAGE_SIZE, THREAD_SIZE)
	.data.rel : { *(.data.rel .data.rel.local .data.rel.*) }
	.got : { *(.got) *(.got.plt) }
	.dynamic : { *(.dynamic) } :data :dynamic
	. = ALIGN(8);
	_edata = .;
	BSS_SECTION(0, PAGE_SIZE, PAGE_SIZE)
	_end = .;

	STABS_DEBUG
	DWARF_DEBUG
	ELF_DETAILS

	DISCARDS
}
