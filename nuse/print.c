// SPDX-License-Identifier: GPL-2.0-only
/*
 * A configuration in nuse.conf's own grammar: what --dry-run shows.
 *
 * Only what differs from the defaults is written, and every value in the one
 * form that reads back to the same value; the tests hold us to it.
 */
#include <inttypes.h>
#include <string.h>
#include "key.h"
#include "value.h"

#define S(a) nuse_addr_print(&(a), (char[NUSE_ADDR_STRLEN]){ 0 })

/* A word in such quotes that the lexer gives it back. */
static void put_word(FILE *f, const char *w)
{
	if (*w && *w != '#' && !strpbrk(w, " \t\r\v\f'\"\\")) {
		fprintf(f, " %s", w);
		return;
	}
	fputs(" \"", f);
	for (; *w; w++) {
		if (*w == '"' || *w == '\\')
			fputc('\\', f);
		fputc(*w, f);
	}
	fputc('"', f);
}

static void put_line(FILE *f, const char *key, const char *w)
{
	fputs(key, f);
	put_word(f, w);
	fputc('\n', f);
}

static void put_percent(FILE *f, uint32_t ppm)
{
	fprintf(f, "%u.%04u%%", ppm / 10000, ppm % 10000);
}

static void put_impair(FILE *f, const struct nuse_if *i)
{
	const struct nuse_keydef *k;
	int d;

	for (k = nuse_if_keys; k->name; k++) {
		if (!(k->flags & NUSE_KEY_DIR))
			continue;
		for (d = 0; d < NUSE_DIRS; d++) {
			const struct nuse_impair *m = &i->impair[d];

			if (!(m->set & 1U << k->id))
				continue;
			fprintf(f, "    %s %s ", k->name, d == NUSE_RX ? "rx" : "tx");
			switch (k->id) {
			case NUSE_K_LOSS:	put_percent(f, m->loss_ppm); break;
			case NUSE_K_REORDER:
				put_percent(f, m->reorder_ppm);
				if (m->reorder_ns)
					fprintf(f, " %" PRIu64 "ns", m->reorder_ns);
				break;
			case NUSE_K_DUPLICATE:	put_percent(f, m->duplicate_ppm); break;
			case NUSE_K_CORRUPT:	put_percent(f, m->corrupt_ppm); break;
			case NUSE_K_DELAY:	fprintf(f, "%" PRIu64 "ns", m->delay_ns); break;
			case NUSE_K_JITTER:	fprintf(f, "%" PRIu64 "ns", m->jitter_ns); break;
			case NUSE_K_RATE:	fprintf(f, "%" PRIu64 "bit", m->rate_bps); break;
			default:		fprintf(f, "%u", m->limit); break;
			}
			fputc('\n', f);
		}
	}
	if (i->seed)
		fprintf(f, "    seed %" PRIu64 "\n", i->seed);
}

static void put_port(FILE *f, const struct nuse_addr *a, uint16_t port)
{
	if (!a->family)
		fprintf(f, " %u", port);
	else
		fprintf(f, a->family == AF_INET ? " %s:%u" : " [%s]:%u", S(*a), port);
}

static void put_if(FILE *f, const struct nuse_if *i)
{
	size_t n;

	put_line(f, "interface", i->name);
	fprintf(f, "    viftype %s\n", nuse_viftype_name(i->type));
	if (i->hostif[0])
		put_line(f, "    hostif", i->hostif);
	if (i->bridge[0])
		put_line(f, "    bridge", i->bridge);
	for (n = 0; n < i->nhostaddr; n++)
		fprintf(f, "    hostaddr %s\n", S(i->hostaddr[n]));
	if (i->pipepath)
		put_line(f, "    pipepath", i->pipepath);

	if (i->pipe == NUSE_PIPE_FDS)
		fprintf(f, "    pipefd %d %d\n", i->pipefd[0], i->pipefd[1]);
	else if (i->pipe)
		fprintf(f, "    pipefd %s\n", i->pipe == NUSE_PIPE_STDIN ? "stdin" : "stdout");
	for (n = 0; n < i->naddr; n++)
		fprintf(f, "    address %s\n", S(i->addr[n]));
	for (n = 0; n < i->ngateway; n++)
		fprintf(f, "    gateway %s\n", S(i->gateway[n]));
	if (memcmp(i->mac, "\0\0\0\0\0", 6))
		fprintf(f, "    macaddr %02x:%02x:%02x:%02x:%02x:%02x\n", i->mac[0], i->mac[1],
			i->mac[2], i->mac[3], i->mac[4], i->mac[5]);
	if (i->mtu)
		fprintf(f, "    mtu %u\n", i->mtu);
	if (i->txqlen)
		fprintf(f, "    txqueuelen %u\n", i->txqlen);
	if (i->queues != 1)
		fprintf(f, "    queues %u\n", i->queues);
	if (i->offloads)
		fprintf(f, "    offloads %s\n", i->offloads == NUSE_OFFLOADS_CSUM ? "csum" : "off");
	for (n = 0; n < i->nfwd; n++) {
		fprintf(f, "    hostfwd %s", i->fwd[n].udp ? "udp" : "tcp");
		put_port(f, &i->fwd[n].host, i->fwd[n].host_port);
		put_port(f, &i->fwd[n].guest, i->fwd[n].guest_port);
		fputc('\n', f);
	}
	if (i->port)
		put_line(f, "    port", i->port);
	for (n = 0; n < i->ntuples; n++) {
		fprintf(f, "    tuple %s", nuse_protocol_name(i->tuple[n].protocol));
		put_port(f, &i->tuple[n].addr, i->tuple[n].first);
		if (i->tuple[n].last != i->tuple[n].first)
			fprintf(f, "-%u", i->tuple[n].last);
		fputc('\n', f);
	}
	put_impair(f, i);
	if (i->pcap)
		put_line(f, "    pcap", i->pcap);

	fputc('\n', f);
}

static void put_route(FILE *f, const struct nuse_route *r)
{
	fprintf(f, "route\n    network %s\n", S(r->net));
	if (r->gateway.family)
		fprintf(f, "    gateway %s\n", S(r->gateway));
	if (r->dev[0])
		put_line(f, "    dev", r->dev);
	if (r->metric)
		fprintf(f, "    metric %u\n", r->metric);
	fputc('\n', f);
}

void nuse_conf_print(const struct nuse_conf *c, FILE *f)
{
	char line[2048];
	size_t n, m;

	if (c->kernel)
		put_line(f, "kernel", c->kernel);

	if (c->memory)
		fprintf(f, "memory %" PRIu64 "\n", c->memory);
	if (c->log != 3)
		fprintf(f, "log %u\n", c->log);
	if (!c->fallback)
		fputs("fallback none\n", f);
	if (c->caps != UINT64_MAX) {
		fprintf(f, "capabilities%s", c->caps ? "" : " none");
		for (n = 0; nuse_cap_name(n); n++)
			if (c->caps & 1ULL << n)
				fprintf(f, " %s", nuse_cap_name(n));
		fputc('\n', f);
	}
	for (n = 0; n < c->nnameservers; n++)
		fprintf(f, "nameserver %s\n", S(c->nameservers[n]));
	for (n = 0; n < c->nhosts; n++) {
		fprintf(f, "hosts %s", S(c->hosts[n].addr));
		for (m = 0; m < c->hosts[n].names.n; m++)
			put_word(f, c->hosts[n].names.v[m]);
		fputc('\n', f);
	}
	for (n = 0; n < c->nbypass; n++)
		fprintf(f, "bypass %s\n", S(c->bypass[n]));
	for (n = 0; n < c->nsysctls; n++) {
		/* As one word, which a value of "=" or blanks survives. */
		snprintf(line, sizeof(line), "%s=%s", c->sysctls[n].key, c->sysctls[n].value);
		put_line(f, "sysctl", line);
	}
	for (n = 0; n < c->nifs; n++)
		put_if(f, &c->ifs[n]);
	for (n = 0; n < c->nroutes; n++)
		put_route(f, &c->routes[n]);
	for (n = 0; n < c->nrun; n++) {
		fputs("run", f);
		for (m = 0; m < c->run[n].n; m++)
			put_word(f, c->run[n].v[m]);
		fputc('\n', f);
	}
}
