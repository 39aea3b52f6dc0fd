// SPDX-License-Identifier: GPL-2.0-only
/*
 * Randomness that follows from a seed and a name.
 *
 * Generator: xoshiro256** (Blackman and Vigna, 2018), state filled by splitmix64
 * from the seed mixed with an FNV-1a hash of the name.  So each host and each
 * direction of a link has a stream of its own, which does not depend on how many
 * others there are or in which order they were made.
 */
#include "internal.h"

static __u64 splitmix(__u64 *x)
{
	__u64 z = *x += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

void sim_rng_seed(struct sim_rng *rng, __u64 seed, const char *name)
{
	__u64 hash = 0xcbf29ce484222325ULL, x = seed;
	int i;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3ULL;
	x = splitmix(&x) ^ hash;
	for (i = 0; i < 4; i++)
		rng->s[i] = splitmix(&x);
}

static __u64 rotl(__u64 x, int k)
{
	return x << k | x >> (64 - k);
}

__u64 sim_rng_next(struct sim_rng *rng)
{
	__u64 *s = rng->s, result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

/* Uniform in 0..n-1; the bias of 2^-64 * n is nobody's concern here. */
__u64 sim_rng_below(struct sim_rng *rng, __u64 n)
{
	return (__u64)((unsigned __int128)sim_rng_next(rng) * n >> 64);
}

void sim_rng_bytes(struct sim_rng *rng, void *buf, __u64 len)
{
	unsigned char *p = buf;
	__u64 v = 0, i;

	for (i = 0; i < len; i++) {
		if (!(i & 7))
			v = sim_rng_next(rng);
		p[i] = (unsigned char)(v >> (i & 7) * 8);
	}
}
