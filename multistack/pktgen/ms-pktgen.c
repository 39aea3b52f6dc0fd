// SPDX-License-Identifier: GPL-2.0-only
/*
 * ms-pktgen - traffic generator and sink over a MultiStack port
 *
 *	options -> io (which channel) -> mode (what to do) -> report
 *
 * One thread, one channel, one mode. See ms-pktgen(1).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

#define EXIT_USAGE	2
#define EXIT_FAULTS	3

static volatile sig_atomic_t stopped;

bool pg_stopped(void)
{
	return stopped;
}

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

static void catch_signals(void)
{
	/* no SA_RESTART: a sleeping poll must end */
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static const struct {
	const char *name;
	int (*run)(struct pg_run *run);
} modes[] = {
	{ "tx", pg_mode_tx },
	{ "rx", pg_mode_rx },
	{ "ping", pg_mode_ping },
	{ "pong", pg_mode_pong },
};

static int set_up(struct pg_run *run)
{
	struct pg_options *o = &run->options;
	const uint8_t *dst_mac = o->dst_mac, *src_mac;
	int err;

	run->flows = pg_endpoint_ports(&o->io.local);
	if (o->io.remote.family &&
	    pg_endpoint_ports(&o->io.remote) > run->flows)
		run->flows = pg_endpoint_ports(&o->io.remote);
	run->order = calloc(run->flows, sizeof(*run->order));
	run->pattern = pg_pattern_new(o->seed);
	if (!run->order || !run->pattern)
		return -ENOMEM;

	err = pg_io_open(&run->io, o->io_name, &o->io);
	if (err < 0)
		return err;
	if (o->gso_segs > 1 && !run->io->gso) {
		fprintf(stderr, "ms-pktgen: -g: %s takes no GSO frames; leave out -g or use a TAP port\n",
			o->io_name);
		return -EOPNOTSUPP;
	}
	if (run->io->knows_peer) {
		dst_mac = run->io->peer_mac;
	} else if (!o->has_dst_mac && strcmp(o->mode, "rx")) {
		fprintf(stderr, "ms-pktgen: %s: give the destination's MAC address with -D\n",
			o->io_name);
		return -EINVAL;
	}
	src_mac = o->has_src_mac ? o->src_mac : run->io->mac;
	pg_frame_template_init(&run->tmpl, &o->io.local,
			       o->io.remote.family ? &o->io.remote :
			       &o->io.local, o->io.protocol, src_mac, dst_mac);
	run->io->tmpl = &run->tmpl;
	return 0;
}

static void tear_down(struct pg_run *run)
{
	if (run->io)
		run->io->ops->close(run->io);
	pg_pattern_free(run->pattern);
	free(run->order);
}

static bool has_faults(const struct pg_counters *c)
{
	return c->lost || c->reordered || c->duplicate || c->corrupt ||
	       c->bad_csum;
}

static int run_mode(struct pg_run *run)
{
	unsigned int i = 0;
	int err;

	while (strcmp(run->options.mode, modes[i].name))
		i++;
	if (!run->options.quiet) {
		printf("%s: ready on %s\n", run->options.mode,
		       run->options.io_name);
		fflush(stdout);
	}
	pg_report_start(&run->report, &run->options, pg_now());
	err = modes[i].run(run);
	if (err < 0)
		fprintf(stderr, "ms-pktgen: %s has failed: %s\n",
			run->options.io_name, strerror(-err));
	pg_report_end(&run->report, &run->counters);
	if (err < 0)
		return EXIT_FAILURE;
	if (run->options.strict && has_faults(&run->counters))
		return EXIT_FAULTS;
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static struct pg_run run;
	int status = EXIT_FAILURE, err;

	err = pg_options_parse(&run.options, argc, argv);
	if (err)
		return err < 0 ? EXIT_USAGE : EXIT_SUCCESS;
	catch_signals();
	err = set_up(&run);
	if (!err)
		status = run_mode(&run);
	else if (err == -ENOMEM)
		fprintf(stderr, "ms-pktgen: out of memory\n");
	tear_down(&run);
	return status;
}
