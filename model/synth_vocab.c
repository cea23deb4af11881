/* A tokenizer without licensed data: every byte is a token, so any text can be encoded; the rest is filler. */
#include <stdio.h>
#include <stdlib.h>

#include "harness/alloc.h"
#include "model/synth.h"

enum { BYTES = 256, ROOM = 24, NORMAL = 1, CONTROL = 3 };

/* Byte-level BPE writes each byte as a printable character: itself where Latin-1 prints it, else U+0100 and up in order
 * of the bytes. */
static size_t put_byte(unsigned byte, unsigned *next, char *out) {
    const int printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    const unsigned code = printable ? byte : (*next)++;
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    out[0] = (char)(0xc0 | code >> 6);
    out[1] = (char)(0x80 | (code & 0x3f));
    return 2;
}

/* token i of vocab: bytes, " t" (the product of the one merge), fillers " filler<i>", BOS, EOS */
static size_t put_token(uint32_t i, uint32_t vocab, unsigned *next, char *out) {
    if (i < BYTES) return put_byte(i, next, out);
    if (i == BYTES) return (size_t)snprintf(out, ROOM, "\xc4\xa0t");
    if (i == vocab - 2) return (size_t)snprintf(out, ROOM, "<|begin_of_text|>");
    if (i == vocab - 1) return (size_t)snprintf(out, ROOM, "<|end_of_text|>");
    return (size_t)snprintf(out, ROOM,
                            "\xc4\xa0"
                            "filler%u",
                            i);
}

int gb_synth_put_tokenizer(gb_gguf_writer *w, uint32_t vocab, gb_error *err) {
    gb_str *tokens = gb_new(vocab, sizeof *tokens, "a vocabulary", err);
    char(*text)[ROOM] = gb_new(vocab, sizeof *text, "a vocabulary", err);
    int32_t *types = gb_new(vocab, sizeof *types, "a vocabulary", err);
    int rc = tokens && text && types ? GB_OK : GB_ESYSTEM;
    unsigned next = 0x100;
    for (uint32_t i = 0; !rc && i < vocab; i++) {
        tokens[i] = (gb_str){text[i], put_token(i, vocab, &next, text[i])};
        types[i] = i >= vocab - 2 ? CONTROL : NORMAL;
    }
    const gb_str merge = {"\xc4\xa0 t", 4};
    if (!rc) rc = gb_gguf_put_str(w, "tokenizer.ggml.model", "gpt2", err);
    if (!rc) rc = gb_gguf_put_str(w, "tokenizer.ggml.pre", "llama-bpe", err);
    if (!rc) rc = gb_gguf_put_str_array(w, "tokenizer.ggml.tokens", tokens, vocab, err);
    if (!rc) rc = gb_gguf_put_i32_array(w, "tokenizer.ggml.token_type", types, vocab, err);
    if (!rc) rc = gb_gguf_put_str_array(w, "tokenizer.ggml.merges", &merge, 1, err);
    if (!rc) rc = gb_gguf_put_u32(w, "tokenizer.ggml.bos_token_id", vocab - 2, err);
    if (!rc) rc = gb_gguf_put_u32(w, "tokenizer.ggml.eos_token_id", vocab - 1, err);
    if (!rc) rc = gb_gguf_put_bool(w, "tokenizer.ggml.add_bos_token", true, err);
    free(tokens);
    free(text);
    free(types);
    return rc;
}
