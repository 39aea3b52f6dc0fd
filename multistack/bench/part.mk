# SPDX-License-Identifier: GPL-2.0-only
# make bench: the comparison; included by the room's Makefile.

bench_programs := $(O)/bench/ms-relay $(O)/bench/ms-hold $(O)/bench/ms-floor \
	$(O)/bench/ms-toggle

$(O)/bench:
	@mkdir -p $@

$(O)/bench/ms-relay: $(src)/bench/ms-relay.c $(O)/pktgen/tapdev.o $(lib) | $(O)/bench
	@echo "  CC      bench/$(notdir $@)"
	$(Q)$(CC) $(FLAGS) -o $@ $(filter %.c %.o,$^) -L$(O) -lmultistack -lpthread

$(O)/bench/ms-hold: $(src)/bench/ms-hold.c $(lib) | $(O)/bench
	@echo "  CC      bench/$(notdir $@)"
	$(Q)$(CC) $(FLAGS) -o $@ $(filter %.c,$^) -L$(O) -lmultistack

$(O)/bench/ms-floor: $(src)/bench/ms-floor.c | $(O)/bench
	@echo "  CC      bench/$(notdir $@)"
	$(Q)$(CC) $(FLAGS) -o $@ $(filter %.c,$^) -lbpf

$(O)/bench/ms-toggle: $(src)/bench/ms-toggle.c | $(O)/bench
	@echo "  CC      bench/$(notdir $@)"
	$(Q)$(CC) $(FLAGS) -o $@ $(filter %.c,$^)

.PHONY: bench bench-toggle
bench: all $(bench_programs)
	PATH=$(O):$(O)/bench:$$PATH LD_LIBRARY_PATH=$(O) \
		$(src)/bench/bench-multistack.sh $(O)/bench

# (b) to (a) alone, with a confidence interval
bench-toggle: all $(bench_programs)
	PATH=$(O):$(O)/bench:$$PATH LD_LIBRARY_PATH=$(O) \
		$(src)/bench/toggle.sh $(O)/bench

-include $(wildcard $(O)/bench/*.d)
