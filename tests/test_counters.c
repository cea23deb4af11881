/* harness/counters: an absent counter given as zero, a multiplexed count taken for a whole one, a reason that does not
 * help. Every path runs on a fake system. */
#include <check.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>

#include "harness/counters.h"
#include "tests/support/suite.h"

enum { ROOM = 16, FIRST_FD = 100 };

typedef struct fake {
    int level;                /* perf_event_paranoid */
    int refuse_from, refusal; /* opens from this one on fail with this errno */
    const char *unknown;      /* an event name that encode refuses */
    int hardware;             /* counters of the machine: a larger group never runs */
    int lost_ns;              /* ns of each interval that the group was off the hardware */
    int fail_control, fail_read, short_read;
    int opens, closes, open_now, leader, enabled;
    uint64_t time_enabled, time_running;
} fake;

static int fake_encode(void *ctx, const char *event, struct perf_event_attr *attr, char *why, size_t size) {
    const fake *f = ctx;
    if (f->unknown && strstr(event, f->unknown)) {
        (void)snprintf(why, size, "libpfm4 not built in");
        return -1;
    }
    attr->type = PERF_TYPE_HARDWARE;
    return 0;
}

static int fake_open(void *ctx, struct perf_event_attr *attr, int group_fd) {
    fake *f = ctx;
    const int number = f->opens++;
    ck_assert(attr->exclude_kernel && attr->exclude_hv);
    ck_assert_int_eq(group_fd < 0, attr->disabled); /* only the leader starts disabled */
    if (f->refusal && number >= f->refuse_from) {
        errno = f->refusal;
        return -1;
    }
    if (group_fd < 0) f->leader = FIRST_FD + number;
    ck_assert(group_fd < 0 || group_fd == f->leader);
    f->open_now++;
    return FIRST_FD + number;
}

static int fake_control(void *ctx, int fd, unsigned long request) {
    fake *f = ctx;
    ck_assert_int_eq(fd, f->leader);
    if (f->fail_control) {
        errno = EIO;
        return -1;
    }
    if (request == PERF_EVENT_IOC_DISABLE && f->enabled) {
        f->time_enabled += 1000;
        f->time_running += f->open_now > f->hardware ? 0 : 1000 - (uint64_t)f->lost_ns;
    }
    f->enabled = request == PERF_EVENT_IOC_ENABLE;
    return 0;
}

/* Values 10, 11, 12 in the order of opening. */
static ssize_t fake_read(void *ctx, int fd, void *data, size_t size) {
    const fake *f = ctx;
    ck_assert_int_eq(fd, f->leader);
    if (f->fail_read) {
        errno = EIO;
        return -1;
    }
    uint64_t answer[ROOM] = {(uint64_t)f->open_now, f->time_enabled, f->time_running};
    for (int i = 0; i < f->open_now; i++) answer[3 + i] = 10 + (uint64_t)i;
    const size_t bytes = (3 + (size_t)f->open_now) * sizeof answer[0] - (f->short_read ? 8 : 0);
    ck_assert_uint_le(bytes, size);
    memcpy(data, answer, bytes);
    return (ssize_t)bytes;
}

static void fake_close(void *ctx, int fd) {
    fake *f = ctx;
    ck_assert_int_ge(fd, FIRST_FD);
    f->open_now--;
    f->closes++;
}

static int fake_paranoid(void *ctx) {
    const fake *f = ctx;
    return f->level;
}

static fake system_of(void) {
    return (fake){.level = 1, .hardware = GB_COUNTER_COUNT, .leader = -1};
}

/* Opens on the fake, measures once, closes; everything that was opened must be closed. */
static gb_counter_set measure(fake *f) {
    const gb_perf_backend backend = {fake_encode, fake_open, fake_control, fake_read, fake_close, fake_paranoid, f};
    gb_counters *c = NULL;
    ck_assert_int_eq(gb_counters_open(&backend, &c, NULL), GB_OK);
    ck_assert_int_eq(gb_counters_any(c), gb_counters_absence(c) == NULL);
    gb_counter_set got;
    for (int round = 0; round < 2; round++) { /* times must be taken as differences between rounds */
        gb_counters_start(c);
        gb_counters_stop(c, &got);
    }
    gb_counters_close(c);
    ck_assert_int_eq(f->open_now, 0);
    return got;
}

static void ck_absent(const gb_counter_set *s, int first, const char *reason) {
    for (int i = first; i < GB_COUNTER_COUNT; i++) {
        ck_assert(!s->of[i].present);
        ck_assert_uint_eq(s->of[i].count, 0);
        ck_assert_msg(strstr(s->of[i].reason, reason) != NULL, "'%s' lacks '%s'", s->of[i].reason, reason);
    }
}

/* All there: each counter gets its own value of the group. */
START_TEST(all_present) {
    fake f = system_of();
    const gb_counter_set s = measure(&f);
    for (int i = 0; i < GB_COUNTER_COUNT; i++) {
        ck_assert(s.of[i].present);
        ck_assert_uint_eq(s.of[i].count, (uint64_t)(10 + i));
    }
}
END_TEST

/* Each refusal of the kernel becomes its cause and its fix. */
START_TEST(refusals) {
    static const struct {
        int error, level;
        const char *reason;
    } cases[] = {
        {EACCES, 4, "perf_event_paranoid=4: needs <= 2"},
        {EPERM, 3, "perf_event_paranoid=3: needs <= 2"},
        {EACCES, 1, "seccomp"},
        {ENOENT, 2, "not supported by this machine or hypervisor"},
        {EOPNOTSUPP, 2, "not supported by this machine or hypervisor"},
        {ENOSYS, 2, "without perf events"},
        {EBUSY, 2, "another user"},
        {EMFILE, 2, "Too many open files"},
    };
    fake f = system_of();
    f.refusal = cases[_i].error;
    f.level = cases[_i].level;
    const gb_counter_set s = measure(&f);
    ck_absent(&s, 0, cases[_i].reason);
}
END_TEST

/* Part of the events refused: the others still count, with their own values. */
START_TEST(partly_refused) {
    fake f = system_of();
    f.refuse_from = 2;
    f.refusal = ENOENT;
    const gb_counter_set s = measure(&f);
    ck_assert(s.of[0].present && s.of[1].present);
    ck_assert_uint_eq(s.of[1].count, 11);
    ck_absent(&s, 2, "not supported");
}
END_TEST

/* The first event unknown: the second leads the group, and values do not slip by one. */
START_TEST(leader_unknown) {
    fake f = system_of();
    f.unknown = "CPU_CYCLES";
    const gb_counter_set s = measure(&f);
    ck_assert(!s.of[GB_COUNTER_cycles].present);
    ck_assert_str_eq(s.of[GB_COUNTER_cycles].reason, "libpfm4 not built in");
    ck_assert(s.of[GB_COUNTER_instructions].present);
    ck_assert_uint_eq(s.of[GB_COUNTER_instructions].count, 10);
}
END_TEST

/* More events than hardware counters: the last are given up with a reason, the first ones count. */
START_TEST(too_few_counters) {
    fake f = system_of();
    f.hardware = 3;
    const gb_counter_set s = measure(&f);
    for (int i = 0; i < 3; i++) ck_assert(s.of[i].present && s.of[i].count == (uint64_t)(10 + i));
    ck_absent(&s, 3, "no free counter");
}
END_TEST

/* A group that was off the hardware for a part of the interval gives nothing. */
START_TEST(not_the_whole_interval) {
    fake f = system_of();
    f.lost_ns = 1;
    const gb_counter_set s = measure(&f);
    ck_assert(!s.of[0].present);
    ck_assert_ptr_nonnull(strstr(s.of[0].reason, "only 999 of 1000 ns"));
}
END_TEST

/* Failures after opening are reasons too. */
START_TEST(failures_while_measuring) {
    fake f = system_of();
    f.fail_control = _i == 0;
    f.fail_read = _i == 1;
    f.short_read = _i == 2;
    const gb_counter_set s = measure(&f);
    static const char *const reasons[] = {"could not be started", "could not be read", "answered"};
    ck_assert(!s.of[0].present);
    ck_assert_msg(strstr(s.of[0].reason, reasons[_i]) != NULL, "%s", s.of[0].reason);
}
END_TEST

/* The real system: whatever it can do, a value or a reason for each. */
START_TEST(real_system) {
    gb_counters *c = NULL;
    ck_assert_int_eq(gb_counters_open(&gb_perf_system, &c, NULL), GB_OK);
    gb_counter_set s;
    gb_counters_start(c);
    for (volatile int i = 0; i < 100000; i++) continue;
    gb_counters_stop(c, &s);
    for (int i = 0; i < GB_COUNTER_COUNT; i++)
        ck_assert_msg(s.of[i].present != (s.of[i].reason[0] != 0), "%s: %s", gb_counter_names[i], s.of[i].reason);
    if (s.of[GB_COUNTER_instructions].present) ck_assert_uint_ge(s.of[GB_COUNTER_instructions].count, 100000);
    gb_counters_close(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("counters");
    TCase *tc = tcase_create("counters");
    tcase_add_test(tc, all_present);
    tcase_add_loop_test(tc, refusals, 0, 8);
    tcase_add_test(tc, partly_refused);
    tcase_add_test(tc, leader_unknown);
    tcase_add_test(tc, too_few_counters);
    tcase_add_test(tc, not_the_whole_interval);
    tcase_add_loop_test(tc, failures_while_measuring, 0, 3);
    tcase_add_test(tc, real_system);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
