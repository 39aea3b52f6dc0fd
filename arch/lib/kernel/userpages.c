// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of a program's memory, of which there are none.
 *
 * The program's memory is the host's, and this kernel has no struct page behind it.  Most
 * calls copy from and to it (uaccess_64.S).  A few would rather have the pages:
 *
 *	to read them	MSG_ZEROCOPY, TLS that encrypts what is sent.  They are given
 *			pages of ours with a copy.  Whoever gets a page to read may find the
 *			memory as it was when it asked, so nobody can tell, but by the time
 *			it takes
 *	to write them	TLS that decrypts a record straight into the reader's buffer: always
 *			with TLS 1.2, on request with 1.3 (TLS_RX_EXPECT_NO_PAD).  There is
 *			no way to do that, and none back in tls_decrypt_sw(), so the reader
 *			would get EFAULT.  Each read first says that the socket cannot
 *
 * Both come here by the linker's --wrap.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/uio.h>
#include <net/tls.h>

ssize_t __real_iov_iter_get_pages2(struct iov_iter *i, struct page **pages, size_t maxsize,
				   unsigned int maxpages, size_t *start);
ssize_t __wrap_iov_iter_get_pages2(struct iov_iter *i, struct page **pages, size_t maxsize,
				   unsigned int maxpages, size_t *start);

ssize_t __wrap_iov_iter_get_pages2(struct iov_iter *i, struct page **pages, size_t maxsize,
				   unsigned int maxpages, size_t *start)
{
	size_t len, copied, done = 0;
	unsigned int n;

	if (!user_backed_iter(i) || iov_iter_rw(i) != WRITE)
		return __real_iov_iter_get_pages2(i, pages, maxsize, maxpages, start);

	*start = 0;
	maxsize = min(maxsize, iov_iter_count(i));
	for (n = 0; n < maxpages && done < maxsize; n++) {
		len = min(maxsize - done, PAGE_SIZE);
		pages[n] = alloc_page(GFP_KERNEL);
		if (!pages[n])
			return done ?: -ENOMEM;
		copied = copy_page_from_iter(pages[n], 0, len, i);
		if (!copied)
			put_page(pages[n]);
		done += copied;
		if (copied < len)
			return done ?: -EFAULT;
	}
	return done;
}

#ifdef CONFIG_TLS
int __real_tls_sw_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags,
			  int *addr_len);
int __wrap_tls_sw_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags,
			  int *addr_len);

int __wrap_tls_sw_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags,
			  int *addr_len)
{
	tls_sw_ctx_rx(tls_get_ctx(sk))->zc_capable = 0;
	return __real_tls_sw_recvmsg(sk, msg, len, flags, addr_len);
}
#endif
