/* What this CPU, under this operating system, can run. */
#ifndef GB_CPU_H
#define GB_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/kernel.h"

/* Features that tiers ask for. SSE41 = SSSE3 + SSE4.1, AVX512 = F + BW + DQ + VL together: no tier wants a part of
 * them. Permission for AMX is a feature of its own, so that a refusal is told by its cause. */
#define GB_CPU_FEATURES(X)                                                                                             \
    X(SSE41, "SSSE3/SSE4.1")                                                                                           \
    X(AVX2, "AVX2")                                                                                                    \
    X(FMA, "FMA")                                                                                                      \
    X(F16C, "F16C")                                                                                                    \
    X(AVX512, "AVX-512 F/BW/DQ/VL")                                                                                    \
    X(AVX512_VNNI, "AVX-512 VNNI")                                                                                     \
    X(AVX512_VBMI, "AVX-512 VBMI")                                                                                     \
    X(AVX_VNNI, "AVX-VNNI")                                                                                            \
    X(AMX_INT8, "AMX-INT8")                                                                                            \
    X(AMX_PERMISSION, "permission for AMX (arch_prctl)")                                                               \
    X(NEON, "NEON")                                                                                                    \
    X(DOTPROD, "NEON dot product")                                                                                     \
    X(I8MM, "NEON I8MM")

enum gb_cpu_feature_index {
#define GB_CPU_INDEX(id, text) GB_CPU_INDEX_##id,
    GB_CPU_FEATURES(GB_CPU_INDEX)
#undef GB_CPU_INDEX
        GB_CPU_FEATURE_COUNT
};
enum gb_cpu_feature {
#define GB_CPU_BIT(id, text) GB_CPU_##id = 1 << GB_CPU_INDEX_##id,
    GB_CPU_FEATURES(GB_CPU_BIT)
#undef GB_CPU_BIT
};
typedef uint32_t gb_cpu_mask;

extern const char *const gb_cpu_feature_names[GB_CPU_FEATURE_COUNT];

/* Raw facts, so that tests can describe any machine. cpuid() returns {eax, ebx, ecx, edx} of a leaf and subleaf. */
typedef struct gb_cpu_source {
    void (*cpuid)(void *ctx, uint32_t leaf, uint32_t subleaf, uint32_t out[4]);
    uint64_t (*xgetbv)(void *ctx);                /* XCR0; called only if the CPU has OSXSAVE */
    bool (*amx_permission)(void *ctx);            /* asks the kernel for the tile registers (arch_prctl) */
    unsigned long (*hwcap)(void *ctx, int which); /* AArch64: AT_HWCAP (0), AT_HWCAP2 (1) */
    void *ctx;
} gb_cpu_source;

/* Feature masks from x86 CPUID facts and from AArch64 HWCAP facts: pure functions of the source, on any machine. */
gb_cpu_mask gb_cpu_detect_x86(const gb_cpu_source *source);
gb_cpu_mask gb_cpu_detect_aarch64(const gb_cpu_source *source);

/* This machine's features, found once; without those of gb_cpu_stand_in(). */
gb_cpu_mask gb_cpu_features(void);

/* Features whose instructions this program replaces by others, so that kernels can be verified where no machine has
 * them (option GB_STAND_IN); 0 in a program for use. Nobody but verify and `perplexity --stand-in` may count them as
 * there. */
gb_cpu_mask gb_cpu_stand_in(void);

/* Checks rules the kernels depend on: round-to-nearest, no flush-to-zero, no denormals-are-zero, little endian.
 * Returns NULL if all hold, otherwise a sentence saying which does not. */
const char *gb_cpu_float_environment(void);

#endif
