/* The scan of gb_gguf_check_scales over all threads: it reads the whole file, which is most of the time of loading. */
#include <stdlib.h>

#include "harness/alloc.h"
#include "model/llama.h"

typedef struct scan {
    const gb_gguf *file;
    const gb_tensor *tensor;
    gb_error *errors; /* per member */
} scan;

static void scan_job(void *ctx, size_t member, size_t size) {
    const scan *s = ctx;
    size_t begin = 0;
    size_t end = 0;
    gb_pool_share((size_t)gb_tensor_blocks(s->tensor), 4096, member, size, &begin, &end);
    if (begin < end) (void)gb_tensor_check_scales(s->file, s->tensor, begin, end - begin, &s->errors[member]);
}

int gb_llama_check_scales(const gb_gguf *file, gb_pool *pool, gb_error *err) {
    if (!pool) return gb_gguf_check_scales(file, err);
    const size_t size = gb_pool_size(pool);
    scan s = {.file = file, .errors = gb_new(size, sizeof(gb_error), "errors", err)};
    if (!s.errors) return err->code;
    int rc = GB_OK;
    for (size_t i = 0; !rc && i < file->tensor_count; i++) {
        s.tensor = &file->tensors[i];
        gb_pool_run(pool, scan_job, &s);
        for (size_t member = 0; !rc && member < size; member++) { /* the first block in file order is the one named */
            rc = s.errors[member].code;
            if (rc) *err = s.errors[member];
        }
    }
    free(s.errors);
    return rc;
}
