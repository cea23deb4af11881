/* Vocabularies from tokenizer.model, tokenizer.json and tokenizer.bin: what arrives in the GGUF keys, what the engine's
 * tokenizer then does, and what is refused. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "convert/hf_vocab.h"
#include "convert/tokenizer_file.h"
#include "convert/tokenizer_json.h"
#include "model/pretok.h"
#include "tests/support/convert_run.h"
#include "tests/support/hf_dir.h"
#include "tests/support/image.h"
#include "tests/support/suite.h"

/* --- protobuf, built by hand -------------------------------------------------------------------------------------- */

typedef struct proto {
    uint8_t bytes[1 << 14];
    size_t size;
} proto;

static void put(proto *p, const void *data, size_t size) {
    ck_assert_uint_le(size, sizeof p->bytes - p->size);
    memcpy(p->bytes + p->size, data, size);
    p->size += size;
}

static void put_varint(proto *p, uint64_t v) {
    do {
        const uint8_t byte = (uint8_t)((v & 0x7F) | (v > 0x7F ? 0x80 : 0));
        put(p, &byte, 1);
        v >>= 7;
    } while (v);
}

static void put_number(proto *p, uint64_t field, uint64_t v) {
    put_varint(p, field << 3);
    put_varint(p, v);
}

static void put_bytes(proto *p, uint64_t field, const void *data, size_t size) {
    put_varint(p, field << 3 | 2);
    put_varint(p, size);
    put(p, data, size);
}

static void put_piece(proto *p, const char *text, float score, uint64_t type) {
    proto piece = {.size = 0};
    put_bytes(&piece, 1, text, strlen(text));
    put_varint(&piece, 2 << 3 | 5);
    put(&piece, &score, 4);
    if (type != 1) put_number(&piece, 3, type); /* normal is the default */
    put_bytes(p, 1, piece.bytes, piece.size);
}

static void put_trainer(proto *p, uint64_t type, int64_t pad) {
    proto t = {.size = 0};
    put_number(&t, 3, type);
    put_bytes(&t, 1, "corpus.txt", 10); /* a field that is not read */
    put_number(&t, 40, 0);
    put_number(&t, 41, 1);
    put_number(&t, 42, 2);
    put_number(&t, 43, (uint64_t)pad);
    put_bytes(p, 2, t.bytes, t.size);
}

static void put_normalizer(proto *p, const char *map, uint64_t prefix, uint64_t squeeze) {
    proto n = {.size = 0};
    put_bytes(&n, 1, "identity", 8);
    put_bytes(&n, 2, map, strlen(map));
    put_number(&n, 3, prefix);
    put_number(&n, 4, squeeze);
    put_bytes(p, 3, n.bytes, n.size);
}

#define MARK "\xE2\x96\x81"

static proto small_model(void) {
    proto p = {.size = 0};
    put_piece(&p, "<unk>", 0, 2);
    put_piece(&p, "<s>", 0, 3);
    put_piece(&p, "</s>", 0, 3);
    put_piece(&p, "<0x41>", 0, 6);
    put_piece(&p, "ab", -0.5F, 1);
    put_piece(&p, MARK "ab", -1.5F, 1);
    put_piece(&p, MARK, -2.5F, 1);
    put_piece(&p, "a", -3.5F, 1);
    put_piece(&p, "b", -4.5F, 1);
    put_trainer(&p, 2, -1);
    put_normalizer(&p, "", 1, 0);
    return p;
}

/* --- the vocabulary as the engine sees it ------------------------------------------------------------------------- */

static gb_gguf *as_gguf(const gb_vocab *v) {
    gb_error err = {0};
    gb_gguf_writer *w = NULL;
    gb_gguf *f = NULL;
    ck_assert_int_eq(gb_gguf_writer_new(scratch("vocab.gguf"), &w, &err), GB_OK);
    ck_assert_msg(gb_vocab_put(v, w, &err) == GB_OK, "%s", err.text);
    ck_assert_int_eq(gb_gguf_begin_data(w, &err), GB_OK);
    ck_assert_int_eq(gb_gguf_writer_commit(w, &err), GB_OK);
    ck_assert_int_eq(gb_gguf_open(scratch("vocab.gguf"), &f, &err), GB_OK);
    return f;
}

/* Ids as text: "1 5 4". */
static const char *tokens_of(const gb_vocab *v, const char *text) {
    static char out[512];
    gb_gguf *f = as_gguf(v);
    gb_tokenizer *t = NULL;
    gb_error err = {0};
    int32_t *ids = NULL;
    size_t count = 0;
    size_t used = 0;
    ck_assert_msg(gb_tokenizer_new(f, &t, &err) == GB_OK, "%s", err.text);
    ck_assert_msg(gb_tokenize(t, text, strlen(text), true, true, &ids, &count, &err) == GB_OK, "%s", err.text);
    out[0] = '\0';
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(out + used, sizeof out - used, "%s%d", i ? " " : "", ids[i]);
    free(ids);
    gb_tokenizer_free(t);
    gb_gguf_close(f);
    return out;
}

static gb_json no_config(void) {
    gb_json j;
    gb_error err = {0};
    ck_assert_int_eq(gb_json_parse("config.json", "{}", 2, &j, &err), GB_OK);
    return j;
}

static gb_vocab import(size_t model_vocab, gb_notes *notes) {
    gb_vocab v;
    gb_notes local = {.count = 0};
    gb_error err = {0};
    gb_json config = no_config();
    ck_assert_msg(gb_hf_vocab_read(scratch("."), NULL, &config, model_vocab, &v, notes ? notes : &local, &err) == GB_OK,
                  "%s", err.text);
    gb_json_close(&config);
    return v;
}

static void refuse(const char *word) {
    gb_vocab v;
    gb_notes notes = {.count = 0};
    gb_error err = {0};
    gb_json config = no_config();
    ck_assert_msg(gb_hf_vocab_read(scratch("."), NULL, &config, 0, &v, &notes, &err) == GB_EINPUT,
                  "accepted; expected '%s'", word);
    ck_assert_msg(strstr(err.text, word) != NULL, "'%s' does not say '%s'", err.text, word);
    gb_json_close(&config);
}

/* --- tokenizer.model ---------------------------------------------------------------------------------------------- */

START_TEST(sentencepiece_model) {
    const proto p = small_model();
    gb_notes notes = {.count = 0};
    (void)bytes_save("tokenizer.model", p.bytes, p.size);
    gb_vocab v = import(11, &notes);
    ck_assert(!v.bpe);
    ck_assert_uint_eq(v.count, 11);
    ck_assert_uint_eq(notes.count, 0);
    ck_assert(gb_str_equal(v.tokens[5], MARK "ab") && gb_str_equal(v.tokens[9], "[PAD9]"));
    ck_assert_int_eq(v.types[0], GB_TOKEN_UNKNOWN);
    ck_assert_int_eq(v.types[2], GB_TOKEN_CONTROL);
    ck_assert_int_eq(v.types[3], GB_TOKEN_BYTE);
    ck_assert_int_eq(v.types[8], GB_TOKEN_NORMAL);
    ck_assert_int_eq(v.types[10], GB_TOKEN_UNUSED);
    ck_assert_float_eq(v.scores[7], -3.5F);
    ck_assert_int_eq(v.special[GB_SPECIAL_BOS], 1);
    ck_assert_int_eq(v.special[GB_SPECIAL_EOS], 2);
    ck_assert_int_eq(v.special[GB_SPECIAL_UNK], 0);
    ck_assert_int_eq(v.special[GB_SPECIAL_PAD], -1);
    ck_assert_int_eq(v.space_prefix, 1);
    ck_assert_str_eq(tokens_of(&v, "ab Abb"), "1 5 6 3 8 8");
    gb_vocab_free(&v);
}
END_TEST

/* What lies beside a tokenizer.model: added tokens, special tokens, flags, templates. */
START_TEST(settings_beside_a_model) {
    const proto p = small_model();
    (void)bytes_save("tokenizer.model", p.bytes, p.size);
    (void)text_save("added_tokens.json", "{\"<pad>\": 9, \"" MARK "user\": 10, \"beyond\": 12}");
    (void)text_save("tokenizer_config.json",
                    "{\"add_bos_token\": false, \"add_eos_token\": true, \"add_prefix_space\": false,"
                    "\"bos_token\": {\"content\": \"</s>\"}, \"eos_token\": \"<s>\", \"pad_token\": \"<pad>\","
                    "\"unk_token\": null, \"chat_template\": \"{{ messages }}\","
                    "\"added_tokens_decoder\": {\"0\": {\"content\": \"<unk>\", \"special\": true},"
                    "\"11\": {\"content\": \"<tool>\", \"special\": true}}}");
    gb_vocab v = import(12, NULL);
    ck_assert_int_eq(v.types[0], GB_TOKEN_UNKNOWN);
    ck_assert_int_eq(v.types[9], GB_TOKEN_CONTROL);
    ck_assert_int_eq(v.types[10], GB_TOKEN_USER);
    ck_assert(gb_str_equal(v.tokens[10], " user"));
    ck_assert_int_eq(v.types[11], GB_TOKEN_CONTROL);
    ck_assert_int_eq(v.special[GB_SPECIAL_BOS], 2);
    ck_assert_int_eq(v.special[GB_SPECIAL_EOS], 1);
    ck_assert_int_eq(v.special[GB_SPECIAL_PAD], 9);
    ck_assert_int_eq(v.special[GB_SPECIAL_UNK], 0);
    ck_assert_uint_eq(v.chat_count, 1);
    ck_assert_str_eq(v.chat[0].text, "{{ messages }}");
    ck_assert_str_eq(tokens_of(&v, "ab user<tool>"), "4 10 11 1");
    gb_vocab_free(&v);
}
END_TEST

START_TEST(chat_templates) {
    const proto p = small_model();
    gb_gguf *f = NULL;
    gb_str s;
    gb_error err = {0};
    (void)bytes_save("tokenizer.model", p.bytes, p.size);
    (void)text_save("chat_template.jinja", "from a file");
    gb_vocab v = import(0, NULL);
    ck_assert_str_eq(v.chat[0].text, "from a file");
    gb_vocab_free(&v);
    (void)text_save("tokenizer_config.json",
                    "{\"chat_template\": [{\"name\": \"default\", \"template\": \"A\"}, {\"name\": \"tool\", "
                    "\"template\": \"B\"}]}");
    v = import(0, NULL);
    f = as_gguf(&v);
    ck_assert_int_eq(gb_gguf_get_str(f, "tokenizer.chat_template", &s, &err), GB_OK);
    ck_assert(gb_str_equal(s, "A"));
    ck_assert_int_eq(gb_gguf_get_str(f, "tokenizer.chat_template.tool", &s, &err), GB_OK);
    ck_assert(gb_str_equal(s, "B"));
    gb_gguf_close(f);
    gb_vocab_free(&v);
    (void)text_save("tokenizer_config.json", "{\"chat_template\": [{\"name\": 1}]}");
    refuse("an entry without name or template");
    (void)unlink(scratch("tokenizer_config.json"));
    (void)bytes_save("chat_template.jinja", "a\0b", 3);
    refuse("expected a text");
}
END_TEST

/* Things that GGUF cannot hold are said, not swallowed. */
START_TEST(sentencepiece_notes) {
    proto p = {.size = 0};
    gb_notes notes = {.count = 0};
    put_piece(&p, "<unk>", 0, 2);
    put_piece(&p, "a", 0, 1);
    put_trainer(&p, 2, 1);
    put_normalizer(&p, "map", 0, 1);
    (void)bytes_save("tokenizer.model", p.bytes, p.size);
    gb_vocab v = import(1, &notes);
    ck_assert_uint_eq(v.count, 1);
    ck_assert_int_eq(v.space_prefix, 0);
    ck_assert(has_note(&notes, "normalization of characters"));
    ck_assert(has_note(&notes, "runs of spaces"));
    ck_assert(has_note(&notes, "has 2 tokens, the model 1"));
    gb_vocab_free(&v);
}
END_TEST

static void refuse_proto(const proto *p, const char *word) {
    (void)bytes_save("tokenizer.model", p->bytes, p->size);
    refuse(word);
}

START_TEST(hostile_sentencepiece) {
    const proto good = small_model();
    proto p = good;
    put_trainer(&p, 1, -1);
    refuse_proto(&p, "type 1, expected 2");
    p = (proto){.size = 0};
    put_piece(&p, "", 0, 1);
    refuse_proto(&p, "a piece without text");
    p = good;
    put_piece(&p, "a", 0, 1);
    refuse_proto(&p, "tokens 7 and 9 are both 'a'");
    p = good;
    put_piece(&p, "x", 0, 7);
    refuse_proto(&p, "unknown type");
    p = good;
    put_piece(&p, "x", -__builtin_nanf(""), 1);
    refuse_proto(&p, "whose score is no number");
    p = good;
    put_piece(&p, "x", __builtin_inff(), 1);
    refuse_proto(&p, "whose score is no number");
    p = good;
    put_number(&p, 1, 5);
    refuse_proto(&p, "a field of another kind");
    p = good;
    put_varint(&p, 1 << 3 | 3); /* a group */
    refuse_proto(&p, "unknown kind of field");
    p = good;
    put_varint(&p, 9 << 3 | 2);
    put_varint(&p, UINT64_MAX);
    refuse_proto(&p, "reaches beyond its message");
    p = good;
    for (int i = 0; i < 11; i++) put(&p, "\xFF", 1);
    refuse_proto(&p, "more than 64 bits");
    p = good;
    put(&p, "\x80", 1);
    refuse_proto(&p, "ends inside a number");
    p = good;
    put(&p, "\x4D\x00", 2); /* field 9, four bytes, of which one is there */
    refuse_proto(&p, "ends inside a number");
    /* every truncation of the good file is refused or another vocabulary, never a crash */
    for (size_t size = 1; size < good.size; size++) {
        gb_vocab v;
        gb_json json;
        gb_notes notes = {.count = 0};
        gb_error err = {0};
        (void)bytes_save("tokenizer.model", good.bytes, size);
        if (gb_tokenizer_file_read(scratch("tokenizer.model"), 0, &v, &json, &notes, &err) == GB_OK) gb_vocab_free(&v);
    }
    (void)text_save("tokenizer.model", "IQ== 0\nIg== 1\n"); /* a list of ranks, as Llama 3 has it */
    refuse("tokenizer.model is no SentencePiece model, and there is no tokenizer.json");
    (void)unlink(scratch("tokenizer.model"));
    refuse("neither tokenizer.model nor tokenizer.json");
}
END_TEST

/* --- tokenizer.json ----------------------------------------------------------------------------------------------- */

#define BYTES                       "{\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"use_regex\": false}"
#define SPLIT(expression, behavior) "{\"type\": \"Split\", \"pattern\": {\"Regex\": \"" expression "\"}, " behavior "}"
#define ISOLATED                    "\"behavior\": \"Isolated\", \"invert\": false"
#define LLAMA3                                                                                                         \
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}{1,3}| "                             \
    "?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+"
#define TEKKEN                                                                                                         \
    "[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?[\\\\p{Lu}\\\\p{Lt}\\\\p{Lm}\\\\p{Lo}\\\\p{M}]*[\\\\p{Ll}\\\\p{Lm}\\\\p{Lo}\\\\p{"  \
    "M}]+|"                                                                                                            \
    "[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?[\\\\p{Lu}\\\\p{Lt}\\\\p{Lm}\\\\p{Lo}\\\\p{M}]+[\\\\p{Ll}\\\\p{Lm}\\\\p{Lo}\\\\p{"  \
    "M}]*|"                                                                                                            \
    "\\\\p{N}| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n/]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+"
#define SEQUENCE(members) "{\"type\": \"Sequence\", \"pretokenizers\": [" members "]}"

/* A name that the engine does not know would make files that it refuses. */
START_TEST(known_pre_tokenizers) {
    static const struct {
        const char *json, *name;
    } cases[] = {
        {SEQUENCE(SPLIT(LLAMA3, ISOLATED) ", " BYTES), "llama-bpe"},
        {SEQUENCE(SPLIT(LLAMA3, "\"behavior\": \"Removed\", \"invert\": true") ", " BYTES), "llama-bpe"},
        {SEQUENCE(SPLIT(TEKKEN, ISOLATED) ", " BYTES), "tekken"},
        {"{\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"trim_offsets\": true}", "gpt-2"},
        {SEQUENCE(
             "{\"type\": \"Digits\", \"individual_digits\": true}, {\"type\": \"ByteLevel\", \"use_regex\": true}"),
         "smollm"},
        {SEQUENCE(SPLIT("[\\r\\n]", ISOLATED) ", " SPLIT("\\\\s?\\\\p{L}+", ISOLATED) ", " SPLIT(
             "\\\\s?\\\\p{P}+",
             ISOLATED) ", " SPLIT("[\xE4\xB8\x80-\xE9\xBE\xA5\xE0\xA0\x80-\xE4\xB8\x80\xEA\xB0\x80-\xED\x9F\xBF]+",
                                  ISOLATED) ", {\"type\": \"Digits\", \"individual_digits\": true}, " BYTES),
         "deepseek-coder"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gb_json j;
        gb_error err = {0};
        gb_pretok *p = NULL;
        const char *name = NULL;
        bool whole_first = false;
        ck_assert_msg(gb_json_parse("t", cases[i].json, strlen(cases[i].json), &j, &err) == GB_OK, "%s", err.text);
        ck_assert_msg(gb_pretok_recognize(&j, j.root, &name, &whole_first, &err) == GB_OK, "%s", err.text);
        ck_assert_str_eq(name, cases[i].name);
        ck_assert_msg(gb_pretok_new((gb_str){name, strlen(name)}, &p, &err) == GB_OK, "%s", err.text);
        ck_assert_int_eq(gb_pretok_whole_first(p), whole_first);
        gb_pretok_free(p);
        gb_json_close(&j);
    }
}
END_TEST

START_TEST(unknown_pre_tokenizers) {
    static const struct {
        const char *json, *word;
    } cases[] = {
        {SEQUENCE(SPLIT("\\\\w+", ISOLATED) ", " BYTES), "found: split \\w+; bytes"},
        {SEQUENCE(SPLIT(LLAMA3, ISOLATED)), "is not known"},
        {SEQUENCE(BYTES), "is not known"},
        {SEQUENCE(SPLIT(LLAMA3, ISOLATED) ", " BYTES ", " BYTES), "is not known"},
        {SEQUENCE(SPLIT(LLAMA3, "\"behavior\": \"MergedWithNext\"") ", " BYTES), "behavior 'MergedWithNext'"},
        {SEQUENCE("{\"type\": \"Split\", " ISOLATED "}, " BYTES), "a Split without expression"},
        {SEQUENCE("{\"type\": \"Whitespace\"}, " BYTES), "found: Whitespace; bytes"},
        {"{\"type\": \"ByteLevel\", \"add_prefix_space\": true}", "add_prefix_space is not supported"},
        {SEQUENCE(BYTES ", " BYTES ", " BYTES ", " BYTES ", " BYTES ", " BYTES ", " BYTES ", " BYTES ", " BYTES),
         "more than 8 steps"},
        {"{\"type\": 3}", "'type' is a number"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gb_json j;
        gb_error err = {0};
        const char *name = NULL;
        bool whole_first = false;
        ck_assert_msg(gb_json_parse("t", cases[i].json, strlen(cases[i].json), &j, &err) == GB_OK, "%s", err.text);
        ck_assert_int_eq(gb_pretok_recognize(&j, j.root, &name, &whole_first, &err), GB_EINPUT);
        ck_assert_msg(strstr(err.text, cases[i].word) != NULL, "'%s' does not say '%s'", err.text, cases[i].word);
        gb_json_close(&j);
    }
}
END_TEST

#define BPE(model, rest) "{\"model\": {\"type\": \"BPE\", " model "}, " rest "}"
#define LLAMA3_PRE       "\"pre_tokenizer\": " SEQUENCE(SPLIT(LLAMA3, ISOLATED) ", " BYTES)

/* Merges in both spellings, added tokens, a template that puts BOS before a text. */
START_TEST(byte_level_json) {
    static const char *const merges[] = {"[\"a b\", \"\xC4\xA0 ab\"]", "[[\"a\", \"b\"], [\"\xC4\xA0\", \"ab\"]]"};
    for (size_t i = 0; i < 2; i++) {
        char text[4096];
        (void)snprintf(
            text, sizeof text,
            BPE("\"ignore_merges\": true, \"vocab\": {\"a\": 0, \"b\": 1, \"ab\": 2, \"\xC4\xA0\": 3, \"\xC4\xA0"
                "ab\": 4}, \"merges\": %s",
                LLAMA3_PRE
                ", \"added_tokens\": [{\"id\": 5, \"content\": \"<|begin|>\", \"special\": true},"
                "{\"id\": 6, \"content\": \"<|look|>\", \"special\": false},"
                "{\"id\": 7, \"content\": \"tool\", \"special\": false}],"
                "\"post_processor\": {\"type\": \"Sequence\", \"processors\": [{\"type\": \"ByteLevel\"},"
                "{\"type\": \"TemplateProcessing\", \"single\": [{\"SpecialToken\": {\"id\": \"<|begin|>\"}},"
                "{\"Sequence\": {\"id\": \"A\"}}]}]}"),
            merges[i]);
        (void)text_save("tokenizer.json", text);
        gb_notes notes = {.count = 0};
        gb_vocab v = import(10, &notes);
        ck_assert_uint_eq(notes.count, 0);
        ck_assert(v.bpe);
        ck_assert_str_eq(v.pre, "llama-bpe");
        ck_assert_uint_eq(v.merge_count, 2);
        ck_assert(gb_str_equal(v.merges[1], "\xC4\xA0 ab"));
        ck_assert_int_eq(v.types[5], GB_TOKEN_CONTROL);
        ck_assert_int_eq(v.types[6], GB_TOKEN_CONTROL); /* by its looks */
        ck_assert_int_eq(v.types[7], GB_TOKEN_USER);
        ck_assert_int_eq(v.types[8], GB_TOKEN_UNUSED);
        ck_assert_int_eq(v.special[GB_SPECIAL_BOS], 5);
        ck_assert_int_eq(v.add_bos, 1);
        ck_assert_str_eq(tokens_of(&v, "ab abba tool<|look|>"), "5 2 4 1 0 3 7 6");
        gb_vocab_free(&v);
    }
}
END_TEST

#define SPM_REST                                                                                                       \
    "\"normalizer\": {\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"Prepend\", \"prepend\": \"" MARK "\"},"   \
    "{\"type\": \"Replace\", \"pattern\": {\"String\": \" \"}, \"content\": \"" MARK "\"}]}, \"pre_tokenizer\": null," \
    "\"added_tokens\": [{\"id\": 0, \"content\": \"<unk>\", \"special\": true}, {\"id\": 1, \"content\": \"<s>\","     \
    "\"special\": true}]"

/* Scores stand for the order of merges: "bc" is made first, so "abc" is a + bc; later merges of the same token count
 * for nothing. */
START_TEST(sentencepiece_type_json) {
    gb_notes notes = {.count = 0};
    (void)text_save("tokenizer.json",
                    BPE("\"byte_fallback\": true, \"unk_token\": \"<unk>\", \"vocab\": {\"<unk>\": 0, \"<s>\": 1, "
                        "\"<0x41>\": 2, \"a\": 3, \"b\": 4, \"c\": 5, \"ab\": 6, \"bc\": 7, \"abc\": 8, \"" MARK
                        "\": 9, \"" MARK
                        "a\": 10, \"xyz\": 11}, \"merges\": [\"b c\", \"a b\", \"ab c\", \"a bc\", \"" MARK " a\"]",
                        SPM_REST));
    (void)text_save("tokenizer_config.json", "{\"bos_token\": \"<s>\", \"add_bos_token\": true}");
    gb_vocab v = import(0, &notes);
    ck_assert(!v.bpe);
    ck_assert_int_eq(v.types[0], GB_TOKEN_UNKNOWN);
    ck_assert_int_eq(v.types[1], GB_TOKEN_CONTROL);
    ck_assert_int_eq(v.types[2], GB_TOKEN_BYTE);
    ck_assert_int_eq(v.special[GB_SPECIAL_UNK], 0);
    ck_assert_int_eq(v.space_prefix, 1);
    ck_assert_float_eq(v.scores[7], 0.0F);
    ck_assert_float_eq(v.scores[6], -1.0F);
    ck_assert_float_eq(v.scores[8], -2.0F);
    ck_assert_float_eq(v.scores[10], -3.0F);
    ck_assert_float_eq(v.scores[3], -5.0F);
    ck_assert(has_note(&notes, "1 tokens of several characters"));
    ck_assert_str_eq(tokens_of(&v, "babc A"), "1 9 4 8 9 2");
    gb_vocab_free(&v);
}
END_TEST

START_TEST(space_prefix_of_metaspace) {
    static const struct {
        const char *members;
        int wanted;
    } cases[] = {{"\"prepend_scheme\": \"always\"", 1},
                 {"\"prepend_scheme\": \"first\"", 1},
                 {"\"prepend_scheme\": \"never\"", 0},
                 {"\"add_prefix_space\": false", 0},
                 {"\"replacement\": \"" MARK "\"", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[1024];
        (void)snprintf(text, sizeof text,
                       BPE("\"byte_fallback\": true, \"vocab\": {\"a\": 0}, \"merges\": []",
                           "\"pre_tokenizer\": {\"type\": \"Metaspace\", %s}"),
                       cases[i].members);
        (void)text_save("tokenizer.json", text);
        gb_vocab v = import(0, NULL);
        ck_assert_msg(v.space_prefix == cases[i].wanted, "%s", cases[i].members);
        gb_vocab_free(&v);
    }
}
END_TEST

#define VOCAB "\"vocab\": {\"a\": 0, \"b\": 1, \"ab\": 2}"

START_TEST(hostile_json) {
    static const struct {
        const char *json, *word;
    } cases[] = {
        {"{}", "the tokenizer's model is 'absent'"},
        {"{\"model\": {\"type\": \"WordPiece\"}}", "'WordPiece', expected 'BPE'"},
        {BPE("\"vocab\": [], \"merges\": []", LLAMA3_PRE), "no vocabulary"},
        {BPE(VOCAB, LLAMA3_PRE), "no merges"},
        {BPE(VOCAB ", \"merges\": []", "\"pre_tokenizer\": null"), "neither byte-level nor with byte_fallback"},
        {BPE(VOCAB ", \"merges\": [], \"byte_fallback\": true", "\"pre_tokenizer\": null"),
         "not a known SentencePiece"},
        {BPE("\"vocab\": {}, \"merges\": []", LLAMA3_PRE), "vocabulary is empty"},
        {BPE("\"vocab\": {\"a\": 0, \"b\": 0}, \"merges\": []", LLAMA3_PRE), "both have the id 0"},
        {BPE("\"vocab\": {\"a\": -1}, \"merges\": []", LLAMA3_PRE), "'a' has no id"},
        {BPE("\"vocab\": {\"a\": 0.5}, \"merges\": []", LLAMA3_PRE), "'a' has no id"},
        {BPE("\"vocab\": {\"a\": \"0\"}, \"merges\": []", LLAMA3_PRE), "'a' has no id"},
        {BPE("\"vocab\": {\"a\": 16777216}, \"merges\": []", LLAMA3_PRE), "'a' has no id"},
        {BPE("\"vocab\": {\"\": 0}, \"merges\": []", LLAMA3_PRE), "token 0 is empty"},
        {BPE(VOCAB ", \"merges\": [\"a c\"]", LLAMA3_PRE), "that is no token"},
        {BPE(VOCAB ", \"merges\": [\"b a\"]", LLAMA3_PRE), "that is no token"},
        {BPE(VOCAB ", \"merges\": [\"a b\", \"a b\"]", LLAMA3_PRE), "is there twice"},
        {BPE(VOCAB ", \"merges\": [\"ab\"]", LLAMA3_PRE), "a merge is not two tokens"},
        {BPE(VOCAB ", \"merges\": [\"\"]", LLAMA3_PRE), "a merge is not two tokens"},
        {BPE(VOCAB ", \"merges\": [[\"a\"]]", LLAMA3_PRE), "neither a text nor two texts"},
        {BPE(VOCAB ", \"merges\": [[\"a \", \"b\"]]", LLAMA3_PRE), "a token with a space"},
        {BPE(VOCAB ", \"merges\": [1]", LLAMA3_PRE), "neither a text nor two texts"},
        {BPE(VOCAB ", \"merges\": [], \"dropout\": 0.1", LLAMA3_PRE), "dropout"},
        {BPE(VOCAB ", \"merges\": [], \"end_of_word_suffix\": \"</w>\"", LLAMA3_PRE), "marks inside or behind words"},
        {BPE(VOCAB ", \"merges\": []", LLAMA3_PRE ", \"normalizer\": {\"type\": \"Lowercase\"}"), "other than NFC"},
        {BPE(VOCAB ", \"merges\": []", LLAMA3_PRE ", \"added_tokens\": {}"), "'added_tokens' is no array"},
        {BPE(VOCAB ", \"merges\": []", LLAMA3_PRE ", \"added_tokens\": [{\"content\": \"x\"}]"), "has no id"},
        {BPE(VOCAB ", \"merges\": []", LLAMA3_PRE ", \"added_tokens\": [{\"id\": 3}]"), "no content"},
        {BPE(VOCAB ", \"merges\": []", LLAMA3_PRE ", \"added_tokens\": [{\"id\": 3, \"content\": \"a\"}]"),
         "tokens 0 and 3 are both 'a'"},
        {"{\"model\": ", "not JSON"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)text_save("tokenizer.json", cases[i].json);
        refuse(cases[i].word);
    }
}
END_TEST

/* Notes: a normalization, and merges that are ignored where GGUF's name says otherwise. */
START_TEST(json_notes) {
    gb_notes notes = {.count = 0};
    (void)text_save("tokenizer.json",
                    BPE(VOCAB ", \"merges\": [\"a b\"]", LLAMA3_PRE
                        ", \"normalizer\": {\"type\": \"NFC\"}, \"added_tokens\": [{\"id\": 3, \"content\": \"x\"}]"));
    gb_vocab v = import(3, &notes);
    ck_assert_uint_eq(v.count, 3);
    gb_vocab_free(&v);
    ck_assert(has_note(&notes, "NFC"));
    ck_assert(has_note(&notes, "ignore_merges is false"));
    ck_assert(has_note(&notes, "ids up to 3, the model 3 rows"));
}
END_TEST

/* --- special ids -------------------------------------------------------------------------------------------------- */

START_TEST(special_ids_of_config) {
    static const char text[] = "{\"bos_token_id\": 1, \"eos_token_id\": [2, 3], \"pad_token_id\": 99}";
    gb_json config;
    gb_vocab v;
    gb_notes notes = {.count = 0};
    gb_error err = {0};
    const proto p = small_model();
    (void)bytes_save("tokenizer.model", p.bytes, p.size);
    (void)text_save("tokenizer_config.json", "{\"bos_token\": \"nowhere\", \"add_eos_token\": \"yes\"}");
    ck_assert_int_eq(gb_json_parse("config.json", text, strlen(text), &config, &err), GB_OK);
    ck_assert_int_eq(gb_hf_vocab_read(scratch("."), NULL, &config, 0, &v, &notes, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "'add_eos_token' is a string"));
    (void)text_save("tokenizer_config.json", "{\"bos_token\": \"nowhere\"}");
    ck_assert_int_eq(gb_hf_vocab_read(scratch("."), NULL, &config, 0, &v, &notes, &err), GB_OK);
    ck_assert_int_eq(v.special[GB_SPECIAL_BOS], 1);
    ck_assert_int_eq(v.special[GB_SPECIAL_EOS], 2); /* the tokenizer's own: a list has no place */
    ck_assert_int_eq(v.special[GB_SPECIAL_PAD], -1);
    gb_vocab_free(&v);
    gb_json_close(&config);
}
END_TEST

/* --- tokenizer.bin ------------------------------------------------------------------------------------------------ */

START_TEST(hostile_bin) {
    static const struct {
        const char *bytes;
        size_t size;
        const char *word;
    } cases[] = {
        {"\x07\0\0\0", 4, "tokenizer"},
        {"\x07\0\0\0\0\0\0\0\x01\0\0\0", 12, "token 0 has 1 bytes"},
        {"\x07\0\0\0\0\0\0\0\0\0\0\0x", 13, "token 0 has 0 bytes"},
        {"\x07\0\0\0\0\0\0\0\xFF\xFF\xFF\xFFx", 13, "token 0 has -1 bytes"},
        {"\x07\0\0\0\0\0\0\0\x01\0\0\0xyz", 15, "ends before token 1"},
        {"\x07\0\0\0\0\0\xC0\x7F\x01\0\0\0x", 13, "score of token 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gb_vocab v;
        gb_json json;
        gb_notes notes = {.count = 0};
        gb_error err = {0};
        (void)bytes_save("t.bin", cases[i].bytes, cases[i].size);
        const int rc = gb_tokenizer_file_read(scratch("t.bin"), i ? 3 : 0, &v, &json, &notes, &err);
        if (i == 0) { /* nothing in it: no vocabulary, but no harm */
            gb_vocab_free(&v);
            continue;
        }
        ck_assert_int_eq(rc, GB_EINPUT);
        ck_assert_msg(strstr(err.text, cases[i].word) != NULL, "'%s' does not say '%s'", err.text, cases[i].word);
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("vocab_import");
    TCase *t = tcase_create("vocab_import");
    tcase_add_checked_fixture(t, scratch_enter, scratch_leave);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, sentencepiece_model);
    tcase_add_test(t, settings_beside_a_model);
    tcase_add_test(t, chat_templates);
    tcase_add_test(t, sentencepiece_notes);
    tcase_add_test(t, hostile_sentencepiece);
    tcase_add_test(t, known_pre_tokenizers);
    tcase_add_test(t, unknown_pre_tokenizers);
    tcase_add_test(t, byte_level_json);
    tcase_add_test(t, sentencepiece_type_json);
    tcase_add_test(t, space_prefix_of_metaspace);
    tcase_add_test(t, hostile_json);
    tcase_add_test(t, json_notes);
    tcase_add_test(t, special_ids_of_config);
    tcase_add_test(t, hostile_bin);
    suite_add_tcase(s, t);
    return run_suite(s);
}
