// SPDX-License-Identifier: GPL-2.0-only
/* The policy file: what each line grants, what is an error. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "msd.h"
#include "policy.h"

static int failed, count;

static void result(int good, const char *name)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++count, name);
	failed |= !good;
}

static int load(struct policy **p, const char *text)
{
	char path[] = "/tmp/ms-policy-XXXXXX";
	int fd = mkstemp(path), err;

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		exit(1);
	close(fd);
	err = policy_load(p, path);
	unlink(path);
	return err;
}

static struct ms_tuple tuple(const char *addr, int proto, int port)
{
	struct ms_tuple t = { .protocol = proto, .port = htons(port) };

	t.family = strchr(addr, ':') ? AF_INET6 : AF_INET;
	inet_pton(t.family, addr, t.addr);
	return t;
}

static const struct {
	const char *line;
	const char *addr;
	int uid, proto, port, want;
} cases[] = {
	{ "1000 sctp 10.0.0.2 3868\n", "10.0.0.2", 1000, 132, 3868, 1 },
	{ "1000 sctp 10.0.0.2 3868\n", "10.0.0.2", 1001, 132, 3868, 0 },
	{ "1000 sctp 10.0.0.2 3868\n", "10.0.0.3", 1000, 132, 3868, 0 },
	{ "1000 sctp 10.0.0.2 3868\n", "10.0.0.2", 1000, 132, 3869, 0 },
	{ "1000 sctp 10.0.0.2 3868\n", "10.0.0.2", 1000, 33, 3868, 0 },
	{ "root gre * -\n", "10.0.0.2", 0, 47, 0, 1 },
	{ "root gre * -\n", "fd00::1", 0, 47, 0, 1 },
	{ "* 132 * *\n", "fd00::1", 77, 132, 5, 1 },
	{ "1000 sctp fd00::1 *\n", "fd00::1", 1000, 132, 5, 1 },
	{ "1000 sctp fd00::1 *\n", "fd00::2", 1000, 132, 5, 0 },
	{ "  1000\tsctp * * # a comment\n", "10.0.0.2", 1000, 132, 5, 1 },
	{ "# 1000 sctp * *\n", "10.0.0.2", 1000, 132, 5, 0 },
	{ "nobody-here-42 sctp * *\n1000 sctp * *\n", "10.0.0.2", 1000, 132, 5, 1 },
	{ "", "10.0.0.2", 0, 132, 5, 0 },
};

static const char *const bad[] = {
	"1000 sctp *\n", "1000 sctp * * *\n", "1000 nosuchproto * *\n", "1000 256 * *\n",
	"1000 0 * *\n", "1000 sctp 10.0.0 *\n", "1000 sctp * 0\n", "1000 sctp * 65536\n",
	"1000 sctp * 12x\n", "nobody-here-42 sctp * *\n", "@nogroup-here-42 sctp * *\n",
	"-1 sctp * *\n", "99999999999 sctp * *\n",
};

int main(void)
{
	struct policy *p;
	char name[160];
	unsigned int i;

	/* the errors' lines go to stderr; they are not what is tested here */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ms_tuple t = tuple(cases[i].addr, cases[i].proto, cases[i].port);

		load(&p, cases[i].line);
		snprintf(name, sizeof(name), "%.*s: uid %d %s %d %d", (int)strcspn(cases[i].line, "\n"),
			 cases[i].line, cases[i].uid, cases[i].addr, cases[i].proto, cases[i].port);
		result(policy_allows(p, cases[i].uid, &t) == cases[i].want, name);
		policy_free(p);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct ms_tuple t = tuple("10.0.0.2", 132, 5);

		snprintf(name, sizeof(name), "an error: %.*s", (int)strcspn(bad[i], "\n"), bad[i]);
		result(load(&p, bad[i]) < 0 && !policy_allows(p, 1000, &t), name);
		policy_free(p);
	}
	result(policy_load(&p, "/nonexistent/policy") == 0, "no file, no error");
	policy_free(p);
	printf("1..%d\n", count);
	return failed;
}
