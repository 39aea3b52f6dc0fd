// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that visits an echo server and then dies: crash ADDR PORT HOW
 *
 * HOW is segv, bus, fpe, abrt, ill, thread (segv in a second thread) or recv
 * (killed from outside while it blocks in the stack).  %r12 holds MARK, so that a
 * core can be told to be ours.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define MARK	"0x6c69626f73636f72"

static const char *how;
static int tcp;

static void *die(void *arg)
{
	char byte;
	void *map;

	if (!strcmp(how, "segv") || !strcmp(how, "thread"))
		__asm__ volatile("movabs $" MARK ", %%r12\n\tmov $0x6e000, %%eax\n\tmovl $1, (%%rax)"
				 : : : "rax", "r12", "memory");
	if (!strcmp(how, "fpe"))
		__asm__ volatile("movabs $" MARK ", %%r12\n\txor %%ecx, %%ecx\n\txor %%edx, %%edx\n\tdiv %%ecx"
				 : : : "rax", "rcx", "rdx", "r12");
	if (!strcmp(how, "ill"))
		__asm__ volatile("movabs $" MARK ", %%r12\n\tud2" : : : "r12");
	if (!strcmp(how, "bus")) {
		map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(tmpfile()), 0);
		*(volatile char *)map = 1;
	}
	if (!strcmp(how, "abrt"))
		abort();
	if (!strcmp(how, "recv") && recv(tcp, &byte, 1, 0) >= 0)
		exit(3);
	return arg;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	pthread_t thread;
	char byte = 'b';

	if (argc != 4)
		return 2;
	how = argv[3];
	to.sin_port = htons(atoi(argv[2]));
	inet_pton(AF_INET, argv[1], &to.sin_addr);
	tcp = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(tcp, (struct sockaddr *)&to, sizeof(to)) < 0 || send(tcp, &byte, 1, 0) != 1 ||
	    recv(tcp, &byte, 1, 0) != 1) {
		perror("echo");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	if (!strcmp(how, "thread")) {
		pthread_create(&thread, NULL, die, NULL);
		pthread_join(thread, NULL);
	}
	die(NULL);
	return 4;
}
