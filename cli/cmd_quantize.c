#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/engine.h"
#include "cli/progress.h"
#include "cli/quantize_report.h"
#include "harness/alloc.h"
#include "model/quantize.h"

const char gb_help_quantize[] =
    "usage: gaugeblock quantize [options] IN.gguf OUT.gguf TYPE [THREADS]\n"
    "       gaugeblock quantize --dry-run [options] IN.gguf TYPE\n"
    "\n"
    "Writes a model in another type. TYPE, in upper or lower case, with llama-quantize's mixture of types:\n"
    "  F32 F16 BF16                        every matrix in this type\n"
    "  Q8_0 Q6_K                           every matrix in this type\n"
    "  Q4_0 Q4_1 Q5_0 Q5_1                 output (or tied token_embd) in Q6_K\n"
    "  Q2_K Q2_K_S Q3_K_S Q3_K_M Q3_K_L    output in Q6_K, more bits for attn_v, ffn_down and others; Q3_K, Q4_K and\n"
    "  Q4_K_S Q4_K_M Q5_K_S Q5_K_M         Q5_K are their _M\n"
    "  IQ4_NL IQ4_XS IQ3_M IQ3_S IQ3_XS    the same\n"
    "  IQ3_XXS IQ2_M IQ2_S IQ2_XS IQ2_XXS  the same, output in Q5_K; they and Q2_K_S need an importance matrix\n"
    "  IQ1_M IQ1_S\n"
    "  TQ1_0 TQ2_0 Q1_0 Q2_0               for ternary and binary models\n"
    "  MXFP4_MOE                           experts in MXFP4, everything else in Q8_0\n"
    "  MXFP4 NVFP4                         every matrix, output in Q8_0 or Q6_K\n"
    "  NF4 FP4 NF4_DQ FP4_DQ INT8_ROW      formats of other projects: output and token_embd in F16, everything else "
    "in\n"
    "  GPTQ4 GPTQ8 AWQ4 MLC_Q4F16_1        this type. GGUF has no numbers for them: they are gaugeblock's own, and "
    "other\n"
    "  ONNX_Q4 MXFP6_E2M3 MXFP6_E3M2       programs refuse them (docs/formats/README.md)\n"
    "  MXFP8_E4M3 MXFP8_E5M2 FP8_E4M3\n"
    "  FP8_E5M2\n"
    "docs/recipes.md has the tables. A recipe with a type that this version lacks is refused. Vectors, norms and "
    "routers\n"
    "keep their type. Rows that are not a whole number of blocks fall back to a type of smaller blocks, with a note.\n"
    "\n"
    "  --imatrix FILE           weigh the columns by their importance ('gaugeblock imatrix' or llama-imatrix, either\n"
    "                           format)\n"
    "  --pure                   every matrix in TYPE's base type, output and token_embd included\n"
    "  --tensor-type REGEX=T    type T for tensors whose name holds a match; may be repeated, the first match wins\n"
    "  --output-tensor-type T   type of output.weight (or of the tied token_embd)\n"
    "  --token-embedding-type T type of token_embd.weight\n"
    "  --leave-output-tensor    output.weight keeps its type\n"
    "  --compat ggml            damage IQ3_S super-blocks that hold 32 zeros as ggml does; all other bytes are ggml's\n"
    "                           anyway\n"
    "  --allow-requantize       accept sources that are quantized already\n"
    "  --dry-run                print what would be done and the sizes; write nothing\n"
    "  --stats                  print the error of every tensor: RMSE, largest, cosine, signal to noise\n"
    "  --json                   plan, sizes and errors as one JSON object\n"
    "  --threads N              default: all CPUs; the bytes are the same for every N\n"
    "  --isa NAME               cap the instruction set; the bytes are the same for every NAME\n"
    "\n"
    "OUT.gguf appears only when complete; an older file of that name is replaced.\n";

typedef struct arguments {
    gb_quantize_options options;
    gb_overrides *overrides;
    const char *in, *out, *isa, *imatrix;
    size_t threads; /* 0: not given */
    bool dry_run, stats, json;
    gb_run run;
} arguments;

static int parse_type(const char *option, const char *text, gb_type_choice *choice, gb_error *err) {
    *choice = (gb_type_choice){true, gb_block_type_by_name(text)};
    if (choice->type != GB_NO_TYPE) return GB_OK;
    return gb_fail(err, GB_EINPUT, "%s '%s': unknown type; 'gaugeblock list formats' shows the types", option, text);
}

enum {
    PURE = 1,
    LEAVE_OUTPUT,
    REQUANTIZE,
    DRY_RUN,
    STATS,
    JSON,
    IMATRIX,
    TENSOR_TYPE,
    OUTPUT_TYPE,
    EMBEDDING_TYPE,
    COMPAT,
    THREADS,
    ISA
};

static bool take_flag(arguments *a, int option) {
    bool *const flags[] = {[PURE] = &a->options.plan.pure,
                           [LEAVE_OUTPUT] = &a->options.plan.leave_output,
                           [REQUANTIZE] = &a->options.allow_requantize,
                           [DRY_RUN] = &a->dry_run,
                           [STATS] = &a->stats,
                           [JSON] = &a->json};
    if (option < PURE || option > JSON) return false;
    *flags[option] = true;
    return true;
}

static int take(void *into, int option, char *value, gb_error *err) {
    arguments *a = into;
    if (take_flag(a, option)) return GB_OK;
    switch (option) {
    case IMATRIX:
        a->imatrix = value;
        return GB_OK;
    case TENSOR_TYPE:
        return gb_overrides_add(&a->overrides, value, err);
    case OUTPUT_TYPE:
        return parse_type("--output-tensor-type", value, &a->options.plan.output, err);
    case EMBEDDING_TYPE:
        return parse_type("--token-embedding-type", value, &a->options.plan.embedding, err);
    case COMPAT:
        return gb_parse_compat(value, &a->options.compat_ggml, err);
    case THREADS:
        return gb_parse_size("--threads", value, 1, GB_MAX_THREADS, &a->threads, err);
    default:
        a->isa = value;
        return GB_OK;
    }
}

static int take_words(int argc, char **argv, arguments *a, gb_error *err) {
    const int words = argc - optind;
    if (a->dry_run && words == 2) { /* as llama-quantize: no output, no name for it */
        a->in = argv[optind];
        return gb_recipe_find(argv[optind + 1], &a->options.plan.recipe, err);
    }
    if (words < 3 || words > 4)
        return gb_fail(err, GB_EINPUT,
                       "expected IN.gguf OUT.gguf TYPE [THREADS], found %d words; see 'gaugeblock help quantize'",
                       words);
    a->in = argv[optind];
    a->out = argv[optind + 1];
    int rc = GB_OK;
    if (words == 4) {
        if (a->threads) return gb_fail(err, GB_EINPUT, "the number of threads is given twice");
        rc = gb_parse_size("THREADS", argv[optind + 3], 1, GB_MAX_THREADS, &a->threads, err);
    }
    return rc ? rc : gb_recipe_find(argv[optind + 2], &a->options.plan.recipe, err);
}

static int parse(int argc, char **argv, arguments *a, gb_error *err) {
    static const struct option long_options[] = {{"pure", no_argument, NULL, PURE},
                                                 {"leave-output-tensor", no_argument, NULL, LEAVE_OUTPUT},
                                                 {"allow-requantize", no_argument, NULL, REQUANTIZE},
                                                 {"dry-run", no_argument, NULL, DRY_RUN},
                                                 {"stats", no_argument, NULL, STATS},
                                                 {"json", no_argument, NULL, JSON},
                                                 {"imatrix", required_argument, NULL, IMATRIX},
                                                 {"tensor-type", required_argument, NULL, TENSOR_TYPE},
                                                 {"output-tensor-type", required_argument, NULL, OUTPUT_TYPE},
                                                 {"token-embedding-type", required_argument, NULL, EMBEDDING_TYPE},
                                                 {"compat", required_argument, NULL, COMPAT},
                                                 {"threads", required_argument, NULL, THREADS},
                                                 {"isa", required_argument, NULL, ISA},
                                                 {0}};
    const int rc = gb_read_options(argc, argv, ":", long_options, take, a, err);
    if (rc) return rc;
    if (a->stats && a->dry_run)
        return gb_fail(err, GB_EINPUT, "--stats measures what is written; --dry-run writes nothing");
    a->options.plan.overrides = a->overrides;
    return take_words(argc, argv, a, err);
}

static int convert(const arguments *a, const gb_gguf *in, const gb_plan_row *rows, gb_tensor_error *lost,
                   gb_error *err) {
    gb_cap cap;
    gb_pool *pool = NULL;
    int rc = gb_parse_isa(a->isa, &cap, err);
    if (!rc) rc = gb_refuse_same_file(a->in, a->out, err);
    if (!rc) rc = gb_pool_new(a->threads ? a->threads : gb_default_threads(), NULL, 0, &pool, err);
    if (rc) return rc;
    const gb_progress progress = gb_progress_line();
    rc = gb_quantize_write(in, &a->options, rows, a->out, pool, &cap, &progress, lost, err);
    gb_progress_done();
    gb_pool_free(pool);
    return rc;
}

static int report(const arguments *a, const gb_quantize_report *r, gb_error *err) {
    if (a->json) return gb_quantize_print_json(r, err);
    if (a->dry_run) gb_quantize_print_plan(r);
    if (a->stats) gb_quantize_print_stats(r);
    gb_quantize_print_summary(r);
    return GB_OK;
}

static int run(const arguments *a, const gb_gguf *in, const gb_plan_row *rows, gb_tensor_error *lost, gb_error *err) {
    gb_error reason = {0};
    gb_quantize_report r = {.in = in, .options = &a->options, .rows = rows, .lost = lost, .run = &a->run};
    const int possible = gb_quantize_check(in, &a->options, rows, &reason);
    if (possible != GB_OK && !a->dry_run) {
        *err = reason;
        return possible;
    }
    if (possible != GB_OK) r.impossible = reason.text;
    gb_quantize_print_notes(&r);
    if (a->dry_run) return report(a, &r, err);
    r.out = a->out;
    const int rc = convert(a, in, rows, lost, err);
    return rc ? rc : report(a, &r, err);
}

static int open_and_run(arguments *a, gb_error *err) {
    gb_gguf *in = NULL;
    gb_imatrix *imatrix = NULL;
    gb_plan_row *rows = NULL;
    gb_tensor_error *lost = NULL;
    int rc = gb_gguf_open(a->in, &in, err);
    if (!rc && a->imatrix) rc = gb_imatrix_read(a->imatrix, &imatrix, err);
    a->options.imatrix = imatrix;
    if (!rc) rc = gb_quantize_plan(in, &a->options, &rows, err);
    if (!rc && a->stats) {
        lost = gb_new(in->tensor_count, sizeof *lost, "errors of tensors", err);
        if (!lost) rc = GB_ESYSTEM;
    }
    if (!rc) rc = run(a, in, rows, lost, err);
    free(lost);
    free(rows);
    gb_imatrix_free(imatrix);
    gb_gguf_close(in);
    return rc;
}

int gb_cmd_quantize(int argc, char **argv, gb_error *err) {
    arguments a = {.in = "", .out = ""};
    gb_run_begin(&a.run, argc, argv, NULL);
    int rc = parse(argc, argv, &a, err);
    if (!rc) rc = open_and_run(&a, err);
    gb_overrides_free(a.overrides);
    return rc;
}
