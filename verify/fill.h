/* What goes into the inputs: patterns of floats, and recipes for rows of blocks. Internal to verify/. */
#ifndef GB_VERIFY_FILL_H
#define GB_VERIFY_FILL_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/rng.h"
#include "kernels/formats.h"

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
    X(LIMIT, "limit")         /* where 1 / scale overflows, a few ulps around */                                       \
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

/* Recipes of a row of blocks, 0 .. count - 1. Of every format: 0 is the plain one (finite, alive); the others are
 * extreme codes times special scales, whatever no encoder emits included, then what the reference encoder makes of each
 * pattern. q8_K and q8_1 always get sums that match their codes. */
size_t gb_row_recipe_count(gb_format format);
/* "min/nan": codes / scales; "enc/ties8": encoded pattern. */
const char *gb_row_recipe_name(gb_format format, size_t recipe, char *buf, size_t size);
void gb_fill_blocks(gb_rng *rng, gb_format format, size_t recipe, void *blocks, size_t n);
/* Formats whose elements are a scaled code plus or minus an offset: writes the block (block_bytes each) with only the
 * scaled part and with only the offset part, and returns true. Other formats: false, nothing written. */
bool gb_split_offset(gb_format format, const uint8_t *block, uint8_t *scaled, uint8_t *offset);
/* Writes all f16 scales of a block: the first becomes `value`, each further one goes through all values as that does.
 */
void gb_set_scales16(gb_format format, uint8_t *block, uint16_t value);
/* Every block by a recipe of its own. */
void gb_fill_blocks_mixed(gb_rng *rng, gb_format format, void *blocks, size_t n);

#endif
