/* SPDX-License-Identifier: GPL-2.0-only */
/* Forced into every C file: no symbol can be interposed, so none needs a GOT. */
#ifndef __ASSEMBLY__
#pragma GCC visibility push(hidden)
#endif
