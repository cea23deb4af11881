/* Guarded buffers: what they promise to the verifier. */
#include <check.h>
#include <string.h>

#include "harness/guard.h"
#include "harness/trap.h"
#include "tests/support/suite.h"

static void store_byte(void *p) {
    *(volatile unsigned char *)p = 1;
}

static void load_byte(void *p) {
    (void)*(const volatile unsigned char *)p;
}

static gb_guard new_guard(size_t size) {
    gb_guard g = {0};
    gb_error err = {0};
    ck_assert_msg(gb_guard_reserve(&g, size, &err) == GB_OK, "%s", err.text);
    return g;
}

/* Catches: a page that is not inaccessible, or data that does not touch it, so that an overrun by one byte is missed.
 */
START_TEST(one_byte_too_far_faults) {
    gb_guard g = new_guard(10000);
    for (size_t size = 1; size <= 10000; size += 333) {
        const void *address = NULL;
        uint8_t *p = gb_guard_place(&g, size, GB_AT_END, 0);
        memset(p, 7, size);
        ck_assert_int_ne(gb_trap_run(load_byte, p + size, &address), 0);
        ck_assert_ptr_eq(address, p + size);
        ck_assert_int_ne(gb_trap_run(store_byte, p + size, NULL), 0);
        ck_assert_int_eq(gb_trap_run(load_byte, p + size - 1, NULL), 0);

        p = gb_guard_place(&g, size, GB_AT_START, 0);
        memset(p, 7, size);
        ck_assert_int_ne(gb_trap_run(load_byte, p - 1, &address), 0);
        ck_assert_ptr_eq(address, p - 1);
        ck_assert_int_eq(gb_trap_run(store_byte, p, NULL), 0);
    }
    gb_guard_free(&g);
}
END_TEST

/* Catches: a shift that does not misalign the start. */
START_TEST(shift_moves_the_data) {
    gb_guard g = new_guard(4096);
    for (size_t shift = 0; shift < 128; shift++) {
        const uint8_t *p = gb_guard_place(&g, 4096, GB_AT_START, shift);
        ck_assert_uint_eq((uintptr_t)p % 64, shift % 64);
        p = gb_guard_place(&g, 4096, GB_AT_END, shift);
        ck_assert_uint_eq((uintptr_t)(p + 4096) % 64, (128 - shift) % 64);
    }
    gb_guard_free(&g);
}
END_TEST

/* Catches: a damaged canary that goes unseen on either side, near or far, and a canary value that a store of any
 * constant could match. */
START_TEST(every_canary_is_watched) {
    gb_guard g = new_guard(1000);
    ptrdiff_t where = 0;
    for (ptrdiff_t offset = -256; offset < 1000 + 16; offset++) {
        uint8_t *p = gb_guard_place(&g, 1000, GB_AT_END, 16);
        memset(p, 0, 1000);
        ck_assert(gb_guard_intact(&g, &where));
        p[offset] = (uint8_t)(p[offset] + 1);
        const int inside = offset >= 0 && offset < 1000;
        ck_assert_int_eq(gb_guard_intact(&g, &where), inside);
        if (!inside) ck_assert_int_eq((int)where, (int)offset);
    }
    uint8_t *p = gb_guard_place(&g, 1000, GB_AT_END, 16);
    for (int value = 0; value < 256; value++) {
        gb_guard_place(&g, 1000, GB_AT_END, 16);
        memset(p + 1000, value, 16);
        ck_assert(!gb_guard_intact(&g, &where));
    }
    gb_guard_free(&g);
}
END_TEST

/* Catches: a crash attributed to the wrong buffer. */
START_TEST(addresses_are_owned) {
    gb_guard a = new_guard(100);
    gb_guard b = new_guard(100);
    ptrdiff_t where = 0;
    uint8_t *p = gb_guard_place(&a, 100, GB_AT_END, 0);
    gb_guard_place(&b, 100, GB_AT_END, 0);
    ck_assert(gb_guard_owns(&a, p + 100, &where));
    ck_assert_int_eq((int)where, 100);
    ck_assert(gb_guard_owns(&a, p - 5, &where));
    ck_assert_int_eq((int)where, -5);
    ck_assert(!gb_guard_owns(&b, p + 100, &where));
    ck_assert(!gb_guard_owns(&a, NULL, &where));
    gb_guard_free(&a);
    gb_guard_free(&b);
    ck_assert(!gb_guard_owns(&a, p, &where));
}
END_TEST

/* Catches: a size that wraps. */
START_TEST(absurd_sizes_are_errors) {
    gb_guard g = {0};
    gb_error err = {0};
    ck_assert_int_eq(gb_guard_reserve(&g, SIZE_MAX - 5, &err), GB_ESYSTEM);
    ck_assert_int_eq(gb_guard_reserve(&g, SIZE_MAX / 2, &err), GB_ESYSTEM);
    ck_assert_uint_gt(strlen(err.text), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("guard");
    TCase *tcase = tcase_create("guard");
    tcase_add_test(tcase, one_byte_too_far_faults);
    tcase_add_test(tcase, shift_moves_the_data);
    tcase_add_test(tcase, every_canary_is_watched);
    tcase_add_test(tcase, addresses_are_owned);
    tcase_add_test(tcase, absurd_sizes_are_errors);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
