#include "model/llama.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "model/llama_impl.h"

enum { NAME_SIZE = 64 };

/* --- tensors ------------------------------------------------------------------------------------------------------ */

typedef struct loader {
    gb_llama *m;
    unsigned char *used; /* per tensor of the file */
    gb_error *err;
} loader;

/* The tensor of that name with n weights a row; rows == 0: a vector. NULL and the error where it is not as expected. */
static const gb_tensor *take(loader *l, const char *name, size_t n, size_t rows) {
    const gb_gguf *f = l->m->file;
    const gb_tensor *t = gb_gguf_find_tensor(f, name);
    if (!t) {
        gb_fail(l->err, GB_EINPUT, "%s: tensor '%s' is missing", f->path, name);
        return NULL;
    }
    const uint32_t dims = rows ? 2 : 1;
    if (t->dims != dims || t->ne[0] != n || t->ne[1] != (rows ? rows : 1)) {
        if (dims == 2)
            gb_fail(l->err, GB_EINPUT, "%s: tensor '%s' has %u dimensions, %llu x %llu; expected 2, %zu x %zu", f->path,
                    name, t->dims, (unsigned long long)t->ne[0], (unsigned long long)t->ne[1], n, rows);
        else
            gb_fail(l->err, GB_EINPUT, "%s: tensor '%s' has %u dimensions, %llu x %llu; expected 1, %zu", f->path, name,
                    t->dims, (unsigned long long)t->ne[0], (unsigned long long)t->ne[1], n);
        return NULL;
    }
    const gb_format_info *info = &gb_formats[t->format];
    if (!info->is_weight || n % info->block_elems != 0 || gb_row_bytes(t->format, n) * (rows ? rows : 1) != t->bytes) {
        gb_fail(l->err, GB_EINPUT, "%s: tensor '%s' of type %s cannot hold rows of %zu weights", f->path, name,
                info->NAME, n);
        return NULL;
    }
    l->used[t - f->tensors] = 1;
    return t;
}

static void set_matrix(gb_llama *m, gb_matrix *w, const gb_tensor *t) {
    const gb_format partner = gb_formats[t->format].partner;
    *w = (gb_matrix){.data = t->data,
                     .rows = (size_t)t->ne[1],
                     .n = (size_t)t->ne[0],
                     .row_bytes = gb_row_bytes(t->format, (size_t)t->ne[0]),
                     .format = t->format,
                     .gemv = gb_resolve(t->format, GB_OP_gemv, &m->cap).gemv,
                     .gemm = gb_resolve(t->format, GB_OP_gemm, &m->cap).gemm};
    m->quantize_act[partner] = gb_resolve(partner, GB_OP_quantize_act, &m->cap).quantize_act;
}

static int matrix(loader *l, const char *name, size_t n, size_t rows, gb_matrix *w) {
    const gb_tensor *t = take(l, name, n, rows);
    if (!t) return l->err->code;
    set_matrix(l->m, w, t);
    return GB_OK;
}

/* A matrix that is multiplied with: its columns may be stored in an order of their own. */
static int product(loader *l, const char *name, size_t n, size_t rows, gb_matrix *w) {
    gb_llama *m = l->m;
    int rc = matrix(l, name, n, rows, w);
    const gb_tensor *t = rc ? NULL : gb_column_order_find(m->file, (gb_str){name, strlen(name)});
    if (!t) return rc;
    l->used[t - m->file->tensors] = 1;
    return gb_column_orders_add(&m->orders, m->file, t, n, &w->order, l->err);
}

/* A vector of n floats, copied out of the file. */
static int vector(loader *l, const char *name, size_t n, float **out) {
    const gb_tensor *t = take(l, name, n, 0);
    if (!t) return l->err->code;
    *out = gb_new(n, sizeof(float), name, l->err);
    if (!*out) return l->err->code;
    gb_resolve(t->format, GB_OP_dequantize, &l->m->cap).dequantize(t->data, *out, n);
    return GB_OK;
}

static const char *layer_name(char buf[NAME_SIZE], size_t layer, const char *part, const char *kind) {
    (void)snprintf(buf, NAME_SIZE, "blk.%zu.%s.%s", layer, part, kind);
    return buf;
}

/* The norms and matrices of a layer; a matrix may have a bias, and must where the architecture has it. */
static int read_layer(loader *l, size_t i) {
    const gb_llama *m = l->m;
    gb_layer *y = &m->layers[i];
    const size_t q_rows = m->n_head * m->head_dim;
    const size_t kv_rows = m->n_head_kv * m->head_dim;
    const struct {
        const char *part;
        gb_matrix *w;
        size_t n, rows;
        bool needs_bias;
    } parts[] = {{"attn_q", &y->q, m->n_embd, q_rows, m->qkv_bias},  {"attn_k", &y->k, m->n_embd, kv_rows, m->qkv_bias},
                 {"attn_v", &y->v, m->n_embd, kv_rows, m->qkv_bias}, {"attn_output", &y->o, q_rows, m->n_embd, false},
                 {"ffn_gate", &y->gate, m->n_embd, m->n_ff, false},  {"ffn_up", &y->up, m->n_embd, m->n_ff, false},
                 {"ffn_down", &y->down, m->n_ff, m->n_embd, false}};
    char b[NAME_SIZE];
    int rc = vector(l, layer_name(b, i, "attn_norm", "weight"), m->n_embd, &y->attn_norm);
    if (!rc) rc = vector(l, layer_name(b, i, "ffn_norm", "weight"), m->n_embd, &y->ffn_norm);
    for (size_t j = 0; !rc && j < sizeof parts / sizeof parts[0]; j++) {
        rc = product(l, layer_name(b, i, parts[j].part, "weight"), parts[j].n, parts[j].rows, parts[j].w);
        if (rc) return rc;
        layer_name(b, i, parts[j].part, "bias");
        if (parts[j].needs_bias || gb_gguf_find_tensor(m->file, b)) rc = vector(l, b, parts[j].rows, &parts[j].w->bias);
    }
    return rc;
}

static int read_rope(loader *l) {
    gb_llama *m = l->m;
    float *factors = NULL;
    int rc = gb_llama_read_n_rot(m, l->err);
    if (!rc && gb_gguf_find_tensor(m->file, "rope_freqs.weight"))
        rc = vector(l, "rope_freqs.weight", m->n_rot / 2, &factors);
    if (!rc) rc = gb_llama_read_frequencies(m, factors, l->err);
    free(factors);
    return rc;
}

/* --- the whole file --------------------------------------------------------------------------------------------------
 */

static int read_tensors(loader *l) {
    gb_llama *m = l->m;
    const gb_gguf *f = m->file;
    const gb_tensor *embedding = gb_gguf_find_tensor(f, "token_embd.weight");
    if (!embedding) return gb_fail(l->err, GB_EINPUT, "%s: tensor 'token_embd.weight' is missing", f->path);
    if (embedding->dims != 2 || embedding->ne[1] < 1 || embedding->ne[1] > GB_MAX_VOCAB)
        return gb_fail(l->err, GB_EINPUT, "%s: token_embd.weight has %llu rows, expected a vocabulary of 1 to %d",
                       f->path, (unsigned long long)embedding->ne[1], GB_MAX_VOCAB);
    int rc = gb_llama_read_vocab_size(m, (size_t)embedding->ne[1], l->err);
    if (rc) return rc;
    if ((rc = matrix(l, "token_embd.weight", m->n_embd, m->n_vocab, &m->embedding))) return rc;
    m->embed = gb_resolve(m->embedding.format, GB_OP_dequantize, &m->cap).dequantize;
    if ((rc = vector(l, "output_norm.weight", m->n_embd, &m->output_norm))) return rc;
    if (!gb_gguf_find_tensor(f, "output.weight"))
        m->output = m->embedding; /* tied */
    else if ((rc = product(l, "output.weight", m->n_embd, m->n_vocab, &m->output)))
        return rc;
    for (size_t i = 0; i < m->n_layer; i++)
        if ((rc = read_layer(l, i))) return rc;

    if ((rc = read_rope(l))) return rc;

    for (size_t i = 0; i < f->tensor_count; i++)
        if (!l->used[i])
            return gb_fail(l->err, GB_EINPUT, "%s: tensor '%.*s' is not part of a %s model of %zu layers", f->path,
                           (int)(f->tensors[i].name.size > 64 ? 64 : f->tensors[i].name.size), f->tensors[i].name.data,
                           m->architecture, m->n_layer);
    return GB_OK;
}

static void resolve_float_kernels(gb_llama *m) {
    m->rmsnorm = gb_resolve(GB_FORMAT_f32, GB_OP_rmsnorm, &m->cap).rmsnorm;
    m->rope = gb_resolve(GB_FORMAT_f32, GB_OP_rope, &m->cap).rope;
    m->softmax = gb_resolve(GB_FORMAT_f32, GB_OP_softmax, &m->cap).softmax;
    m->silu_mul = gb_resolve(GB_FORMAT_f32, GB_OP_silu_mul, &m->cap).silu_mul;
    m->add = gb_resolve(GB_FORMAT_f32, GB_OP_add, &m->cap).add;
    m->argmax = gb_resolve(GB_FORMAT_f32, GB_OP_argmax, &m->cap).argmax;
}

/* Everything but the look at the scales. */
static int load(gb_llama *m, gb_error *err) {
    int rc = gb_llama_read_shape(m, err);
    if (rc) return rc;
    /* A file of t tensors cannot hold more layers than tensors: no allocation larger than the file suggests. */
    if (m->n_layer > m->file->tensor_count)
        return gb_fail(err, GB_EINPUT, "%s: %s.block_count is %zu, but the file has only %zu tensors", m->file->path,
                       m->architecture, m->n_layer, m->file->tensor_count);
    loader l = {.m = m, .err = err};
    m->layers = gb_new(m->n_layer, sizeof *m->layers, "layers", err);
    l.used = gb_new(m->file->tensor_count, 1, "tensor marks", err);
    if (!m->layers || !l.used) {
        free(l.used);
        return err->code;
    }
    rc = read_tensors(&l);
    free(l.used);
    resolve_float_kernels(m);
    return rc;
}

static int open_file(const char *path, const gb_cap *cap, gb_llama **out, gb_error *err) {
    *out = gb_new(1, sizeof **out, "model", err);
    if (!*out) return GB_ESYSTEM;
    (*out)->cap = *cap;
    const int rc = gb_gguf_open(path, &(*out)->file, err);
    return rc ? rc : load(*out, err);
}

/* A model that could not be read leaves nothing. */
static int settle(int rc, gb_llama **out) {
    if (!rc) return GB_OK;
    gb_llama_free(*out);
    *out = NULL;
    return rc;
}

int gb_llama_load(const char *path, const gb_cap *cap, gb_pool *pool, gb_llama **out, gb_error *err) {
    gb_error local = {0};
    if (!err) err = &local;
    int rc = open_file(path, cap, out, err);
    if (!rc) rc = gb_llama_check_scales((*out)->file, pool, err);
    return settle(rc, out);
}

int gb_llama_inspect(const char *path, gb_llama **out, gb_error *err) {
    const gb_cap none = {.reference_only = 1};
    gb_error local = {0};
    return settle(open_file(path, &none, out, err ? err : &local), out);
}

void gb_llama_free(gb_llama *m) {
    if (!m) return;
    for (size_t i = 0; m->layers && i < m->n_layer; i++) {
        const gb_layer *y = &m->layers[i];
        float *const owned[] = {y->attn_norm, y->ffn_norm,  y->q.bias,  y->k.bias,   y->v.bias,
                                y->o.bias,    y->gate.bias, y->up.bias, y->down.bias};
        for (size_t j = 0; j < sizeof owned / sizeof owned[0]; j++) free(owned[j]);
    }
    gb_column_orders_free(&m->orders);
    free(m->layers);
    free(m->output_norm);
    free(m->frequency);
    if (m->file) gb_gguf_close(m->file);
    free(m);
}

uint64_t gb_llama_tensor_bytes(const gb_llama *m) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < m->file->tensor_count; i++) bytes += m->file->tensors[i].bytes;
    return bytes;
}

double gb_llama_bits_per_weight(const gb_llama *m) {
    double weights = 0.0;
    for (size_t i = 0; i < m->file->tensor_count; i++) {
        const gb_tensor *t = &m->file->tensors[i];
        if (!gb_formats[t->format].is_weight) continue;
        weights += (double)t->ne[0] * (double)t->ne[1] * (double)t->ne[2] * (double)t->ne[3];
    }
    return (double)gb_llama_tensor_bytes(m) * 8.0 / weights;
}
