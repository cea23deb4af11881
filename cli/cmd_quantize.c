#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/engine.h"
#include "cli/progress.h"
#include "model/quantize.h"

const char gb_help_quantize[] =
    "usage: gaugeblock quantize [options] IN.gguf OUT.gguf TYPE [THREADS]\n"
    "\n"
    "Writes a model in another type. TYPE, in upper or lower case:\n"
    "  F32 F16 BF16   every matrix in this type\n"
    "  Q8_0 Q6_K      every matrix in this type\n"
    "  Q4_0 Q4_1 Q5_0 Q5_1\n"
    "                 this type, output (or tied token_embd) in Q6_K\n"
    "  Q4_K_S         Q4_K, output in Q6_K, and Q5_K for attn_v and ffn_down in the first layers\n"
    "  Q4_K_M, Q4_K   Q4_K, output in Q6_K, and Q6_K for attn_v and ffn_down in the layers that gain most\n"
    "  NF4 FP4 NF4_DQ FP4_DQ INT8_ROW GPTQ4 GPTQ8 AWQ4 MLC_Q4F16_1 ONNX_Q4 MXFP6_E2M3 MXFP6_E3M2 MXFP8_E4M3\n"
    "  MXFP8_E5M2 FP8_E4M3 FP8_E5M2\n"
    "                 formats of other projects, on their grids; output and token_embd in F16. The types have numbers\n"
    "                 of gaugeblock's own, which other programs refuse (docs/formats/README.md)\n"
    "\n"
    "These are llama-quantize's rules for Llama-family models. Vectors, norms and routers keep their type; rows that\n"
    "are not a whole number of blocks fall back (Q4_K to Q5_0, Q5_K to Q5_1, Q6_K to Q8_0, then F16). Metadata is\n"
    "copied.\n"
    "\n"
    "  --pure              every matrix in TYPE's base type, output and token_embd included\n"
    "  --allow-requantize  accept sources that are quantized already\n"
    "  --dry-run           print what would be done and the sizes; write nothing\n"
    "  --threads N         default: all CPUs; the bytes are the same for every N\n"
    "  --isa NAME          cap the instruction set; the bytes are the same for every NAME\n"
    "\n"
    "OUT.gguf appears only when complete; an older file of that name is replaced. An importance matrix (--imatrix) is\n"
    "not supported yet.\n";

typedef struct arguments {
    gb_quantize_options options;
    const char *in, *out, *isa;
    size_t threads; /* 0: not given */
    bool dry_run;
} arguments;

static int parse(int argc, char **argv, arguments *a, gb_error *err) {
    enum { PURE = 1, REQUANTIZE, DRY_RUN, THREADS, ISA, IMATRIX };
    static const struct option long_options[] = {{"pure", no_argument, NULL, PURE},
                                                 {"allow-requantize", no_argument, NULL, REQUANTIZE},
                                                 {"dry-run", no_argument, NULL, DRY_RUN},
                                                 {"threads", required_argument, NULL, THREADS},
                                                 {"isa", required_argument, NULL, ISA},
                                                 {"imatrix", required_argument, NULL, IMATRIX},
                                                 {0}};
    opterr = 0;
    int rc = GB_OK;
    for (int option; !rc && (option = getopt_long(argc, argv, ":", long_options, NULL)) != -1;) {
        switch (option) {
        case PURE:
            a->options.pure = true;
            break;
        case REQUANTIZE:
            a->options.allow_requantize = true;
            break;
        case DRY_RUN:
            a->dry_run = true;
            break;
        case THREADS:
            rc = gb_parse_size("--threads", optarg, 1, GB_MAX_THREADS, &a->threads, err);
            break;
        case ISA:
            a->isa = optarg;
            break;
        case IMATRIX:
            return gb_fail(err, GB_EINPUT, "--imatrix is not supported yet; without it the plain quantizers are used");
        default:
            return gb_bad_option(argc, argv, err);
        }
    }
    if (rc) return rc;
    const int words = argc - optind;
    if (words < 3 || words > 4)
        return gb_fail(err, GB_EINPUT,
                       "expected IN.gguf OUT.gguf TYPE [THREADS], found %d words; see 'gaugeblock help quantize'",
                       words);
    a->in = argv[optind];
    a->out = argv[optind + 1];
    if (words == 4) {
        if (a->threads) return gb_fail(err, GB_EINPUT, "the number of threads is given twice");
        rc = gb_parse_size("THREADS", argv[optind + 3], 1, GB_MAX_THREADS, &a->threads, err);
    }
    return rc ? rc : gb_recipe_find(argv[optind + 2], &a->options.recipe, err);
}

static int refuse_same_file(const arguments *a, gb_error *err) {
    struct stat in;
    struct stat out;
    if (stat(a->in, &in) != 0 || stat(a->out, &out) != 0) return GB_OK; /* opening will say what is wrong */
    if (in.st_dev != out.st_dev || in.st_ino != out.st_ino) return GB_OK;
    return gb_fail(err, GB_EINPUT, "%s and %s are the same file", a->in, a->out);
}

static void print_notes(const gb_plan_row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char name[GB_SHOWN];
        if (rows[i].note[0]) fprintf(stderr, "note: %s: %s\n", gb_str_show(rows[i].name, name), rows[i].note);
    }
}

static void print_plan(const gb_plan_row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const gb_plan_row *r = &rows[i];
        char name[GB_SHOWN];
        char sizes[96];
        int used = 0;
        for (uint32_t d = 0; d < r->dims; d++)
            used += snprintf(sizes + used, sizeof sizes - (size_t)used, "%s%llu", d ? " x " : "",
                             (unsigned long long)r->ne[d]);
        printf("%-32s %-20s %-11s -> %-11s %12llu bytes\n", gb_str_show(r->name, name), sizes, gb_formats[r->from].NAME,
               gb_formats[r->to].NAME, (unsigned long long)gb_plan_bytes(r));
    }
}

static void print_summary(const arguments *a, const gb_gguf *in, const gb_plan_row *rows) {
    uint64_t before = 0;
    uint64_t after = 0;
    uint64_t elements = 0;
    for (size_t i = 0; i < in->tensor_count; i++) {
        before += in->tensors[i].bytes;
        after += gb_plan_bytes(&rows[i]);
        elements += gb_plan_elements(&rows[i]);
    }
    const double n = elements ? (double)elements : 1;
    printf("%s%s: %zu tensors, %llu parameters, tensor data %.2f MiB (%.2f bits per weight) -> %.2f MiB (%.2f)\n",
           a->options.recipe->name, a->options.pure ? " (pure)" : "", in->tensor_count, (unsigned long long)elements,
           (double)before / 0x1p20, 8.0 * (double)before / n, (double)after / 0x1p20, 8.0 * (double)after / n);
}

static int convert(const arguments *a, const gb_gguf *in, const gb_plan_row *rows, gb_error *err) {
    gb_cap cap;
    gb_pool *pool = NULL;
    int rc = gb_parse_isa(a->isa, &cap, err);
    if (!rc && !a->dry_run) rc = refuse_same_file(a, err);
    if (rc) return rc;
    print_notes(rows, in->tensor_count);
    if (a->dry_run) {
        print_plan(rows, in->tensor_count);
        return GB_OK;
    }
    rc = gb_pool_new(a->threads ? a->threads : gb_default_threads(), NULL, 0, &pool, err);
    if (rc) return rc;
    const gb_progress progress = gb_progress_line();
    rc = gb_quantize_write(in, &a->options, rows, a->out, pool, &cap, &progress, err);
    gb_progress_done();
    gb_pool_free(pool);
    return rc;
}

int gb_cmd_quantize(int argc, char **argv, gb_error *err) {
    arguments a = {.in = "", .out = ""};
    gb_gguf *in = NULL;
    gb_plan_row *rows = NULL;
    int rc = parse(argc, argv, &a, err);
    if (!rc) rc = gb_gguf_open(a.in, &in, err);
    if (!rc) rc = gb_quantize_plan(in, &a.options, &rows, err);
    if (!rc) rc = convert(&a, in, rows, err);
    if (!rc) print_summary(&a, in, rows);
    free(rows);
    gb_gguf_close(in);
    return rc;
}
