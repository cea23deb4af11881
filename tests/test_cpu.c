/* kernels/cpu and the cap of kernels/registry: a feature used without the operating system's support (a crash, or
 * registers lost at a context switch), one that is there but never used, and a cap that lets through what it forbids.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "kernels/registry.h"
#include "tests/support/suite.h"

/* --- a machine to describe --------------------------------------------------------------------------------------- */

enum { SUBLEAF_0 = 0, SUBLEAF_1 = 1 };

/* Bits as the vendors' manuals number them. */
#define SSSE3        (1U << 9) /* leaf 1 ecx */
#define SSE41        (1U << 19)
#define OSXSAVE      (1U << 27)
#define AVX          (1U << 28)
#define FMA          (1U << 12)
#define F16C         (1U << 29)
#define AVX2         (1U << 5) /* leaf 7 ebx */
#define AVX512F      (1U << 16)
#define AVX512DQ     (1U << 17)
#define AVX512BW     (1U << 30)
#define AVX512VL     (1U << 31)
#define AVX512_VBMI  (1U << 1) /* leaf 7 ecx */
#define AVX512_VNNI  (1U << 11)
#define AMX_TILE     (1U << 24) /* leaf 7 edx */
#define AMX_INT8     (1U << 25)
#define AVX_VNNI     (1U << 4) /* leaf 7.1 eax */
#define XCR0_XMM     0x3U      /* x87 and XMM */
#define XCR0_YMM     0x4U
#define XCR0_ZMM     0xe0U /* opmask, upper halves of ZMM0-15, ZMM16-31 */
#define XCR0_TILES   0x60000U
#define HWCAP_ASIMD  (1UL << 1)
#define HWCAP_DP     (1UL << 20)
#define HWCAP2_I8MM_ (1UL << 13)

typedef struct machine {
    uint32_t max_leaf, max_subleaf_7;
    uint32_t leaf1_ecx, leaf7_ebx, leaf7_ecx, leaf7_edx, leaf71_eax;
    uint64_t xcr0;
    bool amx_allowed;
    unsigned long hwcap[2];
    int xgetbv_calls, amx_calls;
} machine;

/* Everything, as a large server has it. */
static machine everything(void) {
    return (machine){.max_leaf = 32,
                     .max_subleaf_7 = 2,
                     .leaf1_ecx = SSSE3 | SSE41 | OSXSAVE | AVX | FMA | F16C,
                     .leaf7_ebx = AVX2 | AVX512F | AVX512DQ | AVX512BW | AVX512VL,
                     .leaf7_ecx = AVX512_VBMI | AVX512_VNNI,
                     .leaf7_edx = AMX_TILE | AMX_INT8,
                     .leaf71_eax = AVX_VNNI,
                     .xcr0 = XCR0_XMM | XCR0_YMM | XCR0_ZMM | XCR0_TILES,
                     .amx_allowed = true};
}

static const gb_cpu_mask avx2_features = GB_CPU_SSE41 | GB_CPU_AVX2 | GB_CPU_FMA | GB_CPU_F16C | GB_CPU_AVX_VNNI;
static const gb_cpu_mask avx512_features = GB_CPU_AVX512 | GB_CPU_AVX512_VNNI | GB_CPU_AVX512_VBMI;
static const gb_cpu_mask amx_features = GB_CPU_AMX_INT8 | GB_CPU_AMX_PERMISSION;

/* A leaf that the machine does not have answers with all bits set: real ones repeat some other leaf. */
static void fake_cpuid(void *ctx, uint32_t leaf, uint32_t subleaf, uint32_t out[4]) {
    const machine *m = ctx;
    memset(out, 0, 4 * sizeof *out);
    if (leaf > m->max_leaf || (leaf == 7 && subleaf > m->max_subleaf_7)) {
        memset(out, 0xff, 4 * sizeof *out);
    } else if (leaf == 0) {
        out[0] = m->max_leaf;
    } else if (leaf == 1) {
        out[2] = m->leaf1_ecx;
    } else if (leaf == 7 && subleaf == SUBLEAF_0) {
        out[0] = m->max_subleaf_7;
        out[1] = m->leaf7_ebx;
        out[2] = m->leaf7_ecx;
        out[3] = m->leaf7_edx;
    } else if (leaf == 7 && subleaf == SUBLEAF_1) {
        out[0] = m->leaf71_eax;
    }
}

static uint64_t fake_xgetbv(void *ctx) {
    machine *m = ctx;
    m->xgetbv_calls++;
    return m->xcr0;
}

static bool fake_amx_permission(void *ctx) {
    machine *m = ctx;
    m->amx_calls++;
    return m->amx_allowed;
}

static unsigned long fake_hwcap(void *ctx, int which) {
    const machine *m = ctx;
    return m->hwcap[which];
}

static gb_cpu_mask detect_x86(machine *m) {
    const gb_cpu_source s = {
        .cpuid = fake_cpuid, .xgetbv = fake_xgetbv, .amx_permission = fake_amx_permission, .ctx = m};
    return gb_cpu_detect_x86(&s);
}

static gb_cpu_mask detect_aarch64(unsigned long hwcap, unsigned long hwcap2) {
    machine m = {.hwcap = {hwcap, hwcap2}};
    const gb_cpu_source s = {.hwcap = fake_hwcap, .ctx = &m};
    return gb_cpu_detect_aarch64(&s);
}

/* --- detection on x86 --------------------------------------------------------------------------------------------- */

/* Catches a wrong bit number: then a feature of the complete machine is missing. */
START_TEST(complete_machine) {
    machine m = everything();
    ck_assert_uint_eq(detect_x86(&m), avx2_features | avx512_features | amx_features);
}
END_TEST

/* Catches AVX2 taken from CPUID alone where the operating system saves only XMM: YMM halves would be lost. */
START_TEST(avx2_without_os_support) {
    machine m = everything();
    m.xcr0 = XCR0_XMM;
    ck_assert_uint_eq(detect_x86(&m), GB_CPU_SSE41);
    m.xcr0 = XCR0_ZMM | XCR0_XMM; /* inconsistent, as a broken hypervisor may say: ZMM without YMM */
    ck_assert_uint_eq(detect_x86(&m), GB_CPU_SSE41);
}
END_TEST

/* Catches xgetbv executed without OSXSAVE: it is an invalid instruction there. */
START_TEST(no_osxsave) {
    machine m = everything();
    m.leaf1_ecx &= ~OSXSAVE;
    ck_assert_uint_eq(detect_x86(&m), GB_CPU_SSE41);
    ck_assert_int_eq(m.xgetbv_calls, 0);
}
END_TEST

/* Catches AVX2 accepted where the CPU (or a hypervisor's mask) denies AVX itself. */
START_TEST(avx_masked) {
    machine m = everything();
    m.leaf1_ecx &= ~AVX;
    m.leaf7_edx = 0;
    ck_assert_uint_eq(detect_x86(&m), GB_CPU_SSE41);
}
END_TEST

/* Catches the sse41 tier taken for SSE4.1 or SSSE3 alone (its files use both), or made to wait for AVX's XCR0: CPUs of
 * before AVX, which the tier is for, have no XSAVE. */
START_TEST(sse41_parts) {
    machine m = {.max_leaf = 13, .leaf1_ecx = SSSE3 | SSE41};
    ck_assert_uint_eq(detect_x86(&m), GB_CPU_SSE41);
    m.leaf1_ecx = SSE41;
    ck_assert_uint_eq(detect_x86(&m), 0);
    m.leaf1_ecx = SSSE3;
    ck_assert_uint_eq(detect_x86(&m), 0);
    ck_assert_int_eq(m.xgetbv_calls, 0);
    m = everything();
    m.leaf1_ecx &= ~SSE41;
    ck_assert_uint_eq(detect_x86(&m) & gb_isas[GB_ISA_avx2].needs, GB_CPU_AVX2 | GB_CPU_FMA | GB_CPU_F16C);
}
END_TEST

/* Catches a test of "any ZMM bit" instead of all: each of the seven incomplete states must drop AVX-512, keep AVX2. */
START_TEST(avx512_with_incomplete_xcr0) {
    machine m = everything();
    m.xcr0 = XCR0_XMM | XCR0_YMM | (uint64_t)_i << 5;
    ck_assert_uint_eq(detect_x86(&m), avx2_features);
}
END_TEST

/* Catches AVX512 claimed from the foundation alone: kernels use BW, DQ and VL instructions too. */
START_TEST(avx512_parts) {
    static const uint32_t parts[] = {AVX512F, AVX512DQ, AVX512BW, AVX512VL};
    machine m = everything();
    m.leaf7_ebx &= ~parts[_i];
    ck_assert_uint_eq(detect_x86(&m), avx2_features | amx_features);
}
END_TEST

/* Catches VNNI mistaken for VBMI, or for its 256-bit sibling AVX-VNNI, which has a bit of its own. */
START_TEST(vnni_bits) {
    machine m = everything();
    m.leaf7_ecx &= ~AVX512_VNNI;
    const gb_cpu_mask without = detect_x86(&m);
    ck_assert_uint_eq(without, avx2_features | GB_CPU_AVX512 | GB_CPU_AVX512_VBMI | amx_features);
    m.leaf7_ecx = AVX512_VNNI;
    m.leaf71_eax = 0;
    ck_assert_uint_eq(detect_x86(&m), (without ^ GB_CPU_AVX512_VBMI ^ GB_CPU_AVX_VNNI) | GB_CPU_AVX512_VNNI);
}
END_TEST

/* Catches the avxvnni tier given to a CPU whose VNNI is that of AVX-512 (Zen 4, Ice Lake: another encoding, an invalid
 * instruction there), kept from one without AVX-512 (Alder Lake), or given where nobody saves YMM. */
START_TEST(avxvnni_tier) {
    const gb_cpu_mask needs = gb_isas[GB_ISA_avxvnni].needs;
    machine m = everything();
    m.leaf71_eax = 0;
    ck_assert_uint_eq(needs & ~detect_x86(&m), GB_CPU_AVX_VNNI);
    m = everything();
    m.leaf7_ebx = AVX2;
    m.leaf7_ecx = 0;
    ck_assert_uint_eq(needs & ~detect_x86(&m), 0);
    ck_assert_uint_ne(gb_isas[GB_ISA_avx512vnni].needs & ~detect_x86(&m), 0);
    m.xcr0 = XCR0_XMM;
    ck_assert_uint_eq(detect_x86(&m), GB_CPU_SSE41);
}
END_TEST

/* Catches AMX used without the kernel's permission (the first tile instruction would kill the process), and a refusal
 * that is told as if the CPU had no AMX. */
START_TEST(amx_denied) {
    machine m = everything();
    char why[256];
    m.amx_allowed = false;
    const gb_cpu_mask features = detect_x86(&m);
    ck_assert_uint_eq(features, (avx2_features | avx512_features | amx_features) ^ GB_CPU_AMX_PERMISSION);
    ck_assert_int_eq(m.amx_calls, 1);
    if (!gb_isas[GB_ISA_amx_int8].built || gb_isa_stands_in(GB_ISA_amx_int8)) return;
    ck_assert_ptr_nonnull(gb_isa_missing(GB_ISA_amx_int8, features, why, sizeof why));
    ck_assert_str_eq(why, "this CPU or OS lacks permission for AMX (arch_prctl)");
}
END_TEST

/* Catches a permission asked for tiles that the machine does not have (it enlarges every signal frame), and AMX-INT8
 * claimed with only half of the tile state or without the tile instructions. */
START_TEST(amx_absent) {
    static const uint64_t halves[] = {0x20000U, 0x40000U};
    static const uint32_t instructions[] = {AMX_INT8, AMX_TILE};
    for (size_t i = 0; i < 2; i++) {
        machine m = everything();
        m.xcr0 = XCR0_XMM | XCR0_YMM | XCR0_ZMM | halves[i];
        ck_assert_uint_eq(detect_x86(&m), avx2_features | avx512_features);
        ck_assert_int_eq(m.amx_calls, 0);
        m = everything();
        m.leaf7_edx = instructions[i];
        ck_assert_uint_eq(detect_x86(&m), avx2_features | avx512_features);
        ck_assert_int_eq(m.amx_calls, 0);
    }
}
END_TEST

/* Catches the tier given to a machine with tiles but without the vectors that its kernels use beside them. */
START_TEST(amx_needs_vnni) {
    const gb_cpu_mask needs = gb_isas[GB_ISA_amx_int8].needs;
    machine m = everything();
    ck_assert_uint_eq(needs & ~detect_x86(&m), 0);
    m.leaf7_ecx &= ~AVX512_VNNI;
    ck_assert_uint_eq(needs & ~detect_x86(&m), GB_CPU_AVX512_VNNI);
}
END_TEST

/* Catches leaf 7 read on a CPU whose last leaf is below it, and subleaf 1 where only subleaf 0 exists. */
START_TEST(missing_leaves) {
    machine m = everything();
    m.max_leaf = 6;
    ck_assert_uint_eq(detect_x86(&m), GB_CPU_SSE41 | GB_CPU_FMA | GB_CPU_F16C);
    m.max_leaf = 0;
    ck_assert_uint_eq(detect_x86(&m), 0);
    m = everything();
    m.max_subleaf_7 = 0;
    ck_assert_uint_eq(detect_x86(&m), (avx2_features | avx512_features | amx_features) ^ GB_CPU_AVX_VNNI);
}
END_TEST

/* Catches FMA or F16C assumed because AVX2 is there: the tier then needs what the CPU lacks. */
START_TEST(avx2_without_companions) {
    machine m = everything();
    m.leaf1_ecx &= ~FMA;
    ck_assert_uint_eq(detect_x86(&m) & gb_isas[GB_ISA_avx2].needs, GB_CPU_SSE41 | GB_CPU_AVX2 | GB_CPU_F16C);
    m = everything();
    m.leaf1_ecx &= ~F16C;
    ck_assert_uint_eq(detect_x86(&m) & gb_isas[GB_ISA_avx2].needs, GB_CPU_SSE41 | GB_CPU_AVX2 | GB_CPU_FMA);
}
END_TEST

/* --- detection on AArch64 ------------------------------------------------------------------------------------------
 */

/* Catches a wrong bit, and AT_HWCAP mistaken for AT_HWCAP2 (I8MM): each bit alone gives its feature alone. */
START_TEST(aarch64_hwcaps) {
    ck_assert_uint_eq(detect_aarch64(0, 0), 0);
    ck_assert_uint_eq(detect_aarch64(HWCAP_ASIMD, 0), GB_CPU_NEON);
    ck_assert_uint_eq(detect_aarch64(HWCAP_DP, 0), GB_CPU_DOTPROD);
    ck_assert_uint_eq(detect_aarch64(0, HWCAP2_I8MM_), GB_CPU_I8MM);
    ck_assert_uint_eq(detect_aarch64(~(HWCAP_ASIMD | HWCAP_DP), ~HWCAP2_I8MM_), 0);
    ck_assert_uint_eq(detect_aarch64(~0UL, ~0UL), GB_CPU_NEON | GB_CPU_DOTPROD | GB_CPU_I8MM);
}
END_TEST

/* Catches the dot-product tier given to a CPU of before ARMv8.2 (a Cortex-A53, a Raspberry Pi 3 or 4), where its first
 * SDOT would end the program, and kept from one that has both. */
START_TEST(dotprod_is_not_neon) {
    const gb_cpu_mask needs = gb_isas[GB_ISA_neon_dotprod].needs;
    ck_assert_uint_eq(needs & ~detect_aarch64(HWCAP_ASIMD, ~0UL), GB_CPU_DOTPROD);
    ck_assert_uint_eq(needs & ~detect_aarch64(~HWCAP_DP, 0), GB_CPU_DOTPROD);
    ck_assert_uint_eq(needs & ~detect_aarch64(HWCAP_DP, 0), GB_CPU_NEON);
    ck_assert_uint_eq(needs & ~detect_aarch64(HWCAP_ASIMD | HWCAP_DP, 0), 0);
    ck_assert_uint_eq(gb_isas[GB_ISA_neon].needs & ~detect_aarch64(HWCAP_ASIMD, 0), 0);
}
END_TEST

/* Catches the matrix tier given to a CPU with dot products only (a Neoverse N1, a Cortex-A76), which AT_HWCAP alone
 * cannot tell from one that has both, and to one that an operating system describes without dot products: the tier's
 * operations without a row of their own are those of neon_dotprod. */
START_TEST(i8mm_is_not_dotprod) {
    const gb_cpu_mask needs = gb_isas[GB_ISA_neon_i8mm].needs;
    ck_assert_uint_eq(needs & gb_isas[GB_ISA_neon_dotprod].needs, gb_isas[GB_ISA_neon_dotprod].needs);
    ck_assert_uint_eq(needs & ~detect_aarch64(HWCAP_ASIMD | HWCAP_DP, 0), GB_CPU_I8MM);
    ck_assert_uint_eq(needs & ~detect_aarch64(~0UL, ~HWCAP2_I8MM_), GB_CPU_I8MM);
    ck_assert_uint_eq(needs & ~detect_aarch64(HWCAP_ASIMD, HWCAP2_I8MM_), GB_CPU_DOTPROD);
    ck_assert_uint_eq(needs & ~detect_aarch64(HWCAP_ASIMD | HWCAP_DP, HWCAP2_I8MM_), 0);
    ck_assert_uint_eq(gb_isas[GB_ISA_neon_dotprod].needs & ~detect_aarch64(HWCAP_ASIMD | HWCAP_DP, 0), 0);
}
END_TEST

/* --- the cap ---------------------------------------------------------------------------------------------------------
 */

/* Calls check() with what `cap` selects for every operation that the reference has. */
static void for_each_selection(const gb_cap *cap, void (*check)(const gb_kernel *k, gb_fn reference, const gb_cap *)) {
    int seen = 0;
    for (int f = 0; f < GB_FORMAT_COUNT; f++) {
        for (int op = 0; op < GB_OP_COUNT; op++) {
            const gb_fn reference = gb_reference((gb_format)f, (gb_op)op);
            if (!reference.any) continue;
            seen++;
            const gb_kernel *k = gb_select((gb_format)f, (gb_op)op, cap);
            const gb_fn resolved = gb_resolve((gb_format)f, (gb_op)op, cap);
            ck_assert(resolved.any == (k ? k->fn.any : reference.any));
            check(k, reference, cap);
        }
    }
    ck_assert_int_ge(seen, GB_FORMAT_COUNT);
}

/* Catches "auto" (or no word at all, or the empty GAUGEBLOCK_ISA) giving less or more than this CPU has. */
START_TEST(cap_auto) {
    static const char *const words[] = {NULL, "", "auto", "AUTO"};
    gb_cap cap = {.features = 0, .reference_only = 1};
    char message[256];
    ck_assert_int_eq(gb_cap_from_name(words[_i], &cap, message, sizeof message), 0);
    ck_assert_uint_eq(cap.features, gb_cpu_features());
    ck_assert_int_eq(cap.reference_only, 0);
}
END_TEST

static void selects_nothing(const gb_kernel *k, gb_fn reference, const gb_cap *cap) {
    (void)reference;
    (void)cap;
    ck_assert_ptr_null(k);
}

/* Catches "reference" treated as the scalar tier: then scalar rows would be compared with themselves. */
START_TEST(cap_reference) {
    gb_cap cap;
    char message[256];
    ck_assert_int_eq(gb_cap_from_name("reference", &cap, message, sizeof message), 0);
    for_each_selection(&cap, selects_nothing);
}
END_TEST

/* Catches a prefix, a stray blank or a CPU feature's name accepted as a tier, and a silent fallback; the message must
 * name the word and every tier there is. */
START_TEST(cap_unknown_name) {
    static const char *const words[] = {"avx3",  "avx",        "avx-512",     " avx2",
                                        "avx2 ", "references", "avx512vnni2", "sse4"};
    gb_cap cap;
    char message[256] = "";
    ck_assert_int_eq(gb_cap_from_name(words[_i], &cap, message, sizeof message), -1);
    ck_assert_ptr_nonnull(strstr(message, words[_i]));
    ck_assert_ptr_nonnull(strstr(message, "reference"));
    for (int isa = 0; isa < GB_ISA_COUNT; isa++) ck_assert_ptr_nonnull(strstr(message, gb_isas[isa].name));
}
END_TEST

/* Catches a tier of another architecture accepted because nothing seems missing; the message must say which. */
START_TEST(cap_of_another_architecture) {
    const gb_isa here_never = gb_isas[GB_ISA_neon].built ? GB_ISA_avx2 : GB_ISA_neon;
    gb_cap cap;
    char message[256] = "";
    ck_assert_int_eq(gb_cap_from_name(gb_isas[here_never].name, &cap, message, sizeof message), -1);
    ck_assert_ptr_nonnull(strstr(message, gb_isas[here_never].name));
    ck_assert_ptr_nonnull(strstr(message, gb_isas[here_never].arch));
}
END_TEST

/* Catches a message written past a small buffer, while the list of tiers is being joined. */
START_TEST(cap_message_is_bounded) {
    gb_cap cap;
    for (size_t size = 1; size < 80; size++) {
        char message[128];
        memset(message, '#', sizeof message);
        ck_assert_int_eq(gb_cap_from_name("no-such-tier", &cap, message, size), -1);
        ck_assert_uint_lt(strnlen(message, size), size);
        for (size_t i = size; i < sizeof message; i++) ck_assert_int_eq(message[i], '#');
    }
}
END_TEST

/* Catches names that do not ignore case, and a scalar tier that needs or allows more than nothing. */
START_TEST(cap_scalar) {
    gb_cap cap;
    char message[256];
    if (!gb_isas[GB_ISA_scalar].built) return;
    ck_assert_int_eq(gb_cap_from_name("Scalar", &cap, message, sizeof message), 0);
    ck_assert_uint_eq(cap.features, 0);
    ck_assert_int_eq(cap.reference_only, 0);
    ck_assert_int_eq(gb_select(GB_FORMAT_q8_0, GB_OP_dot, &cap)->isa, GB_ISA_scalar);
}
END_TEST

static void within_cap(const gb_kernel *k, gb_fn reference, const gb_cap *cap) {
    (void)reference;
    if (!k) return;
    ck_assert_ptr_nonnull((const void *)k->name);
    ck_assert(k->fn.any != NULL);
    ck_assert_msg(!(gb_isas[k->isa].needs & ~cap->features), "%s selected under a cap without its features", k->name);
}

/* Catches a cap that compares ranks instead of features: under any tier, only rows whose needs are a subset of that
 * tier's; so avx2 never runs an avx512vnni row. The tier's own rows must win over lower ones. */
START_TEST(cap_is_an_upper_bound) {
    const gb_isa isa = (gb_isa)_i;
    const gb_cap cap = {.features = gb_isas[isa].needs};
    for_each_selection(&cap, within_cap);
    const gb_kernel *k =
        gb_select(GB_FORMAT_q5_0, GB_OP_gemm, &cap); /* a format in which each tier is the best so far */
    if (gb_isas[isa].built) {
        ck_assert_ptr_nonnull(k);
        ck_assert_int_eq(k->isa, isa);
    }
    if (k && isa == GB_ISA_avx2) ck_assert_int_ne(k->isa, GB_ISA_avx512vnni);
}
END_TEST

/* Catches a stand-in counted as a feature of this CPU: the engine would run it, and bench time it. */
START_TEST(stand_ins_are_no_features) {
    ck_assert_uint_eq(gb_cpu_features() & gb_cpu_stand_in(), 0);
    for (int isa = 0; isa < GB_ISA_COUNT; isa++) {
        if (!gb_isa_stands_in((gb_isa)isa)) continue;
        gb_cap cap;
        char message[256] = "";
        ck_assert_int_eq(gb_cap_from_name(gb_isas[isa].name, &cap, message, sizeof message), -1);
        ck_assert_ptr_nonnull(strstr(message, "this program replaces its instructions"));
    }
}
END_TEST

/* Catches a row chosen on a part of its features: with any single need of a tier removed, the tier must not run, and
 * the sentence must name what is missing and nothing else. */
START_TEST(every_need_counts) {
    const gb_isa isa = (gb_isa)_i;
    if (!gb_isas[isa].built) return;
    char why[256];
    ck_assert_ptr_null(gb_isa_missing(isa, gb_isas[isa].needs, why, sizeof why));
    for (int f = 0; f < GB_CPU_FEATURE_COUNT; f++) {
        const gb_cpu_mask bit = 1U << f;
        if (!(gb_isas[isa].needs & bit & ~gb_cpu_stand_in())) continue;
        const gb_cap cap = {.features = ~bit};
        ck_assert_ptr_nonnull(gb_isa_missing(isa, cap.features, why, sizeof why));
        char expected[256];
        snprintf(expected, sizeof expected, "this CPU or OS lacks %s", gb_cpu_feature_names[f]);
        ck_assert_str_eq(why, expected);
        for_each_selection(&cap, within_cap);
    }
}
END_TEST

/* Where a lower tier was measured to be faster on a CPU with both (the head of kernels.def says which). */
static const struct {
    gb_format format;
    gb_op op;
    gb_isa first;
} outrun[] = {{GB_FORMAT_f16, GB_OP_dot, GB_ISA_avx2},
              {GB_FORMAT_f16, GB_OP_gemv, GB_ISA_avx2},
              {GB_FORMAT_bf16, GB_OP_dot, GB_ISA_avx2},
              {GB_FORMAT_bf16, GB_OP_gemv, GB_ISA_avx2}};

static int is_outrun(const gb_kernel *k) {
    for (size_t i = 0; i < sizeof outrun / sizeof outrun[0]; i++)
        if (outrun[i].format == k->format && outrun[i].op == k->op && outrun[i].first == k->isa) return 1;
    return 0;
}

/* Catches a table whose rows of one operation are not ordered best first: a machine with everything must take a row
 * that no other usable row's tier includes, but for the measured exceptions. */
START_TEST(best_tier_first) {
    const gb_cap all = {.features = ~0U};
    for (size_t i = 0; i < gb_kernel_count; i++) {
        const gb_kernel *other = &gb_kernels[i];
        if (!other->fn.any) continue;
        const gb_kernel *k = gb_select(other->format, other->op, &all);
        ck_assert_ptr_nonnull(k);
        const gb_cpu_mask mine = gb_isas[k->isa].needs;
        const gb_cpu_mask theirs = gb_isas[other->isa].needs;
        ck_assert_msg(is_outrun(k) || mine == theirs || (mine & ~theirs) != 0, "%s hides the better %s", k->name,
                      other->name);
    }
}
END_TEST

/* --- the float environment ---------------------------------------------------------------------------------------- */

#if defined(__x86_64__)

typedef unsigned control_word;

static control_word control(void) {
    return __builtin_ia32_stmxcsr();
}

static void set_control(control_word word) {
    __builtin_ia32_ldmxcsr(word);
}

/* Rounding down, up, to zero; flush to zero; denormals are zero. */
static const control_word wrong_words[] = {0x2000, 0x4000, 0x6000, 0x8000, 0x0040};

#elif defined(__aarch64__)

typedef uint64_t control_word;

static control_word control(void) {
    control_word word;
    __asm__ volatile("mrs %0, fpcr" : "=r"(word));
    return word;
}

static void set_control(control_word word) {
    __asm__ volatile("msr fpcr, %0\n\tisb" : : "r"(word));
}

/* Rounding up, down, to zero; FZ, FZ16, AHP, DN; FIZ, AH, NEP. */
static const control_word wrong_words[] = {0x400000,  0x800000,  0xc00000, 0x1000000, 0x80000,
                                           0x4000000, 0x2000000, 0x1,      0x2,       0x4};

#endif

/* Catches: a control word under which floats come out otherwise, taken for the usual one, because the C library was
 * asked (which on x86-64 may look at the x87 unit), or because one of the bits is not looked at. */
#if defined(__x86_64__) || defined(__aarch64__)
START_TEST(float_control_words) {
    const control_word usual = control();
    ck_assert_ptr_null(gb_cpu_float_environment());
    set_control(usual | wrong_words[_i]);
    const int sticks = control() != usual; /* bits of extensions that the CPU lacks stay 0 */
    const char *said = gb_cpu_float_environment();
    set_control(usual);
    ck_assert_int_eq(said != NULL, sticks);
    ck_assert_ptr_null(gb_cpu_float_environment());
}
END_TEST

static void add_float_control(TCase *c) {
    tcase_add_loop_test(c, float_control_words, 0, (int)(sizeof wrong_words / sizeof wrong_words[0]));
}
#else
static void add_float_control(TCase *c) {
    (void)c;
}
#endif

static Suite *suite(void) {
    TCase *detection = tcase_create("detection");
    tcase_add_test(detection, complete_machine);
    tcase_add_test(detection, avx2_without_os_support);
    tcase_add_test(detection, no_osxsave);
    tcase_add_test(detection, avx_masked);
    tcase_add_test(detection, sse41_parts);
    tcase_add_loop_test(detection, avx512_with_incomplete_xcr0, 0, 7);
    tcase_add_loop_test(detection, avx512_parts, 0, 4);
    tcase_add_test(detection, vnni_bits);
    tcase_add_test(detection, avxvnni_tier);
    tcase_add_test(detection, amx_denied);
    tcase_add_test(detection, amx_absent);
    tcase_add_test(detection, amx_needs_vnni);
    tcase_add_test(detection, missing_leaves);
    tcase_add_test(detection, avx2_without_companions);
    tcase_add_test(detection, aarch64_hwcaps);
    tcase_add_test(detection, dotprod_is_not_neon);
    tcase_add_test(detection, i8mm_is_not_dotprod);
    TCase *cap = tcase_create("cap");
    tcase_add_loop_test(cap, cap_auto, 0, 4);
    tcase_add_test(cap, cap_reference);
    tcase_add_loop_test(cap, cap_unknown_name, 0, 8);
    tcase_add_test(cap, cap_of_another_architecture);
    tcase_add_test(cap, cap_message_is_bounded);
    tcase_add_test(cap, cap_scalar);
    tcase_add_loop_test(cap, cap_is_an_upper_bound, 0, GB_ISA_COUNT);
    tcase_add_test(cap, stand_ins_are_no_features);
    tcase_add_loop_test(cap, every_need_counts, 0, GB_ISA_COUNT);
    tcase_add_test(cap, best_tier_first);
    add_float_control(cap);
    Suite *s = suite_create("cpu");
    suite_add_tcase(s, detection);
    suite_add_tcase(s, cap);
    return s;
}

int main(void) {
    return run_suite(suite());
}
