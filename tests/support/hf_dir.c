#include "tests/support/hf_dir.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reference/number.h"
#include "tests/support/image.h"

const char hf_small_tokenizer[] =
    "{\"added_tokens\": [{\"id\": 3, \"content\": \"<|end|>\", \"special\": true}],"
    "\"normalizer\": null, \"pre_tokenizer\": {\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Split\","
    "\"pattern\": {\"Regex\": \"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}|"
    " ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+\"}, \"behavior\": "
    "\"Isolated\","
    "\"invert\": false}, {\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"use_regex\": false}]},"
    "\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 1, \"ab\": 2}, \"merges\": [\"a b\"]}}";

/* --- growing text ------------------------------------------------------------------------------------------------- */

typedef struct text {
    char bytes[1 << 16];
    size_t size;
} text;

__attribute__((format(printf, 2, 3))) static void say(text *t, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(t->bytes + t->size, sizeof t->bytes - t->size, format, args);
    va_end(args);
    ck_assert_int_ge(n, 0);
    t->size += (size_t)n;
    ck_assert_uint_lt(t->size, sizeof t->bytes);
}

/* --- files -------------------------------------------------------------------------------------------------------- */

const char *bytes_save(const char *name, const void *data, size_t size) {
    const char *path = scratch(name);
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    if (size) ck_assert_uint_eq(fwrite(data, 1, size, f), size);
    ck_assert_int_eq(fclose(f), 0);
    return path;
}

const char *text_save(const char *name, const char *content) {
    return bytes_save(name, content, strlen(content));
}

static FILE *begin(const char *path, const char *header) {
    FILE *f = fopen(path, "wb");
    const uint64_t size = strlen(header);
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(&size, sizeof size, 1, f), 1);
    ck_assert_uint_eq(fwrite(header, 1, size, f), size);
    return f;
}

const char *st_save_raw(const char *name, const char *header, size_t data_bytes) {
    const char *path = scratch(name);
    FILE *f = begin(path, header);
    for (size_t i = 0; i < data_bytes; i++) ck_assert_int_eq(fputc(0, f), 0);
    ck_assert_int_eq(fclose(f), 0);
    return path;
}

const char *st_save(const char *name, const st_entry *entries, size_t count) {
    const char *path = scratch(name);
    text header = {.size = 0};
    size_t at = 0;
    say(&header, "{\"__metadata__\": {\"format\": \"pt\"}");
    for (size_t i = 0; i < count; i++) {
        const st_entry *e = &entries[i];
        say(&header, ", \"%s\": {\"dtype\": \"%s\", \"shape\": [", e->name, e->dtype);
        for (size_t d = 0; d < e->dims; d++) say(&header, "%s%zu", d ? ", " : "", e->shape[d]);
        say(&header, "], \"data_offsets\": [%zu, %zu]}", at, at + e->bytes);
        at += e->bytes;
    }
    say(&header, "}   "); /* padding, as the format allows */
    FILE *f = begin(path, header.bytes);
    for (size_t i = 0; i < count; i++)
        if (entries[i].bytes) ck_assert_uint_eq(fwrite(entries[i].data, entries[i].bytes, 1, f), 1);
    ck_assert_int_eq(fclose(f), 0);
    return path;
}

void *as_dtype(const float *x, size_t n, const char *dtype, size_t *bytes) {
    const bool f32 = strcmp(dtype, "F32") == 0;
    const bool f16 = strcmp(dtype, "F16") == 0;
    *bytes = n * (f32 ? 4 : 2);
    uint8_t *out = malloc(*bytes + 1);
    ck_assert_ptr_nonnull(out);
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = 0;
        memcpy(&bits, &x[i], sizeof bits);
        const uint16_t half = f16 ? gb_f16_from_f32(x[i]) : (uint16_t)(bits >> 16); /* exact: few bits are set */
        memcpy(out + i * (f32 ? 4 : 2), f32 ? (const void *)&bits : &half, f32 ? 4 : 2);
    }
    return out;
}

/* --- directories -------------------------------------------------------------------------------------------------- */

static void member(text *t, const hf_dir *d, const char *key, const char *value) {
    char quoted[64];
    (void)snprintf(quoted, sizeof quoted, "\"%s\"", key);
    if (d->config && strstr(d->config, quoted)) return; /* replaced */
    say(t, "%s%s: %s", t->size > 1 ? ", " : "", quoted, value);
}

static void member_size(text *t, const hf_dir *d, const char *key, size_t value) {
    char digits[32];
    (void)snprintf(digits, sizeof digits, "%zu", value);
    member(t, d, key, digits);
}

static void write_config(const float_model *m, const hf_dir *d) {
    text t = {.size = 0};
    char value[64];
    say(&t, "{");
    (void)snprintf(value, sizeof value, "[\"%s\"]", d->class);
    member(&t, d, "architectures", value);
    member_size(&t, d, "vocab_size", m->vocab);
    member_size(&t, d, "max_position_embeddings", m->context);
    member_size(&t, d, "hidden_size", m->dim);
    member_size(&t, d, "num_hidden_layers", m->layers);
    member_size(&t, d, "num_attention_heads", m->heads);
    member_size(&t, d, "num_key_value_heads", m->kv_heads);
    member_size(&t, d, "intermediate_size", m->ffn);
    if (m->head_dim * m->heads != m->dim) member_size(&t, d, "head_dim", m->head_dim);
    member(&t, d, "hidden_act", "\"silu\"");
    member(&t, d, "tie_word_embeddings", m->tied ? "true" : "false");
    member(&t, d, "attention_bias", m->o_bias ? "true" : "false");
    member(&t, d, "mlp_bias", m->mlp_bias ? "true" : "false");
    (void)snprintf(value, sizeof value, "%.9g", (double)m->eps);
    member(&t, d, "rms_norm_eps", value);
    (void)snprintf(value, sizeof value, "%.9g", (double)m->rope_base);
    member(&t, d, "rope_theta", value);
    if (d->config) say(&t, ", %s", d->config);
    say(&t, "}");
    text_save("config.json", t.bytes);
}

const char *part_name(const float_tensor *t, const char *ending) {
    static char names[1024][128];
    static unsigned turn;
    char *name = names[turn++ % 1024];
    (void)snprintf(name, sizeof names[0], "%.*s%s", (int)(strlen(t->name) - strlen("weight")), t->name, ending);
    return name;
}

/* All tensors as they will stand in the files; their data is malloc'ed. */
static size_t all_entries(float_model *m, const hf_dir *d, st_entry *entries) {
    size_t count = 0;
    for (size_t i = 0; i < m->count; i++) {
        float_tensor *t = &m->tensors[i];
        if (d->skip && strcmp(d->skip, t->name) == 0) continue;
        const size_t parts = d->pack ? d->pack(d->ctx, t, entries + count) : 0;
        count += parts;
        if (parts) continue;
        st_entry *e = &entries[count++];
        *e = (st_entry){.name = d->rename && strcmp(d->rename, t->name) == 0 ? "model.other.weight" : t->name,
                        .dtype = d->dtype,
                        .dims = t->rows ? 2 : 1,
                        .shape = {t->rows ? t->rows : t->cols, t->cols, 1}};
        e->data = as_dtype(t->data, (t->rows ? t->rows : 1) * t->cols, d->dtype, &e->bytes);
    }
    return count;
}

/* Parts of one matrix may come to lie in two files. */
static void write_shards(const st_entry *entries, size_t count, size_t shards) {
    text index = {.size = 0};
    say(&index, "{\"metadata\": {\"total_size\": 0}, \"weight_map\": {");
    for (size_t s = 0; s < shards; s++) {
        char name[64];
        const size_t first = count * s / shards;
        const size_t end = count * (s + 1) / shards;
        (void)snprintf(name, sizeof name, "model-%05zu-of-%05zu.safetensors", s + 1, shards);
        (void)st_save(name, entries + first, end - first);
        for (size_t i = first; i < end; i++) say(&index, "%s\"%s\": \"%s\"", i ? ", " : "", entries[i].name, name);
    }
    say(&index, "}}");
    text_save("model.safetensors.index.json", index.bytes);
}

void hf_dir_write(float_model *m, const hf_dir *d) {
    static st_entry entries[FLOAT_MODEL_TENSORS * HF_PARTS];
    write_config(m, d);
    const size_t count = all_entries(m, d, entries);
    if (d->shards)
        write_shards(entries, count, d->shards);
    else
        (void)st_save("model.safetensors", entries, count);
    for (size_t i = 0; i < count; i++) free((void *)(uintptr_t)entries[i].data);
    text_save("tokenizer.json", d->tokenizer ? d->tokenizer : hf_small_tokenizer);
}
