/* Writing importance matrices; the formats are in imatrix.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "harness/file.h"
#include "model/imatrix.h"

static int by_name(const void *a, const void *b) {
    return strcmp((*(const gb_imatrix_sums *const *)a)->name, (*(const gb_imatrix_sums *const *)b)->name);
}

static int check_sums(const gb_imatrix_sums *e, const char *path, gb_error *err) {
    for (size_t i = 0; i < e->columns; i++)
        if (!isfinite((float)e->squares[i]))
            return gb_fail(err, GB_EINPUT,
                           "%s: '%s': the sum of squares of column %zu is %g: the activations are not usable", path,
                           e->name, i, e->squares[i]);
    return GB_OK;
}

/* --- GGUF --------------------------------------------------------------------------------------------------------- */

static int put_header(gb_gguf_writer *w, const gb_imatrix_sums *const *sorted, size_t count,
                      const gb_imatrix_origin *origin, gb_error *err) {
    const gb_str dataset = {origin->dataset, strlen(origin->dataset)};
    int rc = gb_gguf_put_str(w, "general.type", "imatrix", err);
    if (!rc) rc = gb_gguf_put_str_array(w, "imatrix.datasets", &dataset, 1, err);
    if (!rc) rc = gb_gguf_put_u32(w, "imatrix.chunk_count", origin->chunks, err);
    if (!rc) rc = gb_gguf_put_u32(w, "imatrix.chunk_size", origin->chunk_size, err);
    for (size_t i = 0; !rc && i < count; i++) {
        char name[128];
        int size = snprintf(name, sizeof name, "%s.in_sum2", sorted[i]->name);
        rc = gb_gguf_put_tensor(w, (gb_str){name, (size_t)size}, 1, (const uint64_t[4]){sorted[i]->columns, 1, 1, 1},
                                GB_FORMAT_f32, err);
        size = snprintf(name, sizeof name, "%s.counts", sorted[i]->name);
        if (!rc)
            rc = gb_gguf_put_tensor(w, (gb_str){name, (size_t)size}, 1, (const uint64_t[4]){1, 1, 1, 1}, GB_FORMAT_f32,
                                    err);
    }
    return rc ? rc : gb_gguf_begin_data(w, err);
}

static int write_gguf(const char *path, const gb_imatrix_sums *const *sorted, size_t count,
                      const gb_imatrix_origin *origin, float *values, gb_error *err) {
    gb_gguf_writer *w = NULL;
    int rc = gb_gguf_writer_new(path, &w, err);
    if (rc) return rc;
    rc = put_header(w, sorted, count, origin, err);
    for (size_t i = 0; !rc && i < count; i++) {
        const float rows = (float)sorted[i]->count;
        for (size_t j = 0; j < sorted[i]->columns; j++) values[j] = (float)sorted[i]->squares[j];
        rc = gb_gguf_write_data(w, values, sorted[i]->columns * sizeof *values, err);
        if (!rc) rc = gb_gguf_write_data(w, &rows, sizeof rows, err);
    }
    if (!rc) return gb_gguf_writer_commit(w, err);
    gb_gguf_writer_abort(w);
    return rc;
}

/* --- legacy ------------------------------------------------------------------------------------------------------- */

static int put_number(gb_output *out, uint64_t number, gb_error *err) {
    const int32_t v = number < INT32_MAX ? (int32_t)number : INT32_MAX;
    return gb_output_write(out, &v, sizeof v, err);
}

static int put_text(gb_output *out, const char *text, gb_error *err) {
    const int rc = put_number(out, strlen(text), err);
    return rc ? rc : gb_output_write(out, text, strlen(text), err);
}

static int put_entry(gb_output *out, const gb_imatrix_sums *e, uint32_t chunk_size, float *values, gb_error *err) {
    const uint64_t calls = (e->count + chunk_size - 1) / chunk_size;
    int rc = put_text(out, e->name, err);
    if (!rc) rc = put_number(out, calls, err);
    if (!rc) rc = put_number(out, e->columns, err);
    for (size_t j = 0; j < e->columns; j++) values[j] = (float)e->squares[j] / (float)e->count * (float)calls;
    return rc ? rc : gb_output_write(out, values, e->columns * sizeof *values, err);
}

static int write_legacy(const char *path, const gb_imatrix_sums *const *sorted, size_t count,
                        const gb_imatrix_origin *origin, float *values, gb_error *err) {
    gb_output *out = NULL;
    int rc = gb_output_open(path, &out, err);
    if (rc) return rc;
    rc = put_number(out, count, err);
    for (size_t i = 0; !rc && i < count; i++) rc = put_entry(out, sorted[i], origin->chunk_size, values, err);
    if (!rc) rc = put_number(out, origin->chunks, err);
    if (!rc) rc = put_text(out, origin->dataset, err);
    if (!rc) return gb_output_commit(out, err);
    gb_output_abort(out);
    return rc;
}

int gb_imatrix_write(const char *path, bool legacy, const gb_imatrix_sums *entries, size_t count,
                     const gb_imatrix_origin *origin, gb_error *err) {
    size_t widest = 1;
    int rc = GB_OK;
    for (size_t i = 0; !rc && i < count; i++) {
        rc = check_sums(&entries[i], path, err);
        if (entries[i].columns > widest) widest = entries[i].columns;
    }
    if (rc) return rc;
    const gb_imatrix_sums **sorted = gb_new(count, sizeof(gb_imatrix_sums *), "entries of an importance matrix", err);
    float *values = gb_new(widest, sizeof *values, "an importance matrix", err);
    rc = sorted && values ? GB_OK : GB_ESYSTEM;
    for (size_t i = 0; !rc && i < count; i++) sorted[i] = &entries[i];
    if (!rc) {
        qsort(sorted, count, sizeof(gb_imatrix_sums *), by_name);
        rc = legacy ? write_legacy(path, sorted, count, origin, values, err)
                    : write_gguf(path, sorted, count, origin, values, err);
    }
    free(sorted);
    free(values);
    return rc;
}
