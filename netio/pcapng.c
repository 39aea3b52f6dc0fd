// SPDX-License-Identifier: GPL-2.0-only
/* Laying out blocks of a pcapng file; see pcapng.h. */
#include "hot.h"
#include "pcapng.h"

#define BLOCK_SECTION		0x0a0d0d0a
#define BLOCK_INTERFACE		1
#define BLOCK_STATISTICS	5
#define BLOCK_PACKET		6

#define OPT_END			0
#define OPT_SHB_HARDWARE	2
#define OPT_SHB_OS		3
#define OPT_SHB_USERAPPL	4
#define OPT_IF_NAME		2
#define OPT_IF_DESCRIPTION	3
#define OPT_IF_TSRESOL		9
#define OPT_EPB_FLAGS		2
#define OPT_ISB_IFRECV		4
#define OPT_ISB_IFDROP		5

/* Where the next bytes go; @at beyond @room means that there was not enough. */
struct out {
	char	*buf;
	size_t	room;
	size_t	at;
};

static __hot void put(struct out *o, const void *bytes, size_t len)
{
	if (len && o->at + len <= o->room)
		hot_copy(o->buf + o->at, bytes, len);
	o->at += len;
}

static __hot void put16(struct out *o, __u16 v)
{
	put(o, &v, sizeof(v));
}

static __hot void put32(struct out *o, __u32 v)
{
	put(o, &v, sizeof(v));
}

static __hot void option(struct out *o, __u16 code, const void *value, size_t len)
{
	static const char zero[4];

	put16(o, code);
	put16(o, len);
	put(o, value, len);
	put(o, zero, -len & 3);
}

static __hot void option_text(struct out *o, __u16 code, const char *text)
{
	size_t len = 0;

	if (!text)
		return;
	while (text[len] && len < 1024)
		len++;
	option(o, code, text, len);
}

/* Close a block: its length stands at both ends. */
static __hot size_t finish(struct out *o)
{
	__u32 len = o->at + 4;

	put32(o, len);
	if (o->at > o->room)
		return 0;
	hot_copy(o->buf + 4, &len, sizeof(len));
	return len;
}

__hot size_t pcapng_section(void *buf, size_t room, const struct pcapng_section *s)
{
	struct out o = { buf, room, 0 };

	put32(&o, BLOCK_SECTION);
	put32(&o, 0);
	put32(&o, 0x1a2b3c4d);		/* tells the byte order */
	put16(&o, 1);			/* version 1.0 */
	put16(&o, 0);
	put32(&o, ~0U);			/* section length: not known */
	put32(&o, ~0U);
	option_text(&o, OPT_SHB_HARDWARE, s->hardware);
	option_text(&o, OPT_SHB_OS, s->os);
	option_text(&o, OPT_SHB_USERAPPL, s->application);
	option(&o, OPT_END, NULL, 0);
	return finish(&o);
}

__hot size_t pcapng_interface(void *buf, size_t room, const struct pcapng_interface *i)
{
	struct out o = { buf, room, 0 };
	__u8 tsresol = 9;		/* 10^-9 s */

	put32(&o, BLOCK_INTERFACE);
	put32(&o, 0);
	put16(&o, i->linktype);
	put16(&o, 0);
	put32(&o, i->snaplen);
	option_text(&o, OPT_IF_NAME, i->name);
	option_text(&o, OPT_IF_DESCRIPTION, i->description);
	option(&o, OPT_IF_TSRESOL, &tsresol, sizeof(tsresol));
	option(&o, OPT_END, NULL, 0);
	return finish(&o);
}

__hot size_t pcapng_statistics(void *buf, size_t room, const struct pcapng_statistics *s)
{
	struct out o = { buf, room, 0 };

	put32(&o, BLOCK_STATISTICS);
	put32(&o, 0);
	put32(&o, s->interface);
	put32(&o, s->tstamp_ns >> 32);
	put32(&o, s->tstamp_ns);
	option(&o, OPT_ISB_IFRECV, &s->received, sizeof(s->received));
	option(&o, OPT_ISB_IFDROP, &s->dropped, sizeof(s->dropped));
	option(&o, OPT_END, NULL, 0);
	return finish(&o);
}

__hot void *pcapng_packet(void *buf, const struct pcapng_packet *p)
{
	__u32 len = PCAPNG_PACKET_LEN(p->caplen), pad = -p->caplen & 3;
	struct out o = { buf, len, 0 };
	static const char zero[4];

	put32(&o, BLOCK_PACKET);
	put32(&o, len);
	put32(&o, p->interface);
	put32(&o, p->tstamp_ns >> 32);
	put32(&o, p->tstamp_ns);
	put32(&o, p->caplen);
	put32(&o, p->len);
	o.at += p->caplen;
	put(&o, zero, pad);
	option(&o, OPT_EPB_FLAGS, &p->flags, sizeof(p->flags));
	option(&o, OPT_END, NULL, 0);
	put32(&o, len);
	return (char *)buf + PCAPNG_PACKET_HEAD;
}
