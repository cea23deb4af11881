/* kernels.def and absent.def together: every cell of format x operation x tier has a row or a reason. */
#include <check.h>
#include <string.h>

#include "kernels/absent.h"
#include "tests/support/suite.h"

static bool has_row(gb_format format, gb_op op, gb_isa isa) {
    for (size_t i = 0; i < gb_kernel_count; i++)
        if (gb_kernels[i].format == format && gb_kernels[i].op == op && gb_kernels[i].isa == isa) return true;
    return false;
}

static void for_each_cell(void (*check)(gb_format format, gb_op op, gb_isa isa)) {
    for (int f = 0; f < GB_FORMAT_COUNT; f++)
        for (int op = 0; op < GB_OP_COUNT; op++)
            for (int isa = 0; isa < GB_ISA_COUNT; isa++)
                if (gb_reference((gb_format)f, (gb_op)op).any) check((gb_format)f, (gb_op)op, (gb_isa)isa);
}

static void row_or_reason(gb_format format, gb_op op, gb_isa isa) {
    const gb_absence *absence = gb_absence_of(format, op, isa);
    const bool row = has_row(format, op, isa);
    ck_assert_msg(row || absence, "%s %s %s has neither a row in kernels.def nor a reason in absent.def",
                  gb_formats[format].name, gb_op_names[op], gb_isas[isa].name);
    ck_assert_msg(!row || !absence, "%s %s %s has a row, and absent.def says why not: %s", gb_formats[format].name,
                  gb_op_names[op], gb_isas[isa].name, absence ? absence->reason : "");
}

/* Catches a tier or format added without kernels and without a word, a row that went, and a reason outlived by the
 * kernel. */
START_TEST(every_cell_has_one) {
    for_each_cell(row_or_reason);
}
END_TEST

static size_t used[256];

static void count_reason(gb_format format, gb_op op, gb_isa isa) {
    const gb_absence *absence = gb_absence_of(format, op, isa);
    if (absence) used[absence - gb_absences]++;
}

/* Catches a line that a row has made obsolete, that another line hides, or whose names are misspelt. */
START_TEST(every_reason_is_used) {
    ck_assert_uint_le(gb_absence_count, sizeof used / sizeof used[0]);
    for_each_cell(count_reason);
    for (size_t i = 0; i < gb_absence_count; i++) {
        const gb_absence *a = &gb_absences[i];
        ck_assert_msg(used[i] > 0, "no cell needs the line \"%s\", \"%s\", \"%s\": %s", a->formats, a->ops, a->isas,
                      a->reason);
        ck_assert_uint_gt(strlen(a->reason), 0);
    }
}
END_TEST

/* Catches a tier that inherits what it cannot run, or the worse of two. */
START_TEST(tiers_inherit_the_best_below) {
    ck_assert_int_eq(gb_kernel_of_tier(GB_FORMAT_q4_K, GB_OP_gemm, GB_ISA_neon_i8mm)->isa, GB_ISA_neon_i8mm);
    ck_assert_int_eq(gb_kernel_of_tier(GB_FORMAT_q4_K, GB_OP_gemv, GB_ISA_neon_i8mm)->isa, GB_ISA_neon_dotprod);
    ck_assert_int_eq(gb_kernel_of_tier(GB_FORMAT_q4_K, GB_OP_dequantize, GB_ISA_neon_i8mm)->isa, GB_ISA_neon);
    ck_assert_int_eq(gb_kernel_of_tier(GB_FORMAT_q4_K, GB_OP_gemv, GB_ISA_amx_int8)->isa, GB_ISA_avx512vnni);
    /* not that of avxvnni, which stands first; nor its own, which stands behind */
    ck_assert_int_eq(gb_kernel_of_tier(GB_FORMAT_gptq8, GB_OP_gemm, GB_ISA_avx512)->isa, GB_ISA_avx2);
    ck_assert_int_eq(gb_kernel_of_tier(GB_FORMAT_q3_K, GB_OP_gemm, GB_ISA_avx512)->isa, GB_ISA_avx2);
    ck_assert_ptr_null(gb_kernel_of_tier(GB_FORMAT_iq1_s, GB_OP_quantize, GB_ISA_avx512vnni));
    ck_assert_ptr_null(gb_kernel_of_tier(GB_FORMAT_nf4, GB_OP_dot, GB_ISA_scalar));
}
END_TEST

static Suite *suite(void) {
    TCase *cells = tcase_create("cells");
    tcase_add_test(cells, every_cell_has_one);
    tcase_add_test(cells, every_reason_is_used);
    tcase_add_test(cells, tiers_inherit_the_best_below);
    Suite *s = suite_create("absent");
    suite_add_tcase(s, cells);
    return s;
}

int main(void) {
    return run_suite(suite());
}
