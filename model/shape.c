#include "model/shape.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "harness/file.h"

const gb_shape gb_shapes[] = {
#define GB_SHAPE(...) {__VA_ARGS__},
#include "model/shapes.def"
#undef GB_SHAPE
};
const size_t gb_shape_count = sizeof gb_shapes / sizeof gb_shapes[0];

enum { MAX_FILE = 65536 };

/* Fields of a shape file. Sizes are uint32_t, the others float; `tied` is 0 or 1. */
static const struct field {
    const char *name;
    size_t at;
    enum { SIZE, REAL, FLAG } kind;
} fields[] = {
    {"vocab", offsetof(gb_shape, vocab), SIZE},
    {"dim", offsetof(gb_shape, dim), SIZE},
    {"layers", offsetof(gb_shape, layers), SIZE},
    {"heads", offsetof(gb_shape, heads), SIZE},
    {"kv_heads", offsetof(gb_shape, kv_heads), SIZE},
    {"head_dim", offsetof(gb_shape, head_dim), SIZE},
    {"ffn", offsetof(gb_shape, ffn), SIZE},
    {"context", offsetof(gb_shape, context), SIZE},
    {"tied", offsetof(gb_shape, tied), FLAG},
    {"rope_base", offsetof(gb_shape, rope_base), REAL},
    {"rope_factor", offsetof(gb_shape, rope_factor), REAL},
    {"rope_low", offsetof(gb_shape, rope_low), REAL},
    {"rope_high", offsetof(gb_shape, rope_high), REAL},
    {"rope_original", offsetof(gb_shape, rope_original), REAL},
    {"eps", offsetof(gb_shape, eps), REAL},
};

static int set_field(gb_shape *shape, const char *name, const char *value, const char *path, size_t line,
                     gb_error *err) {
    const struct field *f = NULL;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp(fields[i].name, name) == 0) f = &fields[i];
    if (!f) return gb_fail(err, GB_EINPUT, "%s: line %zu: unknown field '%s'", path, line, name);
    char *end = NULL;
    const double v = strtod(value, &end);
    const bool whole = v >= 0 && v <= 0x1p31 && v == floor(v);
    if (end == value || *end || !isfinite(v) || (f->kind == SIZE && !whole) || (f->kind == FLAG && v != 0 && v != 1))
        return gb_fail(err, GB_EINPUT, "%s: line %zu: '%s' is no value for %s", path, line, value, name);
    void *at = (char *)shape + f->at;
    if (f->kind == SIZE)
        *(uint32_t *)at = (uint32_t)v;
    else if (f->kind == REAL)
        *(float *)at = (float)v;
    else
        *(bool *)at = v != 0;
    return GB_OK;
}

/* Cuts `text` into lines and words in place. */
static int parse_lines(char *text, const char *path, gb_shape *shape, gb_error *err) {
    size_t line = 0;
    int rc = GB_OK;
    for (char *next = text; !rc && next;) {
        char *row = strsep(&next, "\n");
        line++;
        row[strcspn(row, "#")] = '\0';
        char *rest = NULL;
        const char *name = strtok_r(row, " \t\r=", &rest);
        if (!name) continue;
        const char *value = strtok_r(NULL, " \t\r=", &rest);
        const char *surplus = strtok_r(NULL, " \t\r=", &rest);
        if (!value || surplus)
            rc = gb_fail(err, GB_EINPUT, "%s: line %zu: expected a field and its value", path, line);
        else
            rc = set_field(shape, name, value, path, line, err);
    }
    return rc;
}

/* Bounds keep every later product far below 2^63 and every file a plausible model. */
static int check(const gb_shape *s, const char *path, gb_error *err) {
    const struct {
        const char *name;
        uint32_t value, min, max;
    } ranges[] = {{"vocab", s->vocab, 260, 1U << 22},     {"dim", s->dim, 1, 1U << 17},
                  {"layers", s->layers, 1, 1000},         {"heads", s->heads, 1, 1024},
                  {"kv_heads", s->kv_heads, 1, s->heads}, {"head_dim", s->head_dim, 2, 1024},
                  {"ffn", s->ffn, 1, 1U << 19},           {"context", s->context, 1, 1U << 24}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (ranges[i].value < ranges[i].min || ranges[i].value > ranges[i].max)
            return gb_fail(err, GB_EINPUT, "%s: %s is %u, expected %u to %u", path, ranges[i].name, ranges[i].value,
                           ranges[i].min, ranges[i].max);
    if (s->heads % s->kv_heads) return gb_fail(err, GB_EINPUT, "%s: heads is not a multiple of kv_heads", path);
    if (s->head_dim % 2) return gb_fail(err, GB_EINPUT, "%s: head_dim is odd, but rope turns pairs", path);
    if (!(s->rope_base >= 1) || !(s->eps > 0)) return gb_fail(err, GB_EINPUT, "%s: rope_base < 1 or eps <= 0", path);
    if (s->rope_factor != 0 &&
        !(s->rope_factor >= 1 && s->rope_low > 0 && s->rope_high > s->rope_low && s->rope_original > 0))
        return gb_fail(err, GB_EINPUT,
                       "%s: rope scaling needs rope_factor >= 1, 0 < rope_low < rope_high, rope_original > 0", path);
    return GB_OK;
}

static int read_file(const char *path, gb_shape *out, gb_error *err) {
    uint8_t *text = NULL;
    size_t size = 0;
    int rc = gb_read_all(path, MAX_FILE, &text, &size, err);
    if (rc) return rc;
    *out = (gb_shape){.context = 2048, .tied = true, .rope_base = 10000, .eps = 1e-5F};
    const char *base = strrchr(path, '/');
    snprintf(out->name, sizeof out->name, "%.*s", (int)sizeof out->name - 1, base ? base + 1 : path);
    rc = parse_lines((char *)text, path, out, err);
    free(text);
    if (rc) return rc;
    if (out->heads == 0 && out->head_dim) out->heads = out->dim / out->head_dim;
    if (out->head_dim == 0 && out->heads) out->head_dim = out->dim / out->heads;
    if (out->kv_heads == 0) out->kv_heads = out->heads;
    return check(out, path, err);
}

int gb_shape_find(const char *name_or_file, gb_shape *out, gb_error *err) {
    char names[768] = "";
    for (size_t i = 0; i < gb_shape_count; i++) {
        if (strcasecmp(gb_shapes[i].name, name_or_file) == 0) {
            *out = gb_shapes[i];
            return GB_OK;
        }
        const size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, " %s", gb_shapes[i].name);
    }
    if (access(name_or_file, F_OK) == 0) return read_file(name_or_file, out, err);
    return gb_fail(err, GB_EINPUT, "unknown shape '%s': neither a file nor one of%s", name_or_file, names);
}

void gb_shape_rope_factors(const gb_shape *shape, float *factors) {
    static const double pi = 3.14159265358979323846;
    const uint32_t half = shape->head_dim / 2;
    for (uint32_t i = 0; i < half; i++) {
        const double wavelength = 2 * pi * pow((double)shape->rope_base, (double)i / half);
        const double turns = (double)shape->rope_original / wavelength; /* within the context of training */
        const double smooth = (turns - (double)shape->rope_low) / (double)(shape->rope_high - shape->rope_low);
        const double factor = (double)shape->rope_factor;
        /* fast frequencies stay, slow ones are divided by the factor, between them the frequency is interpolated */
        if (smooth >= 1)
            factors[i] = 1;
        else if (smooth <= 0)
            factors[i] = (float)factor;
        else
            factors[i] = (float)(1 / ((1 - smooth) / factor + smooth));
    }
}
