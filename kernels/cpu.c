/* CPU detection. A feature counts only if the operating system also saves its registers: CPUID alone says what the
 * silicon can do, XCR0 what survives a context switch, and AMX needs a permission per process on Linux. */
#include "kernels/cpu.h"

#include <fenv.h>
#include <string.h>

const char *const gb_cpu_feature_names[GB_CPU_FEATURE_COUNT] = {
#define GB_CPU_NAME(id, text) text,
    GB_CPU_FEATURES(GB_CPU_NAME)
#undef GB_CPU_NAME
};

enum { EAX, EBX, ECX, EDX };

static bool bit(uint32_t word, int n) {
    return (word >> n & 1U) != 0;
}

static const char not_nearest[] = "the rounding mode is not round-to-nearest";
static const char flushes[] = "the CPU flushes subnormal floats to zero (FTZ/DAZ is set)";

gb_cpu_mask gb_cpu_detect_x86(const gb_cpu_source *s) {
    uint32_t l0[4] = {0};
    uint32_t l1[4] = {0};
    uint32_t l7[4] = {0};
    uint32_t l7s1[4] = {0};
    s->cpuid(s->ctx, 0, 0, l0);
    if (l0[EAX] < 1) return 0;
    s->cpuid(s->ctx, 1, 0, l1);
    if (l0[EAX] >= 7) {
        s->cpuid(s->ctx, 7, 0, l7);
        if (l7[EAX] >= 1) s->cpuid(s->ctx, 7, 1, l7s1);
    }

    const bool osxsave = bit(l1[ECX], 27);
    const uint64_t xcr0 = osxsave ? s->xgetbv(s->ctx) : 0;
    const bool os_ymm = (xcr0 & 0x6) == 0x6;             /* XMM, YMM */
    const bool os_zmm = os_ymm && (xcr0 & 0xe0) == 0xe0; /* opmask, ZMM_Hi256, Hi16_ZMM */
    const bool os_tiles = (xcr0 & 0x60000) == 0x60000;   /* XTILECFG, XTILEDATA */
    const bool avx = os_ymm && bit(l1[ECX], 28);

    gb_cpu_mask m = 0;
    /* XMM needs no question: x86-64 passes floats in it, so every operating system saves it */
    if (bit(l1[ECX], 9) && bit(l1[ECX], 19)) m |= GB_CPU_SSE41;
    if (avx && bit(l7[EBX], 5)) m |= GB_CPU_AVX2;
    if (avx && bit(l1[ECX], 12)) m |= GB_CPU_FMA;
    if (avx && bit(l1[ECX], 29)) m |= GB_CPU_F16C;
    if (avx && bit(l7s1[EAX], 4)) m |= GB_CPU_AVX_VNNI;
    const bool f = bit(l7[EBX], 16);
    const bool dq = bit(l7[EBX], 17);
    const bool bw = bit(l7[EBX], 30);
    const bool vl = bit(l7[EBX], 31);
    if (avx && os_zmm && f && dq && bw && vl) {
        m |= GB_CPU_AVX512;
        if (bit(l7[ECX], 11)) m |= GB_CPU_AVX512_VNNI;
        if (bit(l7[ECX], 1)) m |= GB_CPU_AVX512_VBMI;
    }
    if (os_tiles && bit(l7[EDX], 24) && bit(l7[EDX], 25)) { /* TILE, INT8 */
        m |= GB_CPU_AMX_INT8;
        /* asked for only where there are tiles: from then on signal frames are 8 KiB larger */
        if (s->amx_permission(s->ctx)) m |= GB_CPU_AMX_PERMISSION;
    }
    return m;
}

gb_cpu_mask gb_cpu_detect_aarch64(const gb_cpu_source *s) {
    const unsigned long hwcap = s->hwcap(s->ctx, 0);
    const unsigned long hwcap2 = s->hwcap(s->ctx, 1);
    gb_cpu_mask m = 0;
    if (hwcap >> 1 & 1) m |= GB_CPU_NEON;     /* HWCAP_ASIMD */
    if (hwcap >> 20 & 1) m |= GB_CPU_DOTPROD; /* HWCAP_ASIMDDP */
    if (hwcap2 >> 13 & 1) m |= GB_CPU_I8MM;   /* HWCAP2_I8MM */
    return m;
}

#if defined(__x86_64__)

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

static void real_cpuid(void *ctx, uint32_t leaf, uint32_t subleaf, uint32_t out[4]) {
    (void)ctx;
    __cpuid_count(leaf, subleaf, out[EAX], out[EBX], out[ECX], out[EDX]);
}

static uint64_t real_xgetbv(void *ctx) {
    (void)ctx;
    uint32_t lo;
    uint32_t hi;
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (uint64_t)hi << 32 | lo;
}

static bool real_amx_permission(void *ctx) {
    (void)ctx;
    const long ARCH_REQ_XCOMP_PERM = 0x1023;
    const long XFEATURE_XTILEDATA = 18;
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}

static gb_cpu_mask detect(void) {
    const gb_cpu_source source = {.cpuid = real_cpuid, .xgetbv = real_xgetbv, .amx_permission = real_amx_permission};
    return gb_cpu_detect_x86(&source);
}

/* MXCSR bits 14 and 13 (rounding), 15 (flush to zero), 6 (denormals are zero). fegetround() may know the x87 unit's
 * rounding only, in which no float of ours is computed. */
static const char *wrong_control(void) {
    const unsigned control = __builtin_ia32_stmxcsr();
    if (control & 0x6000U) return not_nearest;
    return control & 0x8040U ? flushes : NULL;
}

#elif defined(__aarch64__)

#include <sys/auxv.h>

static unsigned long real_hwcap(void *ctx, int which) {
    (void)ctx;
    return getauxval(which == 0 ? AT_HWCAP : AT_HWCAP2);
}

static gb_cpu_mask detect(void) {
    const gb_cpu_source source = {.hwcap = real_hwcap};
    return gb_cpu_detect_aarch64(&source);
}

/* FPCR bits 23 and 22 (rounding), 24 (FZ), 19 (FZ16), 0 (FIZ), 26 (AHP: f16 without infinities), 25 (DN), 1 and 2 (AH
 * and NEP). */
static const char *wrong_control(void) {
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    if (fpcr & 0xc00000U) return not_nearest;
    if (fpcr & 0x1080001U) return flushes;
    if (fpcr & 0x4000000U) return "the CPU converts f16 in the alternative format (FPCR.AHP is set)";
    return fpcr & 0x2000006U ? "the CPU's NaNs or minima are not IEEE 754's (FPCR.DN, AH or NEP is set)" : NULL;
}

#else

static gb_cpu_mask detect(void) {
    return 0;
}

static const char *wrong_control(void) {
    volatile float tiny = 1e-38F;
    return tiny * 0.125F == 0.0F ? flushes : NULL;
}

#endif

gb_cpu_mask gb_cpu_stand_in(void) {
#ifdef GB_STAND_IN
    return GB_CPU_AVX_VNNI | GB_CPU_AMX_INT8 | GB_CPU_AMX_PERMISSION;
#else
    return 0;
#endif
}

gb_cpu_mask gb_cpu_features(void) {
    /* Racing first calls compute the same value; a plain cached word is enough. */
    static _Atomic uint32_t cached = 0;
    const uint32_t known = 1U << 31;
    uint32_t m = cached;
    if (!(m & known)) {
        m = (detect() & ~gb_cpu_stand_in()) | known;
        cached = m;
    }
    return m & ~known;
}

const char *gb_cpu_float_environment(void) {
    const uint32_t probe = 1;
    unsigned char first;
    memcpy(&first, &probe, 1);
    if (first != 1) return "this machine is big-endian: block formats are little-endian and read in place";
    return fegetround() != FE_TONEAREST ? not_nearest : wrong_control();
}
