/* Models of llama2.c (export.py): version 0, a bare header of seven numbers, and version 1, with a magic and padding to
 * 256 bytes. All weights are F32, rope turns pairs (2i, 2i + 1) as GGUF's llama does. Version 2 (int8) is refused: two
 * programs wrote it in two orders that cannot be told apart. */
#include <string.h>

#include "convert/source.h"
#include "model/llama.h"

enum { V0_HEADER = 28, V1_HEADER = 256, V1_NUMBERS = 8, V1_SHARED = 36 };
static const uint32_t magic = 0x616b3432; /* "ak42" */

typedef struct file {
    const char *path;
    int32_t version;
    int32_t n[7]; /* dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, max_seq_len */
    bool shared;  /* the output matrix is the embedding */
    size_t header;
} file;

bool gb_llama2c_probe(const uint8_t *data, size_t size) {
    uint32_t first = 0;
    int32_t n[7];
    if (size < V0_HEADER) return false;
    memcpy(&first, data, sizeof first);
    memcpy(n, data, sizeof n);
    if (first == magic) return true;
    for (size_t i = 0; i < 7; i++)
        if (n[i] == 0 || (n[i] < 0 && i != 5) || n[i] > GB_MAX_VOCAB || n[i] < -GB_MAX_VOCAB) return false;
    return n[0] % n[3] == 0 && n[3] % n[4] == 0;
}

static int read_header(file *f, const gb_map *map, gb_error *err) {
    uint32_t first = 0;
    if (map->size < V0_HEADER)
        return gb_fail(err, GB_EINPUT, "%s: %zu bytes are no llama2.c model", f->path, map->size);
    memcpy(&first, map->data, sizeof first);
    f->header = V0_HEADER;
    if (first == magic) {
        if (map->size < V1_HEADER)
            return gb_fail(err, GB_EINPUT, "%s: %zu bytes, the header alone has %d", f->path, map->size, V1_HEADER);
        memcpy(&f->version, map->data + 4, sizeof f->version);
        if (f->version != 1)
            return gb_fail(err, GB_EINPUT,
                           "%s: llama2.c version %d is not supported, only 0 and 1 (float); convert the checkpoint it "
                           "was made from",
                           f->path, f->version);
        f->header = V1_HEADER;
    }
    memcpy(f->n, map->data + (f->version ? V1_NUMBERS : 0), sizeof f->n);
    f->shared = f->version ? map->data[V1_SHARED] == 1 : f->n[5] > 0;
    if (!f->version && f->n[5] < 0 && f->n[5] >= -GB_MAX_VOCAB) f->n[5] = -f->n[5]; /* the sign says "not shared" */
    for (size_t i = 0; i < 7; i++)
        if (f->n[i] < 1) return gb_fail(err, GB_EINPUT, "%s: number %zu of the header is %d", f->path, i, f->n[i]);
    return GB_OK;
}

/* A run of equal tensors, one for each layer (or one altogether), as they follow each other in the file. */
typedef struct run {
    const char *gguf; /* NULL: to be skipped */
    uint64_t rows, columns;
    bool layers;
    const uint8_t *data; /* of the first */
} run;
enum { RUNS = 13 };

static uint64_t elements(const run *r) {
    return (r->rows ? r->rows : 1) * r->columns;
}

/* Version 1 has the norms first; version 0 has tables of rope before the output matrix. */
static void lay_out(const file *f, const gb_hyper *h, run runs[RUNS]) {
    const uint64_t kv = h->kv_heads * h->head_dim;
    const run embedding = {"token_embd", h->vocab, h->dim, false, NULL};
    const run attn_norm = {"attn_norm", 0, h->dim, true, NULL};
    const run q = {"attn_q", h->dim, h->dim, true, NULL};
    const run k = {"attn_k", kv, h->dim, true, NULL};
    const run v = {"attn_v", kv, h->dim, true, NULL};
    const run o = {"attn_output", h->dim, h->dim, true, NULL};
    const run ffn_norm = {"ffn_norm", 0, h->dim, true, NULL};
    const run gate = {"ffn_gate", h->ffn, h->dim, true, NULL};
    const run down = {"ffn_down", h->dim, h->ffn, true, NULL};
    const run up = {"ffn_up", h->ffn, h->dim, true, NULL};
    const run norm = {"output_norm", 0, h->dim, false, NULL};
    const run rope = {NULL, h->context * 2, h->head_dim / 2, false, NULL};
    const run output = {f->shared ? NULL : "output", f->shared ? 0 : h->vocab, f->shared ? 0 : h->dim, false, NULL};
    const run none = {NULL, 0, 0, false, NULL};
    const run v0[RUNS] = {embedding, attn_norm, q, k, v, o, ffn_norm, gate, down, up, norm, rope, output};
    const run v1[RUNS] = {attn_norm, ffn_norm, norm, embedding, q, k, v, o, gate, down, up, none, output};
    memcpy(runs, f->version ? v1 : v0, sizeof v0);
}

static int place(const file *f, const gb_hyper *h, const gb_map *map, run runs[RUNS], gb_error *err) {
    uint64_t at = f->header;
    for (size_t i = 0; i < RUNS; i++) {
        if (at < map->size) runs[i].data = map->data + at;
        at += elements(&runs[i]) * (runs[i].layers ? h->layers : 1) * sizeof(float);
    }
    if (at != map->size)
        return gb_fail(err, GB_EINPUT, "%s: %zu bytes, expected %llu for the sizes in the header", f->path, map->size,
                       (unsigned long long)at);
    return GB_OK;
}

static const run *find(const run runs[RUNS], const char *gguf) {
    for (size_t i = 0; i < RUNS; i++)
        if (runs[i].gguf && strcmp(runs[i].gguf, gguf) == 0) return &runs[i];
    return NULL;
}

static void add(gb_source *s, const run *r, const char *as, uint64_t layer) {
    char name[64];
    if (r->layers)
        (void)snprintf(name, sizeof name, "blk.%llu.%s.weight", (unsigned long long)layer, as);
    else
        (void)snprintf(name, sizeof name, "%s.weight", as);
    const uint8_t *data = r->data + layer * elements(r) * sizeof(float);
    (void)gb_source_add(s, name, r->rows, r->columns, GB_FORMAT_f32, data);
}

/* In the order of other converters; a shared output matrix is written out, as they do. */
static void add_all(gb_source *s, const run runs[RUNS]) {
    static const char *const parts[] = {"attn_norm", "attn_q",   "attn_k", "attn_v",  "attn_output",
                                        "ffn_norm",  "ffn_gate", "ffn_up", "ffn_down"};
    const run *output = find(runs, "output");
    add(s, find(runs, "token_embd"), "token_embd", 0);
    add(s, find(runs, "output_norm"), "output_norm", 0);
    add(s, output ? output : find(runs, "token_embd"), "output", 0);
    for (uint64_t layer = 0; layer < s->hyper.layers; layer++)
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) add(s, find(runs, parts[i]), parts[i], layer);
}

int gb_llama2c_open(gb_source *s, const char *path, gb_error *err) {
    file f = {.path = path};
    run runs[RUNS];
    int rc = gb_map_open(path, &s->map, err);
    if (!rc) rc = read_header(&f, &s->map, err);
    const int32_t *n = f.n;
    if (rc || n[3] < 1) return rc; /* read_header has refused numbers below 1 */
    s->kind = "llama2.c";
    s->hyper = (gb_hyper){.architecture = "llama",
                          .dim = (uint64_t)n[0],
                          .ffn = (uint64_t)n[1],
                          .layers = (uint64_t)n[2],
                          .heads = (uint64_t)n[3],
                          .kv_heads = (uint64_t)n[4],
                          .vocab = (uint64_t)n[5],
                          .context = (uint64_t)n[6],
                          .head_dim = (uint64_t)(n[0] / n[3]),
                          .tied = f.shared,
                          .eps = 1e-5,
                          .rope_base = 10000};
    rc = gb_hyper_check(&s->hyper, path, err);
    if (rc) return rc;
    lay_out(&f, &s->hyper, runs);
    rc = place(&f, &s->hyper, &s->map, runs, err);
    if (!rc) rc = gb_source_init(s, s->hyper.layers, err);
    if (!rc) add_all(s, runs);
    return rc;
}
