#include "model/e2e_counters.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"

struct gb_team_counters {
    const gb_perf_backend *backend;
    gb_counter_choice first, others; /* energy is counted once */
    size_t count;
    gb_counters **of; /* of each thread */
    int *rc;
    gb_error err; /* of the first thread that failed */
    pthread_mutex_t lock;
};

/* A counter counts the thread that opens it. One after the other: libpfm4 starts up without a lock of its own. */
static void open_own(void *ctx, size_t member, size_t size) {
    gb_team_counters *t = ctx;
    gb_error err = {0};
    (void)size;
    (void)pthread_mutex_lock(&t->lock);
    t->rc[member] = gb_counters_open(t->backend, member ? &t->others : &t->first, &t->of[member], &err);
    if (t->rc[member] && !t->err.code) t->err = err;
    (void)pthread_mutex_unlock(&t->lock);
}

int gb_team_counters_open(const gb_perf_backend *backend, const gb_counter_choice *choice, gb_pool *pool,
                          gb_team_counters **out, gb_error *err) {
    gb_team_counters *t = *out = gb_new(1, sizeof *t, "team counters", err);
    if (!t) return GB_ESYSTEM;
    *t = (gb_team_counters){.backend = backend, .first = *choice, .others = *choice, .count = gb_pool_size(pool)};
    t->others.group[GB_COUNTER_GROUP_energy] = false;
    (void)pthread_mutex_init(&t->lock, NULL);
    t->of = gb_new(t->count, sizeof(gb_counters *), "team counters", err);
    t->rc = gb_new(t->count, sizeof *t->rc, "team counters", err);
    int rc = t->of && t->rc ? GB_OK : GB_ESYSTEM;
    if (!rc) gb_pool_run(pool, open_own, t);
    if (!rc && t->err.code) rc = gb_fail(err, t->err.code, "%s", t->err.text);
    if (!rc) return GB_OK;
    gb_team_counters_close(t);
    *out = NULL;
    return rc;
}

void gb_team_counters_close(gb_team_counters *team) {
    if (!team) return;
    for (size_t i = 0; team->of && i < team->count; i++) gb_counters_close(team->of[i]);
    (void)pthread_mutex_destroy(&team->lock);
    free(team->of);
    free(team->rc);
    free(team);
}

static bool counts(const gb_team_counters *t, size_t thread, gb_counter_group g) {
    return (thread ? t->others.group[g] : t->first.group[g]) && gb_counters_any(t->of[thread], g);
}

double gb_team_counters_least_ns(const gb_team_counters *team) {
    double least = 0;
    for (int g = 0; g < GB_COUNTER_GROUP_COUNT; g++)
        if (counts(team, 0, (gb_counter_group)g) && gb_counters_least_ns((gb_counter_group)g) > least)
            least = gb_counters_least_ns((gb_counter_group)g);
    return least;
}

void gb_team_counters_start(gb_team_counters *team) {
    for (size_t i = 0; i < team->count; i++)
        for (int g = 0; g < GB_COUNTER_GROUP_COUNT; g++)
            if (counts(team, i, (gb_counter_group)g)) gb_counters_start(team->of[i], (gb_counter_group)g);
}

static void add(gb_counter_set *sum, const gb_counter_set *one) {
    for (size_t i = 0; i < sum->count; i++)
        for (size_t j = 0; j < one->count; j++) {
            gb_counter_value *s = &sum->of[i];
            const gb_counter_value *v = &one->of[j];
            if (strcmp(s->name, v->name) != 0 || !s->present) continue;
            if (v->present)
                s->value += v->value;
            else
                *s = *v;
        }
}

int gb_team_counters_stop(gb_team_counters *team, double per, gb_counter_set *set, gb_error *err) {
    int rc = gb_counters_new_set(team->of[0], set, err);
    for (size_t i = 0; !rc && i < team->count; i++) {
        gb_counter_set one = *set;
        if (i) rc = gb_counters_new_set(team->of[i], &one, err);
        for (int g = 0; !rc && g < GB_COUNTER_GROUP_COUNT; g++)
            if (counts(team, i, (gb_counter_group)g)) gb_counters_stop(team->of[i], (gb_counter_group)g, per, &one);
        if (!i) continue;
        if (!rc) add(set, &one);
        free(one.of);
    }
    if (!rc) return GB_OK;
    free(set->of);
    *set = (gb_counter_set){0};
    return rc;
}
