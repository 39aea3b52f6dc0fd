/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel layer loads no ELF program; the glue does. */
#ifndef _LIB_ELF_H
#define _LIB_ELF_H

#include <asm/ptrace.h>
#include <linux/elf-em.h>

#define elf_check_arch(hdr)	0
#define ELF_CLASS		ELFCLASS64
#define ELF_DATA		ELFDATA2LSB
#define ELF_ARCH		EM_X86_64
#define ELF_EXEC_PAGESIZE	PAGE_SIZE
#define ELF_HWCAP		0
#define ELF_PLATFORM		NULL
#define R_NONE			0

typedef unsigned long elf_greg_t;
typedef elf_greg_t elf_gregset_t[sizeof(struct user_regs_struct) / sizeof(elf_greg_t)];
typedef unsigned long elf_fpregset_t;

#endif
