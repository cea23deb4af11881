#include "tests/support/vocab_file.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static gb_str str(const char *s) {
    return (gb_str){.data = s, .size = strlen(s)};
}

static void put_arrays(gb_gguf_writer *w, const test_vocab *v, gb_error *err) {
    const size_t room = v->count + v->types + v->scores + v->merge_count + 1;
    gb_str *texts = calloc(room, sizeof *texts);
    int32_t *types = calloc(room, sizeof *types);
    float *scores = calloc(room, sizeof *scores);
    ck_assert(texts && types && scores);
    for (size_t i = 0; i < v->count; i++) {
        texts[i] = str(v->tokens[i].piece);
        types[i] = v->tokens[i].type;
        scores[i] = v->tokens[i].score;
    }
    if (v->tokens) ck_assert_int_eq(gb_gguf_put_str_array(w, "tokenizer.ggml.tokens", texts, v->count, err), 0);
    if (v->types) ck_assert_int_eq(gb_gguf_put_i32_array(w, "tokenizer.ggml.token_type", types, v->types, err), 0);
    if (v->scores) ck_assert_int_eq(gb_gguf_put_f32_array(w, "tokenizer.ggml.scores", scores, v->scores, err), 0);
    for (size_t i = 0; i < v->merge_count; i++) texts[i] = str(v->merges[i]);
    if (v->merges) ck_assert_int_eq(gb_gguf_put_str_array(w, "tokenizer.ggml.merges", texts, v->merge_count, err), 0);
    free(texts);
    free(types);
    free(scores);
}

static void put_id(gb_gguf_writer *w, const char *name, int64_t id, gb_error *err) {
    if (id >= 0) ck_assert_int_eq(gb_gguf_put_u32(w, name, (uint32_t)id, err), 0);
}

static void put_flag(gb_gguf_writer *w, const char *name, int flag, gb_error *err) {
    if (flag >= 0) ck_assert_int_eq(gb_gguf_put_bool(w, name, flag != 0, err), 0);
}

gb_gguf *test_vocab_open(const test_vocab *v) {
    gb_error err = {0};
    gb_gguf_writer *w = NULL;
    gb_gguf *file = NULL;
    char path[64];
    (void)snprintf(path, sizeof path, "test_vocab_%ld.gguf", (long)getpid());
    ck_assert_msg(gb_gguf_writer_new(path, &w, &err) == 0, "%s", err.text);
    if (v->model) ck_assert_int_eq(gb_gguf_put_str(w, "tokenizer.ggml.model", v->model, &err), 0);
    if (v->pre) ck_assert_int_eq(gb_gguf_put_str(w, "tokenizer.ggml.pre", v->pre, &err), 0);
    put_arrays(w, v, &err);
    put_id(w, "tokenizer.ggml.bos_token_id", v->bos, &err);
    put_id(w, "tokenizer.ggml.eos_token_id", v->eos, &err);
    put_id(w, "tokenizer.ggml.unknown_token_id", v->unk, &err);
    put_flag(w, "tokenizer.ggml.add_bos_token", v->add_bos, &err);
    put_flag(w, "tokenizer.ggml.add_eos_token", v->add_eos, &err);
    put_flag(w, "tokenizer.ggml.add_space_prefix", v->space_prefix, &err);
    ck_assert_msg(gb_gguf_begin_data(w, &err) == 0, "%s", err.text);
    ck_assert_msg(gb_gguf_writer_commit(w, &err) == 0, "%s", err.text);
    ck_assert_msg(gb_gguf_open(path, &file, &err) == 0, "%s", err.text);
    (void)unlink(path); /* the mapping keeps it */
    return file;
}
