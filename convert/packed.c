#include "convert/packed.h"

#include <stdlib.h>
#include <string.h>

enum { NAME = 160 };

void gb_packed_free(gb_packed *p) {
    if (!p) return;
    free(p->group_of);
    free(p->order);
    free(p);
}

static gb_entry *find(const gb_packed_request *r, const char *ending, char name[NAME]) {
    (void)snprintf(name, NAME, "%s.%s", r->base, ending);
    return gb_checkpoint_find(&r->s->checkpoint, name);
}

bool gb_packed_has(const gb_packed_request *r, const char *ending) {
    char name[NAME];
    return find(r, ending, name) != NULL;
}

const gb_st_tensor *gb_packed_companion(const gb_packed_request *r, const char *ending, uint32_t dims, uint64_t a,
                                        uint64_t b) {
    char name[NAME];
    char found[GB_SHAPE_TEXT];
    gb_entry *e = find(r, ending, name);
    if (!e) {
        gb_fail(r->err, GB_EINPUT, "%s: tensor '%s' is missing", r->path, name);
        return NULL;
    }
    const gb_st_tensor *t = e->t;
    if (dims && (t->dims != dims || t->shape[0] != a || (dims == 2 && t->shape[1] != b))) {
        gb_fail(r->err, GB_EINPUT,
                dims == 2 ? "%s: tensor '%s' is %s, expected %llu x %llu" : "%s: tensor '%s' is %s, expected %llu",
                e->file->path, name, gb_st_shape(t, found), (unsigned long long)a, (unsigned long long)b);
        return NULL;
    }
    e->used = true;
    return t;
}

int gb_packed_dtype(const gb_packed_request *r, const gb_st_tensor *t, gb_dtype wanted) {
    if (t->dtype == wanted) return GB_OK;
    return gb_fail(r->err, GB_EINPUT, "%s: tensor '%s' is %s, expected %s", r->path, t->name, gb_dtype_names[t->dtype],
                   gb_dtype_names[wanted]);
}

gb_convert_tensor *gb_packed_add(const gb_packed_request *r, gb_packed *p, gb_convert_make *make) {
    gb_convert_tensor *t = gb_source_add(r->s, r->gguf, r->rows, r->columns, GB_FORMAT_f32, p->codes);
    t->row.from = p->format;
    t->row_bytes = 0; /* its rows lie nowhere in one piece */
    t->packed = p;
    t->make = make;
    if (r->halves) t->head_dim = (size_t)r->s->hyper.head_dim;
    return t;
}

int gb_packed_take(const gb_packed_request *r, bool *taken) {
    *taken = true;
    if (gb_packed_has(r, "qweight")) {
        const gb_quant_method method = r->s->quant.method;
        if (method == GB_QUANT_GPTQ || method == GB_QUANT_AWQ) return gb_grouped_take(r);
        return gb_fail(r->err, GB_EINPUT, "%s: '%s.qweight' is there, but no configuration says how it is quantized",
                       r->path, r->base);
    }
    if (gb_packed_has(r, "weight.absmax")) return gb_bnb4_take(r);
    if (gb_packed_has(r, "SCB")) return gb_int8_take(r);
    *taken = false;
    return GB_OK;
}
