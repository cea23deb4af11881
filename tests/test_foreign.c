/* The formats of kernels/foreign.h against a second, straightforward computation: levels and numbers from their
 * definitions in double, codes by trying all of them, bits by position. Every pattern of verify/fill.h, hostile ones
 * included, and rows of random bytes. */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/rng.h"
#include "kernels/registry.h"
#include "reference/number.h"
#include "tests/support/caps.h"
#include "tests/support/suite.h"
#include "verify/fill.h"

enum { N = 16384 + 384, SHORT = 384 }; /* N: a second header of the double-quantized formats */

static float x[N], got[N], act[N];
static uint8_t row[N * 4 + 64], act_row[N * 4 + 64];

static bool same(float a, float b) {
    return gb_f32_bits(a) == gb_f32_bits(b) || (a != a && b != b);
}

/* One rounding to binary32: doubles hold products of floats exactly, and quotients closely enough. */
static float product(float a, float b) {
    return (float)((double)a * (double)b);
}

static float quotient(float a, float b) {
    return (float)((double)a / (double)b);
}

static float number(float v) {
    return isnan(v) ? 0.0F : v;
}

/* Not by fminf and fmaxf: which zero of 0 and -0 these return is anybody's choice. */
static void widen(float v, float *low, float *high) {
    if (v < *low) *low = v;
    if (v > *high) *high = v;
}

static float f32_at(size_t offset) {
    float v;
    memcpy(&v, row + offset, sizeof v);
    return v;
}

static float f16_at(size_t offset) {
    return gb_f32_from_f16((uint16_t)(row[offset] | row[offset + 1] << 8));
}

static float largest_of(const float *v, size_t n) {
    float m = 0.0F;
    for (size_t i = 0; i < n; i++)
        if (!isnan(v[i])) m = fmaxf(m, fabsf(v[i]));
    return m;
}

static void quantize(gb_format f, size_t n) {
    row[gb_row_bytes(f, n)] = 0xa5;
    gb_reference(f, GB_OP_quantize).quantize(x, row, n, NULL);
    ck_assert_uint_eq(row[gb_row_bytes(f, n)], 0xa5);
}

/* --- bitsandbytes ------------------------------------------------------------------------------------------------- */

static double bnb_level(gb_format f, unsigned code) {
    static const double nf4[16] = {-1.0,
                                   -0.6961928009986877,
                                   -0.5250730514526367,
                                   -0.39491748809814453,
                                   -0.28444138169288635,
                                   -0.18477343022823334,
                                   -0.09105003625154495,
                                   0.0,
                                   0.07958029955625534,
                                   0.16093020141124725,
                                   0.24611230194568634,
                                   0.33791524171829224,
                                   0.44070982933044434,
                                   0.5626170039176941,
                                   0.7229568362236023,
                                   1.0};
    static const double twelfths[8] = {0.0, 0.0625, 8.0, 12.0, 4.0, 6.0, 2.0, 3.0};
    if (f == GB_FORMAT_nf4 || f == GB_FORMAT_nf4_dq) return nf4[code];
    const double magnitude = (double)(float)(twelfths[code & 7] / 12.0);
    return code & 8 ? -magnitude : magnitude;
}

static int ascending(const void *a, const void *b) {
    const float *p = a;
    const float *q = b;
    return (*p > *q) - (*p < *q);
}

/* The signed dynamic map, as its definition builds it: all levels in any order, then sorted. */
static const float *dynamic_map(void) {
    static float map[256];
    size_t count = 0;
    for (int k = 0; k < 7; k++) {
        const int parts = 1 << k;
        for (int j = 0; j < parts; j++) {
            const long double from = 0.1L + 0.9L * j / parts;
            const long double to = 0.1L + 0.9L * (j + 1) / parts;
            const long double middle = (from + to) / 2 * powl(10.0L, k - 6);
            map[count++] = (float)middle;
            map[count++] = (float)-middle;
        }
    }
    map[count++] = 0.0F;
    map[count++] = 1.0F;
    ck_assert_uint_eq(count, 256);
    qsort(map, 256, sizeof map[0], ascending);
    return map;
}

/* No assertion per element: the library notes each in a file. */
static void expect_code(gb_format f, size_t i, int found, int want) {
    if (found != want) ck_abort_msg("%s: element %zu has code %d, expected %d", gb_formats[f].name, i, found, want);
}

/* The chosen level is as near as any. Thresholds are floats, some of them rounded decimals: so much they may be off. */
static void expect_nearest(double v, double chosen, const float *levels, size_t count, const char *what) {
    double best = INFINITY;
    for (size_t i = 0; i < count; i++) best = fmin(best, fabs(v - (double)levels[i]));
    if (!(fabs(v - chosen) <= best + 8e-7)) ck_abort_msg("%s: %.9g became %.9g", what, v, chosen);
}

static unsigned nibble(size_t offset, size_t i, bool high_first) {
    return (unsigned)row[offset + i / 2] >> (i % 2 == (high_first ? 0U : 1U) ? 4 : 0) & 15U;
}

static bool is_dq(gb_format f) {
    return f == GB_FORMAT_nf4_dq || f == GB_FORMAT_fp4_dq;
}

static size_t bnb_codes(gb_format f, size_t n, size_t k) {
    return is_dq(f) ? (n / 64 + 255) / 256 * 8 + 33 * k + 1 : 36 * k + 4;
}

static float bnb_scale(gb_format f, size_t n, size_t k) {
    if (!is_dq(f)) return f32_at(36 * k);
    const float scaled = product(dynamic_map()[row[bnb_codes(f, n, k) - 1]], f32_at(k / 256 * 8));
    return (float)((double)scaled + (double)f32_at(k / 256 * 8 + 4));
}

static void check_bnb_codes(gb_format f, size_t n) {
    float levels[16];
    for (unsigned c = 0; c < 16; c++) levels[c] = (float)bnb_level(f, c);
    for (size_t k = 0; k < n / 64; k++) {
        const float absmax = largest_of(x + 64 * k, 64);
        const float inverse = quotient(1.0F, absmax);
        if (!is_dq(f)) ck_assert(same(f32_at(36 * k), absmax));
        for (size_t i = 0; i < 64; i++) {
            const float v = isinf(inverse) ? 0.0F : number(product(x[64 * k + i], inverse));
            const unsigned code = nibble(bnb_codes(f, n, k), i, true);
            expect_nearest((double)v, bnb_level(f, code), levels, 16, gb_formats[f].name);
        }
    }
}

static void check_bnb_headers(gb_format f, size_t n) {
    for (size_t first = 0; first < n / 64; first += 256) {
        const size_t count = n / 64 - first < 256 ? n / 64 - first : 256;
        float absmax[256];
        float sum = 0.0F;
        for (size_t k = 0; k < count; k++) {
            absmax[k] = largest_of(x + 64 * (first + k), 64);
            sum = (float)((double)sum + (double)absmax[k]);
        }
        const float mean = quotient(sum, (float)count);
        for (size_t k = 0; k < count; k++) absmax[k] = (float)((double)absmax[k] - (double)mean);
        const float most = largest_of(absmax, count);
        ck_assert(same(f32_at(first / 256 * 8), most));
        ck_assert(same(f32_at(first / 256 * 8 + 4), mean));
        const float inverse = quotient(1.0F, most);
        for (size_t k = 0; k < count; k++) {
            const float v = isinf(inverse) ? 0.0F : number(product(absmax[k], inverse));
            const uint8_t code = row[bnb_codes(f, n, first + k) - 1];
            expect_nearest((double)v, (double)dynamic_map()[code], dynamic_map(), 256, "a scale");
        }
    }
}

static void check_bnb(gb_format f, size_t n) {
    quantize(f, n);
    check_bnb_codes(f, n);
    if (is_dq(f)) check_bnb_headers(f, n);
}

/* --- small floats ------------------------------------------------------------------------------------------------- */

typedef struct small {
    int exponent, mantissa, bias;
    double largest;
} small;

static small small_of(gb_format f) {
    switch (f) {
    case GB_FORMAT_mxfp6_e2m3:
        return (small){2, 3, 1, 7.5};
    case GB_FORMAT_mxfp6_e3m2:
        return (small){3, 2, 3, 28.0};
    case GB_FORMAT_mxfp8_e4m3:
    case GB_FORMAT_fp8_e4m3:
        return (small){4, 3, 7, 448.0};
    default:
        return (small){5, 2, 15, 57344.0};
    }
}

/* Value of a code; NaN and infinity by the two standards' words. */
static double small_value(gb_format f, unsigned code) {
    const small s = small_of(f);
    const int e = (int)(code >> s.mantissa) & ((1 << s.exponent) - 1);
    const int m = (int)code & ((1 << s.mantissa) - 1);
    const double sign = code >> (s.exponent + s.mantissa) & 1 ? -1.0 : 1.0;
    if (s.exponent == 4 && e == 15 && m == 7) return NAN;
    if (s.exponent == 5 && e == 31) return m ? NAN : sign * INFINITY;
    const double fraction = ldexp(m, -s.mantissa);
    return sign * (e ? ldexp(1.0 + fraction, e - s.bias) : ldexp(fraction, 1 - s.bias));
}

/* Of all finite codes with the sign of v, the nearest; of two equally near, the even one. */
static unsigned small_nearest(gb_format f, double v) {
    const small s = small_of(f);
    const unsigned top = 1U << (s.exponent + s.mantissa);
    const unsigned sign = signbit(v) ? top : 0;
    static double value[256];
    static gb_format filled = GB_FORMAT_COUNT;
    for (unsigned code = 0; f != filled && code < 2 * top; code++) value[code] = small_value(f, code);
    filled = f;
    unsigned best = sign;
    for (unsigned code = 0; code < top; code++) {
        if (!isfinite(value[sign | code])) continue;
        const double old = fabs(v - value[best]);
        const double new = fabs(v - value[sign | code]);
        if (new < old || (new == old &&code % 2 == 0)) best = sign | code;
    }
    return best;
}

static bool is_mx(gb_format f) {
    return f >= GB_FORMAT_mxfp6_e2m3 && f <= GB_FORMAT_mxfp8_e5m2;
}

static size_t small_bits(gb_format f) {
    const small s = small_of(f);
    return (size_t)(1 + s.exponent + s.mantissa);
}

/* Bit by bit: element i of its block takes `bits` bits from bits * i on. */
static unsigned small_code(gb_format f, size_t i) {
    const size_t bits = small_bits(f);
    const size_t base = is_mx(f) ? i / 32 * (1 + 4 * bits) + 1 : 4 + i / 32 * 32;
    unsigned code = 0;
    for (size_t b = 0; b < bits; b++) {
        const size_t at = i % 32 * bits + b;
        code |= ((unsigned)row[base + at / 8] >> at % 8 & 1U) << b;
    }
    return code;
}

static uint8_t mx_scale_byte(gb_format f, size_t block) {
    return row[block * (1 + 4 * small_bits(f))];
}

static void check_mx(gb_format f, size_t n) {
    quantize(f, n);
    for (size_t k = 0; k < n / 32; k++) {
        const float most = largest_of(x + 32 * k, 32);
        const int emax = ilogb(small_of(f).largest);
        int e = most > 0.0F && !isinf(most) ? ilogb((double)most) - emax + 127 : 0;
        if (e < 0) e = 0;
        if (isinf(most)) e = 255;
        ck_assert_msg(mx_scale_byte(f, k) == e, "%s: largest %g: scale byte %u, expected %d", gb_formats[f].name,
                      (double)most, mx_scale_byte(f, k), e);
        for (size_t i = 32 * k; i < 32 * k + 32; i++) {
            const unsigned want = isinf(most) ? 0 : small_nearest(f, ldexp((double)number(x[i]), 127 - e));
            expect_code(f, i, (int)small_code(f, i), (int)want);
        }
    }
}

static void check_fp8(gb_format f, size_t n) {
    quantize(f, n);
    const float d = quotient(largest_of(x, n), (float)small_of(f).largest);
    ck_assert(same(f32_at(0), d));
    for (size_t i = 0; i < n; i++) {
        const bool dead = d == 0.0F || isinf(d);
        const unsigned want = dead ? 0 : small_nearest(f, (double)quotient(number(x[i]), d));
        expect_code(f, i, (int)small_code(f, i), (int)want);
    }
}

/* --- whole rows of INT8 ------------------------------------------------------------------------------------------- */

static void check_int8(gb_format f, size_t n) {
    quantize(f, n);
    const float most = largest_of(x, n);
    ck_assert(same(f32_at(0), quotient(most, 127.0F)));
    const float inverse = quotient(127.0F, most);
    for (size_t i = 0; i < n; i++) {
        const double v = isinf(inverse) ? 0.0 : (double)number(product(x[i], inverse));
        expect_code(f, i, (int8_t)row[4 + i], (int)rint(v));
    }
    const size_t size = gb_row_bytes(f, n);
    gb_reference(f, GB_OP_quantize_act).quantize_act(x, act_row, n);
    ck_assert_mem_eq(row, act_row, size);
}

/* --- groups with a zero ------------------------------------------------------------------------------------------- */

typedef struct grouped {
    size_t elems, bytes, codes; /* codes: where they begin */
    int top;
} grouped;

static grouped grouped_of(gb_format f) {
    switch (f) {
    case GB_FORMAT_gptq8:
        return (grouped){128, 131, 3, 255};
    case GB_FORMAT_mlc_q4f16_1:
        return (grouped){32, 18, 2, 14};
    case GB_FORMAT_onnx_q4:
        return (grouped){32, 21, 5, 15};
    default:
        return (grouped){128, 67, 3, 15};
    }
}

static int group_zero(gb_format f, size_t block) {
    const uint8_t *b = row + block * grouped_of(f).bytes;
    return f == GB_FORMAT_mlc_q4f16_1 ? 7 : f == GB_FORMAT_onnx_q4 ? b[4] & 15 : b[2];
}

static float group_scale(gb_format f, size_t block) {
    const size_t at = block * grouped_of(f).bytes;
    return f == GB_FORMAT_onnx_q4 ? f32_at(at) : f16_at(at);
}

/* From 32-bit words, as the checkpoints pack them. */
static int group_code(gb_format f, size_t i) {
    static const unsigned awq_order[8] = {0, 2, 4, 6, 1, 3, 5, 7};
    const grouped g = grouped_of(f);
    const size_t in = i % g.elems;
    const uint8_t *codes = row + i / g.elems * g.bytes + g.codes;
    if (f == GB_FORMAT_gptq8) return codes[in];
    uint32_t word;
    memcpy(&word, codes + in / 8 * 4, sizeof word);
    unsigned place = (unsigned)(in % 8);
    if (f == GB_FORMAT_awq4)
        for (unsigned p = 0; p < 8; p++)
            if (awq_order[p] == in % 8) place = p;
    return (int)(word >> 4 * place & 15U);
}

static int limit(double v, int top) {
    return v < 0 ? 0 : v > top ? top : (int)v;
}

static void check_affine(gb_format f, size_t n) {
    quantize(f, n);
    const int top = grouped_of(f).top;
    for (size_t k = 0; k < n / 128; k++) {
        float low = 0.0F;
        float high = 0.0F;
        for (size_t i = 128 * k; i < 128 * k + 128; i++) {
            widen(number(x[i]), &low, &high);
        }
        if (low == high) {
            low = -1.0F;
            high = 1.0F;
        }
        const float scale = quotient((float)((double)high - (double)low), (float)top);
        const bool dead = scale == 0.0F || isinf(scale);
        const int zero = dead ? (top + 1) / 2 : limit(rint((double)quotient(-low, scale)), top);
        ck_assert(same(group_scale(f, k), gb_f32_from_f16(gb_f16_from_f32(scale))));
        ck_assert_int_eq(group_zero(f, k), zero);
        for (size_t i = 128 * k; i < 128 * k + 128; i++) {
            const int want = dead ? zero : limit(rint((double)quotient(number(x[i]), scale)) + zero, top);
            expect_code(f, i, group_code(f, i), want);
        }
    }
}

static void check_mlc(gb_format f, size_t n) {
    quantize(f, n);
    for (size_t k = 0; k < n / 32; k++) {
        const float d = gb_f32_from_f16(gb_f16_from_f32(quotient(largest_of(x + 32 * k, 32), 7.0F)));
        ck_assert(same(group_scale(f, k), d));
        for (size_t i = 32 * k; i < 32 * k + 32; i++) {
            const bool dead = d == 0.0F || isinf(d);
            const int want = dead ? 7 : limit(rint((double)quotient(number(x[i]), d)) + 7, 14);
            expect_code(f, i, group_code(f, i), want);
        }
    }
}

static void check_onnx(gb_format f, size_t n) {
    quantize(f, n);
    for (size_t k = 0; k < n / 32; k++) {
        float low = 0.0F;
        float high = 0.0F;
        for (size_t i = 32 * k; i < 32 * k + 32; i++) {
            widen(number(x[i]), &low, &high);
        }
        const float d = quotient((float)((double)high - (double)low), 15.0F);
        const float inverse = quotient(1.0F, d);
        const bool dead = isinf(d) || isinf(inverse);
        const int zero = d == 0.0F ? 0 : dead ? 8 : limit(round((double)quotient(0.0F - low, d)), 15);
        ck_assert(same(group_scale(f, k), d));
        ck_assert_int_eq(group_zero(f, k), zero);
        for (size_t i = 32 * k; i < 32 * k + 32; i++) {
            const double v = (double)(float)((double)product(number(x[i]), inverse) + zero);
            expect_code(f, i, group_code(f, i), dead ? zero : limit(round(v), 15));
        }
    }
}

/* --- the checks over all inputs ----------------------------------------------------------------------------------- */

static const struct {
    gb_format format;
    void (*check)(gb_format f, size_t n);
} formats[] = {{GB_FORMAT_nf4, check_bnb},       {GB_FORMAT_fp4, check_bnb},       {GB_FORMAT_nf4_dq, check_bnb},
               {GB_FORMAT_fp4_dq, check_bnb},    {GB_FORMAT_int8_row, check_int8}, {GB_FORMAT_gptq4, check_affine},
               {GB_FORMAT_gptq8, check_affine},  {GB_FORMAT_awq4, check_affine},   {GB_FORMAT_mlc_q4f16_1, check_mlc},
               {GB_FORMAT_onnx_q4, check_onnx},  {GB_FORMAT_mxfp6_e2m3, check_mx}, {GB_FORMAT_mxfp6_e3m2, check_mx},
               {GB_FORMAT_mxfp8_e4m3, check_mx}, {GB_FORMAT_mxfp8_e5m2, check_mx}, {GB_FORMAT_fp8_e4m3, check_fp8},
               {GB_FORMAT_fp8_e5m2, check_fp8}};
enum { FORMATS = sizeof formats / sizeof formats[0] };

/* Catches: a wrong level, threshold, rounding, bit position or guard of any encoder, on plain and on hostile floats. */
START_TEST(encoders) {
    const gb_format f = formats[_i].format;
    gb_rng rng;
    gb_rng_seed(&rng, 3, gb_formats[f].name);
    for (int p = 0; p < GB_PATTERN_COUNT; p++) {
        for (int draw = 0; draw < 8; draw++) {
            gb_fill_floats(&rng, (gb_pattern)p, x, SHORT);
            formats[_i].check(f, SHORT);
        }
    }
    gb_fill_floats(&rng, GB_PATTERN_NORMAL, x, N);
    formats[_i].check(f, N);
}
END_TEST

/* Catches: importance that moves something, where the pages say that it is ignored. */
START_TEST(importance_is_ignored) {
    static uint8_t weighted[sizeof row];
    const gb_format f = formats[_i].format;
    gb_rng rng;
    gb_rng_seed(&rng, 4, gb_formats[f].name);
    gb_fill_floats(&rng, GB_PATTERN_NORMAL, x, SHORT);
    gb_fill_floats(&rng, GB_PATTERN_POSITIVE, act, SHORT);
    quantize(f, SHORT);
    gb_reference(f, GB_OP_quantize).quantize(x, weighted, SHORT, act);
    ck_assert_mem_eq(row, weighted, gb_row_bytes(f, SHORT));
}
END_TEST

static float decoded(gb_format f, size_t n, size_t i) {
    if (f >= GB_FORMAT_nf4 && f <= GB_FORMAT_fp4_dq)
        return product((float)bnb_level(f, nibble(bnb_codes(f, n, i / 64), i % 64, true)), bnb_scale(f, n, i / 64));
    if (f == GB_FORMAT_int8_row) return product((float)(int8_t)row[4 + i], f32_at(0));
    if (is_mx(f)) {
        const uint8_t e = mx_scale_byte(f, i / 32);
        return e == 255 ? NAN : (float)ldexp(small_value(f, small_code(f, i)), e - 127);
    }
    if (f == GB_FORMAT_fp8_e4m3 || f == GB_FORMAT_fp8_e5m2)
        return product((float)small_value(f, small_code(f, i)), f32_at(0));
    const size_t block = i / grouped_of(f).elems;
    return product((float)(group_code(f, i) - group_zero(f, block)), group_scale(f, block));
}

/* Lanes one after another, then halves added. */
static float lane_dot(size_t n) {
    float lane[16];
    for (size_t l = 0; l < 16; l++) {
        lane[l] = 0.0F;
        for (size_t i = l; i < n; i += 16) lane[l] = (float)((double)lane[l] + (double)product(got[i], act[i]));
    }
    for (size_t width = 8; width; width /= 2)
        for (size_t l = 0; l < width; l++) lane[l] = (float)((double)lane[l] + (double)lane[l + width]);
    return lane[0];
}

static float group_dot(gb_format f, size_t n) {
    const gb_block_q8_0 *a = (const gb_block_q8_0 *)(const void *)act_row;
    float acc = 0.0F;
    for (size_t k = 0; k < n / 32; k++) {
        const size_t block = 32 * k / grouped_of(f).elems;
        double sum = 0.0;
        for (size_t i = 32 * k; i < 32 * k + 32; i++)
            sum += (double)((group_code(f, i) - group_zero(f, block)) * a[k].qs[i - 32 * k]);
        const float scale = product(group_scale(f, block), gb_f32_from_f16(a[k].d));
        acc = (float)((double)acc + (double)product(scale, (float)sum));
    }
    return acc;
}

static float int8_dot(size_t n) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) sum += (double)((int8_t)row[4 + i] * (int8_t)act_row[4 + i]);
    float da;
    memcpy(&da, act_row, sizeof da);
    return product(product(f32_at(0), da), (float)sum);
}

static void check_row(gb_format f, size_t n) {
    gb_reference(f, GB_OP_dequantize).dequantize(row, got, n);
    for (size_t i = 0; i < n; i++) {
        const float want = decoded(f, n, i);
        if (same(got[i], want)) continue;
        ck_abort_msg("%s: element %zu is %a, expected %a", gb_formats[f].name, i, (double)got[i], (double)want);
    }
    const gb_format partner = gb_formats[f].partner;
    gb_reference(partner, GB_OP_quantize_act).quantize_act(act, act_row, n);
    const float want = partner == GB_FORMAT_f32    ? lane_dot(n)
                       : partner == GB_FORMAT_q8_0 ? group_dot(f, n)
                                                   : int8_dot(n);
    const float dot = gb_reference(f, GB_OP_dot).dot(row, act_row, n);
    ck_assert_msg(same(dot, want), "%s: dot %a, expected %a", gb_formats[f].name, (double)dot, (double)want);
}

/* Catches: a decoder or a dot that takes a code, a scale or a header from another place, or rounds in another order; on
 * what encoders write, on extreme codes and scales, and on any bytes. */
START_TEST(decoders_and_dots) {
    const gb_format f = formats[_i].format;
    gb_rng rng;
    gb_rng_seed(&rng, 5, gb_formats[f].name);
    for (size_t recipe = 0; recipe < gb_row_recipe_count(f); recipe++) {
        gb_fill_floats(&rng, GB_PATTERN_NORMAL, act, SHORT);
        gb_fill_blocks(&rng, f, recipe, row, SHORT);
        check_row(f, SHORT);
    }
    for (int draw = 0; draw < 200; draw++) {
        gb_fill_floats(&rng, draw % 4 ? GB_PATTERN_MIXED : GB_PATTERN_BITS, act, SHORT);
        gb_rng_bytes(&rng, row, gb_row_bytes(f, SHORT));
        check_row(f, SHORT);
    }
    gb_fill_floats(&rng, GB_PATTERN_NORMAL, act, N);
    gb_fill_blocks(&rng, f, 0, row, N);
    check_row(f, N);
}
END_TEST

/* Catches: a table of small floats with a gap, a doubled value or a wrong end; every number must come back as itself,
 * and a number just beside the middle of two must go to its own side. */
START_TEST(small_floats_are_fixed_points) {
    static const gb_format small_formats[] = {GB_FORMAT_mxfp6_e2m3, GB_FORMAT_mxfp6_e3m2, GB_FORMAT_mxfp8_e4m3,
                                              GB_FORMAT_mxfp8_e5m2};
    for (size_t s = 0; s < 4; s++) {
        const gb_format f = small_formats[s];
        const unsigned top = 1U << (small_bits(f) - 1);
        for (unsigned code = 0; code < 2 * top; code++) {
            const double value = small_value(f, code);
            if (!isfinite(value)) continue;
            memset(x, 0, 32 * sizeof *x);
            x[0] = (float)small_of(f).largest; /* makes the scale 1 */
            x[1] = (float)value;
            const double next = (code + 1) % top ? small_value(f, code + 1) : NAN;
            const double middle = (value + next) / 2;
            if (isfinite(next)) {
                x[2] = nextafterf((float)middle, (float)value);
                x[3] = nextafterf((float)middle, (float)next);
            }
            quantize(f, 32);
            ck_assert_uint_eq(mx_scale_byte(f, 0), 127);
            ck_assert_uint_eq(small_code(f, 1), code);
            if (!isfinite(next)) continue;
            ck_assert_uint_eq(small_code(f, 2), code);
            ck_assert_uint_eq(small_code(f, 3), code + 1);
        }
    }
}
END_TEST

/* Catches: a tie that goes up. A value halfway between two NF4 levels takes the lower one, one ulp more the upper. */
START_TEST(nf4_ties) {
    for (unsigned c = 0; c < 15; c++) {
        memset(x, 0, 64 * sizeof *x);
        x[0] = 1.0F;
        x[1] = (float)((bnb_level(GB_FORMAT_nf4, c) + bnb_level(GB_FORMAT_nf4, c + 1)) / 2);
        x[2] = nextafterf(x[1], 2.0F);
        quantize(GB_FORMAT_nf4, 64);
        ck_assert_uint_eq(nibble(4, 1, true), c);
        ck_assert_uint_eq(nibble(4, 2, true), c + 1);
    }
}
END_TEST

/* Catches: an integer sum of int8_row that wraps at 2^31, or is rounded before it is complete; in a kernel too, whose
 * runs are shorter than verify's rows would show. */
START_TEST(long_int8_rows) {
    gb_cap cap;
    const char *isa;
    if (!gb_test_cap(_i, &cap, &isa)) return;
    enum { LONG = 131072 + 64 };
    uint8_t *w = malloc(LONG + 4);
    uint8_t *a = malloc(LONG + 4);
    ck_assert(w && a);
    const float one = 1.0F;
    memset(w, 0x80, LONG + 4);
    memset(a, 0x80, LONG + 4);
    memcpy(w, &one, sizeof one);
    memcpy(a, &one, sizeof one);
    const float y = gb_resolve(GB_FORMAT_int8_row, GB_OP_dot, &cap).dot(w, a, LONG);
    ck_assert_msg(y == (float)(16384.0 * LONG), "%s: %a", isa, (double)y);
    free(w);
    free(a);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("foreign");
    TCase *c = tcase_create("foreign");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, encoders, 0, FORMATS);
    tcase_add_loop_test(c, importance_is_ignored, 0, FORMATS);
    tcase_add_loop_test(c, decoders_and_dots, 0, FORMATS);
    tcase_add_test(c, small_floats_are_fixed_points);
    tcase_add_test(c, nf4_ties);
    tcase_add_loop_test(c, long_int8_rows, 0, GB_TEST_CAPS);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
