// SPDX-License-Identifier: GPL-2.0-only
/* Which file system a path belongs to. */
#include <stdio.h>
#include <string.h>

#include "glue/path.h"

#define PID 4711

static const struct {
	const char *base, *path;
	enum path_room room;
	const char *out;
	int fd;
} cases[] = {
	{ NULL, "/home/x", PATH_HOST, NULL, -1 },
	{ NULL, "/", PATH_NEAR, "/", -1 },
	{ NULL, "/proc", PATH_NEAR, "/proc", -1 },
	{ NULL, "/proc/net", PATH_STACK, "/proc/net", -1 },
	{ NULL, "/proc/net/", PATH_STACK, "/proc/net/", -1 },
	{ NULL, "/proc/net/tcp", PATH_STACK, "/proc/net/tcp", -1 },
	{ NULL, "//proc/.//net/../net/tcp6", PATH_STACK, "/proc/net/tcp6", -1 },
	{ NULL, "/proc/network", PATH_NEAR, NULL, -1 },
	{ NULL, "/proc/ne", PATH_NEAR, NULL, -1 },
	{ NULL, "/proc/self/net/dev", PATH_STACK, "/proc/self/net/dev", -1 },
	{ NULL, "/proc/thread-self/net/dev", PATH_STACK, "/proc/self/net/dev", -1 },
	{ NULL, "/proc/4711/net/dev", PATH_STACK, "/proc/self/net/dev", -1 },
	{ NULL, "/proc/4711/task/4712/net/dev", PATH_STACK, "/proc/self/net/dev", -1 },
	{ NULL, "/proc/self/task/4712/net", PATH_STACK, "/proc/self/net", -1 },
	{ NULL, "/proc/4712/net/dev", PATH_NEAR, NULL, -1 },
	{ NULL, "/proc/self/ns/net", PATH_STACK, "/proc/self/ns/net", -1 },
	{ NULL, "/proc/self/ns/pid", PATH_NEAR, NULL, -1 },
	{ NULL, "/proc/self/status", PATH_NEAR, NULL, -1 },
	{ NULL, "/proc/self/maps", PATH_MAPS, NULL, -1 },
	{ NULL, "/proc/4711/task/4712/maps", PATH_MAPS, NULL, -1 },
	{ "/proc/self", "maps", PATH_MAPS, NULL, -1 },
	{ NULL, "/proc/self/maps/x", PATH_NEAR, NULL, -1 },
	{ NULL, "/proc/self/smaps", PATH_NEAR, NULL, -1 },
	{ NULL, "/proc/4712/maps", PATH_NEAR, NULL, -1 },
	{ NULL, "/proc/self/fd", PATH_NEAR, NULL, -1 },
	{ NULL, "/proc/self/fd/17", PATH_FD, "/proc/self/fd/17", 17 },
	{ NULL, "/proc/4711/fd/17", PATH_FD, "/proc/self/fd/17", 17 },
	{ NULL, "/proc/4711/task/4711/fdinfo/3", PATH_FD, "/proc/self/fdinfo/3", 3 },
	{ NULL, "/proc/self/fd/17x", PATH_NEAR, NULL, -1 },
	{ NULL, "/dev/fd/4", PATH_FD, "/proc/self/fd/4", 4 },
	{ NULL, "/dev/stdin", PATH_FD, "/proc/self/fd/0", 0 },
	{ NULL, "/dev/stderr", PATH_FD, "/proc/self/fd/2", 2 },
	{ NULL, "/dev/null", PATH_NEAR, NULL, -1 },
	{ NULL, "/dev/net/tun", PATH_STACK, "/dev/net/tun", -1 },
	{ NULL, "/proc/sys/net/ipv4/ip_forward", PATH_STACK, "/proc/sys/net/ipv4/ip_forward", -1 },
	{ NULL, "/proc/sys/kernel/hostname", PATH_NEAR, NULL, -1 },
	{ NULL, "/sys/class/net", PATH_STACK, "/sys/class/net", -1 },
	{ NULL, "/sys/class/net/lo/mtu", PATH_STACK, "/sys/class/net/lo/mtu", -1 },
	{ NULL, "/sys/class/block", PATH_NEAR, NULL, -1 },
	{ NULL, "/sys/devices/virtual/net/lo", PATH_STACK, "/sys/devices/virtual/net/lo", -1 },
	{ NULL, "/sys/devices/virtual/tty", PATH_NEAR, NULL, -1 },
	{ NULL, "/sys/class/net/../block", PATH_NEAR, "/sys/class/block", -1 },
	{ NULL, "/run/netns/a", PATH_STACK, "/run/netns/a", -1 },
	{ NULL, "/var/run/netns/a", PATH_STACK, "/run/netns/a", -1 },
	{ NULL, "/var/run/utmp", PATH_NEAR, NULL, -1 },
	{ NULL, "/etc/resolv.conf", PATH_ETC, "/etc/resolv.conf", -1 },
	{ NULL, "/../../proc/net", PATH_STACK, "/proc/net", -1 },
	{ "/", "proc/net/dev", PATH_STACK, "/proc/net/dev", -1 },
	{ "/proc", "net/dev", PATH_STACK, "/proc/net/dev", -1 },
	{ "/proc/sys", "net/core", PATH_STACK, "/proc/sys/net/core", -1 },
	{ "/proc/sys/net", "../kernel/ostype", PATH_NEAR, "/proc/sys/kernel/ostype", -1 },
	{ "/sys/class/net", "lo", PATH_STACK, "/sys/class/net/lo", -1 },
	{ "/home/x", "../../proc/net", PATH_STACK, "/proc/net", -1 },
	{ "/home/x", "proc/net", PATH_HOST, NULL, -1 },
};

int main(void)
{
	struct path_where w;
	char long_path[PATH_BUF + 100];
	size_t n = sizeof(cases) / sizeof(cases[0]), failed = 0;

	printf("1..%zu\n", n + 3);
	for (size_t i = 0; i < n; i++) {
		int ok;

		path_classify(&w, cases[i].base, cases[i].path, PID);
		ok = w.room == cases[i].room && w.fd == cases[i].fd &&
		     (!cases[i].out || !strcmp(w.out, cases[i].out));
		printf("%sok %zu - %s%s%s\n", ok ? "" : "not ", i + 1,
		       cases[i].base ? cases[i].base : "", cases[i].base ? " + " : "",
		       cases[i].path);
		if (!ok) {
			failed++;
			printf("# room %d fd %d out \"%s\"\n", w.room, w.fd, w.out);
		}
	}

	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	memcpy(long_path, "/proc/net/", 10);
	path_classify(&w, NULL, long_path, PID);
	failed += w.room != PATH_HOST;
	printf("%sok %zu - a path beyond the buffer is the host's\n",
	       w.room == PATH_HOST ? "" : "not ", n + 1);

	/* Just within the buffer, and longer once it is respelled. */
	long_path[PATH_BUF - 4] = '\0';
	path_classify(&w, NULL, long_path, PID);
	failed += strlen(w.out) >= PATH_BUF;
	printf("%sok %zu - respelling stays within the buffer\n",
	       strlen(w.out) < PATH_BUF ? "" : "not ", n + 2);

	{
		int ok = path_is_plain("/usr/lib/x", false) && path_is_plain("x", false) &&
			 !path_is_plain("x", true) && !path_is_plain("../x", false) &&
			 !path_is_plain("/proc/x", false) && !path_is_plain("//", false);

		failed += !ok;
		printf("%sok %zu - the quick look\n", ok ? "" : "not ", n + 3);
	}
	return failed != 0;
}
