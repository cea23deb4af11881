/* mxfp6, mxfp8 and fp8 in vectors of sixteen bytes. Every small float has its place in an f16: sign to sign, the rest
 * below it, exponents counted from the smallest. So the f16 is the number over a power of two, subnormals too; the
 * conversion and the multiplication by `unit` are exact, and the scale rounds once, as in the reference. */
#include "kernels/vec16/decoded.h"

/* Sixteen f16 times unit, times scale. */
GB_INLINE void scaled(gb_bytes first, gb_bytes second, float unit, float scale, gb_floats *x) {
    const gb_unit_scale s = gb_join_scale(unit, scale);
    const gb_floats4 f = gb_v_from_f16(first, second);
    for (size_t j = 0; j < 4; j++) {
        x[j] = f.val[j] * gb_v_fset(s.first);
        if (s.apart) x[j] = x[j] * gb_v_fset(s.second);
    }
}

/* Infinities and NaN are those of f16. */
GB_INLINE void e5m2(const uint8_t *qs, float scale, gb_floats *x) {
    const gb_bytes zero = gb_v_set(0);
    for (size_t i = 0; i < 2; i++) {
        const gb_bytes q = gb_v_load(qs + 16 * i);
        scaled(gb_v_zip8_low(zero, q), gb_v_zip8_high(zero, q), 1.0F, scale, x + 4 * i);
    }
}

/* The lowest bit of the mantissa goes to the lower byte. 0x7f alone is NaN; there, as an f16, it would be 480. */
GB_INLINE void e4m3(const uint8_t *qs, float scale, gb_floats *x) {
    for (size_t i = 0; i < 2; i++) {
        const gb_bytes q = gb_v_load(qs + 16 * i);
        const gb_bytes magnitude = gb_v_and(q, gb_v_set(0x7f));
        const gb_bytes nan = gb_v_and(gb_v_from(magnitude, 0x7f), gb_v_set(0x7e));
        const gb_bytes high = gb_v_or(gb_v_xor(q, magnitude), gb_v_or(gb_v_shr(magnitude, 1), nan));
        const gb_bytes low = gb_v_shl(q, 7);
        scaled(gb_v_zip8_low(low, high), gb_v_zip8_high(low, high), 0x1p8F, scale, x + 4 * i);
    }
}

/* A format of six bits: four factors that bring the magnitude of a code to its place in an f16, and what is kept. */
typedef struct six_format {
    uint64_t factors, keep;
    float unit;
} six_format;

/* Eight codes, each in two bytes with parts of its neighbours. */
GB_INLINE gb_bytes six_halves(six_format f, gb_bytes words) {
    const gb_bytes magnitude = gb_v_mul16(words, gb_v_words(f.factors, f.factors));
    const gb_bytes top = gb_v_mul16(words, gb_v_words(0x0100004000100400, 0x0100004000100400)); /* 2^(10 - 6i % 8) */
    return gb_v_or(gb_v_and(magnitude, gb_v_words(f.keep, f.keep)),
                   gb_v_and(top, gb_v_words(0x8000800080008000, 0x8000800080008000)));
}

/* Both loads of sixteen bytes stay inside the block. The last code lies in one byte, so any may be its second. */
GB_INLINE void six(six_format f, const uint8_t *qs, float scale, gb_floats *x) {
    static const uint8_t from[2][16] = {{0, 1, 0, 1, 1, 2, 2, 3, 3, 4, 3, 4, 4, 5, 5, 6},
                                        {6, 7, 6, 7, 7, 8, 8, 9, 9, 10, 9, 10, 10, 11, 11, 11}};
    for (size_t i = 0; i < 2; i++) {
        const gb_bytes bytes = gb_v_load(qs + 8 * i);
        const gb_bytes skip = gb_v_set(i ? 4 : 0);
        const gb_bytes first = gb_v_lookup(bytes, gb_v_add(gb_v_load(from[0]), skip));
        const gb_bytes second = gb_v_lookup(bytes, gb_v_add(gb_v_load(from[1]), skip));
        scaled(six_halves(f, first), six_halves(f, second), f.unit, scale, x + 4 * i);
    }
}

/* Times 2^(7 - 6i % 8). */
GB_INLINE void e2m3(const uint8_t *qs, float scale, gb_floats *x) {
    six((six_format){0x0020000800020080, 0x0f800f800f800f80, 0x1p14F}, qs, scale, x);
}

/* Times 2^(8 - 6i % 8). */
GB_INLINE void e3m2(const uint8_t *qs, float scale, gb_floats *x) {
    six((six_format){0x0040001000040100, 0x1f001f001f001f00, 0x1p12F}, qs, scale, x);
}
