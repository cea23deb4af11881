/* A model on its way into a GGUF file: what it is, and for each tensor of the file where its rows come from. */
#ifndef GB_CONVERT_SOURCE_H
#define GB_CONVERT_SOURCE_H

#include "convert/checkpoint.h"
#include "convert/hf_config.h"
#include "convert/quant_config.h"
#include "convert/vocab.h"
#include "model/recipe.h"

typedef struct gb_convert_tensor gb_convert_tensor;
typedef struct gb_packed gb_packed; /* packed.h */

/* Makes row `row`: fills x and returns true, or writes the blocks itself and returns false. Any thread. */
typedef bool gb_convert_make(const gb_convert_tensor *t, uint64_t row, float *x, void *blocks);

struct gb_convert_tensor {
    gb_plan_row row; /* name, sizes, from, to; the name lies below */
    char name[64];
    gb_convert_make *make;
    const uint8_t *data;   /* in a mapping; NULL if the rows are computed */
    size_t row_bytes;      /* of data */
    size_t head_dim;       /* rows (elements of a vector) of a head go from halves to pairs; 0: they stay in order */
    float *values;         /* owned: a computed vector */
    const uint32_t *order; /* the values of an order of columns */
    gb_packed *packed;     /* owned: a quantized matrix of several tensors */
};

typedef enum gb_outtype { GB_OUT_AUTO, GB_OUT_F32, GB_OUT_F16, GB_OUT_BF16 } gb_outtype;

typedef struct gb_source {
    const char *kind; /* "safetensors", "llama2.c" */
    char name[128];   /* of the model */
    gb_hyper hyper;
    gb_quant_config quant;
    gb_vocab vocab;
    gb_notes notes;
    uint32_t file_type; /* general.file_type */
    gb_convert_tensor *tensors;
    size_t count, room;
    gb_checkpoint checkpoint;
    gb_map map; /* llama2.c */
} gb_source;

/* Room for the tensors of so many layers. */
int gb_source_init(gb_source *s, uint64_t layers, gb_error *err);
void gb_source_free(gb_source *s);

/* Adds a tensor of rows x columns (rows 0: a vector) that lies at `data` in format `from`. */
gb_convert_tensor *gb_source_add(gb_source *s, const char *name, uint64_t rows, uint64_t columns, gb_format from,
                                 const uint8_t *data);

/* Chooses the type of every matrix; vectors become F32. auto: quantized matrices keep their kind, which must hold them
 * exactly; the others keep what they all are stored in, F32 if they differ, so that nothing is rounded. */
int gb_source_choose_types(gb_source *s, gb_outtype outtype, gb_error *err);

/* Row of a head in pairs (2i, 2i + 1), as llama's rope turns them -> its row where pairs are (i, i + head_dim / 2). */
static inline uint64_t gb_row_in_halves(uint64_t row, size_t head_dim) {
    const uint64_t in_head = row % head_dim;
    return row - in_head + (in_head % 2 ? head_dim / 2 : 0) + in_head / 2;
}

/* hf_tensors.c: the tensors of a Llama, Mistral or Qwen2 checkpoint under their GGUF names. Every tensor must be there
 * in its shape, and none besides that could matter. */
int gb_hf_tensors(gb_source *s, const char *path, gb_error *err);

/* llama2c.c: does the file begin as a llama2.c model, and all of it but the vocabulary. */
bool gb_llama2c_probe(const uint8_t *data, size_t size);
int gb_llama2c_open(gb_source *s, const char *path, gb_error *err);

#endif
