# SPDX-License-Identifier: GPL-2.0-only
# The socket and the service unit; included by the room's Makefile.

all: $(O)/multistackd.service
part_tests += $(src)/systemd/tests/units.t

$(O)/multistackd.service: $(src)/systemd/multistackd.service.in $(src)/Makefile
	@mkdir -p $(@D)
	$(Q)sed -e 's|@SBINDIR@|$(SBINDIR)|' $< >$@

install: install-systemd
.PHONY: install-systemd
install-systemd: $(O)/multistackd.service
	install -d $(DESTDIR)$(UNITDIR)
	install -m 644 $< $(src)/systemd/multistackd.socket $(DESTDIR)$(UNITDIR)
