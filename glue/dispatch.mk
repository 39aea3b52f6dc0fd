# SPDX-License-Identifier: GPL-2.0-only
# The part of the room behind glue_dispatch(); read by Makefile before
# mk/rules.mk, then once more after it for the generated table (DISPATCH_RULES).
ifndef DISPATCH_RULES
obj-hot += dispatch.o dispatch-bypass.o dispatch-copy.o dispatch-fd.o dispatch-ns.o \
	dispatch-path.o dispatch-scm.o dispatch-socket.o etc.o fd.o path.o poll.o sctable.o trace.o
obj-y += fd-init.o
tests += test-path
UNISTD ?= $(firstword $(wildcard /usr/include/$(shell $(CC) -dumpmachine)/asm/unistd_64.h \
	/usr/include/asm/unistd_64.h))
DISPATCH_RULES := 1
else
$(B)/sctable.inc: sctable.awk sctable.def $(UNISTD)
	@mkdir -p $(@D)
	$(Q)awk -f sctable.awk $(UNISTD) sctable.def > $@.tmp && mv $@.tmp $@
$(OBJ) $(HOT): | $(B)/sctable.inc
$(HOT) $(B)/fd-init.o: BASE_CFLAGS += -I$(B)
endif
