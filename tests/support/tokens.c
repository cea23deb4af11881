#include "tests/support/tokens.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

test_loaded test_load(gb_gguf *file) {
    gb_error err = {0};
    test_loaded l = {.file = file};
    ck_assert_msg(gb_tokenizer_new(file, &l.t, &err) == GB_OK, "%s", err.text);
    return l;
}

test_loaded test_load_path(const char *path) {
    gb_error err = {0};
    gb_gguf *file = NULL;
    ck_assert_msg(gb_gguf_open(path, &file, &err) == GB_OK, "%s", err.text);
    return test_load(file);
}

void test_unload(test_loaded l) {
    gb_tokenizer_free(l.t);
    gb_gguf_close(l.file);
}

int32_t *test_ids(const gb_tokenizer *t, const char *text, size_t size, bool special, bool parse, size_t *count) {
    gb_error err = {0};
    int32_t *ids = NULL;
    ck_assert_msg(gb_tokenize(t, text, size, special, parse, &ids, count, &err) == GB_OK, "%s", err.text);
    return ids;
}

void test_expect_ids(const gb_tokenizer *t, const char *text, size_t size, bool special, bool parse,
                     const int32_t *wanted, size_t wanted_count) {
    size_t count = 0;
    int32_t *ids = test_ids(t, text, size, special, parse, &count);
    for (size_t i = 0; i < count && i < wanted_count; i++)
        ck_assert_msg(ids[i] == wanted[i], "id %zu of '%.80s' is %d, expected %d", i, text, ids[i], wanted[i]);
    ck_assert_msg(count == wanted_count, "'%.80s' has %zu ids, expected %zu", text, count, wanted_count);
    free(ids);
}

char *test_decode(const gb_tokenizer *t, const int32_t *ids, size_t count, size_t *size) {
    *size = 0;
    for (size_t i = 0; i < count; i++) *size += gb_token_text(t, ids[i], NULL, 0);
    char *text = calloc(*size + 1, 1);
    ck_assert_ptr_nonnull(text);
    for (size_t i = 0, at = 0; i < count; i++) at += gb_token_text(t, ids[i], text + at, *size - at);
    return text;
}

void test_expect_round_trip(const gb_tokenizer *t, const char *text, size_t size, size_t skip) {
    size_t count = 0;
    size_t back = 0;
    int32_t *ids = test_ids(t, text, size, true, false, &count);
    char *again = test_decode(t, ids, count, &back);
    ck_assert_uint_eq(back, size + skip);
    ck_assert_mem_eq(again + skip, text, size);
    free(again);
    free(ids);
}
