#include "tests/support/fake_perf.h"

#include <check.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/fake_root.h"

enum { FIRST_FD = 100 };

static int fake_encode(void *ctx, const char *event, struct perf_event_attr *attr, char *why, size_t size) {
    const fake_perf *f = ctx;
    if (f->unknown && strstr(event, f->unknown)) {
        (void)snprintf(why, size, "libpfm4 not built in");
        return -1;
    }
    attr->type = PERF_TYPE_HARDWARE;
    return 0;
}

static int fake_open(void *ctx, struct perf_event_attr *attr, int cpu, int group_fd) {
    fake_perf *f = ctx;
    const int number = f->opens++;
    ck_assert_int_lt(number, FAKE_FDS);
    if (cpu < 0) {
        ck_assert(attr->exclude_kernel && attr->exclude_hv);
        ck_assert_int_eq(group_fd < 0, attr->disabled); /* only the leader starts disabled */
    }
    if (cpu >= 0) ck_assert(!attr->exclude_kernel && group_fd < 0 && attr->disabled);
    const int refusal = cpu >= 0 ? f->refuse_boxes : number >= f->refuse_from ? f->refusal : 0;
    if (refusal) {
        errno = refusal;
        return -1;
    }
    f->leader[number] = group_fd < 0 ? FIRST_FD + number : group_fd;
    ck_assert_int_eq(f->leader[f->leader[number] - FIRST_FD], f->leader[number]);
    f->members[f->leader[number] - FIRST_FD]++;
    f->open_now++;
    f->cpu[number] = cpu;
    f->config[number] = attr->config;
    f->type[number] = attr->type;
    return FIRST_FD + number;
}

static int fake_control(void *ctx, int fd, unsigned long request) {
    fake_perf *f = ctx;
    const int i = fd - FIRST_FD;
    ck_assert_int_eq(fd, f->leader[i]);
    if (f->fail_control) {
        errno = EIO;
        return -1;
    }
    if (request == PERF_EVENT_IOC_DISABLE && f->enabled[i]) {
        f->time_enabled[i] += 1000;
        f->time_running[i] += f->cpu[i] < 0 && f->members[i] > f->hardware ? 0 : 1000 - (uint64_t)f->lost_ns;
    }
    f->enabled[i] = request == PERF_EVENT_IOC_ENABLE;
    return 0;
}

/* Of the group: 10, 11, 12 in the order of opening; of a box: a thousand times its configuration. */
static ssize_t fake_read(void *ctx, int fd, void *data, size_t size) {
    const fake_perf *f = ctx;
    const int i = fd - FIRST_FD;
    uint64_t answer[FAKE_ROOM] = {f->config[i] * 1000, f->time_enabled[i], f->time_running[i]};
    size_t words = 3;
    if (f->fail_read) {
        errno = EIO;
        return -1;
    }
    if (f->cpu[i] < 0) {
        ck_assert_int_eq(fd, f->leader[i]);
        answer[0] = (uint64_t)f->members[i];
        while (words < 3 + (size_t)f->members[i]) {
            answer[words] = 7 + words;
            words++;
        }
    }
    const size_t bytes = words * sizeof answer[0] - (f->short_read ? 8 : 0);
    ck_assert_uint_le(bytes, size);
    memcpy(data, answer, bytes);
    return (ssize_t)bytes;
}

static void fake_close(void *ctx, int fd) {
    fake_perf *f = ctx;
    ck_assert_int_ge(fd, FIRST_FD);
    f->members[f->leader[fd - FIRST_FD] - FIRST_FD]--;
    f->open_now--;
}

static uint64_t fake_now(void *ctx) {
    fake_perf *f = ctx;
    f->now += f->interval;
    return f->now;
}

fake_perf fake_perf_of(const char *paranoid) {
    fake_root_put("/proc/sys/kernel/perf_event_paranoid", paranoid);
    return (fake_perf){.hardware = FAKE_ROOM, .interval = 1000000000};
}

gb_perf_backend fake_perf_backend(fake_perf *f) {
    return (gb_perf_backend){fake_encode, fake_open, fake_control, fake_read, fake_close, fake_now, f, fake_root};
}
