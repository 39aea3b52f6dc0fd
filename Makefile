# SPDX-License-Identifier: GPL-2.0-only
# LibOS: `make help` lists what there is to make.

O ?= $(CURDIR)/build
override O := $(abspath $(O))
PREFIX ?= /usr/local
export O PREFIX DESTDIR SAN

# What the library is made of: VERSION-SET, or any tree by KSRC=/path/to/linux.
KVER ?= 6.12
KERNEL ?= $(if $(KSRC),$(notdir $(abspath $(KSRC))),$(KVER))-full
CHECK_KERNELS ?= 6.12-full 6.12-tiny 6.1-full 6.1-tiny
ROOMS := netio host glue nuse

FRAGMENTS_tiny := arch/lib/configs/tiny.config
FRAGMENTS_full := $(FRAGMENTS_tiny) arch/lib/configs/full.config
FRAGMENTS_debug := $(FRAGMENTS_full) arch/lib/configs/debug.config

.PHONY: all help deps demo check check-debug bench install clean kernel rooms tests multistack bench-multistack
all: kernel rooms multistack

help:
	@echo 'make demo              build, and fetch a page with an unmodified curl on a stack of its own'
	@echo 'make check             build, and run every test'
	@echo 'make                   build the default kernel library, nuse and MultiStack'
	@echo 'make check-debug       tests on a debug kernel, and with sanitizers'
	@echo 'make bench             measure against the native stack and gVisor'
	@echo 'make bench-multistack  measure MultiStack'
	@echo 'make install           install below DESTDIR and PREFIX'
	@echo 'make deps              install what building and testing needs (apt-get)'
	@echo 'KVER=6.1, KSRC=/path/to/linux   another kernel; O=DIR   build there; SAN=1   sanitizers'

deps:
	@scripts/deps.sh build test

kernel: kernel-$(KERNEL)
.PHONY: kernel-%
kernel-%:
	@scripts/kernel.sh $(if $(KSRC),$(abspath $(KSRC)),$(firstword $(subst -, ,$*))) $* $(O)/kernel \
		$(FRAGMENTS_$(lastword $(subst -, ,$*)))

rooms: $(ROOMS)
.PHONY: $(ROOMS)
netio:
	@$(MAKE) --no-print-directory -C netio all
host: netio
	@$(MAKE) --no-print-directory -C host all
glue: host
	@$(MAKE) --no-print-directory -C glue all
nuse: glue
	@$(MAKE) --no-print-directory -C nuse all
tests: nuse
	@$(MAKE) --no-print-directory -C tests tests
multistack:
	@$(MAKE) --no-print-directory -C multistack O=$(O)/multistack all

demo:
	@scripts/demo.sh

check:
	@scripts/check.sh $(CHECK_KERNELS)

check-debug:
	@scripts/check-debug.sh

bench: kernel-6.12-full kernel-6.12-tiny nuse
	@scripts/deps.sh bench
	@bench/bench.sh

bench-multistack: multistack
	@$(MAKE) --no-print-directory -C multistack O=$(O)/multistack bench

install: all
	install -d $(DESTDIR)$(PREFIX)/lib/libos
	install -m 755 $(O)/kernel/$(KERNEL)/liblinux.so $(DESTDIR)$(PREFIX)/lib/libos/liblinux-$(KERNEL).so
	ln -sfn liblinux-$(KERNEL).so $(DESTDIR)$(PREFIX)/lib/libos/liblinux.so
	install -d $(DESTDIR)$(PREFIX)/share/libos/gdb
	install -m 644 scripts/gdb/libos-gdb.py $(DESTDIR)$(PREFIX)/share/libos/gdb
	scripts/gdb/types.sh $(O)/kernel/$(KERNEL) $(DESTDIR)$(PREFIX)/share/libos/gdb $(KERNEL)
	@for room in host nuse; do $(MAKE) --no-print-directory -C $$room install || exit; done
	@$(MAKE) --no-print-directory -C multistack O=$(O)/multistack install

clean:
	rm -rf $(O)
