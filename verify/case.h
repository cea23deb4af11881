/* One case of one row: declare buffers, fill the inputs, run. The same call runs once with the reference on plain
 * memory and twice with the kernel on guarded memory, so a check says only what the inputs are and how the operation is
 * called. Internal to verify/. */
#ifndef GB_VERIFY_CASE_H
#define GB_VERIFY_CASE_H

#include <stdbool.h>

#include "harness/guard.h"
#include "harness/rng.h"
#include "verify/verify.h"

enum {
    GB_CASE_BUFFERS = 5,
    GB_CASE_ROOM = 1 << 22, /* bytes: the largest buffer of any case */
};

typedef enum gb_role {
    GB_IN,      /* must be unchanged after the call */
    GB_OUT,     /* poisoned before the call */
    GB_INOUT,   /* filled by the case, compared after */
    GB_SCRATCH, /* poisoned before the call, not compared */
} gb_role;

typedef struct gb_buffer {
    const char *name;
    gb_role role;
    bool floats;        /* output of floats (any NaN equals any NaN), else of bytes */
    size_t size;        /* bytes */
    size_t row, stride; /* outputs of floats: `row` floats written in every `stride`, the rest must stay as it was */
    gb_place place;
    size_t shift;
    uint8_t *plain; /* the content before the call; of outputs, after the reference ran: what the kernel must give */
    uint8_t *input; /* of GB_INOUT: the content before the call */
    gb_guard guard;
} gb_buffer;

/* Memory of all cases of a run: GB_CASE_ROOM bytes per buffer, plain and guarded. */
typedef struct gb_workspace {
    gb_buffer buffer[GB_CASE_BUFFERS];
    uint8_t *memory;
} gb_workspace;

int gb_workspace_new(gb_workspace *w, gb_error *err);
void gb_workspace_free(gb_workspace *w);

/* A vector: what an emulator may load behind an end where the CPU loads what a mask selects. They hold canaries. */
enum { GB_CASE_SLACK = 64 };

typedef struct gb_check {
    const gb_kernel *kernel;
    gb_fn reference;
    uint64_t seed;
    const char *only;
    gb_effort effort;
    size_t slack; /* bytes between a buffer that is placed at the end and the inaccessible page */
    gb_workspace *work;
    gb_verify_result *result;
    /* the current case */
    gb_rng rng;
    char name[96];
    size_t used;
    size_t failed_before;
} gb_check;

/* Begins the case of this name and seeds c->rng; false if it is not selected. */
bool gb_case(gb_check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Buffers in the order in which `call` gets them. Returns the memory to fill (for GB_IN and GB_INOUT), 64-byte aligned
 * and GB_CASE_ROOM bytes long whatever the size. Placed so that its end touches an inaccessible page. */
void *gb_case_buffer(gb_check *c, const char *name, gb_role role, size_t size);
/* An output of floats: count of them. */
float *gb_case_floats(gb_check *c, const char *name, gb_role role, size_t count);
/* Changes the last declared buffer: `shift` bytes away from the page (misaligned starts), or at the start. */
void gb_case_place(gb_check *c, gb_place place, size_t shift);
/* Changes the last declared buffer: rows of `row` floats, `stride` apart. */
void gb_case_stride(gb_check *c, size_t row, size_t stride);

/* Calls fn on buffers p[] with what else the case knows. */
typedef void gb_case_call(gb_fn fn, void *const p[], const void *shape);
void gb_case_run(gb_check *c, gb_case_call *call, const void *shape);

/* Row lengths in elements that a row of this effort walks: every block count from 1 to 17 and large odd ones; for
 * formats of single elements every n from 1 to 70, around 128, and 2880; of formats with several headers a row one that
 * begins a second. Returns how many. */
enum { GB_CASE_LENGTHS = 80 };
size_t gb_case_lengths(const gb_check *c, gb_format format, size_t out[GB_CASE_LENGTHS]);

/* The checks: all cases of one row. */
typedef void gb_check_fn(gb_check *c);
gb_check_fn gb_check_quantize, gb_check_quantize_act, gb_check_dequantize, gb_check_dot, gb_check_gemv, gb_check_gemm,
    gb_check_rmsnorm, gb_check_rope, gb_check_softmax, gb_check_silu_mul, gb_check_add, gb_check_argmax,
    gb_check_attn_score, gb_check_attn_acc;

#endif
