/* Deliberately broken kernels: each has one fault that real kernels have had, and the words that its report must hold.
 */
#ifndef GB_TESTS_SABOTEURS_H
#define GB_TESTS_SABOTEURS_H

#include "kernels/registry.h"

typedef struct gb_saboteur {
    gb_kernel kernel;   /* named "sabotage_..."; of the scalar tier, so it runs everywhere */
    const char *expect; /* in the reason of its failure */
} gb_saboteur;

extern const gb_saboteur gb_saboteurs[];
extern const size_t gb_saboteur_count;

#endif
