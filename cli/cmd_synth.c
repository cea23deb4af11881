#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/engine.h"
#include "cli/progress.h"
#include "model/synth.h"

const char gb_help_synth[] =
    "usage: gaugeblock synth --shape NAME|FILE [options] OUT.gguf\n"
    "\n"
    "Writes a Llama-architecture model with random weights: speed and memory of a shape can be measured without a\n"
    "download. Matrices are N(0, 0.02), norms 1; the tokenizer has 256 byte tokens and fillers, so any text can be\n"
    "encoded. Equal shape, type and seed give equal bytes, whatever the threads and the instruction set.\n"
    "\n"
    "  --shape NAME     llama-3.2-1b llama-3.2-3b llama-3.1-8b tinyllama-1.1b gauge-4m tiny\n"
    "  --shape FILE     lines 'field value': vocab dim layers heads kv_heads head_dim ffn context tied rope_base\n"
    "                   rope_factor rope_low rope_high rope_original eps; '#' begins a comment\n"
    "  --type TYPE      as in 'gaugeblock help quantize'; default Q4_K_M\n"
    "  --pure           every matrix in TYPE's base type\n"
    "  --blocks random  random codes with plausible scales instead of quantized random weights: as fast as the disk,\n"
    "                   good for speed and memory, not for studying a quantizer (default: --blocks quantized)\n"
    "  --seed S         default 1\n"
    "  --threads N      default: all CPUs\n"
    "  --isa NAME       cap the instruction set\n"
    "\n"
    "Never needs more memory than a few rows. OUT.gguf appears only when complete.\n";

typedef struct arguments {
    gb_synth_options options;
    const char *shape, *type, *blocks, *isa, *out;
    size_t threads;
} arguments;

enum { SHAPE = 1, TYPE, PURE, BLOCKS, SEED, THREADS, ISA };

static int take(void *into, int option, char *value, gb_error *err) {
    arguments *a = into;
    switch (option) {
    case SHAPE:
        a->shape = value;
        return GB_OK;
    case TYPE:
        a->type = value;
        return GB_OK;
    case PURE:
        a->options.pure = true;
        return GB_OK;
    case BLOCKS:
        a->blocks = value;
        return GB_OK;
    case SEED:
        return gb_parse_u64("--seed", value, &a->options.seed, err);
    case THREADS:
        return gb_parse_size("--threads", value, 1, GB_MAX_THREADS, &a->threads, err);
    default: /* ISA */
        a->isa = value;
        return GB_OK;
    }
}

static int parse(int argc, char **argv, arguments *a, gb_error *err) {
    static const struct option long_options[] = {
        {"shape", required_argument, NULL, SHAPE}, {"type", required_argument, NULL, TYPE},
        {"pure", no_argument, NULL, PURE},         {"blocks", required_argument, NULL, BLOCKS},
        {"seed", required_argument, NULL, SEED},   {"threads", required_argument, NULL, THREADS},
        {"isa", required_argument, NULL, ISA},     {0}};
    const int rc = gb_read_options(argc, argv, ":", long_options, take, a, err);
    if (rc) return rc;
    if (!a->shape) return gb_fail(err, GB_EINPUT, "--shape is missing; see 'gaugeblock help synth'");
    if (argc - optind != 1) return gb_fail(err, GB_EINPUT, "expected one output file, found %d words", argc - optind);
    a->out = argv[optind];
    a->options.random_blocks = strcmp(a->blocks, "random") == 0;
    if (!a->options.random_blocks && strcmp(a->blocks, "quantized") != 0)
        return gb_fail(err, GB_EINPUT, "--blocks '%s': expected random or quantized", a->blocks);
    return GB_OK;
}

int gb_cmd_synth(int argc, char **argv, gb_error *err) {
    arguments a = {.options = {.seed = 1}, .type = "Q4_K_M", .blocks = "quantized", .threads = gb_default_threads()};
    gb_cap cap;
    gb_pool *pool = NULL;
    gb_synth_result made;
    int rc = parse(argc, argv, &a, err);
    if (!rc) rc = gb_shape_find(a.shape, &a.options.shape, err);
    if (!rc) rc = gb_recipe_find(a.type, &a.options.recipe, err);
    if (!rc) rc = gb_parse_isa(a.isa, &cap, err);
    if (!rc) rc = gb_pool_new(a.threads, NULL, 0, &pool, err);
    if (rc) return rc;
    const gb_progress progress = gb_progress_line();
    rc = gb_synth_write(&a.options, a.out, pool, &cap, &progress, &made, err);
    gb_progress_done();
    gb_pool_free(pool);
    if (rc) return rc;
    printf("%s %s%s: %llu tensors, %llu parameters, tensor data %.2f MiB, %.2f bits per weight\n", a.options.shape.name,
           a.options.recipe->name, a.options.pure ? " (pure)" : "", (unsigned long long)made.tensors,
           (unsigned long long)made.parameters, (double)made.bytes / 0x1p20,
           8.0 * (double)made.bytes / (double)made.parameters);
    return GB_OK;
}
