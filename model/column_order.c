#include "model/column_order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"

const gb_tensor *gb_column_order_find(const gb_gguf *file, gb_str matrix) {
    char name[GB_ORDER_NAME];
    const int used = snprintf(name, sizeof name, "%.*s.perm", (int)(matrix.size < 64 ? matrix.size : 64), matrix.data);
    return matrix.size <= 64 && used > 0 ? gb_gguf_find_tensor(file, name) : NULL;
}

static int check(const gb_gguf *file, const gb_tensor *t, const int32_t *order, size_t n, gb_error *err) {
    char name[GB_SHOWN];
    unsigned char *seen = gb_new(n, 1, "marks of columns", err);
    if (!seen) return GB_ESYSTEM;
    int rc = GB_OK;
    for (size_t i = 0; !rc && i < n; i++) {
        if (order[i] < 0 || (size_t)order[i] >= n)
            rc = gb_fail(err, GB_EINPUT, "%s: offset %llu: tensor '%s': element %zu is %d, expected 0 to %zu",
                         file->path, (unsigned long long)(t->offset + i * sizeof *order), gb_str_show(t->name, name), i,
                         order[i], n - 1);
        else if (seen[order[i]]++)
            rc = gb_fail(err, GB_EINPUT, "%s: offset %llu: tensor '%s': element %zu names column %d a second time",
                         file->path, (unsigned long long)(t->offset + i * sizeof *order), gb_str_show(t->name, name), i,
                         order[i]);
    }
    free(seen);
    return rc;
}

static int read_order(const gb_gguf *file, const gb_tensor *t, size_t n, int32_t **out, gb_error *err) {
    char name[GB_SHOWN];
    *out = NULL;
    if (t->format != GB_FORMAT_i32 || t->dims != 1 || t->ne[0] != n)
        return gb_fail(err, GB_EINPUT,
                       "%s: tensor '%s' is %s with %u dimensions, %llu elements a row; expected I32, 1, %zu",
                       file->path, gb_str_show(t->name, name), gb_formats[t->format].NAME, t->dims,
                       (unsigned long long)t->ne[0], n);
    int32_t *order = gb_new(n, sizeof *order, "an order of columns", err);
    if (!order) return GB_ESYSTEM;
    memcpy(order, t->data, n * sizeof *order);
    const int rc = check(file, t, order, n, err);
    if (rc)
        free(order);
    else
        *out = order;
    return rc;
}

int gb_column_orders_add(gb_column_orders *all, const gb_gguf *file, const gb_tensor *t, size_t n, const int32_t **out,
                         gb_error *err) {
    int32_t *order = NULL;
    const int rc = read_order(file, t, n, &order, err);
    if (!order) return rc;
    for (size_t i = 0; i < all->count; i++) {
        const gb_column_order *old = &all->item[i];
        if (old->n != n || memcmp(old->at, order, n * sizeof *order) != 0) continue;
        free(order);
        *out = old->at;
        return GB_OK;
    }
    gb_column_order *grown = realloc(all->item, (all->count + 1) * sizeof *grown);
    if (!grown) {
        free(order);
        return gb_fail(err, GB_ESYSTEM, "orders of columns: out of memory");
    }
    grown[all->count++] = (gb_column_order){order, n};
    all->item = grown;
    *out = order;
    return GB_OK;
}

void gb_column_orders_free(gb_column_orders *all) {
    for (size_t i = 0; i < all->count; i++) free(all->item[i].at);
    free(all->item);
    *all = (gb_column_orders){0};
}
