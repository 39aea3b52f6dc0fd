// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines and words of nuse.conf.
 *
 * A line is a list of words between blanks.  A word that begins with '#' ends
 * the line: the rest is a comment.  Quotes work as in a shell without
 * variables: '...' takes everything, "..." knows \" and \\, outside of quotes a
 * backslash takes the next character as it is.  There is no continuation of
 * lines, because a line's number is what the messages name.
 *
 * A blank line means something (it ends a block), a line with nothing but a
 * comment does not; so the two are told apart.
 */
#include <errno.h>
#include <string.h>
#include "lex.h"

void nuse_lex_init(struct nuse_lex *l, const char *text, size_t len)
{
	l->text = text;
	l->len = len;
	l->pos = 0;
	l->line = 0;
	l->nwords = 0;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* Copy the word at @s to @out; returns the rest of the line or NULL. */
static const char *word(const char *s, const char *end, char **out, const char **why)
{
	char *o = *out;
	char quote = 0;

	for (; s < end && (quote || !blank(*s)); s++) {
		if (quote) {
			if (*s == quote)
				quote = 0;
			else if (*s == '\\' && quote == '"' && s + 1 < end &&
				 (s[1] == '"' || s[1] == '\\'))
				*o++ = *++s;
			else
				*o++ = *s;
		} else if (*s == '\'' || *s == '"') {
			quote = *s;
		} else if (*s == '\\') {
			if (++s == end) {
				*why = "found a backslash at the end of the line, expected the character that it protects";
				return NULL;
			}
			*o++ = *s;
		} else {
			*o++ = *s;
		}
	}
	if (quote) {
		*why = "found an opening quote only, expected the closing one on the same line";
		return NULL;
	}
	*o++ = '\0';
	*out = o;
	return s;
}

int nuse_lex_line(struct nuse_lex *l, const char **why)
{
	const char *s, *end;
	char *out = l->buf;

	l->nwords = 0;
	if (l->pos >= l->len)
		return NUSE_LEX_END;
	s = l->text + l->pos;
	end = memchr(s, '\n', l->len - l->pos);
	l->line++;
	l->pos = end ? (size_t)(end - l->text) + 1 : l->len;
	if (!end)
		end = l->text + l->len;
	if (end - s > NUSE_LINE_MAX) {
		*why = "found a line of more than 4096 bytes, expected a shorter one";
		return -EINVAL;
	}
	if (memchr(s, '\0', end - s)) {
		*why = "found a NUL byte, expected text";
		return -EINVAL;
	}
	for (;;) {
		while (s < end && blank(*s))
			s++;
		if (s == end)
			return l->nwords ? NUSE_LEX_WORDS : NUSE_LEX_BLANK;
		if (*s == '#')
			return l->nwords ? NUSE_LEX_WORDS : NUSE_LEX_COMMENT;
		if (l->nwords == NUSE_WORDS_MAX) {
			*why = "found more than 128 words, expected fewer";
			return -EINVAL;
		}
		/* A word and its NUL never outgrow what they were read from and one blank. */
		l->word[l->nwords] = out;
		s = word(s, end, &out, why);
		if (!s)
			return -EINVAL;
		l->word[++l->nwords] = NULL;
	}
}
