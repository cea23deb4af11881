#include "model/synth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "harness/alloc.h"
#include "harness/rng.h"
#include "model/foreign.h"
#include "model/shape_tensors.h"
#include "reference/number.h"

/* --- random numbers: a stream per (seed, tensor, row) ------------------------------------------------------------- */

static uint64_t sum_of_16_bits(uint64_t r) {
    return (r & 0xffff) + (r >> 16 & 0xffff) + (r >> 32 & 0xffff) + (r >> 48);
}

/* Close to normal: the sum of eight 16-bit uniforms, cut at 4.9 sigma. Integers up to the one multiplication, so that
 * the bits do not depend on a math library. The variance of the doubled, centred sum is 8 * (2^32 - 1) / 3. */
static float next_weight(gb_rng *rng) {
    static const float unit = 0.02F / 107019.84F; /* sqrt(8 * (2^32 - 1) / 3) */
    const uint64_t sum = sum_of_16_bits(gb_rng_u64(rng)) + sum_of_16_bits(gb_rng_u64(rng));
    return (float)(2 * (int32_t)sum - 8 * 65535) * unit;
}

typedef struct stream {
    uint64_t key; /* of the tensor */
    const gb_plan_row *t;
} stream;

static gb_rng row_rng(const stream *s, uint64_t row) {
    gb_rng rng = {s->key ^ row * 0xd1342543de82ef95U}; /* an odd multiplier: different rows, different states */
    rng.state = gb_rng_u64(&rng);
    return rng;
}

static bool make_weights(const void *ctx, uint64_t row, float *x, void *blocks) {
    (void)blocks;
    const stream *s = ctx;
    gb_rng rng = row_rng(s, row);
    for (uint64_t i = 0; i < s->t->ne[0]; i++) x[i] = next_weight(&rng);
    return true;
}

/* Two-bit codes of 3 (2 d) become 1 (0): no encoder emits them, and without them the mean is 0. */
static void drop_threes(uint8_t *codes, size_t n) {
    for (size_t i = 0; i < n; i++) codes[i] &= (uint8_t) ~((codes[i] & codes[i] >> 1 & 0x55) << 1);
}

/* The scales that four-bit floats have are too coarse: of two neighbours a share of each gives the variance. */
static uint8_t one_of_two(uint8_t random, uint8_t lower, int sixteenths_of_upper) {
    return (uint8_t)(lower + ((random & 15) < sixteenths_of_upper));
}

/* Where the block begins with d, its only float: the standard deviation of what d multiplies, with random codes. */
static const float deviation_of_codes[GB_FORMAT_COUNT] = {
    [GB_FORMAT_q1_0] = 1.0F,     [GB_FORMAT_q4_0] = 4.6F,    [GB_FORMAT_q5_0] = 9.2F,      [GB_FORMAT_iq1_s] = 7.2F,
    [GB_FORMAT_iq2_xxs] = 53.4F, [GB_FORMAT_iq2_xs] = 55.9F, [GB_FORMAT_iq2_s] = 56.4F,    [GB_FORMAT_iq3_xxs] = 142.4F,
    [GB_FORMAT_iq3_s] = 140.2F,  [GB_FORMAT_iq4_nl] = 67.4F, [GB_FORMAT_iq4_xs] = 1246.0F,
};

/* Scales that give weights of about 0.02 with uniformly random codes (standard deviations of the integer part: 73.6 for
 * q8_0, 13.9 for q2_K, 43.3 for q3_K, 258 for q4_K, 262 for q5_K with scales below 32, 9.2 * 18.5 for
 * q6_K, 0.71 for q2_0 and tq2_0, 0.82 for tq1_0, 5.85 for the levels of mxfp4 and nvfp4). Mins are d times the mean
 * code, which makes the mean 0. */
static void set_scales(gb_format format, uint8_t *block) {
    switch (format) {
    case GB_FORMAT_q8_0: {
        gb_block_q8_0 *b = (gb_block_q8_0 *)(void *)block;
        b->d = gb_f16_from_f32(0.02F / 73.6F);
        for (int i = 0; i < 32; i++)
            if (b->qs[i] == -128) b->qs[i] = -127; /* no encoder emits -128, and some kernels cannot take it */
        break;
    }
    case GB_FORMAT_q4_1:
        ((gb_block_q4_1 *)(void *)block)->d = gb_f16_from_f32(0.02F / 4.6F);
        ((gb_block_q4_1 *)(void *)block)->m = gb_f16_from_f32(-7.5F * 0.02F / 4.6F); /* mean 0: mean code 7.5 */
        break;
    case GB_FORMAT_q5_1:
        ((gb_block_q5_1 *)(void *)block)->d = gb_f16_from_f32(0.02F / 9.2F);
        ((gb_block_q5_1 *)(void *)block)->m = gb_f16_from_f32(-15.5F * 0.02F / 9.2F); /* mean code 15.5 */
        break;
    case GB_FORMAT_q2_K:
        ((gb_block_q2_K *)(void *)block)->d = gb_f16_from_f32(0.02F / 13.9F);
        ((gb_block_q2_K *)(void *)block)->dmin = gb_f16_from_f32(1.5F * 0.02F / 13.9F);
        break;
    case GB_FORMAT_q3_K:
        ((gb_block_q3_K *)(void *)block)->d = gb_f16_from_f32(0.02F / 43.3F);
        break;
    case GB_FORMAT_q2_0:
        ((gb_block_q2_0 *)(void *)block)->d = gb_f16_from_f32(0.02F / 0.7071F);
        drop_threes(((gb_block_q2_0 *)(void *)block)->qs, 16);
        break;
    case GB_FORMAT_tq1_0:
        ((gb_block_tq1_0 *)(void *)block)->d = gb_f16_from_f32(0.02F / 0.8165F);
        break;
    case GB_FORMAT_tq2_0:
        ((gb_block_tq2_0 *)(void *)block)->d = gb_f16_from_f32(0.02F / 0.7071F);
        drop_threes(((gb_block_tq2_0 *)(void *)block)->qs, 64);
        break;
    case GB_FORMAT_mxfp4: /* 2^-9 and 2^-8 */
        block[0] = one_of_two(block[0], 119, 11);
        break;
    case GB_FORMAT_nvfp4: /* 3 and 4 times 2^-10 */
        for (int i = 0; i < 4; i++) block[i] = one_of_two(block[i], 3, 7);
        break;
    case GB_FORMAT_q4_K:
        ((gb_block_q4_K *)(void *)block)->d = gb_f16_from_f32(0.02F / 258.0F);
        ((gb_block_q4_K *)(void *)block)->dmin = gb_f16_from_f32(7.5F * 0.02F / 258.0F);
        break;
    case GB_FORMAT_q5_K: {
        gb_block_q5_K *b = (gb_block_q5_K *)(void *)block;
        b->d = gb_f16_from_f32(0.02F / 262.0F);
        b->dmin = gb_f16_from_f32(15.5F * 0.02F / 262.0F);
        for (int i = 0; i < 8; i++) b->scales[i] &= 0x5f; /* the sixth bits: keeps d a normal f16 */
        break;
    }
    case GB_FORMAT_q6_K: {
        gb_block_q6_K *b = (gb_block_q6_K *)(void *)block;
        b->d = gb_f16_from_f32(0.02F / (9.2F * 18.5F));
        for (int i = 0; i < 16; i++) b->scales[i] = (int8_t)((b->scales[i] & 31) - 16); /* keeps d a normal f16 */
        break;
    }
    case GB_FORMAT_iq1_m:
        gb_iq1_m_set_d((gb_block_iq1_m *)(void *)block, gb_f16_from_f32(0.02F / 7.2F));
        break;
    default:
        if (deviation_of_codes[format] > 0.0F)
            gb_store_u16(block, 0, gb_f16_from_f32(0.02F / deviation_of_codes[format]));
        break;
    }
}

static bool make_blocks(const void *ctx, uint64_t row, float *x, void *blocks) {
    const stream *s = ctx;
    const gb_format_info *info = &gb_formats[s->t->to];
    if (info->block_elems == 1) return make_weights(ctx, row, x, blocks); /* float types have no codes */
    gb_rng rng = row_rng(s, row);
    uint8_t *p = blocks;
    const size_t bytes = gb_row_bytes(s->t->to, s->t->ne[0]);
    gb_rng_bytes(&rng, p, bytes);
    gb_foreign_set_heads(s->t->to, p, s->t->ne[0], 0.02F);
    for (size_t i = gb_head_bytes(s->t->to, s->t->ne[0]); i < bytes; i += info->block_bytes) {
        if (gb_is_foreign(s->t->to))
            gb_foreign_set_block(s->t->to, p + i, 0.02F);
        else
            set_scales(s->t->to, p + i);
    }
    return false;
}

static bool make_ones(const void *ctx, uint64_t row, float *x, void *blocks) {
    (void)row;
    (void)blocks;
    const stream *s = ctx;
    for (uint64_t i = 0; i < s->t->ne[0]; i++) x[i] = 1;
    return true;
}

/* --- the file ------------------------------------------------------------------------------------------------------
 */

static int put_keys(gb_gguf_writer *w, const gb_synth_options *o, gb_error *err) {
    const gb_shape *s = &o->shape;
    char name[128];
    snprintf(name, sizeof name, "%s, random weights, seed %llu", s->name, (unsigned long long)o->seed);
    const struct {
        const char *key;
        uint32_t value;
    } sizes[] = {{"llama.context_length", s->context},
                 {"llama.embedding_length", s->dim},
                 {"llama.block_count", s->layers},
                 {"llama.feed_forward_length", s->ffn},
                 {"llama.attention.head_count", s->heads},
                 {"llama.attention.head_count_kv", s->kv_heads},
                 {"llama.attention.key_length", s->head_dim},
                 {"llama.attention.value_length", s->head_dim},
                 {"llama.rope.dimension_count", s->head_dim},
                 {"llama.vocab_size", s->vocab}};
    int rc = gb_gguf_put_str(w, "general.architecture", "llama", err);
    if (!rc) rc = gb_gguf_put_str(w, "general.name", name, err);
    for (size_t i = 0; !rc && i < sizeof sizes / sizeof sizes[0]; i++)
        rc = gb_gguf_put_u32(w, sizes[i].key, sizes[i].value, err);
    if (!rc) rc = gb_gguf_put_f32(w, "llama.attention.layer_norm_rms_epsilon", s->eps, err);
    if (!rc) rc = gb_gguf_put_f32(w, "llama.rope.freq_base", s->rope_base, err);
    if (!rc) rc = gb_synth_put_tokenizer(w, s->vocab, err);
    if (!rc) rc = gb_gguf_put_u32(w, "general.quantization_version", 2, err);
    return rc ? rc : gb_gguf_put_u32(w, "general.file_type", o->recipe->file_type, err);
}

static int write_rope_factors(gb_gguf_writer *w, const gb_shape *shape, gb_error *err) {
    float *factors = gb_new(shape->head_dim / 2, sizeof *factors, "rope factors", err);
    if (!factors) return GB_ESYSTEM;
    gb_shape_rope_factors(shape, factors);
    const int rc = gb_gguf_write_data(w, factors, shape->head_dim / 2 * sizeof *factors, err);
    free(factors);
    return rc;
}

static int write_tensors(gb_gguf_writer *w, const gb_synth_options *o, const gb_shape_tensors *m, gb_pool *pool,
                         const gb_cap *cap, const gb_progress *progress, gb_error *err) {
    int rc = GB_OK;
    for (size_t i = 0; !rc && i < m->count; i++)
        rc = gb_gguf_put_tensor(w, m->rows[i].name, m->rows[i].dims, m->rows[i].ne, m->rows[i].to, err);
    if (!rc) rc = gb_gguf_begin_data(w, err);
    for (size_t i = 0; !rc && i < m->count; i++) {
        const gb_plan_row *t = &m->rows[i];
        if (gb_str_equal(t->name, "rope_freqs.weight")) {
            rc = write_rope_factors(w, &o->shape, err);
            continue;
        }
        const stream s = {XXH64(t->name.data, t->name.size, o->seed), t};
        const gb_row_source source = {t->dims == 1       ? make_ones
                                      : o->random_blocks ? make_blocks
                                                         : make_weights,
                                      NULL, &s, NULL};
        rc = gb_rows_write(w, t, source, pool, cap, progress, NULL, err);
    }
    return rc;
}

static void count_up(const gb_shape_tensors *m, gb_synth_result *result) {
    *result = (gb_synth_result){.tensors = m->count};
    for (size_t i = 0; i < m->count; i++) {
        result->parameters += gb_plan_elements(&m->rows[i]);
        result->bytes += gb_plan_bytes(&m->rows[i]);
    }
}

int gb_synth_write(const gb_synth_options *options, const char *path, gb_pool *pool, const gb_cap *cap,
                   const gb_progress *progress, gb_synth_result *result, gb_error *err) {
    const gb_plan_options plan = {.recipe = options->recipe, .pure = options->pure};
    gb_shape_tensors m = {0};
    gb_gguf_writer *w = NULL;
    int rc = gb_shape_plan(&options->shape, &plan, &m, err);
    if (!rc) rc = gb_gguf_writer_new(path, &w, err);
    if (!rc) rc = put_keys(w, options, err);
    if (!rc) rc = write_tensors(w, options, &m, pool, cap, progress, err);
    if (rc) {
        gb_gguf_writer_abort(w);
    } else {
        count_up(&m, result);
        rc = gb_gguf_writer_commit(w, err);
    }
    gb_shape_tensors_free(&m);
    return rc;
}
