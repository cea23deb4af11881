/* Before loops over arrays of registers, which must unroll completely, or the arrays live in memory. GB_UNROLL_ALL: of
 * bodies with calls through pointers, which clang otherwise unrolls by two, before it knows what they call. */
#ifndef GB_KERNELS_UNROLL_H
#define GB_KERNELS_UNROLL_H

#ifdef __clang__
#define GB_UNROLL     _Pragma("unroll")
#define GB_UNROLL_ALL _Pragma("clang loop unroll(full)")
#else
#define GB_UNROLL     _Pragma("GCC unroll 16")
#define GB_UNROLL_ALL GB_UNROLL
#endif

#endif
