#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "harness/alloc.h"
#include "harness/file.h"
#include "model/tokenizer.h"
#include "model/utf8.h"

const char gb_help_tokenize[] =
    "usage: gaugeblock tokenize -m MODEL [options] [TEXT]\n"
    "\n"
    "The token ids of a text, by the tokenizer of a GGUF file. Without TEXT and -f, standard input.\n"
    "\n"
    "  -m, --model FILE     the GGUF file; one without tensors is enough\n"
    "  -f, --file FILE      the text; '-' is standard input\n"
    "      --no-bos         without the BOS (and EOS) that the model asks for\n"
    "      --parse-special  control tokens such as <|end|> in the text become those tokens\n"
    "      --json           {\"ids\":[...],\"count\":N} instead of one line per token\n"
    "\n"
    "Exit status: 0 ok, 2 unusable model or text.\n";

typedef struct options {
    const char *model, *file, *text;
    bool no_special, parse_special, json;
} options;

enum { NO_BOS = 256, PARSE_SPECIAL, JSON };

static int take(void *into, int option, char *value, gb_error *err) {
    (void)err;
    options *o = into;
    switch (option) {
    case 'm':
        o->model = value;
        return GB_OK;
    case 'f':
        o->file = value;
        return GB_OK;
    case NO_BOS:
        o->no_special = true;
        return GB_OK;
    case PARSE_SPECIAL:
        o->parse_special = true;
        return GB_OK;
    default: /* JSON */
        o->json = true;
        return GB_OK;
    }
}

static int parse(int argc, char **argv, options *o, gb_error *err) {
    static const struct option known[] = {
        {"model", required_argument, NULL, 'm'}, {"file", required_argument, NULL, 'f'},
        {"no-bos", no_argument, NULL, NO_BOS},   {"parse-special", no_argument, NULL, PARSE_SPECIAL},
        {"json", no_argument, NULL, JSON},       {NULL, 0, NULL, 0}};
    const int rc = gb_read_options(argc, argv, ":m:f:", known, take, o, err);
    if (rc) return rc;
    if (!o->model) return gb_fail(err, GB_EINPUT, "-m MODEL is missing; see 'gaugeblock help tokenize'");
    if (optind < argc) o->text = argv[optind++];
    if (optind < argc)
        return gb_fail(err, GB_EINPUT, "'%s': one TEXT is expected; put it in quotes if it has spaces", argv[optind]);
    if (o->text && o->file) return gb_fail(err, GB_EINPUT, "both TEXT and -f '%s' are given; expected one", o->file);
    return GB_OK;
}

/* In quotes, on one line; what is no UTF-8 or would disturb the line is escaped as in C. */
static void print_quoted(const char *text, size_t size) {
    putchar('"');
    for (size_t i = 0, n = 0; i < size; i += n) {
        n = gb_utf8_size(text + i, size - i);
        const unsigned char c = (unsigned char)text[i];
        if (n == 0 || c < 0x20 || c == 0x7F) {
            n = 1;
            if (c == '\n')
                fputs("\\n", stdout);
            else
                printf("\\x%02X", c);
            continue;
        }
        if (c == '"' || c == '\\') putchar('\\');
        fwrite(text + i, 1, n, stdout);
    }
    fputs("\"\n", stdout);
}

/* One line per token: id and text; control tokens, which have none, as the vocabulary spells them. */
static int print_tokens(const gb_tokenizer *t, const int32_t *ids, size_t count, gb_error *err) {
    size_t room = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t size = gb_token_text(t, ids[i], NULL, 0);
        if (size > room) room = size;
    }
    char *text = gb_new(room, 1, "text of a token", err);
    if (!text) return GB_ESYSTEM;
    for (size_t i = 0; i < count; i++) {
        const size_t size = gb_token_text(t, ids[i], text, room);
        const gb_str piece = gb_token_piece(t, ids[i]);
        printf("%8" PRId32 "  ", ids[i]);
        if (size)
            print_quoted(text, size);
        else
            printf("%.*s\n", (int)(piece.size < 256 ? piece.size : 256), piece.data);
    }
    free(text);
    return GB_OK;
}

static void print_json(const int32_t *ids, size_t count) {
    fputs("{\"ids\":[", stdout);
    for (size_t i = 0; i < count; i++) printf("%s%" PRId32, i ? "," : "", ids[i]);
    printf("],\"count\":%zu}\n", count);
}

int gb_cmd_tokenize(int argc, char **argv, gb_error *err) {
    options o = {0};
    int rc = parse(argc, argv, &o, err);
    if (rc) return rc;
    gb_gguf *file = NULL;
    gb_tokenizer *t = NULL;
    uint8_t *read = NULL;
    int32_t *ids = NULL;
    size_t size = o.text ? strlen(o.text) : 0;
    size_t count = 0;
    rc = gb_gguf_open(o.model, &file, err);
    if (!rc) rc = gb_tokenizer_new(file, &t, err);
    if (!rc && !o.text) rc = gb_read_all(o.file, (size_t)1 << 30, &read, &size, err);
    if (!rc) {
        const char *text = o.text ? o.text : (const char *)read;
        rc = gb_tokenize(t, text, size, !o.no_special, o.parse_special, &ids, &count, err);
    }
    if (!rc && o.json)
        print_json(ids, count);
    else if (!rc)
        rc = print_tokens(t, ids, count, err);
    free(ids);
    free(read);
    gb_tokenizer_free(t);
    gb_gguf_close(file);
    return rc;
}
