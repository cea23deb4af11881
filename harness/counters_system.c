/* The real system behind harness/counters: perf_event_open(2) and libpfm4. */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/clock.h"
#include "harness/counters.h"

#ifdef GB_HAVE_PFM

#include <perfmon/pfmlib_perf_event.h>

static int encode(void *ctx, const char *event, struct perf_event_attr *attr, char *why, size_t size) {
    (void)ctx;
    pfm_err_t rc = pfm_initialize();
    pfm_perf_encode_arg_t arg = {.attr = attr, .size = sizeof arg};
    if (rc == PFM_SUCCESS) rc = pfm_get_os_event_encoding(event, PFM_PLM3, PFM_OS_PERF_EVENT, &arg);
    if (rc == PFM_SUCCESS) return 0;
    (void)snprintf(why, size, "libpfm4 does not know %s here: %s", event, pfm_strerror(rc));
    return -1;
}

#else

static int encode(void *ctx, const char *event, struct perf_event_attr *attr, char *why, size_t size) {
    (void)ctx;
    (void)event;
    (void)attr;
    (void)snprintf(why, size, "libpfm4 not built in: install libpfm4-dev and build again");
    return -1;
}

#endif

static int open_event(void *ctx, struct perf_event_attr *attr, int cpu, int group_fd) {
    (void)ctx;
    return (int)syscall(SYS_perf_event_open, attr, cpu < 0 ? 0 : -1, cpu, group_fd, PERF_FLAG_FD_CLOEXEC);
}

static int control(void *ctx, int fd, unsigned long request) {
    (void)ctx;
    return ioctl(fd, request, PERF_IOC_FLAG_GROUP);
}

static ssize_t read_event(void *ctx, int fd, void *data, size_t size) {
    (void)ctx;
    return read(fd, data, size);
}

static void close_event(void *ctx, int fd) {
    (void)ctx;
    (void)close(fd);
}

static uint64_t now_ns(void *ctx) {
    (void)ctx;
    return gb_now_ns();
}

const gb_perf_backend gb_perf_system = {
    .encode = encode,
    .open = open_event,
    .control = control,
    .read = read_event,
    .close = close_event,
    .now_ns = now_ns,
    .root = "",
};
