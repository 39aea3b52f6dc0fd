// SPDX-License-Identifier: GPL-2.0-only
/*
 * What --stats prints: who counted what.
 *
 *	eth0.rx_frames 12		the channel
 *	eth0.drop.tx_error 0		the channel, frames lost by reason
 *	eth0.impair.tx.lost 3		the impairment wrapper
 *	snmp.Tcp.InSegs 40		the stack's /proc/net/snmp
 *	netstat.TcpExt.TCPLossProbes 0	the stack's /proc/net/netstat
 *	snmp6.Ip6InReceives 7		the stack's /proc/net/snmp6
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "procfile.h"
#include "stats.h"

/* "Tcp: NAME NAME ..." and below it "Tcp: VALUE VALUE ...". */
static void pairs(FILE *f, const char *prefix, char *text)
{
	char *names, *values, *save, *n, *v, *nsave, *vsave;

	for (names = strtok_r(text, "\n", &save); names; names = strtok_r(NULL, "\n", &save)) {
		values = strtok_r(NULL, "\n", &save);
		if (!values)
			return;
		n = strtok_r(names, " ", &nsave);
		v = strtok_r(values, " ", &vsave);
		if (!n || !v || strcmp(n, v))
			return;
		n[strlen(n) - 1] = '\0';	/* the colon */
		v = n;
		for (;;) {
			char *name = strtok_r(NULL, " ", &nsave);
			char *value = strtok_r(NULL, " ", &vsave);

			if (!name || !value)
				break;
			fprintf(f, "%s.%s.%s %s\n", prefix, v, name, value);
		}
	}
}

/* "NAME VALUE" a line. */
static void lines(FILE *f, const char *prefix, char *text)
{
	char *line, *save, *save2;

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *name = strtok_r(line, " \t", &save2);
		char *value = strtok_r(NULL, " \t", &save2);

		if (name && value)
			fprintf(f, "%s.%s %s\n", prefix, name, value);
	}
}

static void impair(FILE *f, const char *name, const char *dir, const struct netio_impair_stats *s)
{
	fprintf(f, "%s.impair.%s.lost %" PRIu64 "\n", name, dir, (uint64_t)s->lost);
	fprintf(f, "%s.impair.%s.overlimit %" PRIu64 "\n", name, dir, (uint64_t)s->overlimit);
	fprintf(f, "%s.impair.%s.duplicated %" PRIu64 "\n", name, dir, (uint64_t)s->duplicated);
	fprintf(f, "%s.impair.%s.corrupted %" PRIu64 "\n", name, dir, (uint64_t)s->corrupted);
	fprintf(f, "%s.impair.%s.reordered %" PRIu64 "\n", name, dir, (uint64_t)s->reordered);
}

static void channel(FILE *f, const struct nuse_link *l)
{
	const char *name = l->conf->name;
	struct libos_netio_stats s = { 0 };
	int i;

	l->io->ops->stats(l->io, &s);
	fprintf(f, "%s.rx_frames %" PRIu64 "\n", name, (uint64_t)s.rx_frames);
	fprintf(f, "%s.rx_bytes %" PRIu64 "\n", name, (uint64_t)s.rx_bytes);
	fprintf(f, "%s.rx_calls %" PRIu64 "\n", name, (uint64_t)s.rx_calls);
	fprintf(f, "%s.tx_frames %" PRIu64 "\n", name, (uint64_t)s.tx_frames);
	fprintf(f, "%s.tx_bytes %" PRIu64 "\n", name, (uint64_t)s.tx_bytes);
	fprintf(f, "%s.tx_calls %" PRIu64 "\n", name, (uint64_t)s.tx_calls);
	for (i = 0; i < LIBOS_DROP_END; i++)
		fprintf(f, "%s.drop.%s %" PRIu64 "\n", name, netio_drop_name(i),
			(uint64_t)s.drop[i]);
	if (l->impaired) {
		struct netio_impair_stats tx, rx;

		if (netio_impair_stats(l->impaired, &tx, &rx) < 0)
			return;
		impair(f, name, "tx", &tx);
		impair(f, name, "rx", &rx);
	}
}

void nuse_stats_print(FILE *f, struct libos_thread *thr, const struct nuse_link *links, size_t n)
{
	static const struct {
		const char *path, *prefix;
		void (*print)(FILE *f, const char *prefix, char *text);
	} files[] = {
		{ "/proc/net/snmp", "snmp", pairs },
		{ "/proc/net/netstat", "netstat", pairs },
		{ "/proc/net/snmp6", "snmp6", lines },
	};
	size_t i;

	fprintf(f, "kernel %s\n", libos_version(libos_thread_os(thr)));
	for (i = 0; i < n; i++)
		channel(f, &links[i]);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *text = nuse_procfile(thr, files[i].path);

		if (text)
			files[i].print(f, files[i].prefix, text);
		free(text);
	}
	fflush(f);
}
