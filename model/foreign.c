#include "model/foreign.h"

#include <string.h>

#include "reference/number.h"

bool gb_is_foreign(gb_format format) {
    return (gb_formats[format].ggml_type & 0xffff0000U) == GB_PRIVATE_TYPE(0);
}

static void put_f32(uint8_t *p, float x) {
    memcpy(p, &x, sizeof x);
}

/* The root mean square of random codes times this is `rms`. nf4 and fp4: of their levels; e4m3, e5m2: of all finite
 * numbers, whose largest decide. */
void gb_foreign_set_heads(gb_format format, uint8_t *row, size_t n, float rms) {
    for (size_t at = 0; at < gb_head_bytes(format, n); at += gb_heads[format].bytes) {
        uint8_t *head = row + at;
        const float d = format == GB_FORMAT_int8_row   ? rms / 73.6F
                        : format == GB_FORMAT_fp8_e4m3 ? rms / 100.0F
                        : format == GB_FORMAT_fp8_e5m2 ? rms / 9535.0F
                                                       : rms / 0.5F;
        put_f32(head, gb_heads[format].span ? 0.25F * d : d); /* scales of blocks: the offset and a quarter around it */
        if (gb_heads[format].span) put_f32(head + 4, d);
    }
}

/* Numbers of eight bits: the codes from `wild` on, without the sign, become 0. */
static void tame(uint8_t *x, unsigned wild) {
    for (size_t i = 0; i < 32; i++)
        if ((x[i] & 0x7fU) >= wild) x[i] = 0;
}

void gb_foreign_set_block(gb_format format, uint8_t *block, float rms) {
    switch (format) {
    case GB_FORMAT_nf4:
    case GB_FORMAT_fp4:
        put_f32(block, rms / 0.5F);
        break;
    case GB_FORMAT_gptq4:
    case GB_FORMAT_awq4:
        gb_store_u16(block, 0, gb_f16_from_f32(rms / 4.6F));
        block[2] = 8;
        break;
    case GB_FORMAT_gptq8:
        gb_store_u16(block, 0, gb_f16_from_f32(rms / 73.9F));
        block[2] = 128;
        break;
    case GB_FORMAT_mlc_q4f16_1:
        gb_store_u16(block, 0, gb_f16_from_f32(rms / 4.6F));
        break;
    case GB_FORMAT_onnx_q4:
        put_f32(block, rms / 4.6F);
        block[4] = 8;
        break;
    case GB_FORMAT_mxfp6_e2m3: /* powers of two near rms / 3.4, / 9.2, / 100, / 9535 for weights of 0.02 */
        block[0] = 127 - 7;
        break;
    case GB_FORMAT_mxfp6_e3m2:
        block[0] = 127 - 9;
        break;
    case GB_FORMAT_mxfp8_e4m3:
        block[0] = 127 - 12;
        tame(block + 1, 0x7f);
        break;
    case GB_FORMAT_mxfp8_e5m2:
        block[0] = 127 - 19;
        tame(block + 1, 0x7c);
        break;
    case GB_FORMAT_fp8_e4m3:
        tame(block, 0x7f);
        break;
    case GB_FORMAT_fp8_e5m2:
        tame(block, 0x7c);
        break;
    case GB_FORMAT_int8_row:
        for (size_t i = 0; i < 32; i++)
            if (block[i] == 0x80) block[i] = 0x81; /* no encoder emits -128 */
        break;
    default: /* nf4_dq, fp4_dq: any bytes are good */
        break;
    }
}
