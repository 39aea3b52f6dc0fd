# SPDX-License-Identifier: GPL-2.0-only
# Manual pages; included by the room's Makefile.

man_pages := $(wildcard $(src)/man/*.[0-9])

part_tests += $(src)/man/tests/man.t
install: install-man
.PHONY: install-man
install-man:
	$(foreach page,$(man_pages),install -D -m 644 $(page) \
		$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(notdir $(page)) &&) true
