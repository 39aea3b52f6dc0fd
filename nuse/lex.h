/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: Lines and words of nuse.conf
 */
#ifndef NUSE_LEX_H
#define NUSE_LEX_H

#include <stddef.h>
#include "conf.h"

#define NUSE_LINE_MAX	4096	/* bytes of a line, without its newline */
#define NUSE_WORDS_MAX	128	/* words of a line */

/* What nuse_lex_line() found, if no words. */
enum nuse_lex_kind { NUSE_LEX_WORDS, NUSE_LEX_BLANK, NUSE_LEX_COMMENT, NUSE_LEX_END };

/**
 * struct nuse_lex - a text that is being read
 * @text: the text, @len bytes; not changed
 * @pos: where the next line starts
 * @line: number of the line read last, from 1
 * @word: its words, @nwords of them, NUL-terminated, in @buf
 */
struct nuse_lex {
	const char *text;
	size_t len, pos;
	unsigned int line;
	size_t nwords;
	char *word[NUSE_WORDS_MAX + 1];
	char buf[NUSE_LINE_MAX + 2];
};

/** nuse_lex_init() - start reading @len bytes at @text */
void nuse_lex_init(struct nuse_lex *l, const char *text, size_t len);

/**
 * nuse_lex_line() - read a line
 * @why: on failure, what was found and what was expected
 *
 * Return: enum nuse_lex_kind, or -EINVAL.
 */
int nuse_lex_line(struct nuse_lex *l, const char **why);

#endif /* NUSE_LEX_H */
