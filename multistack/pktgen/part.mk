# SPDX-License-Identifier: GPL-2.0-only
# ms-pktgen and its tests; included by the room's Makefile.

pktgen_core := payload order histogram endpoint frame
pktgen_objs := ms-pktgen options report io io_host io_packet io_tap io_multistack \
	mmsg tapdev receive mode_tx mode_rx mode_ping $(pktgen_core)
pktgen_tests := $(pktgen_core:%=$(O)/pktgen/test-%)

programs_user += $(O)/ms-pktgen
part_tests += $(pktgen_tests) $(src)/pktgen/tests/traffic.t
all: $(O)/ms-pktgen
tests: $(pktgen_tests)

$(O)/pktgen:
	@mkdir -p $@

$(O)/pktgen/%.o: $(src)/pktgen/%.c | $(O)/pktgen
	@echo "  CC      pktgen/$*.o"
	$(Q)$(CC) $(FLAGS) -c $< -o $@

$(O)/ms-pktgen: $(pktgen_objs:%=$(O)/pktgen/%.o) $(lib)
	@echo "  LD      $(notdir $@)"
	$(Q)$(CC) $(SANFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) -L$(O) -lmultistack -lm

$(pktgen_tests): $(O)/pktgen/test-%: $(src)/pktgen/tests/test-%.c \
		$(pktgen_core:%=$(O)/pktgen/%.o)
	@echo "  CC      pktgen/$(notdir $@)"
	$(Q)$(CC) $(FLAGS) -o $@ $(filter %.c %.o,$^)

install: install-pktgen
.PHONY: install-pktgen
install-pktgen: $(O)/ms-pktgen
	install -d $(DESTDIR)$(BINDIR)
	install -m 755 $< $(DESTDIR)$(BINDIR)

-include $(wildcard $(O)/pktgen/*.d)
