#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"

int gb_parse_u64(const char *option, const char *text, uint64_t *out, gb_error *err) {
    char *end = NULL;
    errno = 0;
    const unsigned long long v = strtoull(text, &end, 0);
    if (errno || end == text || *end || text[0] == '-')
        return gb_fail(err, GB_EINPUT, "%s '%s': expected a whole number", option, text);
    *out = v;
    return GB_OK;
}

int gb_parse_size(const char *option, const char *text, size_t min, size_t max, size_t *out, gb_error *err) {
    uint64_t v = 0;
    const int rc = gb_parse_u64(option, text, &v, err);
    if (rc) return rc;
    if (v < min || v > max)
        return gb_fail(err, GB_EINPUT, "%s '%s': expected a number from %zu to %zu", option, text, min, max);
    *out = (size_t)v;
    return GB_OK;
}

int gb_parse_double(const char *option, const char *text, double min, double max, double *out, gb_error *err) {
    char *end = NULL;
    errno = 0;
    const double v = strtod(text, &end);
    if (errno || end == text || *end || !(v >= min && v <= max))
        return gb_fail(err, GB_EINPUT, "%s '%s': expected a number from %g to %g", option, text, min, max);
    *out = v;
    return GB_OK;
}

int gb_parse_format(const char *option, const char *text, gb_format *out, gb_error *err) {
    *out = gb_format_by_name(text);
    if (*out == GB_FORMAT_COUNT)
        return gb_fail(err, GB_EINPUT, "%s '%s': unknown format; 'gaugeblock list formats' shows them", option, text);
    return GB_OK;
}

int gb_parse_compat(const char *text, bool *ggml, gb_error *err) {
    *ggml = strcmp(text, "ggml") == 0;
    return *ggml ? GB_OK : gb_fail(err, GB_EINPUT, "--compat '%s': expected ggml", text);
}

int gb_parse_op(const char *text, int *out, gb_error *err) {
    *out = (int)gb_op_by_name(text);
    if (*out != GB_OP_COUNT) return GB_OK;
    return gb_fail(err, GB_EINPUT, "--op '%s': unknown operation; 'gaugeblock list kernels' shows them", text);
}

int gb_parse_exact_isa(const char *text, int *out, gb_error *err) {
    *out = (int)gb_isa_by_name(text);
    if (*out != GB_ISA_COUNT) return GB_OK;
    return gb_fail(err, GB_EINPUT, "--isa '%s': unknown instruction set; 'gaugeblock list isas' shows them", text);
}

int gb_parse_isa(const char *text, gb_cap *cap, gb_error *err) {
    const char *option = "--isa";
    if (!text) {
        text = getenv("GAUGEBLOCK_ISA");
        option = "GAUGEBLOCK_ISA";
    }
    char message[512];
    if (gb_cap_from_name(text, cap, message, sizeof message) != 0)
        return gb_fail(err, GB_EINPUT, "%s: %s", option, message);
    return GB_OK;
}

int gb_parse_stand_in(const char *text, gb_cap *cap, gb_error *err) {
    char message[512];
    if (!text) return gb_fail(err, GB_EINPUT, "--stand-in: which tier? give it with --isa");
    if (gb_cap_stand_in(text, cap, message, sizeof message) != 0)
        return gb_fail(err, GB_EINPUT, "--stand-in: %s", message);
    return GB_OK;
}

int gb_refuse_same_file(const char *in, const char *out, gb_error *err) {
    struct stat a;
    struct stat b;
    if (stat(in, &a) != 0 || stat(out, &b) != 0) return GB_OK; /* opening will say what is wrong */
    if (a.st_dev != b.st_dev || a.st_ino != b.st_ino) return GB_OK;
    return gb_fail(err, GB_EINPUT, "%s and %s are the same file", in, out);
}

static int bad_option(int argc, char **argv, gb_error *err) {
    const char *word = optind > 0 && optind <= argc ? argv[optind - 1] : "?";
    return gb_fail(err, GB_EINPUT, "option '%s' is unknown or lacks its value; see 'gaugeblock help %s'", word,
                   argv[0]);
}

static char *store_path(int argc, char **argv) {
    static char none[] = "";
    if (optarg) return optarg;
    return optind < argc && argv[optind][0] != '-' ? argv[optind++] : none;
}

int gb_read_options(int argc, char **argv, const char *shorts, const struct option *table, gb_take_option *take,
                    void *arguments, gb_error *err) {
    int rc = GB_OK;
    opterr = 0; /* the one place that prints errors is main.c */
    optind = 1;
    for (int option; !rc && (option = getopt_long(argc, argv, shorts, table, NULL)) != -1;) {
        if (option == '?' || option == ':') return bad_option(argc, argv, err);
        rc = take(arguments, option, option == GB_OPTION_STORE ? store_path(argc, argv) : optarg, err);
    }
    return rc;
}

int gb_no_words(int argc, char **argv, gb_error *err) {
    if (optind == argc) return GB_OK;
    return gb_fail(err, GB_EINPUT, "unexpected argument '%s'; see 'gaugeblock help %s'", argv[optind], argv[0]);
}
