#include "convert/sentencepiece.h"

#include <inttypes.h>
#include <string.h>

#include "model/llama.h"

/* --- protobuf ----------------------------------------------------------------------------------------------------- */

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

/* A message, and how far it has been read. */
typedef struct message {
    const char *path;
    const uint8_t *file; /* for offsets in error messages */
    const uint8_t *at, *end;
    gb_error *err;
} message;

typedef struct field {
    uint64_t number;
    unsigned wire;
    uint64_t value; /* VARINT, FIXED32, FIXED64 */
    const uint8_t *data;
    size_t size; /* BYTES */
} field;

static int bad(const message *m, const char *why) {
    return gb_fail(m->err, GB_EINPUT, "%s: byte %zu: %s", m->path, (size_t)(m->at - m->file), why);
}

static int take_varint(message *m, uint64_t *out) {
    *out = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (m->at == m->end) return bad(m, "the message ends inside a number");
        const uint64_t byte = *m->at++;
        if (shift == 63 && byte > 1) break;
        *out |= (byte & 0x7F) << shift;
        if (byte < 0x80) return GB_OK;
    }
    return bad(m, "a number of more than 64 bits");
}

static int take_fixed(message *m, size_t bytes, uint64_t *out) {
    if ((size_t)(m->end - m->at) < bytes) return bad(m, "the message ends inside a number");
    *out = 0;
    for (size_t i = 0; i < bytes; i++) *out |= (uint64_t)*m->at++ << 8 * i;
    return GB_OK;
}

/* The next field; the caller asks only while m->at < m->end. */
static int take_field(message *m, field *f) {
    uint64_t key = 0;
    uint64_t size = 0;
    *f = (field){0};
    int rc = take_varint(m, &key);
    if (rc) return rc;
    f->number = key >> 3;
    f->wire = (unsigned)(key & 7);
    switch (f->wire) {
    case VARINT:
        return take_varint(m, &f->value);
    case FIXED64:
        return take_fixed(m, 8, &f->value);
    case FIXED32:
        return take_fixed(m, 4, &f->value);
    case BYTES:
        if ((rc = take_varint(m, &size))) return rc;
        if (size > (uint64_t)(m->end - m->at)) return bad(m, "a field reaches beyond its message");
        f->data = m->at;
        f->size = (size_t)size;
        m->at += size;
        return GB_OK;
    default:
        return bad(m, "not a SentencePiece model: an unknown kind of field");
    }
}

static message inside(const message *m, const field *f) {
    return (message){.path = m->path, .file = m->file, .at = f->data, .end = f->data + f->size, .err = m->err};
}

/* --- the model ---------------------------------------------------------------------------------------------------- */

/* Numbers of fields: ModelProto, SentencePiece, TrainerSpec, NormalizerSpec. */
enum { MODEL_PIECE = 1, MODEL_TRAINER = 2, MODEL_NORMALIZER = 3 };
enum { PIECE_TEXT = 1, PIECE_SCORE = 2, PIECE_TYPE = 3 };
enum { TRAINER_TYPE = 3, TRAINER_UNK = 40, TRAINER_BOS = 41, TRAINER_EOS = 42, TRAINER_PAD = 43, TYPE_BPE = 2 };
enum { NORMALIZER_MAP = 2, NORMALIZER_PREFIX = 3, NORMALIZER_SQUEEZE = 4 };

bool gb_sentencepiece_probe(const uint8_t *data, size_t size) {
    return size > 0 && data[0] == (MODEL_PIECE << 3 | BYTES);
}

static int wrong_wire(const message *m, const field *f, unsigned wire) {
    return f->wire == wire ? GB_OK : bad(m, "not a SentencePiece model: a field of another kind than expected");
}

/* Types of pieces have the numbers of GGUF: normal 1, unknown 2, control 3, user-defined 4, unused 5, byte 6. */
static int read_piece(message m, gb_vocab *v, size_t id) {
    gb_str text = {0};
    uint32_t score_bits = 0;
    uint64_t type = GB_TOKEN_NORMAL;
    int rc = GB_OK;
    while (!rc && m.at < m.end) {
        field f;
        rc = take_field(&m, &f);
        if (rc) break;
        if (f.number == PIECE_TEXT && !(rc = wrong_wire(&m, &f, BYTES)))
            text = (gb_str){.data = (const char *)f.data, .size = f.size};
        else if (f.number == PIECE_SCORE && !(rc = wrong_wire(&m, &f, FIXED32)))
            score_bits = (uint32_t)f.value;
        else if (f.number == PIECE_TYPE && !(rc = wrong_wire(&m, &f, VARINT)))
            type = f.value;
    }
    if (rc) return rc;
    if (type < GB_TOKEN_NORMAL || type > GB_TOKEN_BYTE) return bad(&m, "a piece of an unknown type");
    if (!text.size) return bad(&m, "a piece without text");
    float score = 0;
    memcpy(&score, &score_bits, sizeof score);
    if (!(score >= -1e30F && score <= 1e30F)) return bad(&m, "a piece whose score is no number");
    return gb_vocab_set(v, id, text.data, text.size, (int32_t)type, score, m.err);
}

static int read_trainer(message m, gb_vocab *v, uint64_t *type) {
    static const gb_special ids[] = {GB_SPECIAL_UNK, GB_SPECIAL_BOS, GB_SPECIAL_EOS, GB_SPECIAL_PAD};
    int rc = GB_OK;
    while (!rc && m.at < m.end) {
        field f;
        rc = take_field(&m, &f);
        if (rc || (f.number != TRAINER_TYPE && (f.number < TRAINER_UNK || f.number > TRAINER_PAD))) continue;
        rc = wrong_wire(&m, &f, VARINT);
        if (f.number == TRAINER_TYPE)
            *type = f.value;
        else /* -1, "none", is a number of 64 bits here */
            v->special[ids[f.number - TRAINER_UNK]] = f.value < v->count ? (int64_t)f.value : -1;
    }
    return rc;
}

static int read_normalizer(message m, gb_vocab *v, gb_notes *notes) {
    bool squeezes = true; /* the message's default */
    bool maps = false;
    int rc = GB_OK;
    while (!rc && m.at < m.end) {
        field f;
        rc = take_field(&m, &f);
        if (rc) break;
        if (f.number == NORMALIZER_MAP && !(rc = wrong_wire(&m, &f, BYTES)))
            maps = f.size > 0;
        else if (f.number == NORMALIZER_PREFIX && !(rc = wrong_wire(&m, &f, VARINT)))
            v->space_prefix = f.value != 0;
        else if (f.number == NORMALIZER_SQUEEZE && !(rc = wrong_wire(&m, &f, VARINT)))
            squeezes = f.value != 0;
    }
    if (!rc && maps)
        gb_note(notes, "the tokenizer's normalization of characters is left out: GGUF has no place for it");
    if (!rc && squeezes)
        gb_note(notes, "the tokenizer joins runs of spaces; that is left out: GGUF has no place for it");
    return rc;
}

static int count_pieces(message m, size_t *count) {
    int rc = GB_OK;
    while (!rc && m.at < m.end) {
        field f;
        rc = take_field(&m, &f);
        if (!rc && f.number == MODEL_PIECE && !(rc = wrong_wire(&m, &f, BYTES))) ++*count;
    }
    return rc;
}

static int read_model(message m, size_t pieces, gb_vocab *v, gb_notes *notes) {
    uint64_t type = 1; /* unigram, the message's default */
    size_t id = 0;
    int rc = GB_OK;
    v->special[GB_SPECIAL_UNK] = 0;
    v->special[GB_SPECIAL_BOS] = v->count > 1 ? 1 : -1;
    v->special[GB_SPECIAL_EOS] = v->count > 2 ? 2 : -1;
    while (!rc && m.at < m.end) {
        field f;
        rc = take_field(&m, &f);
        if (!rc && f.number >= MODEL_PIECE && f.number <= MODEL_NORMALIZER) rc = wrong_wire(&m, &f, BYTES);
        if (rc) break;
        if (f.number == MODEL_PIECE && id++ < v->count)
            rc = read_piece(inside(&m, &f), v, id - 1);
        else if (f.number == MODEL_TRAINER)
            rc = read_trainer(inside(&m, &f), v, &type);
        else if (f.number == MODEL_NORMALIZER)
            rc = read_normalizer(inside(&m, &f), v, notes);
    }
    if (rc) return rc;
    if (type != TYPE_BPE)
        return gb_fail(m.err, GB_EINPUT, "%s: a SentencePiece model of type %" PRIu64 ", expected 2 (BPE)", m.path,
                       type);
    if (pieces > v->count)
        gb_note(notes, "the tokenizer has %zu tokens, the model %zu: the last ones are left out", pieces, v->count);
    return GB_OK;
}

int gb_sentencepiece_read(const char *path, const uint8_t *data, size_t size, size_t model_vocab, gb_vocab *v,
                          gb_notes *notes, gb_error *err) {
    const message m = {.path = path, .file = data, .at = data, .end = data + size, .err = err};
    size_t pieces = 0;
    *v = (gb_vocab){0};
    int rc = count_pieces(m, &pieces);
    if (!rc && (pieces < 1 || pieces > GB_MAX_VOCAB))
        rc = gb_fail(err, GB_EINPUT, "%s: not a SentencePiece model: %zu pieces, expected 1 to %d", path, pieces,
                     GB_MAX_VOCAB);
    if (!rc) rc = gb_vocab_init(v, model_vocab ? model_vocab : pieces, false, err);
    if (!rc) rc = read_model(m, pieces, v, notes);
    if (rc) gb_vocab_free(v);
    return rc;
}
