/* The table at run time: every kernel, the reference behind it, and the choice between them. */
#ifndef GB_REGISTRY_H
#define GB_REGISTRY_H

#include "kernels/cpu.h"
#include "kernels/kernel.h"

typedef struct gb_isa_info {
    const char *name;
    const char *arch; /* "any", "x86_64", "aarch64" */
    gb_cpu_mask needs;
    const char *flags; /* compile flags, ';' between them */
    int built;         /* compiled into this program */
} gb_isa_info;

extern const gb_isa_info gb_isas[GB_ISA_COUNT];
extern const char *const gb_op_names[GB_OP_COUNT];
extern const gb_kernel gb_kernels[];
extern const size_t gb_kernel_count;

/* The reference of an operation; .any == NULL where the format has no such operation. */
gb_fn gb_reference(gb_format format, gb_op op);

/* ggml's own encoder of a format where the reference mends a defect of it (--compat ggml); NULL: their bytes agree. */
gb_quantize_fn *gb_compat_quantize(gb_format format);

/* Name -> index; GB_ISA_COUNT / GB_OP_COUNT if unknown. Exact spelling for ops, case-insensitive for ISAs. */
gb_isa gb_isa_by_name(const char *name);
gb_op gb_op_by_name(const char *name);

/* A choice of instruction sets: `features` is what may be used. */
typedef struct gb_cap {
    gb_cpu_mask features; /* features that rows may need */
    int reference_only;   /* no row at all: everything by the reference */
} gb_cap;

/* Whether this program has a stand-in for some instruction of the tier: what is seen of it is not seen of the tier. */
int gb_isa_stands_in(gb_isa isa);

/* Why a tier cannot run with these features: NULL if it can, else text in buf ("this CPU lacks AVX-512 VNNI"). */
const char *gb_isa_missing(gb_isa isa, gb_cpu_mask features, char *buf, size_t size);

/* Cap from a user's word: NULL or "" or "auto" = everything this CPU has; "reference"; or a tier name, which allows the
 * rows whose features are a subset of the tier's. Returns 0, or -1 with a sentence in message if the name is unknown or
 * the CPU cannot run it: never a silent fallback. */
int gb_cap_from_name(const char *name, gb_cap *cap, char *message, size_t size);
/* The cap of a tier of which this program replaces instructions, to see results; nobody may time them. -1 for any other
 * tier. */
int gb_cap_stand_in(const char *name, gb_cap *cap, char *message, size_t size);

/* First row in table order that the cap allows and this program holds; NULL if none: the reference serves. */
const gb_kernel *gb_select(gb_format format, gb_op op, const gb_cap *cap);

/* The selected row's function, or the reference's; .any == NULL only where the format has no such operation. */
gb_fn gb_resolve(gb_format format, gb_op op, const gb_cap *cap);

#endif
