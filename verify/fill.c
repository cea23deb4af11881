#include "verify/fill.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "kernels/fields.h"
#include "kernels/registry.h"
#include "reference/number.h"

/* What the bytes of a block mean stands in kernels/fields. Here: the bytes that hold the lowest and the highest codes
 * of a field, where these are not the lowest and the highest numbers its bytes can be read as. */
typedef struct extremes {
    const char *field;
    uint8_t min, max;
} extremes;

static const extremes special[GB_FORMAT_COUNT] = {
    [GB_FORMAT_mxfp4] = {"qs", 0xff, 0x77}, /* codes 15 and 7: -12 and 12 */
    [GB_FORMAT_nvfp4] = {"qs", 0xff, 0x77},
    [GB_FORMAT_iq3_xxs] = {"qs", 0x00, 0x87}, /* the points of the smallest and the largest sum */
    [GB_FORMAT_iq3_s] = {"qs", 0x00, 0x52},
    [GB_FORMAT_fp4] = {"qs", 0xbb, 0x33}, /* -1 and 1 */
    [GB_FORMAT_fp4_dq] = {"qs", 0xbb, 0x33},
    /* the lowest codes meet the highest zero, and the reverse: the widest sums */
    [GB_FORMAT_gptq4] = {"zero", 0xff, 0x00},
    [GB_FORMAT_gptq8] = {"zero", 0xff, 0x00},
    [GB_FORMAT_awq4] = {"zero", 0xff, 0x00},
    [GB_FORMAT_onnx_q4] = {"zero", 0xff, 0x00},
    /* six bits: no byte repeats the largest code; 0xff is the lowest thirty-two times */
    [GB_FORMAT_mxfp6_e2m3] = {"qs", 0xff, 0x00},
    [GB_FORMAT_mxfp6_e3m2] = {"qs", 0xff, 0x00},
};

static extremes extremes_of(gb_format format, const gb_field *f) {
    const extremes *own = &special[format];
    if (own->field && strcmp(own->field, f->name) == 0) return *own;
    switch (f->packing) {
    case GB_PACK_I8:
        return (extremes){f->name, 0x80, 0x7f};
    case GB_PACK_E4M3: /* the finite ones */
        return (extremes){f->name, 0xfe, 0x7e};
    case GB_PACK_E5M2:
        return (extremes){f->name, 0xfb, 0x7b};
    default:
        return (extremes){f->name, 0x00, 0xff};
    }
}

#define GB_CODES(X) X(RANDOM, "random") X(MIN, "min") X(MAX, "max") X(BOTH, "both") X(ALTERNATING, "alt") X(NIL, "nil")
#define GB_SCALES(X)                                                                                                   \
    X(PLAIN, "plain")                                                                                                  \
    X(POSITIVE, "pos")                                                                                                 \
    X(ZERO, "zero")                                                                                                    \
    X(NEGZERO, "negzero") X(SUBNORMAL, "subnormal") X(HUGE_, "huge") X(INF, "inf") X(NAN_, "nan") X(ANY, "any")
#define GB_ENUM(id, name) CODES_##id,
typedef enum codes { GB_CODES(GB_ENUM) CODES_COUNT } codes;
#undef GB_ENUM
#define GB_ENUM(id, name) SCALES_##id,
typedef enum scales { GB_SCALES(GB_ENUM) SCALES_COUNT } scales;
#undef GB_ENUM
#define GB_NAME(id, name) name,
static const char *const codes_names[] = {GB_CODES(GB_NAME)};
static const char *const scales_names[] = {GB_SCALES(GB_NAME)};

/* Elements that stand alone have no codes, and their every bit pattern is a value. */
static bool has_codes(gb_format format) {
    return gb_formats[format].block_elems > 1;
}

static bool is_scale16(const gb_field *f) {
    return f->packing == GB_PACK_F16 && f->role != GB_ROLE_SUMS;
}

bool gb_split_offset(gb_format format, const uint8_t *block, uint8_t *scaled, uint8_t *offset) {
    const gb_field *min = gb_block_fields(format);
    while (min->name && min->role != GB_ROLE_OFFSET) min++;
    if (!min->name) return false;
    memcpy(scaled, block, gb_formats[format].block_bytes);
    memcpy(offset, block, gb_formats[format].block_bytes);
    gb_store_u16(scaled + min->offset, 0, 0);
    for (const gb_field *f = gb_block_fields(format); f->name; f++)
        if (f->role == GB_ROLE_SCALE) gb_store_u16(offset + f->offset, 0, 0);
    return true;
}

void gb_set_scales16(gb_format format, uint8_t *block, uint16_t value) {
    if (format == GB_FORMAT_iq1_m) gb_iq1_m_set_d((gb_block_iq1_m *)block, value);
    for (const gb_field *f = gb_block_fields(format); f->name; f++) {
        if (!is_scale16(f)) continue;
        gb_store_u16(block + f->offset, 0, value);
        value = (uint16_t)(value * 0x6255U + 1); /* an odd factor: a permutation */
    }
}

static uint16_t scale16(gb_rng *rng, scales kind) {
    const uint16_t minus = (uint16_t)(gb_rng_u64(rng) >> 63 << 15);
    const uint16_t mantissa = (uint16_t)gb_rng_below(rng, 1024);
    switch (kind) {
    case SCALES_PLAIN: /* 2^-8 .. 2^-5 */
        return (uint16_t)(minus | (7U + gb_rng_below(rng, 3)) << 10 | mantissa);
    case SCALES_POSITIVE:
        return (uint16_t)((7U + gb_rng_below(rng, 3)) << 10 | mantissa);
    case SCALES_ZERO:
        return 0;
    case SCALES_NEGZERO:
        return 0x8000;
    case SCALES_SUBNORMAL:
        return (uint16_t)(minus | mantissa);
    case SCALES_HUGE_:
        return minus | 0x7bff;
    case SCALES_INF:
        return minus | 0x7c00;
    case SCALES_NAN_:
        return (uint16_t)(minus | 0x7c00 | (mantissa ? mantissa : 1));
    default:
        return (uint16_t)gb_rng_u64(rng);
    }
}

static float scale32(gb_rng *rng, scales kind) {
    const float s = gb_random_sign(rng);
    const float u = (float)(1.0 + gb_rng_uniform(rng));
    switch (kind) {
    case SCALES_PLAIN:
        return s * u * 0x1p-6F;
    case SCALES_POSITIVE:
        return u * 0x1p-6F;
    case SCALES_ZERO:
        return 0.0F;
    case SCALES_NEGZERO:
        return -0.0F;
    case SCALES_SUBNORMAL:
        return s * u * 0x1p-130F;
    case SCALES_HUGE_:
        return s * FLT_MAX;
    case SCALES_INF:
        return s * INFINITY;
    case SCALES_NAN_:
        return gb_random_nan(rng);
    default:
        return gb_f32_from_bits((uint32_t)gb_rng_u64(rng));
    }
}

static uint8_t scale8(gb_rng *rng, scales kind) {
    switch (kind) {
    case SCALES_PLAIN: /* 2^-8 .. 2^-5 */
    case SCALES_POSITIVE:
        return (uint8_t)(119U + gb_rng_below(rng, 4));
    case SCALES_ZERO: /* the smallest there is */
    case SCALES_NEGZERO:
        return 0;
    case SCALES_SUBNORMAL: /* products with small codes are subnormal */
        return (uint8_t)gb_rng_below(rng, 16);
    case SCALES_HUGE_:
        return 254;
    case SCALES_INF:
    case SCALES_NAN_:
        return 255;
    default:
        return (uint8_t)gb_rng_u64(rng);
    }
}

/* Bit 7 says nothing, but files may have it. */
static uint8_t scale_ue4m3(gb_rng *rng, scales kind) {
    const uint8_t top = (uint8_t)(gb_rng_u64(rng) >> 63 << 7);
    switch (kind) {
    case SCALES_PLAIN:
        return (uint8_t)(top | (8 + gb_rng_below(rng, 24)));
    case SCALES_POSITIVE:
        return (uint8_t)(8 + gb_rng_below(rng, 24));
    case SCALES_ZERO:
        return 0;
    case SCALES_NEGZERO:
        return 0x80;
    case SCALES_SUBNORMAL:
        return (uint8_t)(top | gb_rng_below(rng, 8));
    case SCALES_HUGE_:
        return top | 0x7e;
    case SCALES_INF:
        return 0xff;
    case SCALES_NAN_:
        return 0x7f;
    default:
        return (uint8_t)gb_rng_u64(rng);
    }
}

static void fill_codes(gb_rng *rng, codes kind, extremes e, uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const bool high = kind == CODES_BOTH ? gb_rng_u64(rng) >> 63 : i % 2;
        if (kind == CODES_MIN || kind == CODES_MAX) p[i] = kind == CODES_MIN ? e.min : e.max;
        if (kind == CODES_BOTH || kind == CODES_ALTERNATING) p[i] = high ? e.max : e.min;
        if (kind == CODES_NIL) p[i] = 0;
    }
    if (kind == CODES_RANDOM) gb_rng_bytes(rng, p, n);
}

/* NaN and infinity among the codes only where the scales are as bad. */
static void make_finite(extremes e, uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if ((p[i] & 0x7f) > e.max) p[i] = (uint8_t)((p[i] & 0x80) | e.max);
}

static void fill_sums(gb_block_q8_K *b) {
    memset(b->bsums, 0, sizeof b->bsums);
    for (size_t i = 0; i < 256; i++) b->bsums[i / 16] = (int16_t)(b->bsums[i / 16] + b->qs[i]);
}

static void fill_sum(gb_block_q8_1 *b) {
    int sum = 0;
    for (size_t i = 0; i < 32; i++) sum += b->qs[i];
    b->s = gb_f16_from_scale((float)sum * gb_f32_from_f16(b->d));
}

static void fill_field(gb_rng *rng, gb_format format, const gb_field *f, codes c, scales s, uint8_t *p) {
    const extremes e = extremes_of(format, f);
    if (f->role == GB_ROLE_CODES) {
        fill_codes(rng, c, e, p, f->size);
        if ((f->packing == GB_PACK_E4M3 || f->packing == GB_PACK_E5M2) && s < SCALES_INF) make_finite(e, p, f->size);
    }
    if (is_scale16(f)) gb_store_u16(p, 0, scale16(rng, s));
    if (f->packing == GB_PACK_E8M0 || f->packing == GB_PACK_E8M0_HALF) *p = scale8(rng, s);
    for (size_t i = 0; f->packing == GB_PACK_UE4M3 && i < f->size; i++) p[i] = scale_ue4m3(rng, s);
    if (f->packing == GB_PACK_F32) {
        const float d = scale32(rng, s);
        memcpy(p, &d, sizeof d);
    }
}

static void fill_fields(gb_rng *rng, gb_format format, const gb_field *first, codes c, scales s, uint8_t *block) {
    for (const gb_field *f = first; f->name; f++) fill_field(rng, format, f, c, s, block + f->offset);
}

static void fill_block(gb_rng *rng, gb_format format, codes c, scales s, uint8_t *block) {
    fill_fields(rng, format, gb_block_fields(format), c, s, block);
    if (format == GB_FORMAT_iq1_m) gb_iq1_m_set_d((gb_block_iq1_m *)block, scale16(rng, s));
    if (format == GB_FORMAT_q8_K) fill_sums((gb_block_q8_K *)block);
    if (format == GB_FORMAT_q8_1) fill_sum((gb_block_q8_1 *)block);
}

static void fill_heads(gb_rng *rng, gb_format format, scales s, uint8_t *row, size_t n) {
    const size_t bytes = gb_head_bytes(format, n);
    for (size_t at = 0; at < bytes; at += gb_heads[format].bytes)
        fill_fields(rng, format, gb_head_fields(format), CODES_RANDOM, s, row + at);
}

/* The reference encoder on a pattern; activations by quantize_act where a format has it (q8_0: the same bytes). A row
 * with headers is encoded in one piece, because a header depends on many blocks. */
static void encode(gb_rng *rng, gb_format format, gb_pattern pattern, uint8_t *blocks, size_t n) {
    enum { CHUNK = 1024, LONGEST = 20480 };
    float x[LONGEST];
    const size_t chunk = gb_heads[format].bytes ? n : CHUNK;
    const gb_fn act = gb_reference(format, GB_OP_quantize_act);
    const gb_fn weights = gb_reference(format, GB_OP_quantize);
    assert(chunk <= LONGEST && chunk % gb_formats[format].block_elems == 0);
    uint8_t *to = blocks;
    for (size_t done = 0; done < n; done += chunk) {
        const size_t m = n - done < chunk ? n - done : chunk;
        gb_fill_floats(rng, pattern, x, m);
        if (act.any)
            act.quantize_act(x, to, m);
        else
            weights.quantize(x, to, m, NULL);
        to += gb_row_bytes(format, m);
    }
}

/* Formats with codes: codes times scales, then encoded patterns. Others: encoded patterns, then raw bytes. */
static size_t first_encoded(gb_format format) {
    return has_codes(format) ? (size_t)CODES_COUNT * SCALES_COUNT : 0;
}

size_t gb_row_recipe_count(gb_format format) {
    return first_encoded(format) + GB_PATTERN_COUNT + (has_codes(format) ? 0 : 1);
}

size_t gb_row_recipe_lowest(void) {
    return (size_t)CODES_MIN * SCALES_COUNT + SCALES_POSITIVE;
}

const char *gb_row_recipe_name(gb_format format, size_t recipe, char *buf, size_t size) {
    const size_t first = first_encoded(format);
    if (recipe >= first && recipe < first + GB_PATTERN_COUNT)
        (void)snprintf(buf, size, "enc/%s", gb_pattern_names[recipe - first]);
    else if (has_codes(format))
        (void)snprintf(buf, size, "%s/%s", codes_names[recipe / SCALES_COUNT], scales_names[recipe % SCALES_COUNT]);
    else
        (void)snprintf(buf, size, "raw");
    return buf;
}

static bool is_encoded(gb_format format, size_t recipe) {
    return recipe >= first_encoded(format) && recipe < first_encoded(format) + GB_PATTERN_COUNT;
}

void gb_fill_blocks(gb_rng *rng, gb_format format, size_t recipe, void *blocks, size_t n) {
    if (is_encoded(format, recipe)) {
        encode(rng, format, (gb_pattern)(recipe - first_encoded(format)), blocks, n);
        return;
    }
    if (!has_codes(format)) {
        gb_rng_bytes(rng, blocks, gb_row_bytes(format, n));
        return;
    }
    const scales s = (scales)(recipe % SCALES_COUNT);
    fill_heads(rng, format, s, blocks, n);
    uint8_t *p = (uint8_t *)blocks + gb_head_bytes(format, n);
    for (size_t i = 0; i < n / gb_formats[format].block_elems; i++, p += gb_formats[format].block_bytes)
        fill_block(rng, format, (codes)(recipe / SCALES_COUNT), s, p);
}

void gb_fill_blocks_mixed(gb_rng *rng, gb_format format, void *blocks, size_t n) {
    const gb_format_info *info = &gb_formats[format];
    uint8_t row[GB_MAX_HEAD_BYTES + GB_MAX_BLOCK_BYTES] = {0}; /* of one block: its own headers are not used */
    uint8_t *p = (uint8_t *)blocks + gb_head_bytes(format, n);
    fill_heads(rng, format, SCALES_PLAIN, blocks, n);
    for (size_t i = 0; i < n / info->block_elems; i++, p += info->block_bytes) {
        const uint32_t dice = gb_rng_below(rng, 8); /* mostly plain, or every sum would end as NaN */
        const size_t recipe = dice ? 0 : gb_rng_below(rng, (uint32_t)gb_row_recipe_count(format));
        gb_fill_blocks(rng, format, recipe, row, info->block_elems);
        memcpy(p, row + gb_head_bytes(format, info->block_elems), info->block_bytes);
    }
}
