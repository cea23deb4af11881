/* Files of importance matrices: hostile ones, means of the wrong entry, bytes that llama-quantize would not read. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/rng.h"
#include "model/imatrix.h"
#include "tests/support/image.h"
#include "tests/support/suite.h"

static gb_error err;
static image im;

/* --- reading --------------------------------------------------------------------------------------------------------
 */

static void put_i32(int32_t v) {
    image_raw(&im, &v, sizeof v);
}

static void put_f32(float v) {
    image_raw(&im, &v, sizeof v);
}

static void put_name(const char *name) {
    put_i32((int32_t)strlen(name));
    image_raw(&im, name, strlen(name));
}

/* Two entries, the later name first: means (1, 2) of 3 calls and (0.5, 0, 4) of none. */
static void legacy(void) {
    im.size = 0;
    put_i32(2);
    put_name("blk.1.b.weight");
    put_i32(3);
    put_i32(2);
    put_f32(3);
    put_f32(6);
    put_name("blk.0.a.weight");
    put_i32(0);
    put_i32(3);
    put_f32(0.5F);
    put_f32(0);
    put_f32(4);
    put_i32(17);
    put_name("text.txt");
}

/* One matrix, and a stack of two of which one was never used. */
static void gguf(void) {
    image_begin_imatrix(&im, 4, (const char *const[]){"text.txt", NULL}, 17);
    image_tensor(&im, "a.weight.in_sum2", 1, (const uint64_t[4]){2, 1, 1, 1}, 0, 0);
    image_tensor(&im, "a.weight.counts", 1, (const uint64_t[4]){1, 1, 1, 1}, 0, 32);
    image_tensor(&im, "a.b.weight.in_sum2", 2, (const uint64_t[4]){2, 2, 1, 1}, 0, 64);
    image_tensor(&im, "a.b.weight.counts", 2, (const uint64_t[4]){1, 2, 1, 1}, 0, 96);
    image_data(&im, 32, 0);
    static const float data[4][4] = {{3, 6}, {3}, {0.5F, 0, 7, 8}, {2, 0}};
    for (size_t i = 0; i < 4; i++) {
        image_raw(&im, data[i], sizeof data[i]);
        image_data(&im, 32, 0);
    }
}

static const float *mean(const gb_imatrix *m, const char *name, size_t count) {
    const gb_imatrix_entry *e = gb_imatrix_find(m, (gb_str){name, strlen(name)});
    ck_assert_msg(e != NULL, "%s", name);
    ck_assert_uint_eq(e->count, count);
    return e->mean;
}

static gb_imatrix *read_image(void) {
    gb_imatrix *m = NULL;
    ck_assert_msg(gb_imatrix_read(image_save(&im, "im"), &m, &err) == GB_OK, "%s", err.text);
    return m;
}

START_TEST(both_formats) {
    legacy();
    gb_imatrix *m = read_image();
    ck_assert_uint_eq(m->count, 2);
    ck_assert_uint_eq(m->chunks, 17);
    ck_assert_str_eq(m->dataset, "text.txt");
    const float *x = mean(m, "blk.1.b.weight", 2);
    ck_assert(x[0] == 1 && x[1] == 2);
    x = mean(m, "blk.0.a.weight", 3); /* no calls: as they are */
    ck_assert(x[0] == 0.5F && x[1] == 0 && x[2] == 4);
    ck_assert_ptr_null(gb_imatrix_find(m, (gb_str){"blk.1.b.weigh", 13}));
    ck_assert_ptr_null(gb_imatrix_find(m, (gb_str){"blk.1.b.weight.", 15}));
    gb_imatrix_free(m);

    im.size -= 12; /* older files end before the dataset, or before the chunks */
    m = read_image();
    ck_assert_ptr_null(m->dataset);
    ck_assert_uint_eq(m->chunks, 17);
    gb_imatrix_free(m);
    im.size -= 4;
    m = read_image();
    ck_assert_uint_eq(m->chunks, 0);
    gb_imatrix_free(m);

    gguf();
    m = read_image();
    ck_assert_uint_eq(m->count, 2);
    ck_assert_uint_eq(m->chunks, 17);
    ck_assert_str_eq(m->dataset, "text.txt");
    x = mean(m, "a.weight", 2);
    ck_assert(x[0] == 1 && x[1] == 2);
    x = mean(m, "a.b.weight", 4);
    ck_assert(x[0] == 0.25F && x[1] == 0 && x[2] == 1 && x[3] == 1); /* nothing known: all columns alike */
    gb_imatrix_free(m);
}
END_TEST

/* Bytes over those of the image. */
static void patch(void *at, const void *data, size_t size) {
    ck_assert_ptr_nonnull(at);
    memcpy(at, data, size);
}

static void expect_refused(const char *reason) {
    gb_imatrix *m = NULL;
    const char *path = image_save(&im, "im");
    ck_assert_msg(gb_imatrix_read(path, &m, &err) == GB_EINPUT, "accepted; expected '%s'", reason);
    ck_assert_ptr_null(m);
    ck_assert_msg(strstr(err.text, reason) != NULL, "no '%s' in: %s", reason, err.text);
    ck_assert_msg(strstr(err.text, path) != NULL, "no path in: %s", err.text);
}

/* Every number of a legacy file out of its range; the offset is in the message where a number is wrong. */
START_TEST(hostile_legacy) {
    static const struct {
        size_t at;
        int32_t value;
        const char *reason;
    } cases[] = {{0, 0, "number of entries is 0"},         {0, -1, "number of entries is -1"},
                 {0, 3, "the file ends inside"},           {0, 1 << 30, "number of entries is"},
                 {4, 0, "length of an entry's name is 0"}, {4, 100000, "offset 4: the length of an entry's name"},
                 {22, -3, "number of calls is -3"},        {26, 0, "number of values is 0"},
                 {26, INT32_MAX, "an entry's values"},     {26, -1, "number of values is -1"},
                 {76, -5, "number of chunks is -5"},       {80, 9, "the dataset's name"},
                 {80, -1, "length of the dataset's name"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        legacy();
        memcpy(im.bytes + cases[i].at, &cases[i].value, 4);
        expect_refused(cases[i].reason);
    }
    static const float wild[] = {NAN, INFINITY, -1};
    for (size_t i = 0; i < 3; i++) {
        legacy();
        memcpy(im.bytes + 34, &wild[i], 4);
        expect_refused("entry 'blk.1.b.weight', value 1 is ");
    }
    legacy();
    patch(im.bytes + 42, "blk.1.b", 7); /* the second entry gets the name of the first */
    expect_refused("the entry 'blk.1.b.weight' occurs twice");
    im.size = 0;
    expect_refused("the file ends inside");
}
END_TEST

/* A file that ends anywhere, a file with any byte changed: an error or a matrix, never a crash (run under ASan). */
START_TEST(cut_and_changed) {
    for (int format = 0; format < 2; format++) {
        format ? gguf() : legacy();
        const size_t whole = im.size;
        for (im.size = 0; im.size < whole; im.size++) {
            gb_imatrix *m = NULL;
            const int rc = gb_imatrix_read(image_save(&im, "im"), &m, &err);
            ck_assert(rc == GB_OK || rc == GB_EINPUT);
            gb_imatrix_free(m);
        }
        gb_rng rng = {99};
        for (int i = 0; i < 3000; i++) {
            format ? gguf() : legacy();
            for (int k = 0; k < 1 + i % 3; k++)
                im.bytes[gb_rng_below(&rng, (uint32_t)im.size)] = (uint8_t)gb_rng_u64(&rng);
            gb_imatrix *m = NULL;
            const int rc = gb_imatrix_read(image_save(&im, "im"), &m, &err);
            ck_assert(rc == GB_OK || rc == GB_EINPUT);
            for (size_t e = 0; m && e < m->count; e++)
                for (size_t j = 0; j < m->entries[e].count; j++)
                    ck_assert(isfinite(m->entries[e].mean[j]) && m->entries[e].mean[j] >= 0);
            gb_imatrix_free(m);
        }
    }
}
END_TEST

/* Replaces the only occurrence of a text in the image by one of the same length. */
static void replace(const char *from, const char *to) {
    patch(memmem(im.bytes, im.size, from, strlen(from)), to, strlen(to));
}

START_TEST(hostile_gguf) {
    static const struct {
        const char *from, *to, *reason;
    } texts[] = {{"imatrix.chunk_count", "imatrix.chunk_c____", "'imatrix.chunk_count' is missing"},
                 {"imatrix.datasets", "imatrix.dataset_", "'imatrix.datasets' is missing"},
                 {"a.weight.counts", "a.weight.count_", "entry 'a.weight' has sums but no counts"},
                 {"a.weight.in_sum2", "a.weight.in_sum_", "entry 'a.weight' has counts but no sums"}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        gguf();
        replace(texts[i].from, texts[i].to);
        expect_refused(texts[i].reason);
    }
    gguf();
    uint8_t *type = memmem(im.bytes, im.size, "imatrix", 7); /* the value of general.type comes first */
    patch(type, "a_model", 7);
    expect_refused("general.type is 'a_model', expected 'imatrix'");

    static const struct {
        size_t from_end;
        float value;
        const char *reason;
    } values[] = {{128, NAN, "entry 'a.weight', value 0 is nan"}, {124, -1, "entry 'a.weight', value 1 is -1"},
                  {96, -2, "entry 'a.weight': count 0 is -2"},    {96, INFINITY, "entry 'a.weight': count 0 is inf"},
                  {96, NAN, "entry 'a.weight': count 0 is"},      {64, INFINITY, "entry 'a.b.weight', value 0 is inf"},
                  {96, 1e-40F, "entry 'a.weight', value 0 is 3"}};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        gguf();
        memcpy(im.bytes + im.size - values[i].from_end, &values[i].value, 4);
        expect_refused(values[i].reason);
    }

    image_begin_imatrix(&im, 0, (const char *const[]){NULL}, 1);
    image_data(&im, 32, 0);
    expect_refused("no importance matrix in it");

    gguf(); /* three sums for two counts; sums of another type */
    uint8_t *dims = memmem(im.bytes, im.size, "a.b.weight.counts", 17);
    ck_assert_ptr_nonnull(dims);
    patch(dims + 17 + 4 + 8, "\x03", 1);
    expect_refused("4 sums for 3 counts");
    gguf();
    uint8_t *sums = memmem(im.bytes, im.size, "a.weight.in_sum2", 16);
    ck_assert_ptr_nonnull(sums);
    patch(sums + 16 + 4 + 8, "\x01", 1);
    expect_refused("sums are F16 and counts are F32, expected F32");
}
END_TEST

/* --- writing --------------------------------------------------------------------------------------------------------
 */

/* What is written is read back, in both formats; names in order whatever theirs was. */
START_TEST(round_trip) {
    static const double b[3] = {1.5, 0, 1e10};
    static const double a[2] = {3, 1.0 / 3};
    const gb_imatrix_sums entries[] = {{"blk.10.b.weight", b, 3, 1000}, {"blk.1.a.weight", a, 2, 1000}};
    const gb_imatrix_origin origin = {"text.txt", 2, 512};
    for (int old = 0; old < 2; old++) {
        char path[384];
        (void)snprintf(path, sizeof path, "%s", scratch("im"));
        ck_assert_msg(gb_imatrix_write(path, old, entries, 2, &origin, &err) == GB_OK, "%s", err.text);
        gb_imatrix *m = NULL;
        ck_assert_msg(gb_imatrix_read(path, &m, &err) == GB_OK, "%s", err.text);
        ck_assert_uint_eq(m->count, 2);
        ck_assert_uint_eq(m->chunks, 2);
        ck_assert_str_eq(m->dataset, "text.txt");
        ck_assert_str_eq(m->entries[0].name, "blk.1.a.weight");
        const float *x = mean(m, "blk.10.b.weight", 3);
        const float *y = mean(m, "blk.1.a.weight", 2);
        ck_assert_float_eq_tol(x[0], 0.0015F, 1e-9F);
        ck_assert_float_eq(x[1], 0);
        ck_assert_float_eq_tol(x[2], 1e7F, 1);
        ck_assert_float_eq_tol(y[1], 1.0F / 3000, 1e-9F);
        gb_imatrix_free(m);
    }
    static const double wild[1] = {1e300};
    const gb_imatrix_sums bad = {"blk.0.c.weight", wild, 1, 1};
    ck_assert_int_eq(gb_imatrix_write(scratch("bad"), false, &bad, 1, &origin, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "blk.0.c.weight"));
    ck_assert_uint_eq(scratch_entries(), 1);
}
END_TEST

/* The bytes of llama-imatrix's GGUF: key order and types, sums before counts, vectors of one dimension. */
START_TEST(layout_of_gguf) {
    static const double a[2] = {3, 4};
    const gb_imatrix_sums entry = {"a.weight", a, 2, 1024};
    const gb_imatrix_origin origin = {"t", 2, 512};
    ck_assert_int_eq(gb_imatrix_write(scratch("im.gguf"), false, &entry, 1, &origin, &err), GB_OK);
    image_begin_imatrix(&im, 2, (const char *const[]){"t", NULL}, 2);
    image_tensor(&im, "a.weight.in_sum2", 1, (const uint64_t[4]){2, 1, 1, 1}, 0, 0);
    image_tensor(&im, "a.weight.counts", 1, (const uint64_t[4]){1, 1, 1, 1}, 0, 32);
    static const float data[] = {3, 4, 1024};
    image_data(&im, 32, 0);
    while (im.size % 32) image_raw(&im, "", 1);
    image_raw(&im, data, 8);
    while (im.size % 32) image_raw(&im, "", 1);
    image_raw(&im, data + 2, 4);
    while (im.size % 32) image_raw(&im, "", 1);
    gb_map map;
    ck_assert_int_eq(gb_map_open(scratch("im.gguf"), &map, &err), GB_OK);
    const size_t header = map.size - 64;
    ck_assert_uint_eq(map.size, im.size);
    ck_assert_mem_eq(map.data, im.bytes, header - 32); /* the image pads its header with ones */
    ck_assert_mem_eq(map.data + header, im.bytes + header, 64);
    gb_map_close(&map);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("imatrix");
    TCase *files = tcase_create("files");
    tcase_set_timeout(files, 120);
    tcase_add_checked_fixture(files, scratch_enter, scratch_leave);
    tcase_add_test(files, both_formats);
    tcase_add_test(files, hostile_legacy);
    tcase_add_test(files, hostile_gguf);
    tcase_add_test(files, cut_and_changed);
    tcase_add_test(files, round_trip);
    tcase_add_test(files, layout_of_gguf);
    suite_add_tcase(suite, files);
    return run_suite(suite);
}
