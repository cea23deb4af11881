#include "tests/support/root.h"

#include <check.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint32_t taken;

/* The capabilities in `bits` out of the effective set, or back into it; what was there of them. */
static uint32_t change(uint32_t bits, int effective) {
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct set[_LINUX_CAPABILITY_U32S_3];
    ck_assert_int_eq(syscall(SYS_capget, &head, set), 0);
    const uint32_t had = set[0].effective & bits;
    set[0].effective = effective ? set[0].effective | bits : set[0].effective & ~bits;
    ck_assert_int_eq(syscall(SYS_capset, &head, set), 0);
    return had;
}

void obey_permissions(void) {
    taken = change(1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH, 0);
}

void ignore_permissions_again(void) {
    change(taken, 1);
}
