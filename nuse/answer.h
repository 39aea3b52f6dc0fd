/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: What a home answers, see home.h
 */
#ifndef NUSE_ANSWER_H
#define NUSE_ANSWER_H

#include "home.h"

/**
 * nuse_home_answer() - for libos_serve_query()
 * @arg: &struct nuse_home
 * @question: untrusted
 * @reply: gets lines, @max bytes at most
 *
 * Context: the server's thread.
 * Return: length; -EINVAL: no such question.
 */
int nuse_home_answer(void *arg, const char *question, char *reply, size_t max);

/** nuse_home_stop() - begin to end the stack; does not wait */
int nuse_home_stop(struct nuse_home *h);

#endif /* NUSE_ANSWER_H */
