# SPDX-License-Identifier: GPL-2.0-only
# The part of the room behind glue_dispatch(); Makefile reads it before
# mk/rules.mk for its lists, and after it for its rules.
ifndef DISPATCH_RULES
DISPATCH_RULES := 1
obj-hot += dispatch.o dispatch-bypass.o dispatch-copy.o dispatch-fd.o dispatch-ns.o \
	dispatch-path.o dispatch-scm.o dispatch-socket.o etc.o fd.o path.o poll.o sctable.o trace.o
obj-y += fd-init.o
tests += test-path

# Called as functions, against a booted stack and without the engine.
direct-tests := test-fd test-fd-poll test-fd-path test-fd-copy test-fd-net
# Programs, run natively and hosted; their outputs must be the same.
fd-programs := prog-fd-numbers prog-fd-sockets prog-fd-poll

UNISTD ?= $(firstword $(wildcard /usr/include/$(shell $(CC) -print-multiarch)/asm/unistd_64.h \
	/usr/include/asm/unistd_64.h))
else
$(B)/sctable.inc: sctable.awk sctable.def $(UNISTD)
	@mkdir -p $(@D)
	$(Q)awk -f sctable.awk $(UNISTD) sctable.def > $@.tmp && mv $@.tmp $@
$(OBJ) $(HOT): | $(B)/sctable.inc
$(HOT) $(B)/fd-init.o: BASE_CFLAGS += -I$(B)
$(B)/sctable.o: $(B)/sctable.inc

HOSTLIBS := $(O)/$(if $(SAN),san/,)host/host.a $(O)/$(if $(SAN),san/,)netio/netio.a
DIRECTBIN := $(addprefix $(B)/tests/,$(direct-tests))
$(B)/tests/fd-direct.o: BASE_CFLAGS += -I$(B)
$(DIRECTBIN): $(B)/tests/%: $(B)/tests/%.o $(B)/tests/fd-direct.o $(B)/glue.a $(HOSTLIBS)
	$(Q)$(CC) $(CFLAGS) $(SAN_CFLAGS) $^ -lpthread -lslirp -o $@
tests: $(DIRECTBIN)

# Ordinary programs, as a user's compiler makes them.
FDPROGS := $(addprefix $(B)/tests/,$(fd-programs))
$(FDPROGS): $(B)/tests/%: tests/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -D_GNU_SOURCE -std=gnu11 $(WARN) $< -lpthread -o $@
tests: $(FDPROGS)
-include $(DIRECTBIN:=.d) $(B)/tests/fd-direct.d
endif
