// SPDX-License-Identifier: GPL-2.0-only
/*
 * multistackctl: vale-ctl's verbs for MultiStack.
 *
 * Every failure is one line on stderr and one of the exit statuses below,
 * which multistackctl(8) documents.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "ctl.h"

enum {
	EXIT_REFUSED = 1,	/* any other refusal */
	EXIT_USAGE = 2,
	EXIT_NO_DAEMON = 3,	/* no daemon, or another version of it */
	EXIT_PRIVILEGE = 4,
	EXIT_NOT_FOUND = 5,	/* no such NIC, switch or port */
	EXIT_BUSY = 6,		/* attached already */
	EXIT_KERNEL = 7,	/* the kernel lacks what is needed */
};

static const char usage[] =
	"Usage: multistackctl [OPTION]... COMMAND\n"
	"Attach NICs to MultiStack's switches; see multistackctl(8).\n"
	"\n"
	"  -h SWITCH:NIC    attach a NIC, shared with the host's stack\n"
	"  -a SWITCH:NIC    attach a NIC, without the host's stack\n"
	"  -d SWITCH[:NIC]  detach it; its ports end\n"
	"  -l [SWITCH]      list switches, ports, tuples and counters\n"
	"  watch            print violations as they happen, until interrupted\n"
	"  limit SWITCH:PORT NAME=RATE[,BURST]...\n"
	"                   set limits: tx-pps, tx-bps, rx-pps, rx-bps, frag-rate,\n"
	"                   icmp-rate, event-rate; units a second, 0 for none\n"
	"  close SWITCH:PORT  end somebody's port\n"
	"\n"
	"  --json           lists and violations as JSON\n"
	"  --count N        end watch after N violations\n"
	"  --socket PATH    the daemon's socket ($MULTISTACK_SOCKET, or\n"
	"                   " MS_SOCKET_DEFAULT ")\n"
	"  --version, --help\n"
	"\n"
	"Example: multistackctl -h valem:eth1\n";

static int fail(int status, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static int fail(int status, const char *fmt, ...)
{
	va_list ap;

	fputs("multistackctl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return status;
}

static int status_of(int err)
{
	switch (err) {
	case -EPERM:
	case -EACCES:
		return EXIT_PRIVILEGE;
	case -ENODEV:
	case -ENOENT:
		return EXIT_NOT_FOUND;
	case -EBUSY:
	case -EEXIST:
		return EXIT_BUSY;
	case -EOPNOTSUPP:
		return EXIT_KERNEL;
	case -EPROTO:
	case -ECONNRESET:
	case -ETIMEDOUT:
		return EXIT_NO_DAEMON;
	}
	return EXIT_REFUSED;
}

static int call(struct ms_conn *c, uint16_t type, const void *body, size_t len,
		void *rep, size_t *rep_len)
{
	int err = ms_conn_call(c, type, body, len, -1, rep, rep_len, NULL, 0);

	if (err)
		return fail(status_of(err), "%s", ms_last_error());
	return 0;
}

static int attach(struct ms_conn *c, char op, const char *arg)
{
	struct ms_req_attach r = { 0 };
	const char *colon = strchr(arg, ':');
	size_t len = colon ? (size_t)(colon - arg) : strlen(arg);

	if (op != 'd' && (!colon || !colon[1]))
		return fail(EXIT_USAGE, "-%c takes SWITCH:NIC, for instance valem:eth1, not \"%s\"",
			    op, arg);
	if (len >= sizeof(r.name) || (colon && strlen(colon + 1) >= sizeof(r.nic)))
		return fail(EXIT_USAGE, "a name in \"%s\" is too long", arg);
	memcpy(r.name, arg, len);
	if (colon)
		strcpy(r.nic, colon + 1);
	r.flags = op == 'h' ? MS_ATTACH_HOST : 0;
	return call(c, op == 'd' ? MS_MSG_DETACH : MS_MSG_ATTACH, &r, sizeof(r),
		    NULL, NULL);
}

static const char *const limit_names[MS_L_MAX] = {
	"tx-pps", "tx-bps", "rx-pps", "rx-bps", "frag-rate", "icmp-rate", "event-rate",
};

const char *limit_name(unsigned int i)
{
	return i < MS_L_MAX ? limit_names[i] : "unknown";
}

static int parse_limit(struct ms_req_limit *r, const char *s)
{
	const char *eq = strchr(s, '=');
	char *end;

	if (!eq)
		return -1;
	for (r->limit = 0; r->limit < MS_L_MAX; r->limit++)
		if (strlen(limit_names[r->limit]) == (size_t)(eq - s) &&
		    !memcmp(limit_names[r->limit], s, eq - s))
			break;
	if (r->limit == MS_L_MAX || eq[1] < '0' || eq[1] > '9')
		return -1;
	r->rate = strtoull(eq + 1, &end, 10);
	r->burst = 0;
	if (*end == ',' && end[1] >= '0' && end[1] <= '9')
		r->burst = strtoull(end + 1, &end, 10);
	return *end ? -1 : 0;
}

static int limit(struct ms_conn *c, int argc, char **argv)
{
	struct ms_req_limit r = { 0 };
	int i, ret;

	if (argc < 2)
		return fail(EXIT_USAGE, "limit takes SWITCH:PORT and at least one NAME=RATE");
	if (strlen(argv[0]) > MS_NAME_MAX)
		return fail(EXIT_USAGE, "the port's name is too long");
	strcpy(r.name, argv[0]);
	for (i = 1; i < argc; i++)
		if (parse_limit(&r, argv[i]))
			return fail(EXIT_USAGE, "\"%s\" is no limit; tx-pps=10000,100 is one, --help lists the names",
				    argv[i]);
	for (i = 1; i < argc; i++) {
		parse_limit(&r, argv[i]);
		ret = call(c, MS_MSG_LIMIT, &r, sizeof(r), NULL, NULL);
		if (ret)
			return ret;
	}
	return 0;
}

static int close_port(struct ms_conn *c, const char *name)
{
	struct ms_req_name r = { 0 };

	if (strlen(name) > MS_NAME_MAX)
		return fail(EXIT_USAGE, "the port's name is too long");
	strcpy(r.name, name);
	return call(c, MS_MSG_CLOSE, &r, sizeof(r), NULL, NULL);
}

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

static int watch(struct ms_conn *c, bool json, unsigned long count)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct ms_rep_event e;
	unsigned long n = 0;
	int ret, err;

	ret = call(c, MS_MSG_WATCH, NULL, 0, NULL, NULL);
	if (ret)
		return ret;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	while (!stopped && (!count || n < count)) {
		size_t len = sizeof(e);

		err = ms_conn_next(c, &e, &len, 1000);
		if (err == -EAGAIN || err == -EINTR)
			continue;
		if (err)
			return fail(status_of(err), "%s", ms_last_error());
		if (len != sizeof(e))
			continue;
		e.port[MS_NAME_MAX] = 0;
		print_event(&e, json);
		n++;
	}
	return 0;
}

static int command(struct ms_conn *c, int argc, char **argv, bool json,
		   unsigned long count)
{
	if (!strcmp(argv[0], "watch") && argc == 1)
		return watch(c, json, count);
	if (!strcmp(argv[0], "limit"))
		return limit(c, argc - 1, argv + 1);
	if (!strcmp(argv[0], "close") && argc == 2)
		return close_port(c, argv[1]);
	return fail(EXIT_USAGE, "\"%s\" is no command, or has the wrong arguments; see --help",
		    argv[0]);
}

int main(int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "json", 0, NULL, 'j' }, { "count", 1, NULL, 'c' },
		{ "socket", 1, NULL, 's' }, { "version", 0, NULL, 'V' },
		{ "help", 0, NULL, '?' + 256 }, { NULL, 0, NULL, 0 },
	};
	const char *socket = NULL, *arg = NULL;
	unsigned long count = 0;
	struct ms_conn conn;
	bool json = false;
	char op = 0, *end;
	int c, ret;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "+:h:a:d:l", longopts, NULL)) != -1) {
		switch (c) {
		case 'h':
		case 'a':
		case 'd':
		case 'l':
			if (op)
				return fail(EXIT_USAGE, "one of -h, -a, -d and -l at a time");
			op = c;
			arg = optarg;
			break;
		case 'j':
			json = true;
			break;
		case 'c':
			count = strtoul(optarg, &end, 10);
			if (*end || end == optarg)
				return fail(EXIT_USAGE, "--count takes a number, not \"%s\"", optarg);
			break;
		case 's':
			socket = optarg;
			break;
		case 'V':
			printf("multistackctl %s\n", ms_version());
			return 0;
		case '?' + 256:
			fputs(usage, stdout);
			return 0;
		case ':':
			return fail(EXIT_USAGE, "%s needs an argument; see --help", argv[optind - 1]);
		default:
			return fail(EXIT_USAGE, "%s is no option; see --help", argv[optind - 1]);
		}
	}
	/* options may follow -l, too */
	for (c = optind; op && c < argc; c++) {
		if (!strcmp(argv[c], "--json"))
			json = true;
		else if (op == 'l' && !arg)
			arg = argv[c];
		else
			return fail(EXIT_USAGE, "\"%s\" is one argument too many", argv[c]);
	}
	if (!op && optind == argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	/* what --json and --count say may come last, too */
	while (!op && argc > optind + 1 && !strcmp(argv[argc - 1], "--json")) {
		json = true;
		argc--;
	}
	ret = ms_conn_open(&conn, socket, 0);
	if (ret)
		return fail(ret == -EACCES ? EXIT_PRIVILEGE : EXIT_NO_DAEMON, "%s",
			    ms_last_error());
	if (op == 'l')
		ret = list_all(&conn, arg, json);
	else if (op)
		ret = attach(&conn, op, arg);
	else
		ret = command(&conn, argc - optind, argv + optind, json, count);
	if (ret < 0)
		ret = fail(status_of(ret), "%s", ms_last_error());
	ms_conn_close(&conn);
	return ret;
}
