#include "model/merge.h"

#include <stdlib.h>

#include "harness/alloc.h"

void gb_merger_clear(gb_merger *m) {
    m->count = 0;
    m->heap_count = 0;
}

void gb_merger_free(gb_merger *m) {
    free(m->symbols);
    free(m->heap);
    *m = (gb_merger){0};
}

/* Room for one more element of an array that grows by doubling. */
static int reserve(void **data, size_t count, size_t *room, size_t size, gb_error *err) {
    if (count < *room) return GB_OK;
    size_t bytes = 0;
    const size_t wanted = *room ? 2 * *room : 256;
    void *grown = gb_mul_size(wanted, size, &bytes) ? realloc(*data, bytes) : NULL;
    if (!grown) return gb_fail(err, GB_ESYSTEM, "tokenizer: out of memory (%zu elements of %zu bytes)", wanted, size);
    *data = grown;
    *room = wanted;
    return GB_OK;
}

int gb_merger_push(gb_merger *m, size_t start, size_t size, int32_t id, gb_error *err) {
    void *data = m->symbols;
    const int rc = reserve(&data, m->count, &m->room, sizeof *m->symbols, err);
    m->symbols = data;
    if (rc) return rc;
    const int32_t index = (int32_t)m->count++;
    m->symbols[index] =
        (gb_symbol){.start = (uint32_t)start, .size = (uint32_t)size, .next = -1, .prev = index - 1, .id = id};
    if (index) m->symbols[index - 1].next = index;
    return GB_OK;
}

static void sift_down(gb_merger *m, size_t i) {
    const gb_candidate c = m->heap[i];
    for (size_t child = 2 * i + 1; child < m->heap_count; child = 2 * i + 1) {
        if (child + 1 < m->heap_count && m->heap[child + 1].key < m->heap[child].key) child++;
        if (c.key <= m->heap[child].key) break;
        m->heap[i] = m->heap[child];
        i = child;
    }
    m->heap[i] = c;
}

static gb_candidate pop(gb_merger *m) {
    const gb_candidate top = m->heap[0];
    m->heap[0] = m->heap[--m->heap_count];
    if (m->heap_count) sift_down(m, 0);
    return top;
}

/* Enters the pair that starts at symbol `left`, if there is one and it may merge. */
static int consider(gb_merger *m, int32_t left, gb_merge_rule *rule, const void *ctx, gb_error *err) {
    if (left < 0 || m->symbols[left].next < 0) return GB_OK;
    const gb_symbol *l = &m->symbols[left];
    const gb_symbol *r = &m->symbols[l->next];
    uint32_t order = 0;
    int32_t id = -1;
    if (!rule(ctx, l, r, &order, &id)) return GB_OK;
    void *data = m->heap;
    const int rc = reserve(&data, m->heap_count, &m->heap_room, sizeof *m->heap, err);
    m->heap = data;
    if (rc) return rc;
    const gb_candidate c = {.key = (uint64_t)order << 32 | (uint32_t)left, .size = l->size + r->size, .id = id};
    size_t i = m->heap_count++;
    for (; i && c.key < m->heap[(i - 1) / 2].key; i = (i - 1) / 2) m->heap[i] = m->heap[(i - 1) / 2];
    m->heap[i] = c;
    return GB_OK;
}

int gb_merger_run(gb_merger *m, gb_merge_rule *rule, const void *ctx, gb_error *err) {
    int rc = GB_OK;
    for (size_t i = 0; i + 1 < m->count && !rc; i++) rc = consider(m, (int32_t)i, rule, ctx, err);
    while (!rc && m->heap_count) {
        const gb_candidate c = pop(m);
        const int32_t left = (int32_t)(uint32_t)c.key;
        gb_symbol *l = &m->symbols[left];
        if (l->size == 0 || l->next < 0) continue;
        gb_symbol *r = &m->symbols[l->next];
        /* A symbol only grows, and it grows by its whole right neighbour: the same sum means the same two symbols. */
        if (l->size + r->size != c.size) continue;
        l->size = c.size;
        l->id = c.id;
        l->next = r->next;
        r->size = 0;
        if (l->next >= 0) m->symbols[l->next].prev = left;
        rc = consider(m, l->prev, rule, ctx, err);
        if (!rc) rc = consider(m, left, rule, ctx, err);
    }
    return rc;
}
