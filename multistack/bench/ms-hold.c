// SPDX-License-Identifier: GPL-2.0-only
/*
 * ms-hold - holds many ports and tuples, to see what their number costs
 *
 *	ms-hold [-k tap|xdp] SWITCH PORTS TUPLES-PER-PORT ADDRESS FIRST-PORT
 *
 * Opens ports hold0, hold1 … of SWITCH and owns TCP tuples of the IPv4 ADDRESS
 * from FIRST-PORT on, then says "ready" and waits for SIGTERM. It reads nothing.
 */
#include <arpa/inet.h>
#include <multistack.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int own_one(struct ms_port *ms, const char *addr, int portnr)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_port = htons(portnr),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), err;
	struct ms_tuple t;

	if (fd < 0 || inet_pton(AF_INET, addr, &in.sin_addr) != 1 ||
	    bind(fd, (struct sockaddr *)&in, sizeof(in))) {
		fprintf(stderr, "ms-hold: cannot bind %s:%d: %m\n", addr,
			portnr);
		return -1;
	}
	err = ms_tuple_from_sock(&t, fd);
	if (!err)
		err = ms_port_bind(ms, &t, fd);
	if (err < 0)
		fprintf(stderr, "ms-hold: %s\n", ms_last_error());
	close(fd);
	return err;
}

int main(int argc, char **argv)
{
	struct ms_port_opts opts = { .sz = sizeof(opts), .ring_size = 64 };
	int ports, tuples, portnr, p, t, sig;
	struct ms_port *ms;
	char name[64];
	sigset_t set;

	if (argc > 2 && !strcmp(argv[1], "-k")) {
		opts.kind = strcmp(argv[2], "xdp") ? MS_PORT_TAP : MS_PORT_XSK;
		argc -= 2;
		argv += 2;
	}
	if (argc != 6) {
		fprintf(stderr, "Usage: ms-hold [-k tap|xdp] SWITCH PORTS TUPLES-PER-PORT ADDRESS FIRST-PORT\n");
		return 2;
	}
	ports = atoi(argv[2]);
	tuples = atoi(argv[3]);
	portnr = atoi(argv[5]);

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (p = 0; p < ports; p++) {
		snprintf(name, sizeof(name), "%s:hold%d", argv[1], p);
		if (ms_port_open(name, &opts, &ms) < 0) {
			fprintf(stderr, "ms-hold: %s\n", ms_last_error());
			return EXIT_FAILURE;
		}
		for (t = 0; t < tuples; t++)
			if (own_one(ms, argv[4], portnr++))
				return EXIT_FAILURE;
	}
	printf("ms-hold: ready, %d ports, %d tuples\n", ports, ports * tuples);
	fflush(stdout);
	sigwait(&set, &sig);
	return EXIT_SUCCESS;
}
