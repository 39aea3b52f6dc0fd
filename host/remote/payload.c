// SPDX-License-Identifier: GPL-2.0-only
/*
 * Payloads ride in the slot.
 *
 * A process_vm_readv() costs more than most calls.  So a client puts what the call will
 * surely read, some pieces of its memory, into the slot with the request (client.c), and
 * the home reads from there; and what the home would write is logged in the slot, which
 * the client carries out when the call is complete.  Nothing depends on either:
 * what is not in the slot goes by process_vm_readv() and _writev().
 *
 * There is room for a large write, and in the log for a large read.  Each is a second copy,
 * but the client's, on its own CPU; and while we send what it has written (libos_call.tx_late)
 * it copies what it writes next.  The kernel layer reads and writes page by page, and the
 * pages' owner may be another by the end of the call, so without that copy it is a system
 * call a page.
 *
 * Order.  The home must find in the client's memory what it wrote there before: a write
 * to a piece that came along ends the use of that, and a read from elsewhere has the
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

#define LOG_MAX		8192	/* of one write: what is larger is worth a system call */

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
	__u32 end = load_relaxed(&t->slot->in_len), at = 0, n;

	t->nin = 0;
	while (end <= REMOTE_IN && at + sizeof(struct remote_write) <= end &&
	       t->nin < REMOTE_INS) {
		struct remote_write *w = (struct remote_write *)((char *)t->slot + REMOTE_IN_AT + at);

		n = load_relaxed(&w->len);
		at += sizeof(*w);
		if (n > end - at)
			break;		/* the client has been at it */
		t->in[t->nin].addr = load_relaxed(&w->addr);
		t->in[t->nin].len = n;
		t->in[t->nin++].at = REMOTE_IN_AT + at;
		at += REMOTE_ALIGN(n);
	}
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
	__u32 i;

	for (i = 0; i < t->nin; i++)
		if (len <= t->in[i].len && src - t->in[i].addr <= t->in[i].len - len) {
			copy(dst, (char *)t->slot + t->in[i].at + (src - t->in[i].addr), len);
			return 0;
		}
	if (t->out_len)
		flush(t);
	return memory_read(&t->base, dst, src, len);
}

__u64 payload_write(struct served *t, __u64 dst, const void *src, __u64 len)
{
	char *log = (char *)t->slot + REMOTE_OUT_AT;
	struct remote_write *w;
	__u32 i;

	for (i = 0; i < t->nin; i++)
		if (dst - t->in[i].addr < t->in[i].len || t->in[i].addr - dst < len)
			t->in[i].len = 0;
	if (len > LOG_MAX || sizeof(*w) + REMOTE_ALIGN(len) > REMOTE_OUT - t->out_len) {
		if (t->out_len)
			flush(t);
		return memory_write(&t->base, dst, src, len);
	}
	if (t->out_len && dst == t->last.addr + t->last.len && !(t->last.len & 7)) {
		/* More of the same. */
		copy(log + t->out_len, src, len);
		t->out_len += (__u32)REMOTE_ALIGN(len);
	} else {
		t->last.at = t->out_len;
		t->last.addr = dst;
		t->last.len = 0;
		copy(log + t->out_len + sizeof(*w), src, len);
		t->out_len += (__u32)(sizeof(*w) + REMOTE_ALIGN(len));
	}
	t->last.len += (__u32)len;
	w = (struct remote_write *)(log + t->last.at);
	store_relaxed(&w->addr, t->last.addr);
	store_relaxed(&w->len, t->last.len);
	return 0;
}
