/* Safetensors files and sets of them: what is read, and what is refused with which words. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "convert/checkpoint.h"
#include "tests/support/hf_dir.h"
#include "tests/support/image.h"
#include "tests/support/suite.h"

static const float numbers[6] = {1, 2, 3, 4, 5, 6};

/* Tensors in another order than their data, padding behind the header, a scalar, an empty one: all allowed. */
START_TEST(good_file) {
    const char *path =
        st_save_raw("a.safetensors",
                    "{\"b\": {\"dtype\": \"I32\", \"shape\": [], \"data_offsets\": [12, 16]},"
                    "\"__metadata__\": {\"x\": \"y\"},"
                    "\"none\": {\"dtype\": \"F32\", \"shape\": [0, 7], \"data_offsets\": [12, 12]},"
                    "\"a\\u00e9\": {\"dtype\": \"BF16\", \"shape\": [2, 3], \"data_offsets\": [0, 12]}} \n",
                    16);
    gb_safetensors f;
    gb_error err = {0};
    char shape[GB_SHAPE_TEXT];
    ck_assert_msg(gb_safetensors_open(path, &f, &err) == GB_OK, "%s", err.text);
    ck_assert_uint_eq(f.count, 3);
    ck_assert_str_eq(f.tensors[0].name, "a\xC3\xA9");
    ck_assert_uint_eq(f.tensors[0].bytes, 12);
    ck_assert_str_eq(gb_st_shape(&f.tensors[0], shape), "2 x 3");
    ck_assert_int_eq(gb_dtype_format(f.tensors[0].dtype), GB_FORMAT_bf16);
    ck_assert_str_eq(f.tensors[1].name, "none");
    ck_assert_uint_eq(f.tensors[1].bytes, 0);
    ck_assert_str_eq(gb_st_shape(&f.tensors[2], shape), "a scalar");
    ck_assert_int_eq(gb_dtype_format(f.tensors[2].dtype), GB_FORMAT_COUNT);
    gb_safetensors_close(&f);
}
END_TEST

static void refuse_file(const char *path, const char *word) {
    gb_safetensors f;
    gb_error err = {0};
    ck_assert_msg(gb_safetensors_open(path, &f, &err) == GB_EINPUT, "accepted; expected '%s'", word);
    ck_assert_msg(strstr(err.text, word) != NULL, "'%s' does not say '%s'", err.text, word);
    ck_assert_msg(strstr(err.text, ".safetensors") != NULL, "'%s' does not name the file", err.text);
}

#define T(dtype, shape, begin, end)                                                                                    \
    "{\"dtype\": \"" dtype "\", \"shape\": [" shape "], \"data_offsets\": [" begin ", " end "]}"

/* Each is one defect; a reader that trusts the header would read outside the file, or the wrong numbers. */
START_TEST(hostile_headers) {
    static const struct {
        const char *header;
        size_t data;
        const char *word;
    } cases[] = {
        {"{\"a\": " T("F32", "2", "0", "8"), 8, "not JSON"},
        {"[1]", 0, "the header is an array"},
        {"{} x", 0, "text after the end"},
        {"{\"a\": " T("F32", "2", "0", "8") ", \"a\": " T("F32", "2", "8", "16") "}", 16, "'a' stands twice"},
        {"{\"a\": " T("F32", "2", "0", "8") ", \"b\": " T("F32", "2", "4", "12") "}", 12, "'b' overlaps 'a'"},
        {"{\"a\": " T("F32", "2", "0", "8") ", \"b\": " T("F32", "2", "0", "8") "}", 8, "overlaps"},
        {"{\"a\": " T("F32", "2", "0", "8") ", \"b\": " T("F32", "2", "12", "20") "}", 20, "4 bytes between 'a'"},
        {"{\"a\": " T("F32", "2", "4", "12") "}", 12, "4 bytes between 'the header'"},
        {"{\"a\": " T("F32", "2", "0", "8") "}", 9, "1 bytes behind the last tensor"},
        {"{}", 1, "1 bytes behind"},
        {"{\"a\": " T("F32", "2", "0", "8") "}", 7, "ends at 8 of the data, of which the file has 7"},
        {"{\"a\": " T("F32", "2", "0", "9007199254740993") "}", 8, "ends at"},
        {"{\"a\": " T("F32", "2", "0", "1e300") "}", 8, "data_offsets"},
        {"{\"a\": " T("F32", "2", "8", "0") "}", 8, "data_offsets"},
        {"{\"a\": " T("F32", "2", "-8", "0") "}", 8, "data_offsets"},
        {"{\"a\": " T("F32", "2", "0.5", "8.5") "}", 8, "data_offsets"},
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8, 8]}}", 8, "data_offsets"},
        {"{\"a\": " T("F32", "3", "0", "8") "}", 8, "has 8 bytes of data, expected 12 for 3 of F32"},
        {"{\"a\": " T("F16", "2", "0", "8") "}", 8, "expected 4 for 2 of F16"},
        {"{\"a\": " T("F32", "4294967296, 4294967296", "0", "8") "}", 8, "product of its dimensions"},
        {"{\"a\": " T("F32", "9007199254740992, 2048", "0", "8") "}", 8, "product of its dimensions"},
        {"{\"a\": " T("F32", "1, 1, 1, 1, 1, 1, 1, 1, 2", "0", "8") "}", 8, "more than 8 dimensions"},
        {"{\"a\": " T("F32", "-2", "0", "8") "}", 8, "dimension 0 is no whole number"},
        {"{\"a\": " T("F32", "\"2\"", "0", "8") "}", 8, "dimension 0 is no whole number"},
        {"{\"a\": " T("Q4_K", "2", "0", "8") "}", 8, "unknown dtype 'Q4_K'"},
        {"{\"a\": {\"dtype\": 4, \"shape\": [2], \"data_offsets\": [0, 8]}}", 8, "'dtype' is a number"},
        {"{\"a\": {\"shape\": [2], \"data_offsets\": [0, 8]}}", 8, "lacks dtype"},
        {"{\"a\": {\"dtype\": \"F32\", \"data_offsets\": [0, 8]}}", 8, "lacks dtype, shape"},
        {"{\"a\": [1]}", 0, "is an array"},
        {"{\"\": " T("F32", "2", "0", "8") "}", 8, "expected a name"},
        {"{\"a\\u0000b\": " T("F32", "2", "0", "8") "}", 8, "a NUL inside a string"},
        {"{\"\xC3\": 1}", 0, "no UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        refuse_file(st_save_raw("x.safetensors", cases[i].header, cases[i].data), cases[i].word);
}
END_TEST

START_TEST(hostile_sizes) {
    static const uint64_t sizes[] = {3, 1 << 30, UINT64_MAX, UINT64_MAX - 7, (uint64_t)1 << 63};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t bytes[10] = {0};
        memcpy(bytes, &sizes[i], 8);
        bytes[8] = '{';
        bytes[9] = '}';
        refuse_file(bytes_save("x.safetensors", bytes, 10), "a header of");
    }
    refuse_file(bytes_save("x.safetensors", "", 0), "0 bytes are no safetensors");
    refuse_file(bytes_save("x.safetensors", "1234567", 7), "7 bytes");
    refuse_file(scratch("missing.safetensors"), "cannot open");
    /* deep nesting must end in a message, not in the stack */
    char *deep = malloc(200001);
    ck_assert_ptr_nonnull(deep);
    memset(deep, '[', 200000);
    deep[200000] = '\0';
    refuse_file(st_save_raw("x.safetensors", deep, 0), "not JSON");
    free(deep);
    /* values that would take gigabytes as a tree */
    char *wide = malloc((9 << 20) + 1);
    ck_assert_ptr_nonnull(wide);
    for (size_t i = 0; i < 9 << 20; i++) wide[i] = i == 0 ? '[' : i % 2 ? '0' : ',';
    wide[9 << 20] = '\0';
    refuse_file(st_save_raw("x.safetensors", wide, 0), "JSON values");
    free(wide);
}
END_TEST

/* --- sets --------------------------------------------------------------------------------------------------------- */

static st_entry vector(const char *name) {
    return (st_entry){.name = name, .dtype = "F32", .dims = 1, .shape = {6}, .data = numbers, .bytes = sizeof numbers};
}

static void save_vector(const char *file, const char *name) {
    const st_entry e = vector(name);
    (void)st_save(file, &e, 1);
}

START_TEST(sharded_set) {
    gb_checkpoint c;
    gb_error err = {0};
    save_vector("model-1.safetensors", "b");
    save_vector("model-2.safetensors", "a");
    save_vector("adapter.safetensors", "a"); /* not in the index, so not looked at */
    for (int indexed = 1; indexed >= 0; indexed--) {
        if (indexed)
            (void)text_save("model.safetensors.index.json",
                            "{\"weight_map\": {\"a\": \"model-2.safetensors\", \"b\": \"model-1.safetensors\"}}");
        else
            (void)unlink(scratch("model.safetensors.index.json"));
        ck_assert_msg(gb_checkpoint_open(scratch("."), true, &c, &err) == GB_OK, "%s", err.text);
        ck_assert_uint_eq(c.count, 2);
        ck_assert_ptr_nonnull(gb_checkpoint_find(&c, "a"));
        ck_assert_ptr_nonnull(strstr(gb_checkpoint_find(&c, "b")->file->path, "model-1.safetensors"));
        ck_assert_ptr_null(gb_checkpoint_find(&c, "c"));
        gb_checkpoint_close(&c);
    }
}
END_TEST

static void refuse_set(const char *index, const char *word) {
    gb_checkpoint c;
    gb_error err = {0};
    (void)text_save("model.safetensors.index.json", index);
    ck_assert_msg(gb_checkpoint_open(scratch("."), true, &c, &err) == GB_EINPUT, "accepted; expected '%s'", word);
    ck_assert_msg(strstr(err.text, word) != NULL, "'%s' does not say '%s'", err.text, word);
}

#define MAP(members) "{\"weight_map\": {" members "}}"

/* An index is text from a stranger: it may name files elsewhere, and promise what is not there. */
START_TEST(hostile_indexes) {
    gb_checkpoint c;
    gb_error err = {0};
    ck_assert_int_eq(gb_checkpoint_open(scratch("."), true, &c, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "no model.safetensors"));
    save_vector("model-1.safetensors", "b");
    save_vector("model-2.safetensors", "a");
    save_vector("model-3.safetensors", "a");
    refuse_set("[]", "found an array, expected an object");
    refuse_set("{\"weight_map\": []}", "'weight_map' is no object");
    refuse_set("{}", "'weight_map' is no object");
    refuse_set(MAP("\"a\": 1"), "a number, expected the name of a file");
    refuse_set(MAP("\"a\": \"../model-1.safetensors\""), "is no name of a file");
    refuse_set(MAP("\"a\": \"/etc/passwd\""), "is no name of a file");
    refuse_set(MAP("\"a\": \"..\""), "is no name of a file");
    refuse_set(MAP("\"a\": \"\""), "is no name of a file");
    refuse_set(MAP("\"a\": \"model-9.safetensors\""), "model-9.safetensors: cannot open");
    refuse_set(MAP("\"a\": \"model-1.safetensors\""), "'a' is not in model-1.safetensors");
    refuse_set(MAP("\"b\": \"model-1.safetensors\", \"c\": \"model-1.safetensors\""), "'c' is not in");
    refuse_set(MAP("\"b\": \"model-2.safetensors\", \"a\": \"model-1.safetensors\""), "is not in");
    refuse_set(MAP("\"a\": \"model-2.safetensors\", \"b\": \"model-1.safetensors\", \"c\": \"model-3.safetensors\""),
               "'a' is in");
    const st_entry two[] = {vector("b"), vector("d")};
    (void)st_save("model-1.safetensors", two, 2);
    refuse_set(MAP("\"a\": \"model-2.safetensors\", \"b\": \"model-1.safetensors\""), "'d' of");
    ck_assert_int_eq(mkdir(scratch("model-4.safetensors"), 0700), 0);
    refuse_set(MAP("\"a\": \"model-4.safetensors\""), "found a directory");
    (void)rmdir(scratch("model-4.safetensors"));
}
END_TEST

int main(void) {
    Suite *s = suite_create("safetensors");
    TCase *t = tcase_create("safetensors");
    tcase_add_checked_fixture(t, scratch_enter, scratch_leave);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, good_file);
    tcase_add_test(t, hostile_headers);
    tcase_add_test(t, hostile_sizes);
    tcase_add_test(t, sharded_set);
    tcase_add_test(t, hostile_indexes);
    suite_add_tcase(s, t);
    return run_suite(s);
}
