#include "model/imatrix.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"

/* A name with its suffix must fit the GGUF reader's limit; nothing that quantizes has longer ones. */
enum { MAX_NAME = 255 };

static int by_name(const void *a, const void *b) {
    return strcmp(((const gb_imatrix_entry *)a)->name, ((const gb_imatrix_entry *)b)->name);
}

static char *copy_text(const char *text, size_t size, gb_error *err) {
    char *copy = gb_new(size + 1, 1, "a name of an importance matrix", err);
    if (copy && size) memcpy(copy, text, size);
    return copy;
}

/* One mean; says where a value cannot be a mean of squares. */
static int put_mean(const gb_imatrix *m, gb_imatrix_entry *e, size_t i, float sum, float count, gb_error *err) {
    char shown[GB_SHOWN];
    const float mean = count > 0.0F ? sum / count : sum;
    e->mean[i] = mean;
    if (isfinite(sum) && isfinite(mean) && sum >= 0.0F) return GB_OK;
    return gb_fail(err, GB_EINPUT, "%s: entry '%s', value %zu is %g, expected a finite sum of squares", m->path,
                   gb_str_show((gb_str){e->name, strlen(e->name)}, shown), i, (double)sum);
}

/* --- GGUF --------------------------------------------------------------------------------------------------------- */

static float get_f32(const gb_tensor *t, size_t i) {
    float v;
    memcpy(&v, t->data + i * sizeof v, sizeof v);
    return v;
}

static int compare_names(gb_str a, gb_str b) {
    const int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int by_tensor_name(const void *a, const void *b) {
    return compare_names((*(const gb_tensor *const *)a)->name, (*(const gb_tensor *const *)b)->name);
}

/* Takes a suffix off; false if the name has another one. */
static bool strip(gb_str name, const char *suffix, gb_str *stem) {
    const size_t n = strlen(suffix);
    if (name.size <= n || memcmp(name.data + name.size - n, suffix, n) != 0) return false;
    *stem = (gb_str){name.data, name.size - n};
    return true;
}

/* Tensor "<stem><suffix>" among the sorted ones; NULL if absent. */
static const gb_tensor *find(const gb_tensor *const *sorted, size_t count, gb_str stem, const char *suffix) {
    char name[MAX_NAME + 16];
    if (stem.size > MAX_NAME) return NULL;
    memcpy(name, stem.data, stem.size);
    memcpy(name + stem.size, suffix, strlen(suffix) + 1);
    const gb_tensor wanted = {.name = {name, stem.size + strlen(suffix)}};
    const gb_tensor *key = &wanted;
    const gb_tensor *const *found = bsearch(&key, sorted, count, sizeof(gb_tensor *), by_tensor_name);
    return found ? *found : NULL;
}

static uint64_t elements(const gb_tensor *t) {
    return t->ne[0] * gb_tensor_rows(t);
}

static int check_pair(const gb_gguf *f, gb_str stem, const gb_tensor *sums, const gb_tensor *counts, gb_error *err) {
    char shown[GB_SHOWN];
    gb_str_show(stem, shown);
    if (!sums || !counts)
        return gb_fail(err, GB_EINPUT, "%s: entry '%s' has %s but no %s", f->path, shown, sums ? "sums" : "counts",
                       sums ? "counts" : "sums");
    if (sums->format != GB_FORMAT_f32 || counts->format != GB_FORMAT_f32)
        return gb_fail(err, GB_EINPUT, "%s: entry '%s': sums are %s and counts are %s, expected F32", f->path, shown,
                       gb_formats[sums->format].NAME, gb_formats[counts->format].NAME);
    if (elements(sums) % elements(counts))
        return gb_fail(err, GB_EINPUT, "%s: entry '%s': %llu sums for %llu counts, expected a multiple", f->path, shown,
                       (unsigned long long)elements(sums), (unsigned long long)elements(counts));
    return GB_OK;
}

static int take_pair(gb_imatrix *m, const gb_gguf *f, gb_str stem, const gb_tensor *sums, const gb_tensor *counts,
                     gb_error *err) {
    int rc = check_pair(f, stem, sums, counts, err);
    if (rc) return rc;
    gb_imatrix_entry *e = &m->entries[m->count++];
    const size_t columns = (size_t)(elements(sums) / elements(counts));
    e->count = (size_t)elements(sums);
    e->name = copy_text(stem.data, stem.size, err);
    e->mean = gb_new(e->count, sizeof *e->mean, "an importance matrix", err);
    if (!e->name || !e->mean) return GB_ESYSTEM;
    for (size_t i = 0; !rc && i < e->count; i++) {
        const float count = get_f32(counts, i / columns);
        if (!(count >= 0.0F) || isinf(count))
            rc = gb_fail(err, GB_EINPUT, "%s: entry '%s': count %zu is %g, expected a number of rows", f->path, e->name,
                         i / columns, (double)count);
        else /* nothing is known about a matrix that was never used: all columns are alike */
            rc = count > 0.0F ? put_mean(m, e, i, get_f32(sums, i), count, err) : put_mean(m, e, i, 1.0F, 1.0F, err);
    }
    return rc;
}

static int read_keys(gb_imatrix *m, const gb_gguf *f, gb_error *err) {
    gb_str type;
    const gb_str *datasets = NULL;
    size_t count = 0;
    int rc = gb_gguf_get_str_or(f, "general.type", "imatrix", &type, err);
    char shown[GB_SHOWN];
    if (!rc && !gb_str_equal(type, "imatrix"))
        rc = gb_fail(err, GB_EINPUT, "%s: general.type is '%s', expected 'imatrix'", f->path, gb_str_show(type, shown));
    if (!rc) rc = gb_gguf_get_u64(f, "imatrix.chunk_count", &m->chunks, err);
    if (!rc) rc = gb_gguf_get_str_array(f, "imatrix.datasets", &datasets, &count, err);
    if (rc || !count) return rc;
    m->dataset = copy_text(datasets[0].data, datasets[0].size, err);
    return m->dataset ? GB_OK : GB_ESYSTEM;
}

static int read_tensors(gb_imatrix *m, const gb_gguf *f, const gb_tensor **sorted, gb_error *err) {
    for (size_t i = 0; i < f->tensor_count; i++) sorted[i] = &f->tensors[i];
    qsort(sorted, f->tensor_count, sizeof(gb_tensor *), by_tensor_name);
    int rc = GB_OK;
    for (size_t i = 0; !rc && i < f->tensor_count; i++) {
        gb_str stem;
        if (strip(sorted[i]->name, ".in_sum2", &stem))
            rc = take_pair(m, f, stem, sorted[i], find(sorted, f->tensor_count, stem, ".counts"), err);
        else if (strip(sorted[i]->name, ".counts", &stem) && !find(sorted, f->tensor_count, stem, ".in_sum2"))
            rc = check_pair(f, stem, NULL, sorted[i], err);
    }
    return rc;
}

static int read_gguf(gb_imatrix *m, gb_error *err) {
    gb_gguf *f = NULL;
    int rc = gb_gguf_open(m->path, &f, err);
    if (rc) return rc;
    rc = read_keys(m, f, err);
    const gb_tensor **sorted = gb_new(f->tensor_count, sizeof(gb_tensor *), "tensors of an importance matrix", err);
    m->entries = gb_new(f->tensor_count, sizeof *m->entries, "entries of an importance matrix", err);
    if (!rc) rc = sorted && m->entries ? read_tensors(m, f, sorted, err) : GB_ESYSTEM;
    if (!rc) qsort(m->entries, m->count, sizeof *m->entries, by_name); /* suffixes change the order of names */
    free(sorted);
    gb_gguf_close(f);
    return rc;
}

/* --- legacy ------------------------------------------------------------------------------------------------------- */

typedef struct cursor {
    const gb_imatrix *m;
    const uint8_t *data;
    size_t size, pos;
    gb_error *err;
} cursor;

static int take(cursor *c, size_t size, const char *what, const uint8_t **out) {
    if (size > c->size - c->pos) {
        (void)gb_fail(c->err, GB_EINPUT, "%s: offset %zu: the file ends inside %s: %zu bytes expected, %zu left",
                      c->m->path, c->pos, what, size, c->size - c->pos);
        return GB_EINPUT; /* not gb_fail's value: static analysis cannot see that it is not GB_OK */
    }
    *out = c->data + c->pos;
    c->pos += size;
    return GB_OK;
}

/* A number in [min, max]; every number of the format is a 32-bit one. */
static int take_number(cursor *c, const char *what, int32_t min, int32_t max, int32_t *out) {
    const uint8_t *p = NULL;
    const size_t at = c->pos;
    const int rc = take(c, sizeof *out, what, &p);
    if (rc) return rc;
    memcpy(out, p, sizeof *out);
    if (*out >= min && *out <= max) return GB_OK;
    return gb_fail(c->err, GB_EINPUT, "%s: offset %zu: %s is %d, expected %d to %d", c->m->path, at, what, *out, min,
                   max);
}

static int take_entry(cursor *c, gb_imatrix_entry *e) {
    int32_t length = 0;
    int32_t calls = 0;
    int32_t values = 0;
    const uint8_t *name = NULL;
    const uint8_t *data = NULL;
    int rc = take_number(c, "the length of an entry's name", 1, MAX_NAME, &length);
    if (!rc) rc = take(c, (size_t)length, "an entry's name", &name);
    if (!rc) rc = take_number(c, "an entry's number of calls", 0, INT32_MAX, &calls);
    if (!rc) rc = take_number(c, "an entry's number of values", 1, INT32_MAX, &values);
    if (!rc) rc = take(c, (size_t)values * sizeof(float), "an entry's values", &data);
    if (rc) return rc;
    e->count = (size_t)values;
    e->name = copy_text((const char *)name, (size_t)length, c->err);
    e->mean = gb_new(e->count, sizeof *e->mean, "an importance matrix", c->err);
    if (!e->name || !e->mean) return GB_ESYSTEM;
    for (size_t i = 0; !rc && i < e->count; i++) {
        float v;
        memcpy(&v, data + i * sizeof v, sizeof v);
        rc = put_mean(c->m, e, i, v, (float)calls, c->err);
    }
    return rc;
}

/* Chunks and dataset came later than the format: a file may end before them. */
static int take_origin(cursor *c, gb_imatrix *m) {
    int32_t number = 0;
    const uint8_t *name = NULL;
    if (c->pos == c->size) return GB_OK;
    int rc = take_number(c, "the number of chunks", 0, INT32_MAX, &number);
    m->chunks = (uint64_t)number;
    if (rc || c->pos == c->size) return rc;
    rc = take_number(c, "the length of the dataset's name", 0, 1 << 16, &number);
    if (!rc) rc = take(c, (size_t)number, "the dataset's name", &name);
    if (rc || !number) return rc;
    m->dataset = copy_text((const char *)name, (size_t)number, c->err);
    return m->dataset ? GB_OK : GB_ESYSTEM;
}

static int read_legacy(gb_imatrix *m, const gb_map *map, gb_error *err) {
    enum { MIN_ENTRY = 4 + 1 + 4 + 4 + 4 };
    cursor c = {m, map->data, map->size, 0, err};
    int32_t count = 0;
    const size_t most = map->size / MIN_ENTRY;
    int rc = take_number(&c, "the number of entries", 1, most < INT32_MAX ? (int32_t)most : INT32_MAX, &count);
    if (rc) return rc;
    m->entries = gb_new((size_t)count, sizeof *m->entries, "entries of an importance matrix", err);
    if (!m->entries) return GB_ESYSTEM;
    m->count = (size_t)count; /* zeroed: an entry that was not reached is harmless to free */
    for (size_t i = 0; !rc && i < m->count; i++) rc = take_entry(&c, &m->entries[i]);
    if (!rc) rc = take_origin(&c, m);
    if (rc) return rc;
    qsort(m->entries, m->count, sizeof *m->entries, by_name);
    for (size_t i = 1; i < m->count; i++) {
        char shown[GB_SHOWN];
        const char *name = m->entries[i].name;
        if (strcmp(m->entries[i - 1].name, name) == 0)
            return gb_fail(err, GB_EINPUT, "%s: the entry '%s' occurs twice", m->path,
                           gb_str_show((gb_str){name, strlen(name)}, shown));
    }
    return GB_OK;
}

/* --- both --------------------------------------------------------------------------------------------------------- */

static int read_any(gb_imatrix *m, gb_error *err) {
    gb_map map;
    int rc = gb_map_open(m->path, &map, err);
    if (rc) return rc;
    const bool is_gguf = map.size >= 4 && memcmp(map.data, "GGUF", 4) == 0;
    if (!is_gguf) rc = read_legacy(m, &map, err);
    gb_map_close(&map);
    if (is_gguf) rc = read_gguf(m, err);
    if (!rc && !m->count) rc = gb_fail(err, GB_EINPUT, "%s: no importance matrix in it", m->path);
    return rc;
}

int gb_imatrix_read(const char *path, gb_imatrix **out, gb_error *err) {
    *out = NULL;
    gb_imatrix *m = gb_new(1, sizeof *m, "an importance matrix", err);
    if (!m) return GB_ESYSTEM;
    m->path = copy_text(path, strlen(path), err);
    const int rc = m->path ? read_any(m, err) : GB_ESYSTEM;
    if (rc)
        gb_imatrix_free(m);
    else
        *out = m;
    return rc;
}

void gb_imatrix_free(gb_imatrix *m) {
    if (!m) return;
    for (size_t i = 0; i < m->count; i++) {
        free(m->entries[i].name);
        free(m->entries[i].mean);
    }
    free(m->entries);
    free(m->dataset);
    free(m->path);
    free(m);
}

const gb_imatrix_entry *gb_imatrix_find(const gb_imatrix *m, gb_str name) {
    size_t low = 0;
    size_t high = m->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const char *candidate = m->entries[middle].name;
        const int order = compare_names(name, (gb_str){candidate, strlen(candidate)});
        if (order == 0) return &m->entries[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
