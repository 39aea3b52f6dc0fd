// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of programs in other processes, by process_vm_readv() and _writev(); what a
 * call of theirs carries with it is left to remote/payload.c.
 *
 * One call moves as much as the host allows; it stops short at the first page
 * that is not there, and says by how much.  What is left is what the kernel
 * layer's copy_from_user() returns to its caller, so a string that ends just
 * before an unmapped page is read as it should be.
 *
 * Limit: the identity's process is named by pid, and the caller needs ptrace
 * rights to it (see ptrace(2), process_vm_readv(2)).
 */
#include <sys/uio.h>

#include "instance.h"
#include "sys.h"

#define PAGE		4096ULL
#define MAX_ONE		(1ULL << 30)	/* the host's limit is 2 GiB less a page */

static __u64 move(long nr, struct libos_thread *thr, void *local, __u64 remote, __u64 len)
{
	while (len) {
		__u64 n = len < MAX_ONE ? len : MAX_ONE;
		struct iovec l = { local, n }, r = { (void *)remote, n };
		long got = sys(nr, thr->pid, &l, 1, &r, 1, 0);

		/*
		 * EFAULT with nothing moved, though the first bytes may be there:
		 * older hosts look at all pages of a batch first.  Try the rest of
		 * the first page alone, then give up.
		 */
		if (got == -EFAULT && n > PAGE - (remote & (PAGE - 1))) {
			l.iov_len = r.iov_len = PAGE - (remote & (PAGE - 1));
			got = sys(nr, thr->pid, &l, 1, &r, 1, 0);
		}
		if (got <= 0)
			break;
		local = (char *)local + got;
		remote += (__u64)got;
		len -= (__u64)got;
	}
	return len;
}

__u64 memory_read(struct libos_thread *thr, void *dst, __u64 src, __u64 len)
{
	return move(SYS_process_vm_readv, thr, dst, src, len);
}

__u64 memory_write(struct libos_thread *thr, __u64 dst, const void *src, __u64 len)
{
	return move(SYS_process_vm_writev, thr, (void *)src, dst, len);
}

__u64 mem_read(void *host, void *host_task, void *dst, __u64 src, __u64 len)
{
	struct libos_thread *thr = host_task;

	if (likely(load_relaxed(&thr->word) == WORD_REMOTE))
		return channel_read(thr, dst, src, len);
	return memory_read(thr, dst, src, len);
}

__u64 mem_write(void *host, void *host_task, __u64 dst, const void *src, __u64 len)
{
	struct libos_thread *thr = host_task;

	if (likely(load_relaxed(&thr->word) == WORD_REMOTE))
		return channel_write(thr, dst, src, len);
	return memory_write(thr, dst, src, len);
}
