// SPDX-License-Identifier: GPL-2.0-only
/*
 * lwip-httpd - a web server on lwIP on a MultiStack port
 *
 * Shows that a user-level stack written by others shares the host's address
 * with the host's own stack. lwIP is Debian's library as it is; ours are its
 * interface to the port (netif.c) and this server on lwIP's raw TCP calls. It
 * needs no privilege.
 *
 *	lwip-httpd valem:vp0 10.0.0.1:8080 [BODY-BYTES]
 *
 * It answers every GET with one page and prints, when it is told to end by
 * SIGTERM or SIGINT, what it did.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <lwip/init.h>
#include <lwip/tcp.h>
#include <lwip/tcpip.h>
#include <multistack.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netif.h"
#include "request.h"

#define BODY_MAX	(1 << 20)
#define IDLE_TICKS	120	/* of lwIP's coarse timer: 60 s */

static struct {
	char *text;
	size_t len;
	atomic_ulong requests;
	atomic_ulong connections;
	atomic_ulong refused;
} server;

/* A connection: what is being read, what is still to be written. */
struct conn {
	struct request request;
	unsigned int answers;	/* responses begun or due */
	size_t sent;		/* bytes of the first of them */
	bool closing;		/* after the last of them */
	bool active;		/* since the last look */
};

static void conn_free(struct tcp_pcb *pcb, struct conn *c)
{
	tcp_arg(pcb, NULL);
	tcp_recv(pcb, NULL);
	tcp_sent(pcb, NULL);
	tcp_err(pcb, NULL);
	tcp_poll(pcb, NULL, 0);
	free(c);
}

static err_t conn_abort(struct tcp_pcb *pcb, struct conn *c)
{
	conn_free(pcb, c);
	tcp_abort(pcb);
	return ERR_ABRT;
}

/* Write as much as lwIP takes; close when all is written and nothing follows. */
static err_t conn_push(struct tcp_pcb *pcb, struct conn *c)
{
	while (c->answers) {
		size_t n = server.len - c->sent, room = tcp_sndbuf(pcb);

		if (n > room)
			n = room;
		if (!n || tcp_write(pcb, server.text + c->sent, n, 0) !=
			  ERR_OK)
			break;
		c->sent += n;
		if (c->sent == server.len) {
			c->sent = 0;
			c->answers--;
			server.requests++;
		}
	}
	tcp_output(pcb);
	if (c->answers || !c->closing)
		return ERR_OK;
	conn_free(pcb, c);
	if (tcp_close(pcb) != ERR_OK) {
		tcp_abort(pcb);
		return ERR_ABRT;
	}
	return ERR_OK;
}

static bool conn_read(struct conn *c, const struct pbuf *p)
{
	for (; p; p = p->next) {
		const char *data = p->payload;
		size_t len = p->len, used;

		while (len && !c->closing) {
			switch (request_feed(&c->request, data, len, &used)) {
			case REQUEST_BAD:
				return false;
			case REQUEST_INCOMPLETE:
				break;
			case REQUEST_COMPLETE:
				if (!c->request.get)
					return false;
				c->answers++;
				c->closing = !c->request.keep_alive;
				c->request.len = 0;
				break;
			}
			data += used;
			len -= used;
		}
	}
	return true;
}

static err_t on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
	struct conn *c = arg;
	bool good;

	if (err != ERR_OK)
		return err;
	if (!p) {
		c->closing = true;	/* the peer has said all it will */
		return conn_push(pcb, c);
	}
	c->active = true;
	tcp_recved(pcb, p->tot_len);
	good = conn_read(c, p);
	pbuf_free(p);
	if (!good) {
		server.refused++;
		return conn_abort(pcb, c);
	}
	return conn_push(pcb, c);
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
	struct conn *c = arg;

	(void)len;
	c->active = true;
	return conn_push(pcb, c);
}

/* A peer that went away without a word must not cost memory for ever. */
static err_t on_idle(void *arg, struct tcp_pcb *pcb)
{
	struct conn *c = arg;

	if (!c->active)
		return conn_abort(pcb, c);
	c->active = false;
	return ERR_OK;
}

/* lwIP has freed the connection already. */
static void on_error(void *arg, err_t err)
{
	(void)err;
	free(arg);
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct conn *c;

	(void)arg;
	if (err != ERR_OK || !pcb)
		return ERR_VAL;
	c = calloc(1, sizeof(*c));
	if (!c)
		return ERR_MEM;
	server.connections++;
	tcp_arg(pcb, c);
	tcp_recv(pcb, on_recv);
	tcp_sent(pcb, on_sent);
	tcp_err(pcb, on_error);
	tcp_poll(pcb, on_idle, IDLE_TICKS);
	tcp_nagle_disable(pcb);
	return ERR_OK;
}

static int listen_on(uint16_t port)
{
	struct tcp_pcb *pcb, *listener = NULL;
	err_t err;

	LOCK_TCPIP_CORE();
	pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);
	err = pcb ? tcp_bind(pcb, IP_ANY_TYPE, port) : ERR_MEM;
	if (err == ERR_OK)
		listener = tcp_listen_with_backlog(pcb, 255);
	if (listener)
		tcp_accept(listener, on_accept);
	UNLOCK_TCPIP_CORE();
	return listener ? 0 : -ENOMEM;
}

static int make_page(size_t body_len)
{
	static const char title[] =
		"This page comes from lwIP " LWIP_VERSION_STRING
		" over a MultiStack port.\n";
	int n;

	if (body_len < sizeof(title))
		body_len = sizeof(title) - 1;
	server.text = malloc(body_len + 256);
	if (!server.text)
		return -ENOMEM;
	n = sprintf(server.text,
		    "HTTP/1.1 200 OK\r\nServer: lwIP\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n",
		    body_len);
	memset(server.text + n, '.', body_len);
	memcpy(server.text + n, title, sizeof(title) - 1);
	server.text[n + body_len - 1] = '\n';
	server.len = n + body_len;
	return 0;
}

/* "10.0.0.1:8080" or "[fd00::1]:8080" */
static socklen_t parse_address(const char *text, struct sockaddr_storage *sa)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)sa;
	struct sockaddr_in *in = (struct sockaddr_in *)sa;
	char addr[INET6_ADDRSTRLEN];
	unsigned int port;

	memset(sa, 0, sizeof(*sa));
	if (sscanf(text, "[%45[0-9a-fA-F:.]]:%u", addr, &port) == 2 &&
	    inet_pton(AF_INET6, addr, &in6->sin6_addr) == 1) {
		sa->ss_family = AF_INET6;
		in6->sin6_port = htons(port);
		return port && port < 65536 ? sizeof(*in6) : 0;
	}
	if (sscanf(text, "%45[0-9.]:%u", addr, &port) == 2 &&
	    inet_pton(AF_INET, addr, &in->sin_addr) == 1) {
		sa->ss_family = AF_INET;
		in->sin_port = htons(port);
		return port && port < 65536 ? sizeof(*in) : 0;
	}
	return 0;
}

/* Open the port and own the tuple, by a socket that is bound and never used. */
static struct ms_port *open_port(const char *name,
				 const struct sockaddr_storage *sa,
				 socklen_t len)
{
	int fd = socket(sa->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct ms_port *ms = NULL;
	struct ms_tuple tuple;

	if (fd < 0 || bind(fd, (const struct sockaddr *)sa, len)) {
		fprintf(stderr, "lwip-httpd: cannot bind the address: %m\n");
		goto fail;
	}
	if (ms_port_open(name, NULL, &ms) < 0 ||
	    ms_tuple_from_sock(&tuple, fd) < 0 ||
	    ms_port_bind(ms, &tuple, fd) < 0) {
		fprintf(stderr, "lwip-httpd: %s\n", ms_last_error());
		goto fail;
	}
	close(fd);
	return ms;
fail:
	ms_port_close(ms);
	if (fd >= 0)
		close(fd);
	return NULL;
}

static int serve(const char *name, const struct sockaddr_storage *sa,
		 socklen_t len)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;
	const struct sockaddr_in *in = (const struct sockaddr_in *)sa;
	static struct port_netif pn;
	struct ms_port *ms;
	sigset_t set;
	int err, sig;

	/* lwIP's threads inherit the mask: only sigwait() sees the signals */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);

	ms = open_port(name, sa, len);
	if (!ms)
		return EXIT_FAILURE;
	tcpip_init(NULL, NULL);
	err = listen_on(ntohs(in->sin_port));
	if (!err)
		err = port_netif_start(&pn, ms, sa->ss_family,
				       sa->ss_family == AF_INET6 ?
				       (const void *)&in6->sin6_addr :
				       (const void *)&in->sin_addr);
	if (err < 0) {
		fprintf(stderr, "lwip-httpd: cannot start lwIP: %s\n",
			strerror(-err));
		ms_port_close(ms);
		return EXIT_FAILURE;
	}
	printf("lwip-httpd: ready\n");
	fflush(stdout);
	sigwait(&set, &sig);

	port_netif_stop(&pn);
	printf("lwip-httpd: connections %lu requests %lu refused %lu rx %lu tx %lu tx-full %lu rx-nomem %lu\n",
	       server.connections, server.requests, server.refused, pn.rx,
	       pn.tx, pn.tx_full, pn.rx_nomem);
	fflush(stdout);
	/* lwIP's thread may be sending: the port ends with the process */
	_exit(EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
	struct sockaddr_storage sa;
	size_t body_len = 0;
	socklen_t len;

	if (argc == 4)
		body_len = strtoul(argv[3], NULL, 10);
	len = argc >= 3 && argc <= 4 ? parse_address(argv[2], &sa) : 0;
	if (!len || body_len > BODY_MAX) {
		fprintf(stderr, "Usage: lwip-httpd valem:vp0 ADDRESS:PORT [BODY-BYTES (up to %d)]\n",
			BODY_MAX);
		return 2;
	}
	if (make_page(body_len) < 0) {
		fprintf(stderr, "lwip-httpd: out of memory\n");
		return EXIT_FAILURE;
	}
	return serve(argv[1], &sa, len);
}
