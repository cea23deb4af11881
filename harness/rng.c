#include "harness/rng.h"

#include <math.h>
#include <string.h>
#include <xxhash.h>

#include "reference/math.h"

void gb_rng_seed(gb_rng *rng, uint64_t seed, const char *name) {
    rng->state = XXH3_64bits_withSeed(name, strlen(name), seed);
}

double gb_rng_normal(gb_rng *rng) {
    const double u = 1.0 - gb_rng_uniform(rng); /* (0, 1]: the logarithm is finite */
    double s;
    double c;
    gb_sincos(6.283185307179586 * gb_rng_uniform(rng), &s, &c);
    return sqrt(-2.0 * gb_log(u)) * c; /* sqrt is correctly rounded everywhere */
}

void gb_rng_bytes(gb_rng *rng, void *data, size_t size) {
    unsigned char *p = data;
    while (size >= 8) {
        const uint64_t u = gb_rng_u64(rng);
        memcpy(p, &u, 8);
        p += 8;
        size -= 8;
    }
    const uint64_t u = gb_rng_u64(rng);
    memcpy(p, &u, size);
}
