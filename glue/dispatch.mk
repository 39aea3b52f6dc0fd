# SPDX-License-Identifier: GPL-2.0-only
# The part of the room behind glue_dispatch(); Makefile reads it before
# mk/rules.mk for its lists, and after it for its rules.
ifndef DISPATCH_RULES
DISPATCH_RULES := 1
obj-hot += dispatch.o dispatch-bypass.o dispatch-copy.o dispatch-fd.o dispatch-ns.o \
	dispatch-path.o dispatch-scm.o dispatch-socket.o etc.o fd.o fd-fork.o maps.o path.o poll.o sctable.o trace.o
obj-y += fd-init.o fd-process.o
tests += test-path

# Called as functions, against a booted stack and without the engine: these are
# built as kernel-NAME, since they are run once for each kernel.
direct-tests := fd fd-poll fd-path fd-copy fd-net
# Programs, run natively and hosted; their outputs must be the same.
fd-programs := prog-fd-numbers prog-fd-sockets prog-fd-poll

UNISTD ?= $(firstword $(wildcard /usr/include/$(shell $(CC) -print-multiarch)/asm/unistd_64.h \
	/usr/include/asm/unistd_64.h))
else
$(B)/sctable.inc: sctable.awk sctable.def $(UNISTD)
	@mkdir -p $(@D)
	$(Q)awk -f sctable.awk $(UNISTD) sctable.def > $@.tmp && mv $@.tmp $@
$(OBJ) $(HOT): | $(B)/sctable.inc
$(HOT) $(B)/fd-init.o $(B)/fd-process.o: BASE_CFLAGS += -I$(B)
$(B)/sctable.o: $(B)/sctable.inc

HOSTLIBS := $(O)/$(if $(SAN),san/,)host/host.a $(O)/$(if $(SAN),san/,)netio/netio.a
DIRECTBIN := $(addprefix $(B)/tests/kernel-,$(direct-tests))
$(B)/tests/fd-direct.o: BASE_CFLAGS += -I$(B)
$(DIRECTBIN): $(B)/tests/kernel-%: $(B)/tests/test-%.o $(B)/tests/fd-direct.o $(B)/glue.a $(HOSTLIBS)
	$(Q)$(CC) $(CFLAGS) $(SAN_CFLAGS) $^ -lpthread -lslirp -lmnl -o $@
tests: $(DIRECTBIN)

# Ordinary programs, as a user's compiler makes them.
FDPROGS := $(addprefix $(B)/tests/,$(fd-programs))
$(FDPROGS): $(B)/tests/%: tests/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -D_GNU_SOURCE -std=gnu11 $(WARN) $< -lpthread -o $@
tests: $(FDPROGS)

# A launcher with a stack that has a loopback interface.
$(B)/tests/fd-run: $(B)/tests/fd-run.o $(B)/glue.a $(HOSTLIBS)
	$(Q)$(CC) $(CFLAGS) $(SAN_CFLAGS) $^ $(ROOM_LDLIBS) -lslirp -lmnl -o $@
tests: $(B)/tests/fd-run

$(B)/tests/kernel-fd-hosted: tests/test-fd-hosted.sh
	$(Q)install -m 755 $< $@
tests: $(B)/tests/kernel-fd-hosted

.PHONY: check-fd
check-fd: tests
	$(Q)$(PROVE) --exec '' $(B)/tests/test-path $(B)/tests/kernel-*
-include $(addprefix $(B)/tests/,$(direct-tests:%=test-%.d) fd-direct.d fd-run.d)
endif
