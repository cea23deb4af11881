#include "verify/case.h"

#include <assert.h>
#include <fenv.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "harness/trap.h"
#include "kernels/cpu.h"
#include "reference/number.h"

/* Two poisons per role. As floats those of outputs are finite, so a skipped write differs from any expected NaN too;
 * that of scratch includes NaN. */
static const uint8_t out_poison[2] = {0xa5, 0x5a};
static const uint8_t scratch_poison[2] = {0x5a, 0xff};

int gb_workspace_new(gb_workspace *w, gb_error *err) {
    *w = (gb_workspace){0};
    w->memory = gb_new(2 * GB_CASE_BUFFERS, GB_CASE_ROOM, "verify: case buffers", err);
    if (!w->memory) return GB_ESYSTEM;
    for (size_t i = 0; i < GB_CASE_BUFFERS; i++) {
        w->buffer[i].plain = w->memory + 2 * i * GB_CASE_ROOM;
        w->buffer[i].input = w->memory + (2 * i + 1) * GB_CASE_ROOM;
        if (gb_guard_reserve(&w->buffer[i].guard, GB_CASE_ROOM, err) != GB_OK) {
            gb_workspace_free(w);
            return GB_ESYSTEM;
        }
    }
    return GB_OK;
}

void gb_workspace_free(gb_workspace *w) {
    for (size_t i = 0; i < GB_CASE_BUFFERS; i++) gb_guard_free(&w->buffer[i].guard);
    free(w->memory);
    *w = (gb_workspace){0};
}

bool gb_case(gb_check *c, const char *format, ...) {
    va_list args;
    va_start(args, format);
    (void)vsnprintf(c->name, sizeof c->name, format, args);
    va_end(args);
    if (c->only && strcmp(c->only, c->name) != 0) return false;
    char stream[160];
    (void)snprintf(stream, sizeof stream, "%s %s %s", gb_formats[c->kernel->format].name, gb_op_names[c->kernel->op],
                   c->name);
    gb_rng_seed(&c->rng, c->seed, stream);
    c->used = 0;
    return true;
}

void *gb_case_buffer(gb_check *c, const char *name, gb_role role, size_t size) {
    assert(c->used < GB_CASE_BUFFERS && size <= GB_CASE_ROOM);
    gb_buffer *b = &c->work->buffer[c->used++];
    b->name = name;
    b->role = role;
    b->floats = false;
    b->size = size;
    b->place = GB_AT_END;
    b->shift = 0;
    return b->plain;
}

float *gb_case_floats(gb_check *c, const char *name, gb_role role, size_t count) {
    float *p = gb_case_buffer(c, name, role, count * sizeof(float));
    gb_buffer *b = &c->work->buffer[c->used - 1];
    b->floats = true;
    b->row = b->stride = count;
    return p;
}

void gb_case_place(gb_check *c, gb_place place, size_t shift) {
    c->work->buffer[c->used - 1].place = place;
    c->work->buffer[c->used - 1].shift = shift;
}

void gb_case_stride(gb_check *c, size_t row, size_t stride) {
    c->work->buffer[c->used - 1].row = row;
    c->work->buffer[c->used - 1].stride = stride;
}

/* --- judging ---------------------------------------------------------------------------------------------------- */

static void fail(gb_check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fail(gb_check *c, const char *format, ...) {
    gb_verify_result *r = c->result;
    if (r->failed_cases > c->failed_before) return; /* one failure a case */
    if (r->failed_cases++ > 0) return;              /* the first of the row is described */
    va_list args;
    va_start(args, format);
    (void)vsnprintf(r->reason, sizeof r->reason, format, args);
    va_end(args);
    const gb_kernel *k = c->kernel;
    (void)snprintf(r->replay, sizeof r->replay,
                   "gaugeblock verify --format %s --op %s --isa %s --seed %llu --case %s%s%s",
                   gb_formats[k->format].name, gb_op_names[k->op], gb_isas[k->isa].name, (unsigned long long)c->seed,
                   c->name, c->effort == GB_EFFORT_EXHAUSTIVE ? " --exhaustive" : "", c->slack ? " --slack" : "");
}

typedef struct call_args {
    gb_case_call *call;
    gb_fn fn;
    void *p[GB_CASE_BUFFERS];
    const void *shape;
} call_args;

static void do_call(void *ctx) {
    const call_args *a = ctx;
    a->call(a->fn, a->p, a->shape);
}

static void fail_crash(gb_check *c, int signal, const void *address) {
    char where[128] = "";
    for (size_t i = 0; i < c->used; i++) {
        const gb_buffer *b = &c->work->buffer[i];
        ptrdiff_t offset;
        if (address && gb_guard_owns(&b->guard, address, &offset))
            (void)snprintf(where, sizeof where, ": touches byte %td of %s, which has %zu", offset, b->name, b->size);
    }
    fail(c, "%s in %s, case %s%s", gb_trap_name(signal), c->kernel->name, c->name, where);
}

/* Signed or unsigned, both NaN are equal; nothing else is but the same bits. */
static bool same_float(uint32_t got, uint32_t want) {
    const bool both_nan = (got & 0x7fffffffU) > 0x7f800000U && (want & 0x7fffffffU) > 0x7f800000U;
    return got == want || both_nan;
}

static uint32_t bits_at(const uint8_t *p, size_t i) {
    return gb_f32_bits(gb_load_f32(p, i));
}

static void compare_floats(gb_check *c, const gb_buffer *b, uint8_t poison) {
    const uint8_t *got = b->guard.data;
    if (b->row == b->stride && memcmp(got, b->plain, b->size) == 0) return;
    const uint32_t poison_bits = poison * 0x01010101U;
    for (size_t i = 0; i < b->size / sizeof(float); i++) {
        const uint32_t g = bits_at(got, i);
        if (b->role == GB_OUT && i % b->stride >= b->row) { /* between the rows of the output */
            if (g == poison_bits) continue;
            fail(c, "%s, case %s: writes between the rows of %s: index %zu (row of %zu, stride %zu) became %08x",
                 c->kernel->name, c->name, b->name, i, b->row, b->stride, g);
            return;
        }
        const uint32_t w = bits_at(b->plain, i);
        if (same_float(g, w)) continue;
        const char *note = b->role == GB_OUT && g == poison_bits ? ": not written" : "";
        if (b->row == b->stride)
            fail(c, "%s, case %s: %s[%zu of %zu] got %08x (%.9g), expected %08x (%.9g)%s", c->kernel->name, c->name,
                 b->name, i, b->row, g, (double)gb_f32_from_bits(g), w, (double)gb_f32_from_bits(w), note);
        else
            fail(c, "%s, case %s: %s row %zu column %zu got %08x (%.9g), expected %08x (%.9g)%s", c->kernel->name,
                 c->name, b->name, i % b->stride, i / b->stride, g, (double)gb_f32_from_bits(g), w,
                 (double)gb_f32_from_bits(w), note);
        return;
    }
}

static void compare_bytes(gb_check *c, const gb_buffer *b, const uint8_t *want, const char *what) {
    const uint8_t *got = b->guard.data;
    if (memcmp(got, want, b->size) == 0) return;
    size_t i = 0;
    while (got[i] == want[i]) i++;
    fail(c, "%s, case %s: %s byte %zu of %zu %s %02x, expected %02x", c->kernel->name, c->name, b->name, i, b->size,
         what, got[i], want[i]);
}

static void judge(gb_check *c, int pass) {
    const char *environment = gb_cpu_float_environment();
    if (environment) {
        (void)fesetenv(FE_DFL_ENV);
        fail(c, "%s, case %s: returns with the float environment changed: %s", c->kernel->name, c->name, environment);
    }
    for (size_t i = 0; i < c->used; i++) {
        const gb_buffer *b = &c->work->buffer[i];
        ptrdiff_t offset;
        if (!gb_guard_intact(&b->guard, &offset))
            fail(c, "%s, case %s: writes outside %s: byte %td, it has %zu", c->kernel->name, c->name, b->name, offset,
                 b->size);
        if (b->role == GB_IN)
            compare_bytes(c, b, b->plain, "was changed: now");
        else if (b->role != GB_SCRATCH && b->floats)
            compare_floats(c, b, out_poison[pass]);
        else if (b->role != GB_SCRATCH)
            compare_bytes(c, b, b->plain, "got");
    }
}

static void count_live(gb_check *c, const gb_buffer *b) {
    size_t live = 0;
    size_t total = b->size;
    if (b->floats) {
        total = 0;
        for (size_t i = 0; i < b->size / sizeof(float); i++) {
            if (i % b->stride >= b->row) continue;
            const uint32_t magnitude = bits_at(b->plain, i) & 0x7fffffffU;
            live += magnitude != 0 && magnitude < 0x7f800000U;
            total++;
        }
    } else {
        /* blocks count as a whole: with few bits a weight, many bytes of a live block are zero */
        const size_t step = gb_formats[c->kernel->format].block_bytes;
        for (size_t at = 0; at < b->size; at += step) {
            const size_t end = at + step < b->size ? at + step : b->size;
            size_t i = at;
            while (i < end && b->plain[i] == 0) i++;
            if (i < end) live += end - at;
        }
    }
    c->result->live += live;
    c->result->outputs += total;
}

void gb_case_run(gb_check *c, gb_case_call *call, const void *shape) {
    c->result->cases++;
    c->failed_before = c->result->failed_cases;
    call_args args = {.call = call, .fn = c->reference, .shape = shape};
    for (size_t i = 0; i < c->used; i++) {
        const gb_buffer *b = &c->work->buffer[i];
        args.p[i] = b->plain;
        if (b->role == GB_OUT) memset(b->plain, out_poison[0], b->size);
        if (b->role == GB_INOUT) memcpy(b->input, b->plain, b->size);
    }
    do_call(&args);
    for (size_t i = 0; i < c->used; i++) {
        const gb_buffer *b = &c->work->buffer[i];
        if (b->role == GB_OUT || b->role == GB_INOUT) count_live(c, b);
    }

    args.fn = c->kernel->fn;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < c->used; i++) {
            gb_buffer *b = &c->work->buffer[i];
            const size_t slack = b->place == GB_AT_END ? c->slack : 0;
            uint8_t *p = gb_guard_place(&b->guard, b->size, b->place, b->shift + slack);
            args.p[i] = p;
            if (b->role == GB_IN) memcpy(p, b->plain, b->size);
            if (b->role == GB_INOUT) memcpy(p, b->input, b->size);
            if (b->role == GB_OUT) memset(p, out_poison[pass], b->size);
            if (b->role == GB_SCRATCH) memset(p, scratch_poison[pass], b->size);
        }
        const void *address = NULL;
        const int signal = gb_trap_run(do_call, &args, &address);
        if (signal) {
            (void)fesetenv(FE_DFL_ENV);
            fail_crash(c, signal, address);
        } else {
            judge(c, pass);
        }
        if (c->result->failed_cases > c->failed_before) return;
    }
}

size_t gb_case_lengths(const gb_check *c, gb_format format, size_t out[GB_CASE_LENGTHS]) {
    static const size_t more_blocks[] = {43, 90};
    static const size_t more_elements[] = {127, 128, 129, 2880};
    const size_t block = gb_formats[format].block_elems;
    const bool single = block == 1;
    const size_t *more = single ? more_elements : more_blocks;
    const size_t small = single ? 70 : 17;
    size_t count = 0;
    for (size_t blocks = 1; blocks <= small; blocks++)
        if (c->effort != GB_EFFORT_QUICK || blocks <= 3 || blocks % (small / 7) == 1) out[count++] = blocks * block;
    /* 90 blocks are the 2880 of 32-element formats; 43 super-blocks are long enough */
    for (size_t i = 0; i < (single ? 4U : block < 256 ? 2U : 1U); i++) out[count++] = more[i] * block;
    if (gb_heads[format].span) out[count++] = gb_heads[format].span + 3 * block;
    return count;
}
