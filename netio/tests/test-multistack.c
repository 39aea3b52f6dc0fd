// SPDX-License-Identifier: GPL-2.0-only
/*
 * multistack.c against a multistackd and a peer in another network namespace.
 *
 * multistack.t makes both and runs this in the NIC's namespace, with the peer's
 * name as argument: eth1 has 10.0.0.1, the peer 10.0.0.2.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>

#include "t.h"

#define DATAGRAMS	40
#define PORT		7000
#define FD_MIN		300

static int peer_ns;

static int count(const char *dir, int below)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d)))
		n += e->d_name[0] != '.' && atoi(e->d_name) < below;
	if (d)
		closedir(d);
	return n;
}

static int open_port(const char *name, __u16 port, const __u8 *mac, struct libos_netio **io,
		     struct netio_err *err)
{
	struct netio_multistack_tuple t = {
		.protocol = IPPROTO_UDP, .address = "10.0.0.1", .first = port, .last = port + 2,
	};
	struct netio_multistack_opts o = {
		.size = sizeof(o), .port = name, .ntuples = 1, .tuples = &t, .fd_min = FD_MIN,
	};

	if (mac)
		memcpy(o.mac, mac, sizeof(o.mac));
	err->text[0] = 0;
	return netio_multistack_open(&o, io, err);
}

static struct libos_netio *must_open(const char *name, __u16 port)
{
	struct libos_netio *io;
	struct netio_err err;

	if (open_port(name, port, NULL, &io, &err)) {
		note("%s", err.text);
		bail("netio_multistack_open");
	}
	return io;
}

/* In the peer: send datagrams, and wait until all have come back. */
static pid_t peer_start(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct timeval tv = { .tv_sec = 10 };
	char out[1200], in[1200];
	pid_t pid = fork();
	int fd, i;

	if (pid)
		return pid;
	inet_pton(AF_INET, "10.0.0.1", &to.sin_addr);
	if (setns(peer_ns, CLONE_NEWNET) < 0)
		_exit(2);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		_exit(3);
	for (i = 0; i < DATAGRAMS; i++) {
		memset(out, i, sizeof(out));
		if (send(fd, out, sizeof(out), 0) != sizeof(out))
			_exit(4);
	}
	for (i = 0; i < DATAGRAMS; i++) {
		memset(out, i, sizeof(out));
		if (recv(fd, in, sizeof(in), 0) != sizeof(in) || memcmp(in, out, sizeof(in)))
			_exit(5);
	}
	_exit(0);
}

static void swap(__u8 *a, __u8 *b, int n)
{
	for (; n--; a++, b++) {
		__u8 t = *a;

		*a = *b;
		*b = t;
	}
}

/* Send each datagram back; the sums of the headers stay what they are. */
static void test_echo(struct libos_netio *io, const struct netio_multistack_info *info)
{
	__u64 until = t_now() + 40000 * MS;
	struct libos_netio_stats s = { 0 };
	int i, n, ours = 0, sent = 0, total = 0;
	struct libos_pollfd pfd;
	struct pool p;
	pid_t pid;

	pool_init(&p, 1, 65600);
	io->ops->pollfds(io, &pfd, 1);
	pid = peer_start();
	while (total < DATAGRAMS && t_now() < until) {
		poll(&(struct pollfd){ .fd = pfd.fd, .events = POLLIN }, 1, 100);
		pool_reset(&p);
		n = io->ops->rx(io, 0, p.f, LIBOS_BURST);
		for (i = 0; i < n; i++) {
			__u8 *b = p.f[i]->seg[0].base;

			ours += !memcmp(b, info->mac, 6) && b[23] == IPPROTO_UDP &&
				b[36] == PORT >> 8 && b[37] == (PORT & 255);
			swap(b + 26, b + 30, 4);
			swap(b + 34, b + 36, 2);
			/* Whatever MAC addresses: the port fills in its own. */
			memset(b, 0, 12);
			frame_trim(p.f[i]);
		}
		total += n;
		sent += n ? io->ops->tx(io, 0, p.f, n) : 0;
	}
	is(ours, DATAGRAMS, "frames come with the NIC's address and to the tuple");
	is(sent, DATAGRAMS, "they are sent back");
	is(sh_wait(pid), 0, "and are what the peer sent");
	io->ops->stats(io, &s);
	is(s.rx_frames, DATAGRAMS, "stats: rx_frames");
	is(s.tx_frames, DATAGRAMS, "stats: tx_frames");
	free(p.mem);
}

static void test_refusals(const struct netio_multistack_info *info)
{
	static const __u8 other[6] = { 2, 0, 0, 0, 0, 9 };
	struct libos_netio *io;
	struct netio_err err;

	is(open_port("valem:a", 8000, NULL, &io, &err), -EBUSY, "a name that is taken");
	ok(!!strstr(err.text, "cannot open valem:a: "), "which says so (%s)", err.text);
	is(open_port("valem:b", PORT, NULL, &io, &err), -EADDRINUSE, "a tuple that is taken");
	ok(!!strstr(err.text, "cannot bind udp 10.0.0.1:7000 on the host: "), "which says so (%s)",
	   err.text);
	is(open_port("valem:b", 8000, other, &io, &err), -EINVAL, "another hardware address");
	ok(!!strstr(err.text, "that of the NIC eth1"), "which says so (%s)", err.text);
	is(open_port("valem:b", 8000, info->mac, &io, &err), 0, "the NIC's hardware address");
	io->ops->close(io);
	is(open_port("valem", 8000, NULL, &io, &err), -EINVAL, "half a name");
	is(open_port("valex:b", 8000, NULL, &io, &err), -ENOENT, "a switch that is not there");
}

int main(int argc, char **argv)
{
	struct libos_netio_stats s = { 0 };
	struct netio_multistack_info info;
	struct libos_netio *io;
	int low, all, tasks, i;
	struct pool p;
	char mac[20];
	__u64 until;

	if (argc < 2)
		skip_all("tests/multistack.t makes the network and runs it");
	t_begin(60);
	snprintf(t_dir, sizeof(t_dir), "/run/netns/%s", argv[1]);
	peer_ns = open(t_dir, O_RDONLY | O_CLOEXEC);
	if (peer_ns < 0)
		bail(t_dir);
	low = count("/proc/self/fd", FD_MIN);
	all = count("/proc/self/fd", 1 << 30);
	tasks = count("/proc/self/task", 1 << 30);

	io = must_open("valem:a", PORT);
	is(netio_multistack_info(io, &info), 0, "information");
	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", info.mac[0], info.mac[1],
		 info.mac[2], info.mac[3], info.mac[4], info.mac[5]);
	ok(!!strstr(sh_output(NULL, "ip link show eth1"), mac), "the NIC's hardware address");
	ok(!strcmp(info.nic, "eth1") && info.mtu == 1500 && io->max_mtu == 1500, "its name and MTU");
	ok(!strcmp(io->ops->name, "multistack") && io->link_up, "the channel is up");
	ok(io->features & LIBOS_NETIO_TX_TSO4 && io->features & LIBOS_NETIO_RX_GSO, "with offloads");
	is(count("/proc/self/fd", FD_MIN), low, "no file at a low number");
	test_echo(io, &info);
	test_refusals(&info);
	io->ops->close(io);
	is(count("/proc/self/fd", 1 << 30), all, "no file is left");
	is(count("/proc/self/task", 1 << 30), tasks, "no thread is left");
	for (i = 0; i < 20; i++) {
		io = must_open("valem:a", PORT);
		io->ops->close(io);
	}
	is(count("/proc/self/fd", 1 << 30), all, "nor after twenty times");

	io = must_open("valem:a", PORT);
	must(NULL, "multistackctl -d valem:eth1");
	pool_init(&p, 1, 2048);
	for (until = t_now() + 20000 * MS; io->link_up && t_now() < until; usleep(1000))
		io->ops->rx(io, 0, p.f, 1);
	ok(!io->link_up, "the NIC is taken away: the link is down");
	p.f[0]->len = p.f[0]->seg[0].len = 60;
	is(io->ops->tx(io, 0, p.f, 1), 1, "a frame is consumed");
	io->ops->stats(io, &s);
	is(s.drop[LIBOS_DROP_TX_DOWN], 1, "and counted as tx_down");
	io->ops->close(io);
	is(count("/proc/self/fd", 1 << 30), all, "and nothing is left");
	free(p.mem);
	return t_end();
}
