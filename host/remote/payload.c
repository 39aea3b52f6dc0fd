// SPDX-License-Identifier: GPL-2.0-only
/*
 * Small payloads ride in the slot.
 *
 * A process_vm_readv() costs more than most calls.  So a client puts what the call will
 * surely read, one range of its memory, into the slot with the request (client.c), and
 * the home reads from there; and what the home would write is logged in the slot, which
 * the client carries out when the call is complete.  Nothing depends on either:
 * what is not in the slot goes by process_vm_readv() and _writev().
 *
 * Order.  The home must find in the client's memory what it wrote there before: a write
 * to the range that came along ends the use of that, and a read from elsewhere has the
 * log carried out first, as has a write that is too large for it.
 *
 * A write to a bad address is found out too late for the kernel to take back what it
 * did, as a read from a socket; the call fails with EFAULT all the same.
 *
 * The slot may be changed by the client at any time.  That is so with its memory, too,
 * so nothing is copied twice; only lengths are kept here.
 *
 * Hot, token held.
 */
#include "../sys.h"
#include "server.h"

static void copy(void *to, const void *from, __u64 n)
{
	__u8 *d = to;
	const __u8 *s = from;

#if defined(__x86_64__)
	__asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n) : : "memory");
#else
	while (n--)
		*d++ = *s++;
#endif
}

/* A request is taken: what has come along. */
void payload_take(struct served *t)
{
	__u32 len = load_relaxed(&t->slot->in_len);

	t->in_len = len <= REMOTE_IN ? len : 0;
	t->in_addr = load_relaxed(&t->slot->in_addr);
	t->out_len = 0;
	t->out_fault = false;
}

/* Carry the log out here and now. */
static void flush(struct served *t)
{
	char *log = (char *)t->slot + REMOTE_OUT_AT;
	__u32 at = 0, n;
	__u64 addr;

	while (at + sizeof(struct remote_write) <= t->out_len) {
		struct remote_write *w = (struct remote_write *)(log + at);

		n = load_relaxed(&w->len);
		addr = load_relaxed(&w->addr);
		at += sizeof(*w);
		if (n > t->out_len - at)
			break;		/* the client has been at it */
		if (memory_write(&t->base, addr, log + at, n))
			t->out_fault = true;
		at += REMOTE_ALIGN(n);
	}
	t->out_len = 0;
}

__u64 payload_read(struct served *t, void *dst, __u64 src, __u64 len)
{
	if (len <= t->in_len && src - t->in_addr <= t->in_len - len) {
		copy(dst, (char *)t->slot + REMOTE_IN_AT + (src - t->in_addr), len);
		return 0;
	}
	if (t->out_len)
		flush(t);
	return memory_read(&t->base, dst, src, len);
}

__u64 payload_write(struct served *t, __u64 dst, const void *src, __u64 len)
{
	struct remote_write *w;

	if (dst - t->in_addr < t->in_len || t->in_addr - dst < len)
		t->in_len = 0;
	if (len > REMOTE_OUT || sizeof(*w) + REMOTE_ALIGN(len) > REMOTE_OUT - t->out_len) {
		if (t->out_len)
			flush(t);
		return memory_write(&t->base, dst, src, len);
	}
	w = (struct remote_write *)((char *)t->slot + REMOTE_OUT_AT + t->out_len);
	store_relaxed(&w->addr, dst);
	store_relaxed(&w->len, (__u32)len);
	copy(w + 1, src, len);
	t->out_len += (__u32)(sizeof(*w) + REMOTE_ALIGN(len));
	return 0;
}
