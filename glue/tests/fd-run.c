// SPDX-License-Identifier: GPL-2.0-only
/*
 * fd-run [-t LEVEL] [-b CIDR] program [argument...]: run a program under the
 * glue on a stack that has nothing but its loopback interface.
 *
 *	-t N	trace: 1 the stack's calls, 2 all
 *	-b ADDR	leave IPv4 address ADDR (/8) to the host
 *	-s	statistics to stderr at the end
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <libos/libos.h>

#include "glue/glue.h"

static void quiet(void *arg, const char *s, __u32 len)
{
}

static long call(struct libos_thread *t, long nr, long a, long b, long c)
{
	unsigned long arg[6] = { a, b, c };

	return libos_call(t, nr, arg);
}

int main(int argc, char **argv)
{
	struct libos_opts lo = { .size = sizeof(lo), .log = quiet };
	struct glue_opts o = { .size = sizeof(o), .flags = GLUE_FINAL };
	struct glue_cidr cidr = { .family = AF_INET, .prefix = 8 };
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	struct libos *os;
	int c, r, status = 0;

	while ((c = getopt(argc, argv, "+t:b:s")) != -1) {
		if (c == 't') {
			o.trace = atoi(optarg);
		} else if (c == 'b' && inet_pton(AF_INET, optarg, cidr.addr) == 1) {
			o.bypass = &cidr;
			o.nbypass = 1;
		} else if (c == 's') {
			o.flags |= GLUE_STATS;
		} else {
			return 2;
		}
	}
	if (optind == argc) {
		fprintf(stderr, "usage: fd-run [-t level] [-b addr] program [argument...]\n");
		return 2;
	}
	r = libos_open(&lo, &os, &o.stack);
	if (r) {
		fprintf(stderr, "fd-run: no stack: %s (is LIBOS_LIBRARY set?)\n", strerror(-r));
		return 125;
	}
	r = call(o.stack, SYS_socket, AF_INET, SOCK_DGRAM, 0);
	call(o.stack, SYS_ioctl, r, SIOCSIFFLAGS, (long)&ifr);
	call(o.stack, SYS_close, r, 0, 0);

	o.path = argv[optind];
	o.argv = argv + optind;
	r = glue_exec(&o, &status);
	if (r) {
		fprintf(stderr, "fd-run: %s: %s\n", o.path, strerror(-r));
		return 126;
	}
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
	}
	return WEXITSTATUS(status);
}
