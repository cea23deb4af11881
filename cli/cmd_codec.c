#include <float.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/explain.h"
#include "harness/alloc.h"
#include "harness/file.h"

const char gb_help_codec[] =
    "usage: gaugeblock codec encode --format F --row N [--imatrix W.f32] [--isa I]  < x.f32  > blocks\n"
    "                              [--compat ggml]\n"
    "       gaugeblock codec decode --format F --row N [--isa I]                    < blocks > x.f32\n"
    "       gaugeblock codec act    --format F --row N [--isa I]                    < x.f32  > blocks of F's partner\n"
    "       gaugeblock codec explain --format F [--row N]                           < blocks\n"
    "       gaugeblock codec dot    --format F --row N --weights B --act X.f32 [--isa I]    > y.f32\n"
    "\n"
    "Raw data, no headers: little-endian float32 rows of N elements, and block rows back to back.\n"
    "\n"
    "  encode   floats to blocks of F (an activation-only format by its activation quantizer)\n"
    "  decode   blocks to floats\n"
    "  act      floats to blocks of the format that F's dot takes on the activation side (q4_K: q8_K)\n"
    "  explain  shows blocks field by field, then their elements; without --row one block is a row\n"
    "  dot      every row of B times the one row X, which is quantized to F's partner first: one float per row\n"
    "\n"
    "  --format F       any format of 'gaugeblock list formats'; case does not matter\n"
    "  --row N          elements per row: a multiple of the format's block\n"
    "  --imatrix W.f32  importance of each column: N floats, finite and not negative (encode of weight formats;\n"
    "                   iq1_s, iq2_xxs and iq2_xs cannot do without)\n"
    "  --compat ggml    reproduce a defect of ggml's encoder: of iq3_s, super-blocks with 32 zeros are damaged; the\n"
    "                   bytes of all other formats are ggml's anyway\n"
    "  --isa I          auto (default), reference, or the cap (gaugeblock list isas)\n"
    "\n"
    "exit status: 0 ok, 2 usage or unusable input\n";

typedef enum mode { ENCODE, DECODE, ACT, DOT, EXPLAIN, MODES } mode;
static const char *const mode_names[MODES] = {"encode", "decode", "act", "dot", "explain"};

typedef struct arguments {
    mode mode;
    gb_format format;
    size_t n; /* elements per row */
    const char *isa, *imatrix, *weights, *act;
    bool has_format, compat; /* --compat ggml */
    gb_cap cap;
} arguments;

static int need(bool given, const char *option, mode m, gb_error *err) {
    if (given) return GB_OK;
    return gb_fail(err, GB_EINPUT, "codec %s needs %s; see 'gaugeblock help codec'", mode_names[m], option);
}

static int parse_mode(int argc, char **argv, arguments *a, gb_error *err) {
    if (optind >= argc)
        return gb_fail(err, GB_EINPUT, "expected encode, decode, act, dot or explain; see 'gaugeblock help codec'");
    int m = 0;
    while (m < MODES && strcmp(mode_names[m], argv[optind]) != 0) m++;
    if (m == MODES)
        return gb_fail(err, GB_EINPUT, "unknown action '%s': expected encode, decode, act, dot or explain",
                       argv[optind]);
    if (optind + 1 < argc)
        return gb_fail(err, GB_EINPUT, "unexpected argument '%s'; data comes from standard input", argv[optind + 1]);
    a->mode = (mode)m;
    return GB_OK;
}

/* Which options belong to which action, and what a row may be. */
static int check(const arguments *a, gb_error *err) {
    int rc = need(a->has_format, "--format", a->mode, err);
    if (rc == GB_OK) rc = need(a->n > 0 || a->mode == EXPLAIN, "--row", a->mode, err);
    if (rc == GB_OK && a->mode == DOT) rc = need(a->weights != NULL, "--weights", a->mode, err);
    if (rc == GB_OK && a->mode == DOT) rc = need(a->act != NULL, "--act", a->mode, err);
    if (rc != GB_OK) return rc;
    const gb_format_info *info = &gb_formats[a->format];
    if (!info->is_weight && !info->is_activation)
        return gb_fail(err, GB_EINPUT, "%s is not a block format: nothing encodes to it", info->name);
    if (a->mode != DOT && (a->weights || a->act))
        return gb_fail(err, GB_EINPUT, "--weights and --act belong to codec dot, not %s", mode_names[a->mode]);
    if (a->imatrix && (a->mode != ENCODE || !info->is_weight))
        return gb_fail(err, GB_EINPUT, "--imatrix belongs to codec encode of a weight format, not %s of %s",
                       mode_names[a->mode], info->name);
    if (a->mode == ENCODE && gb_format_needs_importance(a->format) && !a->imatrix)
        return gb_fail(err, GB_EINPUT,
                       "%s needs --imatrix W.f32: so few bits have to be spent where they count (a row of ones "
                       "encodes without preference)",
                       info->name);
    if (a->compat && (a->mode != ENCODE || !info->is_weight))
        return gb_fail(err, GB_EINPUT, "--compat belongs to codec encode of a weight format, not %s of %s",
                       mode_names[a->mode], info->name);
    if (a->mode == DOT && !info->is_weight)
        return gb_fail(err, GB_EINPUT, "%s holds activations only: it has no dot of its own", info->name);
    if (a->n % info->block_elems != 0)
        return gb_fail(err, GB_EINPUT, "--row %zu is not a multiple of the %zu elements of a %s block", a->n,
                       info->block_elems, info->name);
    return GB_OK;
}

enum { FORMAT = 256, ROW, ISA, IMATRIX, COMPAT, WEIGHTS, ACTIVATION };

static int take(void *into, int option, char *value, gb_error *err) {
    arguments *a = into;
    switch (option) {
    case FORMAT:
        a->has_format = true;
        return gb_parse_format("--format", value, &a->format, err);
    case ROW:
        return gb_parse_size("--row", value, 1, (size_t)1 << 40, &a->n, err);
    case ISA:
        a->isa = value;
        return GB_OK;
    case IMATRIX:
        a->imatrix = value;
        return GB_OK;
    case COMPAT:
        return gb_parse_compat(value, &a->compat, err);
    case WEIGHTS:
        a->weights = value;
        return GB_OK;
    default: /* ACTIVATION */
        a->act = value;
        return GB_OK;
    }
}

static int parse(int argc, char **argv, arguments *a, gb_error *err) {
    static const struct option table[] = {
        {"format", required_argument, NULL, FORMAT},  {"row", required_argument, NULL, ROW},
        {"isa", required_argument, NULL, ISA},        {"imatrix", required_argument, NULL, IMATRIX},
        {"compat", required_argument, NULL, COMPAT},  {"weights", required_argument, NULL, WEIGHTS},
        {"act", required_argument, NULL, ACTIVATION}, {0}};
    int rc = gb_read_options(argc, argv, ":", table, take, a, err);
    if (rc == GB_OK) rc = parse_mode(argc, argv, a, err);
    if (rc == GB_OK) rc = check(a, err);
    if (rc == GB_OK) rc = gb_parse_isa(a->isa, &a->cap, err);
    return rc;
}

/* --- data -----------------------------------------------------------------------------------------------------------
 */

/* Reads `path` (NULL: standard input) as whole rows of row_bytes; *rows >= 1. */
static int read_rows(const char *path, size_t row_bytes, uint8_t **data, size_t *rows, gb_error *err) {
    size_t size = 0;
    const int rc = gb_read_all(path, SIZE_MAX, data, &size, err);
    if (rc != GB_OK) return rc;
    const char *name = path ? path : "standard input";
    if (size == 0 || row_bytes == 0)
        return gb_fail(err, GB_EINPUT, "%s is empty: expected rows of %zu bytes", name, row_bytes);
    if (size % row_bytes != 0)
        return gb_fail(err, GB_EINPUT, "%s holds %zu bytes: not a whole number of rows of %zu bytes", name, size,
                       row_bytes);
    *rows = size / row_bytes;
    return GB_OK;
}

/* Exactly one row of n floats. */
static int read_one_row(const char *path, size_t n, uint8_t **data, gb_error *err) {
    size_t rows = 0;
    const int rc = read_rows(path, n * sizeof(float), data, &rows, err);
    if (rc != GB_OK || rows == 1) return rc;
    return gb_fail(err, GB_EINPUT, "%s holds %zu floats, expected one row of %zu", path, rows * n, n);
}

static int read_importance(const char *path, size_t n, uint8_t **data, gb_error *err) {
    const int rc = read_one_row(path, n, data, err);
    if (rc != GB_OK) return rc;
    const float *w = (const float *)(const void *)*data;
    for (size_t i = 0; i < n; i++)
        if (!(w[i] >= 0.0F && w[i] <= FLT_MAX))
            return gb_fail(err, GB_EINPUT, "%s: element %zu is %g, expected a finite number that is not negative", path,
                           i, (double)w[i]);
    return GB_OK;
}

static gb_quantize_fn *weight_quantizer(const arguments *a, gb_format to) {
    gb_quantize_fn *compat = a->compat ? gb_compat_quantize(to) : NULL;
    return compat ? compat : gb_resolve(to, GB_OP_quantize, &a->cap).quantize;
}

/* The activation quantizer of a format that has one, else its weight quantizer. */
static void encode_row(const arguments *a, gb_format to, bool activation, const float *x, void *blocks,
                       const float *importance) {
    if (activation)
        gb_resolve(to, GB_OP_quantize_act, &a->cap).quantize_act(x, blocks, a->n);
    else
        weight_quantizer(a, to)(x, blocks, a->n, importance);
}

static int explain(const arguments *a, gb_error *err) {
    const size_t n = a->n ? a->n : gb_formats[a->format].block_elems;
    const size_t row_bytes = gb_row_bytes(a->format, n);
    uint8_t *in = NULL;
    size_t rows = 0;
    int rc = read_rows(NULL, row_bytes, &in, &rows, err);
    for (size_t r = 0; rc == GB_OK && r < rows; r++) rc = gb_explain_row(a->format, in + r * row_bytes, n, err);
    free(in);
    return rc;
}

/* encode, decode and act: one row in, one row out. */
static int transcode(const arguments *a, gb_error *err) {
    const gb_format format = a->mode == ACT ? gb_formats[a->format].partner : a->format;
    const size_t float_bytes = a->n * sizeof(float);
    const size_t block_bytes = gb_row_bytes(format, a->n);
    const size_t in_row = a->mode == DECODE ? block_bytes : float_bytes;
    const size_t out_row = a->mode == DECODE ? float_bytes : block_bytes;
    uint8_t *in = NULL;
    uint8_t *out = NULL;
    uint8_t *importance = NULL;
    size_t rows = 0;
    int rc = GB_OK;
    if (a->imatrix) rc = read_importance(a->imatrix, a->n, &importance, err);
    if (rc == GB_OK) rc = read_rows(NULL, in_row, &in, &rows, err);
    if (rc == GB_OK) {
        out = gb_new(rows, out_row, "codec: output", err);
        if (!out) rc = GB_ESYSTEM;
    }
    const bool activation = a->mode == ACT || !gb_formats[format].is_weight;
    for (size_t r = 0; rc == GB_OK && r < rows; r++) {
        const void *from = in + r * in_row;
        void *to = out + r * out_row;
        if (a->mode == DECODE)
            gb_resolve(format, GB_OP_dequantize, &a->cap).dequantize(from, to, a->n);
        else
            encode_row(a, format, activation, from, to, (const float *)(const void *)importance);
    }
    if (rc == GB_OK) (void)fwrite(out, out_row, rows, stdout); /* main checks stdout */
    free(in);
    free(out);
    free(importance);
    return rc;
}

static int dot(const arguments *a, gb_error *err) {
    const gb_format partner = gb_formats[a->format].partner;
    const size_t row = gb_row_bytes(a->format, a->n);
    uint8_t *w = NULL;
    uint8_t *x = NULL;
    size_t rows = 0;
    int rc = read_rows(a->weights, row, &w, &rows, err);
    if (rc == GB_OK) rc = read_one_row(a->act, a->n, &x, err);
    uint8_t *blocks = NULL;
    float *y = NULL;
    if (rc == GB_OK) {
        blocks = gb_new(1, gb_row_bytes(partner, a->n), "codec: activation row", err);
        y = gb_new(rows, sizeof *y, "codec: output", err);
        if (!blocks || !y) rc = GB_ESYSTEM;
    }
    if (rc == GB_OK) {
        encode_row(a, partner, true, (const float *)(const void *)x, blocks, NULL);
        gb_resolve(a->format, GB_OP_gemv, &a->cap).gemv(w, row, rows, blocks, a->n, y);
        (void)fwrite(y, sizeof *y, rows, stdout);
    }
    free(w);
    free(x);
    free(blocks);
    free(y);
    return rc;
}

int gb_cmd_codec(int argc, char **argv, gb_error *err) {
    arguments a = {.n = 0};
    const int rc = parse(argc, argv, &a, err);
    if (rc != GB_OK) return rc;
    return a.mode == DOT ? dot(&a, err) : a.mode == EXPLAIN ? explain(&a, err) : transcode(&a, err);
}
