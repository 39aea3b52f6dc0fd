# SPDX-License-Identifier: GPL-2.0-only
# lwIP over a port, and the README's walk; included by the room's Makefile.
# Built where Debian's liblwip-dev is installed; without it nothing else misses.

lwip_cflags := $(shell $(PKG_CONFIG) --cflags lwip 2>/dev/null)
lwip_libs := $(shell $(PKG_CONFIG) --libs lwip 2>/dev/null)
lwip_objs := lwip-httpd netif request

$(O)/demo:
	@mkdir -p $@

part_tests += $(O)/demo/test-request
tests: $(O)/demo/test-request
$(O)/demo/test-request: $(src)/demo/tests/test-request.c $(O)/demo/request.o
	@echo "  CC      demo/$(notdir $@)"
	$(Q)$(CC) $(FLAGS) -o $@ $(filter %.c %.o,$^)

$(O)/demo/%.o: $(src)/demo/lwip/%.c | $(O)/demo
	@echo "  CC      demo/$*.o"
	$(Q)$(CC) $(FLAGS) $(lwip_cflags) -c $< -o $@

part_tests += $(src)/demo/tests/lwip-beside-nginx.t $(src)/demo/tests/walk.t
ifneq ($(lwip_libs),)
all: $(O)/lwip-httpd

$(O)/lwip-httpd: $(lwip_objs:%=$(O)/demo/%.o) $(lib)
	@echo "  LD      $(notdir $@)"
	$(Q)$(CC) $(SANFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) -L$(O) -lmultistack \
		$(lwip_libs) -lpthread

install: install-demo
.PHONY: install-demo
install-demo: $(O)/lwip-httpd
	install -d $(DESTDIR)$(BINDIR)
	install -m 755 $< $(DESTDIR)$(BINDIR)
endif

-include $(wildcard $(O)/demo/*.d)
