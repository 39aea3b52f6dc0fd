// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that the glue cannot know, beside ordinary ones of both sides: unknown ADDR PORT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	static const long numbers[] = { 399, 480, 511, 600, 1023, 100000, 0x7fffffff };
	unsigned int i;
	char buf[8];
	int s, fd;

	if (argc != 3)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	to.sin_port = htons(atoi(argv[2]));
	inet_pton(AF_INET, argv[1], &to.sin_addr);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		errno = 0;
		printf("call %ld: %ld", numbers[i], syscall(numbers[i], 0, 0, 0, 0, 0, 0));
		printf(" %s\n", strerrorname_np(errno));
	}
	printf("getppid is the host's: %d\n", syscall(SYS_getppid) == getppid());
	fd = open("/proc/sys/kernel/ostype", O_RDONLY);
	printf("host file: %zd\n", read(fd, buf, 5));
	close(fd);
	s = socket(AF_INET, SOCK_STREAM, 0);
	printf("connect: %d\n", connect(s, (struct sockaddr *)&to, sizeof(to)));
	printf("echo: %zd", send(s, "echo", 4, 0));
	printf(" %zd\n", recv(s, buf, 4, MSG_WAITALL));
	return 0;
}
