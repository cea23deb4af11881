/* kernels/fields: a byte of a block that no field names or two name, a packing that reads other bits than the decoder
 * does, a number misread. */
#include <check.h>
#include <string.h>

#include "kernels/fields.h"
#include "kernels/registry.h"
#include "reference/number.h"
#include "tests/support/suite.h"

START_TEST(fields_cover_blocks) {
    const gb_format f = (gb_format)_i;
    size_t at = 0;
    for (const gb_field *field = gb_block_fields(f); field->name; field++) {
        ck_assert_msg(field->offset == at, "%s.%s begins at %u, expected %zu", gb_formats[f].name, field->name,
                      field->offset, at);
        at += field->size;
    }
    ck_assert_msg(at == gb_formats[f].block_bytes, "%s: fields are %zu bytes of %zu", gb_formats[f].name, at,
                  gb_formats[f].block_bytes);
    at = 0;
    for (const gb_field *field = gb_head_fields(f); field->name; field++) at += field->size;
    ck_assert_uint_eq(at, gb_heads[f].bytes);
}
END_TEST

static const gb_field *find(gb_format f, const char *name) {
    const gb_field *field = gb_block_fields(f);
    while (field->name && strcmp(field->name, name) != 0) field++;
    ck_assert_ptr_nonnull(field->name);
    return field;
}

/* Formats whose value is a linear function of one code: the numbers of the field must follow the decoded elements. */
START_TEST(codes_follow_elements) {
    static const struct {
        gb_format format;
        const char *field;
        int run; /* elements that share scale and offset */
    } all[] = {{GB_FORMAT_q4_0, "qs", 32},   {GB_FORMAT_q4_1, "qs", 32},    {GB_FORMAT_q2_0, "qs", 64},
               {GB_FORMAT_q1_0, "qs", 128},  {GB_FORMAT_q2_K, "qs", 16},    {GB_FORMAT_q4_K, "qs", 32},
               {GB_FORMAT_tq2_0, "qs", 256}, {GB_FORMAT_gptq4, "qs", 128},  {GB_FORMAT_awq4, "qs", 128},
               {GB_FORMAT_gptq8, "qs", 128}, {GB_FORMAT_onnx_q4, "qs", 32}, {GB_FORMAT_mlc_q4f16_1, "qs", 32}};
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) {
        const gb_format_info *info = &gb_formats[all[k].format];
        float x[256];
        uint8_t block[GB_MAX_BLOCK_BYTES];
        for (size_t i = 0; i < info->block_elems; i++) x[i] = (float)((i * 37 + i / 16 * 11) % 64) - 31.0F;
        gb_reference(all[k].format, GB_OP_quantize).quantize(x, block, info->block_elems, NULL);
        gb_reference(all[k].format, GB_OP_dequantize).dequantize(block, x, info->block_elems);
        const gb_field *f = find(all[k].format, all[k].field);
        ck_assert_uint_eq(gb_field_count(f), info->block_elems);
        for (size_t i = 0; i < info->block_elems; i++) {
            for (size_t j = i / (size_t)all[k].run * (size_t)all[k].run; j < i; j++) {
                const int same = gb_field_number(f, block, i) == gb_field_number(f, block, j);
                ck_assert_msg(same == (x[i] == x[j]), "%s: elements %zu and %zu", info->name, i, j);
            }
        }
    }
}
END_TEST

START_TEST(numbers_of_pages) {
    static const uint8_t scales[12] = {0x88, 0x90, 0xd8, 0xe0, 0x80, 0x89, 0xd2, 0xdb, 0x47, 0xdf, 0x67, 0xff};
    static const int sc[16] = {8, 16, 24, 32, 39, 47, 55, 63, 0, 9, 18, 27, 36, 45, 54, 63}; /* docs/formats/q4_K.md */
    const gb_field six = {"scales", GB_ROLE_CODES, GB_PACK_SC6, 0, 12};
    for (size_t i = 0; i < 16; i++) ck_assert_double_eq(gb_field_number(&six, scales, i), sc[i]);
    static const uint8_t q3[12] = {0xee, 0xcc, 0xaa, 0x88, 0x66, 0x44, 0x22, 0x00, 0x05, 0x05, 0x05, 0x05};
    const gb_field three = {"scales", GB_ROLE_CODES, GB_PACK_SC3K, 0, 12};
    for (size_t i = 0; i < 16; i++)
        ck_assert_double_eq(gb_field_number(&three, q3, i), (double)((q3[i % 8] & 15) | (i < 8 ? 16 : 0)) - 32);
    static const uint8_t words[4] = {0x21, 0x43, 0x65, 0x87};
    const gb_field word = {"w", GB_ROLE_CODES, GB_PACK_HEX32, 0, 4};
    ck_assert_double_eq(gb_field_number(&word, words, 0), 0x87654321U);
    const gb_field e8 = {"e", GB_ROLE_CODES, GB_PACK_E8M0_HALF, 0, 1};
    ck_assert_double_eq(gb_field_number(&e8, (const uint8_t[]){129}, 0), 2);
    const gb_field six_bits = {"qs", GB_ROLE_CODES, GB_PACK_SIX, 0, 3};
    static const uint8_t packed[3] = {0x41, 0x20, 0x0c}; /* 1, 1, 2, 3 */
    static const int unpacked[4] = {1, 1, 2, 3};
    for (size_t i = 0; i < 4; i++) ck_assert_double_eq(gb_field_number(&six_bits, packed, i), unpacked[i]);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("fields");
    TCase *tcase = tcase_create("fields");
    tcase_add_loop_test(tcase, fields_cover_blocks, 0, GB_FORMAT_COUNT);
    tcase_add_test(tcase, codes_follow_elements);
    tcase_add_test(tcase, numbers_of_pages);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
