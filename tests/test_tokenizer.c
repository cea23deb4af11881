/* Tokenizers of real models: published vectors, pre-tokenizers, the model of this repository. */
#include <cJSON.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/file.h"
#include "model/tokenizer_impl.h"
#include "tests/support/suite.h"
#include "tests/support/tokens.h"

#define SHARED GB_SOURCE_DIR "/../shared/data/" /* large public data beside the checkout; tests of it skip without */
#define GAUGE  GB_SOURCE_DIR "/models/gauge-4m/"

static char *read_text(const char *path, size_t *size) {
    gb_error err = {0};
    uint8_t *data = NULL;
    ck_assert_msg(gb_read_all(path, (size_t)64 << 20, &data, size, &err) == GB_OK, "%s", err.text);
    return (char *)data;
}

/* --- published vectors ------------------------------------------------------------------------------------------- */

static const char *const vectors[] = {"llama-spm", "phi-3", "gpt-2", "mpt", "falcon", "deepseek-coder"};

/* Catches any departure from the ids that llama.cpp publishes for 47 difficult texts per vocabulary. */
START_TEST(published_vectors) {
    char path[512];
    (void)snprintf(path, sizeof path, SHARED "vocab/ggml-vocab-%s.gguf", vectors[_i]);
    if (access(path, R_OK) != 0) return;
    test_loaded l = test_load_path(path);
    size_t size = 0;
    (void)snprintf(path, sizeof path, SHARED "vocab/ggml-vocab-%s.gguf.inp", vectors[_i]);
    char *texts = read_text(path, &size);
    (void)snprintf(path, sizeof path, SHARED "vocab/ggml-vocab-%s.gguf.out", vectors[_i]);
    char *lines = read_text(path, &size);
    static const char separator[] = "\n__ggml_vocab_test__\n";
    size_t cases = 0;
    char *line = lines;
    for (char *text = texts; text; cases++) {
        char *end = strstr(text, separator);
        int32_t wanted[512];
        size_t count = 0;
        char *line_end = line + strcspn(line, "\n");
        *line_end = '\0';
        for (char *at = line, *next = NULL;; at = next) {
            const long id = strtol(at, &next, 10);
            if (next == at) break;
            ck_assert_uint_lt(count, 512);
            wanted[count++] = (int32_t)id;
        }
        test_expect_ids(l.t, text, end ? (size_t)(end - text) : strlen(text), false, false, wanted, count);
        line = line_end + 1;
        text = end ? end + sizeof separator - 1 : NULL;
    }
    ck_assert_uint_eq(cases, 47);
    free(texts);
    free(lines);
    test_unload(l);
}
END_TEST

static const char *const references[] = {"stories260K", "llama2xs", "tinystories-656k"};

/* Catches SentencePiece details on real small models: BOS, prefix space on and off, byte fallback, words that span. */
START_TEST(reference_ids) {
    char path[512];
    (void)snprintf(path, sizeof path, SHARED "models/%s/%s-f32.gguf", references[_i], references[_i]);
    if (access(path, R_OK) != 0) return;
    test_loaded l = test_load_path(path);
    size_t size = 0;
    (void)snprintf(path, sizeof path, SHARED "models/%s/%s.reference.json", references[_i], references[_i]);
    char *text = read_text(path, &size);
    cJSON *root = cJSON_Parse(text);
    const cJSON *cases = cJSON_GetObjectItemCaseSensitive(root, "tokenize");
    ck_assert_int_gt(cJSON_GetArraySize(cases), 3);
    const cJSON *one = NULL;
    cJSON_ArrayForEach(one, cases) {
        const char *input = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one, "text"));
        int32_t wanted[256];
        size_t count = 0;
        const cJSON *id = NULL;
        cJSON_ArrayForEach(id, cJSON_GetObjectItemCaseSensitive(one, "ids")) {
            ck_assert_uint_lt(count, 256);
            wanted[count++] = (int32_t)cJSON_GetNumberValue(id);
        }
        test_expect_ids(l.t, input, strlen(input), true, false, wanted, count);
    }
    cJSON_Delete(root);
    free(text);
    test_unload(l);
}
END_TEST

/* --- pre-tokenizers ---------------------------------------------------------------------------------------------- */

typedef struct joined {
    char text[512];
} joined;

static int join(void *ctx, const char *piece, size_t size, gb_error *err) {
    (void)err;
    joined *j = ctx;
    ck_assert_uint_lt(strlen(j->text) + size + 2, sizeof j->text);
    strncat(j->text, piece, size);
    strcat(j->text, "|");
    return GB_OK;
}

static const struct split_case {
    const char *pre, *text, *pieces;
} splits[] = {
    {"llama-bpe", "", ""},
    {"llama-bpe", "I'll don'T YOU'RE x's", "I|'ll| don|'T| YOU|'RE| x|'s|"},
    {"llama-bpe", "12345678 9", "123|456|78| |9|"},
    {"llama-bpe", "a \n\n b", "a| \n\n| b|"},
    {"llama-bpe", "x   y", "x|  | y|"},
    {"llama-bpe", "end   ", "end|   |"},
    {"llama-bpe", "(word) =>\r\n\tx", "(word|)| =>\r\n|\tx|"},
    {"llama-bpe", "Привет мир", "Привет| мир|"},
    {"llama-bpe", "中文字ひら", "中文字ひら|"},
    {"llama-bpe", "hi😀!\n👍🏽", "hi|😀!\n|👍🏽|"},
    {"llama-bpe", "\u00A0\u3000x", "\u00A0|\u3000x|"},
    {"llama-bpe", "a\u180E\u180E!", "a|\u180E\u180E!|"}, /* no white space since Unicode 6.3 */
    {"llama-bpe",
     "a\xFF\xFE"
     "b\xC3",
     "a|\xFF\xFE|b|\xC3|"},
    {"llama-bpe", "a  \xFF", "a|  |\xFF|"},
    {"llama3", "1234", "123|4|"},
    {"llama-v3", "1234", "123|4|"},
    {"qwen2", "a 1234", "a| |1|2|3|4|"},
    {"tekken", "HelloWorld it's 12\nABC a//\n x", "Hello|World| it|'s| |1|2|\n|ABC| a|//\n| x|"},
    {"gpt-2", "It's 1234  a\nb", "It|'s| 1234| | a|\n|b|"},
    {"gpt-2", "I'LL", "I|'|LL|"},
    {"mpt", "It's 12", "It|'s| 12|"},
    {"smollm", "a12 b", "a|1|2| b|"},
    {"falcon", "a=12345", "a|=|123|45|"},
    {"deepseek-coder", "a 12\n", "a| |1|2|\n|"},
    {"default", "a=$12345 b", "a|=$|123|45| b|"},
};

/* Catches a wrong or wrongly applied expression: contractions, digit groups, line ends, white space, scripts, bytes. */
START_TEST(pre_tokenizer_splits) {
    const struct split_case *c = &splits[_i];
    gb_error err = {0};
    gb_pretok *p = NULL;
    joined j = {{0}};
    ck_assert_int_eq(gb_pretok_new((gb_str){c->pre, strlen(c->pre)}, &p, &err), GB_OK);
    ck_assert_int_eq(gb_pretok_split(p, c->text, strlen(c->text), join, &j, &err), GB_OK);
    ck_assert_str_eq(j.text, c->pieces);
    gb_pretok_free(p);
}
END_TEST

/* Catches a silent default for a vocabulary that nobody has looked at. */
START_TEST(unknown_pre_tokenizer) {
    gb_error err = {0};
    gb_pretok *p = NULL;
    ck_assert_int_eq(gb_pretok_new((gb_str){"llama-9", 7}, &p, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "'llama-9'"));
    ck_assert_ptr_nonnull(strstr(err.text, "gpt-2"));
    ck_assert_ptr_null(p);
}
END_TEST

/* --- the model of this repository -------------------------------------------------------------------------------- */

/* Catches changes of the ids of the text on which perplexities are published: their number was counted independently
 * (a plain implementation of the same rules in another language with another regular expression library). */
START_TEST(gauge_sample) {
    test_loaded l = test_load_path(GAUGE "gauge-4m-f16.gguf");
    ck_assert_uint_eq(gb_tokenizer_vocab(l.t), 4096);
    ck_assert(gb_tokenizer_adds_bos(l.t));
    size_t size = 0;
    size_t count = 0;
    char *text = read_text(GAUGE "gauge-4m-sample.txt", &size);
    int32_t *ids = test_ids(l.t, text, size, true, false, &count);
    ck_assert_uint_eq(count, 31783);
    ck_assert_int_eq(ids[0], gb_tokenizer_bos(l.t));
    free(ids);
    test_expect_round_trip(l.t, text, size, 0);
    free(text);
    test_unload(l);
}
END_TEST

/* Catches bytes lost or changed on the way: every byte value, invalid UTF-8 of each kind, and random bytes. */
START_TEST(gauge_bytes_round_trip) {
    test_loaded l = test_load_path(GAUGE "gauge-4m-f16.gguf");
    char all[256];
    for (size_t i = 0; i < sizeof all; i++) all[i] = (char)(unsigned char)i;
    test_expect_round_trip(l.t, all, sizeof all, 0);
    static const char *const odd[] = {
        "",     "\xC3",           "\xE2\x82",     "\xF0\x9F\x98", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
        "\x80", "ok \xE2\x82 ok", "\xEF\xBF\xBF", "\xE0\x9F\xBF"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) test_expect_round_trip(l.t, odd[i], strlen(odd[i]), 0);
    uint32_t state = 1;
    char random[300];
    for (size_t run = 0; run < 200; run++) {
        for (size_t i = 0; i < sizeof random; i++) {
            state = state * 1664525 + 1013904223;
            random[i] = (char)(unsigned char)(state >> 24);
        }
        test_expect_round_trip(l.t, random, sizeof random, 0);
    }
    test_unload(l);
}
END_TEST

/* The rule itself, without heap and list: of all pairs the best, the leftmost of equals, until none is left. */
static size_t merge_slowly(const gb_tokenizer *t, int32_t *ids, size_t count) {
    for (;;) {
        size_t best = count;
        const gb_pair_slot *found = NULL;
        for (size_t i = 0; i + 1 < count; i++) {
            const gb_pair_slot *pair = gb_pair_map_find(&t->merges, ids[i], ids[i + 1]);
            if (pair && (!found || pair->rank < found->rank)) {
                found = pair;
                best = i;
            }
        }
        if (!found) return count;
        ids[best] = found->merged;
        memmove(&ids[best + 1], &ids[best + 2], (count - best - 2) * sizeof *ids);
        count--;
    }
}

/* Catches errors of the heap and of stale candidates on long words, where many merges compete. */
START_TEST(gauge_merges_as_defined) {
    test_loaded l = test_load_path(GAUGE "gauge-4m-f16.gguf");
    uint32_t state = 7;
    for (size_t run = 0; run < 100; run++) {
        char text[120];
        int32_t wanted[120];
        for (size_t i = 0; i < sizeof text; i++) {
            state = state * 1664525 + 1013904223;
            text[i] = "etaoinshrdlu"[(state >> 16) % 12];
            wanted[i] = l.t->byte_ids[(unsigned char)text[i]];
        }
        const size_t count = merge_slowly(l.t, wanted, sizeof text);
        test_expect_ids(l.t, text, sizeof text, false, false, wanted, count);
    }
    test_unload(l);
}
END_TEST

/* Catches control tokens made by ordinary text, and missed where they are asked for. */
START_TEST(gauge_special_tokens) {
    test_loaded l = test_load_path(GAUGE "gauge-4m-f16.gguf");
    static const char text[] = "<|begin_of_text|><|end_of_text|>";
    static const int32_t wanted[] = {4094, 4094, 4095};
    test_expect_ids(l.t, text, sizeof text - 1, true, true, wanted, 3);
    size_t count = 0;
    int32_t *ids = test_ids(l.t, text, sizeof text - 1, false, false, &count);
    for (size_t i = 0; i < count; i++) ck_assert_int_lt(ids[i], 4094);
    free(ids);
    test_expect_round_trip(l.t, text, sizeof text - 1, 0);
    ck_assert_uint_eq(gb_token_text(l.t, 4094, NULL, 0), 0);
    ck_assert(gb_str_equal(gb_token_piece(l.t, 4094), "<|begin_of_text|>"));
    ck_assert_uint_eq(gb_token_text(l.t, -1, NULL, 0), 0);
    ck_assert_uint_eq(gb_token_text(l.t, 4096, NULL, 0), 0);
    test_expect_ids(l.t, "", 0, true, false, wanted, 1);
    test_expect_ids(l.t, "", 0, false, false, wanted, 0);
    test_unload(l);
}
END_TEST

/* Catches quadratic time: a megabyte without a boundary would take hours then, and the time limit of the run ends it.
 */
START_TEST(gauge_long_texts) {
    test_loaded l = test_load_path(GAUGE "gauge-4m-f16.gguf");
    enum { SIZE = 1 << 20 };
    char *text = malloc(SIZE);
    ck_assert_ptr_nonnull(text);
    static const char *const patterns[] = {"a", " ", "the", " \n", "=", "\xFF", "1", "\n", "\xE4\xB8\xAD"};
    for (size_t p = 0; p < sizeof patterns / sizeof patterns[0]; p++) {
        for (size_t i = 0; i < SIZE; i++) text[i] = patterns[p][i % strlen(patterns[p])];
        test_expect_round_trip(l.t, text, SIZE, 0);
    }
    free(text);
    test_unload(l);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tokenizer");
    TCase *c = tcase_create("tokenizer");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, published_vectors, 0, sizeof vectors / sizeof vectors[0]);
    tcase_add_loop_test(c, reference_ids, 0, sizeof references / sizeof references[0]);
    tcase_add_loop_test(c, pre_tokenizer_splits, 0, sizeof splits / sizeof splits[0]);
    tcase_add_test(c, unknown_pre_tokenizer);
    tcase_add_test(c, gauge_sample);
    tcase_add_test(c, gauge_bytes_round_trip);
    tcase_add_test(c, gauge_merges_as_defined);
    tcase_add_test(c, gauge_special_tokens);
    tcase_add_test(c, gauge_long_texts);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
