/* Status of every fallible call in the tools: 0 = ok, otherwise a GB_E* code and one message.
 *
 * The message is a complete sentence for the user: it names the file, the offset or line, what was found and what was
 * expected. Library code never prints and never exits; cli/main.c does both. The caller owns the gb_error. */
#ifndef GB_HARNESS_ERROR_H
#define GB_HARNESS_ERROR_H

enum {
    GB_OK = 0,
    GB_EFINDING = 1, /* the program worked and found something wrong: mismatch, regression (exit 1) */
    GB_EINPUT = 2,   /* usage or unusable input (exit 2) */
    GB_ESYSTEM = 3,  /* the machine failed us: out of memory, I/O error (exit 2) */
};

typedef struct gb_error {
    int code;
    char text[1024];
} gb_error;

/* Fills *err (which may be NULL) and returns code, so that `return gb_fail(err, GB_EINPUT, ...)` reads well. */
int gb_fail(gb_error *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
