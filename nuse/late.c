// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals that come when the program has ended and nuse has not.
 *
 * While a program runs, signals are the program's; when it has ended, the process
 * has its own actions back, and a signal that is then on its way (a second
 * Ctrl-C, timeout(1) at the wrong moment, one that the program had blocked) would
 * kill nuse before it has written the counters and said how the program ended.  So
 * nuse has a handler, which ignores it: the program has ended.
 *
 * SIG_IGN will not do, since a program inherits that.  And a signal that comes
 * before the program has the signals must not be lost: it is sent again a moment
 * later, until the program gets it.
 */
#include <signal.h>
#include <time.h>
#include "late.h"

#define AGAIN_NS 10000000

static volatile sig_atomic_t over, hurry;

/* That send a signal again, made when first wanted; signals are blocked in on_signal(). */
static timer_t timer[_NSIG];
static bool made[_NSIG];

static void on_signal(int sig)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = sig };
	struct itimerspec it = { .it_value.tv_nsec = AGAIN_NS };

	if (over) {
		hurry = 1;
		return;
	}
	if (!made[sig])
		made[sig] = timer_create(CLOCK_MONOTONIC, &ev, &timer[sig]) == 0;
	if (made[sig])
		timer_settime(timer[sig], 0, &it, NULL);
}

/* Its default action ends the process, from outside. */
static bool ends(int sig)
{
	static const int others[] = {
		SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGCHLD, SIGCONT, SIGURG, SIGWINCH,
		SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGABRT,
	};
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (sig == others[i])
			return false;
	return true;
}

void nuse_late_begin(void)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART }, old;
	int sig;

	sigfillset(&sa.sa_mask);
	for (sig = 1; sig <= SIGRTMAX; sig++)
		if (ends(sig) && sigaction(sig, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			sigaction(sig, &sa, NULL);
}

void nuse_late_end(void)
{
	over = 1;
}

bool nuse_late_signal(void)
{
	return hurry;
}
