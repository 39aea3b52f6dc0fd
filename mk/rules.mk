# SPDX-License-Identifier: GPL-2.0-only
# Rules shared by the userspace rooms.  A room's Makefile sets ROOM, says what it
# makes as lists of names, and includes this file last:
#
#   ROOM    := netio
#   obj-hot := tap.o raw.o          # may run with an application's FS and vectors
#   obj-y   := slirp.o              # ordinary userspace code
#   tests   := test-tap             # tests/test-tap.c, linked with the room
#   ROOM_CFLAGS, ROOM_LDLIBS        # what the room adds
#
# and gets $(B)/$(ROOM).a, the tests, and `make check`.  All output is below
# $(O)/$(ROOM); SAN=1 builds with ASan and UBSan, in a tree of its own.

TOP := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))/..)
O ?= $(TOP)/build
override O := $(abspath $(O))
B := $(O)/$(if $(SAN),san/,)$(ROOM)
V ?= 0
Q := $(if $(filter 0,$(V)),@,)

CC ?= gcc
PROVE ?= prove
PREFIX ?= /usr/local
CCACHE := $(shell command -v ccache 2>/dev/null)

CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wno-unused-parameter -Wmissing-prototypes -Wstrict-prototypes \
	-Wpointer-arith -Wvla -Wshadow -Werror=implicit-function-declaration
BASE_CFLAGS = -std=gnu11 -D_GNU_SOURCE $(WARN) -fPIC -fno-omit-frame-pointer \
	-fvisibility=hidden -I$(TOP)/include -I$(TOP) $(ROOM_CFLAGS)

# Hot code: no vector registers, no implicit TLS, no calls that gcc makes up.
HOT_CFLAGS := -mgeneral-regs-only -fno-stack-protector -fno-builtin \
	-fno-tree-loop-distribute-patterns -fcf-protection=none
comma := ,
SAN_CFLAGS := $(if $(SAN),-fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined)

OBJ := $(addprefix $(B)/,$(obj-y))
HOT := $(addprefix $(B)/,$(obj-hot))
TESTBIN := $(addprefix $(B)/tests/,$(tests))

$(B)/$(ROOM).a: $(OBJ) $(HOT)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(OBJ): $(B)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CCACHE) $(CC) $(CFLAGS) $(BASE_CFLAGS) $(SAN_CFLAGS) -MMD -c $< -o $@

$(filter-out %.S.o,$(HOT)): $(B)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CCACHE) $(CC) $(CFLAGS) $(BASE_CFLAGS) $(HOT_CFLAGS) -MMD -c $< -o $@

$(B)/%.S.o: %.S
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(BASE_CFLAGS) -MMD -c $< -o $@

TESTDIR ?= tests
$(TESTBIN): $(B)/tests/%: $(TESTDIR)/%.c $(B)/$(ROOM).a $(TEST_DEPS)
	@mkdir -p $(@D)
	$(Q)$(CCACHE) $(CC) $(CFLAGS) $(BASE_CFLAGS) $(SAN_CFLAGS) -MMD $< $(B)/$(ROOM).a $(TEST_DEPS) \
		$(ROOM_LDLIBS) -o $@

.DEFAULT_GOAL := all
.PHONY: all clean check tests
all: $(B)/$(ROOM).a
	@:
tests: $(TESTBIN)
clean:
	$(Q)rm -rf $(B)

-include $(OBJ:.o=.d) $(HOT:.o=.d) $(TESTBIN:=.d)
