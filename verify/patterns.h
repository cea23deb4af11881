/* What goes into the inputs of floats. Internal to verify/. */
#ifndef GB_VERIFY_PATTERNS_H
#define GB_VERIFY_PATTERNS_H

#include <stddef.h>

#include "harness/rng.h"

/* X(id, name): where a rounding, a scale or a comparison changes its mind. */
#define GB_PATTERNS(X)                                                                                                 \
    X(NORMAL, "normal")       /* N(0, 1) */                                                                            \
    X(UNIFORM, "uniform")     /* [-1, 1) */                                                                            \
    X(POSITIVE, "positive")   /* [0.1, 1): no code of the other sign */                                                \
    X(ZERO, "zero")           /* +0 */                                                                                 \
    X(NEGZERO, "negzero")     /* -0 */                                                                                 \
    X(EQUAL, "equal")         /* one value */                                                                          \
    X(ALTERNATE, "alternate") /* +v -v: the first of equal magnitudes decides the sign of a scale */                   \
    X(TWINS, "twins")         /* per 32, two equal largest magnitudes of random sign among noise */                    \
    X(TIES8, "ties8")         /* multiples of 1/2 with one +-127: exact ties of the 8-bit quantizers */                \
    X(TIES4, "ties4")         /* odd multiples of s/2 with one +-8 s: exact ties of the 4-bit quantizers */            \
    X(OUTLIER, "outlier")     /* one large among noise */                                                              \
    X(SPARSE, "sparse")       /* mostly zero, whole blocks too */                                                      \
    X(TINY, "tiny")           /* 1e-30: scales below f16 */                                                            \
    X(SUBNORMAL, "subnormal") /* f32 subnormals */                                                                     \
    X(LIMIT, "limit")         /* where 1 / scale overflows, a few ulps around; halves */                               \
    X(POWER, "power")         /* largest magnitudes a few ulps around powers of two */                                 \
    X(LARGE, "large")         /* 1e30: scales above f16 */                                                             \
    X(EXTREME, "extreme")     /* +-FLT_MAX */                                                                          \
    X(INF, "inf")             /* infinities among noise */                                                             \
    X(NAN, "nan")             /* NaNs of both signs and payloads among noise */                                        \
    X(EDGE16, "edge16")       /* f16 and bf16: range ends, subnormal limit, halfway points, one ulp either side */     \
    X(MIXED, "mixed")         /* every 16 another power of ten */                                                      \
    X(NEAR, "near")           /* per 16, one value and a few ulps around: searches divide noise by noise */            \
    X(PATCHES, "patches")     /* every 16 another pattern, seldom one that is not finite or huge */                    \
    X(BITS, "bits")           /* any 32 bits */

typedef enum gb_pattern {
#define GB_PATTERN_ENUM(id, name) GB_PATTERN_##id,
    GB_PATTERNS(GB_PATTERN_ENUM)
#undef GB_PATTERN_ENUM
        GB_PATTERN_COUNT
} gb_pattern;

extern const char *const gb_pattern_names[GB_PATTERN_COUNT];

void gb_fill_floats(gb_rng *rng, gb_pattern pattern, float *x, size_t n);

float gb_random_sign(gb_rng *rng); /* 1 or -1 */
float gb_random_nan(gb_rng *rng);  /* any payload, either sign */

#endif
