#include "harness/pool.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/alloc.h"
#include "harness/clock.h"

/* Products of one layer follow each other within microseconds, a futex wake-up costs about five. */
enum { SPIN_NS = 50000, SPIN_BATCH = 32 };

/* A word that threads wait on. `sleepers` lets the changer skip the system call while everybody spins. Both sides use
 * sequentially consistent operations: either the changer sees the sleeper, or the sleeper's FUTEX_WAIT sees the change.
 */
typedef struct waitable {
    _Atomic uint32_t value;
    _Atomic uint32_t sleepers;
} waitable;

typedef struct worker {
    gb_pool *pool;
    size_t index;
    pthread_t thread;
} worker;

struct gb_pool {
    size_t size;
    _Atomic uint64_t spin_ns; /* set when all members are where they should be; they run before */
    gb_pool_job *job;         /* published by `generation`; NULL tells the members to leave */
    void *ctx;
    _Alignas(64) waitable generation; /* one more at every run */
    _Alignas(64) waitable pending;    /* members that have not finished the run */
    worker *members;
    size_t started; /* threads that exist */
    cpu_set_t *caller_mask;
    size_t caller_mask_size;
    char note[256];
};

static void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}

/* The type of atomics is the plain word for the kernel: same size, same place. */
static void futex(_Atomic uint32_t *word, int op, uint32_t value) {
    (void)syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

static void wake(waitable *w) {
    if (atomic_load(&w->sleepers)) futex(&w->value, FUTEX_WAKE_PRIVATE, INT32_MAX);
}

/* Returns when the value is no longer `old` (then the new value): spins, then sleeps. */
static uint32_t wait_change(waitable *w, uint32_t old, uint64_t spin_ns) {
    uint32_t now = atomic_load(&w->value);
    if (now != old) return now;
    if (spin_ns) {
        const uint64_t start = gb_now_ns();
        do {
            for (int i = 0; i < SPIN_BATCH; i++) {
                now = atomic_load_explicit(&w->value, memory_order_acquire);
                if (now != old) return now;
                relax();
            }
            (void)sched_yield(); /* the thread that is waited for may want this CPU; costs 0.3 us if none does */
        } while (gb_now_ns() - start < spin_ns);
    }
    atomic_fetch_add(&w->sleepers, 1);
    while ((now = atomic_load(&w->value)) == old) futex(&w->value, FUTEX_WAIT_PRIVATE, old);
    atomic_fetch_sub(&w->sleepers, 1);
    return now;
}

static void *member_main(void *argument) {
    const worker *me = argument;
    gb_pool *pool = me->pool;
    uint32_t seen = 0;
    for (;;) {
        seen = wait_change(&pool->generation, seen, pool->spin_ns);
        if (!pool->job) return NULL;
        pool->job(pool->ctx, me->index, pool->size);
        if (atomic_fetch_sub(&pool->pending.value, 1) == 1) wake(&pool->pending);
    }
}

static void start_generation(gb_pool *pool, gb_pool_job *job, void *ctx) {
    pool->job = job;
    pool->ctx = ctx;
    atomic_store(&pool->pending.value, (uint32_t)pool->started);
    atomic_fetch_add(&pool->generation.value, 1);
    wake(&pool->generation);
}

void gb_pool_run(gb_pool *pool, gb_pool_job *job, void *ctx) {
    if (pool->size == 1) {
        job(ctx, 0, 1);
        return;
    }
    start_generation(pool, job, ctx);
    job(ctx, 0, pool->size);
    for (uint32_t left = atomic_load(&pool->pending.value); left;)
        left = wait_change(&pool->pending, left, pool->spin_ns);
}

static int pin(pthread_t thread, int cpu) {
    if (cpu < 0) return EINVAL;
    cpu_set_t *set = CPU_ALLOC((size_t)cpu + 1);
    if (!set) return ENOMEM;
    const size_t bytes = CPU_ALLOC_SIZE((size_t)cpu + 1);
    CPU_ZERO_S(bytes, set);
    CPU_SET_S((size_t)cpu, bytes, set);
    const int rc = pthread_setaffinity_np(thread, bytes, set);
    CPU_FREE(set);
    return rc;
}

/* The caller's mask, for gb_pool_free() to restore and for counting the CPUs; NULL if it cannot be read. */
static cpu_set_t *read_mask(size_t *bytes) {
    for (size_t cpus = 1024; cpus <= 1U << 20; cpus *= 2) {
        cpu_set_t *set = CPU_ALLOC(cpus);
        if (!set) return NULL;
        *bytes = CPU_ALLOC_SIZE(cpus);
        if (pthread_getaffinity_np(pthread_self(), *bytes, set) == 0) return set;
        CPU_FREE(set);
    }
    return NULL;
}

/* Spinning helps only if every member has a CPU of its own. The caller's mask says nothing of members that are pinned:
 * it may itself be pinned, as the first member of another team. */
static int each_has_a_cpu(const gb_pool *pool, const int *cpus, size_t cpu_count) {
    if (!cpus)
        return !pool->caller_mask || (size_t)CPU_COUNT_S(pool->caller_mask_size, pool->caller_mask) >= pool->size;
    if (pool->note[0] || cpu_count < pool->size) return 0;
    for (size_t i = 0; i < pool->size; i++)
        for (size_t j = 0; j < i; j++)
            if (cpus[i] == cpus[j]) return 0;
    return 1;
}

static void pin_member(gb_pool *pool, size_t index, pthread_t thread, const int *cpus, size_t cpu_count) {
    const int cpu = cpus[index % cpu_count];
    const int rc = pin(thread, cpu);
    if (rc && !pool->note[0])
        (void)snprintf(pool->note, sizeof pool->note, "thread %zu could not be pinned to CPU %d: %s", index, cpu,
                       strerror(rc));
}

int gb_pool_new(size_t size, const int *cpus, size_t cpu_count, gb_pool **out, gb_error *err) {
    *out = NULL;
    if (size < 1 || size > 65536)
        return gb_fail(err, GB_EINPUT, "a team of %zu threads: expected a number from 1 to 65536", size);
    if (cpu_count == 0) cpus = NULL;
    gb_pool *pool = gb_new(1, sizeof *pool, "thread pool", err);
    if (!pool) return GB_ESYSTEM;
    pool->size = size;
    pool->members = gb_new(size, sizeof *pool->members, "thread pool", err);
    if (!pool->members) {
        free(pool);
        return GB_ESYSTEM;
    }
    pool->caller_mask = read_mask(&pool->caller_mask_size);
    for (size_t i = 1; i < size; i++) {
        worker *m = &pool->members[i];
        m->pool = pool;
        m->index = i;
        const int rc = pthread_create(&m->thread, NULL, member_main, m);
        if (rc) {
            gb_pool_free(pool);
            return gb_fail(err, GB_ESYSTEM, "cannot start thread %zu of %zu: %s", i + 1, size, strerror(rc));
        }
        pool->started++;
        if (cpus) pin_member(pool, i, m->thread, cpus, cpu_count);
    }
    if (cpus) pin_member(pool, 0, pthread_self(), cpus, cpu_count); /* last: threads inherit their creator's mask */
    if (each_has_a_cpu(pool, cpus, cpu_count)) atomic_store(&pool->spin_ns, SPIN_NS);
    *out = pool;
    return GB_OK;
}

void gb_pool_free(gb_pool *pool) {
    if (!pool) return;
    start_generation(pool, NULL, NULL);
    for (size_t i = 1; i <= pool->started; i++) (void)pthread_join(pool->members[i].thread, NULL);
    if (pool->caller_mask) {
        (void)pthread_setaffinity_np(pthread_self(), pool->caller_mask_size, pool->caller_mask);
        CPU_FREE(pool->caller_mask);
    }
    free(pool->members);
    free(pool);
}

size_t gb_pool_size(const gb_pool *pool) {
    return pool->size;
}

const char *gb_pool_pin_note(const gb_pool *pool) {
    return pool->note[0] ? pool->note : NULL;
}

int gb_pool_spins(const gb_pool *pool) {
    return atomic_load(&pool->spin_ns) > 0;
}

/* First unit of a member when `units` go to `size` members, the first ones getting one more. */
static size_t first_unit(size_t units, size_t member_index, size_t size) {
    const size_t rest = units % size;
    return units / size * member_index + (member_index < rest ? member_index : rest);
}

void gb_pool_share(size_t total, size_t grain, size_t member, size_t size, size_t *begin, size_t *end) {
    if (grain < 1) grain = 1;
    const size_t units = total / grain + (total % grain != 0);
    const size_t from = first_unit(units, member, size);
    const size_t to = first_unit(units, member + 1, size);
    /* only the last unit can be ragged, so only an end can pass the total */
    *begin = from == units ? total : from * grain;
    *end = to == units ? total : to * grain;
}
