// SPDX-License-Identifier: GPL-2.0-only
/* Two instances in one process, for gdb.t: one has a UDP socket, the other one of TCP. */
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libos/libos.h>

int main(void)
{
	const unsigned long type[2] = { SOCK_DGRAM, SOCK_STREAM };
	struct libos_thread *thr;
	struct libos *os;
	int i;

	for (i = 0; i < 2; i++) {
		unsigned long arg[6] = { AF_INET, type[i] };

		if (libos_open(NULL, &os, &thr) < 0 || libos_call(thr, SYS_socket, arg) < 0)
			return 1;
	}
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}
