#include "kernels/fields.h"

#include "reference/minifloat.h"
#include "reference/number.h"

/* --- the tables ------------------------------------------------------------------------------------------------------
 */

#define FIELD(block, field, role, packing)                                                                             \
    {                                                                                                                  \
#field, GB_ROLE_##role, GB_PACK_##packing, offsetof(gb_block_##block, field),                                  \
            sizeof(((const gb_block_##block *)0)->field)                                                               \
    }
#define D(block, field, packing) FIELD(block, field, SCALE, packing)
#define O(block, field, packing) FIELD(block, field, OFFSET, packing)
#define Q(block, field, packing) FIELD(block, field, CODES, packing)
#define S(block, field, packing) FIELD(block, field, SUMS, packing)

enum { MOST_FIELDS = 6 };

static const gb_field block_fields[GB_FORMAT_COUNT][MOST_FIELDS] = {
    [GB_FORMAT_f32] = {{"x", GB_ROLE_CODES, GB_PACK_F32, 0, 4}},
    [GB_FORMAT_f16] = {{"x", GB_ROLE_CODES, GB_PACK_F16, 0, 2}},
    [GB_FORMAT_i32] = {{"x", GB_ROLE_CODES, GB_PACK_HEX32, 0, 4}},
    [GB_FORMAT_bf16] = {{"x", GB_ROLE_CODES, GB_PACK_BF16, 0, 2}},
    [GB_FORMAT_q8_0] = {D(q8_0, d, F16), Q(q8_0, qs, I8)},
    [GB_FORMAT_q8_1] = {D(q8_1, d, F16), S(q8_1, s, F16), Q(q8_1, qs, I8)},
    [GB_FORMAT_q8_K] = {D(q8_K, d, F32), Q(q8_K, qs, I8), S(q8_K, bsums, I16)},
    [GB_FORMAT_q4_0] = {D(q4_0, d, F16), Q(q4_0, qs, NIBBLES_16)},
    [GB_FORMAT_q4_1] = {D(q4_1, d, F16), O(q4_1, m, F16), Q(q4_1, qs, NIBBLES_16)},
    [GB_FORMAT_q5_0] = {D(q5_0, d, F16), Q(q5_0, qh, BITS), Q(q5_0, qs, NIBBLES_16)},
    [GB_FORMAT_q5_1] = {D(q5_1, d, F16), O(q5_1, m, F16), Q(q5_1, qh, BITS), Q(q5_1, qs, NIBBLES_16)},
    [GB_FORMAT_q1_0] = {D(q1_0, d, F16), Q(q1_0, qs, BITS)},
    [GB_FORMAT_q2_0] = {D(q2_0, d, F16), Q(q2_0, qs, CRUMBS)},
    [GB_FORMAT_mxfp4] = {D(mxfp4, e, E8M0_HALF), Q(mxfp4, qs, NIBBLES_16)},
    [GB_FORMAT_nvfp4] = {D(nvfp4, d, UE4M3), Q(nvfp4, qs, NIBBLES_8)},
    [GB_FORMAT_q2_K] = {Q(q2_K, scales, SC4), Q(q2_K, qs, CRUMBS_32), D(q2_K, d, F16), O(q2_K, dmin, F16)},
    [GB_FORMAT_q3_K] = {Q(q3_K, hmask, BITS_32), Q(q3_K, qs, CRUMBS_32), Q(q3_K, scales, SC3K), D(q3_K, d, F16)},
    [GB_FORMAT_q4_K] = {D(q4_K, d, F16), O(q4_K, dmin, F16), Q(q4_K, scales, SC6), Q(q4_K, qs, NIBBLES_32)},
    [GB_FORMAT_q5_K] = {D(q5_K, d, F16), O(q5_K, dmin, F16), Q(q5_K, scales, SC6), Q(q5_K, qh, BITS_32),
                        Q(q5_K, qs, NIBBLES_32)},
    [GB_FORMAT_q6_K] = {Q(q6_K, ql, NIBBLES_64), Q(q6_K, qh, CRUMBS_32), Q(q6_K, scales, I8), D(q6_K, d, F16)},
    [GB_FORMAT_iq1_s] = {D(iq1_s, d, F16), Q(iq1_s, qs, HEX), Q(iq1_s, qh, HEX16)},
    [GB_FORMAT_iq1_m] = {Q(iq1_m, qs, HEX), Q(iq1_m, qh, NIBBLES), Q(iq1_m, scales, HEX16)},
    [GB_FORMAT_iq2_xxs] = {D(iq2_xxs, d, F16), Q(iq2_xxs, qs, HEX32)},
    [GB_FORMAT_iq2_xs] = {D(iq2_xs, d, F16), Q(iq2_xs, qs, HEX16), Q(iq2_xs, scales, NIBBLES)},
    [GB_FORMAT_iq2_s] = {D(iq2_s, d, F16), Q(iq2_s, qs, HEX), Q(iq2_s, signs, BITS), Q(iq2_s, qh, CRUMBS),
                         Q(iq2_s, scales, NIBBLES)},
    [GB_FORMAT_iq3_xxs] = {D(iq3_xxs, d, F16), Q(iq3_xxs, qs, HEX), Q(iq3_xxs, signs_scales, HEX32)},
    [GB_FORMAT_iq3_s] = {D(iq3_s, d, F16), Q(iq3_s, qs, HEX), Q(iq3_s, qh, BITS), Q(iq3_s, signs, BITS),
                         Q(iq3_s, scales, NIBBLES)},
    [GB_FORMAT_iq4_nl] = {D(iq4_nl, d, F16), Q(iq4_nl, qs, NIBBLES_16)},
    [GB_FORMAT_iq4_xs] = {D(iq4_xs, d, F16), Q(iq4_xs, scales_h, HEX16), Q(iq4_xs, scales_l, NIBBLES),
                          Q(iq4_xs, qs, NIBBLES_16)},
    [GB_FORMAT_tq1_0] = {Q(tq1_0, qs, HEX), Q(tq1_0, qh, HEX), D(tq1_0, d, F16)},
    [GB_FORMAT_tq2_0] = {Q(tq2_0, qs, CRUMBS_32), D(tq2_0, d, F16)},
    [GB_FORMAT_nf4] = {D(bnb4, absmax, F32), Q(bnb4, qs, NIBBLES_REV)},
    [GB_FORMAT_fp4] = {D(bnb4, absmax, F32), Q(bnb4, qs, NIBBLES_REV)},
    [GB_FORMAT_nf4_dq] = {Q(bnb4_dq, absmax, U8), Q(bnb4_dq, qs, NIBBLES_REV)},
    [GB_FORMAT_fp4_dq] = {Q(bnb4_dq, absmax, U8), Q(bnb4_dq, qs, NIBBLES_REV)},
    [GB_FORMAT_int8_row] = {Q(int8_row, qs, I8)},
    [GB_FORMAT_gptq4] = {D(gptq4, d, F16), Q(gptq4, zero, U8), Q(gptq4, qs, NIBBLES)},
    [GB_FORMAT_gptq8] = {D(gptq8, d, F16), Q(gptq8, zero, U8), Q(gptq8, qs, U8)},
    [GB_FORMAT_awq4] = {D(awq4, d, F16), Q(awq4, zero, U8), Q(awq4, qs, AWQ)},
    [GB_FORMAT_mlc_q4f16_1] = {D(mlc_q4f16_1, d, F16), Q(mlc_q4f16_1, qs, NIBBLES)},
    [GB_FORMAT_onnx_q4] = {D(onnx_q4, d, F32), Q(onnx_q4, zero, U8), Q(onnx_q4, qs, NIBBLES)},
    [GB_FORMAT_mxfp6_e2m3] = {D(mxfp6, e, E8M0), Q(mxfp6, qs, SIX)},
    [GB_FORMAT_mxfp6_e3m2] = {D(mxfp6, e, E8M0), Q(mxfp6, qs, SIX)},
    [GB_FORMAT_mxfp8_e4m3] = {D(mxfp8, e, E8M0), Q(mxfp8, qs, E4M3)},
    [GB_FORMAT_mxfp8_e5m2] = {D(mxfp8, e, E8M0), Q(mxfp8, qs, E5M2)},
    [GB_FORMAT_fp8_e4m3] = {Q(fp8, qs, E4M3)},
    [GB_FORMAT_fp8_e5m2] = {Q(fp8, qs, E5M2)},
};
#undef D
#undef O
#undef Q
#undef S
#undef FIELD

static const gb_field double_quantized[] = {{"absmax", GB_ROLE_SCALE, GB_PACK_F32, 0, 4},
                                            {"offset", GB_ROLE_OFFSET, GB_PACK_F32, 4, 4},
                                            {NULL, GB_ROLE_CODES, GB_PACK_HEX, 0, 0}};
static const gb_field row_scale[] = {{"scale", GB_ROLE_SCALE, GB_PACK_F32, 0, 4},
                                     {NULL, GB_ROLE_CODES, GB_PACK_HEX, 0, 0}};

const gb_field *gb_block_fields(gb_format format) {
    return block_fields[format];
}

const gb_field *gb_head_fields(gb_format format) {
    const size_t bytes = gb_heads[format].bytes;
    return bytes == 8 ? double_quantized : bytes == 4 ? row_scale : row_scale + 1;
}

/* --- unpacking -------------------------------------------------------------------------------------------------------
 */

static unsigned nibble(const uint8_t *p, size_t byte, int high) {
    return high ? p[byte] >> 4 : p[byte] & 15U;
}

/* Runs of `run` bytes: their low nibbles first, then their high ones. */
static unsigned nibble_of_runs(const uint8_t *p, size_t run, size_t i) {
    const size_t within = i % (2 * run);
    return nibble(p, i / (2 * run) * run + within % run, within >= run);
}

static unsigned bits_at(const uint8_t *p, size_t bit, size_t width) {
    unsigned v = 0;
    for (size_t i = 0; i < width; i++) v |= (unsigned)(p[(bit + i) / 8] >> (bit + i) % 8 & 1) << i;
    return v;
}

/* Scale or min j % 8 of the twelve bytes of q4_K. */
static unsigned six_of_q4_K(const uint8_t *q, size_t j) {
    const int min = j >= 8;
    const size_t k = j % 8;
    if (k < 4) return q[min ? k + 4 : k] & 63U;
    return nibble(q, k + 4, min) | (unsigned)(q[min ? k : k - 4] >> 6) << 4;
}

static int six_of_q3_K(const uint8_t *q, size_t j) {
    return (int)(nibble(q, j % 8, j >= 8) | (unsigned)(q[8 + j % 4] >> 2 * (j / 4) & 3) << 4) - 32;
}

static double power_of_two(int exponent) {
    double x = 1;
    for (; exponent > 0; exponent--) x *= 2;
    for (; exponent < 0; exponent++) x /= 2;
    return x;
}

static double ue4m3(uint8_t b) {
    const int exponent = b >> 3 & 15;
    const int mantissa = b & 7;
    if (b == 0 || b == 0x7f) return 0;
    return 0.5 * (exponent ? (8 + mantissa) * power_of_two(exponent - 10) : mantissa * power_of_two(-9));
}

size_t gb_field_count(const gb_field *field) {
    const size_t bytes = field->size;
    switch (field->packing) {
    case GB_PACK_F16:
    case GB_PACK_BF16:
    case GB_PACK_I16:
    case GB_PACK_HEX16:
        return bytes / 2;
    case GB_PACK_F32:
    case GB_PACK_HEX32:
        return bytes / 4;
    case GB_PACK_BITS:
    case GB_PACK_BITS_32:
        return 8 * bytes;
    case GB_PACK_CRUMBS:
    case GB_PACK_CRUMBS_32:
        return 4 * bytes;
    case GB_PACK_SIX:
        return bytes * 8 / 6;
    case GB_PACK_SC6:
    case GB_PACK_SC3K:
        return 16;
    case GB_PACK_E8M0:
    case GB_PACK_E8M0_HALF:
    case GB_PACK_UE4M3:
    case GB_PACK_E4M3:
    case GB_PACK_E5M2:
    case GB_PACK_I8:
    case GB_PACK_U8:
    case GB_PACK_HEX:
        return bytes;
    default: /* nibbles */
        return 2 * bytes;
    }
}

double gb_field_number(const gb_field *field, const uint8_t *block, size_t i) {
    static const uint8_t awq_place[8] = {0, 4, 1, 5, 2, 6, 3, 7}; /* element -> nibble of its word */
    const uint8_t *p = block + field->offset;
    switch (field->packing) {
    case GB_PACK_F16:
        return (double)gb_f32_from_f16(gb_load_u16(p, i));
    case GB_PACK_BF16:
        return (double)gb_f32_from_bf16(gb_load_u16(p, i));
    case GB_PACK_F32:
        return (double)gb_load_f32(p, i);
    case GB_PACK_E8M0:
        return power_of_two(p[i] - 127);
    case GB_PACK_E8M0_HALF:
        return power_of_two(p[i] - 128);
    case GB_PACK_UE4M3:
        return ue4m3(p[i]);
    case GB_PACK_E4M3:
        return (double)gb_f32_from_minifloat(&gb_e4m3, p[i]);
    case GB_PACK_E5M2:
        return (double)gb_f32_from_minifloat(&gb_e5m2, p[i]);
    case GB_PACK_I8:
        return (int8_t)p[i];
    case GB_PACK_I16:
        return (int16_t)gb_load_u16(p, i);
    case GB_PACK_BITS:
        return bits_at(p, i, 1);
    case GB_PACK_BITS_32:
        return p[i % 32] >> i / 32 & 1;
    case GB_PACK_CRUMBS:
        return bits_at(p, 2 * i, 2);
    case GB_PACK_CRUMBS_32:
        return p[i / 128 * 32 + i % 32] >> i % 128 / 32 * 2 & 3;
    case GB_PACK_NIBBLES:
        return nibble(p, i / 2, i % 2 == 1);
    case GB_PACK_NIBBLES_REV:
        return nibble(p, i / 2, i % 2 == 0);
    case GB_PACK_NIBBLES_8:
        return nibble_of_runs(p, 8, i);
    case GB_PACK_NIBBLES_16:
        return nibble_of_runs(p, 16, i);
    case GB_PACK_NIBBLES_32:
        return nibble_of_runs(p, 32, i);
    case GB_PACK_NIBBLES_64:
        return nibble_of_runs(p, 64, i);
    case GB_PACK_AWQ:
        return bits_at(p, 32 * (i / 8) + 4U * awq_place[i % 8], 4);
    case GB_PACK_SIX:
        return bits_at(p, 6 * i, 6);
    case GB_PACK_SC6:
        return six_of_q4_K(p, i);
    case GB_PACK_SC4:
        return nibble(p, i % 16, i >= 16);
    case GB_PACK_SC3K:
        return six_of_q3_K(p, i);
    case GB_PACK_HEX16:
        return gb_load_u16(p, i);
    case GB_PACK_HEX32:
        return bits_at(p, 32 * i, 32);
    default: /* U8, HEX */
        return p[i];
    }
}
