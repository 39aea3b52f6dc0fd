// SPDX-License-Identifier: GPL-2.0-only
/*
 * sendfile, splice and their kin between the two kernels: every byte arrives
 * once, in order, also when the receiver is slow.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fd-direct.h"

#define SIZE	(3 * 1000 * 1000 + 17)

static long sock[2];		/* a connection of the stack */
static unsigned char *data, *got;
static volatile long received;

static void connect_pair(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	socklen_t len = sizeof(sa);
	long l = sc(SYS_socket, AF_INET, SOCK_STREAM, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sc(SYS_bind, l, &sa, sizeof(sa));
	sc(SYS_listen, l, 1);
	sc(SYS_getsockname, l, &sa, &len);
	sock[0] = sc(SYS_socket, AF_INET, SOCK_STREAM, 0);
	sc(SYS_connect, sock[0], &sa, sizeof(sa));
	sock[1] = sc(SYS_accept, l, 0, 0);
	sc(SYS_close, l);
}

static void close_pair(void)
{
	sc(SYS_close, sock[0]);
	sc(SYS_close, sock[1]);
}

/* Read descriptor @arg to its end. */
static void *reader(void *arg)
{
	long fd = (long)arg, n;

	received = 0;
	while (received < SIZE + 1000 &&
	       (n = sc(SYS_read, fd, got + received, SIZE + 1000 - received)) > 0) {
		received += n;
		if (received % 7 == 0)
			usleep(100);
	}
	direct_thread_end();
	return NULL;
}

static void *writer(void *arg)
{
	long fd = (long)arg, n, done = 0;

	while (done < SIZE && (n = sc(SYS_write, fd, data + done, SIZE - done)) > 0)
		done += n;
	sc(SYS_close, fd);
	direct_thread_end();
	return NULL;
}

static void arrived(const char *how)
{
	ok(received == SIZE && !memcmp(data, got, SIZE), "%s: %ld of %d bytes, as they were sent",
	   how, received, SIZE);
	memset(got, 0, SIZE);
}

static void by_sendfile(long file, bool nonblock, bool with_offset)
{
	off_t off = 0;
	long done = 0, n;
	pthread_t thread;

	connect_pair();
	if (nonblock)
		sc(SYS_fcntl, sock[0], F_SETFL, O_NONBLOCK);
	sc(SYS_lseek, file, 0, SEEK_SET);
	pthread_create(&thread, NULL, reader, (void *)sock[1]);
	while (done < SIZE) {
		n = sc(SYS_sendfile, sock[0], file, with_offset ? &off : NULL, SIZE - done + 5);
		if (n == -EAGAIN) {
			usleep(200);
			continue;
		}
		if (n <= 0)
			break;
		done += n;
	}
	ok_ret(done, SIZE, "sendfile%s%s sends all", nonblock ? ", O_NONBLOCK" : "",
	       with_offset ? ", offset" : "");
	if (with_offset)
		ok(off == SIZE && sc(SYS_lseek, file, 0, SEEK_CUR) == 0, "and moves only the offset");
	else
		ok_ret(sc(SYS_lseek, file, 0, SEEK_CUR), SIZE, "and moves the file's position");
	sc(SYS_shutdown, sock[0], SHUT_WR);
	pthread_join(thread, NULL);
	arrived("sendfile");
	close_pair();
}

static void by_splice_in(bool nonblock)
{
	int p[2];
	pthread_t from, to;
	long n, done = 0;

	connect_pair();
	sc(SYS_pipe, p);
	if (nonblock)
		sc(SYS_fcntl, sock[0], F_SETFL, O_NONBLOCK);
	pthread_create(&from, NULL, writer, (void *)(long)p[1]);
	pthread_create(&to, NULL, reader, (void *)sock[1]);
	while ((n = sc(SYS_splice, p[0], 0, sock[0], 0, 1 << 20, 0)) > 0 || n == -EAGAIN) {
		if (n > 0)
			done += n;
		else
			usleep(200);
	}
	ok_ret(done, SIZE, "splice from a pipe%s", nonblock ? ", O_NONBLOCK" : "");
	sc(SYS_shutdown, sock[0], SHUT_WR);
	pthread_join(from, NULL);
	pthread_join(to, NULL);
	arrived("splice from a pipe");
	sc(SYS_close, p[0]);
	close_pair();
}

static void by_splice_out(unsigned int flags)
{
	int p[2];
	pthread_t from, to;
	long n, done = 0;

	connect_pair();
	sc(SYS_pipe, p);
	pthread_create(&from, NULL, writer, (void *)sock[0]);
	pthread_create(&to, NULL, reader, (void *)(long)p[0]);
	while ((n = sc(SYS_splice, sock[1], 0, p[1], 0, 100000, flags)) > 0 || n == -EAGAIN) {
		if (n > 0)
			done += n;
		else
			usleep(200);
	}
	ok_ret(done, SIZE, "splice into a pipe%s", flags ? ", nonblocking" : "");
	sc(SYS_close, p[1]);
	pthread_join(from, NULL);
	pthread_join(to, NULL);
	arrived("splice into a pipe");
	sc(SYS_close, p[0]);
	sc(SYS_close, sock[1]);
}

static void rules(long file)
{
	int p[2];
	off_t off = 0;
	long s, proc;

	connect_pair();
	s = sock[0];
	sc(SYS_pipe, p);
	proc = sc(SYS_open, "/proc/net/dev", O_RDONLY);
	ok_ret(sc(SYS_tee, p[0], s, 100, 0), -EINVAL, "tee to a socket");
	ok_ret(sc(SYS_splice, p[0], &off, s, 0, 100, 0), -ESPIPE, "splice with an offset of a pipe");
	ok_ret(sc(SYS_splice, file, 0, s, 0, 100, 0), -EINVAL, "splice without a pipe");
	ok_ret(sc(SYS_splice, 150, 0, s, 0, 100, 0), -EBADF, "splice from a closed number");
	ok_ret(sc(SYS_sendfile, s, p[0], 0, 100), -EINVAL, "sendfile from a pipe");
	ok_ret(sc(SYS_sendfile, s, 150, 0, 100), -EBADF, "sendfile from a closed number");
	ok_ret(sc(SYS_sendfile, s, file, 1, 100), -EFAULT, "sendfile with a bad pointer");
	ok_ret(sc(SYS_sendfile, p[1], proc, 0, 100), -EINVAL, "sendfile from a file of the stack");
	ok_ret(sc(SYS_copy_file_range, proc, 0, file, 0, 100, 0), -EINVAL, "copy_file_range");
	sc(SYS_close, sock[1]);
	sc(SYS_sendfile, s, file, &off, 10);
	usleep(1000);
	off = 0;
	ok_ret(sc(SYS_sendfile, s, file, &off, 10), -EPIPE, "sendfile to a closed connection");
	sc(SYS_close, s);
}

int main(void)
{
	char name[] = "/tmp/libos-copy-XXXXXX";
	int file = mkstemp(name);

	unlink(name);		/* whatever the end */
	alarm(120);
	signal(SIGPIPE, SIG_IGN);
	data = malloc(SIZE);
	got = malloc(SIZE + 2000);
	for (long i = 0; i < SIZE; i++)
		data[i] = i * 2654435761u >> 13;
	if (write(file, data, SIZE) != SIZE)
		return 1;
	if (!direct_start())
		return 0;
	lseek(file, 0, SEEK_SET);

	by_sendfile(file, false, false);
	by_sendfile(file, false, true);
	by_sendfile(file, true, true);
	by_splice_in(false);
	by_splice_in(true);
	by_splice_out(0);
	by_splice_out(SPLICE_F_NONBLOCK);
	rules(file);
	direct_stop();
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}
