#include "tests/support/convert_run.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/engine_run.h"

enum { TOKENS = 19 };

int try_convert(const gb_convert_options *o, const char *out, gb_notes *notes, gb_error *err) {
    gb_source s;
    gb_cap cap;
    gb_pool *pool = NULL;
    char message[512];
    int rc = gb_convert_open(o, &s, err);
    if (rc) return rc;
    if (notes) *notes = s.notes;
    ck_assert_int_eq(gb_cap_from_name(NULL, &cap, message, sizeof message), 0);
    ck_assert_int_eq(gb_pool_new(2, NULL, 0, &pool, err), GB_OK);
    rc = gb_convert_write(&s, out, pool, &cap, NULL, err);
    gb_pool_free(pool);
    gb_source_free(&s);
    return rc;
}

gb_notes convert_good(const gb_convert_options *o, const char *out) {
    gb_notes notes;
    gb_error err = {0};
    ck_assert_msg(try_convert(o, out, &notes, &err) == GB_OK, "%s", err.text);
    return notes;
}

gb_gguf *open_gguf(const char *path) {
    gb_gguf *f = NULL;
    gb_error err = {0};
    ck_assert_msg(gb_gguf_open(path, &f, &err) == GB_OK, "%s", err.text);
    return f;
}

uint64_t u64_of(const gb_gguf *f, const char *key) {
    uint64_t v = 0;
    gb_error err = {0};
    ck_assert_msg(gb_gguf_get_u64(f, key, &v, &err) == GB_OK, "%s", err.text);
    return v;
}

/* What the activations of a matrix lose, of the largest logit. */
static double tolerance_of(gb_format weights) {
    const gb_format type = gb_formats[weights].partner;
    return type == GB_FORMAT_f32        ? 1e-5
           : type == GB_FORMAT_f16      ? 2e-3
           : type == GB_FORMAT_int8_row ? 2e-1 /* one scale for the row */
                                        : 4e-2;
}

/* The file's logits after a few tokens, no further from those of the model than the rounding of activations explains
 * (to 24, 11 or 8 bits). */
void expect_logits(float_model *m, const char *path) {
    int32_t ids[TOKENS];
    double *wanted = calloc(m->vocab, sizeof *wanted);
    double largest = 0;
    ck_assert_ptr_nonnull(wanted);
    for (size_t i = 0; i < TOKENS; i++) ids[i] = (int32_t)(i * 31 % m->vocab);
    float_model_logits(m, ids, TOKENS, wanted);
    for (size_t i = 0; i < m->vocab; i++) largest = fmax(largest, fabs(wanted[i]));
    engine_run e = engine_open(path, NULL, 1, 0, 64, GB_FORMAT_f32);
    const double tolerance = fmax(tolerance_of(e.m->layers[0].up.format), tolerance_of(e.m->output.format));
    float *logits = engine_logits(e, ids, TOKENS);
    for (size_t i = 0; i < m->vocab; i++)
        ck_assert_msg(fabs((double)logits[i] - wanted[i]) < tolerance * largest, "logit %zu: %g, expected %g", i,
                      (double)logits[i], wanted[i]);
    free(logits);
    free(wanted);
    engine_close(e);
}

void refuse_convert(const gb_convert_options *o, const char *out, const char *word) {
    gb_error err = {0};
    ck_assert_msg(try_convert(o, out, NULL, &err) == GB_EINPUT, "accepted; expected '%s'", word);
    ck_assert_msg(strstr(err.text, word) != NULL, "'%s' does not say '%s'", err.text, word);
    ck_assert_int_ne(access(out, F_OK), 0);
}

void refuse_source(const char *path, const char *word) {
    gb_error err = {0};
    gb_source s;
    const gb_convert_options o = {.source = path};
    ck_assert_msg(gb_convert_open(&o, &s, &err) == GB_EINPUT, "accepted; expected '%s'", word);
    ck_assert_msg(strstr(err.text, word) != NULL, "'%s' does not say '%s'", err.text, word);
}

bool has_note(const gb_notes *notes, const char *word) {
    for (size_t i = 0; i < notes->count; i++)
        if (strstr(notes->text[i], word)) return true;
    return false;
}
