/* Verbs of the command line. Each verb is one file cli/cmd_<verb>.c with its help text and its function; the row in
 * verbs.def makes it known to dispatch and to `help`. argv[0] is the verb. A verb returns GB_OK, GB_EFINDING (after
 * printing its findings) or fills *err and returns its code; it never exits. */
#ifndef GB_CLI_H
#define GB_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <getopt.h>

#include "harness/error.h"
#include "kernels/registry.h"

#define GB_VERB(name, summary)                                                                                         \
    int gb_cmd_##name(int argc, char **argv, gb_error *err);                                                           \
    extern const char gb_help_##name[];
#include "cli/verbs.def"
#undef GB_VERB

/* Values of options: the whole word must parse and lie in [min, max], else GB_EINPUT naming the option. */
int gb_parse_size(const char *option, const char *text, size_t min, size_t max, size_t *out, gb_error *err);
int gb_parse_u64(const char *option, const char *text, uint64_t *out, gb_error *err);
int gb_parse_double(const char *option, const char *text, double min, double max, double *out, gb_error *err);
int gb_parse_format(const char *option, const char *text, gb_format *out, gb_error *err);
/* --op and --isa of the verbs that select kernels: this one and no other. */
int gb_parse_op(const char *text, int *out, gb_error *err);
int gb_parse_exact_isa(const char *text, int *out, gb_error *err);
/* --compat: the one value is "ggml". */
int gb_parse_compat(const char *text, bool *ggml, gb_error *err);
/* --isa, or GAUGEBLOCK_ISA when text is NULL. */
int gb_parse_isa(const char *text, gb_cap *cap, gb_error *err);
/* The --isa that --stand-in wants: a tier with stand-ins. */
int gb_parse_stand_in(const char *text, gb_cap *cap, gb_error *err);
/* GB_EINPUT if both exist and are one file, by whatever names. */
int gb_refuse_same_file(const char *in, const char *out, gb_error *err);

/* Takes one option of a verb: the code of its row in the table, and its value or NULL. */
typedef int gb_take_option(void *arguments, int option, char *value, gb_error *err);
/* Gives the options to `take` one by one, until it fails; afterwards argv[optind ..] are the words. shorts: as
 * getopt_long wants them, beginning with ':'. GB_EINPUT that names an option that is unknown or lacks its value. */
int gb_read_options(int argc, char **argv, const char *shorts, const struct option *table, gb_take_option *take,
                    void *arguments, gb_error *err);
/* GB_EINPUT if words are left. */
int gb_no_words(int argc, char **argv, gb_error *err);
/* The code of --store [PATH] (an optional_argument) in verbs without words: the word after it is its value if it is no
 * option, "" without one. */
enum { GB_OPTION_STORE = 900 };

#endif
