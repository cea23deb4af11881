/* ggml's own scalar results, where the collection of golden vectors lies beside the checkout (../shared/golden): the
 * bytes that our quantizers, decoders and activation quantizers must give, on the reference and on every instruction
 * set; dots exactly where ggml adds in our order, else within the bound of the different one. Without the collection:
 * nothing to do. */
#include <cJSON.h>
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/file.h"
#include "reference/number.h"
#include "tests/support/caps.h"
#include "tests/support/suite.h"
#include "verify/fill.h"

#define GOLDEN GB_SOURCE_DIR "/../shared/golden/"

typedef struct collection {
    cJSON *index;
    struct {
        char name[32];
        gb_map map;
    } file[48];
    size_t files;
} collection;

static collection golden;

static int open_collection(void) {
    uint8_t *text = NULL;
    size_t size = 0;
    if (gb_read_all(GOLDEN "index.json", 1U << 26, &text, &size, NULL) != GB_OK) return 0;
    golden.index = cJSON_ParseWithLength((const char *)text, size);
    free(text);
    if (!golden.index) abort();
    return 1;
}

static void close_collection(void) {
    for (size_t i = 0; i < golden.files; i++) gb_map_close(&golden.file[i].map);
    cJSON_Delete(golden.index);
}

static const cJSON *get(const cJSON *o, const char *key) {
    return cJSON_GetObjectItemCaseSensitive(o, key);
}

static const char *text_of(const cJSON *o, const char *key) {
    const char *s = cJSON_GetStringValue(get(o, key));
    ck_assert_msg(s != NULL, "index.json: no '%s'", key);
    return s;
}

static size_t number_of(const cJSON *o, const char *key) {
    const cJSON *v = get(o, key);
    ck_assert_msg(cJSON_IsNumber(v), "index.json: no number '%s'", key);
    return (size_t)v->valuedouble;
}

static const uint8_t *blob(const cJSON *o, size_t *size) {
    const char *name = text_of(o, "file");
    size_t i = 0;
    while (i < golden.files && strcmp(golden.file[i].name, name) != 0) i++;
    if (i == golden.files) {
        char path[512];
        gb_error err = {0};
        (void)snprintf(path, sizeof path, "%s%s", GOLDEN, name);
        ck_assert_uint_lt(i, 48);
        (void)snprintf(golden.file[i].name, sizeof golden.file[i].name, "%s", name);
        ck_assert_msg(gb_map_open(path, &golden.file[i].map, &err) == GB_OK, "%s", err.text);
        golden.files++;
    }
    const size_t offset = number_of(o, "off");
    *size = number_of(o, "len");
    ck_assert_uint_le(offset + *size, golden.file[i].map.size);
    return golden.file[i].map.data + offset;
}

static const float *input(const char *key) {
    size_t size = 0;
    const cJSON *o = get(get(golden.index, "inputs"), key);
    ck_assert_msg(o != NULL, "index.json: no input '%s'", key);
    return (const float *)(const void *)blob(o, &size);
}

/* Bytes that ggml never writes are nobody's. */
static int is_undefined(const cJSON *op, size_t i) {
    const cJSON *range = NULL;
    cJSON_ArrayForEach(range, get(op, "undef")) {
        const size_t begin = (size_t)cJSON_GetArrayItem(range, 0)->valuedouble;
        const size_t length = (size_t)cJSON_GetArrayItem(range, 1)->valuedouble;
        if (i >= begin && i < begin + length) return 1;
    }
    return 0;
}

typedef struct place { /* for messages */
    const char *isa, *type, *name, *op;
} place;

static void compare_bytes(const place *at, const cJSON *op, const uint8_t *got) {
    size_t size = 0;
    const uint8_t *want = blob(op, &size);
    for (size_t i = 0; i < size; i++) { /* no assertion per byte: the library notes each in a file */
        if (got[i] == want[i] || is_undefined(op, i)) continue;
        ck_abort_msg("%s %s %s %s: byte %zu is %02x, expected %02x", at->isa, at->type, at->name, at->op, i, got[i],
                     want[i]);
    }
}

static void compare_floats(const place *at, const cJSON *op, const float *got) {
    size_t size = 0;
    const uint8_t *want = blob(op, &size);
    for (size_t i = 0; i < size / sizeof(float); i++) {
        const float w = gb_load_f32(want, i);
        const int same = gb_f32_bits(got[i]) == gb_f32_bits(w) || (got[i] != got[i] && w != w);
        if (same) continue;
        ck_abort_msg("%s %s %s %s: element %zu is %08x, expected %08x", at->isa, at->type, at->name, at->op, i,
                     gb_f32_bits(got[i]), gb_f32_bits(w));
    }
}

static uint8_t bytes[1 << 20];
static float floats[1 << 18];
static size_t checked[3]; /* blobs compared: encoded, decoded, dots */

static double squared_error(gb_format f, const uint8_t *block, const float *x) {
    float y[GB_MAX_BLOCK_ELEMS];
    double sum = 0.0;
    gb_reference(f, GB_OP_dequantize).dequantize(block, y, gb_formats[f].block_elems);
    for (size_t i = 0; i < gb_formats[f].block_elems; i++)
        sum += ((double)y[i] - (double)x[i]) * ((double)y[i] - (double)x[i]);
    return sum;
}

/* Where our encoder mends a defect of ggml's: `bytes` may differ from ggml's, but only in blocks that are better. */
static void check_mended(const place *at, gb_format f, const cJSON *op, const float *x, size_t n) {
    size_t size = 0;
    const uint8_t *want = blob(op, &size);
    const gb_format_info *info = &gb_formats[f];
    for (size_t k = 0; k < n / info->block_elems; k++) {
        const uint8_t *ours = bytes + k * info->block_bytes;
        const uint8_t *theirs = want + k * info->block_bytes;
        if (memcmp(ours, theirs, info->block_bytes) == 0) continue;
        const float *xb = x + k * info->block_elems;
        ck_assert_msg(squared_error(f, ours, xb) < squared_error(f, theirs, xb),
                      "%s %s %s %s: block %zu differs and is not better", at->isa, at->type, at->name, at->op, k);
    }
}

static void encode_rows(gb_quantize_fn *quantize, gb_format f, const float *x, size_t rows, size_t n,
                        const float *importance) {
    memset(bytes, 0xa5, sizeof bytes);
    for (size_t r = 0; r < rows; r++) quantize(x + r * n, bytes + r * gb_row_bytes(f, n), n, importance);
}

static void check_encode(const place *at, const gb_cap *cap, gb_format f, const cJSON *record, const cJSON *op) {
    const size_t rows = number_of(record, "nrows");
    const size_t n = number_of(record, "n") / rows;
    const float *x = input(text_of(record, "x"));
    const float *importance = get(op, "imatrix") ? input(text_of(op, "imatrix")) : NULL;
    const gb_fn weights = gb_resolve(f, GB_OP_quantize, cap);
    const gb_fn act = gb_resolve(f, GB_OP_quantize_act, cap);
    gb_quantize_fn *compat = gb_compat_quantize(f);
    if (weights.any) {
        encode_rows(weights.quantize, f, x, rows, n, importance);
        if (compat)
            check_mended(at, f, op, x, rows * n);
        else
            compare_bytes(at, op, bytes);
        checked[0]++;
    }
    if (compat) {
        encode_rows(compat, f, x, rows, n, importance);
        compare_bytes(at, op, bytes);
        checked[0]++;
    }
    if (act.any && !importance) {
        memset(bytes, 0xa5, sizeof bytes);
        for (size_t r = 0; r < rows; r++) act.quantize_act(x + r * n, bytes + r * gb_row_bytes(f, n), n);
        compare_bytes(at, op, bytes);
        checked[0]++;
    }
}

/* Magnitudes of the terms of one block as ggml adds them: super-blocks of 256 in eight interleaved lanes (iq4_xs: in
 * eight runs of 32), smaller blocks one term for each block of 32 activations. */
static double block_magnitude(gb_format f, const void *w, const void *a) {
    const gb_format_info *info = &gb_formats[f];
    const int super = info->block_elems == 256;
    float wx[256];
    float ax[256];
    double lane[8] = {0};
    gb_reference(f, GB_OP_dequantize).dequantize(w, wx, info->block_elems);
    gb_reference(info->partner, GB_OP_dequantize).dequantize(a, ax, info->block_elems);
    for (size_t i = 0; i < info->block_elems; i++)
        lane[super && f != GB_FORMAT_iq4_xs ? i % 8 : i / 32] += (double)wx[i] * (double)ax[i];
    double sum = 0.0;
    for (size_t l = 0; l < 8; l++) sum += fabs(lane[l]);
    return sum;
}

/* Sum of the magnitudes of all terms, and how many additions go into one accumulator at most. */
static double term_magnitude(gb_format f, const uint8_t *w, const uint8_t *a, size_t n, size_t *additions) {
    const gb_format_info *wi = &gb_formats[f];
    const size_t a_step = gb_row_bytes(wi->partner, wi->block_elems); /* a block may span several of the partner's */
    const size_t blocks = n / wi->block_elems;
    double sum = 0.0;
    for (size_t k = 0; k < blocks; k++, w += wi->block_bytes, a += a_step) {
        uint8_t scaled[GB_MAX_BLOCK_BYTES];
        uint8_t offset[GB_MAX_BLOCK_BYTES];
        if (gb_split_offset(f, w, scaled, offset))
            sum += block_magnitude(f, scaled, a) + block_magnitude(f, offset, a);
        else
            sum += block_magnitude(f, w, a);
    }
    *additions = wi->block_elems == 256 ? 2 * blocks + 8 : a_step / gb_formats[wi->partner].block_bytes * blocks;
    return sum;
}

/* Formats whose scalar dot in ggml has one term per block, added in our order. */
static int adds_in_our_order(gb_format f) {
    static const gb_format same[] = {GB_FORMAT_q8_0,   GB_FORMAT_q4_1,    GB_FORMAT_q5_0,   GB_FORMAT_q5_1,
                                     GB_FORMAT_iq4_nl, GB_FORMAT_mxfp4,   GB_FORMAT_nvfp4,  GB_FORMAT_tq1_0,
                                     GB_FORMAT_tq2_0,  GB_FORMAT_iq3_xxs, GB_FORMAT_iq3_s,  GB_FORMAT_iq1_s,
                                     GB_FORMAT_iq1_m,  GB_FORMAT_iq2_xxs, GB_FORMAT_iq2_xs, GB_FORMAT_iq2_s};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        if (same[i] == f) return 1;
    return 0;
}

static void check_dot(const place *at, const gb_cap *cap, gb_format f, const cJSON *list, const uint8_t *w, size_t n) {
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, list) {
        size_t size = 0;
        size_t additions = 0;
        const cJSON *activation = get(get(golden.index, "activations"), text_of(item, "act"));
        const uint8_t *a = blob(activation, &size);
        const float want = gb_f32_from_bits((uint32_t)strtoul(text_of(item, "f32_hex"), NULL, 16));
        const float got = gb_resolve(f, GB_OP_dot, cap).dot(w, a, n);
        const double bound = term_magnitude(f, w, a, n, &additions) * (double)(additions + 4) * 0x1p-24;
        const int same = gb_f32_bits(got) == gb_f32_bits(want) || (got != got && want != want);
        /* of an infinite scale, terms of both signs may meet in one order and not in the other */
        const int close = isfinite(bound) ? fabs((double)got - (double)want) <= bound : !isfinite(got);
        ck_assert_msg(same || (close && !adds_in_our_order(f)), "%s %s %s %s with %s: %.9g, expected %.9g, bound %.3g",
                      at->isa, at->type, at->name, at->op, text_of(item, "act"), (double)got, (double)want, bound);
        checked[2]++;
    }
}

/* "dequantize(blocks)" -> the record's op "blocks" */
static const cJSON *argument(const cJSON *ops, const char *name) {
    char inner[64];
    const char *open = strchr(name, '(');
    (void)snprintf(inner, sizeof inner, "%.*s", (int)strcspn(open + 1, ")"), open + 1);
    return get(ops, inner);
}

static void check_record(const char *isa, const gb_cap *cap, const cJSON *record) {
    const gb_format f = gb_format_by_name(text_of(record, "type"));
    if (f == GB_FORMAT_COUNT) return;
    const cJSON *ops = get(record, "ops");
    const cJSON *op = NULL;
    const size_t n = number_of(record, "n");
    size_t size = 0;
    cJSON_ArrayForEach(op, ops) {
        const place at = {isa, text_of(record, "type"), text_of(record, "case"), op->string};
        if (cJSON_IsTrue(get(op, "ub")) || cJSON_IsTrue(get(op, "abort")) || strcmp(op->string, "blocks") == 0)
            continue;
        /* without an importance matrix our quantizer is the reference one, unless ggml's differs: then that one, which
         * the collection has for single rows only */
        const int other = get(ops, "quantize_null") || (f == GB_FORMAT_iq4_nl && number_of(record, "nrows") > 1);
        if (strcmp(op->string, "quantize_ref") == 0 && other) continue;
        if (strncmp(op->string, "quantize", 8) == 0) {
            check_encode(&at, cap, f, record, op);
        } else if (strncmp(op->string, "dequantize", 10) == 0) {
            gb_resolve(f, GB_OP_dequantize, cap).dequantize(blob(argument(ops, op->string), &size), floats, n);
            compare_floats(&at, op, floats);
            checked[1]++;
        } else if (strncmp(op->string, "dot", 3) == 0) {
            check_dot(&at, cap, f, op, blob(argument(ops, op->string), &size), n);
        }
    }
}

/* Catches: any byte or float in which our formats differ from ggml's: files would not be interchangeable (rule R6). */
START_TEST(same_bytes_as_ggml) {
    gb_cap cap;
    const char *name;
    if (!gb_test_cap(_i, &cap, &name)) return;
    const cJSON *record = NULL;
    cJSON_ArrayForEach(record, get(golden.index, "records")) {
        check_record(name, &cap, record);
    }
    const cJSON *activation = NULL;
    cJSON_ArrayForEach(activation, get(golden.index, "activations")) {
        const gb_format f = gb_format_by_name(text_of(activation, "type"));
        if (f == GB_FORMAT_COUNT) continue;
        const place at = {name, text_of(activation, "type"), activation->string, "activation"};
        gb_resolve(f, GB_OP_quantize_act, &cap)
            .quantize_act(input(text_of(activation, "input")), bytes, number_of(activation, "n"));
        compare_bytes(&at, activation, bytes);
        checked[0]++;
    }
    ck_assert_uint_gt(checked[0], 150); /* not an empty walk */
    ck_assert_uint_gt(checked[1], 150);
    ck_assert_uint_gt(checked[2], 150);
}
END_TEST

int main(void) {
    if (!open_collection()) {
        puts("no golden vectors at " GOLDEN ": nothing compared");
        return 77; /* ctest: skipped */
    }
    Suite *suite = suite_create("golden_ggml");
    TCase *tcase = tcase_create("golden_ggml");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, same_bytes_as_ggml, 0, GB_TEST_CAPS);
    suite_add_tcase(suite, tcase);
    const int status = run_suite(suite);
    close_collection();
    return status;
}
