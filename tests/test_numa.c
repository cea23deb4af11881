/* harness/numa: a wrong mask or policy handed to the system, a refusal that passes in silence,
 * misplaced pages counted as right. The system is a fake: test machines have one node, or forbid the calls. */
#include <check.h>
#include <errno.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/numa.h"
#include "tests/support/suite.h"

typedef struct fake {
    int error; /* of both calls; 0: they work */
    int policy, calls;
    unsigned long mask[4], bits;
    int nodes; /* pages lie on 0, 1 ... nodes - 1 in turns; 0: not in memory */
    void *first, *last;
    size_t count;
    void *bound;
    size_t bound_bytes;
} fake;

static int set_policy(void *ctx, int policy, const unsigned long *nodes, unsigned long bits) {
    fake *f = ctx;
    f->calls++;
    f->policy = policy;
    f->bits = bits;
    for (size_t i = 0; i < 4; i++) f->mask[i] = nodes ? nodes[i] : 0;
    errno = f->error;
    return f->error ? -1 : 0;
}

static int where(void *ctx, size_t count, void **pages, int *status) {
    fake *f = ctx;
    f->first = pages[0];
    f->last = pages[count - 1];
    f->count = count;
    for (size_t i = 0; i < count; i++) status[i] = f->nodes ? (int)i % f->nodes : -ENOENT;
    errno = f->error;
    return f->error ? -1 : 0;
}

static int bind_pages(void *ctx, void *from, size_t bytes, int policy, const unsigned long *nodes, unsigned long bits) {
    fake *f = ctx;
    f->bound = from;
    f->bound_bytes = bytes;
    return set_policy(ctx, policy, nodes, bits);
}

static gb_numa_backend backend(fake *f) {
    return (gb_numa_backend){.set_policy = set_policy, .where = where, .bind = bind_pages, .ctx = f};
}

/* Two nodes whose numbers are neither dense nor small. */
static gb_numa_node nodes[] = {{.os_index = 1}, {.os_index = 70}};
static const gb_topology two = {.node_count = 2, .nodes = nodes};
static const gb_topology single = {.node_count = 1};

START_TEST(words) {
    gb_numa n;
    gb_error err = {0};
    ck_assert(gb_numa_parse("--numa", "local", &n, &err) == GB_OK && n.mode == GB_NUMA_LOCAL);
    ck_assert(gb_numa_parse("--numa", "interleave", &n, &err) == GB_OK && n.mode == GB_NUMA_INTERLEAVE);
    ck_assert(gb_numa_parse("--numa", "node:70", &n, &err) == GB_OK && n.mode == GB_NUMA_NODE && n.node == 70);
    static const char *const bad[] = {"",        "node:",    "node:x", "node:1x",
                                      "node:-1", "node:256", "Local",  "node:99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_int_eq(gb_numa_parse("--numa", bad[i], &n, &err), GB_EINPUT);
}
END_TEST

/* What the system is told, mode by mode. */
START_TEST(policies) {
    fake f = {0};
    const gb_numa_backend b = backend(&f);
    gb_error err = {0};
    ck_assert_int_eq(gb_numa_apply(&(gb_numa){.mode = GB_NUMA_DEFAULT}, &two, &b, &err), GB_OK);
    ck_assert_int_eq(f.calls, 0);
    ck_assert_int_eq(gb_numa_apply(&(gb_numa){.mode = GB_NUMA_LOCAL}, &two, &b, &err), GB_OK);
    ck_assert(f.calls == 1 && f.policy == MPOL_LOCAL && f.bits == 0);
    ck_assert_int_eq(gb_numa_apply(&(gb_numa){.mode = GB_NUMA_INTERLEAVE}, &two, &b, &err), GB_OK);
    ck_assert(f.policy == MPOL_INTERLEAVE && f.mask[0] == 2 && f.mask[1] == 1UL << 6 && f.mask[2] == 0);
    ck_assert_uint_gt(f.bits, 71);
    ck_assert_int_eq(gb_numa_apply(&(gb_numa){.mode = GB_NUMA_NODE, .node = 70}, &two, &b, &err), GB_OK);
    ck_assert(f.policy == MPOL_BIND && f.mask[0] == 0 && f.mask[1] == 1UL << 6);
    f.calls = 0;
    ck_assert_int_eq(gb_numa_apply(&(gb_numa){.mode = GB_NUMA_NODE, .node = 0}, &two, &b, &err), GB_EINPUT);
    ck_assert_int_eq(f.calls, 0);
    ck_assert_ptr_nonnull(strstr(err.text, "no such node"));
}
END_TEST

/* Refusals have a cause; a kernel without NUMA is fine where there is one node. */
START_TEST(refusals) {
    fake f = {.error = EPERM};
    const gb_numa_backend b = backend(&f);
    const gb_numa local = {.mode = GB_NUMA_LOCAL};
    gb_error err = {0};
    ck_assert_int_eq(gb_numa_apply(&local, &two, &b, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "seccomp"));
    f.error = ENOSYS;
    ck_assert_int_eq(gb_numa_apply(&local, &two, &b, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "without NUMA"));
    ck_assert_int_eq(gb_numa_apply(&local, &single, &b, &err), GB_OK);
}
END_TEST

/* Pages that are there already: moved in whole pages where a node or all are asked for; a refusal is noted. */
START_TEST(moving) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *base = (char *)(page * 16); /* never read */
    const gb_numa node = {.mode = GB_NUMA_NODE, .node = 70};
    fake f = {0};
    const gb_numa_backend b = backend(&f);
    gb_placement p = {0};
    gb_numa_move(&(gb_numa){.mode = GB_NUMA_DEFAULT}, &two, &b, base, page, &p);
    gb_numa_move(&(gb_numa){.mode = GB_NUMA_LOCAL}, &two, &b, base, page, &p);
    gb_numa_move(&node, &two, &b, base, 0, &p);
    gb_numa_move(&node, &single, &b, base, page, &p);
    ck_assert_int_eq(f.calls, 0);
    gb_numa_move(&node, &two, &b, base + 5, page, &p);
    ck_assert(f.calls == 1 && f.policy == MPOL_BIND && f.mask[0] == 0 && f.mask[1] == 1UL << 6);
    ck_assert_ptr_eq(f.bound, base);
    ck_assert_uint_eq(f.bound_bytes, 2 * page);
    gb_numa_move(&(gb_numa){.mode = GB_NUMA_INTERLEAVE}, &two, &b, base, page, &p);
    ck_assert(f.policy == MPOL_INTERLEAVE && f.mask[0] == 2 && f.mask[1] == 1UL << 6);
    ck_assert_str_eq(p.note, "");
    f.error = EPERM;
    gb_numa_move(&node, &two, &b, base, page, &p);
    ck_assert_ptr_nonnull(strstr(p.note, "not moved (mbind: "));
}
END_TEST

/* Pages of the range and no others, spread over it; what is not as asked is counted. */
START_TEST(looking) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    fake f = {.nodes = 2};
    const gb_numa_backend b = backend(&f);
    gb_placement p = {0};
    char text[256];
    char *base = (char *)(page * 16);         /* never read */
    gb_numa_look(&b, base + 5, 4 * page, &p); /* touches five pages */
    ck_assert_uint_eq(f.count, 5);
    ck_assert_ptr_eq(f.first, base);
    ck_assert_ptr_eq(f.last, base + 4 * page);
    ck_assert(p.pages == 5 && p.on[0] == 3 && p.on[1] == 2 && p.elsewhere == 0);
    gb_placement_text(&p, &(gb_numa){.mode = GB_NUMA_LOCAL}, 0, text, sizeof text);
    ck_assert_str_eq(text, "node 0: 60 %, node 1: 40 % of 5 pages looked at; NOT AS ASKED: 40.0 %");
    gb_placement_text(&p, &(gb_numa){.mode = GB_NUMA_NODE, .node = 1}, 0, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "NOT AS ASKED: 60.0 %"));
    gb_placement_text(&p, &(gb_numa){.mode = GB_NUMA_INTERLEAVE}, 0, text, sizeof text);
    ck_assert_ptr_null(strstr(text, "NOT"));
    p = (gb_placement){0};
    gb_numa_look(&b, base, 10000 * page, &p);
    ck_assert_uint_eq(p.pages, 256);
    ck_assert((char *)f.last < base + 10000 * page && (char *)f.last > base + 9000 * page);
    f.nodes = 0;
    p = (gb_placement){0};
    gb_numa_look(&b, base, page, &p);
    gb_placement_text(&p, &(gb_numa){.mode = GB_NUMA_LOCAL}, 0, text, sizeof text);
    ck_assert_str_eq(text, "not in memory: 100 % of 1 pages looked at; NOT AS ASKED: 100.0 %");
    p = (gb_placement){0};
    gb_numa_look(&b, base, 0, &p);
    gb_placement_text(&p, &(gb_numa){0}, 0, text, sizeof text);
    ck_assert_str_eq(text, "no page was looked at");
    f.error = ENOSYS;
    gb_numa_look(&b, base, page, &p);
    gb_placement_text(&p, &(gb_numa){0}, 0, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "not visible (move_pages: "));
    gb_placement_text(&p, &(gb_numa){0}, 0, text, 4); /* cut off, not overrun */
    ck_assert_uint_eq(strlen(text), 3);
}
END_TEST

/* The system itself: memory that was written lies on some node, or the system says why it does not tell. */
START_TEST(this_system) {
    const size_t bytes = 1 << 20;
    char *memory = malloc(bytes);
    ck_assert_ptr_nonnull(memory);
    memset(memory, 1, bytes);
    gb_placement p = {0};
    gb_numa_look(&gb_numa_system, memory, bytes, &p);
    ck_assert((p.note[0] != 0) != (p.pages > 0 && p.elsewhere == 0));
    free(memory);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("numa");
    TCase *tc = tcase_create("numa");
    tcase_add_test(tc, words);
    tcase_add_test(tc, policies);
    tcase_add_test(tc, refusals);
    tcase_add_test(tc, moving);
    tcase_add_test(tc, looking);
    tcase_add_test(tc, this_system);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
