/* Tokenizers of small vocabularies made here: the rules one by one, and vocabularies that must be refused. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/suite.h"
#include "tests/support/tokens.h"
#include "tests/support/vocab_file.h"

/* --- SentencePiece on vocabularies made here --------------------------------------------------------------------- */

#define SP "\xE2\x96\x81"
static const test_token small[] = {
    {"<unk>", 2, 0}, {"<s>", 3, 0}, {"</s>", 3, 0}, {SP, 1, -9},    {"a", 1, -9},      {"b", 1, -9},     {"c", 1, -9},
    {"ab", 1, -3},   {"bc", 1, -2}, {"aa", 1, -5},  {"cc", 1, -5},  {SP "a", 1, -1},   {"<user>", 4, 0}, {"<s", 1, -9},
    {"<", 1, -9},    {"s", 1, -9},  {">", 1, -9},   {"abc", 1, -4}, {"<user>>", 3, 0},
};
enum { SMALL = sizeof small / sizeof small[0] };
static const test_vocab small_spm = {.model = "llama",
                                     .tokens = small,
                                     .count = SMALL,
                                     .types = SMALL,
                                     .scores = SMALL,
                                     .bos = 1,
                                     .eos = 2,
                                     .unk = 0,
                                     .add_bos = -1,
                                     .add_eos = -1,
                                     .space_prefix = 0};

#define EXPECT(t, text, special, parse, ...)                                                                           \
    test_expect_ids(t, text, sizeof(text) - 1, special, parse, (const int32_t[]){__VA_ARGS__},                         \
                    sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t))

/* Catches merging by length or from the left instead of by score, and wrong ties. */
START_TEST(spm_merges_by_score) {
    test_loaded l = test_load(test_vocab_open(&small_spm));
    EXPECT(l.t, "abc", false, false, 17);   /* bc (-2) before ab (-3), then abc */
    EXPECT(l.t, "aab", false, false, 4, 7); /* ab (-3) before aa (-5) */
    EXPECT(l.t, "aaa", false, false, 9, 4); /* aa at 0 and at 1 tie: the left one */
    EXPECT(l.t, "aacc", false, false, 9, 10);
    EXPECT(l.t, "a a", false, false, 4, 11); /* the space joins the word after it */
    EXPECT(l.t, "  a", false, false, 3, 11);
    EXPECT(l.t, "abc", true, false, 1, 17); /* BOS is the habit of this kind, EOS is not */
    test_unload(l);
}
END_TEST

/* Catches lost unknown characters: one unknown token for each character, each stray byte. */
START_TEST(spm_unknown_characters) {
    test_loaded l = test_load(test_vocab_open(&small_spm));
    EXPECT(l.t, "a\xC3\xA9z", false, false, 4, 0, 0);
    EXPECT(l.t, "\xFF\xC3", false, false, 0, 0);
    test_unload(l);
    test_vocab v = small_spm;
    v.unk = -1;
    l = test_load(test_vocab_open(&v));
    gb_error err = {0};
    int32_t *ids = NULL;
    size_t count = 0;
    ck_assert_int_eq(gb_tokenize(l.t, "z", 1, false, false, &ids, &count, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "0x7A"));
    ck_assert_ptr_null(ids);
    test_unload(l);
}
END_TEST

/* Catches control tokens in ordinary text, user-defined tokens missed, and a shorter token preferred to a longer. */
START_TEST(spm_special_tokens) {
    test_loaded l = test_load(test_vocab_open(&small_spm));
    EXPECT(l.t, "<s>", false, false, 13, 16);
    EXPECT(l.t, "a<s>b", false, true, 4, 1, 5);
    EXPECT(l.t, "a<user>b", false, false, 4, 12, 5);
    EXPECT(l.t, "<user>>", false, false, 12, 16);
    EXPECT(l.t, "<user>>", false, true, 18);
    EXPECT(l.t, "<use", false, true, 14, 0, 15, 0);
    test_unload(l);
}
END_TEST

/* Catches the prefix space in the wrong places: before the text and after special tokens, not before empty text. */
START_TEST(spm_space_prefix) {
    test_vocab v = small_spm;
    v.space_prefix = -1; /* on by default */
    v.add_eos = 1;
    test_loaded l = test_load(test_vocab_open(&v));
    ck_assert(gb_tokenizer_adds_space(l.t));
    EXPECT(l.t, "a", true, false, 1, 11, 2);
    EXPECT(l.t, "a<user>a", false, false, 11, 12, 11);
    EXPECT(l.t, "", true, false, 1, 2);
    test_expect_round_trip(l.t, "abc a", 5, 1);
    test_unload(l);
}
END_TEST

/* Catches wrong byte tokens: 256 of them, found by their names and not by their place, and the decoding of them. */
START_TEST(spm_byte_fallback) {
    enum { COUNT = 1 + 256 + 1 };
    static char names[256][8];
    static test_token tokens[COUNT];
    tokens[0] = (test_token){"<unk>", 2, 0};
    for (int i = 0; i < 256; i++) {
        (void)snprintf(names[i], sizeof names[i], "<0x%02X>", 255 - i);
        tokens[1 + i] = (test_token){names[i], 6, 0};
    }
    tokens[257] = (test_token){"\xC3\xA9", 1, -1};
    test_vocab v = small_spm;
    v.tokens = tokens;
    v.count = v.types = v.scores = COUNT;
    v.bos = v.eos = -1;
    test_loaded l = test_load(test_vocab_open(&v));
    EXPECT(l.t, "A\xC3\xA9\xC3", true, false, 256 - 0x41, 257, 256 - 0xC3);
    EXPECT(l.t, "<0x41>", true, false, 256 - '<', 256 - '0', 256 - 'x', 256 - '4', 256 - '1', 256 - '>');
    char all[256];
    for (size_t i = 0; i < sizeof all; i++) all[i] = (char)(unsigned char)i;
    size_t count = 0;
    size_t size = 0;
    int32_t *ids = test_ids(l.t, all, sizeof all, true, false, &count);
    char *back = test_decode(l.t, ids, count, &size);
    /* The space became U+2581, which this vocabulary has as three bytes. */
    ck_assert_uint_eq(size, 258);
    ck_assert_mem_eq(back, all, 32);
    ck_assert_mem_eq(back + 32, SP, 3);
    ck_assert_mem_eq(back + 35, all + 33, 223);
    free(back);
    free(ids);
    test_unload(l);
}
END_TEST

/* The rule on strings: of all neighbours that join to a token the best score, the leftmost of equals. */
static size_t spm_slowly(const test_token *tokens, size_t n, const char *text, int32_t *ids) {
    char parts[64][64];
    size_t count = strlen(text);
    for (size_t i = 0; i < count; i++) (void)snprintf(parts[i], sizeof parts[i], "%c", text[i]);
    for (;;) {
        size_t best = count;
        const test_token *found = NULL;
        for (size_t i = 0; i + 1 < count; i++) {
            char pair[128];
            strcat(strcpy(pair, parts[i]), parts[i + 1]);
            for (size_t k = 0; k < n; k++)
                if (strcmp(tokens[k].piece, pair) == 0 && (!found || tokens[k].score > found->score)) {
                    found = &tokens[k];
                    best = i;
                }
        }
        if (!found) break;
        strcpy(parts[best], found->piece);
        memmove(parts[best + 1], parts[best + 2], (count - best - 2) * sizeof parts[0]);
        count--;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < n; k++)
            if (strcmp(tokens[k].piece, parts[i]) == 0) ids[i] = (int32_t)k;
    return count;
}

/* Catches errors of order among scores of any sign, of ties and of stale candidates, against the rule itself. */
START_TEST(spm_merges_as_defined) {
    enum { PIECES = 3 + 9 + 27 + 81 };
    static char names[PIECES][8];
    test_token tokens[PIECES];
    uint32_t state = 3;
    size_t n = 0;
    for (size_t size = 1, total = 3; size <= 4; size++, total *= 3)
        for (size_t code = 0; code < total; code++, n++) {
            for (size_t i = 0, rest = code; i < size; i++, rest /= 3) names[n][i] = "xyz"[rest % 3];
            state = state * 1664525 + 1013904223;
            tokens[n] = (test_token){names[n], 1, (float)((int)(state >> 20) % 9 - 4) * 0.5f};
        }
    ck_assert_uint_eq(n, PIECES);
    test_vocab v = small_spm;
    v.tokens = tokens;
    v.bos = v.eos = v.unk = -1;
    /* Half of the longest pieces only, so that some neighbours cannot merge. */
    v.count = v.types = v.scores = PIECES - 40;
    test_loaded l = test_load(test_vocab_open(&v));
    for (size_t run = 0; run < 500; run++) {
        char text[41] = "";
        int32_t wanted[40];
        for (size_t i = 0; i < 40; i++) {
            state = state * 1664525 + 1013904223;
            text[i] = "xyz"[(state >> 16) % 3];
        }
        const size_t count = spm_slowly(tokens, v.count, text, wanted);
        test_expect_ids(l.t, text, 40, true, false, wanted, count);
    }
    test_unload(l);
}
END_TEST

/* --- BPE on vocabularies made here ------------------------------------------------------------------------------- */

static const test_token letters[] = {
    {"a", 1, 0}, {"b", 1, 0}, {"c", 1, 0}, {"ab", 1, 0}, {"bc", 1, 0}, {"abc", 1, 0}, {"ca", 1, 0}, {"<e>", 3, 0},
};
enum { LETTERS = sizeof letters / sizeof letters[0] };
static const char *const letter_merges[] = {"b c", "a b", "c a"};
static const test_vocab letters_bpe = {.model = "gpt2",
                                       .pre = "gpt-2",
                                       .tokens = letters,
                                       .count = LETTERS,
                                       .types = LETTERS,
                                       .merges = letter_merges,
                                       .merge_count = 3,
                                       .bos = 7,
                                       .eos = -1,
                                       .unk = -1,
                                       .add_bos = -1,
                                       .add_eos = -1,
                                       .space_prefix = -1};

/* Catches whole pre-tokens taken where only merges count, merged where they are to be taken whole, the habit of BOS,
 * and bytes that the vocabulary lacks. */
START_TEST(bpe_whole_pre_tokens) {
    test_loaded l = test_load(test_vocab_open(&letters_bpe));
    EXPECT(l.t, "abc", true, false, 0, 4); /* bc has the better rank, and no merge makes abc */
    gb_error err = {0};
    int32_t *ids = NULL;
    size_t count = 0;
    ck_assert_int_eq(gb_tokenize(l.t, "abz", 3, false, false, &ids, &count, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "0x7A"));
    test_unload(l);
    test_vocab v = letters_bpe;
    v.pre = "llama-bpe";
    v.types = 0; /* older files have no types: all normal */
    l = test_load(test_vocab_open(&v));
    EXPECT(l.t, "abc", true, false, 7, 5);
    EXPECT(l.t, "abca", true, false, 7, 0, 4, 0);
    test_unload(l);
    v.unk = 2;
    v.add_bos = 0;
    l = test_load(test_vocab_open(&v));
    EXPECT(l.t, "azb", true, false, 0, 2, 1);
    test_unload(l);
}
END_TEST

/* --- broken vocabularies ----------------------------------------------------------------------------------------- */

static void expect_refusal(const test_vocab *v, const char *key, const char *detail) {
    gb_error err = {0};
    gb_tokenizer *t = NULL;
    gb_gguf *file = test_vocab_open(v);
    ck_assert_int_eq(gb_tokenizer_new(file, &t, &err), GB_EINPUT);
    ck_assert_ptr_null(t);
    ck_assert_msg(strstr(err.text, key) && strstr(err.text, detail), "'%s' does not name %s and '%s'", err.text, key,
                  detail);
    gb_gguf_close(file);
}

#define REFUSE(base, key, detail, ...)                                                                                 \
    do {                                                                                                               \
        test_vocab v = base;                                                                                           \
        __VA_ARGS__;                                                                                                   \
        expect_refusal(&v, "tokenizer.ggml." key, detail);                                                             \
    } while (0)

/* Catches vocabularies that would be read outside their arrays or give ids that do not exist, and errors that leave the
 * user without the name of the key. */
START_TEST(broken_vocabularies) {
    REFUSE(small_spm, "model", "missing", v.model = NULL);
    REFUSE(small_spm, "model", "'bert'", v.model = "bert");
    REFUSE(small_spm, "tokens", "missing", v.tokens = NULL; v.count = 0);
    REFUSE(small_spm, "tokens", "0 entries", v.count = 0);
    REFUSE(small_spm, "scores", "missing", v.scores = 0);
    REFUSE(small_spm, "scores", "expected one for each", v.scores--);
    REFUSE(small_spm, "scores", "expected one for each", v.scores++);
    REFUSE(small_spm, "token_type", "missing", v.types = 0);
    REFUSE(small_spm, "token_type", "expected one for each", v.types--);
    REFUSE(small_spm, "bos_token_id", "19", v.bos = SMALL);
    REFUSE(small_spm, "eos_token_id", "4294967295", v.eos = UINT32_MAX);
    REFUSE(small_spm, "unknown_token_id", "100", v.unk = 100);
    REFUSE(small_spm, "add_bos_token", "no 'tokenizer.ggml.bos_token_id'", v.bos = -1; v.add_bos = 1);
    REFUSE(small_spm, "add_eos_token", "no 'tokenizer.ggml.eos_token_id'", v.eos = -1; v.add_eos = 1);
    REFUSE(letters_bpe, "pre", "missing", v.pre = NULL);
    REFUSE(letters_bpe, "pre", "known are", v.pre = "falcon-2");
    REFUSE(letters_bpe, "merges", "missing", v.merges = NULL; v.merge_count = 0);
    static const struct {
        const char *merge, *why;
    } merges[] = {{"ab", "two tokens"}, {" ab", "two tokens"}, {"a ", "two tokens"},     {"", "two tokens"},
                  {"x b", "left half"}, {"a x", "right half"}, {"b a", "makes no token"}};
    for (size_t i = 0; i < sizeof merges / sizeof merges[0]; i++)
        REFUSE(letters_bpe, "merges", merges[i].why, v.merges = &merges[i].merge; v.merge_count = 1);
    static const char *const twice[] = {"a b", "b c", "a b"};
    REFUSE(letters_bpe, "merges", "twice", v.merges = twice);
    test_token tokens[LETTERS];
    memcpy(tokens, letters, sizeof letters);
    tokens[3].piece = "";
    REFUSE(letters_bpe, "tokens", "token 3 is empty", v.tokens = tokens);
    tokens[3].piece = "a";
    REFUSE(letters_bpe, "tokens", "tokens 0 and 3 are both 'a'", v.tokens = tokens);
    tokens[3] = (test_token){"x", 7, 0};
    REFUSE(letters_bpe, "token_type", "entry 3 is 7", v.tokens = tokens);
    test_token bytes[SMALL];
    memcpy(bytes, small, sizeof small);
    bytes[4] = (test_token){"<0x4G>", 6, 0};
    REFUSE(small_spm, "tokens", "<0x4G>", v.tokens = bytes);
    bytes[4] = (test_token){"<0xG4>", 6, 0};
    REFUSE(small_spm, "tokens", "<0xG4>", v.tokens = bytes);
    /* A tokenizer that was refused for its last key must have been released by then: the sanitizer run sees to it. */
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tokenizer_small");
    TCase *c = tcase_create("tokenizer_small");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, spm_merges_by_score);
    tcase_add_test(c, spm_unknown_characters);
    tcase_add_test(c, spm_special_tokens);
    tcase_add_test(c, spm_space_prefix);
    tcase_add_test(c, spm_byte_fallback);
    tcase_add_test(c, spm_merges_as_defined);
    tcase_add_test(c, bpe_whole_pre_tokens);
    tcase_add_test(c, broken_vocabularies);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
