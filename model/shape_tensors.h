/* The tensors of a Llama model of a given shape, and the types that a recipe gives them. */
#ifndef GB_MODEL_SHAPE_TENSORS_H
#define GB_MODEL_SHAPE_TENSORS_H

#include "model/recipe.h"
#include "model/shape.h"

typedef struct gb_shape_tensors {
    gb_plan_row *rows; /* names lie in `names` */
    char (*names)[GB_SHOWN];
    size_t count;
} gb_shape_tensors;

/* The caller frees it, also after an error. GB_EINPUT: a type that the table of formats lacks. */
int gb_shape_plan(const gb_shape *shape, const gb_plan_options *plan, gb_shape_tensors *out, gb_error *err);
void gb_shape_tensors_free(gb_shape_tensors *tensors);

#endif
