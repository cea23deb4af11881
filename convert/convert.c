#include "convert/convert.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "convert/hf_vocab.h"
#include "convert/packed.h"
#include "convert/path.h"
#include "convert/tokenizer_file.h"

enum { MAX_CONFIG = 16 << 20, QUANTIZATION_VERSION = 2 };

/* --- what kind of source ------------------------------------------------------------------------------------------ */

typedef enum source_kind { DIRECTORY, SAFETENSORS, LLAMA2C } source_kind;

static int kind_of_file(const char *path, source_kind *kind, gb_error *err) {
    static const struct {
        const char *bytes, *what;
    } others[] = {{"GGUF", "a GGUF file already"},
                  {"PK\x03\x04", "a PyTorch checkpoint; only safetensors can be read"},
                  {"\x80\x02", "a pickled PyTorch checkpoint; only safetensors can be read"}};
    gb_map map = {0};
    int rc = gb_map_open(path, &map, err);
    if (rc) return rc;
    if (map.size > 8 && map.data[8] == '{')
        *kind = SAFETENSORS;
    else if (gb_llama2c_probe(map.data, map.size))
        *kind = LLAMA2C;
    else
        rc = gb_fail(err, GB_EINPUT, "%s: neither a safetensors file nor a llama2.c model", path);
    for (size_t i = 0; rc && i < sizeof others / sizeof others[0]; i++) {
        const size_t n = strlen(others[i].bytes);
        if (map.size >= n && memcmp(map.data, others[i].bytes, n) == 0)
            rc = gb_fail(err, GB_EINPUT, "%s: %s", path, others[i].what);
    }
    gb_map_close(&map);
    return rc;
}

static int kind_of(const char *path, source_kind *kind, gb_error *err) {
    struct stat st;
    *kind = DIRECTORY;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? GB_OK : kind_of_file(path, kind, err);
}

/* The directory of a file, the last part of a name without its ending. */
static int directory_of(const char *path, char out[GB_PATH_SIZE], gb_error *err) {
    const char *slash = strrchr(path, '/');
    const int n = slash ? snprintf(out, GB_PATH_SIZE, "%.*s", (int)(slash == path ? 1 : slash - path), path)
                        : snprintf(out, GB_PATH_SIZE, ".");
    return n >= 0 && n < GB_PATH_SIZE ? GB_OK : gb_fail(err, GB_EINPUT, "%s: the name is too long", path);
}

static void name_of(const char *path, bool ending, char out[128]) {
    char *real = realpath(path, NULL); /* "." has a name too */
    const char *base = real ? strrchr(real, '/') : NULL;
    (void)snprintf(out, 128, "%s", base && base[1] ? base + 1 : "model");
    char *dot = ending ? strrchr(out, '.') : NULL;
    if (dot && dot != out) *dot = '\0';
    free(real);
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static int open_hf(gb_source *s, const gb_convert_options *o, bool directory, gb_error *err) {
    char dir[GB_PATH_SIZE];
    char path[GB_PATH_SIZE];
    gb_json config = {0};
    int rc = directory ? gb_path_join(o->source, "", dir, err) : directory_of(o->source, dir, err);
    if (rc) return rc;
    s->kind = "safetensors";
    name_of(directory ? o->source : dir, false, s->name);
    if ((rc = gb_path_join(dir, "config.json", path, err)) || (rc = gb_json_open(path, MAX_CONFIG, &config, err)))
        return rc;
    rc = gb_hf_config_read(&config, &s->hyper, &s->notes, err);
    if (!rc) rc = gb_quant_config_read(&config, dir, &s->quant, err);
    if (!rc) rc = gb_checkpoint_open(o->source, directory, &s->checkpoint, err);
    if (!rc) rc = gb_hf_tensors(s, o->source, err);
    if (!rc) rc = gb_hf_vocab_read(dir, o->tokenizer, &config, (size_t)s->hyper.vocab, &s->vocab, &s->notes, err);
    gb_json_close(&config);
    return rc;
}

/* Beside the model: tokN.bin for a vocabulary of N, as llama2.c's own trainer names them, or tokenizer.bin. */
static int find_bin_tokenizer(const gb_source *s, const char *model, char path[GB_PATH_SIZE], gb_error *err) {
    char dir[GB_PATH_SIZE];
    char name[32];
    (void)snprintf(name, sizeof name, "tok%llu.bin", (unsigned long long)s->hyper.vocab);
    int rc = directory_of(model, dir, err);
    if (!rc) rc = gb_path_join(dir, name, path, err);
    if (rc || access(path, F_OK) == 0) return rc;
    rc = gb_path_join(dir, "tokenizer.bin", path, err);
    if (rc || access(path, F_OK) == 0) return rc;
    return gb_fail(err, GB_EINPUT,
                   "%s: neither %s nor tokenizer.bin is beside it; --tokenizer FILE names the tokenizer", model, name);
}

static int open_llama2c(gb_source *s, const gb_convert_options *o, gb_error *err) {
    char path[GB_PATH_SIZE];
    gb_json json = {0};
    int rc = gb_llama2c_open(s, o->source, err);
    if (rc) return rc;
    name_of(o->source, true, s->name);
    if (!o->tokenizer) rc = find_bin_tokenizer(s, o->source, path, err);
    const char *tokenizer = o->tokenizer ? o->tokenizer : path;
    if (!rc) rc = gb_tokenizer_file_read(tokenizer, (size_t)s->hyper.vocab, &s->vocab, &json, &s->notes, err);
    if (!rc) rc = gb_vocab_pad(&s->vocab, err);
    if (!rc) rc = gb_vocab_check(&s->vocab, tokenizer, err);
    gb_json_close(&json);
    return rc;
}

int gb_convert_open(const gb_convert_options *options, gb_source *out, gb_error *err) {
    source_kind kind = DIRECTORY;
    *out = (gb_source){0};
    int rc = kind_of(options->source, &kind, err);
    if (rc) return rc;
    rc = kind == LLAMA2C ? open_llama2c(out, options, err) : open_hf(out, options, kind == DIRECTORY, err);
    if (!rc) rc = gb_source_choose_types(out, options->outtype, err);
    if (rc) {
        gb_source_free(out);
        return rc;
    }
    if (options->name) (void)snprintf(out->name, sizeof out->name, "%s", options->name);
    return GB_OK;
}

uint64_t gb_convert_parameters(const gb_source *s) {
    uint64_t n = 0;
    for (size_t i = 0; i < s->count; i++)
        if (!s->tensors[i].order) n += gb_plan_elements(&s->tensors[i].row);
    return n;
}

uint64_t gb_convert_bytes(const gb_source *s) {
    uint64_t n = 0;
    for (size_t i = 0; i < s->count; i++) n += gb_plan_bytes(&s->tensors[i].row);
    return n;
}

const char *gb_convert_file_type(const gb_source *s) {
    const char *name = gb_file_type_name(s->file_type);
    return name ? name : gb_formats[gb_format_by_ggml_type(s->file_type)].NAME;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* "1.2B": two significant digits where there are two. */
static void size_label(uint64_t parameters, char out[32]) {
    static const struct {
        double unit;
        char letter;
    } scales[] = {{1e12, 'T'}, {1e9, 'B'}, {1e6, 'M'}, {1e3, 'K'}};
    size_t i = 0;
    while (i < 3 && (double)parameters < scales[i].unit) i++;
    const double v = (double)parameters / scales[i].unit;
    (void)snprintf(out, 32, "%.*f%c", v < 9.5 ? 1 : 0, v, scales[i].letter);
}

typedef struct keys {
    const gb_source *s;
    gb_gguf_writer *w;
    gb_error *err;
    int rc; /* of the first that failed: later ones do nothing */
} keys;

static const char *full(const keys *k, const char *suffix, char name[96]) {
    (void)snprintf(name, 96, "%s.%s", k->s->hyper.architecture, suffix);
    return name;
}

static void put_u32(keys *k, const char *suffix, uint64_t v) {
    char name[96];
    if (!k->rc) k->rc = gb_gguf_put_u32(k->w, full(k, suffix, name), (uint32_t)v, k->err);
}

static void put_f32(keys *k, const char *suffix, double v) {
    char name[96];
    if (!k->rc) k->rc = gb_gguf_put_f32(k->w, full(k, suffix, name), (float)v, k->err);
}

static void put_rope_scaling(keys *k) {
    const gb_hyper *h = &k->s->hyper;
    char name[96];
    if (h->rope != GB_ROPE_LINEAR && h->rope != GB_ROPE_YARN) return;
    const char *type = h->rope == GB_ROPE_LINEAR ? "linear" : "yarn";
    if (!k->rc) k->rc = gb_gguf_put_str(k->w, full(k, "rope.scaling.type", name), type, k->err);
    put_f32(k, "rope.scaling.factor", h->rope_factor);
    if (h->rope == GB_ROPE_LINEAR) return;
    put_u32(k, "rope.scaling.original_context_length", (uint64_t)h->rope_original);
    if (h->yarn_extrapolation > 0) put_f32(k, "rope.scaling.yarn_ext_factor", h->yarn_extrapolation);
    if (h->yarn_attention > 0) put_f32(k, "rope.scaling.yarn_attn_factor", h->yarn_attention);
    if (h->yarn_fast > 0) put_f32(k, "rope.scaling.yarn_beta_fast", h->yarn_fast);
    if (h->yarn_slow > 0) put_f32(k, "rope.scaling.yarn_beta_slow", h->yarn_slow);
}

static void put_hyper(keys *k) {
    const gb_hyper *h = &k->s->hyper;
    put_u32(k, "block_count", h->layers);
    put_u32(k, "context_length", h->context);
    put_u32(k, "embedding_length", h->dim);
    put_u32(k, "feed_forward_length", h->ffn);
    put_u32(k, "attention.head_count", h->heads);
    put_u32(k, "attention.head_count_kv", h->kv_heads);
    put_rope_scaling(k);
    put_f32(k, "rope.freq_base", h->rope_base);
    put_f32(k, "attention.layer_norm_rms_epsilon", h->eps);
    if (h->head_dim_stated) put_u32(k, "attention.key_length", h->head_dim);
    if (h->head_dim_stated) put_u32(k, "attention.value_length", h->head_dim);
    put_u32(k, "vocab_size", h->vocab);
    put_u32(k, "rope.dimension_count", h->head_dim);
}

static int put_keys(const gb_source *s, gb_gguf_writer *w, gb_error *err) {
    keys k = {.s = s, .w = w, .err = err};
    char label[32];
    size_label(gb_convert_parameters(s), label);
    const char *const texts[][2] = {{"general.architecture", s->hyper.architecture},
                                    {"general.type", "model"},
                                    {"general.name", s->name},
                                    {"general.size_label", label}};
    for (size_t i = 0; !k.rc && i < sizeof texts / sizeof texts[0]; i++)
        k.rc = gb_gguf_put_str(w, texts[i][0], texts[i][1], err);
    put_hyper(&k);
    if (!k.rc) k.rc = gb_vocab_put(&s->vocab, w, err);
    if (!k.rc) k.rc = gb_gguf_put_u32(w, "general.quantization_version", QUANTIZATION_VERSION, err);
    return k.rc ? k.rc : gb_gguf_put_u32(w, "general.file_type", s->file_type, err);
}

static bool make_row(const void *ctx, uint64_t row, float *x, void *blocks) {
    const gb_convert_tensor *t = ctx;
    return t->make(t, row, x, blocks);
}

static void drop_rows(const void *ctx, uint64_t first, uint64_t rows) {
    const gb_convert_tensor *t = ctx;
    if (t->packed && first + rows == t->row.ne[1]) /* until then, every row may need every page */
        gb_map_let_go(t->data, t->data + t->packed->code_bytes);
    else if (t->data && !t->packed)
        gb_map_let_go(t->data + first * t->row_bytes, t->data + (first + rows) * t->row_bytes);
}

static int write_data(const gb_source *s, gb_gguf_writer *w, gb_pool *pool, const gb_cap *cap,
                      const gb_progress *progress, gb_error *err) {
    int rc = GB_OK;
    for (size_t i = 0; !rc && i < s->count; i++) {
        const gb_convert_tensor *t = &s->tensors[i];
        rc = gb_rows_write(w, &t->row, (gb_row_source){make_row, drop_rows, t, NULL}, pool, cap, progress, NULL, err);
    }
    return rc;
}

int gb_convert_write(const gb_source *s, const char *path, gb_pool *pool, const gb_cap *cap,
                     const gb_progress *progress, gb_error *err) {
    gb_gguf_writer *w = NULL;
    int rc = gb_gguf_writer_new(path, &w, err);
    if (rc) return rc;
    rc = put_keys(s, w, err);
    for (size_t i = 0; !rc && i < s->count; i++) {
        const gb_plan_row *r = &s->tensors[i].row;
        rc = gb_gguf_put_tensor(w, r->name, r->dims, r->ne, r->to, err);
    }
    if (!rc) rc = gb_gguf_begin_data(w, err);
    if (!rc) rc = write_data(s, w, pool, cap, progress, err);
    if (!rc) return gb_gguf_writer_commit(w, err);
    gb_gguf_writer_abort(w);
    return rc;
}
