/* Files: whole-file mapping for reading, and output that appears under its final name only when complete. */
#ifndef GB_HARNESS_FILE_H
#define GB_HARNESS_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "harness/error.h"

typedef struct gb_map {
    const uint8_t *data; /* NULL for size 0 */
    size_t size;
} gb_map;

/* Maps a regular file read-only (shared). A directory, a missing or unreadable file, a pipe: GB_EINPUT with the reason.
 */
int gb_map_open(const char *path, gb_map *map, gb_error *err);
void gb_map_close(gb_map *map);
/* Drops the whole pages of [from, to) of a mapping; they would come back from the file if they were read again. */
void gb_map_let_go(const uint8_t *from, const uint8_t *to);

/* Share of a mapping's pages that are in memory; NaN if the kernel does not say. */
double gb_map_resident(const gb_map *map);

/* Reads a whole file or stream ("-" or NULL path = stdin) into memory, at most max bytes; *data is NUL-terminated (the
 * terminator is not counted) and freed by the caller. */
int gb_read_all(const char *path, size_t max, uint8_t **data, size_t *size, gb_error *err);

/* Output under a temporary name in the same directory ("<path>.tmp.<pid>"), renamed by commit after fsync. Every path
 * out that is not commit removes the temporary, SIGINT and SIGTERM included. */
typedef struct gb_output gb_output;
int gb_output_open(const char *path, gb_output **out, gb_error *err);
int gb_output_write(gb_output *out, const void *data, size_t size, gb_error *err);
/* Zero bytes up to the next multiple of alignment (a power of two). */
int gb_output_pad(gb_output *out, size_t alignment, gb_error *err);
uint64_t gb_output_offset(const gb_output *out);
int gb_output_commit(gb_output *out, gb_error *err); /* frees out, whatever happens */
void gb_output_abort(gb_output *out);                /* frees out; NULL is fine */

#endif
