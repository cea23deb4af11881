/* harness/pool: a lost wake-up, a member that runs twice or not at all, shares that overlap or leave holes,
 * threads that sleep where they should spin. */
#include <check.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "harness/pool.h"
#include "tests/support/suite.h"

enum { MAX_MEMBERS = 64 };

typedef struct count {
    size_t size;
    _Atomic unsigned calls[MAX_MEMBERS];
    unsigned plain[MAX_MEMBERS]; /* written by members, read by the caller after the run: needs the pool's ordering */
} count;

static void count_job(void *ctx, size_t member, size_t size) {
    count *c = ctx;
    ck_assert_uint_eq(size, c->size);
    atomic_fetch_add(&c->calls[member], 1);
    c->plain[member]++;
}

/* Every member runs exactly once per run, over many runs and team sizes, more threads than CPUs included. */
START_TEST(every_member_once) {
    static const size_t sizes[] = {1, 2, 3, 8, 33};
    const size_t size = sizes[_i];
    const unsigned runs = size > 8 ? 300 : 3000;
    gb_pool *pool = NULL;
    ck_assert_int_eq(gb_pool_new(size, NULL, 0, &pool, NULL), GB_OK);
    ck_assert_uint_eq(gb_pool_size(pool), size);
    count c = {.size = size};
    for (unsigned r = 1; r <= runs; r++) {
        gb_pool_run(pool, count_job, &c);
        for (size_t i = 0; i < size; i++) {
            ck_assert_uint_eq(atomic_load(&c.calls[i]), r);
            ck_assert_uint_eq(c.plain[i], r);
        }
    }
    gb_pool_free(pool);
}
END_TEST

typedef struct sum {
    const unsigned *in;
    unsigned *out;
    size_t n;
} sum;

static void square_job(void *ctx, size_t member, size_t size) {
    const sum *s = ctx;
    size_t begin = 0;
    size_t end = 0;
    gb_pool_share(s->n, 4, member, size, &begin, &end);
    for (size_t i = begin; i < end; i++) s->out[i] = s->in[i] * s->in[i];
}

/* Alternating jobs and pauses long enough that members sleep: a wake-up lost between spin and sleep would hang. */
START_TEST(work_after_sleep) {
    enum { N = 1003 };
    static unsigned in[N];
    static unsigned out[N];
    gb_pool *pool = NULL;
    ck_assert_int_eq(gb_pool_new(4, NULL, 0, &pool, NULL), GB_OK);
    for (unsigned round = 0; round < 50; round++) {
        for (unsigned i = 0; i < N; i++) in[i] = i + round;
        gb_pool_run(pool, square_job, &(sum){in, out, N});
        for (unsigned i = 0; i < N; i++) ck_assert_uint_eq(out[i], in[i] * in[i]);
        if (round % 5 == 0) (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    gb_pool_free(pool);
}
END_TEST

/* Shares are in order, disjoint, cover [0, total), start at multiples of the grain and differ by at most one grain. */
START_TEST(shares_cover) {
    for (size_t total = 0; total <= 70; total++)
        for (size_t grain = 1; grain <= 9; grain += 4)
            for (size_t size = 1; size <= 9; size++) {
                size_t at = 0;
                size_t least = SIZE_MAX;
                size_t most = 0;
                for (size_t m = 0; m < size; m++) {
                    size_t begin = 99;
                    size_t end = 99;
                    gb_pool_share(total, grain, m, size, &begin, &end);
                    ck_assert_uint_eq(begin, at);
                    ck_assert_uint_le(begin, end);
                    if (begin < end) ck_assert_uint_eq(begin % grain, 0);
                    const size_t units = (end - begin + grain - 1) / grain;
                    least = units < least ? units : least;
                    most = units > most ? units : most;
                    at = end;
                }
                ck_assert_uint_eq(at, total);
                ck_assert_uint_le(most - least, 1);
            }
    size_t begin = 0;
    size_t end = 0;
    gb_pool_share(SIZE_MAX, 1, 2, 3, &begin, &end); /* no overflow near the end of the range */
    ck_assert_uint_eq(end, SIZE_MAX);
}
END_TEST

static void cpu_job(void *ctx, size_t member, size_t size) {
    (void)size;
    ((int *)ctx)[member] = sched_getcpu();
}

/* Members run where they were pinned, and the caller gets its own mask back. */
START_TEST(pinning) {
    cpu_set_t before;
    CPU_ZERO(&before);
    ck_assert_int_eq(sched_getaffinity(0, sizeof before, &before), 0);
    int cpu = 0;
    while (!CPU_ISSET((size_t)cpu, &before)) cpu++;
    gb_pool *pool = NULL;
    ck_assert_int_eq(gb_pool_new(3, &cpu, 1, &pool, NULL), GB_OK);
    ck_assert_ptr_null(gb_pool_pin_note(pool));
    int seen[3] = {-1, -1, -1};
    gb_pool_run(pool, cpu_job, seen);
    for (int i = 0; i < 3; i++) ck_assert_int_eq(seen[i], cpu);
    gb_pool_free(pool);
    cpu_set_t after;
    CPU_ZERO(&after);
    ck_assert_int_eq(sched_getaffinity(0, sizeof after, &after), 0);
    ck_assert(CPU_EQUAL(&before, &after));
}
END_TEST

/* A team whose members have a CPU each spins, though its creator is pinned as the first member of another one; a team
 * that shares a CPU does not. */
START_TEST(spinning) {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    ck_assert_int_eq(sched_getaffinity(0, sizeof mask, &mask), 0);
    int cpus[2] = {-1, -1};
    int found = 0;
    for (int i = 0; i < CPU_SETSIZE && found < 2; i++)
        if (CPU_ISSET((size_t)i, &mask)) cpus[found++] = i;
    gb_pool *outer = NULL;
    gb_pool *inner = NULL;
    ck_assert_int_eq(gb_pool_new(1, cpus, 1, &outer, NULL), GB_OK);
    ck_assert_int_eq(gb_pool_new(2, cpus, (size_t)found, &inner, NULL), GB_OK);
    ck_assert_int_eq(gb_pool_spins(inner), found == 2);
    gb_pool_free(inner);
    ck_assert_int_eq(gb_pool_new(2, (const int[]){cpus[0], cpus[0]}, 2, &inner, NULL), GB_OK);
    ck_assert(!gb_pool_spins(inner));
    gb_pool_free(inner);
    ck_assert_int_eq(gb_pool_new(2, NULL, 0, &inner, NULL), GB_OK); /* both where the caller is pinned */
    ck_assert(!gb_pool_spins(inner));
    gb_pool_free(inner);
    ck_assert_int_eq(gb_pool_new(2, (const int[]){cpus[0], 100000}, 2, &inner, NULL), GB_OK);
    ck_assert(!gb_pool_spins(inner));
    gb_pool_free(inner);
    gb_pool_free(outer);
}
END_TEST

/* A CPU that does not exist is a note, not a failure; an impossible team size is an error with a message. */
START_TEST(refusals) {
    const int cpus[] = {-1, 100000};
    gb_pool *pool = NULL;
    ck_assert_int_eq(gb_pool_new(2, cpus, 2, &pool, NULL), GB_OK);
    ck_assert_ptr_nonnull(gb_pool_pin_note(pool));
    ck_assert_ptr_nonnull(strstr(gb_pool_pin_note(pool), "CPU 100000"));
    count c = {.size = 2};
    gb_pool_run(pool, count_job, &c);
    ck_assert_uint_eq(c.plain[0] + c.plain[1], 2);
    gb_pool_free(pool);
    gb_error err = {0};
    ck_assert_int_eq(gb_pool_new(0, NULL, 0, &pool, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "0 threads"));
    ck_assert_ptr_null(pool);
    gb_pool_free(NULL);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pool");
    TCase *tc = tcase_create("pool");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, every_member_once, 0, 5);
    tcase_add_test(tc, work_after_sleep);
    tcase_add_test(tc, shares_cover);
    tcase_add_test(tc, pinning);
    tcase_add_test(tc, spinning);
    tcase_add_test(tc, refusals);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
