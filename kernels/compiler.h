/* What kernels tell the compiler.
 * GB_INLINE: of helpers whose arguments are constants of a format; left as calls, they would stay general.
 * GB_UNROLL: before loops over arrays of registers, which must unroll completely, or the arrays live in memory.
 * GB_UNROLL_ALL: of bodies with calls through pointers, which clang otherwise unrolls by two, before it knows what they
 * call. */
#ifndef GB_KERNELS_COMPILER_H
#define GB_KERNELS_COMPILER_H

#define GB_INLINE static inline __attribute__((always_inline))

#ifdef __clang__
#define GB_UNROLL     _Pragma("unroll")
#define GB_UNROLL_ALL _Pragma("clang loop unroll(full)")
#else
#define GB_UNROLL     _Pragma("GCC unroll 16")
#define GB_UNROLL_ALL GB_UNROLL
#endif

#endif
