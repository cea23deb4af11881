/* Before loops over arrays of registers, which must unroll completely, or the arrays live in memory. */
#ifndef GB_KERNELS_UNROLL_H
#define GB_KERNELS_UNROLL_H

#ifdef __clang__
#define GB_UNROLL _Pragma("unroll")
#else
#define GB_UNROLL _Pragma("GCC unroll 16")
#endif

#endif
