/* Loops that do nothing but what a ceiling is of: one file per ISA, compiled with that ISA's flags and no others. They
 * stand outside the numerics contract, as no result comes from them. */
#ifndef GB_BENCH_CEILINGS_LOOPS_H
#define GB_BENCH_CEILINGS_LOOPS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernel.h"

typedef struct gb_loops {
    /* Operations of one turn: a multiplication and an addition count as two. */
    double int8_ops, float_ops;
    /* `turns` turns in registers: bytes multiplied into 32-bit sums, and floats multiplied and added, fused where the
     * ISA can. The result depends on all of it. */
    uint32_t (*int8)(size_t turns);
    float (*floats)(size_t turns);
    /* Reads all of `bytes`, a multiple of 512, from a 64-byte aligned address. */
    uint32_t (*read)(const void *from, size_t bytes);
} gb_loops;

#define GB_ISA(name, arch, needs, flags) extern const gb_loops gb_loops_##name;
#include "kernels/isa.def"
#undef GB_ISA

/* NULL: not built into this program. */
const gb_loops *gb_loops_of(gb_isa isa);

/* As many independent chains as hide the latency of a multiply-add (4 to 5 cycles, two a cycle), and as many loads.
 * Chains are variables of their own: compilers keep the elements of an array in memory when assembly touches them. */
enum { GB_CHAINS = 10 };
#define GB_EACH_CHAIN(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9)
#define GB_EACH_LOAD(X)  X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)

#endif
