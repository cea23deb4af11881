/* Formats of kernels/foreign.h in GGUF files: sizes with row headers, and every place where a NaN can hide. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernels/registry.h"
#include "model/ggml_types.h"
#include "model/gguf.h"
#include "tests/support/image.h"
#include "tests/support/suite.h"

static image im;
static gb_error err;

/* Two rows of n zeros in this format; returns where they begin in the image. */
static size_t build(gb_format f, size_t n, size_t missing) {
    const uint64_t ne[4] = {n, 2, 1, 1};
    image_begin(&im, 1, 0);
    image_tensor(&im, "t", 2, ne, gb_formats[f].ggml_type, 0);
    image_data(&im, 32, 0);
    const size_t data = im.size;
    image_data(&im, 1, 2 * gb_row_bytes(f, n) - missing);
    return data;
}

/* Catches: a reader or writer that forgets the headers, or counts one for the tensor instead of one a row. The expected
 * sizes are written out. */
START_TEST(sizes_count_headers) {
    static const struct {
        gb_format format;
        size_t n, row;
    } cases[] = {{GB_FORMAT_int8_row, 96, 4 + 96},
                 {GB_FORMAT_fp8_e5m2, 32, 4 + 32},
                 {GB_FORMAT_nf4_dq, 64, 8 + 33},
                 {GB_FORMAT_nf4_dq, 16384, 8 + 256 * 33},
                 {GB_FORMAT_fp4_dq, 16384 + 64, 2 * 8 + 257 * 33},
                 {GB_FORMAT_nf4, 128, 72},
                 {GB_FORMAT_gptq8, 128, 131},
                 {GB_FORMAT_onnx_q4, 64, 42}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_uint_eq(gb_row_bytes(cases[i].format, cases[i].n), cases[i].row);
        build(cases[i].format, cases[i].n, 0);
        gb_gguf *f = NULL;
        ck_assert_msg(gb_gguf_open(image_save(&im, "t.gguf"), &f, &err) == GB_OK, "%s", err.text);
        ck_assert_uint_eq(f->tensors[0].bytes, 2 * cases[i].row);
        ck_assert_uint_eq(gb_tensor_blocks(f->tensors), 2 * cases[i].n / gb_formats[cases[i].format].block_elems);
        ck_assert_int_eq(gb_gguf_check_scales(f, &err), GB_OK);

        /* what the writer declares is what the reader reads */
        gb_gguf_writer *w = NULL;
        ck_assert_int_eq(gb_gguf_writer_new(scratch("w.gguf"), &w, &err), GB_OK);
        ck_assert_int_eq(gb_gguf_put_tensor(w, f->tensors[0].name, 2, f->tensors[0].ne, cases[i].format, &err), GB_OK);
        ck_assert_int_eq(gb_gguf_begin_data(w, &err), GB_OK);
        ck_assert_int_eq(gb_gguf_write_data(w, f->tensors[0].data, 2 * cases[i].row, &err), GB_OK);
        ck_assert_msg(gb_gguf_writer_commit(w, &err) == GB_OK, "%s", err.text);
        gb_gguf_close(f);
        ck_assert_int_eq(gb_gguf_open(scratch("w.gguf"), &f, &err), GB_OK);
        gb_gguf_close(f);

        build(cases[i].format, cases[i].n, 1); /* padding would hide it: 1 byte less ends the file inside */
        ck_assert_int_eq(gb_gguf_open(image_save(&im, "t.gguf"), &f, &err), GB_EINPUT);
        ck_assert_msg(strstr(err.text, "inside tensor 't'") != NULL, "%s", err.text);
    }
}
END_TEST

typedef struct hiding_place {
    gb_format format;
    size_t n;
    size_t at;    /* in the row */
    size_t block; /* that must be named */
    size_t size;
    uint8_t tame[4], wild[4];
} hiding_place;

#define F32_TAME                                                                                                       \
    { 0xff, 0xff, 0x7f, 0x7f }
#define F32_INF                                                                                                        \
    { 0x00, 0x00, 0x80, 0xff }
#define F16_TAME                                                                                                       \
    { 0xff, 0x7b }
#define F16_INF                                                                                                        \
    { 0x00, 0x7c }

/* Catches: a scan that misses a scale (in a header, behind a header, in the last block) or an element that is a NaN
 * itself, refuses the largest finite value, or names another block or offset. In the first and in the second row. */
START_TEST(nan_is_found_everywhere) {
    static const hiding_place places[] = {
        {GB_FORMAT_nf4, 192, 2 * 36, 2, 4, F32_TAME, F32_INF},
        {GB_FORMAT_fp4, 192, 36, 1, 4, F32_TAME, F32_INF},
        {GB_FORMAT_nf4_dq, 16384 + 128, 0, 0, 4, F32_TAME, F32_INF},
        {GB_FORMAT_nf4_dq, 16384 + 128, 4, 0, 4, F32_TAME, F32_INF},
        {GB_FORMAT_nf4_dq, 16384 + 128, 8, 256, 4, F32_TAME, F32_INF},
        {GB_FORMAT_fp4_dq, 16384 + 128, 12, 256, 4, F32_TAME, F32_INF},
        {GB_FORMAT_int8_row, 96, 0, 0, 4, F32_TAME, F32_INF},
        {GB_FORMAT_gptq4, 256, 67, 1, 2, F16_TAME, F16_INF},
        {GB_FORMAT_gptq8, 256, 131, 1, 2, F16_TAME, F16_INF},
        {GB_FORMAT_awq4, 256, 67, 1, 2, F16_TAME, F16_INF},
        {GB_FORMAT_mlc_q4f16_1, 96, 36, 2, 2, F16_TAME, F16_INF},
        {GB_FORMAT_onnx_q4, 96, 42, 2, 4, F32_TAME, F32_INF},
        {GB_FORMAT_mxfp6_e2m3, 96, 50, 2, 1, {0xfe}, {0xff}},
        {GB_FORMAT_mxfp6_e3m2, 96, 50, 2, 1, {0xfe}, {0xff}},
        {GB_FORMAT_mxfp8_e4m3, 96, 33, 1, 1, {0xfe}, {0xff}},
        {GB_FORMAT_mxfp8_e4m3, 96, 2 * 33 + 1, 2, 1, {0xfe}, {0xff}},
        {GB_FORMAT_mxfp8_e4m3, 96, 2 * 33 + 32, 2, 1, {0x7e}, {0x7f}},
        {GB_FORMAT_mxfp8_e5m2, 96, 33, 1, 1, {0xfe}, {0xff}},
        {GB_FORMAT_mxfp8_e5m2, 96, 2 * 33 + 32, 2, 1, {0xfb}, {0xfc}},
        {GB_FORMAT_fp8_e4m3, 96, 0, 0, 4, F32_TAME, F32_INF},
        {GB_FORMAT_fp8_e4m3, 96, 4 + 95, 2, 1, {0xfe}, {0xff}},
        {GB_FORMAT_fp8_e5m2, 96, 4 + 32, 1, 1, {0x7b}, {0x7e}},
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const hiding_place *p = &places[i];
        const gb_format_info *info = &gb_formats[p->format];
        for (size_t row = 0; row < 2; row++) {
            const size_t data = build(p->format, p->n, 0);
            uint8_t *here = im.bytes + data + row * gb_row_bytes(p->format, p->n) + p->at;
            gb_gguf *f = NULL;
            memcpy(here, p->tame, p->size);
            ck_assert_int_eq(gb_gguf_open(image_save(&im, "t.gguf"), &f, &err), GB_OK);
            ck_assert_msg(gb_gguf_check_scales(f, &err) == GB_OK, "%s: %s", info->name, err.text);
            gb_gguf_close(f);
            memcpy(here, p->wild, p->size);
            ck_assert_int_eq(gb_gguf_open(image_save(&im, "t.gguf"), &f, &err), GB_OK);
            ck_assert_msg(gb_gguf_check_scales(f, &err) == GB_EINPUT, "%s at %zu", info->name, p->at);
            const size_t per_row = p->n / info->block_elems;
            const size_t block = row * per_row + p->block;
            const size_t offset = data + row * gb_row_bytes(p->format, p->n) + gb_head_bytes(p->format, p->n) +
                                  p->block * info->block_bytes;
            char expected[128];
            snprintf(expected, sizeof expected, "offset %zu: tensor 't': a scale of block %zu", offset, block);
            ck_assert_msg(strstr(err.text, expected) != NULL, "expected '%s' in: %s", expected, err.text);
            /* in whatever pieces threads look at it */
            ck_assert_int_eq(gb_tensor_check_scales(f, f->tensors, 0, block, &err), GB_OK);
            ck_assert_int_eq(gb_tensor_check_scales(f, f->tensors, block, 1, &err), GB_EINPUT);
            ck_assert_int_eq(gb_tensor_check_scales(f, f->tensors, block + 1, 2 * per_row - block - 1, &err), GB_OK);
            gb_gguf_close(f);
        }
    }
}
END_TEST

/* Catches: an unknown private number that is not refused as ours. */
START_TEST(unknown_private_types) {
    char why[128];
    ck_assert_ptr_nonnull(gb_ggml_type_refusal(GB_PRIVATE_TYPE(0), why, sizeof why));
    ck_assert_ptr_nonnull(gb_ggml_type_refusal(GB_PRIVATE_TYPE(0xffff), why, sizeof why));
    ck_assert_msg(strstr(why, "0x6762ffff") && strstr(why, "gaugeblock"), "%s", why);
    ck_assert_ptr_nonnull(gb_ggml_type_refusal(0x67630000U, why, sizeof why));
    ck_assert_msg(strstr(why, "unknown type") != NULL, "%s", why);
    ck_assert_ptr_null(gb_ggml_type_refusal(GB_PRIVATE_TYPE(1), why, sizeof why));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("foreign_gguf");
    TCase *c = tcase_create("foreign_gguf");
    tcase_add_checked_fixture(c, scratch_enter, scratch_leave);
    tcase_add_test(c, sizes_count_headers);
    tcase_add_test(c, nan_is_found_everywhere);
    tcase_add_test(c, unknown_private_types);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
