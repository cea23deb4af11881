/* Seeded random numbers that are the same on every machine, for ever: splitmix64 and nothing of libm. */
#ifndef GB_HARNESS_RNG_H
#define GB_HARNESS_RNG_H

#include <stddef.h>
#include <stdint.h>

typedef struct gb_rng {
    uint64_t state;
} gb_rng;

/* Independent streams from one seed: `name` is hashed in (XXH3), so that any named case replays alone. */
void gb_rng_seed(gb_rng *rng, uint64_t seed, const char *name);

/* splitmix64 (Steele, Lea, Flood 2014): a counter through a mixing function; any state is a good state. */
static inline uint64_t gb_rng_u64(gb_rng *rng) {
    uint64_t z = rng->state += 0x9e3779b97f4a7c15U;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
}

/* 0 .. bound - 1, bound >= 1; the bias of at most 2^-32 * bound does not matter for test inputs. */
static inline uint32_t gb_rng_below(gb_rng *rng, uint32_t bound) {
    return (uint32_t)((gb_rng_u64(rng) >> 32) * bound >> 32);
}

/* [0, 1), a multiple of 2^-53. */
static inline double gb_rng_uniform(gb_rng *rng) {
    return (double)(gb_rng_u64(rng) >> 11) * 0x1p-53;
}

/* Mean 0, variance 1: Box-Muller, cosine branch. */
double gb_rng_normal(gb_rng *rng);

/* size bytes, any values. */
void gb_rng_bytes(gb_rng *rng, void *data, size_t size);

#endif
