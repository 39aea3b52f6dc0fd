// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stack's procfs and sysfs, as a program finds them in the host's tree.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd-direct.h"

static char buf[65536];

static long slurp(const char *path)
{
	long fd = sc(SYS_open, path, O_RDONLY), n, got = 0;

	if (fd < 0)
		return fd;
	while ((n = sc(SYS_read, fd, buf + got, sizeof(buf) - 1 - got)) > 0)
		got += n;
	buf[got] = '\0';
	sc(SYS_close, fd);
	return n < 0 ? n : got;
}

/* Is @name an entry of directory @fd? */
static bool lists(long fd, const char *name, int *count)
{
	bool found = false;
	long n;

	*count = 0;
	sc(SYS_lseek, fd, 0, SEEK_SET);
	while ((n = sc(SYS_getdents64, fd, buf, sizeof(buf))) > 0)
		for (long at = 0; at < n;) {
			struct dirent64 *e = (void *)(buf + at);

			found |= !strcmp(e->d_name, name);
			++*count;
			at += e->d_reclen;
		}
	return found;
}

static bool starts(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

static void files(void)
{
	long s = sc(SYS_socket, AF_INET, SOCK_STREAM, 0), fd, host, n;
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(4242) };
	struct open_how how = { .flags = O_RDONLY };
	struct stat st, st2;
	struct statx stx;
	char name[64], link[128];

	sc(SYS_bind, s, &sa, sizeof(sa));
	sc(SYS_listen, s, 1);
	ok(slurp("/proc/net/tcp") > 0 && strstr(buf, ":1092 00000000:0000 0A"),
	   "/proc/net/tcp has the stack's listener");
	ok(slurp("/proc/self/net/tcp") > 0 && strstr(buf, ":1092 "), "so has /proc/self/net/tcp");
	sprintf(name, "/proc/%d/net/tcp", getpid());
	ok(slurp(name) > 0 && strstr(buf, ":1092 "), "so has %s", "/proc/PID/net/tcp");
	sprintf(name, "/proc/self/task/%d/net/tcp", gettid());
	ok(slurp(name) > 0 && strstr(buf, ":1092 "), "so has /proc/self/task/TID/net/tcp");
	ok(slurp("/proc/./sys/..//net/tcp") > 0 && strstr(buf, ":1092 "), "by odd spellings, too");
	ok(slurp("/proc/net/dev") > 0 && strstr(buf, "lo:"), "/proc/net/dev");

	ok(slurp("/proc/sys/net/ipv4/ip_forward") == 2 && buf[0] == '0', "a sysctl is read");
	fd = sc(SYS_open, "/proc/sys/net/ipv4/ip_forward", O_WRONLY);
	ok_ret(sc(SYS_write, fd, "1\n", 2), 2, "and written");
	sc(SYS_close, fd);
	ok(slurp("/proc/sys/net/ipv4/ip_forward") == 2 && buf[0] == '1', "and has changed");
	host = open("/proc/sys/net/ipv4/default_ttl", O_RDONLY);
	ok(slurp("/proc/sys/kernel/hostname") > 0, "the host's sysctls are there");
	close(host);
	ok(slurp("/proc/self/status") > 0 && starts(buf, "Name:"), "/proc/self/status is the host's");

	ok_ret(sc(SYS_stat, "/proc/net/tcp", &st), 0, "stat");
	ok_ret(sc(SYS_newfstatat, AT_FDCWD, "/sys/class/net/lo", &st, 0), 0, "newfstatat");
	ok(S_ISDIR(st.st_mode), "/sys/class/net/lo is a directory");
	ok_ret(sc(SYS_lstat, "/sys/class/net/lo", &st), 0, "lstat");
	ok(S_ISLNK(st.st_mode), "by way of a link");
	ok_ret(sc(SYS_statx, AT_FDCWD, "/sys/class/net/lo/mtu", 0, STATX_BASIC_STATS, &stx), 0, "statx");
	ok_ret(sc(SYS_access, "/sys/class/net/lo/mtu", R_OK), 0, "access");
	ok_ret(sc(SYS_access, "/sys/class/net/eth77", R_OK), -ENOENT, "access to what is not there");
	ok(sc(SYS_readlink, "/sys/class/net/lo", link, sizeof(link)) > 0 &&
	   strstr(link, "devices/virtual/net/lo"), "readlink");
	ok(slurp("/sys/class/net/lo/mtu") > 0 && atoi(buf) == 65536, "the mtu of lo is 65536");
	ok(slurp("/sys/devices/virtual/net/lo/mtu") > 0, "by its other path");
	ok_ret(sc(SYS_open, "/sys/class/net/lo/nothing", O_RDONLY), -ENOENT, "no such file");
	fd = sc(SYS_openat2, AT_FDCWD, "/proc/net/udp", &how, sizeof(how));
	ok(fd >= 0 && fd_is_stack(direct_prog.fds, fd), "openat2");
	ok(!sc(SYS_fstat, fd, &st) && S_ISREG(st.st_mode), "fstat");
	ok_ret(sc(SYS_newfstatat, fd, "", &st2, AT_EMPTY_PATH), 0, "newfstatat of a descriptor");
	ok(st.st_ino == st2.st_ino, "is the same file");
	ok_ret(sc(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx), 0, "statx of one");
	sc(SYS_close, fd);

	sprintf(name, "/proc/self/fd/%ld", s);
	n = sc(SYS_readlink, name, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = '\0';
	ok(starts(link, "socket:["), "a socket's entry in /proc/self/fd: %s", link);
	ok(!sc(SYS_stat, name, &st) && S_ISSOCK(st.st_mode), "is a socket");
	sprintf(name, "/dev/fd/%ld", s);
	ok(!sc(SYS_stat, name, &st) && S_ISSOCK(st.st_mode), "by /dev/fd, too");
	ok_ret(sc(SYS_open, name, O_RDONLY), -ENXIO, "and cannot be opened");
	ok(!sc(SYS_fstat, s, &st) && S_ISSOCK(st.st_mode), "fstat of a socket");
	ok_ret(sc(SYS_lseek, s, 0, SEEK_SET), -ESPIPE, "which cannot seek");
	ok_ret(sc(SYS_rename, "/proc/net/tcp", "/tmp/x"), -EXDEV, "rename out of the stack");
	ok_ret(sc(SYS_open, 0, O_RDONLY), -EFAULT, "open: a bad pointer");
	ok_ret(sc(SYS_open, "", O_RDONLY), -ENOENT, "open: an empty path");
	sc(SYS_close, s);
}

static void directories(void)
{
	long proc = sc(SYS_open, "/proc", O_RDONLY | O_DIRECTORY), fd, net;
	int count;

	ok(proc >= 0 && !fd_is_stack(direct_prog.fds, proc), "/proc itself is the host's");
	fd = sc(SYS_openat, proc, "net/dev", O_RDONLY);
	ok(fd >= 0 && fd_is_stack(direct_prog.fds, fd), "net/dev relative to it is the stack's");
	sc(SYS_close, fd);
	fd = sc(SYS_openat, proc, "self/status", O_RDONLY);
	ok(fd >= 0 && !fd_is_stack(direct_prog.fds, fd), "self/status is not");
	sc(SYS_close, fd);
	net = sc(SYS_open, "/sys/class/net", O_RDONLY | O_DIRECTORY);
	ok(net >= 0 && lists(net, "lo", &count), "/sys/class/net lists lo");
	fd = sc(SYS_openat, net, "lo/address", O_RDONLY);
	ok(fd >= 0 && fd_is_stack(direct_prog.fds, fd), "lo/address relative to it");
	sc(SYS_close, fd);
	ok_ret(sc(SYS_faccessat, net, "lo", F_OK), 0, "faccessat relative to it");
	fd = sc(SYS_dup, proc);
	sc(SYS_close, proc);
	ok((proc = sc(SYS_openat, fd, "net/dev", O_RDONLY)) >= 0 &&
	   fd_is_stack(direct_prog.fds, proc), "a duplicate knows its place");
	sc(SYS_close, proc);
	sc(SYS_close, fd);

	ok_ret(sc(SYS_chdir, "/sys/class/net"), 0, "chdir into the stack");
	ok(sc(SYS_getcwd, buf, sizeof(buf)) == 15 && !strcmp(buf, "/sys/class/net"), "getcwd: %s", buf);
	ok(slurp("lo/mtu") > 0, "lo/mtu");
	ok(slurp("../../kernel/mm/transparent_hugepage/enabled") > 0 ||
	   slurp("../../../etc/passwd") > 0, "out of it, to the host's");
	ok_ret(sc(SYS_chdir, ".."), 0, "chdir ..");
	ok(sc(SYS_getcwd, buf, sizeof(buf)) > 0 && !strcmp(buf, "/sys/class"), "getcwd: %s", buf);
	ok(slurp("net/lo/mtu") > 0, "net/lo/mtu from the host's directory");
	ok_ret(sc(SYS_fchdir, net), 0, "fchdir");
	ok(slurp("lo/mtu") > 0, "lo/mtu");
	ok_ret(sc(SYS_chdir, "/proc"), 0, "chdir to /proc");
	ok(slurp("net/dev") > 0 && strstr(buf, "lo:"), "net/dev");
	ok_ret(sc(SYS_chdir, "/tmp"), 0, "and away");
	ok(slurp("../proc/net/dev") > 0 && strstr(buf, "lo:"), "../proc/net/dev");
	ok_ret(sc(SYS_chdir, "/proc/net/none"), -ENOENT, "chdir to what is not there");
	sc(SYS_close, net);

	fd = sc(SYS_open, "/proc/self/fd", O_RDONLY | O_DIRECTORY);
	sprintf(buf + 60000, "%d", direct_prog.fds->master);
	ok(!lists(fd, strdup(buf + 60000), &count), "the library's descriptors are not listed");
	ok(lists(fd, "1", &count), "the program's are, %d entries", count);
	sc(SYS_close, fd);
}

static void namespaces(void)
{
	long fd, old = sc(SYS_open, "/proc/self/ns/net", O_RDONLY);

	if (old < 0) {
		ok(true, "network namespaces # SKIP this kernel has none");
		return;
	}
	ok(fd_is_stack(direct_prog.fds, old), "/proc/self/ns/net is the stack's");
	ok_ret(sc(SYS_mkdir, "/var/run/netns", 0755), 0, "mkdir /var/run/netns");
	fd = sc(SYS_open, "/run/netns/blue", O_RDONLY | O_CREAT | O_EXCL, 0);
	ok(fd >= 0, "a file in it");
	sc(SYS_close, fd);
	ok_ret(sc(SYS_unshare, 0x40000000), 0, "unshare(CLONE_NEWNET)");
	ok(slurp("/proc/net/dev") > 0, "its /proc/net/dev");
	ok_ret(sc(SYS_mount, "/proc/self/ns/net", "/run/netns/blue", "none", MS_BIND, 0), 0,
	       "bound to a name");
	ok_ret(sc(SYS_setns, old, 0x40000000), 0, "setns back");
	sc(SYS_close, old);
	fd = sc(SYS_open, "/run/netns/blue", O_RDONLY);
	ok_ret(sc(SYS_setns, fd, 0x40000000), 0, "setns by the name");
	sc(SYS_close, fd);
	ok_ret(sc(SYS_umount2, "/run/netns/blue", MNT_DETACH), 0, "umount");
	ok_ret(sc(SYS_unlink, "/run/netns/blue"), 0, "unlink");
	ok(access("/run/netns/blue", F_OK) < 0, "the host saw nothing of it");
}

static void overlay(void)
{
	char file[] = "/tmp/libos-test-XXXXXX";
	int tmp = mkstemp(file);
	struct glue_overlay o = { "/etc/resolv.conf", file };
	struct stat st;

	if (write(tmp, "nameserver 10.9.8.7\n", 20) != 20)
		return;
	close(tmp);
	direct_opts.overlay = &o;
	direct_opts.noverlay = 1;
	ok(slurp("/etc/resolv.conf") == 20 && strstr(buf, "10.9.8.7"), "an overlay is opened");
	ok(!sc(SYS_stat, "/etc/./resolv.conf", &st) && st.st_size == 20, "and looked at");
	ok(slurp("/etc/passwd") > 20, "other files are the host's");
	direct_opts.noverlay = 0;
	unlink(file);
}

int main(void)
{
	alarm(60);
	if (!direct_start())
		return 0;
	files();
	directories();
	overlay();
	namespaces();
	direct_stop();
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}
