// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a program executed by a child process can tell of text that was rewritten
 * before it came (image.c).
 *
 *	prog-image run HOW...	fork, execute "prog-image HOW" in the child, for each
 *	HOW: text		whose memory is libc's text: "image" or "file"
 *	     work		calls of all kinds, from threads and handlers too
 *	     write		text is the program's own, also for its children
 *	     again		libraries are unloaded, and loaded once more
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096UL

static void say(const char *what, long v)
{
	printf("%s %ld\n", what, v);
	fflush(stdout);
}

/* The name of the mapping that @p is in. */
static void name_at(const void *p, char name[256])
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long lo, hi;
	char line[512];

	name[0] = 0;
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %255[^\n]", &lo, &hi, name) >= 2 &&
		    (unsigned long)p >= lo && (unsigned long)p < hi)
			break;
	if (f)
		fclose(f);
}

static void text(void)
{
	char name[256];

	name_at((void *)getppid, name);
	puts(strncmp(name, "/memfd:libc.so.6", 16) ? "file" : "image");
}

static volatile sig_atomic_t handled;

static void on_signal(int sig)
{
	char b;

	/* A call in a handler, in the middle of one. */
	handled += sig == SIGUSR1 && read(-1, &b, 1) < 0 && errno == EBADF;
}

static void *thread(void *arg)
{
	char b;
	ssize_t n = read(*(int *)arg, &b, 1);

	return (void *)(long)(n < 0 ? errno : n);
}

static void work(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	int p[2], i, st;
	pthread_t t;
	void *ret = NULL;
	pid_t pid;

	if (pipe(p))
		exit(1);
	sigaction(SIGUSR1, &sa, NULL);
	pthread_create(&t, NULL, thread, &p[0]);
	/* It may not be in read() yet when the first one comes. */
	for (i = 0; pthread_tryjoin_np(t, &ret) && i < 30000; i++) {
		pthread_kill(t, SIGUSR1);
		usleep(1000);
	}
	say("interrupted", (long)ret == EINTR);
	say("handled", handled > 0);
	pid = fork();
	if (!pid) {
		execl("/bin/sh", "sh", "-c", "exec /bin/echo from the grandchild", NULL);
		_exit(1);
	}
	waitpid(pid, &st, 0);
	say("grandchild", st);
	say("sleep", usleep(1));
	say("open", open("/nonexistent", O_RDONLY) < 0 ? errno : 0);
}

/* getppid() always fails, and is mended, in a child as well. */
static void write_text(void)
{
	static const unsigned char fail[] = { 0x48, 0xc7, 0xc0, 0xff, 0xff, 0xff, 0xff, 0xc3 };
	unsigned char old[sizeof(fail)];
	uintptr_t at = (uintptr_t)getppid, page = at & -PAGE;
	pid_t (*volatile call)(void) = getppid;
	int st;

	memcpy(old, (void *)at, sizeof(old));
	say("writable", mprotect((void *)page, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
	memcpy((void *)at, fail, sizeof(fail));
	say("changed", call());
	if (!fork()) {
		memcpy((void *)at, old, sizeof(old));
		_exit(call() > 0 ? 5 : 6);
	}
	wait(&st);
	say("mended in a child", WEXITSTATUS(st));
	say("not here", call());
	memcpy((void *)at, old, sizeof(old));
	say("mended", call() > 0);
}

static void again(void)
{
	int i, good = 0;
	void *h;

	for (i = 0; i < 50; i++) {
		h = dlopen("libm.so.6", RTLD_NOW);
		if (!h)
			continue;
		good += dlsym(h, "cos") != NULL;
		dlclose(h);
		free(malloc(1 << 20));
	}
	say("loaded", good);
}

static void run(const char *how)
{
	char *argv[] = { "prog-image", (char *)how, NULL };
	pid_t pid = fork();
	int st;

	if (!pid) {
		execv("/proc/self/exe", argv);
		_exit(127);
	}
	waitpid(pid, &st, 0);
	say(how, st);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	int i;

	if (!strcmp(how, "run"))
		for (i = 2; i < argc; i++)
			run(argv[i]);
	else if (!strcmp(how, "text"))
		text();
	else if (!strcmp(how, "work"))
		work();
	else if (!strcmp(how, "write"))
		write_text();
	else if (!strcmp(how, "again"))
		again();
	else
		return 2;
	return 0;
}
