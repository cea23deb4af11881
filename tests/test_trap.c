/* Trapped crashes. */
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "harness/trap.h"
#include "tests/support/suite.h"

static void nothing(void *ctx) {
    *(int *)ctx += 1;
}

static void send(void *ctx) {
    (void)raise(*(const int *)ctx);
}

static void store(void *ctx) {
    *(volatile char *)ctx = 1;
}

/* Catches: a call reported as crashed that was not, or not made. */
START_TEST(returns_zero_without_a_signal) {
    int calls = 0;
    for (int i = 0; i < 1000; i++) ck_assert_int_eq(gb_trap_run(nothing, &calls, NULL), 0);
    ck_assert_int_eq(calls, 1000);
}
END_TEST

/* Catches: a signal that is not caught, caught only once, or misnamed. */
START_TEST(catches_every_signal_again_and_again) {
    static const int numbers[] = {SIGILL, SIGSEGV, SIGBUS, SIGFPE, SIGTRAP};
    static const char *const names[] = {"SIGILL", "SIGSEGV", "SIGBUS", "SIGFPE", "SIGTRAP"};
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 5; i++) {
            int number = numbers[i];
            ck_assert_int_eq(gb_trap_run(send, &number, NULL), number);
            ck_assert_str_eq(gb_trap_name(number), names[i]);
        }
    }
    ck_assert_ptr_null(gb_trap_name(SIGTERM));
}
END_TEST

/* Catches: a fault whose address is lost. */
START_TEST(tells_the_address) {
    char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(page != MAP_FAILED);
    const void *address = NULL;
    ck_assert_int_ne(gb_trap_run(store, page + 123, &address), 0);
    ck_assert_ptr_eq(address, page + 123);
    munmap(page, 4096);
}
END_TEST

typedef struct nest {
    int inner, after;
} nest;

static void crash_inside(void *ctx) {
    nest *n = ctx;
    int number = SIGFPE;
    n->inner = gb_trap_run(send, &number, NULL);
    n->after = 1; /* the outer call goes on */
    number = SIGILL;
    send(&number);
    n->after = 2;
}

/* Catches: an inner crash that ends the outer call, or handlers that are gone after it. */
START_TEST(nests) {
    nest n = {0, 0};
    ck_assert_int_eq(gb_trap_run(crash_inside, &n, NULL), SIGILL);
    ck_assert_int_eq(n.inner, SIGFPE);
    ck_assert_int_eq(n.after, 1);
}
END_TEST

static volatile sig_atomic_t own_calls;

static void own_handler(int number) {
    (void)number;
    own_calls++;
}

/* Catches: handlers that are not put back, after a normal end and after a crash. */
START_TEST(restores_handlers) {
    struct sigaction action = {.sa_handler = own_handler};
    struct sigaction now;
    ck_assert_int_eq(sigaction(SIGFPE, &action, NULL), 0);
    int number = SIGFPE;
    int calls = 0;
    ck_assert_int_eq(gb_trap_run(nothing, &calls, NULL), 0);
    ck_assert_int_eq(gb_trap_run(send, &number, NULL), SIGFPE);
    ck_assert_int_eq(sigaction(SIGFPE, NULL, &now), 0);
    ck_assert(now.sa_handler == own_handler);
    ck_assert_int_eq(own_calls, 0);
    (void)raise(SIGFPE);
    ck_assert_int_eq(own_calls, 1);
    stack_t stack;
    ck_assert_int_eq(sigaltstack(NULL, &stack), 0);
    (void)gb_trap_run(send, &number, NULL);
    stack_t after;
    ck_assert_int_eq(sigaltstack(NULL, &after), 0);
    ck_assert_ptr_eq(stack.ss_sp, after.ss_sp);
}
END_TEST

static int recurse(volatile char *outer, int depth) {
    volatile char frame[4096];
    frame[0] = *outer;
    return depth == 0 ? 0 : recurse(frame, depth - 1) + frame[0];
}

static void overflow_stack(void *ctx) {
    volatile char first = 0;
    *(int *)ctx = recurse(&first, 1000000);
}

static void *overflow_in_thread(void *ctx) {
    int ignored = 0;
    *(int *)ctx = gb_trap_run(overflow_stack, &ignored, NULL);
    return NULL;
}

/* Catches: handlers on the stack that has just overflowed. In a thread, whose stack is small whatever the limits are.
 */
START_TEST(survives_a_stack_overflow) {
    pthread_attr_t attributes;
    pthread_t thread;
    int signal = 0;
    ck_assert_int_eq(pthread_attr_init(&attributes), 0);
    ck_assert_int_eq(pthread_attr_setstacksize(&attributes, 512 * 1024), 0);
    ck_assert_int_eq(pthread_create(&thread, &attributes, overflow_in_thread, &signal), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_ne(signal, 0);
    pthread_attr_destroy(&attributes);
}
END_TEST

static void *crash_often(void *ctx) {
    size_t *caught = ctx;
    int number = SIGILL;
    for (int i = 0; i < 500; i++) *caught += gb_trap_run(send, &number, NULL) == SIGILL;
    return NULL;
}

/* Catches: threads that take each other's handlers away. */
START_TEST(threads_do_not_meet) {
    pthread_t thread[4];
    size_t caught[4] = {0};
    for (size_t i = 0; i < 4; i++) ck_assert_int_eq(pthread_create(&thread[i], NULL, crash_often, &caught[i]), 0);
    for (size_t i = 0; i < 4; i++) ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
    for (size_t i = 0; i < 4; i++) ck_assert_uint_eq(caught[i], 500);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("trap");
    TCase *tcase = tcase_create("trap");
    tcase_add_test(tcase, returns_zero_without_a_signal);
    tcase_add_test(tcase, catches_every_signal_again_and_again);
    tcase_add_test(tcase, tells_the_address);
    tcase_add_test(tcase, nests);
    tcase_add_test(tcase, restores_handlers);
    tcase_add_test(tcase, survives_a_stack_overflow);
    tcase_add_test(tcase, threads_do_not_meet);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
