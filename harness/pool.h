/* A fixed team of threads for fork-join work. The caller's thread is member 0; members run job(ctx, member, size) and
 * the call returns when all are done. Waiting threads spin briefly (matrix products follow each other within
 * microseconds), then sleep on a futex. Results must not depend on `size`: members own disjoint outputs (rule R3). */
#ifndef GB_HARNESS_POOL_H
#define GB_HARNESS_POOL_H

#include <stddef.h>

#include "harness/error.h"

typedef struct gb_pool gb_pool;
typedef void gb_pool_job(void *ctx, size_t member, size_t size);

/* size >= 1 threads. cpus: operating-system CPU numbers to pin member i to cpus[i % cpu_count], or NULL: no pinning.
 * Pinning failures are reported by gb_pool_pin_note(), not fatal. */
int gb_pool_new(size_t size, const int *cpus, size_t cpu_count, gb_pool **out, gb_error *err);
void gb_pool_free(gb_pool *pool);
size_t gb_pool_size(const gb_pool *pool);
void gb_pool_run(gb_pool *pool, gb_pool_job *job, void *ctx);
/* NULL if every member is pinned as asked, else a sentence. */
const char *gb_pool_pin_note(const gb_pool *pool);
/* Do waiting threads spin before they sleep? Only where each has a CPU of its own. */
int gb_pool_spins(const gb_pool *pool);

/* Share of `member` of `size` in [0, total), in multiples of `grain` (last share may be ragged): [*begin, *end). */
void gb_pool_share(size_t total, size_t grain, size_t member, size_t size, size_t *begin, size_t *end);

#endif
