/* Models that others converted (only where they are there): the same tensors to the byte, the same keys but for those
 * named here, the same tokens, and the text that an independent pass in double wrote. */
#include <cJSON.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/file.h"
#include "tests/support/convert_run.h"
#include "tests/support/engine_run.h"
#include "tests/support/image.h"
#include "tests/support/suite.h"

#define SHARED GB_SOURCE_DIR "/../shared/data"

static const struct known {
    const char *dir, *source, *tokenizer;
    bool same_tokens;
} models[] = {{"stories260K", "stories260K.bin", NULL, true},
              {"llama2xs", "model.bin", "stories260K/tok512.bin", true},
              /* the other file was made without the space that tokenizer.json puts before a text, and scores are ids */
              {"tinystories-656k", "", NULL, false}};
enum { MODELS = 3 };

static const char *known_path(int i, const char *format) {
    static char path[3][512];
    static unsigned turn;
    char name[256];
    (void)snprintf(name, sizeof name, format, models[i].dir);
    char *p = path[turn++ % 3];
    (void)snprintf(p, sizeof path[0], SHARED "/models/%s/%s", models[i].dir, name);
    return p;
}

static bool converted(int i) {
    char tokenizer[512];
    (void)snprintf(tokenizer, sizeof tokenizer, SHARED "/models/%s", models[i].tokenizer ? models[i].tokenizer : "");
    const gb_convert_options o = {.source = known_path(i, models[i].source),
                                  .tokenizer = models[i].tokenizer ? tokenizer : NULL};
    if (access(o.source, R_OK) != 0) return false;
    (void)convert_good(&o, scratch("out.gguf"));
    return true;
}

/* Keys that the other converter did not write, or wrote from what is not in the source. */
static bool may_differ(gb_str key, bool same_tokens) {
    static const char *const names[] = {"general.name", "general.license", "general.source.url",
                                        "tokenizer.ggml.scores", "tokenizer.ggml.add_space_prefix"};
    for (size_t i = 0; i < (same_tokens ? 3 : 5); i++)
        if (gb_str_equal(key, names[i])) return true;
    return false;
}

START_TEST(same_file) {
    if (!converted(_i)) return;
    gb_gguf *found = open_gguf(scratch("out.gguf"));
    gb_gguf *wanted = open_gguf(known_path(_i, "%s-f32.gguf"));
    ck_assert_uint_eq(found->tensor_count, wanted->tensor_count);
    for (size_t i = 0; i < wanted->tensor_count; i++) {
        const gb_tensor *w = &wanted->tensors[i];
        const gb_tensor *f = &found->tensors[i];
        char shown[GB_SHOWN];
        ck_assert_uint_eq(w->name.size, f->name.size);
        ck_assert_mem_eq(w->name.data, f->name.data, w->name.size);
        ck_assert_msg(w->bytes == f->bytes && memcmp(w->ne, f->ne, sizeof w->ne) == 0 &&
                          memcmp(w->data, f->data, w->bytes) == 0,
                      "tensor %s differs", gb_str_show(w->name, shown));
    }
    for (size_t i = 0; i < wanted->key_count; i++) {
        const gb_gguf_key *w = &wanted->keys[i];
        char name[GB_SHOWN];
        if (may_differ(w->name, models[_i].same_tokens)) continue;
        const gb_gguf_key *f = gb_gguf_find_key(found, gb_str_show(w->name, name));
        ck_assert_msg(f && f->type == w->type && f->value_bytes == w->value_bytes &&
                          memcmp(f->value, w->value, w->value_bytes) == 0,
                      "key %s differs", name);
    }
    gb_gguf_close(found);
    gb_gguf_close(wanted);
}
END_TEST

static int32_t *tokens_of(const char *path, const char *text, size_t size, size_t *count) {
    gb_gguf *f = open_gguf(path);
    gb_tokenizer *t = NULL;
    gb_error err = {0};
    int32_t *ids = NULL;
    ck_assert_msg(gb_tokenizer_new(f, &t, &err) == GB_OK, "%s", err.text);
    ck_assert_int_eq(gb_tokenize(t, text, size, false, false, &ids, count, &err), GB_OK);
    gb_tokenizer_free(t);
    gb_gguf_close(f);
    return ids;
}

/* Scores made from merges must merge in the order of the merges: the ids of a whole text, but for the space before it.
 */
START_TEST(same_tokens) {
    uint8_t *text = NULL;
    size_t size = 0;
    gb_error err = {0};
    if (!converted(_i)) return;
    ck_assert_int_eq(gb_read_all(SHARED "/text/tinystories-train-head.txt", 1 << 24, &text, &size, &err), GB_OK);
    size_t n = 0;
    size_t m = 0;
    int32_t *found = tokens_of(scratch("out.gguf"), (const char *)text, 40000, &n);
    int32_t *wanted = tokens_of(known_path(_i, "%s-f32.gguf"), (const char *)text, 40000, &m);
    const size_t extra = models[_i].same_tokens ? 0 : 1;
    ck_assert_uint_eq(n, m + extra);
    ck_assert_mem_eq(found + 8, wanted + 8 - extra, (m - 8) * sizeof *found);
    free(found);
    free(wanted);
    free(text);
}
END_TEST

START_TEST(same_text) {
    uint8_t *json = NULL;
    size_t size = 0;
    gb_error err = {0};
    int32_t found[1024];
    if (!converted(_i)) return;
    ck_assert_int_eq(gb_read_all(known_path(_i, "%s.reference.json"), 1 << 20, &json, &size, &err), GB_OK);
    cJSON *root = cJSON_Parse((const char *)json);
    const cJSON *ids = cJSON_GetObjectItem(cJSON_GetObjectItem(root, "greedy_from_bos"), "ids");
    const int count = cJSON_GetArraySize(ids);
    ck_assert_int_gt(count, 1);
    ck_assert_int_le(count, 1024);
    const int32_t bos = (int32_t)cJSON_GetArrayItem(ids, 0)->valuedouble;
    engine_run e = engine_open(scratch("out.gguf"), NULL, 1, 0, 64, GB_FORMAT_f32);
    engine_greedy(e, &bos, 1, found, (size_t)count - 1);
    for (int i = 1; i < count; i++) ck_assert_int_eq(found[i - 1], (int32_t)cJSON_GetArrayItem(ids, i)->valuedouble);
    engine_close(e);
    cJSON_Delete(root);
    free(json);
}
END_TEST

int main(void) {
    Suite *s = suite_create("convert_known");
    TCase *t = tcase_create("convert_known");
    tcase_add_checked_fixture(t, scratch_enter, scratch_leave);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, same_file, 0, MODELS);
    tcase_add_loop_test(t, same_tokens, 0, MODELS);
    tcase_add_loop_test(t, same_text, 0, MODELS);
    suite_add_tcase(s, t);
    return run_suite(s);
}
