/* Golden hashes: what the logits of the default model must hash to, in every type, on every machine. One file,
 * committed: results/golden-hashes.json. */
#ifndef GB_CLI_GOLDEN_H
#define GB_CLI_GOLDEN_H

#include <cJSON.h>

#include "cli/cli.h"

enum { GB_GOLDEN_MOST = 128 };

typedef struct gb_golden_hash {
    char type[24]; /* as quantize knows it: "F16", "Q4_K_M" */
    bool pure;     /* every matrix in that type */
    char expected[33], found[33];
    char note[256]; /* why nothing was found */
} gb_golden_hash;

typedef struct gb_golden {
    char path[4096], model[4096], text[4096]; /* model, text: as the file names them, relative to its folder */
    size_t text_bytes, n_ctx, chunks;         /* how much of the text, and how it is evaluated */
    gb_golden_hash hash[GB_GOLDEN_MOST];
    size_t count;
} gb_golden;

/* path NULL: the file of the source tree this program was built in, else that of the installation, else
 * results/golden-hashes.json here. GB_EINPUT: none of them, or damaged. */
int gb_golden_read(const char *path, gb_golden *g, gb_error *err);

/* Lists every type that this program knows, in the order of its table, and some recipes (for an update). */
int gb_golden_add_types(gb_golden *g, gb_error *err);

/* Quantizes the model to every type listed and hashes its logits. What cannot be computed has a note. */
int gb_golden_run(gb_golden *g, const char *isa, size_t threads, gb_error *err);

/* How many differ from what is expected, or could not be computed. */
size_t gb_golden_wrong(const gb_golden *g);

/* Replaces the file; what was found becomes what is expected, types without a hash are left out. */
int gb_golden_write(const gb_golden *g, gb_error *err);

#endif
