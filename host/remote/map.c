// SPDX-License-Identifier: GPL-2.0-only
/*
 * The client's side of ring.c: mmap() and munmap() of a stack file.
 *
 * The home's message with the file comes before its answer, on the thread's socket.  The
 * home keeps what is mapped where, also for the children of a fork.
 */
#include <sys/mman.h>

#include "../sys.h"
#include "client.h"
#include "rights.h"

static bool failed(long r)
{
	return r < 0 && r > -4096;
}

static long read_file(int sock)
{
	struct remote_ring m;
	int file;
	long n = rights_receive(sock, &m, sizeof(m), &file, 1);

	if (n <= 0)
		return -ESHUTDOWN;
	if (file < 0)
		return -EMFILE;
	if (n < (long)sizeof(m) || m.magic != REMOTE_MAGIC) {
		sys(SYS_close, file);
		return -EPROTO;
	}
	return file;
}

long client_mmap(struct libos_thread *thr, const unsigned long arg[6])
{
	unsigned long a[6] = { 0, arg[1], arg[2], arg[3], arg[4], arg[5] };
	long here, file, r;

	here = sys(SYS_mmap, 0, arg[1], PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		   -1, 0);
	if (failed(here))
		return here;
	a[0] = (unsigned long)here;
	r = client_call(thr, REMOTE_NR_MMAP, a, -1);
	if (r < 0)
		goto err;
	file = read_file(to_client_thread(thr)->sock);
	r = file;
	if (file >= 0) {
		r = sys(SYS_mmap, here, arg[1], arg[2], MAP_SHARED | MAP_FIXED, file, 0);
		sys(SYS_close, file);
	}
	if (!failed(r))
		return here;
	client_call(thr, REMOTE_NR_MUNMAP, a, -1);
err:
	sys(SYS_munmap, here, arg[1]);
	return r;
}

int client_munmap(struct libos_thread *thr, unsigned long addr)
{
	unsigned long a[6] = { addr };
	long len = client_call(thr, REMOTE_NR_MUNMAP, a, -1);

	if (len > 0)
		sys(SYS_munmap, addr, len);
	return len < 0 ? (int)len : 0;
}
