# SPDX-License-Identifier: GPL-2.0-only
# make bench: the comparison; included by the room's Makefile.

bench_programs := $(O)/bench/ms-relay $(O)/bench/ms-hold

$(O)/bench:
	@mkdir -p $@

$(O)/bench/ms-relay: $(src)/bench/ms-relay.c $(O)/pktgen/tapdev.o $(lib) | $(O)/bench
	@echo "  CC      bench/$(notdir $@)"
	$(Q)$(CC) $(FLAGS) -o $@ $(filter %.c %.o,$^) -L$(O) -lmultistack -lpthread

$(O)/bench/ms-hold: $(src)/bench/ms-hold.c $(lib) | $(O)/bench
	@echo "  CC      bench/$(notdir $@)"
	$(Q)$(CC) $(FLAGS) -o $@ $(filter %.c,$^) -L$(O) -lmultistack

.PHONY: bench
bench: all $(bench_programs)
	PATH=$(O):$(O)/bench:$$PATH LD_LIBRARY_PATH=$(O) \
		$(src)/bench/bench-multistack.sh $(O)/bench

-include $(wildcard $(O)/bench/*.d)
