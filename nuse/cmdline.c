// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line of nuse.
 *
 * Options that say something about the stack are rewritten as -o options, so
 * that there is one way for a setting to be checked and to be complained about.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "cmdline.h"
#include "glue/glue.h"
#include "key.h"
#include "name.h"

static const char help[] =
"Usage: nuse [OPTION]... [--] PROGRAM [ARGUMENT]...\n"
"       nuse --attach NAME [OPTION]... [--] PROGRAM [ARGUMENT]...\n"
"       nuse --daemon --name NAME [OPTION]...\n"
"       nuse --list [--json] | --stop NAME\n"
"Run PROGRAM on a Linux network stack of its own, or on one that is running.\n"
"\n"
"  -c, --config FILE      read FILE, see nuse.conf(5); default: $NUSECONF\n"
"  -o, --option KEY=VALUE as a line \"KEY VALUE\" of nuse.conf; INTERFACE.KEY for\n"
"                         those of an interface, may be given again\n"
"      --kernel WHICH     6.12, 6.1, 6.12-tiny ... or the path of a liblinux.so\n"
"      --pcap IF=FILE     write the frames of interface IF to FILE (pcapng)\n"
"      --stats[=FILE]     counters at the end, to FILE or standard error\n"
"      --trace[=stack]    a line for each system call, or for those of the stack\n"
"      --intercept HOW    auto, trap, seccomp or patch (default: auto)\n"
"      --name NAME        others may find the stack by this name\n"
"      --attach NAME      run PROGRAM on the stack NAME, which is running\n"
"      --daemon           a stack without a program, in the background\n"
"      --log-file FILE    with --daemon: messages to FILE; default: syslog\n"
"      --list             the running stacks; --json: for programs\n"
"      --stop NAME        end the stack NAME and its programs\n"
"  -v, --verbose          say what is done; twice: the kernel's debug log too\n"
"  -n, --dry-run          say what would be done, in nuse.conf's grammar\n"
"      --list-kernels     the kernels that there are\n"
"      --version          versions of nuse and of its kernels\n"
"  -h, --help             this text\n"
"\n"
"Without any interface in the configuration the stack gets eth0 by SLIRP:\n"
"10.0.2.15/24 and fec0::15/64, no rights needed.\n"
"\n"
"Exit status: PROGRAM's; 125 if nuse fails, 126 if PROGRAM cannot be run,\n"
"127 if it is not found.\n";

void nuse_cmd_help(FILE *f)
{
	fputs(help, f);
}

/* Append an -o option made of a format. */
__attribute__((format(printf, 2, 3)))
static int add(struct nuse_cmd *cmd, const char *fmt, ...)
{
	char **more = nuse_grow(cmd->opt, cmd->nopt, sizeof(*more));
	va_list ap;
	int n;

	if (!more)
		return -ENOMEM;
	cmd->opt = more;
	va_start(ap, fmt);
	n = vasprintf(&more[cmd->nopt], fmt, ap);
	va_end(ap);
	if (n < 0)
		return -ENOMEM;
	cmd->nopt++;
	return 0;
}

/* Append "KEY=VALUE" with VALUE as one word of the lexer's. */
static int add_word(struct nuse_cmd *cmd, const char *key, const char *value)
{
	char *quoted = malloc(2 * strlen(value) + 3), *q = quoted;
	int ret;

	if (!quoted)
		return -ENOMEM;
	*q++ = '"';
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			*q++ = '\\';
		*q++ = *value;
	}
	strcpy(q, "\"");
	ret = add(cmd, "%s=%s", key, quoted);
	free(quoted);
	return ret;
}

static int add_pcap(struct nuse_cmd *cmd, const char *arg, struct nuse_err *err)
{
	const char *eq = strchr(arg, '=');
	char key[64];

	if (!eq || eq == arg || eq - arg > 15 || !eq[1])
		return nuse_fail(err, NULL, "--pcap: found %s, expected INTERFACE=FILE",
				 nuse_quote(arg));
	snprintf(key, sizeof(key), "%.*s.pcap", (int)(eq - arg), arg);
	return add_word(cmd, key, eq + 1);
}

static int set_trace(struct nuse_cmd *cmd, const char *where, const char *arg,
		     struct nuse_err *err)
{
	if (!arg || !strcmp(arg, "1") || !strcmp(arg, "all"))
		cmd->trace = 2;
	else if (!strcmp(arg, "stack"))
		cmd->trace = 1;
	else if (!*arg || !strcmp(arg, "0"))
		cmd->trace = 0;
	else
		return nuse_fail(err, NULL, "%s: found %s, expected all or stack", where,
				 nuse_quote(arg));
	return 0;
}

static int set_intercept(struct nuse_cmd *cmd, const char *arg, struct nuse_err *err)
{
	static const struct { const char *name; unsigned int flags; } how[] = {
		{ "auto", 0 }, { "trap", GLUE_NOPATCH }, { "seccomp", GLUE_SECCOMP },
		{ "patch", GLUE_NONET },
	};
	size_t i;

	for (i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		if (!strcmp(arg, how[i].name)) {
			cmd->glue = how[i].flags;
			return 0;
		}
	}
	return nuse_fail(err, NULL, "--intercept: found %s, expected auto, trap, seccomp or patch",
			 nuse_quote(arg));
}

static int read_env(struct nuse_cmd *cmd, struct nuse_err *err)
{
	const char *env = getenv("NUSECONF");
	char *list, *one, *save;
	int ret = 0;

	if (env && *env)
		cmd->conf = env;
	env = getenv("NUSE_TRACE");
	if (env && (ret = set_trace(cmd, "NUSE_TRACE", env, err)) < 0)
		return ret;
	env = getenv("NUSE_HOSTNET");
	if (!env || !*env)
		return 0;
	list = strdup(env);
	if (!list)
		return nuse_nomem(err, NULL);
	for (one = strtok_r(list, ",", &save); one && !ret; one = strtok_r(NULL, ",", &save))
		ret = add_word(cmd, "bypass", one);
	free(list);
	return ret;
}

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "option", required_argument, NULL, 'o' },
	{ "kernel", required_argument, NULL, 'k' },
	{ "pcap", required_argument, NULL, 'p' },
	{ "stats", optional_argument, NULL, 's' },
	{ "trace", optional_argument, NULL, 't' },
	{ "intercept", required_argument, NULL, 'i' },
	{ "name", required_argument, NULL, 'N' },
	{ "attach", required_argument, NULL, 'A' },
	{ "daemon", no_argument, NULL, 'D' },
	{ "log-file", required_argument, NULL, 'L' },
	{ "list", no_argument, NULL, 'R' },
	{ "json", no_argument, NULL, 'J' },
	{ "stop", required_argument, NULL, 'S' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "dry-run", no_argument, NULL, 'n' },
	{ "list-kernels", no_argument, NULL, 'l' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

/* --attach and --stop are of a stack that is there, --name is of one to be made. */
static int set_name(struct nuse_cmd *cmd, enum nuse_action action, const char *what,
		    struct nuse_err *err)
{
	if (cmd->name)
		return nuse_fail(err, NULL, "%s: found a second name of a stack, expected one of --name, --attach and --stop",
				 what);
	cmd->name = optarg;
	cmd->action = action;
	return nuse_name_check(what, optarg, err);
}

static int one(struct nuse_cmd *cmd, int c, char **argv, struct nuse_err *err)
{
	switch (c) {
	case 'c':
		cmd->conf = optarg;
		cmd->conf_given = true;
		return 0;
	case 'o':
		return add(cmd, "%s", optarg);
	case 'k':
		return add_word(cmd, "kernel", optarg);
	case 'p':
		return add_pcap(cmd, optarg, err);
	case 's':
		cmd->stats = true;
		cmd->stats_file = optarg;
		return 0;
	case 't':
		return set_trace(cmd, "--trace", optarg, err);
	case 'i':
		return set_intercept(cmd, optarg, err);
	case 'N':
		return set_name(cmd, cmd->action, "--name", err);
	case 'A':
		return set_name(cmd, NUSE_ATTACH, "--attach", err);
	case 'S':
		return set_name(cmd, NUSE_STOP, "--stop", err);
	case 'D':
		cmd->daemon = true;
		return 0;
	case 'L':
		cmd->log_file = optarg;
		return 0;
	case 'R':
		cmd->action = NUSE_LIST;
		return 0;
	case 'J':
		cmd->json = true;
		return 0;
	case 'v':
		cmd->verbose++;
		return 0;
	case 'n':
		cmd->action = NUSE_DRY_RUN;
		return 0;
	case 'l':
		cmd->action = NUSE_LIST_KERNELS;
		return 0;
	case 'V':
		cmd->action = NUSE_VERSION;
		return 0;
	case 'h':
		cmd->action = NUSE_HELP;
		return 0;
	case ':':
		return nuse_fail(err, NULL, "found option %s without its argument, expected one, see nuse --help",
				 nuse_quote(argv[optind - 1]));
	default:
		return nuse_fail(err, NULL, "found option %s, expected one of those that nuse --help shows",
				 nuse_quote(argv[optind - 1]));
	}
}

/*
 * valgrind reads and translates the text of its client, which must be as its files
 * have it.  It makes the calls of its client itself: trapped, they arrive.
 */
static bool wants_text_untouched(const char *prog)
{
	const char *name = strrchr(prog, '/');

	return !strcmp(name ? name + 1 : prog, "valgrind");
}

/* Do the options go together? */
static int judge(struct nuse_cmd *cmd, size_t nenv, struct nuse_err *err)
{
	const bool asks = cmd->action == NUSE_STOP || cmd->action == NUSE_LIST;
	const bool runs = cmd->action == NUSE_RUN || cmd->action == NUSE_ATTACH;

	if (cmd->json && cmd->action != NUSE_LIST)
		return nuse_fail(err, NULL, "--json: found without --list, expected with it");
	if (asks && *cmd->prog)
		return nuse_fail(err, NULL, "--%s: found a program, expected none",
				 cmd->action == NUSE_LIST ? "list" : "stop");
	if (cmd->log_file && !cmd->daemon)
		return nuse_fail(err, NULL, "--log-file: found without --daemon, expected with it");
	if (cmd->daemon && (cmd->action != NUSE_RUN || !cmd->name))
		return nuse_fail(err, NULL, "--daemon: found no --name, expected one, so that programs can be attached");
	if (cmd->daemon && *cmd->prog)
		return nuse_fail(err, NULL, "--daemon: found the program %s, expected none; to run it: nuse --attach %s",
				 nuse_quote(*cmd->prog), cmd->name);
	if (cmd->action == NUSE_ATTACH && (cmd->conf_given || cmd->nopt > nenv || cmd->stats))
		return nuse_fail(err, NULL, "--attach: found an option of a new stack's (-c, -o, --kernel, --pcap or --stats), expected none: %s is running",
				 cmd->name);
	if (runs && !cmd->daemon && !*cmd->prog)
		return nuse_fail(err, NULL, "found no program to run, expected one, see nuse --help");
	return 0;
}

int nuse_cmd_parse(struct nuse_cmd *cmd, int argc, char **argv, struct nuse_err *err)
{
	size_t nenv;
	int c, ret;

	memset(cmd, 0, sizeof(*cmd));
	err->text[0] = '\0';
	ret = read_env(cmd, err);
	nenv = cmd->nopt;
	opterr = 0;
	optind = 0;
	while (!ret && (c = getopt_long(argc, argv, "+:c:o:vnh", options, NULL)) != -1)
		ret = one(cmd, c, argv, err);
	cmd->prog = argv + optind;
	if (!ret)
		ret = judge(cmd, nenv, err);
	if (!ret && *cmd->prog && !cmd->glue && wants_text_untouched(*cmd->prog))
		cmd->glue = GLUE_NOPATCH;
	if (!ret && cmd->action == NUSE_ATTACH)
		cmd->conf = NULL;	/* NUSECONF is for new stacks */
	if (ret == -ENOMEM)
		nuse_nomem(err, NULL);
	return ret;
}

void nuse_cmd_free(struct nuse_cmd *cmd)
{
	size_t i;

	for (i = 0; i < cmd->nopt; i++)
		free(cmd->opt[i]);
	free(cmd->opt);
	cmd->opt = NULL;
	cmd->nopt = 0;
}
